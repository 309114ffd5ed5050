internal import EVSEModel

/// Fault and state of a Dold RN5893.
///
/// Source [S]: EVerest, modules/HardwareDrivers/IsolationMonitors/DoldRN5893/main/registers.hpp.
package struct DoldState: Hashable, Sendable {
    package enum State: UInt16, Hashable, Sendable {
        case starting = 0
        case measuring = 1
        case error = 2
        case selfTest = 3
        case advancedTest = 4
        case stopped = 5
        case alarm = 6
        case prealarm = 7
    }
    /// In words, by the number that the device gives.
    private static let faults: [UInt16: String] = [
        1: "wire to L+ or L- is broken", 2: "wire to earth is broken",
        3: "failed its self-test", 4: "potentiometers are set wrong", 9: "Modbus timed out",
        10: "memory is corrupt", 11: "internal communication failed", 12: "internal error 4",
    ]
    package let state: State
    package let problem: String?

    /// - Returns: `nil` where a number is none of the device's.
    package init?(fault: UInt16, state: UInt16) {
        guard let state = State(rawValue: state), fault == 0 || Self.faults[fault] != nil else {
            return nil
        }
        self.state = state
        problem = Self.faults[fault] ?? (state == .error ? "is in its error state" : nil)
    }

    /// Its values mean something.
    package var isMeasuring: Bool {
        switch state {
        case .measuring, .alarm, .prealarm: problem == nil
        case .starting, .error, .selfTest, .advancedTest, .stopped: false
        }
    }

    /// - Parameter measured: resistance in 100 Ω, a word that is not used, voltage in V; empty where it
    ///   does not measure.
    package func reading(_ measured: [UInt16]) -> MonitorReading {
        var reading = MonitorReading()
        reading.problem = problem
        reading.isTesting = state == .selfTest || state == .advancedTest
        reading.isStopped = state == .stopped
        guard isMeasuring, measured.count == 3 else { return reading }
        // 65535: more than 2 MΩ, which is at least that much.
        reading.resistance =
            measured[0] == .max ? Ohms(2_000_000) : Ohms(raw: Int32(measured[0]) * 100)
        // 65535 is out of range, 0 less than 5 V or not measured.
        if measured[2] != .max, measured[2] != 0 { reading.voltage = Volts(Int32(measured[2])) }
        return reading
    }
}
