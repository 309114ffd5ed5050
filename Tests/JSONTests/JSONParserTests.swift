import JSON
import Testing

@Suite("JSON parser")
struct JSONParserTests {
    @Test(
        "accepts what RFC 8259 allows and writes it back compactly",
        arguments: [
            ("null", "null"), (" true ", "true"), ("\t\r\nfalse", "false"),
            ("0", "0"), ("-0", "-0"), ("1.10", "1.10"), ("-1.5e+10", "-1.5e+10"), ("2E-3", "2E-3"),
            ("\"\"", "\"\""), ("[]", "[]"), ("{}", "{}"), ("[ 1 , 2 ]", "[1,2]"),
            ("{ \"b\" : 1 , \"a\" : [ { } ] }", "{\"b\":1,\"a\":[{}]}"),
            (#""\u0041\n\"\\\/\b\f\r\t""#, #""A\n\"\\/\u0008\u000c\r\t""#),
            (#""\ud83d\uDE00""#, "\"😀\""), ("\"grün ⚡\"", "\"grün ⚡\""),
            (#""a\u0000b""#, #""a\u0000b""#),
        ])
    func roundTrip(text: String, compact: String) throws {
        #expect(try JSONValue(parsing: text).text == compact)
    }

    @Test(
        "refuses everything else with the position of the first wrong byte",
        arguments: [
            ("", JSONError.Code.unexpectedEnd, 0), ("  ", .unexpectedEnd, 2),
            ("nul", .unexpectedEnd, 3), ("nulL", .unexpectedByte, 3), ("NaN", .unexpectedByte, 0),
            ("01", .trailingBytes, 1), ("+1", .unexpectedByte, 0), ("-", .unexpectedEnd, 1),
            ("1.", .unexpectedEnd, 2), ("1.a", .badNumber, 2), (".5", .unexpectedByte, 0),
            ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3), ("--1", .badNumber, 1),
            ("[1,]", .unexpectedByte, 3), ("[1", .unexpectedEnd, 2), ("[1 2]", .unexpectedByte, 3),
            ("{\"a\"}", .unexpectedByte, 4), ("{\"a\":1,}", .unexpectedByte, 7),
            ("{a:1}", .unexpectedByte, 1), ("{\"a\":1,\"a\":2}", .duplicateName, 7),
            ("{\"a\":1,\"\\u0061\":2}", .duplicateName, 7),
            ("\"a", .unexpectedEnd, 2), ("\"\n\"", .controlCharacter, 1),
            (#""\x""#, .badEscape, 1), (#""\u12g4""#, .badEscape, 5),
            (#""\u12"#, .unexpectedEnd, 5),
            (#""\ud800""#, .loneSurrogate, 1), (#""\udc00""#, .loneSurrogate, 1),
            (#""\ud800\u0041""#, .loneSurrogate, 1), (#""\ud800\n""#, .loneSurrogate, 1),
            ("1 1", .trailingBytes, 2), ("\u{FEFF}1", .unexpectedByte, 0),
            ("'a'", .unexpectedByte, 0),
        ])
    func refused(text: String, code: JSONError.Code, position: Int) {
        #expect(throws: JSONError(code, at: position)) { try JSONValue(parsing: text) }
    }

    @Test(
        "refuses bytes that are not UTF-8, in names and values",
        arguments: [
            ([0x22, 0x80, 0x22], 1), ([0x22, 0x61, 0xC0, 0xAF, 0x22], 2),
            ([0x22, 0xED, 0xA0, 0x80, 0x22], 1), ([0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], 1),
            ([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D], 2),
        ] as [([UInt8], Int)])
    func badUTF8(bytes: [UInt8], position: Int) {
        #expect(throws: JSONError(.badUTF8, at: position)) { try JSONValue(parsing: bytes) }
    }

    @Test("bounds size, depth and length of numbers")
    func bounds() throws {
        let limits = JSONLimits(bytes: 40, depth: 3, numberLength: 5)
        #expect(throws: JSONError(.tooLarge, at: 40)) {
            try JSONValue(parsing: Array(repeating: 0x20, count: 41), limits: limits)
        }
        #expect(try JSONValue(parsing: "[[[1]]]", limits: limits).text == "[[[1]]]")
        #expect(throws: JSONError(.tooDeep, at: 3)) {
            try JSONValue(parsing: "[[[[1]]]]", limits: limits)
        }
        #expect(throws: JSONError(.numberTooLong, at: 1)) {
            try JSONValue(parsing: "[123456]", limits: limits)
        }
        let deep = Array(repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONError(.tooDeep, at: 64)) { try JSONValue(parsing: deep) }
    }

    @Test("finds a repeated name among many")
    func manyNames() throws {
        let members = (0..<100).map { "\"k\($0)\":\($0)" }
        let text = "{" + members.joined(separator: ",")
        #expect(try JSONValue(parsing: text + "}")["k99"]?.int == 99)
        #expect(throws: JSONError.self) { try JSONValue(parsing: text + ",\"k3\":0}") }
        #expect(throws: JSONError.self) { try JSONValue(parsing: text + ",\"k50\":0}") }
    }

    @Test("never traps on mutated text, and what it accepts round-trips")
    func mutations() throws {
        let seeds = [
            #"[2,"19223201","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"A\u00e4","vendorName":"V"}}]"#,
            #"{"a":[1.50,-2e3,true,null,{"b":"\ud83d\ude00"}],"c":{}}"#,
        ].map { Array($0.utf8) }
        var random = SplitMix(state: 2024)
        var accepted = 0
        for round in 0..<20_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0...(round % 4) where !bytes.isEmpty {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[Int(random.next() % UInt64(bytes.count))], at: index)
                default: bytes.removeSubrange(index...)
                }
            }
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            accepted += 1
            #expect(try JSONValue(parsing: value.bytes) == value, "seed 2024, round \(round)")
        }
        #expect(accepted > 100)
    }
}

/// Sebastiano Vigna's SplitMix64: enough randomness for mutations, from a printed seed.
struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
