import BoardFile
import NFCReader
import Testing

/// Readers of a PC/SC service, which are told apart by a part of their names.
@Suite("Readers of a PC/SC service")
struct CardReaderTests {
    private func report(_ first: String, _ second: String) throws -> BoardReport {
        let text = try #require(
            edited([
                ("{ plugin: serial, port: ttyS2 }", "{ plugin: pcsc }"),
                (
                    "  reader-1: { plugin: test-reader, bus: cards }\n",
                    "  reader-1: { plugin: pcsc-reader, bus: cards\(first) }\n"
                        + "  reader-2: { plugin: pcsc-reader, bus: cards\(second) }\n"
                ), ("reader: reader-1", "reader: [reader-1, reader-2]"),
            ]))
        return BoardFile.report(
            bytes: Array(text.utf8), file: "board.yaml", settings: [],
            plugins: testPlugins + [PCSCReaderPlugin.self])
    }

    @Test("two devices that name two readers are good")
    func two() throws {
        #expect(try report(", name: PICC 00", ", name: PICC 01").text == "")
    }

    @Test(
        "two devices that can be one reader are refused, both named",
        arguments: [
            (
                ", name: ACR122U", ", name: ACR122U",
                "name \"ACR122U\" and reader-1 name \"ACR122U\""
            ),
            (
                ", name: ACR122U 01", ", name: ACR122U",
                "name \"ACR122U\" and reader-1 name \"ACR122U 01\""
            ),
            ("", ", name: ACR122U", "name \"ACR122U\" and reader-1 without a name"),
            ("", "", "without a name and reader-1 without a name"),
        ])
    func one(_ first: String, _ second: String, _ what: String) throws {
        let report = try report(first, second)
        #expect(report.plan == nil)
        #expect(report.text.contains("error: reader-2 \(what) can be one reader of cards\n"))
    }
}
