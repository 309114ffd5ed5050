package import EVSEModel
package import RegisterMaps

/// A simple cabinet's map: a data file, not code. All registers are holding registers (functions 3, 6 and 16).
package struct CabinetModel: Hashable, Sendable {
    /// What one outlet tells.
    package enum Field: String, Hashable, Sendable, CaseIterable {
        case voltage, current, temperature
        case maximumVoltage = "maximum-voltage"
        case minimumVoltage = "minimum-voltage"
        case maximumCurrent = "maximum-current"
        case maximumPower = "maximum-power"
    }
    /// What one outlet is told, a register each, in one request.
    package enum Word: String, Hashable, Sendable, CaseIterable {
        /// 1: voltage shall be at the output. Apart from the limits: a pause is no limit of 0.
        case enable
        /// As ``PowerSourceCommand/Purpose``.
        case purpose
        case voltage, current
        /// Bit 0 plugged in, 1 contactor closed, 2 emergency stop.
        case flags
        /// 0 none, 1 normal, 2 emergency.
        case stop
        /// Counts commands; the cabinet gives back the one that it acts on.
        case sequence
    }
    /// A number of an outlet; its address counts from the outlet's block.
    package struct Number: Hashable, Sendable {
        package var address: UInt16
        package var type: RegisterType
        package var scale: Double
    }
    package struct Identity: Hashable, Sendable {
        package var name: String
        package var address: UInt16
        package var range: ClosedRange<UInt16>
    }
    package struct Watchdog: Hashable, Sendable {
        package var address: UInt16
        /// Milliseconds of one count.
        package var scale: Int64
        package var range: ClosedRange<Milliseconds>
        package var standard: Milliseconds
    }
    /// A register whose numbers mean something.
    package struct State: Hashable, Sendable {
        package var address: UInt16
        package var good: Set<UInt16>
        package var faulty: Set<UInt16>
    }
    package struct Flags: Hashable, Sendable {
        package var address: UInt16
        package var available: UInt16
        package var derated: UInt16
    }

    package var name: String
    package var maker: String
    package var title: String
    package var firstOutlet: UInt16
    package var step: UInt16
    package var mostOutlets: Int
    package var identities: [Identity]
    /// Where the station's heartbeat goes, and where the cabinet's is; `nil`: it has none.
    package var stationBeat: UInt16
    package var cabinetBeat: UInt16?
    package var watchdog: Watchdog
    /// What the cabinet does where the heartbeat ends: written and compared, so that it is never left to chance.
    package var fallback: (address: UInt16, value: UInt16)
    package var state: State
    package var alarms: (address: UInt16, count: Int)?
    package var status: State
    package var flags: Flags?
    package var numbers: [Field: Number]
    package var fault: UInt16?
    package var sequence: UInt16?
    /// Where the command begins in an outlet's block.
    package var command: UInt16
    package var words: [Word]
    package var voltageScale: Double
    package var currentScale: Double

    /// Address in an outlet's block, as on the wire. Outlets count from 0.
    package func address(_ place: UInt16, of outlet: Int) -> UInt16 {
        firstOutlet + step * UInt16(outlet) + place
    }
    /// Registers of an outlet's block that are read, in one request.
    package var readWidth: Int {
        var end = Int(status.address) + 1
        for number in numbers.values { end = max(end, Int(number.address) + number.type.width) }
        for address in [flags?.address, fault, sequence] {
            if let address { end = max(end, Int(address) + 1) }
        }
        return end
    }

    package static func == (a: Self, b: Self) -> Bool { a.name == b.name && a.maker == b.maker }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
