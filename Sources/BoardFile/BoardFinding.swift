/// Where in a board file, or in which option of the command line, something stands.
package struct SourcePosition: Hashable, Comparable, Sendable {
    /// The text of a `--set` option; absent for the file itself.
    package var option: String?
    /// From 1; columns count Unicode scalars.
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
    package init(option: String) {
        self.option = option
        line = 0
        column = 0
    }
    /// The file's order; options come after it.
    package static func < (a: Self, b: Self) -> Bool {
        (a.option ?? "", a.line, a.column) < (b.option ?? "", b.line, b.column)
    }
}

/// One thing that the board check found.
package struct BoardFinding: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        /// The board cannot be run.
        case error
        /// It can, and somebody should look at it.
        case warning
    }
    package var severity: Severity
    package var position: SourcePosition
    /// What is wrong: the place, the offending value and the rule.
    package var what: String
    /// What to do.
    package var fix: String

    /// Two lines as a compiler would print them: `FILE:LINE:COLUMN: error: …` and its fix.
    package func text(file: String) -> String {
        let place =
            if let option = position.option {
                "--set \(option)"
            } else {
                "\(file):\(position.line):\(position.column)"
            }
        return "\(place): \(severity.rawValue): \(what)\n  fix: \(fix)"
    }
}

/// What reading a board came to: everything that was found, and the plan where nothing forbids it.
package struct BoardReport: Sendable {
    package var file: String
    /// In the file's order.
    package var findings: [BoardFinding]
    package var plan: BoardPlan?

    package var hasErrors: Bool { findings.contains { $0.severity == .error } }
    /// All findings as text, a line break between them; empty where there are none.
    package var text: String {
        findings.map { $0.text(file: file) }.joined(separator: "\n")
    }
}

/// A board that cannot be used.
package struct BoardFileError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        case notFound = "not-found"
        case unreadable
        /// The plan does not fit what the loop process has room for.
        case capacity
    }
    package let code: Code
    package let what: String
    package let remedy: String

    package init(_ code: Code, _ what: String, remedy: String) {
        self.code = code
        self.what = what
        self.remedy = remedy
    }
    package var description: String { remedy.isEmpty ? what : "\(what). \(remedy)" }
}
