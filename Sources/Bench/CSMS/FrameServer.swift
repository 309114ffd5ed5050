import Dispatch
import LoopbackServer
import Synchronization

/// One WebSocket connection that a station made to the bench. What breaks streams and frames is the
/// link campaign's own server.
final class FrameConnection: Sendable {
    /// What came in over the connection.
    enum Event: Sendable {
        case text(String)
        case closed
    }
    /// `nil` once the connection has ended.
    private let peer: Mutex<SharedPeer?>
    /// Writes in order, and lets nobody wait for a station that does not read.
    private let writer = DispatchQueue(label: "frames")

    fileprivate init(_ peer: Peer) { self.peer = Mutex(SharedPeer(peer: peer)) }

    func send(_ text: String) { send(opcode: 1, Array(text.utf8)) }

    /// Ends the TCP connection without a close frame.
    func drop() { peer.withLock { $0?.peer.cut() } }

    private func send(opcode: UInt8, _ payload: [UInt8]) {
        writer.async { [self] in
            let peer = peer.withLock { $0 }
            try? peer?.peer.send(opcode: opcode, payload)
        }
    }

    /// Reads until the connection ends; on the thread that serves it.
    fileprivate func read(_ peer: Peer, _ onEvent: (Event) -> Void) {
        var message = [UInt8]()
        while let frame = try? peer.readFrame() {
            switch frame.opcode {
            case 0, 1:
                message = frame.opcode == 1 ? frame.payload : message + frame.payload
                guard frame.isFinal else { continue }
                onEvent(.text(String(decoding: message, as: UTF8.self)))
            case 8:
                send(opcode: 8, frame.payload)
                finish()
                onEvent(.closed)
                return
            case 9: send(opcode: 10, frame.payload)
            default: break
            }
        }
        finish()
        onEvent(.closed)
    }

    /// The peer is the serving thread's to close: what still waits to be written goes out first.
    private func finish() {
        writer.sync {}
        peer.withLock { $0 = nil }
    }
}

/// A peer whose reading and writing sides are two threads'.
private struct SharedPeer: @unchecked Sendable {
    // Sendable: a plain socket is read by one thread and written by one queue, which share nothing.
    let peer: Peer
}

/// A WebSocket server on loopback that accepts or refuses stations as it is told. Each connection has a
/// thread.
final class FrameServer: Sendable {
    /// What becomes of the next handshakes.
    struct Admission: Sendable {
        /// Any status but 101 refuses the handshake with it.
        var status = 101
    }

    private final class Door: Sendable {
        let admission = Mutex(Admission())
    }
    private let door = Door()
    private let server: TestServer

    /// Listens on a port of the system's choice, until it is let go of.
    ///
    /// - Parameters: both are called on the connection's thread.
    init(
        onConnection: @escaping @Sendable (FrameConnection) -> Void,
        onEvent: @escaping @Sendable (FrameConnection, FrameConnection.Event) -> Void
    ) throws {
        server = try TestServer(readTimeout: 0, isConcurrent: true) { [door] peer in
            let status = door.admission.withLock { $0.status }
            guard status == 101 else {
                _ = try peer.readRequest()
                let refusal = "HTTP/1.1 \(status) Refused\r\nContent-Length: 0\r\n\r\n"
                return try peer.write(Array(refusal.utf8))
            }
            try peer.accept()
            let connection = FrameConnection(peer)
            onConnection(connection)
            connection.read(peer) { onEvent(connection, $0) }
        }
    }

    var port: UInt16 { server.port }
    var admitting: Admission {
        get { door.admission.withLock { $0 } }
        set { door.admission.withLock { $0 = newValue } }
    }
}

/// Something on the bench's side went wrong, as opposed to a case that failed.
struct BenchError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
