import EVSEModel
import FieldBus
import Plant

/// What a device answers over HTTP: the first byte is the length of the pieces in which the rest comes.
func fuzzHTTPReply(_ input: [UInt8]) throws(FuzzFinding) {
    guard let first = input.first else { return }
    let all = Array(input.dropFirst())
    let inPieces = readReply(all, pieces: max(1, Int(first)))
    try require(
        inPieces == readReply(all, pieces: max(1, all.count)),
        "a reply in pieces is another than a whole one")
    guard case .reply(let content) = inPieces else { return }
    try require((200...599).contains(content.status), "status \(content.status)")
    try require(
        content.body.count <= HTTPReplyReader.bodyLimit, "a body of \(content.body.count) bytes")
}

private enum Outcome: Hashable {
    case reply(HTTPReplyReader.Content)
    case none
}

private func readReply(_ bytes: [UInt8], pieces: Int) -> Outcome {
    var reader = HTTPReplyReader()
    var rest = bytes[...]
    do throws(HTTPReplyReader.Problem) {
        while !rest.isEmpty {
            if let content = try reader.take(Array(rest.prefix(pieces))) { return .reply(content) }
            rest = rest.dropFirst(pieces)
        }
        return .reply(try reader.end())
    } catch {
        return .none
    }
}

/// What a driver sends to the simulated meters that are asked over HTTP: the first byte chooses the meter.
func fuzzHTTPLine(_ input: [UInt8]) throws(FuzzFinding) {
    guard let first = input.first else { return }
    var plan = PlantPlan(board: "fuzz", wires: "", registers: "")
    var bus = PlantPlan.SerialBus(name: "meter", baud: 9600)
    bus.transport = .http
    plan.buses = [bus]
    plan.meters = [
        .init(
            device: "meter-1", bus: "meter", unit: 1, model: first & 1 == 0 ? "dcbm" : "iem-dcr",
            evse: 1)
    ]
    var world = PlantWorld(plan, at: Instant(milliseconds: 1000))
    var line = HTTPMeterLine(bus, plan: plan)
    world.feed("meter-1", voltage: 400, currents: [0], wattHours: 1000)
    var now: Int64 = 1_000_000_000
    var rest = input.dropFirst()
    while !rest.isEmpty {
        now += 400_000_000
        line.receive(Array(rest.prefix(400)), at: now, world: &world)
        rest = rest.dropFirst(400)
        while let due = line.deadline {
            try require(due >= now, "an answer before its request")
            for answer in line.transmissions(at: due, world: &world) {
                try require(
                    answer.bytes.starts(with: Array("HTTP/1.1 ".utf8)), "an answer that is none")
            }
        }
    }
}
