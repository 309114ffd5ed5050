import BoardFile
import DriverKit
import EVSEModel
import Foundation
import Testing

/// A variant over the good board, as `variant.yaml` beside `good/board.yaml`; more boards by name.
private func extended(
    _ variant: String, boards: [String: String] = [:], settings: [String] = []
) -> BoardReport {
    let known = boards.merging(["good": goodBoard]) { own, _ in own }
    return BoardFile.report(
        bytes: Array("format: 1\nboard: variant\nextends: good\n\(variant)".utf8),
        file: "variant.yaml", settings: settings, plugins: testPlugins
    ) { name, _ throws(BoardFileError) in
        guard let text = known[name] else {
            throw BoardFileError(.notFound, "there is no board \"\(name)\"", remedy: "write good")
        }
        return ("\(name)/board.yaml", Array(text.utf8))
    }
}

@Suite("Boards that extend another")
struct BoardExtensionTests {
    @Test("a variant that changes nothing is its base under another name")
    func nothing() throws {
        let report = extended("")
        #expect(report.text == "")
        let plan = try #require(report.plan)
        let base = try #require(check(goodBoard).plan)
        #expect(plan.name == "variant")
        #expect(plan.extendedFiles == ["good/board.yaml"])
        #expect(plan.devices.map(\.id) == base.devices.map(\.id))
        #expect(plan.evses.map(\.plan.rating) == base.evses.map(\.plan.rating))
    }

    @Test("maps are joined key by key, texts and lists take the place of the base's")
    func joining() throws {
        let report = extended(
            """
            feed: { limit: 35 A }
            devices:
              lock-1: { motor-lines: [7, 8] }
              heat-2: { plugin: test-sensor, bus: adc, channel: 5 }
            evses: { 1: { devices: { temperature: [heat-1, heat-2] } } }
            """)
        #expect(report.text == "")
        let plan = try #require(report.plan)
        #expect(plan.feed.limit == Amperes(35))
        #expect(plan.feed.phases == 1)
        let offsets = plan.lines.map(\.number)
        #expect(offsets.contains(7) && offsets.contains(8) && !offsets.contains(17))
        #expect(offsets.contains(27))
        #expect(plan.devices.contains { $0.id.name == "heat-2" })
    }

    @Test("null removes, and refuses to remove what is not there")
    func removal() throws {
        let report = extended(
            "devices: { heat-1: null }\nevses: { 1: { devices: { temperature: ~ } } }")
        #expect(report.text == "")
        #expect(report.plan?.devices.contains { $0.id.name == "heat-1" } == false)

        #expect(
            extended("devices: { heat-3: null }").text == """
                variant.yaml:4:20: error: heat-3: null removes what the extended board has, which \
                good/board.yaml has not
                  fix: did you mean heat-1?
                """)
    }

    @Test("a map that names another plugin takes the place of the whole map")
    func plugin() throws {
        // A sensor's channel means nothing to a reader: with it the map would be refused.
        let report = extended(
            """
            devices: { heat-1: { plugin: test-reader, bus: cards-2 } }
            buses: { cards-2: { plugin: serial, port: ttyS3 } }
            evses: { 1: { devices: { temperature: ~, reader: [reader-1, heat-1] } } }
            """)
        #expect(report.text == "")
        let device = report.plan?.devices.first { $0.id.name == "heat-1" }
        #expect(device?.bus == "cards-2")
    }

    @Test("a finding names both files")
    func bothFiles() {
        #expect(
            extended("devices: { meter-1: { model: sdm63 } }").text == """
                variant.yaml:4:30: error: meter-1 model: there is no model "sdm63"
                  note: it takes the place of good/board.yaml:21:66
                  fix: did you mean sdm630?
                """)
        // What stands in the base and is wrong only because of the variant.
        #expect(
            extended("devices: { heat-1: null }").text == """
                good/board.yaml:31:20: error: evses.1.devices.temperature: there is no device "heat-1"
                  note: variant.yaml extends this file
                  fix: known devices: pilot-1, proximity-1, lock-1, contactor-1, rdc-1, stop-1, \
                meter-1, reader-1
                """)
    }

    @Test("a value of the command line comes last")
    func settings() {
        let report = extended("feed: { limit: 35 A }", settings: ["feed.limit=34 A"])
        #expect(report.plan?.feed.limit == Amperes(34))
        // Joined, but without the command line's values: a recording keeps those by themselves.
        #expect(report.plan?.text.contains("35 A") == true)
        #expect(report.plan?.text.contains("34 A") == false)
    }

    @Test("the joined text is the same board")
    func joinedText() throws {
        let plan = try #require(
            extended("devices: { lock-1: { motor-lines: [7, 8] } }\nfeatures: { C-09.2: false }")
                .plan)
        let again = check(plan.text)
        #expect(again.text == "")
        let joined = try #require(again.plan)
        #expect(joined.extendedFiles.isEmpty)
        #expect(
            try joined.loopPlan(.real).fingerprint == plan.loopPlan(.real).fingerprint)
        #expect(joined.features == plan.features)
    }

    @Test("a variant of a variant is joined in order")
    func chain() throws {
        let middle =
            "format: 1\nboard: middle\nextends: good\nfeed: { limit: 36 A, voltage: 120 V }"
        let report = BoardFile.report(
            bytes: Array("format: 1\nboard: top\nextends: middle\nfeed: { limit: 33 A }".utf8),
            file: "top.yaml", plugins: testPlugins
        ) { name, _ throws(BoardFileError) in
            ("\(name).yaml", Array((name == "middle" ? middle : goodBoard).utf8))
        }
        let plan = try #require(report.plan)
        #expect(plan.feed.limit == Amperes(33))
        #expect(plan.feed.voltage == Volts(120))
        #expect(plan.extendedFiles == ["middle.yaml", "good.yaml"])
    }

    @Test(
        "what cannot be extended is refused",
        arguments: [
            ("extends: other", "variant.yaml:3:10: error: extends: there is no board \"other\""),
            ("extends: [a, b]", "variant.yaml:3:10: error: extends: a list names no board"),
            ("extends:", "error: extends: nothing names no board"),
            (
                "extends: self",
                "self/board.yaml:3:10: error: extends: self/board.yaml extends itself"
            ),
            (
                "extends: deep-1",
                "deep-3/board.yaml:3:10: error: extends: deep-4 is the 4. board in a row"
            ),
            (
                "extends: text",
                "variant.yaml:3:10: error: extends: text/board.yaml is \"x\", not a board"
            ),
        ])
    func refusals(_ line: String, _ message: String) {
        var boards = ["text": "x"]
        for name in ["self", "deep-1", "deep-2", "deep-3", "deep-4"] {
            let next = name == "self" ? "self" : "deep-\(Int(name.suffix(1)).map { $0 + 1 } ?? 0)"
            boards[name] = "format: 1\nboard: \(name)\nextends: \(next)"
        }
        let report = BoardFile.report(
            bytes: Array("format: 1\nboard: variant\n\(line)".utf8), file: "variant.yaml",
            plugins: testPlugins
        ) { [boards] name, _ throws(BoardFileError) in
            guard let text = boards[name] else {
                throw BoardFileError(
                    .notFound, "there is no board \"\(name)\"", remedy: "write one")
            }
            return ("\(name)/board.yaml", Array(text.utf8))
        }
        #expect(report.plan == nil)
        #expect(report.text.contains(message), "\(report.text)")
    }

    @Test("a variant has a name and a format of its own")
    func ownName() {
        let report = BoardFile.report(
            bytes: Array("extends: good".utf8), file: "variant.yaml", plugins: testPlugins
        ) { _, _ throws(BoardFileError) in ("good/board.yaml", Array(goodBoard.utf8)) }
        #expect(report.text.contains("a board that extends another needs its own format"))
        #expect(report.text.contains("a board that extends another needs its own board"))
        #expect(report.plan == nil)
    }

    @Test("files on disk: a board beside it, a path, paths of secrets from the file that has them")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "extends-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ text: String, _ path: String) throws {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        try write(
            goodBoard + "\nsecurity: { csmsRoots: roots.pem, passwordFile: secret }",
            "good/board.yaml")
        try write(
            "format: 1\nboard: beside\nextends: good\nsecurity: { passwordFile: own }",
            "beside/board.yaml")
        try write("format: 1\nboard: by-path\nextends: ../good/board.yaml", "deeper/by-path.yaml")
        let beside = try BoardFile.report(
            file: folder.path + "/beside/board.yaml", plugins: testPlugins)
        #expect(beside.text == "")
        #expect(beside.plan?.extendedFiles == [folder.path + "/good/board.yaml"])
        #expect(beside.plan?.security.csmsRoots == folder.path + "/good/roots.pem")
        #expect(beside.plan?.security.passwordFile == folder.path + "/beside/own")
        let byPath = try BoardFile.report(
            file: folder.path + "/deeper/by-path.yaml", plugins: testPlugins)
        #expect(byPath.text == "")
        #expect(byPath.plan?.name == "by-path")
    }
}
