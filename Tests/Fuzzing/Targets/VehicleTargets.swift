import EVSEModel
import FramedSerial
import ModbusInsulationMonitor
import Plant
import SerialVehicleCommunication

/// What an SECC module sends: the first byte chooses between a raw stream, in pieces of its length, and
/// packets with good check sums (from 0x80 on): kind, length, payload, one after the other.
func fuzzVehicleReply(_ input: [UInt8]) throws(FuzzFinding) {
    guard let first = input.first else { return }
    var frames = FrameSplitter(longestPayload: SECCMessage.longestPayload)
    var rest = input.dropFirst()
    guard first >= 0x80 else {
        let length = max(1, Int(first))
        while !rest.isEmpty {
            frames.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
            while let packet = frames.next() { try decode(packet) }
        }
        return
    }
    var sequence = UInt16(first)
    while let byte = rest.popFirst() {
        let kinds: [SECCMessage] = [.report, .identity, .accept, .refusal]
        let length = min(SECCMessage.longestPayload, Int(rest.popFirst() ?? 0))
        sequence &+= 1
        let packet = FramedPacket(
            kind: kinds[Int(byte) % 4].rawValue, sequence: sequence, session: 0x1_0000,
            Array(rest.prefix(length)))
        rest = rest.dropFirst(length)
        let frame = packet.frame
        try require(
            !frame.dropFirst().dropLast().contains(0), "a zero inside a frame: \(frame)")
        try require(frame.count <= 142, "a frame of \(frame.count) bytes")
        frames.append(frame)
        try require(frames.next() == packet, "another packet than was sent")
        let encoded = Array(frame.dropFirst().dropLast())
        try require(
            SafetyCode.packet(encoded, longest: 139)?.dropFirst(7)
                .elementsEqual(packet.payload) == true, "the simulator reads it otherwise")
        try decode(packet)
    }
}

private func decode(_ packet: FramedPacket) throws(FuzzFinding) {
    _ = SECCIdentity(packet.payload)
    _ = SECCAcceptance(packet.payload)
    _ = SECCRefusal(packet.payload)?.text
    if let plan = SECCPlan(packet.payload) {
        try require(plan.periods.count <= VehicleSchedule.mostPeriods, "too long a plan")
        try require(plan.periods.first.map { $0.start == 0 } ?? true, "a plan that begins late")
    }
    guard let report = SECCReport(packet.payload) else { return }
    let now = Instant(milliseconds: 100_000)
    let sample = report.sample(heardAt: now, session: 1)
    try require(sample.at <= now, "a sample of the future")
    try require(now - sample.at <= Milliseconds(65_534), "older than the protocol can tell")
    try require(
        sample.stateOfCharge.map { $0 <= Percent(100) } ?? true, "more than full")
    try require(
        report.faults.serious.isSubset(of: report.faults), "faults that nobody told")
    _ = report.faults.text
}

/// Bytes on an SECC module's line: bursts (length, pause in 10 ms, bytes), where a length from 0x80 on makes
/// them a packet with a good check sum.
func fuzzVehicleLine(_ input: [UInt8]) throws(FuzzFinding) {
    var plan = PlantPlan(board: "fuzz", wires: "", registers: "")
    plan.buses = [.init(name: "vehicle", baud: 115_200)]
    var evse = PlantPlan.EVSE(number: 1)
    evse.connectors = [.init(number: 1)]
    plan.evses = [evse]
    plan.directCurrent.vehicleLinks = [
        .init(device: "secc-1", bus: "vehicle", evse: 1, connectors: 2)
    ]
    var world = PlantWorld(plan, at: .zero)
    var line = SECCLine(plan.buses[0], module: 0, plan: plan)
    var sample = VehicleSample()
    sample.stage = .transfer
    var now = Instant(milliseconds: 500)
    sample.at = now
    world.feed("secc-1", said: sample)
    world.step(to: now, chip: RestingChip())
    var rest = input[...]
    while let length = rest.popFirst() {
        now = now + Milliseconds(Int64(rest.popFirst() ?? 0) * 10)
        world.step(to: now, chip: RestingChip())
        let count = Int(length & 0x7F)
        let bytes = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        line.receive(
            length < 0x80 ? bytes : SafetyCode.frame(bytes), at: now.nanoseconds, world: &world)
        for sent in line.transmissions(at: now.nanoseconds, world: &world) {
            try require(sent.bytes.count <= 142, "an answer of \(sent.bytes.count) bytes")
            var frames = FrameSplitter(longestPayload: SECCMessage.longestPayload)
            frames.append(sent.bytes)
            guard let packet = frames.next() else {
                throw FuzzFinding("an answer that is none: \(sent.bytes)")
            }
            guard packet.kind == SECCMessage.report.rawValue else { continue }
            try require(SECCReport(packet.payload) != nil, "a report that is none")
        }
    }
}

/// Registers of insulation monitors, two bytes each: a value of Bender's in four, fault and state of Dold's
/// with its three numbers, and the course of a self-test over all of them.
func fuzzMonitorReply(_ input: [UInt8]) throws(FuzzFinding) {
    let words = stride(from: 0, to: input.count - 1, by: 2).map {
        UInt16(input[$0]) << 8 | UInt16(input[$0 + 1])
    }
    var course = SelfTestCourse()
    var now = Instant(milliseconds: 1000)
    for start in stride(from: 0, to: words.count, by: 5) {
        let part = Array(words[start...].prefix(5))
        if let value = BenderValue(part.prefix(4)) {
            try require(value.resistance.map { $0 >= .zero } ?? true, "less than nothing")
            try require(
                value.resistance == nil || value.unit == BenderValue.Unit.ohm.rawValue,
                "a resistance in another unit")
            _ = value.voltage
        }
        guard part.count == 5, let state = DoldState(fault: part[0] & 15, state: part[1] & 15)
        else { continue }
        let reading = state.reading(Array(part.suffix(3)))
        let sample = reading.sample(at: now)
        try require(
            sample.resistance == nil || (!sample.hasFault && !sample.isTesting),
            "a resistance of a device that does not measure")
        if course.shallStart(UInt32(part[2] & 3)) { course.started(at: now) }
        now = now + Milliseconds(Int64(part[3]))
        _ = course.see(reading, at: now)
        try require(!course.hasPassed || course.answered > 0, "a test that nobody wanted passed")
    }
}

/// Requests to simulated insulation monitors: a monitor, a fault or none, a length, and so many bytes from
/// the function on.
func fuzzMonitorLine(_ input: [UInt8]) throws(FuzzFinding) {
    var plan = PlantPlan(board: "fuzz", wires: "", registers: "")
    plan.buses = [.init(name: "monitors", baud: 19_200)]
    for (index, model) in ["isocha425hv", "rn5893"].enumerated() {
        plan.directCurrent.insulationMonitors.append(
            .init(
                device: "imd-\(index)", bus: "monitors", unit: index + 1, model: model, evse: 1))
    }
    let devices = plan.directCurrent.insulationMonitors.map(\.device)
    try fuzzUnits(input, plan, devices: devices)
}
