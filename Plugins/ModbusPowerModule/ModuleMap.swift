package import EVSEModel
package import RegisterMaps

/// Which registers of a power module are what, as a model file says.
package struct ModuleMap: Sendable {
    package enum Table: String, Hashable, Sendable, CaseIterable { case holding, input }

    /// A number: what the registers hold, times the scale.
    package struct Field: Hashable, Sendable {
        package var table = Table.holding
        package var address: UInt16
        package var type: RegisterType
        /// Volts, amperes, watts or °C of one count.
        package var scale: Double
        package init(
            table: Table = .holding, address: UInt16, type: RegisterType, scale: Double
        ) {
            self.table = table
            self.address = address
            self.type = type
            self.scale = scale
        }
        package var addresses: Range<Int> { Int(address)..<Int(address) + type.width }

        /// The registers that hold this number, as near as they can, within what they can.
        package func words(_ value: Double, _ order: WordOrder) -> [UInt16] {
            let count = (value / scale).rounded()
            let bits: UInt32 =
                switch type {
                case .float32: Float(value / scale).bitPattern
                case .int16: UInt32(UInt16(bitPattern: Int16(clamping: Self.whole(count))))
                case .int32: UInt32(bitPattern: Int32(clamping: Self.whole(count)))
                case .uint16: UInt32(UInt16(clamping: Self.whole(count)))
                default: UInt32(clamping: Self.whole(count))
                }
            let low = UInt16(truncatingIfNeeded: bits)
            guard type.width == 2 else { return [low] }
            let high = UInt16(truncatingIfNeeded: bits >> 16)
            return order == .highFirst ? [high, low] : [low, high]
        }
        private static func whole(_ count: Double) -> Int64 {
            Int64(exactly: max(-1e15, min(1e15, count)).rounded()) ?? 0
        }
    }

    /// A register whose content is known beforehand.
    package struct Identity: Hashable, Sendable {
        package var name: String
        package var table: Table
        package var address: UInt16
        package var value: UInt16
    }

    /// A register of bits.
    package struct Status: Hashable, Sendable {
        package var table: Table
        package var address: UInt16
        package var on: Int
        /// `nil`: it is always ready.
        package var ready: Int?
        package var derated: Int?
        /// Bits that are faults, with their words.
        package var faults: [Int: String]
    }

    package struct Enable: Hashable, Sendable {
        package var address: UInt16
        package var on: UInt16
        package var off: UInt16
    }

    /// Silence after which the module switches itself off.
    package struct Watchdog: Hashable, Sendable {
        package var address: UInt16
        /// Milliseconds of one count.
        package var scale: Int64
        package var range: ClosedRange<Milliseconds>
        package var standard: Milliseconds
    }

    /// An insulation monitor within the module, which measures while its output has a voltage.
    package struct Insulation: Hashable, Sendable {
        /// Ohms, between either pole and earth, both together.
        package var resistance: Field
        /// Bits of the status: the value is one, a self-test runs, the last one passed, the monitor is faulty.
        package var valid: Int
        package var testing: Int
        package var passed: Int
        package var faulty: Int
        /// Holding register whose new number starts a self-test, and the register that then has the number of
        /// the last one that ended.
        package var selfTest: UInt16
        package var answered: Field
    }

    package var name: String
    package var maker: String
    package var title: String
    package var pause: Milliseconds
    package var readLimit: Int
    package var maximumGap: Int
    package var wordOrder: WordOrder
    package var identities: [Identity]
    package var status: Status
    package var voltage: Field
    package var current: Field
    package var temperature: Field?
    package var maximumVoltage: Field?
    package var minimumVoltage: Field?
    package var maximumCurrent: Field?
    package var maximumPower: Field?
    package var enable: Enable
    package var setVoltage: Field
    package var setCurrent: Field
    /// Counts up with each command.
    package var heartbeat: UInt16?
    package var watchdog: Watchdog?
    /// `nil`: it has none.
    package var insulation: Insulation?
}
