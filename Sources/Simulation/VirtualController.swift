import BoardFile
import DriverKit
import EVSEController
import EVSEModel
import Plant
import Synchronization

/// An EVSE controller with its driver: the driver's own course, against the registers that the plant's
/// firmware answers with.
final class VirtualController {
    let device: String
    let evse: EVSEID
    /// Zero-based.
    private let connector: Int
    private let model: ControllerModel
    private let configuration: Configuration
    private let line: VirtualControllerLine
    private let host: VirtualControllerHost
    private var course: ControllerCourse
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

    init(_ device: BoardDevice, evse: EVSEID, on line: VirtualControllerLine) throws {
        self.device = device.id.name
        self.evse = evse
        self.line = line
        connector = device.assignments.compactMap(\.connector).first?.index ?? 0
        configuration = device.configuration
        host = VirtualControllerHost(device.id)
        model = try ControllerModels.load(configuration.text("model"))
        course = ControllerCourse(model, configuration, host: host, on: line)
    }

    /// Silence after which it falls back, and to what; `nil` where it has no watchdog.
    var watchdog: (time: Milliseconds, current: Amperes)? { course.watchdog }

    /// The process that looks at it starts anew.
    func restart() {
        line.restart()
        course = ControllerCourse(model, configuration, host: host, on: line)
        isConfigured = false
        nextLook = nil
        pause = .seconds(1)
    }

    /// The process ends in order: the offer is taken away.
    func end(at now: Instant) {
        guard isConfigured else { return }
        host.begin(at: now, command: ControllerCommand())
        finish { [course] in await course.deactivate() }
    }

    /// Looks where the driver's period is over.
    ///
    /// - Parameter loop: its image; `nil` where no loop runs.
    func look(_ loop: LoopImage?, at now: Instant) -> Outcome? {
        if let nextLook, now < nextLook { return nil }
        var command = ControllerCommand()
        if let loop {
            let image = loop.evses[evse.index]
            // Between the steps of a simulation the loop goes on: what it said last is as of now.
            command = ControllerCommand(
                image.outputs, status: image.status, connector: connector, at: now)
        }
        host.begin(at: now, command: command)
        if isConfigured {
            finish { [self] in nextLook = now + (await course.poll()) }
        } else {
            finish { [self] in await bringUp(at: now) }
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

    /// Runs what never waits, since its line answers at once: nothing of it is left on return.
    private func finish(_ work: @escaping () async -> Void) {
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
        precondition(isDone, "the line of \(device) waited")
    }
}

/// What a controller's driver sees of a simulated station. It keeps what the driver says of one look.
private final class VirtualControllerHost: DriverHost {
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
