import EVSEModel
import JSON
import Plant

/// Calls of the rig in turn: a line with method and path, a line with the body.
func fuzzRig(_ input: [UInt8]) throws(FuzzFinding) {
    let host = PlantHost(PlantWorld(Samples.plant, at: PlantHost.now()), chip: RestingChip())
    let api = RigAPI(host)
    var rest = input.split(
        separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...].prefix(32)
    while let head = rest.popFirst() {
        let words = String(decoding: head, as: UTF8.self).split(separator: " ", maxSplits: 1)
        let body = rest.popFirst().map(Array.init) ?? []
        guard words.count == 2 else { continue }
        let outcome: Result<JSONValue, RigProblem>
        do throws(RigProblem) {
            outcome = .success(try api.respond(String(words[0]), String(words[1]), body: body))
        } catch {
            outcome = .failure(error)
        }
        switch outcome {
        case .success(let value):
            let again = try? JSONValue(parsing: value.bytes)
            try require(again == value, "an answer that is no JSON")
        case .failure(let problem):
            try require(
                (400...499).contains(problem.status), "status \(problem.status): \(problem)")
        }
    }
    let events = host.with { $0.faults.count }
    try require(events <= 64, "\(events) faults at once")
}

/// Bytes on the meters' line in bursts: a length, a pause, then so many bytes.
func fuzzMeterLine(_ input: [UInt8]) throws(FuzzFinding) {
    var line = ModbusLine(Samples.plant.buses[0], plan: Samples.plant)
    try feed(&line, input) { bytes throws(FuzzFinding) in
        try require(bytes.count <= 256, "a reply of \(bytes.count) bytes")
    }
}

/// The same on the reader's line.
func fuzzReaderLine(_ input: [UInt8]) throws(FuzzFinding) {
    var line = PN532Line(Samples.plant.buses[1], reader: 0, plan: Samples.plant)
    try feed(&line, input) { bytes throws(FuzzFinding) in
        try require(bytes.count <= 300, "a reply of \(bytes.count) bytes")
    }
}

/// Bursts of bytes with pauses; the third byte of a burst puts a card there or takes it away, or
/// raises one of the devices' faults.
private func feed<Line: SerialDevice>(
    _ line: inout Line, _ input: [UInt8],
    check: ([UInt8]) throws(FuzzFinding) -> Void
) throws(FuzzFinding) {
    var world = PlantWorld(Samples.plant, at: .zero)
    var pacer = LinePacer(characterTime: line.characterTime)
    var now: Int64 = 0
    var rest = input[...]
    while let length = rest.popFirst() {
        let pause = Int64(rest.popFirst() ?? 0)
        change(&world, rest.popFirst() ?? 0)
        line.receive(Array(rest.prefix(Int(length))), at: now, world: &world)
        rest = rest.dropFirst(Int(length))
        // Up to 65 ms a burst, with every deadline met on the way.
        let end = now + pause * 256_000
        var turns = 0
        while true {
            let sent = line.transmissions(at: now, world: &world)
            for transmission in sent { try check(transmission.bytes) }
            pacer.append(sent)
            _ = pacer.due(at: now)
            turns += 1
            guard turns < 200, let next = line.deadline, next > now, next <= end else { break }
            now = next
        }
        now = max(now, end)
    }
}

private func change(_ world: inout PlantWorld, _ code: UInt8) {
    switch code {
    case 1:
        try? world.tap("reader-1", Card(uid: [4, 1, 2, 3, 4, 5, 6]), for: 1000)
    case 2:
        try? world.tap(
            "reader-1", Card(uid: [1, 2, 3, 4], answerToSelect: [0x75, 0x77, 0x81]), for: 1000)
    case 3: world.removeCard("reader-1")
    case 0x40...:
        let devices = ["meter-1", "meter-2", "reader-1"]
        let device = devices[Int(code) % 3]
        let kinds = FaultKind.allCases
        var fault = FaultRequest(
            device: device, fault: kinds[Int(code - 0x40) % kinds.count].rawValue)
        fault.count = code % 2 == 0 ? 1 : nil
        _ = try? world.raise(fault)
    default: break
    }
}

/// A plan for the plant's process; one that is read is a world that can be stepped.
func fuzzPlantPlan(_ input: [UInt8]) throws(FuzzFinding) {
    guard let plan = try? PlantPlan(parsing: input) else { return }
    let again = try? PlantPlan(parsing: plan.json.bytes)
    try require(again?.json == plan.json, "writing and reading changed a plan")
    var world = PlantWorld(plan, at: .zero)
    world.step(to: Instant(milliseconds: 40), chip: RestingChip())
    for bus in plan.buses { _ = ModbusLine(bus, plan: plan) }
    for index in plan.readers.indices {
        guard let bus = plan.buses.first(where: { $0.name == plan.readers[index].bus }) else {
            continue
        }
        _ = PN532Line(bus, reader: index, plan: plan)
    }
}
