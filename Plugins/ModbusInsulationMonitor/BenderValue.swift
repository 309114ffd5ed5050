package import EVSEModel

/// One measured value of a Bender device with its Modbus profile: four registers.
///
/// Source [S]: EVerest, modules/HardwareDrivers/IsolationMonitors/Bender_isoCHA425HV: a float with its high
/// word first, a word of alarm and test (high byte) with unit and validity (low byte), a channel.
package struct BenderValue: Hashable, Sendable {
    package enum Validity: UInt8, Hashable, Sendable {
        case exact = 0
        /// The real value is smaller than the number.
        case atMost = 1
        /// The real value is bigger than the number.
        case atLeast = 2
        case invalid = 3
    }
    package enum Unit: UInt8, Hashable, Sendable {
        case ohm = 2
        case volt = 4
        case farad = 8
    }
    /// `nil` where the registers hold none.
    package var number: Double?
    /// 0 none, 1 prewarning, 2 device error, 4 warning, 5 alarm.
    package var alarm: UInt8
    /// 0 none, 1 internal, 2 external.
    package var test: UInt8
    package var unit: UInt8
    package var validity: Validity
    package var channel: UInt16

    /// Channels that tell of the device's own errors instead of a value.
    private static let errorChannels: Set<UInt16> = [115, 129]
    package static let length = 4

    /// - Parameter registers: four of them; `nil` for another count.
    package init?(_ registers: ArraySlice<UInt16>) {
        guard registers.count == Self.length else { return nil }
        let words = Array(registers)
        let float = Float(bitPattern: UInt32(words[0]) << 16 | UInt32(words[1]))
        number = float.isFinite ? Double(float) : nil
        let high = UInt8(words[2] >> 8)
        let low = UInt8(words[2] & 0xFF)
        alarm = high & 0b111
        test = high >> 6
        unit = low & 0b1_1111
        // Two bits: each pattern is one of the four.
        validity = Validity(rawValue: low >> 6) ?? .invalid
        channel = words[3]
    }

    package var isTesting: Bool { test != 0 }
    package var isDeviceError: Bool { alarm == 2 || Self.errorChannels.contains(channel) }

    /// In ohms; `nil` where it is not valid. What is only known to be smaller than a number is 0: nobody
    /// may take it for more.
    package var resistance: Ohms? {
        guard unit == Unit.ohm.rawValue, let number, number >= 0, validity != .invalid else {
            return nil
        }
        return validity == .atMost ? .zero : Ohms(raw: Int32(min(number, Double(Int32.max - 127))))
    }

    package var voltage: Volts? {
        guard unit == Unit.volt.rawValue, let number, validity == .exact else { return nil }
        return Volts(exactly: number)
    }

    /// What speaks against it as a value of this unit; `nil` where nothing does.
    package func objection(_ wanted: Unit, _ name: String) -> String? {
        guard validity != .invalid, unit != wanted.rawValue else { return nil }
        return "\(name) comes in unit \(unit) instead of \(wanted.rawValue)"
    }
}
