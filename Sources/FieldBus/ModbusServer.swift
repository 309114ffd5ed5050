public import EVSEModel
internal import Glibc
internal import Synchronization

/// A Modbus TCP server with a bounded number of clients, on a thread of its own.
///
/// Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b: the unit identifier names nobody
/// here and is given back as it came. A client whose bytes are no Modbus, that does not take its
/// replies, or that says nothing for ``idleTime``, is let go.
public final class ModbusServer: Sendable {
    /// Silence after which a client makes room for others. Chosen: many polls of any energy manager.
    public static let idleTime = Milliseconds.seconds(120)

    /// Where a server cannot listen.
    public struct ListeningError: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Where it listens.
    public let port: UInt16
    private let registers: any ModbusRegisters
    private let capacity: Int
    private let listener: Int32
    /// A byte here ends the thread.
    private let wakeUp: (read: Int32, write: Int32)
    private let isStopped = Mutex(false)

    /// Listens, and serves from then on.
    ///
    /// - Parameters:
    ///   - address: IPv4 address of an interface of this machine; 0.0.0.0 is every one.
    ///   - port: 0 takes a free one.
    ///   - clients: connections at once; further ones are closed at once.
    public init(
        address: String, port: UInt16, clients: Int, registers: any ModbusRegisters
    ) throws(ListeningError) {
        self.registers = registers
        capacity = max(1, clients)
        (listener, self.port) = try Self.listen(address, port)
        var ends = [Int32](repeating: -1, count: 2)
        guard pipe(&ends) == 0 else {
            let number = errno
            close(listener)
            throw ListeningError(description: reason(number))
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wakeUp = (ends[0], ends[1])
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ModbusServer>.fromOpaque(argument).takeRetainedValue().serve()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(started == 0, "no thread for the Modbus server: error \(started)")
        pthread_detach(thread)
    }

    deinit {
        close(wakeUp.read)
        close(wakeUp.write)
    }

    /// Lets every client go and stops listening, soon. May be called twice.
    public func stop() {
        let isFirst = isStopped.withLock { stopped in
            defer { stopped = true }
            return !stopped
        }
        var byte: UInt8 = 0
        if isFirst { _ = write(wakeUp.write, &byte, 1) }
    }

    // MARK: The thread

    private struct Client {
        var descriptor: Int32
        var frames = SocketFrames(.transactions)
        var heard: Instant
    }

    private func serve() {
        var clients = [Client]()
        while true {
            let entries =
                [wakeUp.read, listener].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
                + clients.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            var polled = entries
            // A second at most, so that silence is noticed.
            guard poll(&polled, nfds_t(polled.count), 1000) >= 0 || errno == EINTR else { break }
            if polled[0].revents != 0 { break }
            let now = MonotonicClock.now()
            for index in clients.indices.reversed() {
                let isReady = polled[index + 2].revents != 0
                let isGone = isReady && !exchange(&clients[index], at: now)
                guard isGone || now >= clients[index].heard + Self.idleTime else { continue }
                close(clients.remove(at: index).descriptor)
            }
            if polled[1].revents != 0 { take(&clients, at: now) }
        }
        for client in clients { close(client.descriptor) }
        close(listener)
    }

    private func take(_ clients: inout [Client], at now: Instant) {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard clients.count < capacity else {
            close(descriptor)
            return
        }
        var yes: Int32 = 1
        _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes,
            socklen_t(MemoryLayout<Int32>.size))
        clients.append(Client(descriptor: descriptor, heard: now))
    }

    /// Takes what a client sent and answers it.
    ///
    /// - Returns: `false` where the client is to be let go.
    private func exchange(_ client: inout Client, at now: Instant) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = recv(client.descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        guard count > 0 else { return false }
        client.heard = now
        client.frames.append(Array(bytes.prefix(count)))
        do throws(SocketFrames.Problem) {
            while let frame = try client.frames.next() {
                guard send(answer(frame), to: client.descriptor) else { return false }
            }
        } catch {
            return false
        }
        return true
    }

    private func answer(_ frame: SocketFrame) -> [UInt8] {
        let reply = ModbusServerRequest.reply(to: frame.body.dropFirst(), from: registers)
        let length = reply.count + 1
        return frame.bytes.prefix(4) + [UInt8(length >> 8), UInt8(length & 0xFF)]
            + frame.body.prefix(1) + reply
    }

    /// A client that leaves its replies lying is none.
    private func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        let count = bytes.withUnsafeBytes {
            Glibc.send(
                descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        return count == bytes.count
    }

    // MARK: Listening

    private static func listen(
        _ address: String, _ port: UInt16
    ) throws(ListeningError) -> (Int32, UInt16) {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        guard inet_pton(AF_INET, address, &place.sin_addr) == 1 else {
            throw ListeningError(description: "\(address) is no IPv4 address")
        }
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, flags, 0)
        guard descriptor >= 0 else { throw ListeningError(description: reason(errno)) }
        var yes: Int32 = 1
        _ = setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                bind(descriptor, place, length) == 0 && Glibc.listen(descriptor, 8) == 0
                    ? getsockname(descriptor, place, &length) : -1
            }
        }
        guard status == 0 else {
            let number = errno
            close(descriptor)
            throw ListeningError(description: "\(address):\(port): \(reason(number))")
        }
        return (descriptor, UInt16(bigEndian: place.sin_port))
    }
}
