import Foundation
import Synchronization

/// The far end of a TCP connection: takes what came and does with the connection what the test says.
///
/// Raw bytes only; it shares nothing with the master that it tests.
final class ScriptedPeer: Sendable {
    enum Act: Sendable {
        case send([UInt8])
        case pause(milliseconds: Int)
        /// An orderly end.
        case close
        /// Without a word of goodbye: the other side gets a reset.
        case reset
    }
    /// Called with what one read brought, and how many there were before it.
    typealias Script = @Sendable (_ bytes: [UInt8], _ count: Int) -> [Act]

    let port: UInt16
    private struct State {
        var requests = [[UInt8]]()
        var connections = 0
        var isEnded = false
        var script: Script
    }
    private let state: Mutex<State>
    private let listener: Int32

    init(_ script: @escaping Script) throws {
        state = Mutex(State(script: script))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 4) == 0
                    ? getsockname(listener, address, &length) : -1
            }
        }
        guard status == 0 else { throw CocoaError(.fileNoSuchFile) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in serve() }
    }

    func end() { state.withLock { $0.isEnded = true } }

    var received: [[UInt8]] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }

    func rewrite(_ script: @escaping Script) { state.withLock { $0.script = script } }

    private func serve() {
        var connection: Int32 = -1
        while !state.withLock({ $0.isEnded }) {
            // A new connection replaces the old one.
            if isReadable(listener, milliseconds: connection < 0 ? 20 : 0) {
                if connection >= 0 { close(connection) }
                connection = accept(listener, nil, nil)
                state.withLock { $0.connections += 1 }
            }
            guard connection >= 0, isReadable(connection, milliseconds: 20) else { continue }
            var bytes = [UInt8](repeating: 0, count: 512)
            let count = recv(connection, &bytes, bytes.count, 0)
            guard count > 0 else {
                close(connection)
                connection = -1
                continue
            }
            connection = perform(Array(bytes.prefix(count)), on: connection)
        }
        if connection >= 0 { close(connection) }
        close(listener)
    }

    private func perform(_ bytes: [UInt8], on connection: Int32) -> Int32 {
        let (script, count) = state.withLock { state in
            state.requests.append(bytes)
            return (state.script, state.requests.count)
        }
        for act in script(bytes, count) {
            switch act {
            case .send(let bytes): _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            case .pause(let milliseconds): usleep(UInt32(milliseconds) * 1000)
            case .close:
                close(connection)
                return -1
            case .reset:
                var now = linger(l_onoff: 1, l_linger: 0)
                setsockopt(
                    connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
                close(connection)
                return -1
            }
        }
        return connection
    }

    private func isReadable(_ descriptor: Int32, milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }
}
