import FieldBus
import ModbusEnergyMeter
import RegisterMaps
import Testing

@Suite("Captures of the wire")
struct MeterCaptureTests {
    /// Voltage of an SDM230, 230 V: the example of the maker's document.
    private static let request = "-> 01 04 00 00 00 02 71 CB"
    private static let reply = "<- 01 04 04 43 66 00 00 0E 1F"

    @Test("request and reply give registers, whatever stands around them")
    func decode() throws {
        let capture = MeterCapture(
            "meter-1: Eastron\n  \(Self.request)\r\n\n  \(Self.reply.lowercased())\n  voltage L1 230 V\n"
        )
        #expect(capture.problems.isEmpty)
        #expect(capture.replies == 1)
        let dump = try #require(capture.dumps[.input])
        let rows = try MeterModels.load("sdm230").describe(dump)
        #expect(rows.first?.name == "voltage L1")
        #expect(rows.first?.text == "230 V" && rows.first?.raw == "43 66 00 00")
        #expect(rows.dropFirst().allSatisfy { $0.text == "not read" })
    }

    @Test("frames of Modbus TCP are understood too")
    func transactions() throws {
        let capture = MeterCapture(
            """
            -> 00 01 00 00 00 06 01 04 00 00 00 02
            <- 00 01 00 00 00 07 01 04 04 43 66 00 00
            """)
        #expect(capture.problems.isEmpty && capture.replies == 1)
        let rows = try MeterModels.load("sdm230").describe(try #require(capture.dumps[.input]))
        #expect(rows.first?.text == "230 V")
    }

    @Test("of two readings the last one counts")
    func last() throws {
        let zero = "01 04 04 00 00 00 00 FB 84"
        let capture = MeterCapture(
            [Self.request, Self.reply, Self.request, zero].joined(separator: "\n"))
        let rows = try MeterModels.load("sdm230").describe(try #require(capture.dumps[.input]))
        #expect(rows.first?.text == "0 V")
    }

    @Test(
        "what is wrong with a frame is told with its line",
        arguments: [
            (["01 04 00 00 00 02 71 CC"], 1, "wrong CRC"),
            (["01 04"], 1, "2 bytes are no frame"),
            ([request, "02 04 04 43 66 00 00 4A 1F"], 2, "wrong CRC"),
            ([request, "01 84 02 C2 C1"], 2, "exception 2"),
            ([request, "01 04 02 43 66 08 2A"], 2, "a reply of 2 bytes to a request for 4"),
            ([reply], 1, "no request to read registers"),
        ])
    func problems(_ lines: [String], _ line: Int, _ what: String) {
        let capture = MeterCapture(lines.joined(separator: "\n"))
        #expect(capture.problems.first?.line == line)
        #expect(capture.problems.first?.what == what)
        #expect(capture.dumps.isEmpty)
    }

    @Test("text is no capture", arguments: ["", "hello", "-> <-", "zz zz zz zz zz", "0104 0000"])
    func noCapture(_ text: String) {
        let capture = MeterCapture(text)
        #expect(capture.replies == 0 && capture.problems.isEmpty)
    }
}
