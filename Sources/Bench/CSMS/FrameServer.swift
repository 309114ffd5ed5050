import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// One WebSocket connection that a station made to the bench, frame by frame.
///
/// The bench works on frames rather than messages so that a case can break them: split a
/// character between two fragments, leave a ping unanswered, close with a code of its choice.
final class FrameConnection: Sendable {
    /// What came in over the connection.
    enum Event: Sendable {
        case text(String)
        case ping
        case closed(code: UInt16?)
    }
    /// The station's identity: the last part of the path that it dialled.
    let identity: String
    /// The handshake's Authorization header, as it came.
    let authorization: String?
    private let frames: AsyncStream<WSFrame>.Continuation
    private let state = Mutex(State())

    private struct State {
        var answersPings = true
        var fragments = Data()
    }

    init(
        identity: String, authorization: String?, frames: AsyncStream<WSFrame>.Continuation
    ) {
        self.identity = identity
        self.authorization = authorization
        self.frames = frames
    }

    func send(_ text: String) {
        frames.yield(WSFrame(fin: true, opcode: .text, mask: nil, payload: Data(text.utf8)))
    }

    /// Any frame, also one that no peer should send.
    func send(frame: WSFrame) { frames.yield(frame) }

    /// Sends one text message in fragments of at most `size` bytes.
    func send(_ text: String, fragmentsOf size: Int) {
        let bytes = Data(text.utf8)
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = min(start + max(1, size), bytes.endIndex)
            frames.yield(
                WSFrame(
                    fin: end == bytes.endIndex,
                    opcode: start == bytes.startIndex ? .text : .continuation, mask: nil,
                    payload: bytes[start..<end]))
            start = end
        }
    }

    /// From now on pings stay unanswered, as from a peer that hangs.
    func ignorePings() { state.withLock { $0.answersPings = false } }

    func close(code: UInt16 = 1000) {
        frames.yield(WSFrame.close(code: WSCloseCode(code), mask: nil))
        frames.finish()
    }

    /// Ends the TCP connection without a close frame.
    func drop() { frames.finish() }

    /// Takes one frame in; returns what it completes.
    fileprivate func receive(_ frame: WSFrame) -> Event? {
        switch frame.opcode {
        case .ping:
            if state.withLock({ $0.answersPings }) {
                frames.yield(
                    WSFrame(fin: true, opcode: .pong, mask: nil, payload: frame.payload))
            }
            return .ping
        case .text, .continuation:
            return state.withLock { state in
                if frame.opcode == .text { state.fragments = Data() }
                state.fragments.append(frame.payload)
                guard frame.fin else { return nil }
                return .text(String(decoding: state.fragments, as: UTF8.self))
            }
        case .close:
            let code = frame.payload.prefix(2).reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
            frames.yield(WSFrame(fin: true, opcode: .close, mask: nil, payload: frame.payload))
            frames.finish()
            return .closed(code: frame.payload.count >= 2 ? code : nil)
        default:
            return nil
        }
    }
}

/// A WebSocket server on loopback that accepts, refuses or ignores stations as it is told.
final class FrameServer: Sendable {
    /// What becomes of the next handshakes.
    struct Admission: Sendable {
        /// Any status but 101 refuses the handshake with it.
        var status = 101
        /// Chosen among those that the station offers, in this order.
        var subprotocols = ["ocpp2.0.1"]
        /// The Authorization header that is demanded; `nil` takes any.
        var authorization: String?
    }

    private let server: HTTPServer
    private let admission = Mutex(Admission())
    private let onConnection: @Sendable (FrameConnection) -> Void
    private let onEvent: @Sendable (FrameConnection, FrameConnection.Event) -> Void

    init(
        onConnection: @escaping @Sendable (FrameConnection) -> Void,
        onEvent: @escaping @Sendable (FrameConnection, FrameConnection.Event) -> Void
    ) throws {
        self.onConnection = onConnection
        self.onEvent = onEvent
        server = HTTPServer(
            address: try sockaddr_in.inet(ip4: "127.0.0.1", port: 0), logger: .disabled)
    }

    var admitting: Admission {
        get { admission.withLock { $0 } }
        set { admission.withLock { $0 = newValue } }
    }

    /// Serves until the task is cancelled.
    func run() async throws {
        await server.appendRoute("GET /*") { [self] request in try await upgrade(request) }
        try await server.run()
    }

    /// The port, once the server listens.
    func port() async throws -> UInt16 {
        try await server.waitUntilListening(timeout: 5)
        switch await server.listeningAddress {
        case .ip4(_, let port): return port
        default: throw BenchError("the bench's CSMS has no port")
        }
    }

    private func upgrade(_ request: HTTPRequest) async throws -> HTTPResponse {
        let admission = admitting
        guard admission.status == 101 else {
            return HTTPResponse(statusCode: HTTPStatusCode(admission.status, phrase: "Refused"))
        }
        let authorization = request.headers[.authorization]
        if let wanted = admission.authorization, wanted != authorization {
            return HTTPResponse(statusCode: .unauthorized)
        }
        let offered = (request.headers[HTTPHeader("Sec-WebSocket-Protocol")] ?? "")
            .split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let chosen = admission.subprotocols.first { offered.contains($0) }
        let identity = request.path.split(separator: "/").last.map(String.init) ?? ""
        let handler = ConnectionHandler(
            identity: identity, authorization: authorization, server: self)
        var response = try await WebSocketHTTPHandler(handler: handler).handleRequest(request)
        if let chosen { response.headers[HTTPHeader("Sec-WebSocket-Protocol")] = chosen }
        return response
    }

    private struct ConnectionHandler: WSHandler {
        let identity: String
        let authorization: String?
        let server: FrameServer

        func makeFrames(
            for client: AsyncThrowingStream<WSFrame, any Error>
        ) async throws -> AsyncStream<WSFrame> {
            let (stream, continuation) = AsyncStream.makeStream(
                of: WSFrame.self, bufferingPolicy: .bufferingNewest(4096))
            let connection = FrameConnection(
                identity: identity, authorization: authorization, frames: continuation)
            server.onConnection(connection)
            let reading = Task { [server] in
                var isClosed = false
                do {
                    for try await frame in client {
                        guard let event = connection.receive(frame) else { continue }
                        if case .closed = event { isClosed = true }
                        server.onEvent(connection, event)
                    }
                } catch {}
                if !isClosed { server.onEvent(connection, .closed(code: nil)) }
                continuation.finish()
            }
            continuation.onTermination = { _ in reading.cancel() }
            return stream
        }
    }
}

/// Something on the bench's side went wrong, as opposed to a case that failed.
struct BenchError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
