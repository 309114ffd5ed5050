import ArgumentParser
import EVSEModel
import Foundation
import LoopbackServer

struct LinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link",
        abstract:
            "Mistreats a station's connection in every way, and reconnects it thousands of times.",
        discussion: """
            A server of the bench's own breaks streams, frames, upgrades and TLS handshakes under a real \
            station on simulated hardware; each case says what the station must do. The exit status is 0 \
            when it did, 1 when it did not once.

            Examples:
              forecourt-bench link --board ac-wallbox
              forecourt-bench link --filter tls- --reconnections 0
              forecourt-bench link --markdown docs/link-campaign.md
            """)

    @Option(help: "The board: its name, or the path of its folder or file.")
    var board = "ac-wallbox"
    @Option(help: "Only cases whose id or description contains this text.")
    var filter: String?
    @Option(help: "Reconnections over TLS at the end; 0 for none.")
    var reconnections = 2000
    @Option(help: "Writes the result as a table to this file.")
    var markdown: String?

    mutating func validate() throws {
        guard reconnections == 0 || (40...1_000_000).contains(reconnections) else {
            throw ValidationError(
                "--reconnections is \(reconnections), it must be 0 or 40...1000000")
        }
    }

    mutating func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "forecourt-link-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificates = try TestCertificates()
        defer { certificates.remove() }
        let cases = LinkCases.all(certificates).filter { test in
            filter.map {
                test.id.localizedCaseInsensitiveContains($0)
                    || test.what.localizedCaseInsensitiveContains($0)
            } ?? true
        }
        var outcomes = [LinkCampaign.Outcome]()
        for isSecure in [false, true] {
            let chosen = cases.filter { $0.isSecure == isSecure }
            guard !chosen.isEmpty else { continue }
            let campaign = try await LinkCampaign(
                board: board, folder: folder.appendingPathComponent(isSecure ? "wss" : "ws"),
                certificates: isSecure ? certificates : nil)
            for test in chosen {
                let outcome = try await campaign.run(test)
                print(LinkReport.line(outcome))
                fflush(nil)
                outcomes.append(outcome)
            }
            _ = await campaign.station.stop()
        }
        let soak = try await soak(folder, certificates)
        let report = LinkReport(board: board, outcomes: outcomes, soak: soak)
        print(report.summary)
        if let markdown {
            try Data(report.markdown.utf8).write(to: URL(fileURLWithPath: markdown))
        }
        if report.hasFailures { throw ExitCode(1) }
    }

    private func soak(
        _ folder: URL, _ certificates: TestCertificates
    ) async throws -> ReconnectSoak.Result? {
        guard reconnections > 0 else { return nil }
        let campaign = try await LinkCampaign(
            board: board, folder: folder.appendingPathComponent("soak"),
            certificates: certificates)
        let result = try await ReconnectSoak(campaign: campaign, reconnections: reconnections)
            .run { sample in
                print(
                    "\(sample.reconnections) reconnections: \(sample.residentKilobytes) kB, "
                        + "\(sample.descriptors) descriptors, \(sample.threads) threads")
                fflush(nil)
            }
        _ = await campaign.station.stop()
        return result
    }
}
