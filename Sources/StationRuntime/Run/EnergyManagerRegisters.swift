package import EVSEModel
package import FieldBus
import SharedImage
import Synchronization

/// The registers by which an energy manager sees and limits the station; `docs/modbus-server.md` is
/// their description, and a test compares the two.
package final class EnergyManagerRegisters: ModbusRegisters {
    package static let magic: UInt16 = 0x4643  // "FC"
    package static let version: UInt16 = 1
    /// Block of the station, blocks of the EVSEs, block of the limits.
    package static let station = 0..<20
    package static func evse(_ index: Int) -> Range<Int> { 100 + 100 * index..<128 + 100 * index }
    package static let limits = 1000..<1004
    /// No limit; no value.
    package static let none: UInt16 = 0xFFFF

    private let readImage: @Sendable () -> LoopImage?
    private let readMeter: @Sendable (EVSEID) -> MeterSample?
    private let publish: @Sendable (ExternalLimit) -> Void
    private let now: @Sendable () -> Instant
    private let timeout: Milliseconds

    private struct Written {
        var limit = ExternalLimit()
        /// Registers as they were written.
        var current = EnergyManagerRegisters.none
        var power = EnergyManagerRegisters.none
        var life: UInt16 = 0
    }
    private let written = Mutex(Written())

    /// - Parameters:
    ///   - image: the loop's newest image; `nil` where the loop shows none.
    ///   - publish: hands what was written to the loop.
    ///   - last: what was written before this process started.
    package init(
        timeout: Milliseconds, last: ExternalLimit = ExternalLimit(),
        image: @escaping @Sendable () -> LoopImage?,
        meter: @escaping @Sendable (EVSEID) -> MeterSample?,
        publish: @escaping @Sendable (ExternalLimit) -> Void,
        now: @escaping @Sendable () -> Instant
    ) {
        self.timeout = timeout
        readImage = image
        readMeter = meter
        self.publish = publish
        self.now = now
        guard last.at > .zero else { return }
        written.withLock { written in
            written.limit = last
            if last.bound.current.raw < .max {
                written.current = UInt16(clamping: last.bound.current.raw / 100)
            }
            if last.bound.power.raw < .max {
                written.power = UInt16(clamping: last.bound.power.raw / 10_000)
            }
        }
    }

    // MARK: Reading

    package func read(start: UInt16, count: Int) throws(ModbusException) -> [UInt16] {
        let wanted = Int(start)..<Int(start) + count
        if Self.limits.contains(wanted) { return Array(limitRegisters()[wanted.offset(1000)]) }
        guard let image = readImage() else { throw .serverDeviceFailure }
        if Self.station.contains(wanted) { return Array(stationRegisters(image)[wanted]) }
        for index in 0..<min(Int(image.evseCount), StationBounds.evses)
        where Self.evse(index).contains(wanted) {
            let registers = evseRegisters(image.evses[index], EVSEID(index: index))
            return Array(registers[wanted.offset(Self.evse(index).lowerBound)])
        }
        throw .illegalDataAddress
    }

    private func limitRegisters() -> [UInt16] {
        written.withLock { written in
            let passed = written.limit.at > .zero ? now() - written.limit.at : timeout
            let left = max(0, (timeout - passed).count / 1000)
            return [written.current, written.power, written.life, UInt16(clamping: left)]
        }
    }

    private func stationRegisters(_ image: LoopImage) -> [UInt16] {
        var registers = [UInt16](repeating: 0, count: Self.station.count)
        let supply = image.supply
        registers[0] = Self.magic
        registers[1] = Self.version
        registers[2] = UInt16(image.evseCount)
        registers[3] =
            (image.stationIsSilent ? 1 : 0) | (supply.houseIsStale ? 2 : 0)
            | (supply.isDimmed ? 4 : 0) | (supply.externalIsSilent ? 8 : 0)
        for phase in 0..<3 {
            registers[4 + phase] = Self.tenths(supply.allowed[phase])
            registers[8 + phase] =
                supply.house.at > .zero ? Self.tenths(supply.house.current[phase]) : Self.none
        }
        registers[7] = Self.tenths(supply.allowedInAll)
        var total = Watts.zero
        for index in 0..<min(Int(image.evseCount), StationBounds.evses) {
            total += readMeter(EVSEID(index: index))?.totalPower ?? .zero
        }
        registers.put(Self.whole(total), at: 12)
        registers.put(
            supply.house.at > .zero ? Self.whole(supply.house.totalPower) : .min, at: 14)
        return registers
    }

    private func evseRegisters(_ evse: EVSEImage, _ id: EVSEID) -> [UInt16] {
        var registers = [UInt16](repeating: 0, count: Self.evse(0).count)
        let status = evse.status
        let connector = status.connectors[min(Int(evse.targets.connector), 3)]
        registers[0] = UInt16(status.phase.rawValue)
        registers[1] = UInt16(connector.pilot.rawValue)
        registers[2] = UInt16(status.limitCause.rawValue)
        registers[3] =
            (evse.outputs.contactorClosed ? 1 : 0) | (connector.isPlugged ? 2 : 0)
            | (evse.targets.energyGranted ? 4 : 0) | (status.allFaults.isEmpty ? 0 : 8)
        registers[4] = UInt16(status.phases)
        registers[5] = Self.tenths(status.offered)
        registers[6] = Self.tenths(status.limit)
        for index in 0..<4 {
            registers[8 + index] = UInt16(
                truncatingIfNeeded: status.allFaults.rawValue >> UInt64(48 - 16 * index))
        }
        let sample = readMeter(id)
        let age = sample.map { (now() - $0.at).count } ?? .max
        registers[7] = age < Int64(Self.none) ? UInt16(clamping: age) : Self.none
        registers.put(sample.map { Self.whole($0.totalPower) } ?? .min, at: 12)
        registers.put(
            sample.map { Int32(truncatingIfNeeded: UInt32(clamping: $0.energyImport.raw / 1000)) }
                ?? -1, at: 14)
        for phase in 0..<3 {
            registers[16 + phase] = sample.map { Self.tenths($0.current[phase]) } ?? Self.none
            registers[19 + phase] =
                sample.map { UInt16(clamping: max(0, $0.voltage[phase].raw) / 100) } ?? Self.none
        }
        return registers
    }

    /// Tenths of an ampere, rounded down; ``none`` above what a register holds.
    private static func tenths(_ current: Amperes) -> UInt16 {
        UInt16(clamping: max(0, current.raw) / 100)
    }
    private static func whole(_ power: Watts) -> Int32 {
        max(-.max, Int32(clamping: power.raw / 1000))
    }

    // MARK: Writing

    package func write(start: UInt16, values: [UInt16]) throws(ModbusException) {
        let wanted = Int(start)..<Int(start) + values.count
        // The last one counts down by itself.
        guard (Self.limits.lowerBound..<Self.limits.upperBound - 1).contains(wanted) else {
            throw .illegalDataAddress
        }
        let isLifeAlone = Int(start) == Self.limits.upperBound - 2
        let isTaken = written.withLock { written in
            // A sign of life keeps a limit alive: where there is none it would lift the fallback.
            if isLifeAlone, written.limit.at == .zero { return false }
            for (offset, value) in values.enumerated() {
                switch Int(start) + offset {
                case 1000: written.current = value
                case 1001: written.power = value
                default: written.life = value
                }
            }
            written.limit.at = now()
            written.limit.bound = SupplyBound(
                current: written.current == Self.none
                    ? Amperes(raw: .max) : Amperes(milliamperes: Int32(written.current) * 100),
                power: written.power == Self.none
                    ? Watts(raw: .max) : Watts(Int64(written.power) * 10))
            publish(written.limit)
            return true
        }
        guard isTaken else { throw .illegalDataValue }
    }
}

extension Range<Int> {
    fileprivate func contains(_ other: Range<Int>) -> Bool {
        other.lowerBound >= lowerBound && other.upperBound <= upperBound && !other.isEmpty
    }
    fileprivate func offset(_ start: Int) -> Range<Int> { lowerBound - start..<upperBound - start }
}

extension [UInt16] {
    /// 32 bits, high word first.
    fileprivate mutating func put(_ value: Int32, at place: Int) {
        let bits = UInt32(bitPattern: value)
        self[place] = UInt16(bits >> 16)
        self[place + 1] = UInt16(truncatingIfNeeded: bits)
    }
}
