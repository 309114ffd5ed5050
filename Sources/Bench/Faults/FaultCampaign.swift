import EVSEModel
import Foundation
import JSON

/// A device's fault at every moment.
struct FaultRow: Sendable {
    let device: String
    let kind: String
    let fault: String
    let help: String
    var outcomes = [FaultMoment: FaultOutcome]()
}

/// Every fault of a board's plant at every moment, each row on a station of its own.
struct FaultCampaign: Sendable {
    let board: String
    let jobs: Int
    /// Only rows whose `device fault` contains this text.
    let filter: String?
    let moments: [FaultMoment]

    /// The rows to run, in the rig's order.
    func rows() async throws -> [FaultRow] {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-faults-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let plant = try await PlantUnderTest(board: board, folder: folder)
        let kinds = try await plant.rig.get("/rig/v1/faults/kinds")
        await plant.stop()
        var rows = [FaultRow]()
        for device in kinds["devices"]?.array ?? [] {
            for fault in device["faults"]?.array ?? [] {
                let row = FaultRow(
                    device: device["device"]?.string ?? "", kind: device["kind"]?.string ?? "",
                    fault: fault["fault"]?.string ?? "", help: fault["help"]?.string ?? "")
                if filter.map({ "\(row.device) \(row.fault)".contains($0) }) ?? true {
                    rows.append(row)
                }
            }
        }
        return rows
    }

    /// - Parameter onCell: called as each cell ends.
    func run(
        _ rows: [FaultRow], onCell: @escaping @Sendable (FaultCell, FaultOutcome) -> Void
    ) async -> [FaultRow] {
        var results = rows
        await withTaskGroup(of: (Int, FaultRow).self) { group in
            var next = 0
            func addNext() {
                guard next < rows.count else { return }
                let index = next
                next += 1
                group.addTask { (index, await run(rows[index], onCell: onCell)) }
            }
            for _ in 0..<jobs { addNext() }
            while let (index, row) = await group.next() {
                results[index] = row
                addNext()
            }
        }
        return results
    }

    private func run(
        _ row: FaultRow, onCell: @Sendable (FaultCell, FaultOutcome) -> Void
    ) async -> FaultRow {
        var row = row
        var stand: CrashStand?
        var trials = 0
        for moment in moments {
            let cell = FaultCell(
                device: row.device, kind: row.kind, fault: row.fault, moment: moment)
            var outcome = FaultOutcome()
            // What a busy machine does to a station is not what the fault does.
            for attempt in 1...Self.attempts {
                outcome = await outcomeOf(cell, number: trials, on: &stand)
                trials += 1
                if attempt == Self.attempts || !outcome.isDisturbed(by: cell) { break }
            }
            row.outcomes[moment] = outcome
            onCell(cell, outcome)
        }
        await stand?.tearDown()
        if let folder = stand?.folder { try? FileManager.default.removeItem(at: folder) }
        return row
    }
    /// Trials of a cell that the machine disturbs.
    private static let attempts = 3

    /// One trial, on the stand that there is, or on a new one.
    private func outcomeOf(
        _ cell: FaultCell, number: Int, on stand: inout CrashStand?
    ) async -> FaultOutcome {
        var outcome: FaultOutcome
        do {
            let current = try await ready(stand)
            stand = current
            let events = current.record.count
            let marks = await current.marks.count
            let digits = String(number)
            let card = "04FA17" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
            outcome = await FaultTrial(stand: current, cell: cell, card: card).run()
            let rules = WorldRules(
                current.record.events(from: events),
                Array(await current.marks.dropFirst(marks)), hasLock: current.hasLock)
            if let violation = rules.violations.first, outcome.verdict == .good {
                outcome.verdict = .unsafe(violation)
            }
        } catch {
            outcome = FaultOutcome()
            outcome.verdict = .stuck("the station did not start: \(error)")
        }
        // What a station does after it went wrong would say nothing.
        if outcome.verdict != .good {
            await stand?.tearDown()
            stand = nil
        }
        return outcome
    }

    private func ready(_ stand: CrashStand?) async throws -> CrashStand {
        if let stand { return stand }
        return try await open()
    }

    private func open() async throws -> CrashStand {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-faults-\(UUID().uuidString.prefix(8))")
        let stand = try await CrashStand(
            board: board, folder: folder, withDiskFaults: false,
            settings: ["supervision.closing-interval=1 s"])
        try await stand.start()
        let isReady = await stand.status(within: .seconds(60)) { status in
            status["ocpp"]?["link"]?["registration"] == "Accepted"
                && status["evses"]?[0]?["connectors"]?[0]?["state"] == "Available"
                && (status["evses"]?[0]?["meter"]?["ageMs"]?.int ?? .max) < 3000
        }
        guard isReady != nil else { throw BenchError("not available within 60 s") }
        return stand
    }
}
