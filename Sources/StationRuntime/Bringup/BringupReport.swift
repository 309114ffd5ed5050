import EVSEModel
import Foundation

/// What a walk through a board came to: a step each, and values that the board file should have.
struct BringupReport {
    enum Outcome: String { case passed, failed, skipped }

    struct Step {
        var title: String
        var outcome: Outcome
        /// What was measured or seen, a line each.
        var notes: [String]
    }

    /// A value that was measured and differs from the board file's.
    struct Learned: Equatable {
        /// Keys from the top of the board file.
        var path: [String]
        var value: String
        /// What the file says now.
        var was: String
        var why: String
    }

    let board: String
    let date: String
    private(set) var steps = [Step]()
    private(set) var learned = [Learned]()

    init(board: String, date: String) {
        self.board = board
        self.date = date
    }

    var hasFailed: Bool { steps.contains { $0.outcome == .failed } }

    mutating func add(_ title: String, _ outcome: Outcome, _ notes: [String] = []) {
        steps.append(Step(title: title, outcome: outcome, notes: notes))
    }
    mutating func learn(_ path: [String], _ value: String, was: String, _ why: String) {
        guard value != was else { return }
        learned.removeAll { $0.path == path }
        learned.append(Learned(path: path, value: value, was: was, why: why))
    }

    /// The report in Markdown.
    var markdown: String {
        func count(_ outcome: Outcome) -> Int { steps.count { $0.outcome == outcome } }
        var lines = [
            "# Bring-up of \(board)", "",
            "\(date): \(count(.passed)) passed, \(count(.failed)) failed, "
                + "\(count(.skipped)) skipped.", "",
            "| step | outcome | seen |", "|---|---|---|",
        ]
        lines += steps.map { step in
            "| \(step.title) | \(step.outcome.rawValue) | \(step.notes.joined(separator: "; ")) |"
        }
        lines.append("")
        guard !learned.isEmpty else {
            return (lines + ["The board file says what was measured.", ""])
                .joined(separator: "\n")
        }
        lines += ["## Proposed", "", "| key | now | proposed | why |", "|---|---|---|---|"]
        lines += learned.map {
            "| `\($0.path.joined(separator: "."))` | \($0.was) | \($0.value) | \($0.why) |"
        }
        return (lines + [""]).joined(separator: "\n")
    }

    /// The learned values as a board that extends this one; `nil` where there are none.
    ///
    /// - Parameters:
    ///   - name: of the variant.
    ///   - base: what `extends` names.
    func variant(name: String, base: String) -> String? {
        guard !learned.isEmpty else { return nil }
        var lines = [
            "# What a bring-up on \(date) measured. What is not here is as in that board.",
            "format: 1", "board: \(name)", "extends: \(base)",
        ]
        var open = [String]()
        for value in learned.sorted(by: { $0.path.lexicographicallyPrecedes($1.path) }) {
            let parents = Array(value.path.dropLast())
            let shared = zip(open, parents).prefix { $0 == $1 }.count
            for depth in shared..<parents.count {
                lines.append(String(repeating: "  ", count: depth) + "\(parents[depth]):")
            }
            open = parents
            let key = value.path.last ?? ""
            lines.append(
                String(repeating: "  ", count: parents.count)
                    + "\(key): \(Self.scalar(value.value))  # \(value.why)")
        }
        return (lines + [""]).joined(separator: "\n")
    }

    private static func scalar(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isLetter || $0.isNumber || " .-µ°%".contains($0) }
        return isPlain ? text : "\"\(text)\""
    }
}
