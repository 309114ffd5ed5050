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
    private let bus: SerialBus
    private let helperProgram: String?
    private let period: Milliseconds
    private let acceptsRandom: Bool
    private let kind: PresentedToken.Kind

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
        bus.thread.asUnownedSerialExecutor()
    }

    /// - Parameter program: the helper; `nil`: looked up at each start.
    package init(
        _ configuration: Configuration, host: any DriverHost, helper program: String? = nil
    ) throws(DriverError) {
        guard let bus = host.bus as? SerialBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no serial bus",
                remedy: "Name a bus of kind serial.")
        }
        // libnfc's connection string is separated by colons.
        guard !bus.serial.path.contains(":") else {
            throw DriverError(
                .configuration, device: host.device,
                "port \(bus.serial.path) has a colon, which libnfc cannot take",
                remedy: "Make a symbolic link without one, and name that.")
        }
        self.host = host
        self.bus = bus
        helperProgram = program
        period = configuration.quantity("poll-period")
        acceptsRandom = configuration.flag("accept-random-uids")
        kind = PresentedToken.Kind(rawValue: configuration.text("token-type")) ?? .iso14443
        cards = CardTracker(pause: configuration.quantity("same-card-pause"))
    }

    // MARK: Lifecycle

    /// Finds the helper. A reader that does not answer yet is not an error here.
    ///
    /// - Throws: `not-found` where there is no helper program.
    package func configure() async throws(DriverError) {
        guard locateHelper(helperProgram) != nil else { throw noHelper }
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
        case .card(let identifier, _, _):
            answered()
            present(identifier)
        case .none, .error(code: "radio", _):
            answered()
            _ = cards.look(nil, at: host.now())
        case .error(let code, let text):
            failures += 1
            // An unplugged port fails for ever; only opening it again helps.
            if code == "io" || failures >= Self.failuresToRestart { drop() }
            throw DriverError(
                code == "timeout" ? .noReply : .inputOutput, device: host.device,
                "reader on \(bus.serial.path) fails: \(text)",
                remedy: "Check the reader's plug and supply; it is tried again by itself.")
        case .ready:
            drop()
            throw DriverError(
                .badReply, device: host.device, "the reader's helper answers out of turn",
                remedy: "Install the forecourt-nfc of this version.")
        }
    }

    private func present(_ identifier: String) {
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
                .noReply, device: host.device, "reader on \(bus.serial.path) is being reopened",
                remedy: "Check its plug and supply.")
        }
        // At once after a first death, then 0.25 s, doubling to 2 s.
        let wait = starts == 0 ? 0 : min(2000, 125 << min(starts, 5))
        starts += 1
        defer { startsAgainAt = host.now() + Milliseconds(Int64(wait)) }
        guard let path = locateHelper(helperProgram) else { throw noHelper }
        do throws(FieldBusError) {
            // Taken anew at each opening: a link may point to another port by now.
            lock = nil
            lock = try PortLock.take(path: bus.serial.path, bus: bus.name)
        } catch {
            throw DriverError(error, device: host.device)
        }
        do throws(HelperFailure) {
            let connection = "pn532_uart:\(bus.serial.path):\(bus.serial.baud)"
            let helper = try HelperProcess(
                path: path, arguments: [connection], lock: lock, wire: wire)
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
        guard let tap = bus.tap else { return nil }
        let name = bus.name
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
        case .died(let why): what = "the reader's helper gave up on \(bus.serial.path): \(why)"
        case .stalled: what = "no answer from the reader on \(bus.serial.path) in time"
        case .garbage: what = "the reader's helper says what it should not"
        }
        return DriverError(
            failure == .stalled ? .noReply : .inputOutput, device: host.device, what,
            remedy:
                "Check the reader's plug, supply and switches (HSU); it is tried again by itself.")
    }

    private var noHelper: DriverError {
        DriverError(
            .notFound, device: host.device, "the helper program forecourt-nfc is missing",
            remedy: "Install it beside forecourt, or name it in FORECOURT_NFC_HELPER.")
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        startsAgainAt = .zero
        let helper = try opened(at: host.now())
        var report = ProbeReport(
            identity: "\(readerName) on \(bus.serial.path), \(bus.serial.baud) baud")
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
        case .card(let identifier, let acknowledge, let answer):
            .init(
                name: "card",
                text:
                    "UID \(identifier)\(isRandomUID(identifier) ? ", random" : ""), SAK \(acknowledge), ATQA \(answer)",
                raw: identifier)
        case .none: .init(name: "card", text: "none")
        case .error(let code, let text): .init(name: "card", text: "\(code): \(text)")
        case .ready: .init(name: "card", text: "answer out of turn")
        }
    }
}
