import EVSEModel
import LineReader
import Testing

/// Bytes to lines, and lines to tokens.
@Suite("Lines of a reader")
struct LineTests {
    private let start = Instant(milliseconds: 1000)

    @Test(
        "CR, LF and both end a line; empty lines are none",
        arguments: ["\r", "\n", "\r\n", "\n\r"])
    func ends(_ end: String) {
        var lines = LineAssembler(pause: Milliseconds(150))
        #expect(lines.take(Array("A1\(end)B2\(end)\(end)".utf8), at: start) == ["A1", "B2"])
    }

    @Test("a line may come byte by byte, and several at once")
    func pieces() {
        var lines = LineAssembler(pause: Milliseconds(150))
        var seen = [String]()
        var now = start
        for byte in Array("ABC\r\nDEF\r\n".utf8) {
            now = now + Milliseconds(20)
            seen += lines.take([byte], at: now)
        }
        #expect(seen == ["ABC", "DEF"])
        #expect(lines.take(Array("1\r2\r3".utf8), at: now) == ["1", "2"])
        #expect(lines.idle(at: now + Milliseconds(149)) == nil)
        #expect(lines.idle(at: now + Milliseconds(150)) == "3")
        #expect(lines.idle(at: now + Milliseconds(900)) == nil)
    }

    @Test("bytes after a silence begin a new line")
    func silence() {
        var lines = LineAssembler(pause: Milliseconds(150))
        #expect(lines.take(Array("OLD".utf8), at: start) == [])
        #expect(lines.take(Array("NEW\r".utf8), at: start + .seconds(1)) == ["OLD", "NEW"])
    }

    @Test("bytes that are no text are left out and counted")
    func badBytes() {
        var lines = LineAssembler(pause: Milliseconds(150))
        #expect(lines.take([0x00, 0x41, 0xFF, 0x1B, 0x42, 0x0D], at: start) == ["AB"])
        #expect(lines.badBytes == 3)
    }

    @Test("a line without end stays within its bound, and the next one is whole")
    func longLine() {
        var lines = LineAssembler(pause: Milliseconds(150))
        for _ in 0..<1000 {
            #expect(lines.take([UInt8](repeating: 0x58, count: 100), at: start) == [])
        }
        #expect(lines.take(Array("\rGOOD\r".utf8), at: start) == ["GOOD"])
        #expect(lines.longLines == 1)
        let exact = String(repeating: "Y", count: LineAssembler.longest)
        #expect(lines.take(Array("\(exact)\r".utf8), at: start) == [exact])
        #expect(lines.take(Array("\(exact)Z\r".utf8), at: start) == [])
        #expect(lines.longLines == 2)
    }

    @Test("half a line before the port closed is none")
    func forget() {
        var lines = LineAssembler(pause: Milliseconds(150))
        _ = lines.take(Array("HALF".utf8), at: start)
        lines.forget()
        #expect(lines.take(Array("WHOLE\r".utf8), at: start) == ["WHOLE"])
    }

    @Test("the first group of a whole match is the token")
    func pattern() throws {
        let pattern = try LinePattern("UID: ([0-9A-F]{8}|[0-9A-F]{14})( .*)?")
        #expect(pattern.token(in: "UID: 04A2B3C4") == "04A2B3C4")
        #expect(pattern.token(in: "UID: 04A2B3C4D5E6F7 ok") == "04A2B3C4D5E6F7")
        #expect(pattern.token(in: "xUID: 04A2B3C4") == nil)
        #expect(pattern.token(in: "UID: 04A2B3C4D5") == nil)
        let optional = try LinePattern("(?:ID=)?([0-9]*)(x)?")
        #expect(optional.token(in: "ID=7") == "7")
        #expect(optional.token(in: "") == nil, "an empty token is none")
        #expect(optional.token(in: String(repeating: "1", count: 36))?.count == 36)
        #expect(optional.token(in: String(repeating: "1", count: 37)) == nil)
        #expect(try LinePattern("(?<id>[a-z]+)").token(in: "abc") == "abc")
        #expect(try LinePattern("(a)|b").token(in: "b") == nil, "the group took no part")
    }

    @Test(
        "an expression that cannot give a token is refused with a word why",
        arguments: [
            "[0-9]+", "(?:[0-9]+)", "\\([0-9]+\\)", "[(]x[)]", "(?=x)x", "(?<=x)y", "([0-9", "*",
        ])
    func refused(_ text: String) {
        #expect(throws: LinePattern.Failure.self) { try LinePattern(text) }
    }
}
