package import DriverKit
package import EVSEModel
internal import FieldBus

/// Listens on a serial port and tells the token of each line.
///
/// Such a device cannot be asked whether it is well: one that sends nothing is as good as one that
/// nobody uses. What can be seen is the port: where it cannot be opened, or hangs up because the
/// adapter was pulled, the reader is lost (`readerLost`) until the port is back.
package actor LineReader: BusDriver {
    /// One look at the port. Chosen: shorter than anybody notices, long enough to sleep well.
    private static let look = Milliseconds(100)
    /// Between two tries to open a port that is gone. Chosen.
    private static let retry = Milliseconds(1000)
    /// What was left out is told at most so often. Chosen.
    private static let warningInterval = Milliseconds.seconds(60)

    private let host: any DriverHost
    private let bus: SerialBus
    private let pattern: LinePattern
    /// Lines that choose an outlet.
    private let outlets: LinePattern?
    private let kind: PresentedToken.Kind
    private let pause: Milliseconds

    private var port: SerialLine?
    private var opensAgainAt = Instant.zero
    private var lines: LineAssembler
    private var last: (token: String, at: Instant)?
    private var unmatched = 0
    private var told = 0
    private var toldAt: Instant?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    package init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        guard let bus = host.bus as? SerialBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no serial bus",
                remedy: "Name a bus of kind serial.")
        }
        do throws(LinePattern.Failure) {
            pattern = try LinePattern(configuration.text("pattern"))
            let outlet = configuration.text("outlet-pattern")
            outlets = outlet.isEmpty ? nil : try LinePattern(outlet)
        } catch {
            throw DriverError(
                .configuration, device: host.device, error.what, remedy: error.remedy)
        }
        self.host = host
        self.bus = bus
        kind = PresentedToken.Kind(rawValue: configuration.text("token-type")) ?? .local
        pause = configuration.quantity("same-token-pause")
        lines = LineAssembler(pause: configuration.quantity("line-pause"))
    }

    // MARK: Lifecycle

    /// A port that is not there yet is no error here: it is tried again by itself.
    package func configure() async throws(DriverError) {}
    package func activate() async throws(DriverError) {}
    package func deactivate() async {}

    package func cleanup() async {
        port = nil
        lines.forget()
        last = nil
    }

    package func poll() async -> Milliseconds {
        let now = host.now()
        do throws(FieldBusError) {
            guard let port = try opened(at: now) else { return Self.look }
            listen(try port.receive(until: MonotonicClock.now() + Self.look))
        } catch {
            port = nil
            lines.forget()
            opensAgainAt = now + Self.retry
            host.fault(.readerLost, holds: true, error.what)
            return Self.look
        }
        return Milliseconds(10)
    }

    private func opened(at now: Instant) throws(FieldBusError) -> SerialLine? {
        if let port { return port }
        guard now >= opensAgainAt else { return nil }
        let port = try SerialLine(bus)
        // What was sent while nobody listened belongs to nobody.
        port.flush()
        self.port = port
        host.fault(.readerLost, holds: false, "")
        return port
    }

    // MARK: Lines

    private func listen(_ bytes: [UInt8]) {
        let now = host.now()
        var whole = lines.take(bytes, at: now)
        if bytes.isEmpty, let line = lines.idle(at: now) { whole.append(line) }
        for line in whole { present(line, at: now) }
        warn(at: now)
    }

    private func present(_ line: String, at now: Instant) {
        if let number = outlets?.token(in: line) {
            if let evse = Int(number).flatMap(EVSEID.init(_:)) {
                host.publish(OutletChoice(evse, at: now))
            } else {
                unmatched += 1
            }
            return
        }
        guard let token = pattern.token(in: line) else {
            unmatched += 1
            return
        }
        defer { last = (token, now) }
        // A scanner that sees its code all the time sends it all the time.
        if let last, last.token == token, now - last.at < pause { return }
        host.publish(PresentedToken(text: token, kind: kind, at: now))
    }

    /// Tells what was not understood, never what it was: it may have been somebody's token.
    private func warn(at now: Instant) {
        let count = lines.badBytes + lines.longLines + unmatched
        guard count > told else { return }
        if let toldAt, now - toldAt < Self.warningInterval { return }
        told = count
        toldAt = now
        host.log(
            .warning, "reader sends what is no token",
            [
                "bytes that are no text": "\(lines.badBytes)",
                "lines too long": "\(lines.longLines)", "lines without a token": "\(unmatched)",
            ])
    }

    // MARK: Probe

    /// Waits a moment for a line. Which token it is stands in the report: whoever asks holds it.
    package func probe() async throws(DriverError) -> ProbeReport {
        var report = ProbeReport(
            identity: "line reader on \(bus.serial.path), \(bus.serial.baud) baud")
        do throws(FieldBusError) {
            guard let port = try opened(at: opensAgainAt) else { return report }
            let end = MonotonicClock.now() + Milliseconds.seconds(3)
            while MonotonicClock.now() < end {
                let bytes = try port.receive(until: MonotonicClock.now() + Self.look)
                var whole = lines.take(bytes, at: MonotonicClock.now())
                if bytes.isEmpty, let line = lines.idle(at: MonotonicClock.now()) {
                    whole.append(line)
                }
                guard let line = whole.first else { continue }
                report.values = [.init(name: "line", text: line), meaning(of: line)]
                return report
            }
        } catch {
            port = nil
            throw DriverError(error, device: host.device)
        }
        report.values = [.init(name: "line", text: "none within 3 s")]
        return report
    }

    private func meaning(of line: String) -> ProbeReport.Value {
        if let number = outlets?.token(in: line) { return .init(name: "outlet", text: number) }
        guard let token = pattern.token(in: line) else {
            return .init(name: "token", text: "none: no match")
        }
        return .init(name: "token", text: token, raw: hexadecimal(token.utf8, separator: " "))
    }
}
