import DriverKit
import EVSEModel

extension BoardReader {
    mutating func readDevices(_ node: BoardNode) {
        let entries = entries(node, "devices") ?? []
        // Cards first: other devices' lines are on them.
        for entry in entries.filter(isCard) + entries.filter({ !isCard($0) }) {
            positions["devices.\(entry.key)"] = entry.keyPosition
            checkName(entry, of: "device")
            readDevice(entry)
        }
        let order = Dictionary(
            entries.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
        plan.devices.sort { order[$0.id.name] ?? 0 < order[$1.id.name] ?? 0 }
    }

    private func isCard(_ entry: BoardNode.Entry) -> Bool {
        let name = entry.value["plugin"]?.scalar
        return plugins.contains { $0.name.text == name && $0 is any CardPlugin.Type }
    }

    /// The terminals of a card are a bus of lines under the card's name.
    private mutating func addTerminals(
        of plugin: any CardPlugin.Type, _ configuration: Configuration, _ entry: BoardNode.Entry
    ) {
        let path = "devices.\(entry.key)"
        guard plan.bus(entry.key) == nil else {
            error(
                entry.keyPosition, "\(entry.key): a bus has that name, too",
                fix: "give the card another: lines name it as they name a bus")
            unreadable.insert(path)
            return
        }
        var bus = BoardBus(name: entry.key, kind: .card, configuration: configuration)
        if unreadable.contains(path) {
            // Lines on it are not reported too.
            unreadable.insert("buses.\(entry.key)")
            return
        }
        bus.terminals = plugin.terminals(of: configuration)
        plan.buses.append(bus)
    }

    private mutating func readDevice(_ entry: BoardNode.Entry) {
        let path = "devices.\(entry.key)"
        guard let pluginNode = entry.value["plugin"], let name = pluginNode.scalar else {
            error(
                entry.keyPosition, "\(BoardNode.shortened(entry.key)) has no plugin",
                fix: Suggestion.fix(
                    for: "", among: plugins.map { $0.name.text }, noun: "plugin"))
            unreadable.insert(path)
            return
        }
        guard let plugin = plugins.first(where: { $0.name.text == name }) else {
            error(
                pluginNode.position, "\(entry.key): there is no plugin \(pluginNode.shown)",
                fix: Suggestion.fix(
                    for: name, among: plugins.map { $0.name.text }, noun: "plugin"))
            unreadable.insert(path)
            return
        }
        let before = findings.count
        let bus = deviceBus(entry, plugin, path)
        let id = DeviceID(entry.key)
        let (values, isComplete) = values(
            entry.value, path, keys: plugin.keys, others: ["plugin", "bus"],
            lines: LineContext(
                owner: id, bus: bus, isBusRefused: bus == nil && entry.value["bus"] != nil))
        let configuration = Configuration(device: id, values: values)
        if isComplete, findings.count == before {
            var issues = ConfigurationIssues()
            plugin.check(configuration, &issues)
            for issue in issues.all {
                error(
                    position("\(path).\(issue.key)"), "\(entry.key) \(issue.key): \(issue.rule)",
                    fix: issue.remedy)
            }
        }
        if findings.count > before { unreadable.insert(path) }
        if let card = plugin as? any CardPlugin.Type {
            addTerminals(of: card, configuration, entry)
        }
        plan.devices.append(
            BoardDevice(
                id: id, plugin: plugin, bus: bus, configuration: configuration, assignments: []))
    }

    /// The bus that a device names, if it is one on which it can sit.
    private mutating func deviceBus(
        _ entry: BoardNode.Entry, _ plugin: any DriverPlugin.Type, _ path: String
    ) -> String? {
        let kinds = (plugin as? any BusPlugin.Type)?.busKinds ?? []
        guard let node = entry.value["bus"] else {
            if !kinds.isEmpty {
                let fitting = plan.buses.filter { kinds.contains($0.kind.rawValue) }.map(\.name)
                error(
                    entry.keyPosition,
                    "\(entry.key) names no bus; \(plugin.name) sits on "
                        + kinds.joined(separator: " or "),
                    fix: fitting.isEmpty
                        ? "add a bus of that plugin, and name it"
                        : "add bus: \(fitting.joined(separator: " or "))")
            }
            return nil
        }
        positions["\(path).bus"] = node.position
        guard let name = node.scalar, let bus = plan.bus(name) else {
            let name = node.scalar ?? node.shown
            if !unreadable.contains("buses.\(name)") {
                unknownBus(name, "\(path).bus", at: node.position)
            } else {
                unreadable.insert(path)
            }
            return nil
        }
        let fits = plugin is any BusPlugin.Type ? kinds.contains(bus.kind.rawValue) : true
        if !fits || plugin is any CyclicPlugin.Type && !bus.kind.hasLines {
            let wanted =
                plugin is any CyclicPlugin.Type ? "a bus of lines" : kinds.joined(separator: " or ")
            error(
                node.position,
                "\(entry.key) bus: \(name) is of kind \(bus.kind.rawValue), \(plugin.name) "
                    + (kinds.isEmpty && plugin is any BusPlugin.Type
                        ? "sits on no bus of the board" : "needs \(wanted)"),
                fix: "name another bus, or leave it out where the plugin needs none")
            return nil
        }
        return name
    }

    // MARK: Roles

    /// Reads the devices of one role: one name, or a list of names. Checks that each exists and can
    /// fill the role, and notes the assignment.
    mutating func roleDevices(
        _ role: Role, _ node: BoardNode, _ path: String, _ evse: EVSEID?, _ connector: ConnectorID?
    ) -> [DeviceID] {
        positions[path] = node.position
        let nodes = node.elements ?? [node]
        if nodes.count > role.maximumCount {
            error(
                node.position,
                "\(path): \(nodes.count) devices are named, the role can have "
                    + "\(role.maximumCount)", fix: "name \(role.maximumCount)")
        }
        var devices = [DeviceID]()
        for node in nodes {
            guard let name = node.scalar, !node.isEmpty else {
                error(
                    node.position, "\(path) names no device",
                    fix: "name one, or leave the role out")
                continue
            }
            guard let index = plan.devices.firstIndex(where: { $0.id.name == name }) else {
                if !unreadable.contains("devices.\(name)") {
                    let names = plan.devices.map(\.id.name)
                    if let meant = Suggestion.nearest(to: name, among: names) {
                        refusedDevices.insert(meant)
                    }
                    error(
                        node.position, "\(path): there is no device \(node.shown)",
                        fix: Suggestion.fix(for: name, among: names, noun: "device"))
                }
                continue
            }
            let assignment = Assignment(role: role, evse: evse, connector: connector)
            guard canFill(assignment, plan.devices[index], at: node.position) else {
                refusedDevices.insert(name)
                continue
            }
            plan.devices[index].assignments.append(assignment)
            devices.append(DeviceID(name))
        }
        return devices
    }

    private mutating func canFill(
        _ assignment: Assignment, _ device: BoardDevice, at position: SourcePosition
    ) -> Bool {
        let role = assignment.role
        let path = "devices.\(device.id)"
        let possible =
            unreadable.contains(path)
            ? device.plugin.roles : device.plugin.roles(of: device.configuration)
        guard possible.contains(role) else {
            let roles = device.plugin.roles.map(\.rawValue).sorted().joined(separator: ", ")
            let isUnwired = device.plugin.roles.contains(role)
            error(
                position,
                "\(device.id) (\(device.plugin.name)) cannot fill the role \(role.rawValue)"
                    + (isUnwired ? ": no line for it is wired" : ", only \(roles)"),
                fix: isUnwired ? "name that line in \(device.id)" : "name a device that can")
            return false
        }
        let others = device.assignments.filter {
            $0.evse != assignment.evse || $0.connector != assignment.connector
        }
        if device.assignments.contains(assignment) {
            error(
                position, "\(device.id) is named twice for the same role",
                fix: "name it once")
            return false
        }
        let other = others.first { other in
            guard other.evse != assignment.evse || other.role == role else { return false }
            // A cabinet has several outlets, which may feed several EVSEs.
            return role != .powerCabinet || other.role != role
        }
        if let other {
            let place =
                other.connector.map { "connector \($0)" }
                ?? other.evse.map { "EVSE \($0)" } ?? "the station"
            error(
                position, "\(device.id) already serves \(place)",
                fix: role.isShareable
                    ? "name it once, under shared" : "give each its own device")
            return false
        }
        return true
    }

    mutating func readShared(_ node: BoardNode) {
        for entry in entries(node, "shared") ?? [] {
            if let key = BoardKeys.shared.first(where: { $0.name == entry.key }) {
                if case .number(let time)? = value(entry.value, key, "shared.\(key.name)") {
                    plan.choiceTimeout = Milliseconds(time)
                }
                continue
            }
            guard let role = Role(rawValue: entry.key), role.isShareable else {
                let known =
                    Role.allCases.filter(\.isShareable).map(\.rawValue)
                    + BoardKeys.shared.map(\.name)
                error(
                    entry.keyPosition,
                    Role(rawValue: entry.key) == nil
                        ? "unknown key \(BoardNode.shortened(entry.key)) in shared"
                        : "\(entry.key) is no role that devices share",
                    fix: Suggestion.fix(for: entry.key, among: known, noun: "key"))
                continue
            }
            plan.shared[role] = roleDevices(role, entry.value, "shared.\(entry.key)", nil, nil)
        }
    }
}
