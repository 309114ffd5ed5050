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
    /// - Returns: with them, by board, the devices that are not run: they are as one of another outlet.
    func rows() async throws -> (rows: [FaultRow], repeated: [String: [String]]) {
        var rows = [FaultRow]()
        var repeated = [String: [String]]()
        for board in boards {
            let found = try await devices(of: board)
            repeated[board] = found.compactMap { $0.isRepetition ? $0.device : nil }
            for device in found where !device.isRepetition {
                for (fault, help) in device.faults {
                    let row = FaultRow(
                        board: board, device: device.device, outlet: device.outlet,
                        kind: device.kind, fault: fault, help: help)
                    if filter.map({ "\(row.device) \(row.fault)".contains($0) }) ?? true {
                        rows.append(row)
                    }
                }
            }
        }
        return (rows, repeated)
    }

    /// What may break on a board.
    private struct Device {
        let device: String
        let outlet: FaultOutlet
        let kind: String
        let faults: [(fault: String, help: String)]
        /// Another outlet has the same kind, of the same model, in the same place.
        let isRepetition: Bool
    }

    private func devices(of board: String) async throws -> [Device] {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-faults-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let plant = try await PlantUnderTest(board: board, folder: folder)
        let kinds = try await plant.rig.get("/rig/v1/faults/kinds")
        let state = try await plant.rig.state()
        await plant.stop()
        let all = kinds["devices"]?.array ?? []
        let controlled = Set(
            all.filter { FaultDemand.isController($0["kind"]?.string ?? "") }
                .flatMap { ($0["connectors"]?.array ?? []).compactMap(\.string) })
        var seen = [String: FaultOutlet]()
        var count = [String: Int]()
        return all.map { device in
            let name = device["device"]?.string ?? ""
            let kind =
                Self.isPhaseContactor(name, in: state)
                ? "phase-contactor" : device["kind"]?.string ?? ""
            let serves = (device["connectors"]?.array ?? []).compactMap(\.string)
            var outlet = FaultOutlet(serves.first ?? "1/1", in: state) ?? FaultOutlet()
            outlet.hasController = controlled.contains(outlet.name)
            // Of a kind that an outlet has twice the first is like the first of another outlet.
            count["\(outlet.name) \(kind)", default: 0] += 1
            let number = count["\(outlet.name) \(kind)"] ?? 1
            let role = "\(kind) \(Self.model(of: name, in: state)) \(number)"
            let isRepetition = serves.count == 1 && seen[role].map { $0 != outlet } ?? false
            if serves.count == 1, seen[role] == nil { seen[role] = outlet }
            return Device(
                device: name, outlet: outlet, kind: kind,
                faults: (device["faults"]?.array ?? []).map {
                    ($0["fault"]?.string ?? "", $0["help"]?.string ?? "")
                }, isRepetition: isRepetition)
        }
    }

    /// It switches L2 and L3, in series with the contactor of all phases: what it does alone energises
    /// nothing.
    private static func isPhaseContactor(_ device: String, in state: JSONValue) -> Bool {
        (state["evses"]?.array ?? []).contains {
            $0["phaseContactor"]?["device"]?.string == device
        }
    }

    /// What tells two devices of a kind apart: a meter's map, a controller's.
    private static func model(of device: String, in state: JSONValue) -> String {
        for list in ["meters", "controllers"] {
            for entry in state[list]?.array ?? [] where entry["device"]?.string == device {
                return entry["model"]?.string ?? ""
            }
        }
        return ""
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
                board: row.board, device: row.device, outlet: row.outlet, kind: row.kind,
                fault: row.fault, moment: moment)
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
        }
        guard isReady != nil else { throw BenchError("not available within 60 s") }
        // A loop that starts closes L2 and L3, and offers nothing for the phase law's pause after it.
        if outlet.hasPhaseContactor { try await Task.sleep(for: Self.phasePause) }
        return stand
    }
    private static let phasePause = Duration.seconds(11)
}

/// An outlet of a board, as the rig knows it.
struct FaultOutlet: Hashable, Sendable {
    /// `EVSE/connector`.
    var name = "1/1"
    var evse = 1
    /// Index among the rig's connectors.
    var index = 0
    var hasLock = false
    var hasPhaseContactor = false
    /// An EVSE controller owns its pilot and contactor.
    var hasController = false
    /// The reader at which cards are held.
    var reader = "reader-1"

    init() {}

    /// - Parameter state: the rig's.
    init?(_ name: String, in state: JSONValue) {
        let connectors = state["connectors"]?.array ?? []
        guard let index = connectors.firstIndex(where: { $0["id"]?.string == name }),
            let evse = connectors[index]["evse"]?.int
        else { return nil }
        self.name = name
        self.evse = evse
        self.index = index
        hasLock = connectors[index]["lock"]?.string != nil
        let world = state["evses"]?.array?.first { $0["evse"]?.int == evse }
        hasPhaseContactor = world?["phaseContactor"] != nil
        reader = state["readers"]?[0]?["device"]?.string ?? reader
    }
}
