package import DriverKit
package import EVSEModel
internal import FieldBus

/// Tells a safety controller what the control loop wants, all of it with every period, and publishes
/// what it says.
///
/// Nothing is commanded outside a session, and a session begins with a handshake that shows that the
/// controller is alive, the board's, and of a version that is understood. A controller that was silent,
/// started anew or did not obey is given nothing before another one.
package actor SafetyController: BusDriver {
    /// Between two tries to open a port that is gone. Chosen.
    private static let retry = Milliseconds(1000)
    /// Answers with the same count of its control task's rounds, and the time that they span.
    private static let mostRepeats = 3
    private static let repeatSpan = Milliseconds(100)

    private let host: any DriverHost
    private let bus: SerialBus
    private let settings: SafetySettings

    private var port: SerialLine?
    private var opensAgainAt = Instant.zero
    private var parser = SafetyParser()
    private var sequence = UInt16.random(in: .min ... .max)
    private var session: Session?
    private var lastSession: UInt32 = 0
    private var boot: UInt32?
    private var latch: UInt16 = 0
    /// The loop's count of services when the latch was last sent back.
    private var clears: UInt32?
    private var mustClear = false
    /// Why it is none that this board can use; `nil` where nothing speaks against it.
    private var wrong: String?
    private var lastLook: Instant?
    /// What it did against the rules; nothing is permitted before the vehicle has left.
    private var offence: String?
    private var residualCurrent = SafetyState.ResidualCurrent.none
    private var isEnding = false
    private var replyTimes = [Int64]()

    private var pulse = Pulse()

    private struct Session {
        let id: UInt32
        var judge: SafetyJudge
        /// It has told a state that lives; before that nothing is permitted.
        var isProven = false
    }
    /// Its control task's count of rounds, which goes on from session to session.
    private struct Pulse {
        var cycle: UInt16?
        var since = Instant.zero
        var repeats = 0
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    package init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        guard let bus = host.bus as? SerialBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no serial bus",
                remedy: "Name a bus of kind serial.")
        }
        self.host = host
        self.bus = bus
        settings = SafetySettings(configuration)
    }

    // MARK: Lifecycle

    /// Makes the first handshake.
    ///
    /// - Throws: `wrong-device` for a controller that this board cannot use. A silent one is not an
    ///   error here.
    package func configure() async throws(DriverError) {
        lastLook = host.now()
        isEnding = false
        do throws(FieldBusError) {
            if session == nil { try begin() }
        } catch {
            failed(error, at: host.now())
            host.log(.warning, "safety controller does not answer yet", ["reason": error.what])
        }
        if let wrongDevice { throw wrongDevice }
    }

    package func activate() async throws(DriverError) {}

    package func poll() async -> Milliseconds {
        let start = host.now()
        lastLook = lastLook ?? start
        if port != nil || start >= opensAgainAt {
            do throws(FieldBusError) {
                try work()
            } catch {
                failed(error, at: start)
            }
        }
        judgeAge()
        return max(Milliseconds(1), start + settings.period - host.now())
    }

    /// Opens the contactor.
    package func deactivate() async {
        isEnding = true
        guard session != nil, wrong == nil else { return }
        // Nobody polls any more; whatever goes wrong here, silence ends what the controller does.
        for attempt in 1...3 {
            do throws(FieldBusError) {
                if let state = try tell(.open), !state.isCoilOn, state.offered == .zero { return }
            } catch {
                host.log(
                    .warning, "safety controller was not stopped",
                    ["reason": error.what, "attempt": "\(attempt)"])
            }
        }
    }

    package func cleanup() async {
        port = nil
        parser.removeAll()
        session = nil
        lastLook = nil
        wrong = nil
        offence = nil
        opensAgainAt = .zero
    }

    // MARK: One round

    private func work() throws(FieldBusError) {
        serveLatch()
        if session == nil { try begin() }
        guard let session, wrong == nil else { return }
        var command = offence == nil ? SafetyCommand(wish) : .open
        if command.permission == .permit, !session.isProven { command = SafetyCommand(.end) }
        guard let state = try tell(command) else { return }
        take(state, command)
    }

    /// A loop that says nothing any more wants nothing offered: it starts so, too.
    private var wish: ControllerCommand {
        let wish = host.command
        let isFresh = host.now() - wish.at <= ControllerCommand.maximumAge
        return isFresh && !isEnding ? wish : ControllerCommand()
    }

    /// Service cleared latched faults: the controller's end with the next handshake.
    private func serveLatch() {
        let count = host.command.clears
        defer { clears = count }
        guard let count, let clears, count != clears else { return }
        offence = nil
        guard latch != 0 else { return }
        mustClear = true
        session = nil
    }

    private func take(_ state: SafetyState, _ command: SafetyCommand) {
        let now = host.now()
        guard var session else { return }
        latch = state.latch
        let found = session.judge.judge(state, command: command, at: now)
        let isWelded = session.judge.isWelded
        session.isProven = true
        self.session = session
        if let found { offend(found) }
        // Only without the vehicle whose session it spoilt, and with nothing left of what it did.
        if offence != nil, found == nil, state.pilot == .a, !state.isClosed { offence = nil }
        var sample = state.sample(at: now, readsProximity: settings.readsProximity)
        if isWelded { sample.faults.raise(.contactorWelded) }
        if offence != nil { sample.faults.raise(.controllerDisobeys) }
        host.publish(sample)
        lastLook = now
        host.fault(.controllerLost, holds: false, "")
        host.fault(.controllerDisobeys, holds: offence != nil, offence ?? "")
        tellResidualCurrent(state)
    }

    private func offend(_ what: String) {
        if offence == nil {
            host.log(.error, "safety controller does not obey", ["what": what])
        }
        offence = what
        // The next round begins anew; until then it is told to open.
        session = nil
        _ = try? tell(.open)
    }

    private func tellResidualCurrent(_ state: SafetyState) {
        let isTripped = [.trippedByAC, .trippedByDC].contains(state.residualCurrent)
        host.fault(.residualCurrentTrip, holds: isTripped, state.residualCurrentText)
        defer { residualCurrent = state.residualCurrent }
        guard state.residualCurrent != residualCurrent,
            isTripped || state.residualCurrent == .failed
        else { return }
        host.log(.warning, "residual current", ["state": state.residualCurrentText])
    }

    private func failed(_ error: FieldBusError, at now: Instant) {
        host.log(
            .debug, "exchange with the safety controller failed",
            ["code": error.code.rawValue, "reason": error.what])
        why = error.what
        guard error.code != .noReply else { return }
        port = nil
        parser.removeAll()
        opensAgainAt = now + Self.retry
    }
    private var why = "nobody answered"

    private func judgeAge() {
        guard let lastLook else { return }
        let age = host.now() - lastLook
        guard age > settings.maximumAge else { return }
        if session != nil { host.log(.warning, "safety controller is silent", ["reason": why]) }
        session = nil
        host.fault(.controllerLost, holds: true, "no word for \(age): \(wrong ?? why)")
    }

    // MARK: Handshake

    /// HELLO and SETUP; a session where both were answered as this board needs it.
    private func begin() throws(FieldBusError) {
        session = nil
        wrong = nil
        if port == nil {
            port = try SerialLine(bus)
            parser.removeAll()
        }
        var id = UInt32.random(in: 1 ... .max)
        if id == lastSession { id = id == .max ? 1 : id + 1 }
        lastSession = id
        let hello = try exchange(.hello, SafetyVersion.own.payload, in: id)
        guard hello.kind == .identity, let identity = SafetyIdentity(hello.payload) else {
            throw unreadable("HELLO", hello)
        }
        if let fault = settings.objection(to: identity) {
            wrong = fault
            return
        }
        let setup = settings.setup(for: identity, cleared: mustClear ? identity.latch : 0)
        let answer = try exchange(.setup, setup.payload, in: id)
        guard answer.kind == .accept, let acceptance = SafetyAcceptance(answer.payload) else {
            throw unreadable("SETUP", answer)
        }
        guard acceptance.boot == identity.boot, acceptance.silenceLimit == setup.silenceLimit,
            acceptance.flags == setup.flags, acceptance.limit <= setup.limit
        else {
            wrong = "does not take its settings, but \(acceptance)"
            return
        }
        note(identity, acceptance)
        session = Session(id: id, judge: SafetyJudge(wantsSelfTest: settings.wantsResidualCurrent))
    }

    private func note(_ identity: SafetyIdentity, _ acceptance: SafetyAcceptance) {
        if boot != identity.boot { pulse = Pulse() }
        if let boot, boot != identity.boot {
            host.log(.warning, "safety controller started anew", ["boot": "\(identity.boot)"])
        }
        if mustClear {
            host.log(.info, "latched faults of the safety controller are cleared", [:])
        }
        boot = identity.boot
        latch = acceptance.latch
        mustClear = false
        host.log(
            .info, "safety controller begins a session",
            [
                "identity": identity.text, "limit": "\(acceptance.limit)",
                "boot": "\(identity.boot)",
            ])
    }

    private func unreadable(_ name: String, _ packet: SafetyPacket) -> FieldBusError {
        let refusal = packet.kind == .refusal ? SafetyRefusal(packet.payload) : nil
        return noReply(
            refusal.map { "refuses \(name): \($0.text)" }
                ?? "answers \(name) with what is no answer")
    }

    // MARK: Exchanges

    /// Sends a command; `nil` where the controller knows of no session any more.
    private func tell(_ command: SafetyCommand) throws(FieldBusError) -> SafetyState? {
        guard let id = session?.id ?? (lastSession == 0 ? nil : lastSession) else { return nil }
        let answer = try exchange(.command, command.payload, in: id)
        if answer.kind == .refusal {
            let text = SafetyRefusal(answer.payload)?.text ?? "for no reason"
            host.log(.warning, "safety controller refuses a command", ["reason": text])
            why = "refuses a command: \(text)"
            session = nil
            return nil
        }
        guard answer.kind == .state, let state = SafetyState(answer.payload) else {
            throw noReply("tells a state that is none")
        }
        guard lives(state) else { throw noReply("its control task stands still") }
        return state
    }

    /// The task that works pilot and contactor has gone on since the last answers.
    private func lives(_ state: SafetyState) -> Bool {
        let now = host.now()
        if pulse.cycle == state.cycle {
            pulse.repeats += 1
        } else {
            pulse = Pulse(cycle: state.cycle, since: now)
        }
        return pulse.repeats < Self.mostRepeats || now - pulse.since < Self.repeatSpan
    }

    /// Sends a frame and waits for the answer to this very frame; late answers to others are dropped.
    private func exchange(
        _ kind: SafetyPacket.Kind, _ payload: [UInt8], in session: UInt32,
        within timeout: Milliseconds? = nil
    ) throws(FieldBusError) -> SafetyPacket {
        guard let port else { throw noReply("port is closed") }
        let timeout = timeout ?? settings.replyTimeout
        sequence &+= 1
        let packet = SafetyPacket(kind, sequence: sequence, session: session, payload)
        let start = MonotonicClock.now()
        let end = start + timeout
        try port.send(packet.frame, until: end)
        while MonotonicClock.now() < end {
            parser.append(try port.receive(until: end))
            while let answer = parser.next() {
                guard answer.sequence == sequence, answer.session == session,
                    answer.kind == .refusal || answer.kind.rawValue == kind.rawValue | 0x80
                else { continue }
                let took = MonotonicClock.now().nanoseconds - start.nanoseconds
                replyTimes = replyTimes.suffix(9) + [took / 1000]
                return answer
            }
        }
        throw noReply("no answer within \(timeout)")
    }

    private func noReply(_ what: String) -> FieldBusError {
        FieldBusError(
            .noReply, bus: bus.name, "safety controller on \(bus.serial.path): \(what)",
            remedy: "Check its supply, TX, RX and the baud rate.")
    }

    private var wrongDevice: DriverError? {
        wrong.map {
            DriverError(
                .wrongDevice, device: host.device,
                "safety controller on \(bus.serial.path) \($0)",
                remedy: "Fit the controller that the board file describes, or correct the file.")
        }
    }

    // MARK: Probe

    /// Begins a session, in which nothing is permitted: a contactor that is closed opens.
    package func probe() async throws(DriverError) -> ProbeReport {
        do throws(FieldBusError) {
            if port == nil { port = try SerialLine(bus) }
            let id = UInt32.random(in: 1 ... .max)
            let hello = try exchange(.hello, SafetyVersion.own.payload, in: id, within: patience)
            guard let identity = SafetyIdentity(hello.payload) else {
                throw unreadable("HELLO", hello)
            }
            var report = ProbeReport(
                identity: "safety controller on \(bus.serial.path), \(identity.text)")
            if let fault = settings.objection(to: identity) {
                report.values.append(.init(name: "problem", text: fault))
            } else {
                report.values = try look(identity, id)
            }
            report.replyTimes = replyTimes
            return report
        } catch {
            throw DriverError(error, device: host.device)
        }
    }

    /// Nothing hurries here, and whoever asks wants to know why the answers are late.
    private var patience: Milliseconds { max(settings.replyTimeout, .seconds(1)) }

    private func look(
        _ identity: SafetyIdentity, _ id: UInt32
    ) throws(FieldBusError) -> [ProbeReport.Value] {
        let setup = settings.setup(for: identity, cleared: 0)
        _ = try exchange(.setup, setup.payload, in: id, within: patience)
        let open = SafetyCommand.open.payload
        let answer = try exchange(.command, open, in: id, within: patience)
        guard let state = SafetyState(answer.payload) else { throw unreadable("COMMAND", answer) }
        return identity.values + state.values
    }
}
