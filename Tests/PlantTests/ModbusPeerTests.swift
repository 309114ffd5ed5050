import EVSEModel
import Plant
import Testing

/// Frames of the Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1.
@Suite struct ModbusPeerTests {
    private func setUp() -> (PlantWorld, ModbusPeer) {
        var plan = PlantPlan(board: "peer", wires: "", registers: "")
        var bus = PlantPlan.SerialBus(name: "net", baud: 9600)
        bus.transport = .tcp
        plan.buses = [bus]
        plan.meters = [.init(device: "meter-1", bus: "net", unit: 1, model: "sdm230", evse: 1)]
        var world = PlantWorld(plan, at: .zero)
        world.feed("meter-1", voltage: 230, currents: [10], wattHours: 1000)
        return (world, ModbusPeer(bus, plan: plan))
    }

    /// Everything that comes back, as one.
    private func ask(
        _ bytes: [UInt8], _ peer: inout ModbusPeer, _ world: inout PlantWorld
    ) -> [UInt8] {
        peer.receive(bytes, at: 0, world: &world)
        return peer.transmissions(at: 0, world: &world).flatMap(\.bytes)
    }

    private let request: [UInt8] = [0x12, 0x34, 0, 0, 0, 6, 1, 4, 0, 0, 0, 2]
    private let reply: [UInt8] = [0x12, 0x34, 0, 0, 0, 7, 1, 4, 4, 0x43, 0x66, 0, 0]

    @Test("a reply carries the request's transaction")
    func exact() {
        var (world, peer) = setUp()
        #expect(ask(request, &peer, &world) == reply)
    }

    @Test("requests may come in pieces, and several at once")
    func pieces() {
        var (world, peer) = setUp()
        #expect(ask(Array(request.prefix(7)), &peer, &world) == [])
        #expect(ask(Array(request.dropFirst(7)) + request, &peer, &world) == reply + reply)
    }

    @Test("what is no request is thrown away, and other units are nobody")
    func noRequest() {
        var (world, peer) = setUp()
        #expect(ask([1, 2, 9, 9, 0, 6, 1, 4, 0, 0, 0, 2], &peer, &world) == [])
        #expect(peer.rejected == 1)
        #expect(ask([0, 1, 0, 0, 0, 6, 9, 4, 0, 0, 0, 2], &peer, &world) == [])
        #expect(ask(request, &peer, &world) == reply)
    }

    @Test(
        "each fault spoils the reply in its way",
        arguments: [
            ("silent", nil, []), ("truncated", 4, [0x12, 0x34, 0, 0]),
            ("garbled", nil, [0x12, 0x34 ^ 0x5A, 0, 0, 0, 7, 1, 4, 4, 0x43, 0x66, 0, 0]),
            ("wrong-unit", nil, [0x12, 0x34, 0, 0, 0, 7, 2, 4, 4, 0x43, 0x66, 0, 0]),
            ("exception", 4, [0x12, 0x34, 0, 0, 0, 3, 1, 0x84, 4]),
            ("no-value", nil, [0x12, 0x34, 0, 0, 0, 7, 1, 4, 4, 0x7F, 0xC0, 0, 0]),
            ("reset", nil, [0x12, 0x34, 0, 0, 0, 7]),
        ] as [(String, Double?, [UInt8])])
    func faults(_ fault: String, _ value: Double?, _ expected: [UInt8]) throws {
        var (world, peer) = setUp()
        var wanted = FaultRequest(device: "meter-1", fault: fault)
        wanted.value = value
        _ = try world.raise(wanted)
        #expect(ask(request, &peer, &world) == expected)
    }

    @Test("a meter on a serial line has no connection that could be reset")
    func serialHasNoReset() {
        var plan = PlantPlan(board: "line", wires: "", registers: "")
        plan.buses = [.init(name: "meters", baud: 9600)]
        plan.meters = [.init(device: "meter-1", bus: "meters", unit: 1, model: "sdm230", evse: 1)]
        var world = PlantWorld(plan, at: .zero)
        #expect(throws: PlantRefusal.self) {
            try world.raise(FaultRequest(device: "meter-1", fault: "reset"))
        }
    }

    @Test("the plan's JSON keeps the transport")
    func plan() throws {
        var plan = PlantPlan(board: "peer", wires: "/w", registers: "/r")
        for (index, transport) in PlantPlan.SerialBus.Transport.allCases.enumerated() {
            var bus = PlantPlan.SerialBus(name: "bus-\(index)", baud: 9600)
            bus.transport = transport
            plan.buses.append(bus)
        }
        #expect(try PlantPlan(parsing: plan.encoded()).buses == plan.buses)
    }
}
