import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import ModbusIOCard
import Plant
import RegisterMaps
import Testing

/// The driver against the plant's cards, at the level of the line's bytes.
@Suite("Modbus I/O card", .serialized, .timeLimit(.minutes(3)))
struct CardTests {
    @Test(
        "it keeps to what every card's driver keeps to, with every map",
        arguments: CardModels.names)
    func conformance(_ model: String) async throws {
        let rig = try CardRig(model)
        let violations = await CardConformance.violations(
            of: rig.underTest, at: rig, maximumAge: .seconds(2), busFaults: Self.faults(model))
        #expect(violations == [])
        await rig.end()
    }
    /// What the bus does to a reply depends on the reply: these have the same as `generic` has, function 2, which
    /// meets every fault, as do registers with a word and with a bit an input. A spoilt and a late one are for all.
    private static func faults(_ model: String) -> [CardBusFault] {
        ["brainboxes-ed-588", "waveshare-io-8", "waveshare-relay-d"].contains(model)
            ? [.garbled, .late] : CardBusFault.allCases
    }

    @Test(
        "a card of another size than its model's", arguments: [(1, 0), (0, 16), (32, 32), (3, 9)])
    func sizes(_ outputs: Int, _ inputs: Int) async throws {
        let rig = try CardRig("generic", outputs: outputs, inputs: inputs)
        let violations = await CardConformance.violations(
            of: rig.underTest, at: rig, maximumAge: .seconds(2), busFaults: [.garbled])
        #expect(violations == [])
        await rig.end()
    }

    @Test("nothing is written while nothing changes")
    func quiet() async throws {
        let rig = try CardRig("waveshare-relay")
        rig.host.want(0b101)
        await rig.poll(for: .seconds(1))
        let switchings = rig.card.switchings
        #expect(switchings == 2)
        await rig.poll(for: .seconds(20))
        #expect(rig.card.switchings == switchings)
        #expect(rig.card.storedWrites == 0)
        await rig.end()
    }

    @Test("the watchdog is set once, and outputs go off by it where nobody asks")
    func watchdog() async throws {
        let rig = try CardRig("sfar-s-8di8do", configuration: ["watchdog": .number(3000)])
        rig.host.want(1)
        await rig.poll(for: .seconds(10))
        #expect(rig.card.outputs == 1 && !rig.card.hasFallenBack)
        #expect(rig.card.storedWrites == 1, "the rest state was right as delivered")
        await rig.pass(.seconds(4))
        #expect(rig.card.outputs == 0 && rig.card.hasFallenBack)
        await rig.poll(for: .seconds(1))
        #expect(rig.card.outputs == 1 && rig.card.storedWrites == 1)
        await rig.end()
    }

    @Test("another card than the model's is refused, and never told anything")
    func wrongCard() async throws {
        let rig = try CardRig("waveshare-relay-d", driven: "sfar-s-8di8do")
        rig.host.want(0xFF)
        await #expect(throws: DriverError.self) { try await rig.driver.configure() }
        await rig.poll(for: .seconds(5))
        #expect(rig.card.switchings == 0 && rig.host.cardSamples.isEmpty)
        #expect(rig.host.faults[.cardLost] != nil)
        await rig.end()

        let other = try CardRig("generic", driven: "waveshare-relay")
        let error = await #expect(throws: DriverError.self) { try await other.driver.configure() }
        #expect(error?.code == .wrongDevice)
        #expect(error?.what.contains("refuses to say its address") == true)
        await other.end()
    }

    @Test("an input that is stuck is told as it was: nothing on the bus shows it")
    func stuckInput() async throws {
        let rig = try CardRig("waveshare-relay-d")
        await rig.set(inputs: 0b100)
        await rig.poll(for: .seconds(1))
        rig.raise("input-stuck", 2)
        await rig.set(inputs: 0)
        await rig.poll(for: .seconds(1))
        #expect(rig.host.cardSamples.last?.inputs == 0b100)
        rig.clear()
        await rig.poll(for: .seconds(1))
        #expect(rig.host.cardSamples.last?.inputs == 0)
        await rig.end()
    }

    @Test("an output that somebody else switched is told again")
    func otherMaster() async throws {
        let rig = try CardRig("waveshare-relay")
        rig.host.want(0b10)
        await rig.poll(for: .seconds(1))
        let unit = ModbusUnit(5)
        _ = try await rig.bus.exchange(.writeCoils(at: 0, [true, false]), with: unit)
        #expect(rig.card.outputs == 0b01)
        await rig.poll(for: .seconds(1))
        #expect(rig.card.outputs == 0b10)
        #expect(rig.host.faults.isEmpty)
        await rig.end()
    }

    @Test("a register that is neither on nor off is no level")
    func neitherOnNorOff() async throws {
        let rig = try CardRig("n4d8b08")
        await rig.poll(for: .seconds(1))
        let known = rig.host.cardSamples.count
        #expect(known > 0)
        rig.raise("maximum")
        await rig.poll(for: .seconds(3))
        #expect(rig.host.cardSamples.count == known)
        #expect(rig.host.faults[.cardLost]?.contains("neither on nor off") == true)
        await rig.end()
    }

    @Test("a probe shows every terminal")
    func probe() async throws {
        let rig = try CardRig("waveshare-relay-d")
        await rig.set(inputs: 0b1)
        let report = try await rig.driver.probe()
        #expect(report.identity == "Waveshare Modbus RTU Relay (D), address 5, version 200")
        #expect(report.values.count == 16)
        #expect(report.values.first?.name == "input 0" && report.values.first?.text == "on")
        #expect(rig.card.switchings == 0, "a probe writes nothing")
        await rig.end()
    }

    @Test(
        "a search names cards that say who they are, and nothing else",
        arguments: [
            ("waveshare-relay", ["waveshare-relay"]),
            ("waveshare-relay-d", ["waveshare-io-8", "waveshare-relay-d"]),
            ("sfar-s-8di8do", ["sfar-s-8di8do"]), ("generic", []), ("n4d8b08", []),
            ("brainboxes-ed-588", []),
        ])
    func recognition(_ fitted: String, _ found: [String]) async throws {
        let rig = try CardRig(fitted)
        let candidates = try await CardRecognition(on: rig.bus).candidates(
            for: ModbusUnit(5, retries: 0))
        #expect(candidates.map(\.model) == found)
        #expect(rig.card.switchings == 0 && rig.card.storedWrites == 0)
        await rig.end()
    }
}
