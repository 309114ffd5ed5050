package import DriverKit
package import EVSEModel
internal import FieldBus
package import FramedSerial

/// Tells an SECC module with every period what its vehicle shall be told, and publishes what it says.
///
/// Commands exist only in a session of the line, which begins with a handshake that shows that the module
/// is alive, the board's, and of a version that is understood. After silence or a restart of either end
/// there is another one.
///
/// Knows no thread and no port: whoever made it calls it, one call at a time, and gives it the wire.
package final class SECCCourse {
    /// Between two tries to open a port that is gone. Chosen.
    private static let retry = Milliseconds(1000)

    let host: any DriverHost
    private let settings: SECCSettings
    var link: SECCLink
    var schedules = SECCScheduleCourse()
    /// What the module may do in this session of the line.
    var allowed: SECCAbilities = []
    private var isEnding = false
    /// Of the line; `nil` before a handshake.
    private var session: UInt32?
    private var boot: UInt32?
    private var count = SessionCount()
    private var pulse = FramedPulse()
    private var opensAgainAt = Instant.zero
    private var lastLook: Instant?
    /// Why it is none that this board can use; `nil` where nothing speaks against it.
    private var wrong: String?
    private var why = "nobody answered"
    private var told = Told()

    /// What was logged last, so that it is logged once.
    private struct Told: Hashable {
        var faults = SECCFaults()
        var vehicleError: UInt16?
    }

    package init(
        _ configuration: Configuration, host: any DriverHost, on wire: any FramedWire,
        draw: @escaping () -> UInt32 = { UInt32.random(in: .min ... .max) }
    ) {
        self.host = host
        settings = SECCSettings(configuration)
        link = SECCLink(wire, replyTimeout: settings.replyTimeout, draw: draw)
    }

    /// The last command was answered by a report that lives.
    package var isInSession: Bool { session != nil }

    // MARK: Lifecycle

    /// Makes the first handshake.
    ///
    /// - Throws: `wrong-device` for a module that this board cannot use. A silent one is not an error here.
    package func configure() throws(DriverError) {
        lastLook = host.now()
        isEnding = false
        do throws(FieldBusError) {
            if session == nil { try begin() }
        } catch {
            failed(error, at: host.now())
            host.log(.warning, "SECC module does not answer yet", ["reason": error.what])
        }
        guard let wrong else { return }
        throw DriverError(
            .wrongDevice, device: host.device, "SECC module on \(link.wire.place) \(wrong)",
            remedy: "Fit the module that the board file describes, or correct the file.")
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

    /// Ends the vehicle's session in order.
    package func deactivate() {
        isEnding = true
        guard let session, wrong == nil else { return }
        // Nobody polls any more; whatever goes wrong here, silence ends the session.
        for attempt in 1...3 {
            do throws(FieldBusError) {
                if try tell(.ending, in: session) != nil { return }
            } catch {
                host.log(
                    .warning, "SECC module was not stopped",
                    ["reason": error.what, "attempt": "\(attempt)"])
            }
        }
    }

    package func cleanup() {
        link.close()
        session = nil
        lastLook = nil
        wrong = nil
        opensAgainAt = .zero
    }

    // MARK: One round

    private func work() throws(FieldBusError) {
        if session == nil { try begin() }
        guard let session, wrong == nil else { return }
        guard let report = try tell(wish, in: session) else { return }
        let number = take(report)
        try carrySchedules(report, session: number, in: session)
    }

    /// A loop that says nothing any more opens its contactors: the vehicle shall do so, too.
    private var wish: VehicleCommand {
        if isEnding { return .ending }
        let wish = host.vehicleCommand
        let isFresh = wish.at > .zero && host.now() - wish.at <= VehicleCommand.maximumAge
        return isFresh ? wish : .lost
    }

    /// - Returns: the number of the vehicle's session, as the station counts.
    private func take(_ report: SECCReport) -> UInt32 {
        let now = host.now()
        let number = count.number(of: report.session, boot: boot ?? 0)
        host.publish(report.sample(heardAt: now, session: number))
        lastLook = now
        let serious = report.faults.serious
        host.fault(.vehicleCommunication, holds: !serious.isEmpty, "module: \(serious.text)")
        log(report)
        return number
    }

    private func log(_ report: SECCReport) {
        let now = Told(faults: report.faults, vehicleError: report.vehicleError)
        guard now != told else { return }
        if now.faults != told.faults, !now.faults.isEmpty {
            host.log(.warning, "SECC module reports faults", ["faults": now.faults.text])
        }
        if let error = now.vehicleError, error != told.vehicleError {
            host.log(
                .warning, "vehicle reports an error",
                ["protocol": "\(report.protocolUsed)", "code": "\(error)"])
        }
        told = now
    }

    private func failed(_ error: FieldBusError, at now: Instant) {
        host.log(
            .debug, "exchange with the SECC module failed",
            ["code": error.code.rawValue, "reason": error.what])
        why = error.what
        guard error.code != .noReply else { return }
        link.close()
        opensAgainAt = now + Self.retry
    }

    private func judgeAge() {
        guard let lastLook else { return }
        let age = host.now() - lastLook
        guard age > settings.maximumAge else { return }
        if session != nil { host.log(.warning, "SECC module is silent", ["reason": why]) }
        session = nil
        host.fault(.vehicleCommunication, holds: true, "no word for \(age): \(wrong ?? why)")
    }

    // MARK: Handshake

    /// HELLO and SETUP; a session where both were answered as this board needs it.
    private func begin() throws(FieldBusError) {
        session = nil
        wrong = nil
        try link.open()
        let id = link.newSession()
        let identity = try identify(in: id)
        if let objection = settings.objection(to: identity) {
            wrong = objection
            return
        }
        let setup = settings.setup(for: identity)
        let answer = try link.exchange(.setup, setup.payload, in: id)
        guard let accepted = SECCAcceptance(answer.payload), answer.kind == .accept else {
            throw link.unreadable("SETUP", answer)
        }
        if let objection = settings.objection(to: accepted, asked: setup) {
            wrong = objection
            return
        }
        if let boot, boot != identity.boot {
            host.log(.warning, "SECC module started anew", ["boot": "\(identity.boot)"])
        }
        boot = identity.boot
        pulse = FramedPulse()
        session = id
        allowed = accepted.allowed
        schedules.begin()
        host.log(
            .info, "SECC module begins a session",
            ["identity": identity.text, "allowed": accepted.allowed.text])
    }

    private func identify(
        in id: UInt32, within timeout: Milliseconds? = nil
    ) throws(FieldBusError) -> SECCIdentity {
        let hello = try link.exchange(.hello, SECCVersion.own.payload, in: id, within: timeout)
        guard let identity = SECCIdentity(hello.payload), hello.kind == .identity else {
            throw link.unreadable("HELLO", hello)
        }
        return identity
    }

    // MARK: Commands

    /// Sends a command; `nil` where the module knows of no session any more.
    private func tell(
        _ wish: VehicleCommand, in id: UInt32, within timeout: Milliseconds? = nil
    ) throws(FieldBusError) -> SECCReport? {
        let command = SECCCommand(wish)
        let answer = try link.exchange(.command, command.payload, in: id, within: timeout)
        if answer.kind == .refusal {
            let text = SECCRefusal(answer.payload)?.text ?? "for no reason"
            host.log(.warning, "SECC module refuses a command", ["reason": text])
            why = "refuses a command: \(text)"
            session = nil
            return nil
        }
        guard answer.kind == .report, let report = SECCReport(answer.payload) else {
            throw link.noReply("tells what is no report")
        }
        guard report.echo == command.echo else {
            throw link.noReply("says that it was told something else")
        }
        guard report.connector < settings.connectors else {
            throw link.noReply("tells of connector \(report.connector), which the board has not")
        }
        guard pulse.lives(report.cycle, at: host.now()) else {
            throw link.noReply("its protocol's task stands still")
        }
        return report
    }

    // MARK: Probe

    /// Begins a session of the line and tells the module to stop: a vehicle that charges ends.
    package func probe() throws(DriverError) -> ProbeReport {
        // Nothing hurries here, and whoever asks wants to know why the answers are late.
        let patience = max(settings.replyTimeout, Milliseconds.seconds(1))
        do throws(FieldBusError) {
            try link.open()
            let id = link.newSession()
            let identity = try identify(in: id, within: patience)
            var result = ProbeReport(
                identity: "SECC module on \(link.wire.place), \(identity.text)",
                values: identity.values)
            if let objection = settings.objection(to: identity) {
                result.values.append(.init(name: "problem", text: objection))
            } else {
                let setup = settings.setup(for: identity).payload
                _ = try link.exchange(.setup, setup, in: id, within: patience)
                result.values += try tell(.ending, in: id, within: patience)?.values ?? []
            }
            result.replyTimes = link.replyTimes
            return result
        } catch {
            throw DriverError(error, device: host.device)
        }
    }
}

/// Counts sessions of vehicles over restarts of the module, whose own count then begins anew.
private struct SessionCount {
    private var last: (boot: UInt32, session: UInt32)?
    private var total: UInt32 = 0

    mutating func number(of session: UInt32, boot: UInt32) -> UInt32 {
        if last.map({ $0.boot != boot || $0.session != session }) ?? (session != 0) { total &+= 1 }
        last = (boot, session)
        return total
    }
}
