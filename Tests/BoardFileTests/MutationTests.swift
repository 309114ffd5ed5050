import BoardFile
import Foundation
import Testing

/// SplitMix64: small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Any bytes at all")
struct MutationTests {
    /// What YAML and board files are made of, so that mutations get past the scanner.
    static let fragments = [
        "\n", "  ", ": ", "- ", "[", "]", "{", "}", ",", "\"", "'", "#", "&a", "*a", "|", ">", "%",
        "!", "? ", "---\n", "\t", "~", "0", "-1", "99999999999999999999", "1.5", " A", " ms", "é",
        "\u{E000}", "evses", "devices", "pilot-1", "bus: gpio", "plugin: test-lock", "\u{0}",
        "limit: 32 A", "true", "C-09.2", "1: {",
    ]

    /// One digit becomes another: what still parses, so that the checks behind the parser are met.
    static func renumbered(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        let digits = bytes.indices.filter {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[$0])
        }
        if let at = digits.randomElement(using: &random) {
            bytes[at] = UInt8.random(in: UInt8(ascii: "0")...UInt8(ascii: "9"), using: &random)
        }
        return bytes
    }

    static func mutated(_ bytes: [UInt8], _ steps: Int, _ random: inout SeededGenerator) -> [UInt8]
    {
        var bytes = bytes
        for _ in 0..<steps {
            guard !bytes.isEmpty else { return bytes }
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: at)
            case 2:
                let text = fragments.randomElement(using: &random) ?? ""
                bytes.insert(contentsOf: Array(text.utf8), at: at)
            case 3:  // a line moves
                let end = bytes[at...].firstIndex(of: 10) ?? bytes.count - 1
                let line = Array(bytes[at...end])
                bytes.removeSubrange(at...end)
                let other = Int.random(in: 0...bytes.count, using: &random)
                bytes.insert(contentsOf: line, at: other)
            case 4:  // a piece is doubled
                let end = min(bytes.count, at + Int.random(in: 1...200, using: &random))
                bytes.insert(contentsOf: Array(bytes[at..<end]), at: end)
            default: bytes.removeSubrange(at..<min(bytes.count, at + 20))
            }
        }
        return bytes
    }

    @Test("no mutation of a board ends the check without a report", arguments: 0..<8)
    func survives(_ part: Int) throws {
        let seed = UInt64(20_251 + part)
        var random = SeededGenerator(state: seed)
        let board = Array(goodBoard.utf8)
        var usable = 0
        for round in 0..<90 {
            let bytes =
                round % 3 == 0
                ? Self.renumbered(board, &random)
                : Self.mutated(board, 1 + round % 6, &random)
            let report = BoardFile.report(bytes: bytes, file: "b", plugins: testPlugins)
            #expect(
                report.hasErrors == (report.plan == nil), "seed \(seed), round \(round)")
            for finding in report.findings {
                #expect(!finding.what.isEmpty && !finding.fix.isEmpty)
                #expect(!finding.what.contains("\n") && finding.what.utf8.count < 600)
                #expect(finding.position.line >= 1 && finding.position.column >= 1)
            }
            // What the check lets through compiles.
            if let plan = report.plan {
                usable += 1
                _ = try plan.loopPlan(.simulated(wires: "w"))
                _ = BoardExplanation(plan).tree
            }
        }
        #expect(usable > 0, "the mutations are too wild to try the later checks")
    }

    @Test("no option of the command line does", arguments: 0..<2)
    func settings(_ part: Int) {
        let seed = UInt64(77 + part)
        var random = SeededGenerator(state: seed)
        let good = [
            "evses.1.connectors.1.limit=16 A", "ocpp.variables.A.B[C]=1", "features.HFS-8=1",
            "devices.lock-1.motor-lines=[17, 18]", "ocpp.networkProfiles=[{\"a\":1}]",
        ]
        for _ in 0..<60 {
            let option = good.randomElement(using: &random) ?? ""
            let bytes = Self.mutated(Array(option.utf8), 2, &random)
            let report = check(goodBoard, [String(decoding: bytes, as: UTF8.self)])
            #expect(report.hasErrors == (report.plan == nil))
        }
    }

    @Test("a file that would expand without end is refused at once")
    func aliases() {
        var text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        for (name, last) in zip("bcdefghij", "abcdefghi") {
            let references = Array(repeating: "*\(last)", count: 10).joined(separator: ", ")
            text += "\(name): &\(name) [\(references)]\n"
        }
        let report = check(text)
        #expect(report.findings.count == 1)
        #expect(report.text.contains("90 references to anchors"))
    }

    @Test("with as few aliases as are read, the worst file is still refused quickly")
    func fewAliases() {
        // Five steps of three: 243 times a list of a thousand.
        let items = Array(repeating: "x", count: 1000).joined(separator: ", ")
        var text = "a: &a [\(items)]\n"
        for (name, last) in zip("bcdef", "abcde") {
            text += "\(name): &\(name) [*\(last), *\(last), *\(last)]\n"
        }
        let report = check(text)
        #expect(report.text.contains("more than 20000 values"))
    }

    @Test("a file of another size, encoding or depth is refused")
    func bounds() {
        let large = Array(repeating: UInt8(ascii: "#"), count: 200_000)
        let report = BoardFile.report(bytes: large, file: "b", plugins: testPlugins)
        #expect(report.text.contains("200000 bytes, a board has at most 131072"))
        let binary = BoardFile.report(bytes: [0xFF, 0xFE, 0x41], file: "b", plugins: testPlugins)
        #expect(binary.text.contains("not UTF-8"))
        let deep = String(repeating: "a: {", count: 30) + String(repeating: "}", count: 30)
        #expect(check(deep).hasErrors)
        let deepest = String(repeating: "[", count: 5000)
        #expect(check(deepest).hasErrors)
    }
}
