import DriverKit
import EVSEModel

/// The station's power sources: what they are, and which EVSEs they reach.
extension BoardReader {
    /// Reads `power`; devices and EVSEs have been read before.
    mutating func readPower(_ node: BoardNode) {
        let values = section(node, "power", BoardKeys.power, others: [BoardKeys.groups])
        var numbers = AllocationPlan()
        if values.has("best-load") { numbers.bestLoad = values.quantity("best-load") }
        if values.has("move-interval") { numbers.moveInterval = values.quantity("move-interval") }
        if values.has("match-voltage") { numbers.matchVoltage = values.quantity("match-voltage") }
        if values.has("zero-current") { numbers.zeroCurrent = values.quantity("zero-current") }
        if values.has("link-timeout") { numbers.linkTimeout = values.quantity("link-timeout") }
        plan.power.numbers = numbers
        plan.power.policy =
            switch values.text("sharing") {
            case "priority": .priority
            case "order": .order
            default: .fair
            }
        if values.has("maximum") { plan.power.maximum = values.quantity("maximum") }
        if values.has("efficiency") { plan.power.efficiency = values.quantity("efficiency") }
        if let node = node[BoardKeys.groups] { readGroups(node, "power.groups") }
    }

    private mutating func readGroups(_ node: BoardNode, _ path: String) {
        let entries = entries(node, path) ?? []
        for entry in entries {
            guard let number = number(entry, "group", StationBounds.powerSources) else {
                refuse(entry.value)
                unreadable.insert("\(path).\(entry.key)")
                continue
            }
            readGroup(number, entry, "\(path).\(number)")
        }
        plan.power.groups.sort { $0.number < $1.number }
        let numbers = plan.power.groups.map(\.number)
        if let last = numbers.max(), numbers.count < last, numbers.count == entries.count {
            error(
                node.position, "groups are not numbered from 1 without gaps",
                fix: "number them 1...\(numbers.count)")
        }
        countSources()
    }

    private mutating func readGroup(_ number: Int, _ entry: BoardNode.Entry, _ path: String) {
        positions[path] = entry.keyPosition
        let before = findings.count
        let (values, _) = values(
            entry.value, path, keys: BoardKeys.group, others: ["sources", "links"])
        var group = BoardGroup(number: number)
        if case .number(let number)? = values["feeds"] {
            group.feeds = directEVSE(Int(number), position("\(path).feeds"), "\(path).feeds")
        }
        if let node = entry.value["links"] { readLinks(node, "\(path).links", into: &group) }
        if group.reach.isEmpty, findings.count == before {
            error(
                entry.keyPosition, "\(path) reaches no EVSE",
                fix: "add feeds: 1 where it is wired to EVSE 1, or links: { 1: CONTACTOR }")
        }
        if let node = entry.value["sources"] {
            readSources(node, "\(path).sources", of: group)
        } else {
            error(
                entry.keyPosition, "\(path) has no sources",
                fix: "name its power modules, as in sources: [module-1, module-2]")
        }
        // What could not be read may be what a check would miss.
        if findings.count > before { unreadable.insert("power.groups") }
        plan.power.groups.append(group)
    }

    /// The EVSE that is meant, if it is one that sources can feed.
    private mutating func directEVSE(
        _ number: Int, _ position: SourcePosition, _ path: String
    ) -> EVSEID? {
        guard let id = EVSEID(number), let evse = plan.evse(id) else {
            guard !unreadable.contains("evses.\(number)") else { return nil }
            error(
                position, "\(path): there is no EVSE \(number)",
                fix: "name one of \(plan.evses.map { "\($0.id)" }.joined(separator: ", "))")
            return nil
        }
        guard evse.direct != nil else {
            error(
                position, "\(path): EVSE \(id) has alternating current",
                fix: "add output to EVSE \(id), or name another")
            return nil
        }
        return id
    }

    private mutating func readLinks(
        _ node: BoardNode, _ path: String, into group: inout BoardGroup
    ) {
        for entry in entries(node, path) ?? [] {
            let linkPath = "\(path).\(entry.key)"
            guard let number = number(entry, "EVSE", StationBounds.evses),
                let id = directEVSE(number, entry.keyPosition, linkPath)
            else {
                refuse(entry.value)
                continue
            }
            if group.feeds == id {
                error(
                    entry.keyPosition, "\(linkPath): the group is wired to EVSE \(id) as well",
                    fix: "leave out feeds, or this link")
                refuse(entry.value)
                continue
            }
            let devices = roleDevices(.link, entry.value, linkPath, id, nil)
            if let device = devices.first { group.links[id] = device }
        }
        if group.number > BoardKeys.linkedGroups {
            error(
                node.position,
                "\(path): only groups 1...\(BoardKeys.linkedGroups) can have links",
                fix: "number the groups with links first")
        }
        if group.feeds != nil, !group.links.isEmpty {
            warn(
                node.position,
                "\(path): the group is wired to EVSE \(group.feeds.map { "\($0)" } ?? ""); a link "
                    + "would parallel two outlets and is used while that one is idle only",
                fix: "give both EVSEs a link, where another is to have the group in charging, too")
        }
    }

    private mutating func readSources(_ node: BoardNode, _ path: String, of group: BoardGroup) {
        positions[path] = node.position
        let nodes = node.elements ?? [node]
        if nodes.isEmpty {
            error(
                node.position, "\(path) names no device", fix: "name its power modules")
        }
        // A source that one EVSE alone can have is that EVSE's.
        let evse = group.links.isEmpty ? group.feeds : nil
        var cabinets = 0
        for node in nodes {
            let device = node.scalar.flatMap { plan.device(DeviceID($0)) }
            let isCabinet = device?.plugin.roles.contains(.powerCabinet) == true
            cabinets += isCabinet ? 1 : 0
            let role = isCabinet ? Role.powerCabinet : .powerModule
            for id in roleDevices(role, node, path, evse, nil) {
                plan.power.sources.append(BoardSource(device: id, group: group.number - 1))
            }
        }
        positions[path] = node.position
        if cabinets > 0, nodes.count > 1 {
            error(
                node.position,
                "\(path): a cabinet's outlet is a group of its own, \(nodes.count) sources are named",
                fix: "name the cabinet alone, once in each group that is one of its outlets")
        }
        if cabinets > 0, !group.links.isEmpty {
            error(
                node.position, "\(path): a cabinet switches its modules itself",
                fix: "write feeds instead of links")
        }
    }

    /// Numbers the sources: group by group, and a cabinet's outlets in that order.
    private mutating func countSources() {
        let order = plan.power.sources.enumerated().sorted {
            ($0.element.group, $0.offset) < ($1.element.group, $1.offset)
        }
        plan.power.sources = order.map(\.element)
        var outlets = [DeviceID: Int]()
        for index in plan.power.sources.indices {
            let device = plan.power.sources[index].device
            plan.power.sources[index].outlet = outlets[device, default: 0]
            outlets[device, default: 0] += 1
        }
        for index in plan.devices.indices {
            plan.devices[index].powerSources = plan.power.sources(of: plan.devices[index].id)
        }
    }
}
