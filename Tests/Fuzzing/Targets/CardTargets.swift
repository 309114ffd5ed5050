import EVSEModel
import ModbusIOCard
import Plant

/// A card's map is read or refused with a place; one that is read keeps to what the loop has room for.
func fuzzCardModel(_ input: [UInt8]) throws(FuzzFinding) {
    let text = String(decoding: input, as: UTF8.self)
    guard let model = try? CardModel(yaml: text, name: "m", file: "m.yaml") else { return }
    for terminals in [model.outputs, model.inputs] {
        guard let terminals else { continue }
        try require(
            (1...CardOutputs.capacity).contains(terminals.count)
                && terminals.count <= terminals.most
                && terminals.most <= CardOutputs.capacity,
            "\(terminals.count) to \(terminals.most) terminals")
        let end = Int(terminals.address) + terminals.width(of: terminals.most)
        try require(end <= 0x1_0000, "terminals beyond the last address")
    }
    if let watchdog = model.watchdog {
        try require(
            watchdog.standard.count / watchdog.scale <= 0xFFFF, "a watchdog beyond its register")
    }
}

/// Requests to simulated cards: a card, a fault or none, a length, and so many bytes from the function on.
func fuzzCardLine(_ input: [UInt8]) throws(FuzzFinding) {
    let models = [
        "generic", "waveshare-relay", "waveshare-relay-d", "waveshare-io-8", "n4d8b08",
        "sfar-s-8di8do", "brainboxes-ed-588",
    ]
    var plan = PlantPlan(board: "fuzz", wires: "", registers: "")
    plan.buses = [.init(name: "cards", baud: 19_200)]
    for (index, model) in models.enumerated() {
        plan.cards.append(
            .init(
                device: "card-\(index)", bus: "cards", unit: index + 1, model: model,
                outputs: index == 0 ? 32 : 8, inputs: 8))
    }
    let devices = plan.cards.map(\.device)
    try fuzzUnits(input, plan, devices: devices) { world throws(FuzzFinding) in
        for card in world.cards {
            let room: UInt32 = card.plan.outputs >= 32 ? .max : (1 << UInt32(card.plan.outputs)) - 1
            try require(card.outputs & ~room == 0, "outputs that the card does not have")
        }
    }
}

/// A program at the simulated PC/SC service. From 0x80 on the first byte says that whole messages follow: a
/// command, a length, the body; below, bytes as they are, in pieces of that length.
func fuzzPCSCService(_ input: [UInt8]) throws(FuzzFinding) {
    guard let first = input.first else { return }
    var plan = PlantPlan(board: "fuzz", wires: "", registers: "")
    var bus = PlantPlan.SerialBus(name: "pcsc", baud: 9600)
    bus.transport = .pcsc
    plan.buses = [bus]
    plan.readers = [.init(device: "reader-1", bus: "pcsc", kind: .pcsc)]
    var world = PlantWorld(plan, at: .zero)
    var session = PCSCSession(bus: "pcsc", context: 7)
    var now = Instant.zero
    var rest = input.dropFirst()
    while !rest.isEmpty {
        var bytes: [UInt8]
        if first >= 0x80 {
            let command = rest.popFirst() ?? 0
            // In the middle of everything a card comes, goes, or the reader does.
            if command >= 0xE0 { change(&world, command) }
            let length = Int(rest.popFirst() ?? 0)
            let body = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
            bytes = [UInt8(length), 0, 0, 0, command & 0x1F, 0, 0, 0] + body
        } else {
            bytes = Array(rest.prefix(max(1, Int(first))))
            rest = rest.dropFirst(bytes.count)
        }
        now = now + Milliseconds(10)
        world.step(to: now, chip: RestingChip())
        let reply = session.receive(bytes, at: now.nanoseconds, world: &world)
        // The longest answer is the state of all readers, and a request has eight bytes at least.
        let most = (bytes.count / 8 + 65) * 16 * 184
        try require(reply.bytes.count <= most, "\(reply.bytes.count) bytes of answer")
        try require(reply.notBefore >= now.nanoseconds, "an answer before its question")
        try require(session.changes(in: world).count <= 8, "a long word about a change")
        if reply.hangsUp { return }
    }
}

private func change(_ world: inout PlantWorld, _ code: UInt8) {
    switch code & 3 {
    case 0: try? world.tap("reader-1", Card(uid: [4, 1, 2, 3, 4, 5, 6]), for: 1000)
    case 1: world.removeCard("reader-1")
    case 2: _ = try? world.raise(FaultRequest(device: "reader-1", fault: "absent"))
    default: _ = world.clearAll()
    }
}
