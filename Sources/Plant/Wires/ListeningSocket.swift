import Glibc

/// The far end of a TCP connection: the plant listens on this machine, and a file says where.
///
/// One connection at a time, as many devices and gateways take: a new one replaces the old one.
final class ListeningSocket: WireEnd {
    private let file: String
    /// What the file says.
    private var place = ""
    private let listener: Int32
    private var connection: Int32 = -1
    /// The connection stands, and nobody is at this end of it any more.
    private var isForgotten = false

    /// Listens on a free port of the loopback and writes `127.0.0.1:PORT` to the file.
    init(file: String) throws(WireError) {
        self.file = file
        listener = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0
        )
        guard listener >= 0 else { throw WireError(file, "making a socket", errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 4) == 0
                    ? getsockname(listener, address, &length) : -1
            }
        }
        guard status == 0 else {
            let reason = errno
            close(listener)
            throw WireError(file, "listening", reason)
        }
        place = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))\n"
        guard Self.write(place, to: file) else {
            let reason = errno
            close(listener)
            throw WireError(file, "writing", reason)
        }
    }

    /// Nobody listens any more; who is connected is cut off.
    deinit {
        // A plant that came after this one may have written it anew.
        if Self.text(of: file) == place { unlink(file) }
        reset()
        close(listener)
    }

    private static func text(of file: String) -> String {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    func read(waiting nanoseconds: Int64) -> [UInt8] {
        var entries = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        if connection >= 0, !isForgotten {
            entries.append(pollfd(fd: connection, events: Int16(POLLIN), revents: 0))
        }
        // Rounded up: a wait that ends early would spin.
        let milliseconds = Int32(clamping: (nanoseconds + 999_999) / 1_000_000)
        guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return [] }
        if entries[0].revents != 0 { take(accept(listener, nil, nil)) }
        guard entries.count == 2, entries[1].revents != 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = recv(entries[1].fd, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        if count > 0, entries[1].fd == connection { return Array(bytes.prefix(count)) }
        if count == 0, entries[1].fd == connection { hangUp() }
        return []
    }

    func write(_ bytes: ArraySlice<UInt8>) {
        guard connection >= 0, !isForgotten else { return }
        bytes.withUnsafeBytes {
            _ = send(
                connection, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
    }

    func reset() {
        guard connection >= 0 else { return }
        var now = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(
            connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        hangUp()
    }

    func forget() { isForgotten = connection >= 0 }

    var driverBaud: Int? { nil }

    private func take(_ descriptor: Int32) {
        guard descriptor >= 0 else { return }
        hangUp()
        connection = descriptor
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes,
            socklen_t(MemoryLayout<Int32>.size))
    }

    private func hangUp() {
        if connection >= 0 { close(connection) }
        connection = -1
        isForgotten = false
    }

    /// Under its name at once and whole: who reads it finds an old address or the new one.
    private static func write(_ text: String, to file: String) -> Bool {
        let temporary = file + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return false }
        let bytes = Array(text.utf8)
        let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count
        close(descriptor)
        return isWritten && rename(temporary, file) == 0
    }
}
