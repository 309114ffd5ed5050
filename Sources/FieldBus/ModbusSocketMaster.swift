internal import EVSEModel
internal import Glibc

/// A Modbus bus behind a TCP connection: Modbus TCP, or a serial line's frames through a gateway.
///
/// - One connection, one request outstanding; a device of this kind often takes no second one.
/// - Modbus TCP: a reply belongs to the request whose number it carries; others are thrown away.
/// - Through a gateway replies carry no number, and a late one still comes out of the serial line
///   behind it: after a time-out the line is settled as a serial one.
/// - A connection that a peer closed while nobody asked is made anew before the next request.
/// - Three time-outs in a row, no matter of whom: the peer may be gone without a word, the
///   connection is made anew.
///
/// Why not libmodbus: docs/decisions/0008.
final class ModbusSocketMaster: ModbusMaster {
    private let bus: String
    private let socket: SocketSettings
    private let settings: ModbusSettings
    private let tap: WireTap?

    private var stream: SocketStream?
    private var frames: SocketFrames
    private var pace = ReopenPace()
    private var transaction: UInt16 = 0
    private var silentTries = 0
    /// A request that was given up and may still be answered.
    private var awaited: (transaction: UInt16, unit: UInt8, sent: Instant)?
    /// Without numbers: nothing is sent before this instant, and then only once the line is quiet.
    private var dirtyUntil: Instant?
    private var lastSent = Instant.zero
    private var lastReceived = Instant.zero

    /// Chosen: time-outs in a row after which the connection is made anew.
    private static let longestSilence = 3
    /// Chosen: the rest of a frame follows its beginning within this time. The longest frame takes
    /// 280 ms at 9600 baud on the line behind a gateway, and gateways pass on what they have.
    private static let rest = Milliseconds(500)
    /// Chosen: silence after stray bytes that ends them; networks bunch bytes more than adapters do.
    private static let quiet = Milliseconds(50)
    /// Chosen: a line that babbles longer than this is used all the same.
    private static let longestBabble = Milliseconds(1000)

    init(
        bus: String, socket: SocketSettings, framing: SocketFraming, settings: ModbusSettings,
        tap: WireTap?
    ) {
        self.bus = bus
        self.socket = socket
        self.settings = settings
        self.tap = tap
        frames = SocketFrames(framing)
    }

    func exchange(
        _ request: ModbusRequest, with unit: UInt8, timeout: Milliseconds, worstReply: Milliseconds
    ) -> ModbusOutcome {
        var outcome = ModbusOutcome(result: .failure(.closed(bus: bus)))
        do throws(FieldBusError) {
            let body = try request.body(for: unit, bus: bus)
            try settle(&outcome)
            let stream = try connected(&outcome)
            try send(body, on: stream, timeout)
            outcome.result = .success(
                try reply(to: request, of: unit, on: stream, timeout: timeout, &outcome))
            silentTries = 0
        } catch {
            conclude(error, unit, worstReply)
            outcome.result = .failure(error)
        }
        return outcome
    }

    func close() {
        stream = nil
        frames.removeAll()
        (awaited, dirtyUntil, silentTries) = (nil, nil, 0)
    }

    // MARK: The connection

    private func connected(_ outcome: inout ModbusOutcome) throws(FieldBusError) -> SocketStream {
        if let stream { return stream }
        try pace.admit(at: MonotonicClock.now())
        do throws(FieldBusError) {
            let stream = try connect()
            outcome.reopened = pace.wasOpen
            pace.opened()
            self.stream = stream
            return stream
        } catch {
            pace.failed(error, at: MonotonicClock.now())
            throw error
        }
    }

    private func connect() throws(FieldBusError) -> SocketStream {
        guard let (host, port) = socket.resolved() else {
            throw cannotConnect("no line HOST:PORT in it")
        }
        do throws(SocketStream.Failure) {
            return try SocketStream(
                host: host, port: port, until: MonotonicClock.now() + socket.connectTimeout)
        } catch {
            switch error {
            case .cannotConnect(let why): throw cannotConnect(why)
            case .hungUp(let number): throw cannotConnect(reason(number))
            }
        }
    }

    private func conclude(_ error: FieldBusError, _ unit: UInt8, _ worstReply: Milliseconds) {
        switch error.code {
        case .hungUp: close()
        case .noReply:
            silentTries += 1
            awaited = (transaction, unit, lastSent)
            if frames.framing == .checkSums { dirtyUntil = lastSent + worstReply }
            if silentTries >= Self.longestSilence { close() }
        case .badReply where frames.framing == .transactions:
            // Where one frame cannot be told, the next one cannot either. A device's malformed reply
            // within a good frame costs a connection too, which is rare and safe.
            close()
        case .badReply: dirtyUntil = MonotonicClock.now() + Self.quiet
        case .exception: silentTries = 0
        default: break
        }
    }

    // MARK: One exchange

    /// Takes what came while nobody waited, and waits until a request may go out.
    ///
    /// - Throws: nothing where the peer has closed the connection meanwhile: it is made anew.
    private func settle(_ outcome: inout ModbusOutcome) throws(FieldBusError) {
        guard let stream else { return }
        let gap = max(lastReceived, lastSent) + settings.pause
        var end = max(dirtyUntil ?? gap, gap)
        var longest: Instant?
        do throws(SocketStream.Failure) {
            while true {
                let bytes = try stream.receive(until: end)
                let now = MonotonicClock.now()
                guard !bytes.isEmpty else {
                    if now >= end { break }
                    continue
                }
                if frames.framing == .transactions {
                    // Whole frames are judged by their numbers when the reply is waited for.
                    frames.append(bytes)
                } else {
                    discard(bytes, at: now, &outcome)
                    end = now + Self.quiet
                }
                longest = longest ?? now + Self.longestBabble
                guard now < longest ?? now else { break }
            }
        } catch {
            close()
        }
        if frames.framing == .checkSums { frames.removeAll() }
        (dirtyUntil, awaited) = (nil, frames.framing == .checkSums ? nil : awaited)
    }

    private func discard(_ bytes: [UInt8], at now: Instant, _ outcome: inout ModbusOutcome) {
        report(.discarded, bytes)
        outcome.discardedBytes += bytes.count
        if let awaited {
            outcome.lateReply = (awaited.unit, microseconds(from: awaited.sent, to: now))
            self.awaited = nil
        }
    }

    private func send(
        _ body: [UInt8], on stream: SocketStream, _ timeout: Milliseconds
    ) throws(FieldBusError) {
        let frame: [UInt8]
        switch frames.framing {
        case .checkSums: frame = appendingModbusCRC(body)
        case .transactions:
            transaction &+= 1
            frame =
                [
                    UInt8(transaction >> 8), UInt8(truncatingIfNeeded: transaction), 0, 0,
                    UInt8(body.count >> 8), UInt8(truncatingIfNeeded: body.count),
                ] + body
        }
        do throws(SocketStream.Failure) {
            try stream.send(frame, until: MonotonicClock.now() + timeout)
        } catch {
            throw hungUp(error)
        }
        lastSent = MonotonicClock.now()
        report(.sent, frame)
    }

    private func reply(
        to request: ModbusRequest, of unit: UInt8, on stream: SocketStream, timeout: Milliseconds,
        _ outcome: inout ModbusOutcome
    ) throws(FieldBusError) -> ModbusReply {
        let end = lastSent + timeout
        var first: Instant?
        while true {
            while let frame = try nextFrame(unit) {
                let at = first ?? MonotonicClock.now()
                first = nil
                lastReceived = MonotonicClock.now()
                guard isOurs(frame, unit, at: at, &outcome) else { continue }
                return ModbusReply(
                    registers: try request.reply(frame.body.dropFirst(), of: unit, bus: bus),
                    at: at, microseconds: microseconds(from: lastSent, to: at), frame: frame.bytes)
            }
            let bytes = try receive(stream, until: first.map { $0 + Self.rest } ?? end)
            if bytes.isEmpty {
                guard first != nil else { throw .noReply(unit, within: timeout, bus: bus) }
                let partial = frames.partial
                report(.received, partial)
                frames.removeAll()
                throw .badReply(unit, "broken off after \(partial.count) bytes", bus: bus)
            }
            first = first ?? MonotonicClock.now()
            frames.append(bytes)
        }
    }

    /// - Returns: nothing when `end` has come.
    private func receive(
        _ stream: SocketStream, until end: Instant
    ) throws(FieldBusError) -> [UInt8] {
        while true {
            do throws(SocketStream.Failure) {
                let bytes = try stream.receive(until: end)
                guard bytes.isEmpty, MonotonicClock.now() < end else { return bytes }
            } catch {
                throw hungUp(error)
            }
        }
    }

    private func nextFrame(_ unit: UInt8) throws(FieldBusError) -> SocketFrame? {
        do throws(SocketFrames.Problem) {
            return try frames.next()
        } catch {
            report(.received, frames.partial)
            frames.removeAll()
            switch error {
            case .noFrame(let what): throw .badReply(unit, what, bus: bus)
            }
        }
    }

    /// Whether a frame answers the request that is out; what it is otherwise is counted.
    private func isOurs(
        _ frame: SocketFrame, _ unit: UInt8, at: Instant, _ outcome: inout ModbusOutcome
    ) -> Bool {
        guard frame.transaction == nil || frame.transaction == transaction else {
            report(.discarded, frame.bytes)
            outcome.discardedBytes += frame.bytes.count
            if let awaited, awaited.transaction == frame.transaction {
                outcome.lateReply = (awaited.unit, microseconds(from: awaited.sent, to: at))
                self.awaited = nil
            }
            return false
        }
        report(.received, frame.bytes)
        guard frame.body.first == unit else {
            outcome.foreignReplies += 1
            return false
        }
        return true
    }

    // MARK: Words

    private func cannotConnect(_ why: String) -> FieldBusError {
        FieldBusError(
            .openFailed, bus: bus, "cannot connect to \(socket) for bus \(bus): \(why)",
            remedy: "Check address, port and network, and that nobody else is connected to it: "
                + "many devices take one connection.")
    }

    private func hungUp(_ failure: SocketStream.Failure) -> FieldBusError {
        let why =
            switch failure {
            case .hungUp(0): "closed by the peer"
            case .hungUp(let number): reason(number)
            case .cannotConnect(let why): why
            }
        return FieldBusError(
            .hungUp, bus: bus, "connection to \(socket) of bus \(bus) broke: \(why)",
            remedy: "Check the network and the device; the connection is made anew by itself.")
    }

    private func report(_ direction: WireEvent.Direction, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        tap?(WireEvent(bus: bus, at: MonotonicClock.now(), direction: direction, bytes: bytes))
    }
}

extension SocketSettings {
    /// Host and port, from the file where one says them.
    package func resolved() -> (host: String, port: UInt16)? {
        switch place {
        case .address(let host, let port): (host, port)
        case .file(let path): Self.parse(file: path)
        }
    }

    private static func parse(file path: String) -> (host: String, port: UInt16)? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 300)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let line = String(decoding: bytes.prefix(count), as: UTF8.self).prefix { $0 != "\n" }
        return SocketSettings(parsing: String(line)).flatMap { $0.resolved() }
    }

    /// `HOST:PORT`, with brackets around an IPv6 address; `nil` where it is none.
    public init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, port > 0 else { return nil }
        self.init(host: host, port: port)
    }
}
