package import EVSEModel
internal import Glibc

/// A TCP connection: bytes in, bytes out, with deadlines. Closed with its last reference.
///
/// Not `Sendable`: it belongs to the bus thread.
package final class SocketStream {
    /// Why there is no connection any more, or none at all.
    package enum Failure: Error, Hashable {
        /// The peer closed it, or it broke: the system's number, 0 for an orderly end.
        case hungUp(Int32)
        case cannotConnect(String)
    }

    /// Belongs to the stream; for a TLS library that works on it.
    package let descriptor: Int32

    /// Connects, or fails before `end`. Looking up a name may take as long as the system's resolver
    /// does; an address needs none.
    package init(host: String, port: UInt16, until end: Instant) throws(Failure) {
        var last = "the name has no address"
        for address in try Self.addresses(of: host, port: port) {
            switch Self.connect(address, until: end) {
            case .success(let descriptor):
                self.descriptor = descriptor
                Self.configure(descriptor)
                return
            case .failure(let number):
                last = reason(number.value)
            }
        }
        throw .cannotConnect(last)
    }

    deinit { Glibc.close(descriptor) }

    /// Waits for bytes until `end`; returns those that are there, none when the time is over.
    package func receive(until end: Instant, limit: Int = 512) throws(Failure) -> [UInt8] {
        guard waitForInput(descriptor, until: end) else { return [] }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &bytes, limit, Int32(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN || errno == EINTR { return [] }
        guard count > 0 else { throw .hungUp(count == 0 ? 0 : errno) }
        return Array(bytes.prefix(count))
    }

    /// Sends all bytes before `end`.
    package func send(_ bytes: [UInt8], until end: Instant) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress, $0.count,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                sent += count
                continue
            }
            guard errno == EAGAIN || errno == EINTR else { throw .hungUp(errno) }
            guard MonotonicClock.now() < end else { throw .hungUp(ETIMEDOUT) }
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&entry, 1, 10)
        }
    }

    // MARK: Connecting

    private struct Address {
        var family: Int32
        var bytes: [UInt8]
    }
    private struct Number: Error { var value: Int32 }

    private static func addresses(of host: String, port: UInt16) throws(Failure) -> [Address] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, "\(port)", &hints, &list)
        guard status == 0 else { throw .cannotConnect(String(cString: gai_strerror(status))) }
        defer { freeaddrinfo(list) }
        var addresses = [Address]()
        var next = list
        // Chosen: a name with more addresses than these is no device.
        while let entry = next, addresses.count < 4 {
            if let address = entry.pointee.ai_addr {
                let bytes = UnsafeRawBufferPointer(
                    start: address, count: Int(entry.pointee.ai_addrlen))
                addresses.append(Address(family: entry.pointee.ai_family, bytes: Array(bytes)))
            }
            next = entry.pointee.ai_next
        }
        return addresses
    }

    private static func connect(_ address: Address, until end: Instant) -> Result<Int32, Number> {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, flags, 0)
        guard descriptor >= 0 else { return .failure(Number(value: errno)) }
        let status = address.bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return Int32(-1) }
            return Glibc.connect(
                descriptor, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        let number = status == 0 ? 0 : errno == EINPROGRESS ? outcome(descriptor, end) : errno
        guard number == 0 else {
            Glibc.close(descriptor)
            return .failure(Number(value: number))
        }
        return .success(descriptor)
    }

    /// Waits for a connection that is under way.
    ///
    /// - Returns: 0, or the system's number.
    private static func outcome(_ descriptor: Int32, _ end: Instant) -> Int32 {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let left = (end.nanoseconds - MonotonicClock.now().nanoseconds + 999_999) / 1_000_000
            let count = poll(&entry, 1, Int32(clamping: max(0, left)))
            if count > 0 { break }
            if count < 0, errno != EINTR { return errno }
            if MonotonicClock.now() >= end { return ETIMEDOUT }
        }
        var number: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length) == 0 else {
            return errno
        }
        return number
    }

    /// Small requests go out at once; a peer that vanished without a word is found by the kernel too.
    private static func configure(_ descriptor: Int32) {
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            var value = value
            // An option that the system lacks changes nothing that is relied upon.
            _ = setsockopt(
                descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        let tcp = Int32(IPPROTO_TCP)
        set(tcp, TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        // Chosen: 20 s without traffic, then three questions 5 s apart.
        set(tcp, TCP_KEEPIDLE, 20)
        set(tcp, TCP_KEEPINTVL, 5)
        set(tcp, TCP_KEEPCNT, 3)
    }
}
