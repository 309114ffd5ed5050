package import Charging
package import EVSEModel
package import StationCore

/// The shell's rules around the core, for one thread: inputs in, outputs carried out in order,
/// the process image read and published, timers kept. It owns the core and holds no rules of its
/// own about charging.
package final class StationEngine {
    /// How often the loop's image is looked at, and how often while nobody is there. Chosen: as the
    /// loop's standard period, and with every heartbeat, which is less than anybody notices; each
    /// look costs a wake-up.
    package static let pollInterval = Milliseconds(10)
    package static let quietPollInterval = heartbeatInterval
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
    /// Where displays find what they show; `nil` where the board has none.
    private let notices: NoticeBoard?
    private var lastNotice = Instant.zero
    private(set) var image = StationImage()
    private var outputs = [StationOutput]()
    /// When the core wants to be called again; `nil` for never.
    package private(set) var wakeAt: Instant?
    private var lastInput = Instant.zero
    private var watch = ImageWatch()
    /// As ``ImageWatch/newest``, of direct current.
    private var direct = DCImage()
    private var directWatch = DirectWatch()
    private var lastImageInput = Instant.zero
    private var lastHeartbeat = Instant.zero
    private var lastTick = Instant.zero
    private var lastClockCheck = Instant.zero
    private var clockOffset: Int64?
    private var isWithdrawn = false
    private var owed = OwedWrites()
    /// Grants that wait for what is owed.
    private var withheld = [EVSEID: EVSETargets]()
    /// What meters may be told when everything owed is on disk.
    private var withheldOrders = [EVSEID: SigningOrder]()
    private var targetsChanged = false
    /// Messages were sent since the last write, and may still be here.
    private var hasSent = false
    private var loopIsSilent = false
    /// Process whose images are taken, and from when on.
    private var settling: (process: Int32, until: Instant)?
    /// Newest sign of life of the loop; first the start of the watch.
    private var loopHeard: Instant?

    package init(
        machine: any StationMachine, ports: any StationPorts, recorder: Recorder? = nil,
        notices: NoticeBoard? = nil
    ) {
        self.machine = machine
        self.ports = ports
        self.recorder = recorder
        self.notices = notices
    }

    /// The core's first input.
    package func start(stored: StoredRecords, isRestartOfProcess: Bool) {
        let wallClock = ports.wallClock()
        clockOffset = offset(of: wallClock)
        handle(
            .started(
                StartContext(
                    stored: stored, wallClock: wallClock, isRestartOfProcess: isRestartOfProcess,
                    authorizationsEnded: isRestartOfProcess ? authorizationsEnded() : nil)))
        publish()
    }

    /// As the last run told the loop; nothing was published by this one yet.
    private func authorizationsEnded() -> [UInt32]? {
        guard ports.readLoop(into: &watch.newest) else { return nil }
        return (0..<min(Int(watch.newest.evseCount), StationBounds.evses)).map {
            watch.newest.evses[$0].targets.authorizationsEnded
        }
    }

    /// Gives the core one input and carries out what it wants.
    package func handle(_ input: StationInput) {
        retryOwed()
        guard let failure = process(input) else { return }
        // What the core makes of it is written with the next attempt.
        _ = process(.storeFailed(failure.reason), writes: false)
        for message in failure.unsent { _ = process(.unsent(message), writes: false) }
    }

    /// A durable step of a batch that failed.
    private struct Failure {
        let reason: String
        /// Messages that were to follow it.
        var unsent = [[UInt8]]()
    }

    /// Tries again what could not be written, before the core believes that the disk has recovered.
    private func retryOwed() {
        let now = max(ports.now(), lastInput)
        guard owed.isDue(at: now) else { return }
        targetsChanged = false
        let failure = write([], at: now)
        if targetsChanged { publish() }
        if let failure { _ = process(.storeFailed(failure), writes: false) }
    }

    /// - Returns: what could not be written, if anything.
    private func process(_ input: StationInput, writes: Bool = true) -> Failure? {
        let now = max(ports.now(), lastInput)  // the core's time never runs backwards
        lastInput = now
        outputs.removeAll(keepingCapacity: true)
        machine.handle(input, at: now, into: &outputs)
        recorder?.record(input, at: now, outputs: outputs)
        return carryOut(outputs, writes: writes, at: now)
    }

    /// Everything that time brings; to be called when ``isTickDue``, and more often does no harm.
    package func tick() {
        let now = ports.now()
        lastTick = now
        retryOwed()
        if let wakeAt, wakeAt <= now {
            self.wakeAt = nil
            handle(.timer)
        }
        lookAtImage(now)
        checkClock(now)
        if now - lastHeartbeat >= Self.heartbeatInterval { publish() }
        notify(now)
    }

    /// Puts up what displays show. It is asked for at their pace, not with every input.
    private func notify(_ now: Instant) {
        guard let notices, now - lastNotice >= NoticeBoard.interval else { return }
        lastNotice = now
        if let content = machine.display(at: now) { notices.put(content) }
    }

    package var now: Instant { ports.now() }

    /// When ``tick()`` is due at the latest.
    package var nextTick: Instant {
        let poll = lastTick + (watch.isQuiet ? Self.quietPollInterval : Self.pollInterval)
        return wakeAt.map { min($0, poll) } ?? poll
    }
    package var isTickDue: Bool { nextTick <= ports.now() }

    /// Takes the energy from every EVSE and grants none from now on: before an orderly end.
    package func withdrawEnergy() {
        isWithdrawn = true
        for index in 0..<StationBounds.evses { image.evses[index].energyGranted = false }
        publish()
    }

    /// Whether the loop shows every contactor open.
    package var isDeenergised: Bool {
        var loop = LoopImage()
        guard ports.readLoop(into: &loop) else { return true }
        for index in 0..<min(Int(loop.evseCount), StationBounds.evses) {
            if loop.evses[index].outputs.contactorClosed { return false }
            for connector in 0..<StationBounds.connectorsPerEVSE
            where loop.evses[index].outputs.connectors[connector].contactorClosed { return false }
        }
        return true
    }

    // MARK: Outputs

    /// Carries out a batch in order. Its store operations are one durable step, together with those
    /// that are owed, in the place of the first: what one input changes is on disk as a whole or
    /// not at all, whenever the process dies.
    /// - Returns: why a step failed. What was to follow it was then left out, but for what makes
    ///   the station safer; the operations are owed.
    private func carryOut(
        _ outputs: [StationOutput], writes: Bool, at now: Instant
    ) -> Failure? {
        var failure: Failure?
        var isWritten = false
        var isBlocked = false
        targetsChanged = false
        for output in outputs {
            if case .store = output {
                guard !isWritten else { continue }
                isWritten = true
                failure = store(outputs, writes: writes, at: now)
                isBlocked = failure != nil || !writes
            } else if !isBlocked || isSafe(output) {
                carryOut(output, isDurable: owed.isEmpty)
            } else if case .send(let message) = output {
                failure?.unsent.append(message)
            }
        }
        if targetsChanged { publish() }
        return failure
    }

    /// Writes a batch's records, or owes them.
    private func store(_ outputs: [StationOutput], writes: Bool, at now: Instant) -> Failure? {
        let operations = outputs.compactMap { output -> StoreOperation? in
            if case .store(let operation) = output { operation } else { nil }
        }
        guard writes else {
            owed.add(operations, at: now)
            return nil
        }
        return write(operations, at: now).map { Failure(reason: $0) }
    }

    /// One durable step of what is owed and more.
    /// - Returns: why it failed; the operations are owed then.
    private func write(_ operations: [StoreOperation], at now: Instant) -> String? {
        // A reply waits for no write but the one that it promises, which came before it.
        if hasSent { ports.flush() }
        hasSent = false
        do throws(StoreFailure) {
            try ports.apply(owed.with(operations))
        } catch {
            owed.add(operations, at: now)
            return error.reason
        }
        owed.settle()
        for (evse, targets) in withheld { set(targets, of: evse) }
        withheld.removeAll()
        for (evse, order) in withheldOrders { ports.sign(order, evse: evse) }
        withheldOrders.removeAll()
        return nil
    }

    /// What may follow a write that failed: it grants nothing and tells the CSMS nothing.
    private func isSafe(_ output: StationOutput) -> Bool {
        switch output {
        // A grant waits for the records that it needs; see `carryOut`.
        case .targets, .signing, .schedules, .wake, .log, .connect, .disconnect: true
        // The core asks once only, and a restart may be what frees the disk.
        case .restart: true
        case .store, .send: false
        }
    }

    private func set(_ targets: EVSETargets, of evse: EVSEID) {
        image.evses[evse.index] = targets
        if isWithdrawn { image.evses[evse.index].energyGranted = false }
        targetsChanged = true
    }

    /// Energy is granted only with everything on disk: until then the EVSE gets the rest.
    private func take(_ targets: EVSETargets, of evse: EVSEID, isDurable: Bool) {
        guard targets.energyGranted, !isDurable else {
            withheld[evse] = nil
            return set(targets, of: evse)
        }
        withheld[evse] = targets
        var rest = targets
        rest.energyGranted = image.evses[evse.index].energyGranted
        set(rest, of: evse)
    }

    private func carryOut(_ output: StationOutput, isDurable: Bool) {
        switch output {
        case .store: break  // written as a whole, see above
        case .send(let message):
            ports.send(message)
            hasSent = true
        case .connect(let plan): ports.connect(plan)
        case .disconnect(let code, let reason): ports.disconnect(code: code, reason: reason)
        case .targets(let evse, let targets):
            take(targets, of: evse, isDurable: isDurable)
        case .signing(let evse, let order):
            // A meter forgets a record, or begins, only with everything on disk.
            if isDurable { ports.sign(order, evse: evse) } else { withheldOrders[evse] = order }
        case .schedules(let evse, let offer): ports.offer(offer, evse: evse)
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
        let isThere = ports.readLoop(into: &watch.newest)
        watchLoop(isThere ? watch.newest.at : nil, now)
        guard isThere else { return }
        recorder?.recordImage(watch.newest)
        guard isSettled(now) else { return }
        if let faults = watch.newLatchedFaults() { ports.latched(faults) }
        let news = directNews(now)
        guard watch.hasChanged() || !news.isEmpty || now - lastImageInput >= Self.imageInterval
        else { return }
        lastImageInput = now
        for evse in news {
            handle(.direct(EVSEID(index: evse), direct.vehicles[evse], direct.status[evse]))
        }
        handle(.loop(watch.newest))
    }

    /// EVSEs of direct current of which the core must hear, by zero-based index.
    private func directNews(_ now: Instant) -> [Int] {
        guard ports.readDirect(into: &direct) else { return [] }
        let count = min(Int(watch.newest.evseCount), StationBounds.evses)
        return (0..<count).filter { evse in
            // One of alternating current beside them never says anything.
            (direct.vehicles[evse].at > .zero || direct.status[evse].since > .zero)
                && directWatch.isDue(
                    direct.vehicles[evse], direct.status[evse],
                    current: watch.newest.evses[evse].status.outputCurrent, evse: evse, at: now,
                    interval: Self.imageInterval)
        }
    }

    private func isSettled(_ now: Instant) -> Bool {
        let process = watch.newest.process
        if settling?.process != process {
            // One that has run for long, as after our own restart, has settled.
            let isNew = watch.newest.cycle < 100
            settling = (process, isNew ? now + Self.settleTime : now)
        }
        return now >= settling?.until ?? now
    }

    /// What a silent loop last showed is not what is: the core must not take it for that.
    private func watchLoop(_ newest: Instant?, _ now: Instant) {
        let heard = max(newest ?? .zero, loopHeard ?? now)
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
