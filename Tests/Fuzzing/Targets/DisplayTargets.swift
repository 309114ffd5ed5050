import DWINDisplay
import DisplayText
import EVSEModel
import LineReader
import Plant
import SimulatedChip

/// Bytes of a scanner, a chunk after each newline of the input: every line is bounded printable text, and
/// a token what an IdToken can hold.
func fuzzScannerLine(_ input: [UInt8]) throws(FuzzFinding) {
    var assembler = LineAssembler(pause: Milliseconds(150))
    guard let pattern = try? LinePattern("(?:ID=)?([ -~]*)") else {
        throw FuzzFinding("the pattern is none")
    }
    var now = Instant.zero
    for chunk in lines(input) {
        now = now + Milliseconds(Int64(chunk.first ?? 0))
        for line in assembler.take(Array(chunk) + [0x0D], at: now) {
            try require(
                (1...LineAssembler.longest).contains(line.utf8.count)
                    && line.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "a line: \(line)")
            if let token = pattern.token(in: line) {
                try require((1...36).contains(token.count), "a token: \(token)")
            }
        }
    }
}

/// Frames are found or passed over, whole and byte by byte alike.
func fuzzPanelReply(_ input: [UInt8]) throws(FuzzFinding) {
    for crc in [false, true] {
        var whole = DGUSParser(crc: crc)
        whole.append(input)
        var seen = [DGUSParser.Reply]()
        while let reply = whole.next() { seen.append(reply) }
        var slow = DGUSParser(crc: crc)
        var again = [DGUSParser.Reply]()
        for byte in input {
            slow.append([byte])
            while let reply = slow.next() { again.append(reply) }
        }
        try require(seen == again, "frames depend on how they arrive")
        try require(whole.dropped <= input.count, "more dropped than came")
    }
}

/// The plant's panels take anything and show as many rows as they have.
func fuzzPanelLine(_ input: [UInt8]) throws(FuzzFinding) {
    var plan = PlantPlan(board: "fuzz", wires: "", registers: "")
    var bus = PlantPlan.SerialBus(name: "i2c", baud: 100_000)
    bus.transport = .i2c
    plan.buses = [bus, .init(name: "panel", baud: 115_200)]
    var characters = PlantPlan.Display(device: "display-1", kind: .characters)
    (characters.bus, characters.address, characters.columns, characters.rows) = ("i2c", 39, 20, 4)
    var graphic = PlantPlan.Display(device: "display-2", kind: .dgus)
    graphic.bus = "panel"
    graphic.texts = [.init(address: 0x1000, words: 16), .init(address: 0xFFF0, words: 64)]
    var onLines = PlantPlan.Display(device: "display-3", kind: .lines)
    (onLines.columns, onLines.rows) = (20, 4)
    onLines.pins = .init(
        registerSelect: .init(4), enable: .init(5, activeLow: true),
        data: (0..<4).map { PlantPlan.Line($0) })
    plan.displays = [characters, graphic, onLines]
    var world = PlantWorld(plan, at: .zero)
    var expander = I2CLine(plan.buses[0], plan: plan)
    var panel = DGUSPanel(plan.buses[1], display: 1, plan: plan)
    // The address and length of a transaction would seldom be guessed.
    expander.receive(
        [0x02, 39, UInt8(input.count >> 8 & 0x03), UInt8(input.count & 0xFF)] + input, at: 0,
        world: &world)
    expander.receive(input, at: 1_000_000_000, world: &world)
    panel.receive(input, at: 0, world: &world)
    _ = expander.transmissions(at: 2_000_000_000, world: &world)
    _ = panel.transmissions(at: 2_000_000_000, world: &world)
    var panels = LinePanels(plan)
    let edges = input.enumerated().map { index, byte in
        SimulatedChip.Edge(
            line: Int(byte & 0x7F) % 7, isHigh: byte & 0x80 != 0,
            microseconds: UInt32(index) &* 50)
    }
    panels.see(edges, world: &world)
    for display in [0, 2] {
        let rows = world.displays[display].lines
        try require(
            rows.isEmpty || rows.count == 4 && rows.allSatisfy { $0.count == 20 }, "rows: \(rows)")
    }
}

/// A data file is taken or refused with a word why.
func fuzzDisplayFiles(_ input: [UInt8]) throws(FuzzFinding) {
    if let language = try? Language(code: "xx", json: input) {
        for key in Phrase.all { _ = Glyphs.reduce(language[key], in: language) }
        _ = language.text(Milliseconds.seconds(3700))
    }
    guard let project = try? PanelProject(name: "x", json: input),
        let english = try? Languages.load("en")
    else { return }
    for text in project.inOrder {
        for words in ["", "Ä😀€", String(repeating: "x", count: 300)] {
            try require(
                project.words(words, in: english, for: text).count <= text.words,
                "more words than the variable has")
        }
    }
}
