package import DriverKit
package import EVSEModel
internal import FieldBus
internal import FramedSerial

/// Tells a safety controller what the control loop wants, all of it with every period, and publishes
/// what it says.
///
/// Nothing is commanded outside a session, and a session begins with a handshake that shows that the
/// controller is alive, the board's, and of a version that is understood. A controller that was silent,
/// started anew or did not obey is given nothing before another one.
///
/// Knows no thread and no port: whoever made it calls it, one call at a time, and gives it the wire.
package final class SafetyCourse {
    /// Between two tries to open a port that is gone. Chosen.
    private static let retry = Milliseconds(1000)

    private let host: any DriverHost
    private let settings: SafetySettings
    private var link: FramedLink

    private var opensAgainAt = Instant.zero
    private var session: Session?
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
    /// Of its control task, whose count goes on from session to session.
    private var pulse = FramedPulse()

    private struct Session {
        let id: UInt32
        var judge: SafetyJudge
        /// It has told a state that lives; before that nothing is permitted.
        var isProven = false
    }

    package init(
        _ configuration: Configuration, host: any DriverHost, on wire: any SafetyWire,
        draw: @escaping () -> UInt32 = { UInt32.random(in: .min ... .max) }
    ) {
        self.host = host
        settings = SafetySettings(configuration)
        link = FramedLink(
            wire, to: "safety controller", longestPayload: SafetyPacket.longestPayload,
            replyTimeout: settings.replyTimeout, draw: draw)
    }

    /// Silence after which the controller ends by itself, and time between two commands.
    package var silenceLimit: Milliseconds { settings.silenceLimit }
    package var period: Milliseconds { settings.period }
    /// A session in which the last command was answered by a state that lives.
    package var isInSession: Bool {
        session?.isProven == true && offence == nil && unanswered == 0
    }

    // MARK: Lifecycle

    /// Makes the first handshake.
    ///
    /// - Throws: `wrong-device` for a controller that this board cannot use. A silent one is not an
    ///   error here.
    package func configure() throws(DriverError) {
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

    /// - Returns: the time until it wants to be called again.
    package func poll() -> Milliseconds {
        let start = host.now()
        lastLook = lastLook ?? start
        if link.wire.isOpen || start >= opensAgainAt {
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
    package func deactivate() {
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

    package func cleanup() {
        link.close()
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
        unanswered = 0
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
        unanswered += 1
        guard error.code != .noReply else { return }
        link.close()
        opensAgainAt = now + Self.retry
    }
    private var why = "nobody answered"
    /// Rounds since it last told a state.
    private var unanswered = 0

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
        try link.open()
        let id = link.newSession()
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
        if boot != identity.boot { pulse = FramedPulse() }
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
        return link.noReply(
            refusal.map { "refuses \(name): \($0.text)" }
                ?? "answers \(name) with what is no answer")
    }

    // MARK: Exchanges

    /// Sends a command; `nil` where the controller knows of no session any more.
    private func tell(_ command: SafetyCommand) throws(FieldBusError) -> SafetyState? {
        guard let id = session?.id ?? (link.lastSession == 0 ? nil : link.lastSession) else {
            return nil
        }
        let answer = try exchange(.command, command.payload, in: id)
        if answer.kind == .refusal {
            let text = SafetyRefusal(answer.payload)?.text ?? "for no reason"
            host.log(.warning, "safety controller refuses a command", ["reason": text])
            why = "refuses a command: \(text)"
            session = nil
            return nil
        }
        guard answer.kind == .state, let state = SafetyState(answer.payload) else {
            throw link.noReply("tells a state that is none")
        }
        guard pulse.lives(state.cycle, at: host.now()) else {
            throw link.noReply("its control task stands still")
        }
        return state
    }

    private func exchange(
        _ kind: SafetyPacket.Kind, _ payload: [UInt8], in session: UInt32,
        within timeout: Milliseconds? = nil
    ) throws(FieldBusError) -> SafetyPacket {
        let found = try link.exchange(kind.rawValue, payload, in: session, within: timeout)
        guard let answer = SafetyPacket(found) else {
            throw link.noReply("answers with what is no answer")
        }
        return answer
    }

    private var wrongDevice: DriverError? {
        wrong.map {
            DriverError(
                .wrongDevice, device: host.device,
                "safety controller on \(link.wire.place) \($0)",
                remedy: "Fit the controller that the board file describes, or correct the file.")
        }
    }

    // MARK: Probe

    /// Begins a session, in which nothing is permitted: a contactor that is closed opens.
    package func probe() throws(DriverError) -> ProbeReport {
        do throws(FieldBusError) {
            try link.open()
            let id = link.newSession()
            let hello = try exchange(.hello, SafetyVersion.own.payload, in: id, within: patience)
            guard let identity = SafetyIdentity(hello.payload) else {
                throw unreadable("HELLO", hello)
            }
            var report = ProbeReport(
                identity: "safety controller on \(link.wire.place), \(identity.text)")
            if let fault = settings.objection(to: identity) {
                report.values.append(.init(name: "problem", text: fault))
            } else {
                report.values = try look(identity, id)
            }
            report.replyTimes = link.replyTimes
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
