import EVSEModel
import Foundation
import JSON

/// The campaign's result as a table for people and as JSON.
struct CrashReport {
    let campaign: CrashCampaign
    let lives: [CrashLifeReport]
    let duration: Milliseconds

    private var strikes: [CrashStrike] { lives.flatMap(\.strikes) }
    var violations: [(seed: UInt64, what: String, folder: String?)] {
        lives.flatMap { life in life.violations.map { (life.seed, $0, life.folder) } }
    }
    /// The command that makes this life's strikes again; their instants are the machine's.
    func command(seed: UInt64) -> String {
        var text = "forecourt-bench crash --board \(campaign.board) --seed \(seed) "
        text += "--kills \(CrashCampaign.strikesPerLife) --jobs 1"
        if campaign.targets != CrashTarget.allCases {
            text += " --targets " + campaign.targets.map(\.rawValue).joined(separator: ",")
        }
        return text + (campaign.liesAboutSync ? " --lying-disk" : "")
    }

    private func recoveries(_ target: CrashTarget) -> [Int64] {
        strikes.filter { $0.target == target }.compactMap { $0.recovery?.count }.sorted()
    }

    var text: String {
        var lines = ["what        hits  recovery median / max     measured from"]
        for target in campaign.targets {
            let hits = strikes.filter { $0.target == target }.count
            let times = recoveries(target)
            let median = times.isEmpty ? "-" : "\(times[times.count / 2]) ms"
            let last = times.last.map { "\($0) ms" } ?? "-"
            lines.append(
                target.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0)
                    + String(repeating: " ", count: max(0, 4 - "\(hits)".count)) + "\(hits)  "
                    + "\(median) / \(last)".padding(toLength: 24, withPad: " ", startingAt: 0)
                    + "  " + target.recovery)
        }
        lines.append("")
        let scenarios = CrashScenario.allCases.map { scenario in
            "\(scenario.rawValue) \(strikes.filter { $0.scenario == scenario }.count)"
        }
        lines.append("during: " + scenarios.joined(separator: ", "))
        lines.append(
            "\(lives.map(\.transactions).reduce(0, +)) transactions, "
                + String(format: "%.0f Wh, ", lives.map(\.wattHours).reduce(0, +))
                + "\(lives.map(\.closings).reduce(0, +)) closings of the contactor, slowest "
                + "opening \((lives.map(\.slowestOpening).max() ?? 0) / 1000) ms")
        lines.append(
            "\(lives.map(\.repeatedMessages).reduce(0, +)) messages sent again after a lost answer,"
                + " \(lives.map(\.lostWrites).reduce(0, +)) unsynced writes lost or torn, "
                + "\(lives.map(\.failedWrites).reduce(0, +)) writes refused by the disk")
        lines.append(
            "\(strikes.count) hits on \(lives.count) stations in \(duration.count / 1000) s, "
                + "\(violations.count) violations (seed \(campaign.seed); \(Machine.description))")
        for violation in violations {
            lines.append("VIOLATION: \(violation.what)")
            lines.append("  again: \(command(seed: violation.seed))")
            if let folder = violation.folder { lines.append("  state and logs: \(folder)") }
        }
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        [
            "board": .string(campaign.board), "seed": JSONValue(campaign.seed),
            "seconds": JSONValue(duration.count / 1000), "machine": .string(Machine.description),
            "date": .string(Timestamps.now(plus: 0)),
            "targets": .array(
                campaign.targets.map { target in
                    let times = recoveries(target)
                    return [
                        "target": .string(target.rawValue),
                        "hits": JSONValue(strikes.filter { $0.target == target }.count),
                        "recovery": .string(target.recovery),
                        "medianMs": times.isEmpty ? .null : JSONValue(times[times.count / 2]),
                        "maxMs": times.last.map { JSONValue($0) } ?? .null,
                    ]
                }),
            "lives": .array(
                lives.map { life in
                    [
                        "seed": JSONValue(life.seed), "transactions": JSONValue(life.transactions),
                        "closings": JSONValue(life.closings),
                        "slowestOpeningUs": JSONValue(life.slowestOpening),
                        "unsyncedWritesLost": JSONValue(life.lostWrites),
                        "refusedWrites": JSONValue(life.failedWrites),
                        "strikes": .array(
                            life.strikes.map {
                                [
                                    "target": .string($0.target.rawValue),
                                    "scenario": .string($0.scenario.rawValue),
                                    "afterMs": JSONValue($0.after),
                                    "recoveryMs": $0.recovery.map { JSONValue($0.count) } ?? .null,
                                ]
                            }),
                        "violations": .array(life.violations.map { .string($0) }),
                    ]
                }),
        ]
    }
}
