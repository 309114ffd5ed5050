import EVSEModel
import Plant
import Testing

@Suite struct PN532LineTests {
    private let ack: [UInt8] = [0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00]
    private let wake: [UInt8] = [0x55, 0x55] + Array(repeating: 0, count: 14)
    private let list: [UInt8] = [
        0x00, 0x00, 0xFF, 0x04, 0xFC, 0xD4, 0x4A, 0x01, 0x00, 0xE1, 0x00,
    ]

    private func setUp() -> (VirtualPlant, VirtualLine<PN532Line>) {
        let plan = Wallbox.plan()
        let plant = VirtualPlant(plan)
        return (plant, VirtualLine(PN532Line(plan.buses[1], reader: 0, plan: plan)))
    }
    private func frame(_ command: UInt8, _ parameters: [UInt8] = []) -> [UInt8] {
        let body = [0xD4, command] + parameters
        let sum = body.reduce(0 as UInt8, &+)
        return [0x00, 0x00, 0xFF, UInt8(body.count), 0 &- UInt8(body.count)] + body + [0 &- sum, 0]
    }
    private func awake() -> (VirtualPlant, VirtualLine<PN532Line>) {
        var (plant, line) = setUp()
        let reply = line.ask(wake + frame(0x14, [0x01]), world: &plant.world)
        #expect(reply == ack + [0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD5, 0x15, 0x16, 0x00])
        // Three attempts, so that an empty field is answered.
        _ = line.ask(frame(0x32, [0x05, 0x00, 0x01, 0x02]), world: &plant.world)
        return (plant, line)
    }

    @Test("asleep it is mute; woken it acknowledges and answers")
    func boot() {
        var (plant, line) = setUp()
        #expect(line.ask(frame(0x02), world: &plant.world).isEmpty)
        _ = awake()
    }

    @Test("the frames that libnfc starts with are answered as it wants")
    func start() {
        var (plant, line) = awake()
        let text = Array("libnfc".utf8)
        #expect(
            line.ask(frame(0x00, [0x00] + text), world: &plant.world)
                == ack + PN532Frame.reply(to: 0x00, [0x00] + text))
        #expect(
            line.ask(frame(0x02), world: &plant.world)
                == ack + PN532Frame.reply(to: 0x02, [0x32, 0x01, 0x06, 0x07]))
        #expect(
            line.ask(frame(0x12, [0x14]), world: &plant.world) == ack
                + PN532Frame.reply(to: 0x12, []))
        let write: [UInt8] = [0x63, 0x02, 0x80, 0x63, 0x03, 0x81]
        #expect(
            line.ask(frame(0x08, write), world: &plant.world) == ack
                + PN532Frame.reply(to: 0x08, []))
        let read: [UInt8] = [0x63, 0x03, 0x63, 0x02, 0x63, 0x3D]
        #expect(
            line.ask(frame(0x06, read), world: &plant.world)
                == ack + PN532Frame.reply(to: 0x06, [0x81, 0x80, 0x00]))
    }

    @Test("an empty field is answered with the recorded frame")
    func nobody() {
        var (plant, line) = awake()
        #expect(
            line.ask(list, world: &plant.world)
                == ack + [0x00, 0x00, 0xFF, 0x03, 0xFD, 0xD5, 0x4B, 0x00, 0xE0, 0x00])
    }

    @Test(
        "a card is told with ATQA, SAK and UID",
        arguments: [
            ("04A2B3C4", "", [0x00, 0x04, 0x08, 0x04]),
            ("04A2B3C4D5E6F7", "", [0x00, 0x44, 0x00, 0x07]),
            ("0102030405060708090A", "", [0x00, 0x84, 0x00, 0x0A]),
            ("04A2B3C4D5E6F7", "75778102", [0x00, 0x44, 0x20, 0x07]),
        ] as [(String, String, [UInt8])])
    func card(uid: String, ats: String, head: [UInt8]) throws {
        var (plant, line) = awake()
        let uidBytes = EVSEModel.bytes(hexadecimal: uid)
        let bytes = try #require(uidBytes)
        let atsBytes = EVSEModel.bytes(hexadecimal: ats)
        let answer = try #require(atsBytes)
        if !answer.isEmpty { _ = line.ask(frame(0x12, [0x14]), world: &plant.world) }
        try plant.world.tap("reader-1", Card(uid: bytes, answerToSelect: answer), for: 10_000)
        let tail = answer.isEmpty ? [] : [UInt8(answer.count + 1)] + answer
        #expect(
            line.ask(list, world: &plant.world)
                == ack + PN532Frame.reply(to: 0x4A, [0x01, 0x01] + head + bytes + tail))
        #expect(plant.world.readers[0].lastReadAt != nil)
        #expect(plant.world.takeEvents().contains { $0.kind == .read })
    }

    @Test("a card leaves the field after its time; a random card has a new UID each time")
    func leaves() throws {
        var (plant, line) = awake()
        try plant.world.tap("reader-1", Card(uid: [8, 0, 0, 0], isRandom: true), for: 100)
        let first = try #require(plant.world.readers[0].lastToken)
        #expect(first.hasPrefix("08"))
        #expect(throws: PlantRefusal.self) {
            try plant.world.tap("reader-1", Card(uid: [1, 2, 3, 4]), for: 100)
        }
        plant.run(0.2)
        #expect(line.ask(list, world: &plant.world).suffix(3) == [0x00, 0xE0, 0x00])
        try plant.world.tap("reader-1", Card(uid: [8, 0, 0, 0], isRandom: true), for: 100)
        #expect(plant.world.readers[0].lastToken != first)
    }

    @Test("with endless retries it waits for a card, until the host's ACK ends it")
    func abort() throws {
        var (plant, line) = awake()
        _ = line.ask(frame(0x32, [0x05, 0xFF, 0xFF, 0xFF]), world: &plant.world)
        #expect(line.ask(list, world: &plant.world) == ack)
        #expect(line.ask(ack, world: &plant.world).isEmpty)
        try plant.world.tap("reader-1", Card(uid: [1, 2, 3, 4]), for: 10_000)
        #expect(line.exchange([([], 0)], world: &plant.world).isEmpty)
        #expect(line.ask(list, world: &plant.world).count == ack.count + 19)
    }

    @Test("a second command before the first reply replaces it")
    func replaced() {
        var (plant, line) = awake()
        let replies = line.exchange(
            [(frame(0x02), 1200), (frame(0x12, [0x14]), 0)], world: &plant.world)
        #expect(replies.flatMap(\.bytes) == ack + ack + PN532Frame.reply(to: 0x12, []))
    }

    @Test("frames cut into single bytes, and junk between them, change nothing")
    func bytewise() {
        var (plant, line) = awake()
        let sent = [0x00, 0xFF, 0x17] + frame(0x02)
        let replies = line.exchange(sent.map { ([$0], 300) }, world: &plant.world)
        #expect(replies.flatMap(\.bytes) == ack + PN532Frame.reply(to: 0x02, [0x32, 1, 6, 7]))
    }

    @Test(
        "what is no frame gets no ACK",
        arguments: [
            [0x00, 0x00, 0xFF, 0x02, 0xFD, 0xD4, 0x02, 0x2A, 0x00],
            [0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2B, 0x00],
            [0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD5, 0x02, 0x29, 0x00],
            [0x00, 0x00, 0xFF, 0x01, 0xFF, 0xD4, 0x2C, 0x00], [0x00, 0x00, 0xFF, 0x02],
        ] as [[UInt8]])
    func wrong(bytes: [UInt8]) {
        var (plant, line) = awake()
        #expect(line.ask(bytes, world: &plant.world).isEmpty)
    }

    @Test("an unknown command is answered by an error frame, NACK repeats the last reply")
    func odd() {
        var (plant, line) = awake()
        let error: [UInt8] = [0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00]
        #expect(line.ask(frame(0x99), world: &plant.world) == ack + error)
        let version = PN532Frame.reply(to: 0x02, [0x32, 1, 6, 7])
        _ = line.ask(frame(0x02), world: &plant.world)
        #expect(line.ask([0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00], world: &plant.world) == version)
    }

    @Test("each fault spoils the reply in its way")
    func faults() throws {
        let version = PN532Frame.reply(to: 0x02, [0x32, 1, 6, 7])
        var spoiled = version
        spoiled[spoiled.count - 2] ^= 0xFF
        let cases: [(String, Double?, [UInt8])] = [
            ("silent", nil, []), ("ack-lost", nil, version), ("garbled", nil, ack + spoiled),
            ("truncated", 6, ack + version.prefix(6)),
            ("error-frame", nil, ack + [0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00]),
            (
                "extended-frames", nil,
                ack + PN532Frame.reply(to: 0x02, [0x32, 1, 6, 7], extended: true)
            ),
            ("wrong-firmware", nil, ack + PN532Frame.reply(to: 0x02, [0x33, 1, 6, 7])),
            ("slow", 100, ack + version), ("split", 30, ack + version), ("booting", nil, []),
        ]
        for (fault, value, expected) in cases {
            var (plant, line) = awake()
            var request = FaultRequest(device: "reader-1", fault: fault)
            request.value = value
            _ = try plant.world.raise(request)
            #expect(line.ask(frame(0x02), world: &plant.world) == expected, "\(fault)")
        }
    }

    @Test("an extended frame is the one of the standard: length in two bytes with its checksum")
    func extended() {
        let frame = PN532Frame.reply(to: 0x40, Array(repeating: 0xAA, count: 256))
        #expect(frame.prefix(8) == [0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x01, 0x02, 0xFD])
        #expect(frame.count == 8 + 258 + 2)
    }

    @Test("muted by an abort, it hears nothing for its time")
    func mute() throws {
        var (plant, line) = awake()
        _ = line.ask(frame(0x32, [0x05, 0xFF, 0xFF, 0xFF]), world: &plant.world)
        _ = try plant.world.raise(FaultRequest(device: "reader-1", fault: "abort-mute"))
        let replies = line.exchange(
            [(list, 20_000), (ack, 10_000), (frame(0x02), 40_000), (frame(0x02), 0)],
            world: &plant.world)
        #expect(
            replies.flatMap(\.bytes)
                == ack + ack + PN532Frame.reply(to: 0x02, [0x32, 1, 6, 7]))
    }
}
