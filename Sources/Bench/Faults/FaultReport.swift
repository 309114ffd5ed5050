import EVSEModel
import Foundation

/// The fault table as Markdown.
struct FaultReport {
    let boards: [String]
    let rows: [FaultRow]
    let moments: [FaultMoment]
    /// By board, devices that were not run since another outlet has the same.
    let repeated: [String: [String]]
    let duration: Milliseconds

    /// Cells that are unsafe or stuck, one line each.
    var problems: [String] {
        rows.flatMap { row in
            moments.compactMap { moment in
                switch row.outcomes[moment]?.verdict {
                case .unsafe(let what):
                    "\(row.board), \(row.device) \(row.fault), \(moment): UNSAFE: \(what)"
                case .stuck(let what):
                    "\(row.board), \(row.device) \(row.fault), \(moment): STUCK: \(what)"
                case .good, nil: nil
                }
            }
        }
    }

    var markdown: String {
        var lines = [
            "# What a station does about every fault",
            "",
            "Every fault that the simulated plants of these boards know, at six moments of a station's "
                + "life: " + boards.map { "`\($0)`" }.joined(separator: ", ") + ". Made by "
                + "`forecourt-bench faults " + boards.map { "--board \($0)" }.joined(separator: " ")
                + " --output docs/faults.md` (`make faults`): each row ran on processes of its own, and "
                + "whether a cell is safe was judged by the plant's own record of coil, contacts, pilot "
                + "and bolt. This file was made on \(Timestamps.now(plus: 0).prefix(10)) in "
                + "\(duration.count / 60_000) min (\(Machine.description)).",
            "",
            "## Reading it",
            "",
        ]
        lines += moments.map { "- **\($0.rawValue)**: \($0.help)." }
        lines += [
            "",
            "| word | what the station did |",
            "| --- | --- |",
            "| opens | the coil was off within half a second |",
            "| stops | the coil was off later, by an orderly stop or when the fault had been noticed; times below |",
            "| 6 A | the offer fell to so much; where that is the board's safe value, charging would stop "
                + "after 60 s |",
            "| 35 A | with direct current: so much still flowed, of 60 A |",
            "| charges on | nothing that the fault touches concerns this session's safety |",
            "| – | there was no energy to take away |",
            "| refuses, starts | a card, or a car that wants energy again, while the fault held; with direct "
                + "current a car starts when it has closed its own contactors after cable check and precharge |",
            "| **Faulted** | StatusNotification |",
            "| `Code` | NotifyEvent with this `techCode`, and its end |",
            "| tx: Reason | TransactionEvent Ended with this `stoppedReason` while the fault held |",
            "| service | stays out of service until `forecourt clear-faults` |",
            "| `deadlineMissed`, `stationSilent` | the machine was too busy with the other stations |",
            "| register frozen | wrong values were plausible enough to be believed (up to 100 Wh); "
                + "energy counts on when the meter passes them, cars charge meanwhile |",
            "",
            "A cell without a report: the fault changed nothing that the station can sense at that "
                + "moment (a contactor that would not close is noticed when it is to close), or the "
                + "driver made good for it (a reply that came late, doubled or behind noise is asked "
                + "for again). A cell in which the machine lost time (`deadlineMissed`, `stationSilent`, "
                + "or a device lost that the fault does not touch) was run again, up to twice. "
                + "After every cell fault and vehicle were taken away, the connector was "
                + "Available within a minute, and the next car of the row charged. An EVSE controller "
                + "that acts against its orders (`offers-other`) energises a vehicle whatever the "
                + "station wants: there the cell is good when the station says so.",
        ]
        for board in boards { lines += tables(of: board) }
        for board in boards { lines += measured(on: board) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func tables(of board: String) -> [String] {
        var lines = ["", "## Board `\(board)`"]
        let repeated = repeated[board] ?? []
        if !repeated.isEmpty {
            lines += [
                "",
                "Not run, since another outlet has the same in the same place, or, with direct current, a board above: "
                    + repeated.map { "`\($0)`" }.joined(separator: ", ") + ".",
            ]
        }
        var device = ""
        for row in rows where row.board == board {
            if row.device != device {
                device = row.device
                lines += ["", "### \(row.device) (\(row.kind))", ""]
                if row.outlet.name != "1/1" {
                    lines += ["The vehicle came to \(row.outlet.name).", ""]
                }
                lines.append(
                    "| fault | " + moments.map(\.rawValue).joined(separator: " | ") + " |")
                lines.append("| --- |" + String(repeating: " --- |", count: moments.count))
            }
            let cells = moments.map { text(row.outcomes[$0]) }
            lines.append(
                "| **\(row.fault)**: \(row.help) | " + cells.joined(separator: " | ") + " |")
        }
        return lines
    }

    private func text(_ outcome: FaultOutcome?) -> String {
        guard let outcome else { return "not run" }
        var parts = [String]()
        switch outcome.verdict {
        case .unsafe: parts.append("**UNSAFE**")
        case .stuck: parts.append("**STUCK**")
        case .good: break
        }
        switch outcome.reaction {
        case .none: parts.append(outcome.started == nil ? "–" : "")
        case .opened(let time): parts.append(time.count <= 500 ? "opens" : "stops")
        case .reduced(let left): parts.append("\(Int(left.rounded())) A")
        case .chargedOn: parts.append("charges on")
        }
        if let started = outcome.started { parts.append(started ? "starts" : "refuses") }
        if outcome.isFaulted { parts.append("**Faulted**") }
        parts += outcome.events.map { "`\($0)`" }
        parts += outcome.securityEvents.map { "`\($0)`" }
        if let reason = outcome.stoppedReason { parts.append("tx: \(reason)") }
        if outcome.neededService { parts.append("service") }
        if outcome.isRegisterFrozen { parts.append("register frozen") }
        return parts.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    /// Times differ from run to run; they stand apart from what does not.
    private func measured(on board: String) -> [String] {
        var lines = [
            "", "## Measured on `\(board)`", "",
            "Longest time from the fault to the released coil, and from the repair to an available "
                + "connector (unplugging, releasing the bolt and, offline, dialling the CSMS again "
                + "included), of the run that made this file. Faults that build up (heat) or stop in "
                + "order are as slow as their cause.",
            "",
            "| device | fault | coil off after | available after |",
            "| --- | --- | --- | --- |",
        ]
        for row in rows where row.board == board {
            let opened = row.outcomes.values.compactMap { outcome -> Int64? in
                if case .opened(let time) = outcome.reaction { time.count } else { nil }
            }.max()
            let back = row.outcomes.values.compactMap { $0.recovery?.count }.max()
            let cells = [
                row.device, row.fault, opened.map { "\($0) ms" } ?? "–",
                back.map { String(format: "%.1f s", Double($0) / 1000) } ?? "–",
            ]
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        return lines
    }
}
