import EVSEModel
import Foundation
import JSON
import LoopGuarantees

/// One strike and what came of it.
struct CrashStrike: Sendable {
    let target: CrashTarget
    let scenario: CrashScenario
    /// Milliseconds after the scenario's start.
    let after: Int
    /// `nil` where it was not measured: the CSMS was away, or another strike came in between.
    let recovery: Milliseconds?
}

/// What one station lived through, on one seed.
struct CrashLifeReport: Sendable {
    let seed: UInt64
    var strikes = [CrashStrike]()
    var violations = [String]()
    /// The bench itself failed: what it judged says little.
    var isCutShort = false
    var transactions = 0
    var wattHours = 0.0
    var repeatedMessages = 0
    var closings = 0
    var slowestOpening = 0
    var lostWrites = 0
    var failedWrites = 0
    var folder: String?
}

/// One station that is struck again and again, and asked after each time whether all is well.
struct CrashLife: Sendable {
    let board: String
    let seed: UInt64
    let strikes: Int
    let targets: [CrashTarget]
    let liesAboutSync: Bool
    /// Wh per transaction by which station and plant may differ: a reading of the meter at each end
    /// is up to 1.5 s old, at 7.4 kW.
    static let resolution = 6.5

    /// - Parameter onStrike: called after each strike.
    func run(onStrike: @Sendable (CrashStrike) -> Void) async -> CrashLifeReport {
        var report = CrashLifeReport(seed: seed)
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-crash-\(UUID().uuidString.prefix(8))")
        do {
            let stand = try await CrashStand(
                board: board, folder: folder,
                withDiskFaults: liesAboutSync || targets.contains { $0.needsDiskFaults })
            if liesAboutSync { stand.disk?.lie() }
            do {
                try await live(stand, &report, onStrike)
            } catch {
                report.isCutShort = true
                report.violations.append("the campaign could not go on: \(error)")
            }
            await judge(stand, &report)
            await stand.tearDown()
        } catch {
            report.isCutShort = true
            report.violations.append("the stand could not be set up: \(error)")
        }
        if report.violations.isEmpty {
            try? FileManager.default.removeItem(at: folder)
        } else {
            report.folder = folder.path
        }
        return report
    }

    private func live(
        _ stand: CrashStand, _ report: inout CrashLifeReport,
        _ onStrike: @Sendable (CrashStrike) -> Void
    ) async throws {
        var random = SplitMix(seed: seed)
        try await stand.start()
        try await stand.csms.waitUntilConnected(true, within: .seconds(30))
        _ = await stand.status(within: .seconds(30)) {
            $0["ocpp"]?["link"]?["registration"] == "Accepted"
        }
        await stand.sendList(version: 1)
        await stand.setLimit(20)
        while report.strikes.count < strikes {
            let round = CrashRound(stand: stand, targets: targets)
            for strike in try await round.run(&random) {
                report.strikes.append(strike)
                onStrike(strike)
            }
            report.lostWrites = await stand.lostWrites
            if !(await stand.violations.isEmpty) { break }
        }
    }

    /// The books, when everything is settled.
    private func judge(_ stand: CrashStand, _ report: inout CrashLifeReport) async {
        report.violations += await stand.violations
        let books = TransactionBooks(
            await stand.csms.log, connections: await stand.csms.handshakes.map(\.at),
            isSettled: true)
        for violation in books.violations
        where !report.violations.contains(where: { $0.hasSuffix(violation) }) {
            report.violations.append(violation)
        }
        report.transactions = books.entries.count
        report.repeatedMessages = books.repeated
        report.failedWrites = stand.disk?.failures ?? 0
        if let overflows = stand.disk?.overflows, overflows > 0, !liesAboutSync {
            report.violations.append("\(overflows) writes were not synced for very long")
        }
        if let state = try? await stand.rig.state(),
            let plant = state["meters"]?[0]?["registerWh"]?.number?.double
        {
            report.wattHours = plant
            if let violation = books.energyViolation(plant: plant, resolution: Self.resolution) {
                report.violations.append(violation)
            }
        }
        let rules = WorldRules(
            stand.record.events, await stand.marks, hasLock: stand.hasLock)
        report.violations += rules.violations
        report.closings = rules.closings
        report.slowestOpening = rules.slowestOpening
        if !report.violations.isEmpty { await keep(stand) }
    }

    /// What the CSMS and the plant saw, for whoever looks for the reason.
    private func keep(_ stand: CrashStand) async {
        let messages = await stand.csms.log.map { message in
            "\(message.at.nanoseconds / 1_000_000) \(message.fromStation ? "<-" : "->") "
                + message.text
        }
        let events = stand.record.events.filter { $0.kind != "sample" }.map { event in
            "\(event.at.nanoseconds / 1_000_000) \(event.kind) \(event.subject) "
                + event.fields.text
        }
        for (name, lines) in [("csms.log", messages), ("world.log", events)] {
            try? Data((lines.joined(separator: "\n") + "\n").utf8)
                .write(to: stand.folder.appendingPathComponent(name))
        }
    }
}
