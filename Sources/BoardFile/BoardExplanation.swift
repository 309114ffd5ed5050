import DriverKit
import EVSEModel

/// A board in words: its composition as a tree, and its wiring as a table.
package struct BoardExplanation {
    let plan: BoardPlan
    package init(_ plan: BoardPlan) { self.plan = plan }

    struct Branch {
        var text: String
        var branches: [Branch] = []
    }

    // MARK: Tree

    /// The composition, one thing a line, drawn with box characters.
    package var tree: String {
        var lines = [plan.summary.isEmpty ? plan.name : "\(plan.name): \(plan.summary)"]
        if !plan.extendedFiles.isEmpty {
            lines.append("extends \(plan.extendedFiles.joined(separator: ", which extends "))")
        }
        Self.draw(branches, indent: "", into: &lines)
        return lines.joined(separator: "\n")
    }

    private static func draw(_ branches: [Branch], indent: String, into lines: inout [String]) {
        for (index, branch) in branches.enumerated() {
            let isLast = index == branches.count - 1
            lines.append(indent + (isLast ? "└ " : "├ ") + branch.text)
            draw(branch.branches, indent: indent + (isLast ? "  " : "│ "), into: &lines)
        }
    }

    private var branches: [Branch] {
        let feed = plan.feed
        let cost = CycleCost.microseconds(of: plan)
        var all = [
            Branch(
                text: "feed  \(Self.phases(feed.phases)), \(feed.limit), \(feed.voltage)"
                    + (plan.evses.count > 1 ? ", shared \(Self.sharing(feed.sharing))" : "")),
            Branch(
                text: "loop  every \(plan.loop.period), priority \(plan.loop.priority), lines take "
                    + "about \(cost) µs a cycle"),
        ]
        all += plan.evses.map(branch)
        if !plan.power.groups.isEmpty { all.append(powerBranch) }
        let shared = plan.shared.sorted { $0.key.rawValue < $1.key.rawValue }
        if !shared.isEmpty {
            all.append(
                Branch(text: "shared", branches: shared.flatMap { devices($0.key, $0.value) }))
        }
        all.append(Branch(text: "buses", branches: plan.buses.map(branch)))
        all.append(
            Branch(
                text: "ocpp  \(plan.ocpp.version), security profile \(plan.ocpp.securityProfile)"))
        all.append(
            Branch(
                text: "features  \(plan.features.values.count { $0 == .flag(true) }) of "
                    + "\(plan.features.count) PICS ids are yes"))
        return all
    }

    private static func sharing(_ plan: FeedPlan) -> String {
        switch plan.policy {
        case .fair: "in equal parts"
        case .priority: "by priority"
        }
    }
    private static func phases(_ count: UInt8) -> String {
        count == 1 ? "1 phase" : "\(count) phases"
    }

    private func branch(_ evse: BoardEVSE) -> Branch {
        var branches = evse.connectors.map { connector in
            Branch(text: Self.words(connector), branches: roles(connector.devices))
        }
        branches += roles(evse.devices)
        guard let output = evse.direct else {
            return Branch(
                text: "EVSE \(evse.id)  \(Self.phases(evse.plan.phases)), \(evse.plan.rating)",
                branches: branches)
        }
        let exclusive = evse.connectors.count > 1 ? ", one connector at a time" : ""
        return Branch(
            text: "EVSE \(evse.id)  direct current, \(output.minimumVoltage) to "
                + "\(output.maximumVoltage), \(output.maximumCurrent), \(output.maximumPower)\(exclusive); "
                + "draws \(evse.plan.rating) of \(Self.phases(evse.plan.phases))",
            branches: branches)
    }

    private static func words(_ connector: BoardConnector) -> String {
        let words =
            "connector \(connector.id.number)  \(connector.type) "
            + "\(connector.hasFixedCable ? "fixed cable" : "socket"), \(connector.limit)"
        guard let direct = connector.direct, let type = ConnectorType.named(connector.type) else {
            return words
        }
        return words + ", \(direct.maximumVoltage), derated from \(direct.deratingStart) to "
            + "\(direct.deratingEnd), plug held by \(type.lock.words)"
    }

    private func roles(_ devices: [Role: [DeviceID]]) -> [Branch] {
        Role.allCases.flatMap { role in self.devices(role, devices[role] ?? []) }
    }

    private func devices(_ role: Role, _ devices: [DeviceID]) -> [Branch] {
        devices.map { id in
            let device = plan.device(id)
            let plugin = device.map { " (\($0.plugin.name))" } ?? ""
            let duties = device.map(duties(of:)) ?? []
            return Branch(
                text: "\(role.rawValue)  \(id)\(plugin)",
                branches: duties.map { Branch(text: "guarantees \($0.words)") })
        }
    }

    private func branch(_ bus: BoardBus) -> Branch {
        let users = Set(
            plan.devices.filter { $0.bus == bus.name }.map(\.id)
                + plan.lines.filter { $0.bus == bus.name }.map(\.device))
        let names = users.map(\.name).sorted().joined(separator: ", ")
        return Branch(
            text: "\(bus.name)  \(bus.kind.rawValue) \(bus.realPath): "
                + (names.isEmpty ? "nothing" : names))
    }

    // MARK: Guarantees

    /// What devices guarantee in the control loop's place, a line each; empty where the loop
    /// guarantees everything.
    package var takenDuties: [String] {
        plan.devices.flatMap { device in
            duties(of: device).map { "\(device.id): \($0.words)" }
        }
    }

    /// A fixed cable has no plug to lock and no resistor to read: nobody has to.
    private func duties(of device: BoardDevice) -> [TakenDuty] {
        let connectors = plan.evses.flatMap(\.connectors).filter { $0.controller == device.id }
        let isFixed = !connectors.isEmpty && connectors.allSatisfy(\.hasFixedCable)
        return device.plugin.duties(of: device.configuration).filter { duty in
            !isFixed || !duty.how.isEmpty || (duty.duty != .lock && duty.duty != .proximity)
        }
    }

    // MARK: Wiring

    /// The wiring table's header and rows: every line and address of the board.
    package var wiring: [[String]] {
        var rows = [["bus", "line", "kind", "device", "signal", "options"]]
        for bus in plan.buses {
            let lines = plan.lines.filter { $0.bus == bus.name }.sorted { $0.number < $1.number }
            for line in lines {
                let device = plan.device(line.device)
                let count = device.map { $0.configuration.lines(line.key).count } ?? 1
                rows.append([
                    bus.name, line.sensor ?? String(line.number), LineKindName(line.kind).words,
                    line.device.name, count > 1 ? "\(line.key) \(line.index + 1)" : line.key,
                    Self.options(line),
                ])
            }
            for device in plan.devices where device.bus == bus.name && !bus.kind.hasLines {
                let address =
                    device.configuration.has("address")
                    ? String(device.configuration.number("address")) : "–"
                rows.append([
                    bus.name, address, bus.kind.rawValue, device.id.name, device.plugin.name.text,
                    bus.configuration.has("baud")
                        ? bus.configuration.text("baud") + " baud" : bus.realPath,
                ])
            }
        }
        return rows
    }

    private static func options(_ line: BoardLine) -> String {
        var options = [String]()
        if line.isActiveLow { options.append("active low") }
        if line.bias == 1 { options.append("pull-up") }
        if line.bias == 2 { options.append("pull-down") }
        if line.debounceMicroseconds > 0 {
            options.append("debounce \(Milliseconds(Int64(line.debounceMicroseconds) / 1000))")
        }
        return options.joined(separator: ", ")
    }

    /// The wiring table in columns, for a terminal.
    package var wiringText: String {
        let rows = wiring
        let widths = Self.widths(rows)
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            var line = cells.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// The wiring table in Markdown, as the boards' README files hold it.
    package var wiringMarkdown: String {
        var lines = [String]()
        for (index, row) in wiring.enumerated() {
            lines.append("| " + row.joined(separator: " | ") + " |")
            if index == 0 { lines.append("|" + row.map { _ in "---|" }.joined()) }
        }
        return lines.joined(separator: "\n")
    }

    private static func widths(_ rows: [[String]]) -> [Int] {
        var widths = [Int](repeating: 0, count: rows.first?.count ?? 0)
        for row in rows {
            for (index, cell) in row.enumerated() where widths.indices.contains(index) {
                widths[index] = max(widths[index], cell.count)
            }
        }
        return widths
    }

    // MARK: Graph

    /// The composition as a graph for Graphviz: `forecourt explain BOARD --dot | dot -Tsvg`.
    package var dot: String {
        var lines = ["digraph board {", "  rankdir=LR; node [shape=box, fontname=sans];"]
        func node(_ id: String, _ label: String) {
            lines.append("  \"\(id)\" [label=\"\(label)\"];")
        }
        func edge(_ from: String, _ to: String, _ label: String = "") {
            lines.append(
                "  \"\(from)\" -> \"\(to)\"" + (label.isEmpty ? ";" : " [label=\"\(label)\"];"))
        }
        node("station", plan.name)
        for evse in plan.evses {
            node(
                "evse \(evse.id)",
                "EVSE \(evse.id)\\n\(evse.direct.map { "\($0.maximumPower)" } ?? "\(evse.plan.rating)")"
            )
            edge("station", "evse \(evse.id)")
            for connector in evse.connectors {
                node("connector \(connector.id)", "connector \(connector.id)\\n\(connector.type)")
                edge("evse \(evse.id)", "connector \(connector.id)")
            }
        }
        for device in plan.devices {
            node("device \(device.id)", "\(device.id)\\n\(device.plugin.name)")
            for assignment in device.assignments {
                let place =
                    assignment.connector.map { "connector \($0)" }
                    ?? assignment.evse.map { "evse \($0)" } ?? "station"
                edge(place, "device \(device.id)", assignment.role.rawValue)
            }
            for group in plan.power.groups where group.links.values.contains(device.id) {
                edge("device \(device.id)", "group \(group.number)")
            }
            let lines = plan.lines.filter { $0.device == device.id }.map(\.bus)
            for bus in Set(lines + [device.bus].compactMap(\.self)).sorted() {
                edge("device \(device.id)", "bus \(bus)")
            }
        }
        for group in plan.power.groups {
            node("group \(group.number)", "power group \(group.number)")
            if let evse = group.feeds { edge("evse \(evse)", "group \(group.number)") }
            for source in plan.power.sources where source.group == group.number - 1 {
                edge("group \(group.number)", "device \(source.device)")
            }
        }
        for bus in plan.buses { node("bus \(bus.name)", "\(bus.name)\\n\(bus.realPath)") }
        return (lines + ["}"]).joined(separator: "\n")
    }
}

extension TakenDuty {
    fileprivate var words: String {
        "\(duty.rawValue): \(how.isEmpty ? "nobody does it" : how)"
    }
}
