/// Where in a board file, or in which option of the command line, something stands.
package struct SourcePosition: Hashable, Comparable, Sendable {
    /// A line and column of a file.
    package struct Place: Hashable, Sendable {
        package var file: String?
        package var line: Int
        package var column: Int
    }
    /// The text of a `--set` option; absent for a file.
    package var option: String?
    /// The board that the file in question extends, where it stands in that one.
    package var file: String?
    /// From 1; columns count Unicode scalars.
    package var line: Int
    package var column: Int
    /// What it takes the place of, in the board that the file extends.
    package var replaced: Place?

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
    package init(option: String) {
        self.option = option
        line = 0
        column = 0
    }
    package var place: Place { Place(file: file, line: line, column: column) }

    /// The file's order; boards that it extends come after it, and options last.
    package static func < (a: Self, b: Self) -> Bool {
        (a.option ?? "", a.file ?? "", a.line, a.column)
            < (b.option ?? "", b.file ?? "", b.line, b.column)
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

    /// Lines as a compiler would print them: `FILE:LINE:COLUMN: error: …`, a note where another file
    /// has a part in it, and the fix.
    package func text(file: String) -> String {
        let place =
            if let option = position.option {
                "--set \(option)"
            } else {
                "\(position.file ?? file):\(position.line):\(position.column)"
            }
        var note = ""
        if let replaced = position.replaced {
            note =
                "\n  note: it takes the place of "
                + "\(replaced.file ?? file):\(replaced.line):\(replaced.column)"
        } else if position.file != nil {
            note = "\n  note: \(file) extends this file"
        }
        return "\(place): \(severity.rawValue): \(what)\(note)\n  fix: \(fix)"
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
