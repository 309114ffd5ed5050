package import DriverKit
package import EVSEModel
internal import FieldBus

/// Looks for cards through the helper process, and starts that anew whenever it dies, stalls or
/// reports a reader that no longer answers.
///
/// A reader that sees no card is healthy: every look is an exchange with the chip. Without one good
/// exchange for ``lostAfter`` it is a fault (`readerLost`), which ends with the next one.
package actor NFCReader: BusDriver {
    /// Chosen: a single lost exchange and a restart of the helper stay below it; with the longest
    /// start-up a dead reader is reported within 5 s.
    package static let lostAfter = Milliseconds(1500)
    /// Deadline of one command; libnfc's own is 350 ms.
    private static let commandDeadline = Milliseconds(1000)
    private static let openDeadline = Milliseconds(2500)
    private static let failuresToRestart = 3

    private let host: any DriverHost
    private let source: ReaderHelper
    private let helperProgram: String?
    private let period: Milliseconds
    private let acceptsRandom: Bool
    /// What the board calls its tokens; `nil`: as each card says.
    private let kind: PresentedToken.Kind?

    private var cards: CardTracker
    private var lock: PortLock?
    private var helper: HelperProcess?
    private var readerName = ""
    private var startsAgainAt = Instant.zero
    private var starts = 0
    private var failures = 0
    /// The last good exchange, or the start of waiting for the first one.
    private var lastGood: Instant?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        source.thread.asUnownedSerialExecutor()
    }

    /// A PN532 on the serial bus of `host`.
    ///
    /// - Parameter program: the helper; `nil`: looked up at each start.
    package init(
        _ configuration: Configuration, host: any DriverHost, helper program: String? = nil
    ) throws(DriverError) {
        self.init(
            configuration, host: host, source: try ReaderHelper.nfc(host), helper: program)
    }

    init(
        _ configuration: Configuration, host: any DriverHost, source: ReaderHelper,
        helper program: String? = nil
    ) {
        self.host = host
        self.source = source
        helperProgram = program
        period = configuration.quantity("poll-period")
        acceptsRandom = configuration.flag("accept-random-uids")
        kind = PresentedToken.Kind(rawValue: configuration.text("token-type"))
        cards = CardTracker(pause: configuration.quantity("same-card-pause"))
    }

    // MARK: Lifecycle

    /// Finds the helper. A reader that does not answer yet is not an error here.
    ///
    /// - Throws: `not-found` where there is no helper program.
    package func configure() async throws(DriverError) {
        guard helperPath != nil else { throw noHelper }
        lastGood = host.now()
    }

    package func activate() async throws(DriverError) {}

    package func poll() async -> Milliseconds {
        let start = host.now()
        lastGood = lastGood ?? start
        do throws(DriverError) {
            let helper = try opened(at: start)
            try look(helper)
        } catch {
            judgeAge(error)
            if helper == nil { return max(Milliseconds(50), startsAgainAt - host.now()) }
        }
        return max(Milliseconds(10), start + period - host.now())
    }

    package func deactivate() async {}

    package func cleanup() async {
        helper = nil
        lock = nil
        lastGood = nil
        cards.forget()
    }

    // MARK: Looking

    private func look(_ helper: HelperProcess) throws(DriverError) {
        switch try ask(helper, "select") {
        case .card(let identifier, let type, _):
            answered()
            present(identifier, kind ?? (type == "V" ? .iso15693 : .iso14443))
        // A card that moved, or one that has no UID to give: the reader is well.
        case .none, .error(code: "radio", _), .error(code: "card", _), .error(code: "busy", _):
            answered()
            _ = cards.look(nil, at: host.now())
        case .error(let code, let text):
            failures += 1
            // An unplugged port fails for ever; only opening it again helps.
            if code == "io" || failures >= Self.failuresToRestart { drop() }
            throw DriverError(
                code == "timeout" ? .noReply : .inputOutput, device: host.device,
                "reader on \(source.place) fails: \(text)",
                remedy: "Check the reader's plug and supply; it is tried again by itself.")
        case .ready:
            drop()
            throw DriverError(
                .badReply, device: host.device, "the reader's helper answers out of turn",
                remedy: "Install the \(source.program) of this version.")
        }
    }

    private func present(_ identifier: String, _ kind: PresentedToken.Kind) {
        let now = host.now()
        guard cards.look(identifier, at: now) else { return }
        guard acceptsRandom || !isRandomUID(identifier) else {
            host.log(.info, "card with a random UID refused", [:])
            return
        }
        host.publish(PresentedToken(text: identifier, kind: kind, at: now))
    }

    private func answered() {
        failures = 0
        starts = 0
        lastGood = host.now()
        host.fault(.readerLost, holds: false, "")
    }

    private func judgeAge(_ error: DriverError) {
        host.log(
            .debug, "reader failed", ["code": error.code.rawValue, "reason": error.what])
        guard let lastGood, host.now() - lastGood > Self.lostAfter else { return }
        cards.forget()
        host.fault(.readerLost, holds: true, error.what)
    }

    // MARK: The helper

    private func opened(at now: Instant) throws(DriverError) -> HelperProcess {
        if let helper { return helper }
        guard now >= startsAgainAt else {
            throw DriverError(
                .noReply, device: host.device, "reader on \(source.place) is being reopened",
                remedy: "Check its plug and supply.")
        }
        // At once after a first death, then 0.25 s, doubling to 2 s.
        let wait = starts == 0 ? 0 : min(2000, 125 << min(starts, 5))
        starts += 1
        defer { startsAgainAt = host.now() + Milliseconds(Int64(wait)) }
        guard let path = helperPath else { throw noHelper }
        do throws(FieldBusError) {
            // Taken anew at each opening: a link may point to another port by now.
            lock = nil
            if let locked = source.lockedPath {
                lock = try PortLock.take(path: locked, bus: source.bus)
            }
        } catch {
            throw DriverError(error, device: host.device)
        }
        do throws(HelperFailure) {
            let helper = try HelperProcess(
                path: path, arguments: source.arguments, lock: lock, wire: wire)
            let greeting = try helper.reply(deadline: Self.openDeadline)
            guard case .ready(let name) = greeting else {
                if case .error(_, let text) = greeting { throw .died(text) }
                throw .garbage("no greeting")
            }
            readerName = name
            self.helper = helper
            failures = 0
            return helper
        } catch {
            throw describe(error)
        }
    }

    /// Reports the wire's bytes where somebody taps this bus.
    private var wire: ((WireEvent.Direction, [UInt8]) -> Void)? {
        guard let tap = source.tap else { return nil }
        let name = source.bus
        return { direction, bytes in
            tap(WireEvent(bus: name, at: MonotonicClock.now(), direction: direction, bytes: bytes))
        }
    }

    private func ask(_ helper: HelperProcess, _ command: String) throws(DriverError) -> HelperReply
    {
        do throws(HelperFailure) {
            return try helper.ask(command, deadline: Self.commandDeadline)
        } catch {
            drop()
            throw describe(error)
        }
    }

    /// Ends the helper; the next poll starts another.
    private func drop() {
        helper = nil
        failures = 0
    }

    private func describe(_ failure: HelperFailure) -> DriverError {
        let what: String
        switch failure {
        case .cannotStart(let why): what = "the reader's helper cannot start: \(why)"
        case .died(let why): what = "the reader's helper gave up on \(source.place): \(why)"
        case .stalled: what = "no answer from the reader on \(source.place) in time"
        case .garbage: what = "the reader's helper says what it should not"
        }
        return DriverError(
            failure == .stalled ? .noReply : .inputOutput, device: host.device, what,
            remedy: source.remedy)
    }

    private var helperPath: String? {
        locateHelper(helperProgram, program: source.program, variable: source.variable)
    }

    private var noHelper: DriverError {
        DriverError(
            .notFound, device: host.device, "the helper program \(source.program) is missing",
            remedy: "Install it beside forecourt, or name it in \(source.variable).")
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        startsAgainAt = .zero
        let helper = try opened(at: host.now())
        var report = ProbeReport(
            identity: "\(readerName) on \(source.place)")
        for _ in 0..<3 {
            let start = MonotonicClock.now()
            let reply = try ask(helper, "select")
            report.replyTimes.append(
                (MonotonicClock.now().nanoseconds - start.nanoseconds) / 1000)
            report.values = [value(of: reply)]
            if case .card = reply { break }
        }
        return report
    }

    private func value(of reply: HelperReply) -> ProbeReport.Value {
        switch reply {
        case .card(let identifier, let type, let answer):
            .init(
                name: "card",
                text:
                    "UID \(identifier)\(isRandomUID(identifier) ? ", random" : ""), "
                    + (source.lockedPath == nil
                        ? "kind \(type), ATR \(answer)" : "SAK \(type), ATQA \(answer)"),
                raw: identifier)
        case .none: .init(name: "card", text: "none")
        case .error(let code, let text): .init(name: "card", text: "\(code): \(text)")
        case .ready: .init(name: "card", text: "answer out of turn")
        }
    }
}
