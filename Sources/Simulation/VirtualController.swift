import BoardFile
import DriverKit
import EVSEController
import EVSEModel
import LoopGuarantees
import Plant
import SafetyMCU
import Synchronization

/// What a driver does with one controller, call by call: the driver's own.
protocol VirtualCourse: AnyObject {
    func configure() async throws(DriverError)
    func poll() async -> Milliseconds
    func deactivate() async
    /// Silence after which the controller falls back. `nil`: it has no watchdog, or what it was told
    /// last is repeated for it between two steps of the simulation.
    var silenceThatCounts: Milliseconds? { get }
    /// Time between two repetitions of what it was told; `nil` where it must be asked in every step.
    var repetition: Milliseconds? { get }
}

extension ControllerCourse: VirtualCourse {
    var silenceThatCounts: Milliseconds? { watchdog?.time }
    var repetition: Milliseconds? { nil }
}

extension SafetyCourse: VirtualCourse {
    var silenceThatCounts: Milliseconds? { isInSession ? nil : silenceLimit }
    var repetition: Milliseconds? { isInSession ? period : nil }
}

/// A controller that owns pilot and contactor, with its driver: the driver's own course, against what the
/// plant's firmware answers.
final class VirtualController {
    let device: String
    let evse: EVSEID
    /// Zero-based.
    private let connector: Int
    private let host: VirtualControllerHost
    /// A course of the driver on a line that was just begun.
    private let begin: (VirtualControllerHost) -> any VirtualCourse
    private let prepare: () -> Void
    private var course: any VirtualCourse
    private var isConfigured = false
    private var nextLook: Instant?
    /// Before the driver is brought up again, as the station's process does it.
    private var pause = Milliseconds.seconds(1)

    /// What a look brought.
    struct Outcome {
        var sample: ControllerSample?
        /// Faults that hold or no longer hold, as the driver says them.
        var faults: [(fault: Fault, holds: Bool)] = []
    }

    /// An EVSE controller on a Modbus.
    convenience init(_ device: BoardDevice, evse: EVSEID, on line: VirtualModbusLine) throws {
        let model = try ControllerModels.load(device.configuration.text("model"))
        self.init(device, evse: evse) { host in
            line.restart()
            return ControllerCourse(model, device.configuration, host: host, on: line)
        }
    }

    /// A safety controller on its serial port.
    convenience init(
        _ device: BoardDevice, evse: EVSEID, on wire: VirtualSafetyWire, seed: UInt64
    ) {
        var random = SplitMix(seed: seed)
        self.init(device, evse: evse, prepare: { wire.begin() }) { host in
            wire.close()
            return SafetyCourse(
                device.configuration, host: host, on: wire,
                draw: { UInt32(truncatingIfNeeded: random.next()) })
        }
    }

    private init(
        _ device: BoardDevice, evse: EVSEID, prepare: @escaping () -> Void = {},
        begin: @escaping (VirtualControllerHost) -> any VirtualCourse
    ) {
        self.device = device.id.name
        self.evse = evse
        self.begin = begin
        self.prepare = prepare
        connector = device.assignments.compactMap(\.connector).first?.index ?? 0
        host = VirtualControllerHost(device.id)
        course = begin(host)
    }

    /// Nanoseconds. A step may not be longer, or a controller that is asked once a step would take the
    /// station for silent.
    var longestSilence: Int64? { course.silenceThatCounts.map { $0.count * 1_000_000 / 3 } }

    /// What its driver told it last is repeated so often; `nil` where it is not.
    var repetition: Milliseconds? { isConfigured ? course.repetition : nil }

    /// The process that looks at it starts anew.
    func restart() {
        course = begin(host)
        isConfigured = false
        nextLook = nil
        pause = .seconds(1)
    }

    /// The process ends in order: the offer is taken away.
    func end(at now: Instant) {
        guard isConfigured else { return }
        host.begin(at: now, command: ControllerCommand())
        prepare()
        finishAtOnce("the line of \(device)") { [course] in await course.deactivate() }
    }

    /// Looks where the driver's period is over.
    ///
    /// - Parameters:
    ///   - loop: its newest image; `nil` where none has run since the machine booted.
    ///   - isRunning: the loop goes on: between the steps of a simulation too, so what it said last is as
    ///     of now.
    func look(_ loop: LoopImage?, isRunning: Bool, at now: Instant) -> Outcome? {
        if let nextLook, now < nextLook { return nil }
        var command = ControllerCommand()
        if let loop {
            let image = loop.evses[evse.index]
            command = ControllerCommand(
                image.outputs, status: image.status, connector: connector,
                at: isRunning ? now : loop.at)
            // As a driver's host has it: a loop that starts takes over a count of its predecessor's.
            if loop.stationIsSilent { command.clears = nil }
        }
        host.begin(at: now, command: command)
        prepare()
        finishAtOnce("the line of \(device)") { [self] in
            if isConfigured {
                nextLook = now + (await course.poll())
            } else {
                await bringUp(at: now)
            }
        }
        return host.outcome
    }

    private func bringUp(at now: Instant) async {
        do throws(DriverError) {
            try await course.configure()
            isConfigured = true
            host.fault(.controllerLost, holds: false, "")
            nextLook = now
        } catch {
            host.fault(.controllerLost, holds: true, error.what)
            nextLook = now + pause
            pause = min(pause + pause, .seconds(30))
        }
    }
}

/// Runs what never waits, since its line answers at once: nothing of it is left on return.
func finishAtOnce(_ who: String, _ work: @escaping () async -> Void) {
    var isDone = false
    withUnsafeMutablePointer(to: &isDone) { pointer in
        // Nothing here outlives the call: the task runs on this thread until it first waits,
        // which it does not, as the check below holds it to.
        nonisolated(unsafe) let pointer = pointer
        nonisolated(unsafe) let work = work
        Task.immediate {
            await work()
            unsafe pointer.pointee = true
        }
    }
    precondition(isDone, "\(who) waited")
}

/// What a controller's driver sees of a simulated station. It keeps what the driver says of one look.
final class VirtualControllerHost: DriverHost {
    let device: DeviceID
    let bus: (any Sendable)? = nil

    private struct State {
        var now = Instant.zero
        var command = ControllerCommand()
        var outcome = VirtualController.Outcome()
    }
    private let state = Mutex(State())

    init(_ device: DeviceID) { self.device = device }

    func begin(at now: Instant, command: ControllerCommand) {
        state.withLock { $0 = State(now: now, command: command) }
    }
    var outcome: VirtualController.Outcome { state.withLock { $0.outcome } }

    func now() -> Instant { state.withLock { $0.now } }
    var command: ControllerCommand { state.withLock { $0.command } }
    func publish(_ sample: ControllerSample) { state.withLock { $0.outcome.sample = sample } }
    func publish(_ sample: MeterSample) {}
    func publish(_ token: PresentedToken) {}
    func fault(_ fault: Fault, holds: Bool, _ detail: String) {
        state.withLock { $0.outcome.faults.append((fault, holds)) }
    }
    func log(_ level: DriverLogLevel, _ message: StaticString, _ metadata: [String: String]) {}
}
