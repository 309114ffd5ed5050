import EVSEModel
import Foundation
import JSON

/// A device's fault at every moment.
struct FaultRow: Sendable {
    let board: String
    let device: String
    /// Where the vehicle comes: the first outlet that the device serves.
    let outlet: FaultOutlet
    let kind: String
    let fault: String
    let help: String
    /// Of a bus: the kinds of the devices on it.
    var carried = [String]()
    var outcomes = [FaultMoment: FaultOutcome]()
}

/// Every fault of the boards' plants at every moment, each row on a station of its own.
struct FaultCampaign: Sendable {
    let boards: [String]
    let jobs: Int
    /// Only rows whose `device fault` contains this text.
    let filter: String?
    let moments: [FaultMoment]

    /// The rows to run, board by board in the rig's order.
    ///
    /// - Returns: with them, by board, the devices that are not run: they are as one of another outlet, or, with
    ///   direct current, of an earlier board.
    func rows() async throws -> (rows: [FaultRow], repeated: [String: [String]]) {
        var rows = [FaultRow]()
        var repeated = [String: [String]]()
        var earlier = Set<String>()
        for board in boards {
            let found = try await devices(of: board, earlier: &earlier)
            repeated[board] = found.compactMap { $0.isRepetition ? $0.device : nil }
            for device in found where !device.isRepetition {
                for (fault, help) in device.faults {
                    let row = FaultRow(
                        board: board, device: device.device, outlet: device.outlet,
                        kind: device.kind, fault: fault, help: help, carried: device.carried)
                    if filter.map({ "\(row.device) \(row.fault)".contains($0) }) ?? true {
                        rows.append(row)
                    }
                }
            }
        }
        return (rows, repeated)
    }

    /// - Parameter onCell: called as each cell ends.
    func run(
        _ rows: [FaultRow], onCell: @escaping @Sendable (FaultCell, FaultOutcome) -> Void
    ) async -> [FaultRow] {
        var results = rows
        // The plant follows circuits of direct current at 1 kHz: fewer of them fit a machine.
        for isDirect in [false, true] {
            let places = rows.indices.filter { rows[$0].outlet.isDirect == isDirect }
            let width = isDirect ? max(1, jobs / 2) : jobs
            await run(places, width, &results, onCell)
        }
        return results
    }

    private func run(
        _ places: [Int], _ width: Int, _ results: inout [FaultRow],
        _ onCell: @escaping @Sendable (FaultCell, FaultOutcome) -> Void
    ) async {
        let rows = results
        await withTaskGroup(of: (Int, FaultRow).self) { group in
            var next = 0
            func addNext() {
                guard next < places.count else { return }
                let index = places[next]
                next += 1
                group.addTask { (index, await run(rows[index], onCell: onCell)) }
            }
            for _ in 0..<width { addNext() }
            while let (index, row) = await group.next() {
                results[index] = row
                addNext()
            }
        }
    }

    private func run(
        _ row: FaultRow, onCell: @Sendable (FaultCell, FaultOutcome) -> Void
    ) async -> FaultRow {
        var row = row
        var stand: CrashStand?
        var trials = 0
        for moment in moments {
            let cell = FaultCell(
                board: row.board, device: row.device, outlet: row.outlet, kind: row.kind,
                fault: row.fault, moment: moment, carried: row.carried)
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
            let current = try await ready(stand, cell)
            stand = current
            let events = current.record.count
            let marks = await current.marks.count
            let digits = String(number)
            let card = "04FA17" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
            outcome = await FaultTrial(stand: current, cell: cell, card: card).run()
            let rules = WorldRules(
                current.record.events(from: events),
                Array(await current.marks.dropFirst(marks)), hasLock: cell.outlet.hasLock)
            if let violation = rules.violations.first, outcome.verdict == .good,
                !cell.demand.isControllersOwn
            {
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

    private func ready(_ stand: CrashStand?, _ cell: FaultCell) async throws -> CrashStand {
        if let stand { return stand }
        return try await open(cell.board, cell.outlet)
    }

    private func open(_ board: String, _ outlet: FaultOutlet) async throws -> CrashStand {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-faults-\(UUID().uuidString.prefix(8))")
        let stand = try await CrashStand(
            board: board, folder: folder, withDiskFaults: false,
            settings: ["supervision.closing-interval=1 s"])
        try await stand.start()
        let isReady = await stand.status(within: .seconds(60)) { status in
            let evse = status["evses"]?[outlet.evse - 1]
            return status["ocpp"]?["link"]?["registration"] == "Accepted"
                && evse?["connectors"]?[0]?["state"] == "Available"
                // Until it is set up an EVSE controller says nothing, and offers what it likes.
                && evse?["connectors"]?[0]?["pilot"] != "UNKNOWN"
                && (evse?["meter"]?["ageMs"]?.int ?? .max) < 3000
                // Power modules and insulation monitors take longer to come up than the rest.
                && (!outlet.isDirect || evse?["power"]?["faults"]?.array?.isEmpty == true)
        }
        guard isReady != nil else { throw BenchError("not available within 60 s") }
        // A loop that starts closes L2 and L3, and offers nothing for the phase law's pause after it.
        if outlet.hasPhaseContactor { try await Task.sleep(for: Self.phasePause) }
        return stand
    }
    private static let phasePause = Duration.seconds(11)
}
