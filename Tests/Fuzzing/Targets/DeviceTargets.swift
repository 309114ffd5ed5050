import EVSEModel
import FieldBus
import LoopRuntime
import ModbusEnergyMeter
import NFCReader
import RegisterMaps

/// Models that ship, of every kind of map, and one whose numbers have every type.
private let models: [MeterModel] =
    ["sdm230", "sdm630", "em340", "em580", "wm3m4", "sunspec-203", "sunspec-213"].compactMap {
        try? MeterModels.load($0)
    }
    + [
        try? MeterModel(
            yaml: """
                format: 1
                maker: none
                title: every type
                phases: 1
                table: holding
                type: float64
                word-order: low-first
                read-limit: 125
                registers:
                  voltage: { at: 0, unit: mV, type: uint64, range: [0, 1e30] }
                  current: { at: 4, unit: mA, type: int64, range: [-1e30, 1e30] }
                  power: { at: 8, unit: kW, range: [-1e300, 1e300] }
                  frequency: { at: 12, unit: Hz, type: int16, range: [-1e6, 1e6] }
                  power-factor: { at: 13, unit: "%", type: uint16, range: [-1e6, 1e6] }
                  energy-import: { at: 14, unit: kWh, range: [-1e300, 1e300] }
                  energy-export: { at: 18, unit: kWh, type: float32, range: [-1e300, 1e300] }
                identify:
                  code: { at: 40, type: float64, expected: [7] }
                """, name: "every", file: "every.yaml")
    ].compactMap(\.self)

/// Replies as they come from a line: the first byte chooses the request or, from 0x80 on, a meter
/// whose registers the rest are, poll after poll.
func fuzzMeterReply(_ input: [UInt8]) throws(FuzzFinding) {
    guard let first = input.first else { return }
    let rest = input.dropFirst()
    guard first >= 0x80 else { return try fuzzReply(first, rest) }
    let model = models[Int(first) % models.count]
    var plausibility = MeterPlausibility(model)
    let bytes = Array(rest)
    var position = 0
    func word() -> UInt16 {
        defer { position += 2 }
        guard position + 1 < bytes.count else { return 0 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }
    var now = Instant.zero
    repeat {
        var dump = RegisterDump()
        for block in model.blocks() {
            dump.add(block, (0..<block.count).map { _ in word() })
        }
        var reading = model.decode(dump)
        plausibility.judge(&reading, at: now)
        for inverted in [false, true] {
            let sample = MeterSample(
                reading, phases: model.phases, isInverted: inverted, at: now)
            try require(sample.at == now, "a sample of another time")
        }
        for identity in model.identities {
            _ = model.answer(identity, (0..<identity.count).map { _ in word() })
        }
        if let plan = model.search { try search(plan) { word() } }
        now = now + Milliseconds(Int64(word()) * 100)
    } while position < bytes.count && position < 4096
}

/// A search through whatever a device says ends.
private func search(
    _ plan: BlockSearch.Plan, _ word: () -> UInt16
) throws(FuzzFinding) {
    var search = BlockSearch(plan)
    var steps = 0
    while case .read(let block) = search.step {
        let refuses = word() & 7 == 7
        search.take(refuses ? nil : (0..<block.count).map { _ in word() })
        steps += 1
        try require(steps <= 200, "a search without end")
    }
}

private func fuzzReply(_ kind: UInt8, _ reply: ArraySlice<UInt8>) throws(FuzzFinding) {
    let count = max(1, Int(kind & 0x0F) * 8)
    let request: ModbusRequest =
        switch kind >> 4 {
        case 0: .read(.holding, at: 0, count: count)
        case 1: .read(.input, at: 0xFF00, count: count)
        case 2: .writeRegister(at: 7, 1)
        case 3: .writeRegisters(at: 7, Array(repeating: 3, count: count))
        case 4: .readCoils(at: 0, count: count)
        case 5: .readInputs(at: 0xFF00, count: count - 1 + Int(kind & 1))
        case 6: .writeCoil(at: 7, true)
        default: .writeCoils(at: 7, Array(repeating: true, count: count))
        }
    guard case .success(let registers) = request.registers(of: reply) else { return }
    let wanted =
        switch request {
        case .read(_, _, let count), .readCoils(_, let count), .readInputs(_, let count): count
        default: 0
        }
    try require(registers.count == wanted, "\(registers.count) registers instead of \(wanted)")
}

/// A register map is read or refused with a place; one that is read decodes anything.
func fuzzMeterModel(_ input: [UInt8]) throws(FuzzFinding) {
    let text = String(decoding: input, as: UTF8.self)
    guard let model = try? MeterModel(yaml: text, name: "m", file: "m.yaml") else { return }
    for pattern: UInt16 in [0, 0x3F80, 0x7FFF, 0xFFFF] {
        var dump = RegisterDump()
        for block in model.blocks() {
            try require(block.count <= model.readLimit, "a read of \(block.count) registers")
            dump.add(block, Array(repeating: pattern, count: block.count))
        }
        var reading = model.decode(dump)
        var plausibility = MeterPlausibility(model)
        plausibility.judge(&reading, at: .zero)
        _ = MeterSample(reading, phases: model.phases, isInverted: false, at: .zero)
        for identity in model.identities {
            _ = model.answer(identity, Array(repeating: pattern, count: identity.count))
        }
    }
}

/// A capture is read with its problems; what was understood decodes.
func fuzzMeterCapture(_ input: [UInt8]) throws(FuzzFinding) {
    let capture = MeterCapture(String(decoding: input, as: UTF8.self))
    for model in models {
        for dump in capture.dumps.values { _ = model.describe(model.located(in: dump) ?? dump) }
    }
}

/// Lines of the reader helper, which a library that parses radio bytes has written.
func fuzzReaderHelper(_ input: [UInt8]) throws(FuzzFinding) {
    var cards = CardTracker(pause: .seconds(1))
    var now = Instant.zero
    for line in lines(input) {
        now = now + Milliseconds(200)
        guard let reply = HelperReply(line: String(decoding: line, as: UTF8.self)) else { continue }
        guard case .card(let identifier, _, _) = reply else {
            _ = cards.look(nil, at: now)
            continue
        }
        try require(
            [8, 14, 16, 20].contains(identifier.utf8.count)
                && identifier.utf8.allSatisfy { (48...57).contains($0) || (65...70).contains($0) },
            "no UID: \(identifier)")
        _ = isRandomUID(identifier)
        _ = cards.look(identifier, at: now)
        try require(cards.current == identifier, "another card than was seen")
    }
}
