import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// One WebSocket connection that a station made to the bench. What breaks streams and frames is the
/// link campaign's own server.
final class FrameConnection: Sendable {
    /// What came in over the connection.
    enum Event: Sendable {
        case text(String)
        case closed
    }
    private let frames: AsyncStream<WSFrame>.Continuation
    /// What has come of a message in fragments.
    private let fragments = Mutex(Data())

    init(frames: AsyncStream<WSFrame>.Continuation) { self.frames = frames }

    func send(_ text: String) {
        frames.yield(WSFrame(fin: true, opcode: .text, mask: nil, payload: Data(text.utf8)))
    }

    /// Ends the TCP connection without a close frame.
    func drop() { frames.finish() }

    /// Takes one frame in; returns what it completes.
    fileprivate func receive(_ frame: WSFrame) -> Event? {
        switch frame.opcode {
        case .ping:
            frames.yield(WSFrame(fin: true, opcode: .pong, mask: nil, payload: frame.payload))
            return nil
        case .text, .continuation:
            return fragments.withLock { fragments in
                if frame.opcode == .text { fragments = Data() }
                fragments.append(frame.payload)
                guard frame.fin else { return nil }
                return .text(String(decoding: fragments, as: UTF8.self))
            }
        case .close:
            frames.yield(WSFrame(fin: true, opcode: .close, mask: nil, payload: frame.payload))
            frames.finish()
            return .closed
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
    }

    private static let subprotocol = "ocpp2.0.1"
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
        let offered = (request.headers[HTTPHeader("Sec-WebSocket-Protocol")] ?? "")
            .split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let handler = ConnectionHandler(server: self)
        var response = try await WebSocketHTTPHandler(handler: handler).handleRequest(request)
        if offered.contains(Self.subprotocol) {
            response.headers[HTTPHeader("Sec-WebSocket-Protocol")] = Self.subprotocol
        }
        return response
    }

    private struct ConnectionHandler: WSHandler {
        let server: FrameServer

        func makeFrames(
            for client: AsyncThrowingStream<WSFrame, any Error>
        ) async throws -> AsyncStream<WSFrame> {
            let (stream, continuation) = AsyncStream.makeStream(
                of: WSFrame.self, bufferingPolicy: .bufferingNewest(4096))
            let connection = FrameConnection(frames: continuation)
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
                if !isClosed { server.onEvent(connection, .closed) }
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
