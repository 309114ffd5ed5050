import EVSEModel
import Foundation
import JSON
import Simulation

/// What a campaign came to.
struct SimulationSummary: Sendable {
    struct Failure: Sendable {
        var seed: UInt64
        var violation: Violation
        /// Actions of the shrunk script, and where it is.
        var actions = 0
        var script: String?
    }
    var board = ""
    var firstSeed: UInt64 = 0
    var days = 0
    var steps = 0
    var messages = 0
    var delivered = 0.0
    var duration = Milliseconds.zero
    var coverage = Coverage()
    var universe = [String: Set<String>]()
    var failures = [Failure]()

    mutating func add(_ seed: UInt64, _ report: DayReport?, _ trap: Violation?) {
        days += 1
        if let report {
            steps += report.steps
            messages += report.messages
            delivered += report.delivered
            coverage.merge(report.coverage)
        }
        if let violation = trap ?? report?.violation {
            failures.append(Failure(seed: seed, violation: violation))
        }
    }

    var text: String {
        var lines = [""]
        let seconds = Double(max(1, duration.count)) / 1000
        lines.append(
            "\(days) days on \(board) in \(String(format: "%.1f", seconds)) s "
                + "(\(String(format: "%.0f", Double(days) / seconds)) days a second): "
                + "\(steps) steps, \(messages) messages, "
                + "\(String(format: "%.0f", delivered / 1000)) kWh")
        for kind in coverage.counts.keys.sorted() {
            let names = (coverage.counts[kind] ?? [:]).sorted {
                ($1.value, $0.key) < ($0.value, $1.key)
            }
            let shown = names.prefix(14).map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            let more = names.count > 14 ? ", and \(names.count - 14) more" : ""
            lines.append("  \(kind): \(shown)\(more)")
        }
        let holes = coverage.holes(in: universe)
        lines.append(holes.isEmpty ? "Nothing is missing." : "What never happened:")
        for hole in holes {
            lines.append("  \(hole.kind): \(hole.names.joined(separator: ", "))")
        }
        if failures.isEmpty {
            lines.append("Every invariant held.")
        }
        for failure in failures {
            lines.append("FAILED seed \(failure.seed): \(failure.violation)")
            lines.append(
                "  again: forecourt-bench simulate --board \(board) --seed \(failure.seed)")
            if let script = failure.script {
                lines.append(
                    "  shortest script, \(failure.actions) actions: "
                        + "forecourt-bench simulate --script \(script) --verbose")
            }
        }
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        let holes = coverage.holes(in: universe)
        var missing = JSONObject()
        for hole in holes { missing[hole.kind] = .array(hole.names.map { .string($0) }) }
        return [
            "board": .string(board), "firstSeed": .string(String(firstSeed)),
            "days": JSONValue(days), "milliseconds": JSONValue(duration.count),
            "steps": JSONValue(steps), "messages": JSONValue(messages),
            "wattHours": JSONValue(Int64(delivered.rounded())), "coverage": coverage.json,
            "neverHappened": .object(missing),
            "failures": .array(
                failures.map {
                    [
                        "seed": .string(String($0.seed)),
                        "invariant": .string($0.violation.invariant.rawValue),
                        "what": .string($0.violation.description),
                        "script": JSONValue($0.script),
                    ]
                }),
        ]
    }
}
