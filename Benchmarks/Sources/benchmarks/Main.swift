import Foundation

/// Prints one table of medians, spread and ratios to a reference that was measured in the same run,
/// and writes the raw figures as JSON.
@main
struct Benchmarks {
    static func main() throws {
        var programs = "../.build/release"
        var output = ".build/results.json"
        var arguments = Array(CommandLine.arguments.dropFirst())
        while arguments.count >= 2 {
            switch arguments.removeFirst() {
            case "--programs": programs = arguments.removeFirst()
            case "--output": output = arguments.removeFirst()
            default: break
            }
        }
        let rows = ProcessBenchmark(programs: programs).rows
        print(Table(rows: rows).text)
        let raw = try JSONEncoder().encode(rows)
        try raw.write(to: URL(fileURLWithPath: output))
        print("Raw figures: \(output)")
    }
}

/// One measured thing.
struct Row: Codable {
    let what: String
    let unit: String
    /// Every run's figure, in order.
    let figures: [Double]
    /// What it is compared with, measured in the same run; empty where there is no reference.
    let reference: String
    let referenceFigures: [Double]

    var median: Double { figures.sorted()[figures.count / 2] }
    var ratio: Double? {
        referenceFigures.isEmpty ? nil : median / referenceFigures.sorted()[referenceFigures.count / 2]
    }
}

struct Table {
    let rows: [Row]

    var text: String {
        var lines = [line("what", "median", "spread", "ratio", "reference")]
        for row in rows {
            let sorted = row.figures.sorted()
            lines.append(
                line(
                    row.what, String(format: "%.2f %@", row.median, row.unit),
                    String(format: "%.2f…%.2f", sorted.first ?? 0, sorted.last ?? 0),
                    row.ratio.map { String(format: "%.2f", $0) } ?? "", row.reference))
        }
        return lines.joined(separator: "\n")
    }

    private func line(_ cells: String...) -> String {
        zip(cells, [44, 14, 18, 8, 30]).map { cell, width in
            cell.padding(toLength: width, withPad: " ", startingAt: 0)
        }.joined(separator: " ")
    }
}
