import CRealtime
import Foundation
import Glibc
import Synchronization

/// Serves a simulated FusionCharge cabinet on this machine: connections of several dispensers, and the power channel
/// in datagrams at the same port number.
package final class CabinetThread: Sendable {
    package let port: UInt16
    private let file: String?
    private let place: String
    private let listener: Int32
    private let datagrams: Int32
    private let owner: any StageOwner
    private let model: Mutex<FusionCabinet>
    private let stopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    /// Chosen: dispensers of one cabinet.
    private static let capacity = 12
    /// Chosen: the cabinet looks at its clocks this often.
    private static let period: Int32 = 5

    /// Listens; serves from ``start()`` on.
    ///
    /// - Parameters:
    ///   - address: IPv4 address to listen at.
    ///   - port: 0 takes one that is free for connections and for datagrams.
    ///   - file: gets `ADDRESS:PORT` in one line; `nil` tells nobody.
    package init(
        _ cabinet: FusionCabinet, owner: any StageOwner, address: String = "127.0.0.1",
        port: UInt16 = 0, file: String? = nil
    ) throws(WireError) {
        self.owner = owner
        self.file = file
        model = Mutex(cabinet)
        let name = file ?? "\(address):\(port)"
        // A port that is free for one may be taken for the other.
        var found: (listener: Int32, datagrams: Int32, port: UInt16)?
        for _ in 0..<(port == 0 ? 20 : 1) {
            let listener = try Self.open(SOCK_STREAM, address, port, name)
            let number = Self.port(of: listener)
            guard let datagrams = try? Self.open(SOCK_DGRAM, address, number, name) else {
                close(listener)
                continue
            }
            found = (listener, datagrams, number)
            break
        }
        guard let found, Glibc.listen(found.listener, 8) == 0 else {
            throw WireError(name, "listening", EADDRINUSE)
        }
        (listener, datagrams, self.port) = found
        place = "\(address):\(found.port)\n"
        guard let file else { return }
        do {
            try Data(place.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw WireError(file, "writing", EIO)
        }
    }

    package func start() {
        let thread = Thread { [self] in
            run()
            ended.signal()
        }
        thread.name = "plant-cabinet"
        thread.start()
    }

    /// Lets everybody go, and returns when that is done.
    package func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        ended.wait()
    }

    /// Looks at the cabinet, or does something to it.
    package func with<Result: Sendable>(_ body: (inout FusionCabinet) -> Result) -> Result {
        model.withLock { body(&$0) }
    }

    // MARK: The thread

    private func run() {
        var connections = [Int: Int32]()
        var peers = [Data]()
        var next = 1
        while !stopping.load(ordering: .relaxed) {
            let order = connections.sorted { $0.key < $1.key }
            var entries = [listener, datagrams].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            entries += order.map { pollfd(fd: $0.value, events: Int16(POLLIN), revents: 0) }
            _ = poll(&entries, nfds_t(entries.count), Self.period)
            let now = forecourt_monotonic_nanoseconds()
            if entries[0].revents != 0 { take(&connections, &next, now) }
            if entries[1].revents != 0 { takeFrames(&peers, now) }
            var gone = [Int]()
            for (place, (dispenser, descriptor)) in order.enumerated()
            where entries[place + 2].revents != 0 {
                if !takeBytes(dispenser, descriptor, now) { gone.append(dispenser) }
            }
            work(now)
            gone += send(order, now)
            sendFrames(peers)
            for dispenser in Set(gone) {
                if let descriptor = connections.removeValue(forKey: dispenser) { close(descriptor) }
                model.withLock { $0.disconnected(dispenser, at: now) }
            }
        }
        for descriptor in connections.values { close(descriptor) }
        close(listener)
        close(datagrams)
        if let file, (try? String(contentsOfFile: file, encoding: .utf8)) == place { unlink(file) }
    }

    private func take(_ connections: inout [Int: Int32], _ next: inout Int, _ now: Int64) {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        let isGone = model.withLock { $0.behaviour.isGone }
        guard connections.count < Self.capacity, !isGone else {
            close(descriptor)
            return
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes,
            socklen_t(MemoryLayout<Int32>.size))
        connections[next] = descriptor
        model.withLock { [next] in $0.connected(next, at: now) }
        next += 1
    }

    /// - Returns: `false` at the connection's end.
    private func takeBytes(_ dispenser: Int, _ descriptor: Int32, _ now: Int64) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        guard count > 0 else { return false }
        let received = Array(bytes.prefix(count))
        return model.withLock {
            $0.receive(modbus: received, from: dispenser, at: now)
            return !$0.mustLetGo(dispenser)
        }
    }

    private func takeFrames(_ peers: inout [Data], _ now: Int64) {
        // Chosen: what is more waits for the next round.
        for _ in 0..<64 {
            var bytes = [UInt8](repeating: 0, count: 1600)
            var from = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &from) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(
                        datagrams, &bytes, bytes.count, Int32(MSG_DONTWAIT), $0, &length)
                }
            }
            guard count > 0 else { return }
            let address = withUnsafeBytes(of: from) { Data($0) }
            let peer = peers.firstIndex(of: address) ?? peers.count
            // Strangers who come and go do not fill the memory.
            if peer == peers.count, peers.count < 64 { peers.append(address) }
            guard peer < peers.count else { continue }
            let frame = Array(bytes.prefix(count))
            owner.withStages { stages, _ in
                model.withLock { $0.receive(goose: frame, from: peer, at: now, stages: &stages) }
            }
        }
    }

    private func work(_ now: Int64) {
        let channels = owner.withStages { stages, behaviour in
            model.withLock {
                $0.behaviour = behaviour
                $0.step(at: now, stages: &stages)
                return $0.channels
            }
        }
        owner.tell(channels)
    }

    /// - Returns: those whose connection is over.
    private func send(_ order: [(key: Int, value: Int32)], _ now: Int64) -> [Int] {
        var gone = [Int]()
        for (dispenser, descriptor) in order {
            let (bytes, mustGo) = model.withLock {
                ($0.takeModbus(dispenser, at: now), $0.mustLetGo(dispenser))
            }
            if mustGo { gone.append(dispenser) }
            guard !bytes.isEmpty else { continue }
            let count = Glibc.send(
                descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            if count != bytes.count { gone.append(dispenser) }
        }
        return gone
    }

    private func sendFrames(_ peers: [Data]) {
        for (peer, bytes) in model.withLock({ $0.takeGoose() }) where peers.indices.contains(peer) {
            peers[peer].withUnsafeBytes { address in
                guard let base = address.baseAddress else { return }
                _ = sendto(
                    datagrams, bytes, bytes.count, Int32(MSG_DONTWAIT),
                    base.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
            }
        }
    }

    // MARK: Sockets

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
