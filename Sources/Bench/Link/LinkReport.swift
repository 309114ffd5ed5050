import EVSEModel
import Foundation

/// A link campaign's result, for people.
struct LinkReport {
    var board: String
    var outcomes: [LinkCampaign.Outcome]
    var soak: ReconnectSoak.Result?

    var failures: [LinkCampaign.Outcome] { outcomes.filter { $0.problem != nil } }
    var hasFailures: Bool { !failures.isEmpty || soak?.problem != nil }

    private static func seconds(_ time: Milliseconds?) -> String {
        time.map { String(format: "%.1f s", Double($0.count) / 1000) } ?? "–"
    }
    private static func word(_ outcome: LinkCampaign.Outcome) -> String {
        outcome.isSkipped ? "skip" : outcome.problem == nil ? "pass" : "FAIL"
    }

    /// One case on one line; why on a second where it failed.
    static func line(_ outcome: LinkCampaign.Outcome) -> String {
        let id = outcome.test.id.padding(toLength: 18, withPad: " ", startingAt: 0)
        let line =
            "\(word(outcome)) \(id) \(seconds(outcome.noticed)) \(outcome.test.what): \(outcome.seen)"
        return outcome.problem.map { line + "\n       \($0); expected: \(outcome.test.expected)" }
            ?? line
    }

    private var soakText: String? {
        guard let soak, let first = soak.samples.first, let last = soak.samples.last else {
            return nil
        }
        let bytes = Int((soak.slope * 1024).rounded())
        return "\(last.reconnections) reconnections over TLS in \(Self.seconds(soak.duration)): "
            + "memory \(first.residentKilobytes) kB to \(last.residentKilobytes) kB "
            + "(\(bytes) bytes a reconnection over the second half), descriptors "
            + "\(first.descriptors) to \(last.descriptors), threads \(first.threads) to "
            + "\(last.threads)" + (soak.problem.map { ": FAILED, \($0)" } ?? "")
    }

    var summary: String {
        let skipped = outcomes.count { $0.isSkipped }
        let counts =
            "\(outcomes.count - failures.count - skipped) passed, \(failures.count) failed, "
            + "\(skipped) skipped"
        return ([counts] + [soakText].compactMap(\.self)).joined(separator: "\n")
    }

    var markdown: String {
        var lines = [
            "# Link campaign", "",
            "Made by `make link` against `\(board)` on simulated hardware, \(Timestamps.now().prefix(10)).",
            "What the station must do, what it did, how long it took to notice (from the server's "
                + "act) and to be connected again.", "",
            "| case | what the other end does | the station must | it did | noticed | back after | |",
            "|---|---|---|---|---|---|---|",
        ]
        for outcome in outcomes {
            let seen = outcome.seen.replacingOccurrences(of: "|", with: "\\|").prefix(110)
            let events =
                outcome.securityEvents.isEmpty
                ? "" : ", " + outcome.securityEvents.joined(separator: ", ")
            lines.append(
                "| \(outcome.test.id) | \(outcome.test.what) | \(outcome.test.expected) | "
                    + "\(seen)\(events) | \(Self.seconds(outcome.noticed)) | "
                    + "\(Self.seconds(outcome.reconnected)) | \(Self.word(outcome)) |")
        }
        lines += ["", summary, ""]
        if let soak {
            lines += [
                "| reconnections | memory, kB | descriptors | threads |", "|---|---|---|---|",
            ]
            lines += soak.samples.enumerated().filter { $0.offset % 4 == 3 }.map { _, sample in
                "| \(sample.reconnections) | \(sample.residentKilobytes) | "
                    + "\(sample.descriptors) | \(sample.threads) |"
            }
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }
}
