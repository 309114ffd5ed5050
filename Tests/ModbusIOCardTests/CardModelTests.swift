import DriverKit
import EVSEModel
import Foundation
import ModbusIOCard
import RegisterMaps
import Testing

/// Maps as data files, and what a configuration may ask of one.
@Suite("Maps of I/O cards")
struct CardModelTests {
    private static let good = """
        format: 1
        maker: Maker
        title: Card
        contacts: relay
        outputs: { table: coil, at: 0, count: 4, writes: single }
        inputs: { table: discrete, at: 16, count: 4, most: 8 }
        """

    @Test("every map of the folder is built in, and can be read")
    func shipped() throws {
        let folder = URL(fileURLWithPath: #filePath)
            .appendingPathComponent("../../../Plugins/ModbusIOCard/Models").standardizedFileURL
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
        #expect(Set(files) == Set(CardModels.names))
        for name in CardModels.names {
            #expect(throws: Never.self) { try CardModels.load(name) }
        }
    }

    @Test(
        "what is wrong with a map is told with its place",
        arguments: [
            ("outputs: { table: discrete, at: 0, count: 4, writes: single }", "nobody can write"),
            ("outputs: { table: coil, at: 0, count: 40, writes: single }", "1...32"),
            ("outputs: { table: coil, at: 0xFFFF, count: 4, writes: single }", "0...65532"),
            ("outputs: { table: coil, at: 0, count: 4 }", "writes is missing"),
            ("outputs: { table: coil, at: 0, count: 4, writes: single, on: 1 }", "bits have no on"),
            ("outputs: { table: holding, at: 0, count: 4, writes: single }", "layout is missing"),
            (
                "outputs: { table: holding, at: 0, count: 4, layout: words, on: 0, writes: single }",
                "on cannot be told from off"
            ),
            (
                "outputs: { table: holding, at: 0, count: 4, layout: words, writes: multiple }",
                "one by one"
            ),
            ("identify: { who: { table: holding, at: 1 } }", "either a range or own-address"),
            ("watchdog: { at: 1, scale: 100, range: [50, 1000], standard: 500 }", "100...3600000"),
            ("colour: red", "unknown key colour"),
        ])
    func refused(_ line: String, _ words: String) throws {
        let key = String(line.prefix { $0 != ":" })
        let others = Self.good.split(separator: "\n").filter { !$0.hasPrefix(key) }
        let yaml = (others + [Substring(line)]).joined(separator: "\n")
        let error = #expect(throws: RegisterMapError.self) {
            try CardModel(yaml: yaml, name: "x", file: "x.yaml")
        }
        #expect(error.map { "\($0)" }?.contains(words) == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("a map of one's own is read as the built-in ones are")
    func own() throws {
        let model = try CardModel(yaml: Self.good, name: "own", file: "own.yaml")
        #expect(model.hasRelays && !model.canBeRecognised)
        #expect(model.outputs?.count == 4 && model.inputs?.most == 8)
    }

    private func issues(_ values: [String: ConfigurationValue]) -> [String] {
        var all: [String: ConfigurationValue] = [
            "address": .number(1), "model": .text("generic"), "poll-period": .number(200),
            "max-age": .number(2000),
        ]
        all.merge(values) { $1 }
        var issues = ConfigurationIssues()
        ModbusIOCardPlugin.check(Configuration(device: "card-1", values: all), &issues)
        return issues.all.map { "\($0.key): \($0.rule)" }
    }

    @Test("what a configuration must not ask")
    func check() {
        #expect(issues([:]) == [])
        #expect(issues(["max-age": .number(500)]).first?.contains("three polls") == true)
        #expect(issues(["watchdog": .number(5000)]).first?.contains("no watchdog") == true)
        let sfar: [String: ConfigurationValue] = ["model": .text("sfar-s-8di8do")]
        #expect(issues(sfar) == [])
        #expect(
            issues(sfar.merging(["watchdog": .number(550)]) { $1 }).first?.contains("lost replies")
                == true)
        #expect(
            issues(sfar.merging(["watchdog": .number(100)]) { $1 }).first?.contains("outside")
                == true)
        #expect(
            issues(sfar.merging(["inputs": .number(9)]) { $1 })
                == ["inputs: 9 are more than the 8 of sfar-s-8di8do"])
    }

    @Test("terminals and load follow from model and sizes")
    func terminals() {
        func configuration(_ values: [String: ConfigurationValue]) -> Configuration {
            Configuration(
                device: "card-1",
                values: [
                    "address": .number(1), "poll-period": .number(200), "max-age": .number(2000),
                ].merging(values) { $1 })
        }
        let small = configuration(["model": .text("waveshare-relay"), "outputs": .number(4)])
        let terminals = ModbusIOCardPlugin.terminals(of: small)
        #expect(terminals.outputs == 4 && terminals.inputs == 0 && terminals.outputsWear)
        let load = ModbusIOCardPlugin.busLoad(small)
        #expect(load?.exchanges.count == 2)
        let words = configuration(["model": .text("n4d8b08")])
        #expect(ModbusIOCardPlugin.busLoad(words)?.exchanges.first?.received == 21)
    }
}
