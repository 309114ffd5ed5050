import EVSEModel
import FramedSerial
import Plant
import SafetyMCU

/// What a safety controller sends: the first byte chooses between a raw stream, in pieces of its length,
/// and packets with good check sums (from 0x80 on): kind, length, payload, one after the other.
func fuzzSafetyReply(_ input: [UInt8]) throws(FuzzFinding) {
    guard let first = input.first else { return }
    var frames = FrameSplitter(longestPayload: SafetyPacket.longestPayload)
    var rest = input.dropFirst()
    guard first >= 0x80 else {
        let length = max(1, Int(first))
        while !rest.isEmpty {
            frames.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
            while let found = frames.next() { try SafetyPacket(found).map(decode) }
        }
        return
    }
    var judge = SafetyJudge(wantsSelfTest: true)
    var now = Instant.zero
    var sequence = UInt16(first)
    while let byte = rest.popFirst() {
        let kinds: [SafetyPacket.Kind] = [.state, .identity, .accept, .refusal]
        let length = min(SafetyPacket.longestPayload, Int(rest.popFirst() ?? 0))
        sequence &+= 1
        let packet = SafetyPacket(
            kinds[Int(byte) % 4], sequence: sequence, session: 0x1_0000,
            Array(rest.prefix(length)))
        rest = rest.dropFirst(length)
        let frame = packet.frame
        try require(
            !frame.dropFirst().dropLast().contains(0), "a zero inside a frame: \(frame)")
        try require(frame.count <= 78, "a frame of \(frame.count) bytes")
        frames.append(frame)
        try require(
            frames.next().flatMap { SafetyPacket($0) } == packet, "another packet than was sent")
        try require(
            SafetyCode.packet(Array(frame.dropFirst().dropLast()))?.dropFirst(7)
                .elementsEqual(packet.payload) == true, "the simulator reads it otherwise")
        try decode(packet)
        now = now + Milliseconds(Int64(byte) * 10)
        guard let state = SafetyState(packet.payload), packet.kind == .state else { continue }
        _ = judge.judge(state, command: state.command, at: now)
        try require(
            judge.judge(state, command: SafetyCommand(.permit, limit: Amperes(81)), at: now) != nil,
            "an answer to another command is believed")
    }
}

private func decode(_ packet: SafetyPacket) throws(FuzzFinding) {
    _ = SafetyIdentity(packet.payload)
    _ = SafetyAcceptance(packet.payload)
    _ = SafetyRefusal(packet.payload)
    guard let state = SafetyState(packet.payload) else { return }
    let sample = state.sample(at: .zero, readsProximity: true)
    try require(sample.offered == state.offered, "another offer")
    try require(
        state.faults.isEmpty == sample.faults.isEmpty, "faults of the controller are lost")
}

/// Bytes on a safety controller's line: bursts (length, pause in 10 ms, bytes), where a length from 0x80
/// on makes them a packet with a good check sum, of the session and challenge that it waits for.
func fuzzSafetyLine(_ input: [UInt8]) throws(FuzzFinding) {
    var plan = PlantPlan(board: "fuzz", wires: "", registers: "")
    plan.buses = [.init(name: "safety", baud: 115_200)]
    var evse = PlantPlan.EVSE(number: 1)
    evse.connectors = [.init(number: 1)]
    plan.evses = [evse]
    plan.safetyControllers = [.init(device: "safety-1", bus: "safety", evse: 1)]
    var world = PlantWorld(plan, at: .zero)
    var line = SafetyLine(plan.buses[0], controller: 0, plan: plan)
    world.step(to: Instant(milliseconds: 500), chip: RestingChip())
    var vehicle = VehicleModel()
    vehicle.cable = 32
    try? world.plug(evse: 1, connector: 1, vehicle)
    var now = Instant(milliseconds: 500)
    var rest = input[...]
    while let length = rest.popFirst() {
        now = now + Milliseconds(Int64(rest.popFirst() ?? 0) * 10)
        world.step(to: now, chip: RestingChip())
        let count = Int(length & 0x7F)
        let bytes = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        // The session and what it waits for would never be guessed.
        line.receive(
            length < 0x80 ? bytes : SafetyCode.frame(bytes), at: now.nanoseconds, world: &world)
        for sent in line.transmissions(at: now.nanoseconds, world: &world) {
            try require(sent.bytes.count <= 78, "an answer of \(sent.bytes.count) bytes")
            var frames = FrameSplitter(longestPayload: SafetyPacket.longestPayload)
            frames.append(sent.bytes)
            let answer = frames.next().flatMap { SafetyPacket($0) }
            try require(answer != nil, "an answer that is none: \(sent.bytes)")
        }
        guard let safety = world.evses[0].safety else { continue }
        try require(
            !safety.isCoilOn || safety.pilot.requestsEnergy, "closed in state \(safety.pilot)")
        try require(
            safety.isCoilOn == false || safety.residualCurrent == .passed, "closed without a test")
    }
}
