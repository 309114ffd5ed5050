import Glibc

/// Sockets of a simulated cabinet on this machine.
enum CabinetSockets {
    /// Listens for dispensers, on a port that is free for datagrams as well where they are wanted.
    ///
    /// - Parameter port: 0 takes a free one.
    static func listen(
        _ address: String, _ port: UInt16, datagrams wantsDatagrams: Bool, _ name: String
    ) throws(WireError) -> (listener: Int32, datagrams: Int32?, port: UInt16) {
        // A port that is free for one may be taken for the other.
        for _ in 0..<(port == 0 ? 20 : 1) {
            let listener = try open(SOCK_STREAM, address, port, name)
            let number = self.port(of: listener)
            let datagrams =
                wantsDatagrams ? try? open(SOCK_DGRAM, address, number, name) : nil
            guard !wantsDatagrams || datagrams != nil else {
                close(listener)
                continue
            }
            guard Glibc.listen(listener, 8) == 0 else {
                let reason = errno
                close(listener)
                if let datagrams { close(datagrams) }
                throw WireError(name, "listening", reason)
            }
            return (listener, datagrams, number)
        }
        throw WireError(name, "listening", EADDRINUSE)
    }

    private static func open(
        _ type: __socket_type, _ address: String, _ port: UInt16, _ name: String
    ) throws(WireError) -> Int32 {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        guard inet_pton(AF_INET, address, &place.sin_addr) == 1 else {
            throw WireError(name, "reading the address", EINVAL)
        }
        let flags = Int32(type.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, flags, 0)
        guard descriptor >= 0 else { throw WireError(name, "making a socket", errno) }
        if type == SOCK_STREAM {
            var yes: Int32 = 1
            _ = setsockopt(
                descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        let isBound = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound else {
            let number = errno
            close(descriptor)
            throw WireError(name, "listening", number)
        }
        return descriptor
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var place = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
        }
        return status == 0 ? UInt16(bigEndian: place.sin_port) : 0
    }
}
