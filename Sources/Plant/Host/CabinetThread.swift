import CRealtime
import Foundation
import Glibc
import Synchronization

/// Serves a simulated FusionCharge cabinet on this machine: connections of several dispensers, and the power channel
/// as frames on Ethernet or in datagrams at the same port number.
package final class CabinetThread: Sendable {
    package let port: UInt16
    private let file: String?
    private let place: String
    private let listener: Int32
    private let wire: any CabinetPowerWire
    private let tls: CabinetTLS?
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
    ///   - interface: of the power channel; `nil`: datagrams.
    ///   - tls: dispensers must speak TLS; `nil`: they must not.
    ///   - file: gets `ADDRESS:PORT` in one line; `nil` tells nobody.
    package init(
        _ cabinet: FusionCabinet, owner: any StageOwner, address: String = "127.0.0.1",
        port: UInt16 = 0, interface: String? = nil, tls: CabinetTLS? = nil, file: String? = nil
    ) throws(WireError) {
        self.owner = owner
        self.file = file
        self.tls = tls
        let ethernet: CabinetEthernet? =
            if let interface { try CabinetEthernet(interface: interface) } else { nil }
        let found = try CabinetSockets.listen(
            address, port, datagrams: ethernet == nil, file ?? "\(address):\(port)")
        (listener, self.port) = (found.listener, found.port)
        wire = ethernet ?? CabinetDatagrams(found.datagrams ?? -1)
        var cabinet = cabinet
        if let macAddress = wire.macAddress { cabinet.macAddress = macAddress }
        model = Mutex(cabinet)
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

    /// A dispenser, and since when its TLS handshake lasts.
    private struct Guest {
        let connection: CabinetConnection
        let since: Int64
        /// The model knows of it.
        var isKnown = false
    }
    /// Chosen: as the driver has it for a connection.
    private static let handshakeTime: Int64 = 2_000_000_000

    private func run() {
        // OpenSSL writes without MSG_NOSIGNAL; a write says by itself that the peer is gone.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var guests = [Int: Guest]()
        var peers = [Data]()
        var next = 1
        while !stopping.load(ordering: .relaxed) {
            let order = guests.keys.sorted()
            var entries = [listener, wire.descriptor].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            entries += order.map {
                pollfd(
                    fd: guests[$0]?.connection.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&entries, nfds_t(entries.count), Self.period)
            let now = forecourt_monotonic_nanoseconds()
            if entries[0].revents != 0 { take(&guests, &next, now) }
            if entries[1].revents != 0 { takeFrames(&peers, now) }
            for (place, dispenser) in order.enumerated() {
                guard let guest = guests[dispenser] else { continue }
                let hasBytes = entries[place + 2].revents != 0
                guard let same = listen(to: guest, dispenser, hasBytes: hasBytes, now) else {
                    guests[dispenser] = nil
                    continue
                }
                guests[dispenser] = same
            }
            work(now)
            for (dispenser, guest) in guests where guest.isKnown {
                if !answer(guest, dispenser, now) { guests[dispenser] = nil }
            }
            for (peer, bytes) in model.withLock({ $0.takeGoose() })
            where peers.indices.contains(peer) { wire.send(bytes, to: peers[peer]) }
        }
        guests.removeAll()
        close(listener)
        wire.close()
        if let file, (try? String(contentsOfFile: file, encoding: .utf8)) == place { unlink(file) }
    }

    private func take(_ guests: inout [Int: Guest], _ next: inout Int, _ now: Int64) {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        let isGone = model.withLock { $0.behaviour.isGone }
        guard guests.count < Self.capacity, !isGone else {
            close(descriptor)
            return
        }
        guard let connection = CabinetConnection(descriptor, tls) else { return }
        guests[next] = Guest(connection: connection, since: now)
        next += 1
    }

    /// - Returns: the guest as it is now; `nil` where it has left or must leave.
    private func listen(
        to guest: Guest, _ dispenser: Int, hasBytes: Bool, _ now: Int64
    ) -> Guest? {
        var guest = guest
        if !guest.connection.isOpen {
            if hasBytes, case .end(let why) = guest.connection.shakeHands() {
                return leave(dispenser, why ?? "it hung up within the TLS handshake", now)
            }
            guard guest.connection.isOpen else {
                guard now - guest.since <= Self.handshakeTime else {
                    return leave(dispenser, "its TLS handshake took too long", now)
                }
                return guest
            }
        }
        if !guest.isKnown {
            guest.isKnown = true
            model.withLock { $0.connected(dispenser, at: now) }
        }
        guard hasBytes else { return guest }
        // TLS may hold more than the socket shows; chosen: so much at once.
        for _ in 0..<8 {
            switch guest.connection.receive() {
            case .nothing: return guest
            case .end(let why): return leave(dispenser, why, now)
            case .bytes(let received):
                model.withLock { $0.receive(modbus: received, from: dispenser, at: now) }
            }
        }
        return guest
    }

    private func leave(_ dispenser: Int, _ why: String?, _ now: Int64) -> Guest? {
        model.withLock {
            if let why { $0.note("dispenser \(dispenser): \(why)") }
            $0.disconnected(dispenser, at: now)
        }
        return nil
    }

    /// - Returns: `false` at the connection's end.
    private func answer(_ guest: Guest, _ dispenser: Int, _ now: Int64) -> Bool {
        let (bytes, mustGo) = model.withLock {
            ($0.takeModbus(dispenser, at: now), $0.mustLetGo(dispenser))
        }
        if !mustGo, guest.connection.send(bytes) { return true }
        model.withLock { $0.disconnected(dispenser, at: now) }
        return false
    }

    private func takeFrames(_ peers: inout [Data], _ now: Int64) {
        // Chosen: what is more waits for the next round.
        for _ in 0..<64 {
            guard let (address, frame) = wire.receive() else { return }
            let peer = peers.firstIndex(of: address) ?? peers.count
            // Strangers who come and go do not fill the memory.
            if peer == peers.count, peers.count < 64 { peers.append(address) }
            guard peer < peers.count else { continue }
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
}
