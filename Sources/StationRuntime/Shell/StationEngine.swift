package import Charging
package import EVSEModel
package import StationCore

/// The shell's rules around the core, for one thread: inputs in, outputs carried out in order,
/// the process image read and published, timers kept. It owns the core and holds no rules of its
/// own about charging.
package final class StationEngine {
    /// How often the loop's image is looked at.
    package static let pollInterval = Milliseconds(10)
    /// How often the heartbeat is published at least; the loop's patience is five of these.
    package static let heartbeatInterval = Milliseconds(50)
    /// The image goes to the core at least so often.
    package static let imageInterval = Milliseconds.seconds(1)
    /// A loop whose image stands still for so long does not control anything.
    package static let loopPatience = Milliseconds.seconds(2)
    /// A loop that has just started needs so long until its debounced signals mean anything: before
    /// that a plugged vehicle looks unplugged. Chosen: many times the debounce of the pilot.
    package static let settleTime = Milliseconds(300)
    /// A wall clock that moved by more than this against the monotonic one was stepped.
    package static let clockStep = Milliseconds(500)

    package var machine: any StationMachine
    private let ports: any StationPorts
    private let recorder: Recorder?
    private(set) var image = StationImage()
    private var outputs = [StationOutput]()
    /// When the core wants to be called again; `nil` for never.
    package private(set) var wakeAt: Instant?
    private var lastInput = Instant.zero
    private var watch = ImageWatch()
    private var lastImageInput = Instant.zero
    private var lastHeartbeat = Instant.zero
    private var lastClockCheck = Instant.zero
    private var clockOffset: Int64?
    private var isWithdrawn = false
    private var loopIsSilent = false
    /// Process whose images are taken, and from when on.
    private var settling: (process: Int32, until: Instant)?
    /// Newest sign of life of the loop; first the start of the watch.
    private var loopHeard: Instant?

    package init(machine: any StationMachine, ports: any StationPorts, recorder: Recorder? = nil) {
        self.machine = machine
        self.ports = ports
        self.recorder = recorder
    }

    /// The core's first input.
    package func start(stored: StoredRecords, isRestartOfProcess: Bool) {
        let wallClock = ports.wallClock()
        clockOffset = offset(of: wallClock)
        handle(
            .started(
                StartContext(
                    stored: stored, wallClock: wallClock, isRestartOfProcess: isRestartOfProcess)))
        publish()
    }

    /// Gives the core one input and carries out what it wants.
    package func handle(_ input: StationInput) {
        var next: StationInput? = input
        // A failed write is an input of its own; if that fails to be written too, it rests.
        var failures = 0
        while let input = next {
            next = nil
            let now = max(ports.now(), lastInput)  // the core's time never runs backwards
            lastInput = now
            outputs.removeAll(keepingCapacity: true)
            machine.handle(input, at: now, into: &outputs)
            recorder?.record(input, at: now, outputs: outputs)
            if let reason = carryOut(outputs), failures < 2 {
                failures += 1
                next = .storeFailed(reason)
            }
        }
    }

    /// Everything that time brings; to be called at least every ``pollInterval``.
    package func tick() {
        let now = ports.now()
        if let wakeAt, wakeAt <= now {
            self.wakeAt = nil
            handle(.timer)
        }
        lookAtImage(now)
        checkClock(now)
        if now - lastHeartbeat >= Self.heartbeatInterval { publish() }
    }

    package var now: Instant { ports.now() }

    /// When ``tick()`` is due at the latest.
    package var nextTick: Instant {
        let poll = ports.now() + Self.pollInterval
        return wakeAt.map { min($0, poll) } ?? poll
    }

    /// Takes the energy from every EVSE and grants none from now on: before an orderly end.
    package func withdrawEnergy() {
        isWithdrawn = true
        for index in 0..<StationBounds.evses { image.evses[index].energyGranted = false }
        publish()
    }

    /// Whether the loop shows every contactor open.
    package var isDeenergised: Bool {
        guard let loop = ports.loopImage() else { return true }
        for index in 0..<min(Int(loop.evseCount), StationBounds.evses)
        where loop.evses[index].outputs.contactorClosed { return false }
        return true
    }

    // MARK: Outputs

    /// Carries out a batch in order; consecutive store operations are one durable step.
    /// - Returns: why a step failed. What was to follow it was then left out, but for what makes
    ///   the station safer.
    private func carryOut(_ outputs: [StationOutput]) -> String? {
        var pending = [StoreOperation]()
        var failure: String?
        var targetsChanged = false
        for output in outputs {
            if case .store(let operation) = output {
                if failure == nil { pending.append(operation) }
                continue
            }
            if !pending.isEmpty {
                failure = write(pending)
                pending.removeAll()
            }
            guard failure == nil || isSafe(output) else { continue }
            if case .targets = output { targetsChanged = true }
            carryOut(output)
        }
        if !pending.isEmpty { failure = write(pending) }
        if targetsChanged { publish() }
        return failure
    }

    private func write(_ operations: [StoreOperation]) -> String? {
        do throws(StoreFailure) {
            try ports.apply(operations)
            return nil
        } catch {
            return error.reason
        }
    }

    /// What may follow a write that failed: it grants nothing and tells the CSMS nothing.
    private func isSafe(_ output: StationOutput) -> Bool {
        switch output {
        case .targets(_, let targets): !targets.energyGranted
        case .wake, .log, .disconnect: true
        case .store, .send, .connect, .restart: false
        }
    }

    private func carryOut(_ output: StationOutput) {
        switch output {
        case .store: break  // batched above
        case .send(let message): ports.send(message)
        case .connect(let plan): ports.connect(plan)
        case .disconnect(let code, let reason): ports.disconnect(code: code, reason: reason)
        case .targets(let evse, let targets):
            image.evses[evse.index] = targets
            if isWithdrawn { image.evses[evse.index].energyGranted = false }
        case .wake(let instant): wakeAt = instant
        case .restart(let orderly, let reason): ports.restart(orderly: orderly, reason: reason)
        case .log(let entry): ports.log(entry)
        }
    }

    private func publish() {
        let now = ports.now()
        lastHeartbeat = now
        image.heartbeat &+= 1
        image.at = now
        ports.publish(image)
    }

    // MARK: Image and clock

    private func lookAtImage(_ now: Instant) {
        let image = ports.loopImage()
        watchLoop(image, now)
        guard let loop = image else { return }
        recorder?.recordImage(loop)
        guard isSettled(loop, now) else { return }
        if let faults = watch.newLatchedFaults(in: loop) { ports.latched(faults) }
        guard watch.hasChanged(loop) || now - lastImageInput >= Self.imageInterval else { return }
        lastImageInput = now
        handle(.loop(loop))
    }

    private func isSettled(_ image: LoopImage, _ now: Instant) -> Bool {
        if settling?.process != image.process {
            // One that has run for long, as after our own restart, has settled.
            let isNew = image.cycle < 100
            settling = (image.process, isNew ? now + Self.settleTime : now)
        }
        return now >= settling?.until ?? now
    }

    /// What a silent loop last showed is not what is: the core must not take it for that.
    private func watchLoop(_ image: LoopImage?, _ now: Instant) {
        let heard = max(image?.at ?? .zero, loopHeard ?? now)
        loopHeard = heard
        let isSilent = now - heard >= Self.loopPatience
        guard isSilent != loopIsSilent else { return }
        loopIsSilent = isSilent
        handle(
            .deviceFault(
                DeviceFault(
                    device: "loop", evse: nil, fault: .ioFault, holds: isSilent,
                    detail: isSilent ? "the control loop gives no sign of life" : "")))
    }

    private func offset(of wallClock: UnixTime?) -> Int64? {
        wallClock.map { $0.milliseconds - ports.now().nanoseconds / 1_000_000 }
    }

    private func checkClock(_ now: Instant) {
        guard now - lastClockCheck >= .seconds(1) else { return }
        lastClockCheck = now
        guard let wallClock = ports.wallClock(), let offset = offset(of: wallClock) else { return }
        // Slow drift is followed by the offset that is kept; a step is more than drift can be.
        let moved = clockOffset.map { abs(offset - $0) }
        clockOffset = offset
        if let moved, moved < Self.clockStep.count { return }
        handle(.clock(wallClock))
    }
}
