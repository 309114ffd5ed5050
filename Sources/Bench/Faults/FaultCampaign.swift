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
        for (number, moment) in moments.enumerated() {
            let cell = FaultCell(
                device: row.device, kind: row.kind, fault: row.fault, moment: moment)
            var outcome: FaultOutcome
            do {
                if stand == nil { stand = try await open() }
                guard let current = stand else { break }
                let events = current.record.count
                let marks = await current.marks.count
                let trial = FaultTrial(
                    stand: current, cell: cell,
                    card: "04FA170000000\(number)".padding(
                        toLength: 14, withPad: "1", startingAt: 0))
                outcome = await trial.run()
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
            row.outcomes[moment] = outcome
            onCell(cell, outcome)
            // What a station does after it went wrong would say nothing.
            if outcome.verdict != .good {
                await stand?.tearDown()
                stand = nil
            }
        }
        await stand?.tearDown()
        if let folder = stand?.folder { try? FileManager.default.removeItem(at: folder) }
        return row
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
