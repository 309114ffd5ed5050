import DriverKit
import EVSEModel
import Foundation
import Synchronization

/// The station around a cabinet's driver, played: what a control loop would want, and what its sensors would tell of a
/// resistor.
final class PlayedStation: DriverHost {
    let device: DeviceID = "dispenser"
    let bus: (any Sendable)?
    private let load: Double
    private let isVerbose: Bool
    private struct State {
        var command = PowerSourceCommand()
        var reading = OutletReading()
        var sample: PowerSourceSample?
        var faults = [Fault: String]()
        var voltage = 0.0
        var movedAt = Instant.zero
    }
    private let state = Mutex(State())
    /// V/s at which the played output follows. Chosen, as of rectifier modules.
    private static let rate = 500.0

    init(bus: any Sendable, load: Double, isVerbose: Bool) {
        self.bus = bus
        self.load = load
        self.isVerbose = isVerbose
    }

    func now() -> Instant { MonotonicClock.now }
    var sourceCount: Int { 1 }
    func sourceCommand(_ source: Int) -> PowerSourceCommand {
        let now = now()
        return state.withLock {
            $0.command.at = now
            return $0.command
        }
    }
    func outletReading(_ source: Int) -> OutletReading {
        let now = now()
        return state.withLock { state in
            let seconds = state.movedAt == .zero ? 0 : Double((now - state.movedAt).count) / 1000
            if state.movedAt == .zero || seconds > 0 { state.movedAt = now }
            var wanted = 0.0
            if state.command.isOn {
                wanted = min(state.command.voltage.double, state.command.current.double * load)
            }
            let most = Self.rate * seconds
            state.voltage += max(-most, min(most, wanted - state.voltage))
            state.reading.at = now
            state.reading.busVoltage = Volts(exactly: state.voltage)
            state.reading.current = Amperes(exactly: state.voltage / load)
            return state.reading
        }
    }
    func publish(_ sample: PowerSourceSample, source: Int) {
        state.withLock { $0.sample = sample }
    }
    func fault(_ fault: Fault, holds: Bool, _ detail: String) {
        let isNew = state.withLock { state in
            guard (state.faults[fault] != nil) != holds else { return false }
            state.faults[fault] = holds ? detail : nil
            return true
        }
        if isNew { say(holds ? "FAULT \(fault): \(detail)" : "fault \(fault) ended") }
    }
    func log(_ level: DriverLogLevel, _ message: StaticString, _ metadata: [String: String]) {
        guard isVerbose || level == .warning || level == .error else { return }
        let words = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        say("\(level.rawValue): \(message) \(words.joined(separator: " "))")
    }
    // No other work of a host is asked of a cabinet's driver.
    func publish(_ sample: MeterSample) {}
    func publish(_ token: PresentedToken) {}
    func publish(_ sample: ControllerSample) {}
    var command: ControllerCommand { ControllerCommand() }

    func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    // MARK: What the walk does

    func want(_ change: (inout PowerSourceCommand) -> Void) {
        state.withLock { change(&$0.command) }
    }
    func sense(_ change: (inout OutletReading) -> Void) {
        state.withLock { change(&$0.reading) }
    }
    var sample: PowerSourceSample? { state.withLock { $0.sample } }
    var voltage: Double { state.withLock { $0.voltage } }
    var hasFaults: Bool { state.withLock { !$0.faults.isEmpty } }
}
