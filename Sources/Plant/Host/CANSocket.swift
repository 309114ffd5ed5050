import Foundation

/// A simulated CAN bus: a local socket whose messages are frames as the Linux kernel has them (`struct
/// can_frame`, 16 bytes). Whoever is connected is on the bus, and hears what all others send.
///
/// Belongs to one thread.
package final class CANSocket {
    private let path: String
    private var listener: Int32 = -1
    private var connections = [Int32]()
    /// Chosen: a station, its tools, a log.
    private static let mostConnections = 8
    /// Chosen: what one connection may bring at once.
    private static let mostFrames = 256

    /// - Throws: where the socket cannot be made; it is there when this returns.
    package init(path: String) throws(WireError) {
        self.path = path
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw WireError(path, "making the socket", ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let kind = Int32(
            SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        listener = socket(AF_UNIX, kind, 0)
        guard listener >= 0 else { throw WireError(path, "making the socket", errno) }
        unlink(path)
        let isListening = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    && listen(listener, 8) == 0
            }
        }
        guard isListening else {
            let reason = errno
            close(listener)
            listener = -1
            throw WireError(path, "listening on the socket", reason)
        }
    }

    deinit {
        for connection in connections { close(connection) }
        if listener >= 0 {
            close(listener)
            unlink(path)
        }
    }

    /// Waits until something comes, at most so many milliseconds.
    package func wait(milliseconds: Int32) {
        var entries = ([listener] + connections).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        _ = poll(&entries, nfds_t(entries.count), milliseconds)
    }

    /// All frames that were sent since; those of one are passed on to the others.
    package func receive() -> [CANMessage] {
        acceptAll()
        var messages = [CANMessage]()
        var gone = [Int32]()
        for connection in connections {
            for _ in 0..<Self.mostFrames {
                var raw = [UInt8](repeating: 0, count: 16)
                let count = recv(connection, &raw, raw.count, Int32(MSG_DONTWAIT))
                if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR {
                    gone.append(connection)
                }
                guard count > 0 else { break }
                guard count == 16, let message = Self.message(raw) else { continue }
                messages.append(message)
                send(raw, except: connection)
            }
        }
        for connection in gone { drop(connection) }
        return messages
    }

    /// To everybody.
    package func send(_ message: CANMessage) {
        // 29 bits, and the flag that says so; the length; three bytes of padding.
        var raw = withUnsafeBytes(of: message.id | 0x8000_0000) { Array($0) }
        raw += [UInt8(message.data.count), 0, 0, 0] + message.data
        raw += [UInt8](repeating: 0, count: 16 - raw.count)
        send(raw, except: nil)
    }

    private static func message(_ raw: [UInt8]) -> CANMessage? {
        let id = raw.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        // Neither 11-bit ids, nor frames that only ask, nor errors: no module here knows them.
        guard id & 0xE000_0000 == 0x8000_0000, raw[4] <= 8 else { return nil }
        return CANMessage(id: id, Array(raw[8..<8 + Int(raw[4])]))
    }

    private func send(_ raw: [UInt8], except own: Int32?) {
        var gone = [Int32]()
        for connection in connections where connection != own {
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            let count = Foundation.send(connection, raw, raw.count, flags)
            // Who does not read loses frames, as on a real bus.
            if count < 0, errno != EAGAIN, errno != ENOBUFS { gone.append(connection) }
        }
        for connection in gone { drop(connection) }
    }

    private func acceptAll() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            guard connections.count < Self.mostConnections else {
                close(connection)
                continue
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            _ = fcntl(connection, F_SETFL, O_NONBLOCK)
            connections.append(connection)
        }
    }

    private func drop(_ connection: Int32) {
        guard let place = connections.firstIndex(of: connection) else { return }
        connections.remove(at: place)
        close(connection)
    }
}
