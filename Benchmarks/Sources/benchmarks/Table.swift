import Foundation

/// The rows as one table, for a terminal or as Markdown.
struct Table {
    let rows: [Row]
    private static let titles = [
        "what", "median", "spread", "tail", "aim", "", "reference", "ratio",
    ]

    var text: String {
        let lines = [Self.titles] + rows.flatMap(cells)
        let widths = Self.titles.indices.map { column in
            lines.map { $0[column].count }.max() ?? 0
        }
        return lines.map { line in
            zip(line, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                .joined(separator: "  ").replacing(/\ +$/, with: "")
        }.joined(separator: "\n")
    }

    var markdown: String {
        var lines = ["| " + Self.titles.joined(separator: " | ") + " |"]
        lines.append("|" + String(repeating: " --- |", count: Self.titles.count))
        for line in rows.flatMap(cells) {
            lines.append("| " + line.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n")
    }

    /// A line for the row and one more for each further reference.
    private func cells(_ row: Row) -> [[String]] {
        var lines = [[String]]()
        let sorted = row.figures.sorted()
        let spread =
            sorted.count > 1
            ? "\(Self.number(sorted.first ?? 0))…\(Self.number(sorted.last ?? 0))" : ""
        let tail = row.tail.map { "\(row.tailName) \(Self.number($0))" } ?? ""
        let what = row.what + (row.note.isEmpty ? "" : " (\(row.note))")
        let verdict = row.isMet.map { $0 ? "met" : "aim missed" } ?? ""
        lines.append([
            what, "\(Self.number(row.figure)) \(row.unit)", spread, tail, Self.aim(row), verdict,
            "", "",
        ])
        for (index, reference) in row.references.enumerated() {
            if index > 0 { lines.append(Array(repeating: "", count: Self.titles.count)) }
            let ratio = Row.ratio(row.figures, reference.figures).map(Self.number) ?? ""
            let tailRatio = Row.ratio(row.tails, reference.tails).map(Self.number)
            let last = lines.count - 1
            var text = "\(reference.name) \(Self.number(Samples(reference.figures).median))"
            if !reference.tails.isEmpty {
                text += " / \(Self.number(Samples(reference.tails).median))"
            }
            lines[last][6] = text
            lines[last][7] = ratio + (tailRatio.map { " / \($0)" } ?? "")
        }
        return lines
    }

    private static func aim(_ row: Row) -> String {
        guard let aim = row.aim else { return "" }
        let tail = aim.tail.map { " / \(number($0))" } ?? ""
        return "\(aim.isAtLeast ? "≥" : "≤") \(number(aim.figure))\(tail)"
    }

    /// Three digits that mean something.
    static func number(_ value: Double) -> String {
        if value == 0 { return "0" }
        let size = abs(value)
        if size >= 100 { return String(format: "%.0f", value) }
        if size >= 10 { return String(format: "%.1f", value) }
        if size >= 1 { return String(format: "%.2f", value) }
        return String(format: size >= 0.1 ? "%.3f" : "%.4f", value)
    }
}
