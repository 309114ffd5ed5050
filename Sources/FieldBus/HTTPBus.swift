public import EVSEModel
internal import Glibc

/// A device that answers HTTP requests: its address, and the thread on which its driver runs.
///
/// - One connection a request, closed after its reply: no connection goes stale between two polls,
///   and a device whose server takes one client at a time is not held.
/// - A request is sent once; whether it is worth repeating its driver knows. ``replyTimeout`` is for the
///   whole reply, however slowly it trickles.
/// - A device that cannot be reached is tried again at growing intervals, up to 3.2 s.
///
/// No TLS: docs/decisions/0022. All calls are safe from any thread.
public final class HTTPBus: Sendable {
    public let name: String
    public let socket: SocketSettings
    /// From the request to the reply's last byte.
    public let replyTimeout: Milliseconds
    /// Executor of the driver on this bus.
    public let thread: BusThread
    private let tap: WireTap?
    /// Touched on `thread` only: every use is inside a body that the thread runs.
    private nonisolated(unsafe) var pace = ReopenPace()

    public init(
        name: String, socket: SocketSettings, replyTimeout: Milliseconds = Milliseconds(2000),
        tap: WireTap? = nil
    ) {
        self.name = name
        self.socket = socket
        self.replyTimeout = replyTimeout
        self.tap = tap
        thread = BusThread(name: name)
    }

    /// - Throws: ``FieldBusError``: `open-failed`, `hung-up`, `no-reply`, `bad-reply`.
    public func call(
        _ call: HTTPCall, priority: BusPriority = .metering
    ) async throws(FieldBusError) -> HTTPReply {
        let result = try await thread.run(priority) { [self] in
            do throws(FieldBusError) {
                return Result<HTTPReply, FieldBusError>.success(try exchange(call))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Waiting and later requests fail with `closed`. May be called twice.
    public func close() { thread.stop() }

    // MARK: One exchange

    private func exchange(_ call: HTTPCall) throws(FieldBusError) -> HTTPReply {
        let (stream, host) = try connect()
        let request = call.bytes(host: host)
        do throws(SocketStream.Failure) {
            try stream.send(request, until: MonotonicClock.now() + replyTimeout)
        } catch {
            throw hungUp(error, call)
        }
        report(.sent, request)
        let sent = MonotonicClock.now()
        let content = try reply(to: call, on: stream, until: sent + replyTimeout)
        let at = MonotonicClock.now()
        return HTTPReply(
            status: content.status, body: content.body, at: at,
            microseconds: microseconds(from: sent, to: at))
    }

    private func connect() throws(FieldBusError) -> (SocketStream, host: String) {
        try pace.admit(at: MonotonicClock.now())
        do throws(FieldBusError) {
            guard let (host, port) = socket.resolved() else {
                throw cannotConnect("no line HOST:PORT in it")
            }
            let stream: SocketStream
            do throws(SocketStream.Failure) {
                stream = try SocketStream(
                    host: host, port: port, until: MonotonicClock.now() + socket.connectTimeout)
            } catch {
                throw cannotConnect(Self.words(error))
            }
            pace.opened()
            let name = host.contains(":") ? "[\(host)]" : host
            return (stream, port == 80 ? name : "\(name):\(port)")
        } catch {
            pace.failed(error, at: MonotonicClock.now())
            throw error
        }
    }

    private func reply(
        to call: HTTPCall, on stream: SocketStream, until end: Instant
    ) throws(FieldBusError) -> HTTPReplyReader.Content {
        var reader = HTTPReplyReader()
        var received = 0
        while true {
            let bytes: [UInt8]
            do throws(SocketStream.Failure) {
                bytes = try stream.receive(until: end, limit: 4096)
            } catch {
                guard case .hungUp(0) = error, received > 0 else { throw hungUp(error, call) }
                return try judge(call) { () throws(HTTPReplyReader.Problem) in try reader.end() }
            }
            if bytes.isEmpty {
                guard MonotonicClock.now() >= end else { continue }
                throw late(call, received)
            }
            received += bytes.count
            report(.received, bytes)
            let content = try judge(call) { () throws(HTTPReplyReader.Problem) in
                try reader.take(bytes)
            }
            if let content { return content }
            // One that trickles byte by byte is late, too.
            if MonotonicClock.now() >= end { throw late(call, received) }
        }
    }

    private func judge<Value>(
        _ call: HTTPCall, _ body: () throws(HTTPReplyReader.Problem) -> Value
    ) throws(FieldBusError) -> Value {
        do throws(HTTPReplyReader.Problem) {
            return try body()
        } catch {
            throw FieldBusError(
                .badReply, bus: name,
                "bad reply of \(socket) on bus \(name) to \(call.method.rawValue) \(call.path): \(error.what)",
                remedy: "Check that the address is the device's, and nobody else's.")
        }
    }

    // MARK: Words

    private func late(_ call: HTTPCall, _ received: Int) -> FieldBusError {
        FieldBusError(
            .noReply, bus: name,
            "no whole reply of \(socket) on bus \(name) to \(call.method.rawValue) \(call.path) "
                + "within \(replyTimeout), \(received) bytes of it",
            remedy: "Check its supply and the network; give it a longer reply-timeout.")
    }

    private func cannotConnect(_ why: String) -> FieldBusError {
        FieldBusError(
            .openFailed, bus: name, "cannot connect to \(socket) for bus \(name): \(why)",
            remedy: "Check address, port and network.")
    }

    private func hungUp(_ failure: SocketStream.Failure, _ call: HTTPCall) -> FieldBusError {
        FieldBusError(
            .hungUp, bus: name,
            "connection to \(socket) of bus \(name) broke at \(call.method.rawValue) \(call.path): "
                + Self.words(failure),
            remedy: "Check the network and the device; the next request makes a new one.")
    }

    private static func words(_ failure: SocketStream.Failure) -> String {
        switch failure {
        case .hungUp(0): "closed by the peer"
        case .hungUp(let number): reason(number)
        case .cannotConnect(let why): why
        }
    }

    private func report(_ direction: WireEvent.Direction, _ bytes: [UInt8]) {
        tap?(WireEvent(bus: name, at: MonotonicClock.now(), direction: direction, bytes: bytes))
    }
}
