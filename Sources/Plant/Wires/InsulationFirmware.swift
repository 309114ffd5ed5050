/// What one model of insulation monitor makes of its registers. Written from what other projects read of
/// makers' documents; shares nothing with the driver.
enum InsulationFirmware: String, Sendable, CaseIterable {
    /// Bender isoCHA425HV. Source [S]: EVerest, Bender_isoCHA425HV: manifest.yaml and main.
    case isocha425hv
    /// Dold RN5893. Source [S]: EVerest, DoldRN5893: docs and main.
    case rn5893

    /// Settings as the maker delivers them, by the wire's address.
    var stored: [Int: UInt16] {
        switch self {
        case .isocha425hv:
            [
                3000: 0, 3005: 600, 3007: 500, 3008: 0, 3009: 30, 3010: 0, 3011: 1050, 3012: 0,
                3013: 0, 3014: 0, 3018: 0, 3019: 0, 3020: 0, 3021: 0, 3023: 0, 3024: 1, 3025: 1,
                3026: 1, 3027: 0, 3028: 0,
            ]
        case .rn5893:
            [
                1: 0, 2: 10, 2000: 1, 2001: 0, 2002: 0, 2003: 1, 2004: 0, 2005: 50, 2006: 100,
                2007: 1, 2008: 0, 2009: 0, 2010: 0,
            ]
        }
    }

    func registers(
        _ monitor: InsulationMonitorWorld, isInput: Bool, _ faults: DeviceFaults
    ) -> [Int: UInt16] {
        switch self {
        case .isocha425hv: isInput ? [:] : bender(monitor, faults)
        case .rn5893: isInput ? dold(monitor, faults) : monitor.stored.merging([0: 0]) { $1 }
        }
    }

    /// - Returns: the code of an exception.
    func write(
        _ number: UInt16, at address: Int, _ monitor: inout InsulationMonitorWorld, now: Int64
    ) -> UInt8? {
        if self == .isocha425hv, address == 8005 {
            guard number == 0x5445 else { return 3 }
            monitor.startTest(at: now)
            return nil
        }
        if self == .rn5893, address == 0 {
            monitor.setMeasuring(number & 1 << 8 == 0, at: now)
            if number & 1 << 4 != 0 { monitor.startTest(at: now) }
            return nil
        }
        guard monitor.stored[address] != nil else { return 2 }
        // Whoever writes the same again wears it out all the same.
        monitor.stored[address] = number
        monitor.storedWrites += 1
        if self == .isocha425hv, address == 3026 { monitor.setMeasuring(number == 1, at: now) }
        return nil
    }

    // MARK: Bender

    /// The most that it measures. Chosen: its data sheet's range ends at 10 MΩ.
    private static let highest = 10_000_000.0

    private func bender(
        _ monitor: InsulationMonitorWorld, _ faults: DeviceFaults
    ) -> [Int: UInt16] {
        var table = monitor.stored
        let isTesting = monitor.shown == .testing
        let isBroken = faults.has(.errorState) || monitor.hasFailedTest
        let alarm: UInt16 = (isBroken ? 2 : 0) | (isTesting ? 2 << 6 : 0)
        let isInvalid =
            faults.has(.noValue) || monitor.state == .starting || monitor.state == .stopped
        func put(
            _ address: Int, _ value: Double, unit: UInt16, channel: UInt16, validity: UInt16 = 0
        ) {
            let bits = Float(value).bitPattern
            table[address] = UInt16(bits >> 16)
            table[address + 1] = UInt16(bits & 0xFFFF)
            table[address + 2] = alarm << 8 | (isInvalid ? 3 : validity) << 6 | unit
            table[address + 3] = channel
        }
        let value = monitor.resistance(faults)
        let isHigh = value > Self.highest
        let shownValue = isHigh ? Self.highest : value
        let unit: UInt16 = faults.has(.otherUnit) ? 8 : 2
        for address in [1000, 1028] {
            put(address, shownValue, unit: unit, channel: 1, validity: isHigh ? 2 : 0)
        }
        let voltage = monitor.measured.voltage
        let share = monitor.measured.positiveShare
        put(1008, voltage, unit: 4, channel: 76)
        put(1016, voltage * share, unit: 4, channel: 102)
        put(1020, -voltage * (1 - share), unit: 4, channel: 102)
        let name = Array("isoCHA425HV         ".utf8)
        for index in 0..<10 {
            table[9800 + index] = UInt16(name[2 * index]) << 8 | UInt16(name[2 * index + 1])
        }
        for (index, number) in [0x01C3, 501, 12, 5, 2023, 210].enumerated() {
            table[9820 + index] = UInt16(number)
        }
        return table
    }

    // MARK: Dold

    private func dold(
        _ monitor: InsulationMonitorWorld, _ faults: DeviceFaults
    ) -> [Int: UInt16] {
        var state: UInt16 =
            switch monitor.shown {
            case .starting: 0
            case .measuring: 1
            case .testing: 3
            case .stopped: 5
            }
        let value = monitor.resistance(faults)
        if state == 1 {
            if value < Double(monitor.stored[2005] ?? 0) * 1000 {
                state = 6
            } else if value < Double(monitor.stored[2006] ?? 0) * 1000 {
                state = 7
            }
        }
        var fault: UInt16 = 0
        if monitor.hasFailedTest { fault = 3 }
        if faults.has(.errorState) { fault = 11 }
        // Whatever it measures in another unit than it should it does not know either.
        if faults.has(.noValue) || faults.has(.otherUnit) { fault = 12 }
        if fault != 0, state != 3 { state = 2 }
        let hundreds = value / 100
        let voltage = monitor.measured.voltage
        return [
            0: fault, 1: state,
            2000: hundreds > 20_000 ? 0xFFFF : UInt16(max(0, hundreds)),
            2001: 0,
            2002: voltage < 5 ? 0 : voltage > 1000 ? 0xFFFF : UInt16(voltage.rounded()),
        ]
    }
}
