import FieldBus
import ModbusEnergyMeter
import RegisterMaps
import Testing

@Suite("Searching for a block of registers")
struct BlockSearchTests {
    private static let marker: [UInt16] = [0x5375, 0x6E53]

    /// Walks a device of these registers; tells the end and what was read on the way.
    private func walk(
        _ device: [Int: [UInt16]], starts: [UInt16] = [40_000, 0], blocks: [UInt16] = [203]
    ) -> (BlockSearch.Step, [UInt16]) {
        var search = BlockSearch(.init(starts: starts, blocks: blocks))
        var asked = [UInt16]()
        while case .read(let block) = search.step {
            asked.append(block.address)
            search.take(device[Int(block.address)])
        }
        return (search.step, asked)
    }

    @Test("the chain of blocks is followed from the marker, wherever it is")
    func found() {
        let device = [0: Self.marker, 2: [1, 66], 70: [203, 105]]
        let (step, asked) = walk(device)
        #expect(step == .found(70))
        #expect(asked == [40_000, 0, 2, 70])
    }

    @Test("of several blocks the first one that will do is taken")
    func alternatives() {
        let device = [
            40_000: Self.marker, 40_002: [1, 65], 40_069: [213, 124], 40_195: [203, 105],
        ]
        #expect(walk(device, blocks: [203, 213]).0 == .found(40_069))
    }

    @Test(
        "what is no such device is told",
        arguments: [
            ([:], "does not say SunS at register 40000, 0"),
            ([0: [0, 0], 40_000: [0x5375, 0]], "does not say SunS at register 40000, 0"),
            ([0: marker, 2: [1, 66], 70: [0xFFFF, 0]], "has no block 203, but 1"),
            ([0: marker, 2: [0xFFFF, 0]], "has no block 203, but none"),
            ([0: marker, 2: [1, 66]], "the list of blocks breaks off at register 70"),
            ([0: marker, 2: [1, 0xFFFE]], "the list of blocks leads beyond register 65535"),
        ] as [([Int: [UInt16]], String)])
    func failures(_ device: [Int: [UInt16]], _ what: String) {
        #expect(walk(device).0 == .failed(what))
    }

    @Test("a chain that never ends is given up")
    func endless() {
        let device = Dictionary(
            uniqueKeysWithValues: (0...2000).map { ($0 * 2 + 2, [7, 0] as [UInt16]) }
                + [(0, Self.marker)])
        let (step, asked) = walk(device)
        #expect(step == .failed("has no block 203, but 7"))
        #expect(asked.count < 100)
    }

    @Test("a capture that has the search is decoded, one that has not is not")
    func capture() throws {
        let model = try MeterModels.load("sunspec-201")
        var wire = RegisterDump()
        #expect(model.located(in: wire) == nil)
        wire.add(RegisterBlock(address: 40_000, count: 2), Self.marker)
        wire.add(RegisterBlock(address: 40_002, count: 2), [1, 66])
        wire.add(RegisterBlock(address: 40_070, count: 2), [201, 105])
        wire.add(RegisterBlock(address: 40_078, count: 1), [2301])
        wire.add(RegisterBlock(address: 40_085, count: 1), [0xFFFF])
        let located = try #require(model.located(in: wire))
        let voltage = try #require(model.describe(located).first { $0.name == "voltage L1" })
        #expect(voltage.text == "230.1 V" && voltage.raw == "08 FD")
    }
}
