import CRealtime
import Foundation
import Synchronization

/// A simulated PC/SC service on a Unix socket: one thread, several programs.
final class PCSCThread: Sendable {
    private let bus: String
    private let path: String
    private let host: PlantHost
    private let stopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    /// Chosen: as many as there are readers in a station, and some tools.
    private static let connections = 16
    /// Chosen: changes are told within this time, in milliseconds.
    private static let tick: Int32 = 20

    private struct Connection {
        let descriptor: Int32
        var session: PCSCSession
        var waiting = [PCSCSession.Reply]()
        var isOver = false
    }

    init(_ bus: PlantPlan.SerialBus, path: String, plan: PlantPlan, host: PlantHost) {
        self.bus = bus.name
        self.path = path
        self.host = host
    }

    func start() {
        // There when this returns, as every other wire.
        let first = listen()
        let thread = Thread { [self] in
            run(first)
            ended.signal()
        }
        thread.name = "plant-\(bus)"
        thread.start()
    }

    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        ended.wait()
    }

    private var isStopped: Bool {
        host.with { $0.faultsByDevice[bus]?.has(.absent) == true }
    }

    private func listen() -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return -1 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let listener = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0
        )
        guard listener >= 0 else { return -1 }
        unlink(path)
        let isListening = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    && Foundation.listen(listener, 8) == 0
            }
        }
        if isListening { return listener }
        close(listener)
        return -1
    }

    private func run(_ first: Int32) {
        var listener = first
        var connections = [Connection]()
        var context: UInt32 = 0x0100_0000
        while !stopping.load(ordering: .relaxed) {
            if isStopped {
                for connection in connections { close(connection.descriptor) }
                connections = []
                if listener >= 0 { close(listener) }
                listener = -1
                unlink(path)
                forecourt_sleep_until(forecourt_monotonic_nanoseconds() + 20_000_000)
                continue
            }
            if listener < 0 { listener = listen() }
            var entries = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            entries += connections.map {
                pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&entries, nfds_t(entries.count), Self.tick)
            for index in connections.indices {
                serve(&connections[index], isReadable: entries[index + 1].revents != 0)
            }
            for connection in connections where connection.isOver { close(connection.descriptor) }
            connections.removeAll(where: \.isOver)
            if entries[0].revents != 0 {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { continue }
                guard connections.count < Self.connections else {
                    close(descriptor)
                    continue
                }
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                context &+= 1
                connections.append(
                    Connection(
                        descriptor: descriptor, session: PCSCSession(bus: bus, context: context)))
            }
        }
        for connection in connections { close(connection.descriptor) }
        if listener >= 0 { close(listener) }
        unlink(path)
    }

    private func serve(_ connection: inout Connection, isReadable: Bool) {
        var bytes = [UInt8]()
        if isReadable {
            bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(connection.descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR {
                connection.isOver = true
                return
            }
            bytes = Array(bytes.prefix(max(0, count)))
        }
        let now = forecourt_monotonic_nanoseconds()
        var session = connection.session
        let (reply, changes) = host.with { world in
            (session.receive(bytes, at: now, world: &world), session.changes(in: world))
        }
        connection.session = session
        connection.isOver = reply.hangsUp
        if !reply.bytes.isEmpty { connection.waiting.append(reply) }
        if !changes.isEmpty {
            connection.waiting.append(PCSCSession.Reply(bytes: changes, notBefore: now))
        }
        while let first = connection.waiting.first, first.notBefore <= now {
            connection.waiting.removeFirst()
            let sent = send(
                connection.descriptor, first.bytes, first.bytes.count,
                Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            if sent != first.bytes.count { connection.isOver = true }
        }
    }
}
