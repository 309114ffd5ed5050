import DWINDisplay
import DisplayText
import Testing

/// Frames and data files of DGUS II panels.
@Suite("DGUS II")
struct DGUSTests {
    @Test("frames as the maker's guide shows them")
    func frames() {
        #expect(
            DGUSFrame.write(0x1001, [0x04D2], crc: false)
                == [0x5A, 0xA5, 0x05, 0x82, 0x10, 0x01, 0x04, 0xD2])
        #expect(
            DGUSFrame.read(0x1001, count: 1, crc: false)
                == [0x5A, 0xA5, 0x04, 0x83, 0x10, 0x01, 0x01])
        #expect(
            DGUSFrame.write(0x0084, [0x5A01, 3], crc: false)
                == [0x5A, 0xA5, 0x07, 0x82, 0x00, 0x84, 0x5A, 0x01, 0x00, 0x03])
    }

    @Test("replies whole, byte by byte, several at once, among noise", arguments: [false, true])
    func parsing(_ crc: Bool) {
        let acknowledge = DGUSFrame.bytes(0x82, [0x4F, 0x4B], crc: crc)
        let words = DGUSFrame.bytes(0x83, [0x10, 0x01, 0x02, 0x04, 0xD2, 0x5A, 0xA5], crc: crc)
        let stream =
            [0x00, 0x5A] + acknowledge + [0xFF, 0x5A, 0xA5] + words + acknowledge
        let wanted: [DGUSParser.Reply] = [
            .acknowledge, .words(address: 0x1001, [0x04D2, 0x5AA5]), .acknowledge,
        ]
        var whole = DGUSParser(crc: crc)
        whole.append(stream)
        var seen = [DGUSParser.Reply]()
        while let reply = whole.next() { seen.append(reply) }
        // The stray header swallows at most what follows it: the exchange is tried again then.
        #expect(seen.first == wanted.first && seen.last == wanted.last)
        var slow = DGUSParser(crc: crc)
        seen = []
        for byte in acknowledge + words + acknowledge {
            slow.append([byte])
            while let reply = slow.next() { seen.append(reply) }
        }
        #expect(seen == wanted)
        #expect(slow.dropped == 0)
    }

    @Test("a wrong CRC is no frame, and the next one is found")
    func wrongCRC() {
        var frame = DGUSFrame.bytes(0x82, [0x4F, 0x4B], crc: true)
        frame[frame.count - 1] ^= 1
        var parser = DGUSParser(crc: true)
        parser.append(frame + DGUSFrame.bytes(0x82, [0x4F, 0x4B], crc: true))
        #expect(parser.next() == .acknowledge)
        #expect(parser.next() == nil)
        #expect(parser.dropped == frame.count)
    }

    @Test("an acknowledge must be OK, a reply as long as it says")
    func badReplies() {
        var parser = DGUSParser(crc: false)
        parser.append([0x5A, 0xA5, 0x03, 0x82, 0x4E, 0x47])
        parser.append([0x5A, 0xA5, 0x06, 0x83, 0x10, 0x01, 0x02, 0x04, 0xD2])
        parser.append([0x5A, 0xA5, 0x00, 0x5A, 0xA5, 0x01, 0x83])
        #expect(parser.next() == nil)
    }

    @Test("the built-in project is sound, and room for two outlets")
    func standardProject() throws {
        let project = try PanelProjects.load("standard")
        #expect(project.evses.count == 2)
        #expect(project.encoding == .unicode)
        #expect(Set(project.pages.values).count == DisplayWording.Tone.allCases.count)
        #expect(!project.pages.values.contains(0), "page 0 is the one of switching on")
    }

    @Test(
        "a data file that is wrong says where",
        arguments: [
            ("[]", "encoding"), (#"{"encoding":"gbk"}"#, "encoding"),
            (#"{"encoding":"ascii","pages":{}}"#, "pages"),
        ])
    func wrongProject(_ json: String, _ word: String) {
        let error = #expect(throws: PanelProjectError.self) {
            try PanelProject(name: "x", json: Array(json.utf8))
        }
        #expect(error?.description.contains(word) == true)
    }

    private func project(_ evse: String, encoding: String = "ascii") throws -> PanelProject {
        let pages = DisplayWording.Tone.allCases.map { "\"\($0.rawValue)\":1" }
            .joined(separator: ",")
        let json = "{\"encoding\":\"\(encoding)\",\"pages\":{\(pages)},\"evses\":[{\(evse)}]}"
        return try PanelProject(name: "x", json: Array(json.utf8))
    }

    @Test("variables keep clear of the system's and of each other")
    func addresses() throws {
        let title = #""title":{"address":"0x1000","words":4}"#
        _ = try project(title + #","detail":{"address":"0x1004","words":4}"#)
        for wrong in [
            #""title":{"address":"0x0FFF","words":4}"#, #""title":{"address":"4096","words":4}"#,
            #""title":{"address":"0x1000","words":1}"#, #""title":{"address":"0xFFFF","words":4}"#,
            title + #","detail":{"address":"0x1003","words":4}"#,
            #""detail":{"address":"0x1000","words":4}"#,
            #""colour":{"address":"0x1000","words":4}"#,
        ] {
            #expect(throws: PanelProjectError.self) { try project(wrong) }
        }
    }

    @Test("a text is cut to its room and ended; ASCII is packed, Unicode is a unit a word")
    func texts() throws {
        let german = try Languages.load("de")
        let packed = try project(#""title":{"address":"0x1000","words":4}"#)
        let room = try #require(packed.evses[0]["title"])
        #expect(packed.words("Lädt", in: german, for: room) == [0x4C61, 0x6564, 0x7420, 0xFFFF])
        #expect(
            packed.words("ABCDEFGH", in: german, for: room) == [0x4142, 0x4344, 0x4546, 0xFFFF])
        #expect(packed.words("", in: german, for: room) == [0xFFFF])
        let wide = try project(#""title":{"address":"0x1000","words":4}"#, encoding: "unicode")
        #expect(wide.words("Lädt", in: german, for: room) == [0x4C, 0xE4, 0x64, 0xFFFF])
        #expect(wide.words("ab😀", in: german, for: room) == [0x61, 0x62, 0xFFFF])
    }
}
