import EVSEModel
import FieldBus
import Glibc
import Synchronization
import Testing

/// Frames as they lie on the wire between a station and simulated hardware.
private final class Wire: Sendable {
    let path = "/tmp/forecourt-can-bus-\(getpid())-\(UInt32.random(in: 0..<UInt32.max))"
    private let listener: Int32
    private let peer = Mutex(Int32(-1))

    init() throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let listener = socket(
            AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_NONBLOCK.rawValue), 0)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    && listen(listener, 4) == 0
            }
        }
        try #require(isBound)
        self.listener = listener
    }
    deinit { close(listener) }

    private var descriptor: Int32 {
        peer.withLock { peer in
            if peer < 0 { peer = accept(listener, nil, nil) }
            return peer
        }
    }
    func send(_ raw: [UInt8]) { _ = Glibc.send(descriptor, raw, raw.count, 0) }
    func send(id: UInt32, _ data: [UInt8]) {
        var raw = withUnsafeBytes(of: id) { Array($0) } + [UInt8(data.count), 0, 0, 0] + data
        raw += [UInt8](repeating: 0, count: max(0, 16 - raw.count))
        send(raw)
    }
    func receive() -> [UInt8] {
        var raw = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &raw, raw.count, Int32(MSG_DONTWAIT))
        return Array(raw.prefix(max(0, count)))
    }
    func hangUp() {
        peer.withLock { peer in
            close(peer)
            peer = -1
        }
    }
    func end() {
        hangUp()
        unlink(path)
    }
}

@Suite("CAN bus")
struct CANBusTests {
    private let now = Instant(milliseconds: 1000)
    private static let extended: UInt32 = 0x8000_0000

    @Test("frames: numbers are big-endian, and nothing is read beyond the end")
    func frames() {
        let frame = CANFrame(id: 0xFFFF_FFFF, [0x43, 0xC8, 0, 0, 0x12])
        #expect(frame.id == 0x1FFF_FFFF && frame.count == 5)
        #expect(frame.float(at: 0) == 400)
        #expect(frame.uint32(at: 4) == 0x1200_0000 && frame[9] == 0 && frame[-1] == 0)
        #expect(frame.description == "1FFFFFFF#43C8000012")
        let halves = CANFrame(id: 0x029A_00F0, 0x0102_0304, 0x0506_0708)
        #expect(halves.bytes == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(halves.bits(22...25) == 0xA && halves.bits(16...21) == 0x1A)
    }

    @Test("each device gets its own frames, and a frame for nobody is counted")
    func dispatch() async throws {
        let wire = try Wire()
        let seen = Mutex([WireEvent]())
        let tapped: WireTap = { event in seen.withLock { $0.append(event) } }
        let bus = CANBus(name: "modules", place: .socket(wire.path), tap: tapped)
        let one = bus.attach([CANFilter(id: 1, mask: 0xFF)])
        let two = bus.attach([CANFilter(id: 2, mask: 0xFF), CANFilter(id: 0x102, mask: 0x1FF)])
        _ = try bus.exchange(one, sending: [CANFrame(id: 0x55, [7])], at: now)
        #expect(
            wire.receive() == [0x55, 0, 0, 0x80, 1, 0, 0, 0, 7] + [UInt8](repeating: 0, count: 7))
        wire.send(id: Self.extended | 0x101, [1])
        wire.send(id: Self.extended | 0x102, [2])
        wire.send(id: Self.extended | 0x103, [3])
        // Whoever asks first fetches for all.
        #expect(try bus.exchange(two, at: now).map(\.frame) == [CANFrame(id: 0x102, [2])])
        let later = now + .seconds(1)
        let own = try bus.exchange(one, at: later)
        #expect(own.map(\.frame) == [CANFrame(id: 0x101, [1])])
        #expect(own.first?.at == now, "stamped when it was fetched")
        #expect(try bus.exchange(one, at: later).isEmpty)
        #expect(bus.statistics.received == 3 && bus.statistics.unclaimed == 1)
        #expect(bus.statistics.sent == 1)
        #expect(
            seen.withLock { $0.map(\.direction) } == [.sent, .received, .received, .discarded])
        bus.close()
        wire.end()
    }

    @Test("a device that fetches nothing loses its oldest frames, and nobody else any")
    func bounds() async throws {
        let wire = try Wire()
        let bus = CANBus(name: "modules", place: .socket(wire.path))
        let lazy = bus.attach([CANFilter(id: 0, mask: 0)])
        let eager = bus.attach([CANFilter(id: 0, mask: 0)])
        _ = try bus.exchange(eager, at: now)
        var fetched = 0
        for number in 0..<UInt8(100) {
            wire.send(id: Self.extended | 1, [number])
            fetched += try bus.exchange(eager, at: now).count
        }
        #expect(fetched == 100)
        let kept = try bus.exchange(lazy, at: now)
        #expect(kept.count == CANBus.capacity && kept.last?.frame[0] == 99)
        #expect(bus.statistics.dropped == 100 - CANBus.capacity)
        bus.close()
        wire.end()
    }

    @Test("frames of other kinds and of wrong lengths are nobody's")
    func otherKinds() async throws {
        let wire = try Wire()
        let bus = CANBus(name: "modules", place: .socket(wire.path))
        let box = bus.attach([CANFilter(id: 0, mask: 0)])
        _ = try bus.exchange(box, at: now)
        wire.send(id: 0x123, [1])  // an 11-bit id
        wire.send(id: Self.extended | 0x4000_0001, [])  // one that only asks
        wire.send([1, 2, 3])
        wire.send([UInt8](repeating: 0xFF, count: 40))
        var tooLong = [UInt8](repeating: 0, count: 16)
        (tooLong[3], tooLong[4]) = (0x80, 9)
        wire.send(tooLong)
        // The controller is off the bus, and nobody acknowledges.
        wire.send(id: 0x2000_0040, [UInt8](repeating: 0, count: 8))
        wire.send(id: 0x2000_0020, [UInt8](repeating: 0, count: 8))
        #expect(try bus.exchange(box, at: now).isEmpty)
        #expect(bus.statistics.unclaimed == 5)
        #expect(bus.statistics.busOffs == 1 && bus.statistics.withoutAcknowledge == 1)
        bus.close()
        wire.end()
    }

    @Test("a bus that hangs up is opened again, and one that is not there says so")
    func reopening() async throws {
        let wire = try Wire()
        let bus = CANBus(name: "modules", place: .socket(wire.path))
        let box = bus.attach([CANFilter(id: 0, mask: 0)])
        _ = try bus.exchange(box, at: now)
        wire.send(id: Self.extended | 1, [1])
        wire.hangUp()
        let error = #expect(throws: FieldBusError.self) { try bus.exchange(box, at: now) }
        #expect(error?.code == .hungUp)
        _ = try bus.exchange(box, at: now)
        #expect(bus.statistics.reopenings == 1)
        bus.close()
        let closed = #expect(throws: FieldBusError.self) { try bus.exchange(box, at: now) }
        #expect(closed?.code == .closed)
        wire.end()

        let nowhere = CANBus(name: "modules", place: .socket(wire.path))
        let absent = #expect(throws: FieldBusError.self) {
            try nowhere.exchange(nowhere.attach([]), at: now)
        }
        #expect(absent?.code == .openFailed)
    }

    @Test("an interface that is not there is told by its name")
    func noInterface() {
        let bus = CANBus(name: "modules", place: .interface("can-nowhere", bitrate: 125_000))
        let error = #expect(throws: FieldBusError.self) {
            try bus.exchange(bus.attach([]), at: now)
        }
        #expect(error?.code == .openFailed && error?.what.contains("can-nowhere") == true)
    }
}

/// On a virtual CAN interface of the kernel, in the guest of the test suite.
@Suite(
    "CANGuest: a CAN interface of the kernel", .serialized,
    .enabled(if: getenv("FORECOURT_CAN_INTERFACE") != nil))
struct CANGuestTests {
    @Test("frames go from one station to another, and not back to who sent them")
    func exchange() async throws {
        let name = String(cString: try #require(getenv("FORECOURT_CAN_INTERFACE")))
        let place = CANBus.Place.interface(name, bitrate: 125_000)
        let (near, far) = (CANBus(name: "near", place: place), CANBus(name: "far", place: place))
        let ours = near.attach([CANFilter(id: 0, mask: 0)])
        let theirs = far.attach([CANFilter(id: 0x029A_00F0, mask: CANFrame.idMask)])
        let now = MonotonicClock.now()
        _ = try far.exchange(theirs, at: now)
        let frame = CANFrame(id: 0x029A_00F0, [UInt8](repeating: 0, count: 8))
        _ = try near.exchange(ours, sending: [frame, CANFrame(id: 1, [1])], at: now)
        // A virtual interface delivers before it returns.
        #expect(try far.exchange(theirs, at: now).map(\.frame) == [frame])
        #expect(try near.exchange(ours, at: now).isEmpty)
        #expect(far.statistics.received == 2 && far.statistics.unclaimed == 1)
        near.close()
        far.close()
    }
}
