import BoardFile
import Foundation
import Testing

func check(_ text: String, _ settings: [String] = []) -> BoardReport {
    BoardFile.report(
        bytes: Array(text.utf8), file: "board.yaml", settings: settings, plugins: testPlugins)
}

/// The good board with some texts replaced; nothing where one of them is not there.
func edited(_ edits: [(String, String)]) -> String? {
    var board = goodBoard
    for (old, new) in edits {
        guard let range = board.range(of: old) else { return nil }
        board.replaceSubrange(range, with: new)
    }
    return board
}

@Suite("The board check")
struct BoardReportTests {
    @Test("a good board has no finding")
    func good() {
        let report = check(goodBoard)
        #expect(report.text == "")
        #expect(report.plan != nil)
    }

    @Test("a bad board is reported exactly", arguments: badBoards)
    func bad(_ row: BadBoard) throws {
        let text = try #require(row.file ?? edited(row.edits), "an edit does not apply")
        let report = check(text, row.settings)
        #expect(report.text == row.report)
        #expect((report.plan == nil) == report.hasErrors)
    }
}
