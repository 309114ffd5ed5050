public import DriverKit
public import EVSEModel
internal import Synchronization

/// A driver's host that keeps what the driver said, with a clock of the test's choice.
public final class RecordingHost: DriverHost {
    public let device: DeviceID
    public let bus: (any Sendable)?
    private let clock: @Sendable () -> Instant

    private struct State {
        var samples = [MeterSample]()
        var tokens = [PresentedToken]()
        var choices = [OutletChoice]()
        var controllerSamples = [ControllerSample]()
        var command = ControllerCommand()
        var loopLives = true
        var clears: UInt32 = 0
        var reports = [SigningReport]()
        var cardSamples = [CardSample]()
        var wantedLevels: UInt32 = 0
        var lastWanted = CardOutputs()
        var direct = DirectCurrentRecord()
        var faults = [Fault: String]()
        var faultEvents = [FaultEvent]()
        var log = [String]()
    }
    private let state = Mutex(State())

    /// A fault that was raised or cleared; repetitions are left out.
    public struct FaultEvent: Hashable, Sendable {
        public let fault: Fault
        public let holds: Bool
        public let at: Instant
    }

    public init(
        _ device: DeviceID, bus: (any Sendable)?, clock: @escaping @Sendable () -> Instant
    ) {
        self.device = device
        self.bus = bus
        self.clock = clock
    }

    public func now() -> Instant { clock() }

    public func publish(_ sample: MeterSample) { state.withLock { $0.samples.append(sample) } }

    public func publish(_ choice: OutletChoice) { state.withLock { $0.choices.append(choice) } }

    public func publish(_ token: PresentedToken) { state.withLock { $0.tokens.append(token) } }

    public func publish(_ sample: ControllerSample) {
        state.withLock { $0.controllerSamples.append(sample) }
    }

    /// What the loop would say, as of now: a test sets it and the host keeps it fresh.
    public var command: ControllerCommand {
        let now = clock()
        return state.withLock { state in
            var command = state.command
            if state.loopLives { command.at = now }
            command.clears = state.clears
            return command
        }
    }
    public func order(_ offered: Amperes, isEnabled: Bool = true) {
        let now = clock()
        state.withLock {
            $0.command.offered = offered
            $0.command.isEnabled = isEnabled
            $0.command.at = now
        }
    }
    /// Service clears latched faults.
    public func clearFaults() { state.withLock { $0.clears += 1 } }
    /// False: the loop says nothing from now on.
    public func keepLoop(alive: Bool) { state.withLock { $0.loopLives = alive } }
    public func publish(_ report: SigningReport) { state.withLock { $0.reports.append(report) } }

    public func publish(_ sample: CardSample) { state.withLock { $0.cardSamples.append(sample) } }

    /// What the loop would want of a card's outputs, as of now, while it lives.
    public var wantedOutputs: CardOutputs {
        let now = clock()
        return state.withLock { state in
            if state.loopLives {
                state.lastWanted = CardOutputs(levels: state.wantedLevels, at: now)
            }
            return state.lastWanted
        }
    }
    /// - Parameter levels: output n is bit n.
    public func want(_ levels: UInt32) { state.withLock { $0.wantedLevels = levels } }

    /// What a driver of direct current said, and what it is told.
    func direct<Result>(_ body: (inout sending DirectCurrentRecord) -> Result) -> Result {
        state.withLock { body(&$0.direct) }
    }
    /// The loop still says what it wants.
    var loopLives: Bool { state.withLock { $0.loopLives } }

    public func fault(_ fault: Fault, holds: Bool, _ detail: String) {
        let now = clock()
        state.withLock { state in
            guard holds != (state.faults[fault] != nil) else { return }
            state.faults[fault] = holds ? detail : nil
            state.faultEvents.append(FaultEvent(fault: fault, holds: holds, at: now))
        }
    }

    public func log(
        _ level: DriverLogLevel, _ message: StaticString, _ metadata: [String: String]
    ) {
        let words = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        state.withLock {
            $0.log.append("\(level.rawValue) \(message) \(words.joined(separator: " "))")
        }
    }

    /// Everything published so far, in order.
    public var samples: [MeterSample] { state.withLock { $0.samples } }
    public var tokens: [PresentedToken] { state.withLock { $0.tokens } }
    public var choices: [OutletChoice] { state.withLock { $0.choices } }
    public var controllerSamples: [ControllerSample] {
        state.withLock { $0.controllerSamples }
    }
    public var reports: [SigningReport] { state.withLock { $0.reports } }
    public var cardSamples: [CardSample] { state.withLock { $0.cardSamples } }
    /// Faults that hold now, with their details.
    public var faults: [Fault: String] { state.withLock { $0.faults } }
    public var faultEvents: [FaultEvent] { state.withLock { $0.faultEvents } }
    public var logLines: [String] { state.withLock { $0.log } }
}

/// A clock that stands still until it is told.
public final class ManualClock: Sendable {
    private let time: Mutex<Instant>

    public init(_ start: Instant = Instant(milliseconds: 1_000_000)) { time = Mutex(start) }

    public var now: Instant { time.withLock { $0 } }

    public func advance(by duration: Milliseconds) { time.withLock { $0 = $0 + duration } }
}
