import EVSEModel

/// A simulated cabinet with this project's own Modbus map, without socket or clock.
///
/// Source: docs/power-cabinet-protocol.md; shares nothing with the driver.
package struct SimpleCabinet: Sendable {
    /// What one outlet was told.
    package struct Outlet: Hashable, Sendable {
        package internal(set) var isEnabled = false
        package internal(set) var purpose = 0
        package internal(set) var voltage = 0.0
        package internal(set) var current = 0.0
        /// Bit 0 plugged in, 1 contactor closed, 2 emergency stop.
        package internal(set) var flags = 0
        package internal(set) var stopReason = 0
        package internal(set) var sequence: UInt16 = 0
        /// Times that it was told anything.
        package internal(set) var orders = 0
        /// It was switched off for want of a heartbeat, or of its own station's command.
        package internal(set) var hasFallenBack = false
        /// When its command was last written.
        var orderedAt: Int64 = 0
    }
    package private(set) var outlets: [Outlet]
    package var behaviour = CabinetBehaviour()
    package private(set) var watchdog: Int64 = 1000
    package private(set) var writes = 0
    private var stationBeat: UInt16?
    private var beatChangedAt: Int64 = 0
    private var beat: UInt16 = 0
    private var beatAt: Int64 = 0
    private var now: Int64 = 0

    /// Its heartbeat has moved within the watchdog's time.
    package var hearsStation: Bool {
        stationBeat != nil && now - beatChangedAt <= watchdog * 1_000_000
    }

    package init(outlets count: Int) { outlets = Array(repeating: Outlet(), count: count) }

    // MARK: A round

    /// - Parameter stages: of its outlets, in their order.
    package mutating func step(at now: Int64, stages: inout [PowerStage]) {
        self.now = now
        if !behaviour.isFrozen, now - beatAt >= 100_000_000 {
            beatAt = now
            beat &+= 1
        }
        let patience = watchdog * 1_000_000
        for index in outlets.indices where stages.indices.contains(index) {
            stages[index].derating = behaviour.derating
            // Another station's heartbeat says nothing of this outlet's.
            let isSilent = !hearsStation || now - outlets[index].orderedAt > patience
            if isSilent, outlets[index].isEnabled {
                outlets[index].isEnabled = false
                outlets[index].hasFallenBack = true
            }
            if !isSilent { stages[index].heardAt = Instant(nanoseconds: now) }
            let works = behaviour.mode == .running && !behaviour.unavailable.contains(index)
            let rating = stages[index].rating
            stages[index].setVoltage = min(outlets[index].voltage, rating.maximumVoltage)
            stages[index].setCurrent = min(outlets[index].current, rating.maximumCurrent)
            let isStopped = outlets[index].flags & 4 != 0
            stages[index].isOn =
                outlets[index].isEnabled && outlets[index].purpose >= 2 && works
                && !behaviour.refuses && !isStopped
        }
    }

    // MARK: Registers

    /// - Parameter request: function and data.
    /// - Returns: function and data of the answer; `nil` where it says nothing.
    package mutating func reply(to request: [UInt8], stages: [PowerStage]) -> [UInt8]? {
        guard !behaviour.isModbusDead, !behaviour.isGone, let function = request.first else {
            return nil
        }
        func two(_ place: Int) -> Int { Int(request[place]) << 8 | Int(request[place + 1]) }
        func refuse(_ code: UInt8) -> [UInt8] { [function | 0x80, code] }
        switch function {
        case 3:
            guard request.count == 5, (1...125).contains(two(3)) else { return refuse(3) }
            var bytes = [UInt8]()
            for address in two(1)..<two(1) + two(3) {
                guard let value = value(address, stages) else { return refuse(2) }
                bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
            }
            return [function, UInt8(bytes.count)] + bytes
        case 6:
            guard request.count == 5 else { return refuse(3) }
            return write(two(1), [UInt16(two(3))]).map(refuse) ?? request
        case 16:
            guard request.count >= 6, (1...123).contains(two(3)),
                request.count == 6 + 2 * two(3), Int(request[5]) == 2 * two(3)
            else { return refuse(3) }
            let values = (0..<two(3)).map { UInt16(two(6 + 2 * $0)) }
            return write(two(1), values).map(refuse) ?? Array(request.prefix(5))
        default: return refuse(1)
        }
    }

    private func value(_ address: Int, _ stages: [PowerStage]) -> UInt16? {
        switch address {
        case 0x0000: return 0x4643
        case 0x0001: return 0x0101
        case 0x0002: return UInt16(outlets.count)
        case 0x0003: return 0
        case 0x0004..<0x0014: return text("Plant", address - 0x0004)
        case 0x0014..<0x0024: return text("Simple cabinet", address - 0x0014)
        case 0x0024..<0x0034: return text("SC-0001", address - 0x0024)
        case 0x0034..<0x003C: return text("1.0", address - 0x0034)
        case 0x0100: return beat
        case 0x0101: return UInt16(behaviour.mode.rawValue)
        case 0x0102: return UInt16(truncatingIfNeeded: alarms >> 16)
        case 0x0103: return UInt16(truncatingIfNeeded: alarms)
        case 0x0104: return 350
        case 0x0105: return stationBeat ?? 0
        case 0x0180: return stationBeat ?? 0
        case 0x0181: return UInt16(watchdog)
        case 0x0182: return 0
        case 0x0200...:
            let index = (address - 0x0200) / 0x40
            guard outlets.indices.contains(index), stages.indices.contains(index) else {
                return nil
            }
            return outlet(index, (address - 0x0200) % 0x40, stages[index])
        default: return nil
        }
    }

    private var alarms: UInt32 {
        behaviour.alarms.values.reduce(0) { $0 | UInt32($1) }
    }
    private func text(_ text: String, _ place: Int) -> UInt16 {
        let bytes = Array(text.utf8)
        func byte(_ index: Int) -> UInt16 { index < bytes.count ? UInt16(bytes[index]) : 0 }
        return byte(2 * place) << 8 | byte(2 * place + 1)
    }

    private func outlet(_ index: Int, _ place: Int, _ stage: PowerStage) -> UInt16? {
        func tenths(_ value: Double) -> UInt16 {
            UInt16(max(0, min(65_535, (10 * value).rounded())))
        }
        let power = UInt32(max(0, stage.rating.maximumPower * behaviour.derating))
        let isThere = !behaviour.unavailable.contains(index)
        switch place {
        case 0x00:
            if behaviour.mode == .faulty { return 4 }
            if !isThere || behaviour.mode != .running { return 0 }
            return stage.isOn ? 3 : outlets[index].purpose == 1 ? 2 : 1
        case 0x01:
            return (isThere && !behaviour.refuses ? 1 : 0) | (behaviour.derating < 1 ? 2 : 0)
                | (outlets[index].hasFallenBack ? 4 : 0)
        case 0x02: return tenths(stage.voltage)
        case 0x03: return tenths(stage.current)
        case 0x04: return tenths(stage.rating.maximumVoltage)
        case 0x05: return tenths(stage.rating.minimumVoltage)
        case 0x06: return tenths(stage.rating.maximumCurrent)
        case 0x07: return UInt16(power >> 16)
        case 0x08: return UInt16(power & 0xFFFF)
        case 0x09: return UInt16(bitPattern: Int16(max(-3000, min(3000, stage.temperature * 10))))
        case 0x0A: return stage.isBroken ? 1 : 0
        case 0x0B: return outlets[index].sequence
        case 0x20: return outlets[index].isEnabled ? 1 : 0
        case 0x21: return UInt16(outlets[index].purpose)
        case 0x22: return tenths(outlets[index].voltage)
        case 0x23: return tenths(outlets[index].current)
        case 0x24: return UInt16(outlets[index].flags)
        case 0x25: return UInt16(outlets[index].stopReason)
        case 0x26: return outlets[index].sequence
        default: return nil
        }
    }

    /// - Returns: the exception, where it takes none of it.
    private mutating func write(_ address: Int, _ values: [UInt16]) -> UInt8? {
        writes += 1
        switch (address, values.count) {
        case (0x0180, 1):
            if stationBeat != values[0] { beatChangedAt = now }
            stationBeat = values[0]
            return nil
        case (0x0181, 1):
            guard (200...10_000).contains(values[0]) else { return 3 }
            watchdog = Int64(values[0])
            return nil
        case (0x0182, 1): return values[0] == 0 ? nil : 3
        default: break
        }
        let index = (address - 0x0200) / 0x40
        guard address >= 0x0200, (address - 0x0200) % 0x40 == 0x20, values.count == 7,
            outlets.indices.contains(index)
        else { return 2 }
        guard values[0] <= 1, values[1] <= 4 else { return 3 }
        outlets[index].orderedAt = now
        outlets[index].isEnabled = values[0] == 1
        outlets[index].purpose = Int(values[1])
        outlets[index].voltage = Double(values[2]) / 10
        outlets[index].current = Double(values[3]) / 10
        outlets[index].flags = Int(values[4])
        outlets[index].stopReason = Int(values[5])
        outlets[index].sequence = values[6]
        outlets[index].orders += 1
        if outlets[index].isEnabled { outlets[index].hasFallenBack = false }
        return nil
    }
}
