import DriverKit
import EVSEModel

extension BoardReader {
    /// Reads the whole tree.
    mutating func read(_ root: BoardNode) {
        guard let entries = root.entries else {
            error(
                SourcePosition(line: 1, column: 1), "the file is \(root.shown), not a board",
                fix: "start with \"format: \(BoardKeys.format)\" and \"board: NAME\"")
            return
        }
        readTop(root)
        for section in BoardKeys.requiredSections where root[section] == nil {
            error(
                root.position, "the file has no section \(section)",
                fix: "add it: \(BoardKeys.help(ofSection: section))")
        }
        for entry in entries { positions[entry.key] = entry.value.position }
        func read(_ section: String, _ body: (inout BoardReader, BoardNode) -> Void) {
            if let node = root[section] { body(&self, node) }
        }
        read("station") { $0.readStation($1) }
        read("feed") { $0.readFeed($1) }
        read("buses") { $0.readBuses($1) }
        read("loop") { $0.readLoop($1) }
        read("devices") { $0.readDevices($1) }
        read("feed") { $0.readSupply($1) }
        var supervision = EVSEPlan()
        if let node = root["supervision"] {
            var direct = Optional(directCurrent)
            readSupervision(node, "supervision", into: &supervision, &direct, ofEVSE: nil)
            if let direct { directCurrent = direct }
        }
        read("evses") { $0.readEVSEs($1, supervision) }
        read("power") { $0.readPower($1) }
        read("shared") { $0.readShared($1) }
        read("ocpp") { $0.readOCPP($1) }
        read("security") { $0.readSecurity($1) }
        read("features") { $0.readFeatures($1) }
    }

    private mutating func readTop(_ root: BoardNode) {
        guard let entries = root.entries else { return }
        let known = BoardKeys.top.map(\.name) + BoardKeys.sections
        for entry in entries where !known.contains(entry.key) {
            error(
                entry.keyPosition, "unknown key \(BoardNode.shortened(entry.key))",
                fix: Suggestion.fix(for: entry.key, among: known, noun: "key"))
        }
        var values = [String: ConfigurationValue]()
        for key in BoardKeys.top {
            if let entry = entries.first(where: { $0.key == key.name }) {
                if key.name == "format" {
                    checkFormat(entry.value)
                } else {
                    values[key.name] = value(entry.value, key, key.name)
                }
            } else if key.isRequired {
                error(
                    SourcePosition(line: 1, column: 1), "the file has no \(key.name)",
                    fix: "add it: \(key.help)")
            }
        }
        if case .text(let name)? = values["board"] {
            plan.name = name
            if let entry = entries.first(where: { $0.key == "board" }) {
                checkName(
                    BoardNode.Entry(
                        key: name, keyPosition: entry.value.position, value: entry.value),
                    of: "board")
            }
        }
        if case .text(let summary)? = values["summary"] { plan.summary = summary }
        if case .number(let period)? = values["control-cycle"] {
            plan.loop.period = Milliseconds(period)
        }
    }

    private mutating func checkFormat(_ node: BoardNode) {
        guard node.scalar != String(BoardKeys.format) else { return }
        error(
            node.position,
            "format: \(node.shown) is not read by this program, only \(BoardKeys.format)",
            fix: "see docs/board-file-changes.md for what changed between them")
    }

    mutating func section(
        _ node: BoardNode, _ name: String, _ keys: [ConfigurationKey], others: [String] = [],
        lines: LineContext? = nil
    ) -> Configuration {
        let values = values(node, name, keys: keys, others: others, lines: lines).values
        return Configuration(device: DeviceID(name), values: values)
    }

    private mutating func readStation(_ node: BoardNode) {
        let values = section(node, "station", BoardKeys.station)
        plan.station.vendor = values.text("vendor")
        plan.station.model = values.text("model")
        plan.station.serialNumber = values.text("serialNumber")
        plan.station.firmwareVersion = values.text("firmwareVersion")
    }

    private mutating func readFeed(_ node: BoardNode) {
        let values = section(
            node, "feed", BoardKeys.feed, others: BoardKeys.feedMaps.map(\.name))
        plan.feed.phases = UInt8(clamping: max(1, values.number("phases")))
        plan.feed.limit = values.quantity("limit")
        plan.feed.voltage = values.quantity("voltage")
        plan.feed.sharing.phases = plan.feed.phases
        plan.feed.sharing.voltage = plan.feed.voltage
        plan.feed.sharing.policy = FeedSharing.policy(values.text("sharing"))
        plan.feed.sharing.raiseDwell = values.quantity("raise-dwell")
        plan.feed.sharing.resumeDwell = values.quantity("resume-dwell")
        plan.feed.sharing.turn = values.quantity("turn")
        plan.feed.sharing.longestWait = values.quantity("longest-wait")
    }

    private mutating func readLoop(_ node: BoardNode) {
        let context = LineContext(owner: "loop", bus: nil)
        let values = section(node, "loop", BoardKeys.loop, lines: context)
        plan.loop.priority = UInt8(clamping: values.number("priority"))
        plan.loop.watchdog = values.text("watchdog")
        plan.loop.watchdogLine = values.line("watchdog-line")
    }

    /// - Parameters:
    ///   - direct: `nil` where the EVSE has alternating current.
    ///   - id: whose; `nil` for the station's, which may name both currents' numbers.
    mutating func readSupervision(
        _ node: BoardNode, _ path: String, into plan: inout EVSEPlan, _ direct: inout DCPlan?,
        ofEVSE id: EVSEID?
    ) {
        let keys = SupervisionKey.all
        let (values, _) = values(
            node, path, keys: keys.map { Self.withoutDefault($0.key) },
            others: [DirectCurrentKey.section, Self.curveKey])
        for key in keys {
            switch values[key.key.name] {
            case .number(let raw)?: key.set(&plan, raw)
            case .boolean(let flag)?: key.set(&plan, flag ? 1 : 0)
            default: break
            }
        }
        readSupervisionCurve(node, path, values, into: &plan)
        guard let node = node[DirectCurrentKey.section] else { return }
        let path = "\(path).\(DirectCurrentKey.section)"
        if direct == nil, let id {
            error(
                node.position, "\(path): EVSE \(id) has alternating current",
                fix: "leave it out, or add output to EVSE \(id)")
            return
        }
        let given = self.values(
            node, path, keys: DirectCurrentKey.all.map { Self.withoutDefault($0.key) }
        ).values
        for key in DirectCurrentKey.all {
            guard case .number(let raw)? = given[key.key.name] else { continue }
            if var plan = direct {
                key.set(&plan, raw)
                direct = plan
            }
        }
    }

    /// An EVSE's map changes what the station's says, and nothing else.
    private static func withoutDefault(_ key: ConfigurationKey) -> ConfigurationKey {
        ConfigurationKey(key.name, key.kind, key.help)
    }

    private mutating func readBuses(_ node: BoardNode) {
        for entry in entries(node, "buses") ?? [] {
            let path = "buses.\(entry.key)"
            positions[path] = entry.keyPosition
            checkName(entry, of: "bus")
            guard let kindNode = entry.value["plugin"], let name = kindNode.scalar else {
                error(
                    entry.keyPosition, "bus \(BoardNode.shortened(entry.key)) has no plugin",
                    fix: "add one of \(BusKind.named.map(\.rawValue).joined(separator: ", "))")
                unreadable.insert(path)
                continue
            }
            guard let kind = BusKind(rawValue: name), kind != .card else {
                error(
                    kindNode.position, "bus \(entry.key): there is no bus plugin \(kindNode.shown)",
                    fix: Suggestion.fix(
                        for: name, among: BusKind.named.map(\.rawValue), noun: "bus plugin"))
                unreadable.insert(path)
                continue
            }
            let (values, _) = values(entry.value, path, keys: kind.keys, others: ["plugin"])
            plan.buses.append(
                BoardBus(
                    name: entry.key, kind: kind,
                    configuration: Configuration(device: DeviceID(entry.key), values: values)))
        }
    }

    private mutating func readSecurity(_ node: BoardNode) {
        let values = section(node, "security", BoardKeys.security)
        func path(_ key: String) -> String {
            located(values.text(key), position("security.\(key)"))
        }
        plan.security = SecuritySettings(
            csmsRoots: path("csmsRoots"), manufacturerRoots: path("manufacturerRoots"),
            v2gRoots: path("v2gRoots"), mobilityOperatorRoots: path("mobilityOperatorRoots"),
            clientCertificates: path("clientCertificates"), clientKeys: path("clientKeys"),
            v2gCertificates: path("v2gCertificates"), v2gKeys: path("v2gKeys"),
            keyPassword: values.text("keyPassword"), password: values.text("password"),
            passwordFile: path("passwordFile"))
        for key in BoardKeys.securityAhead where values.has(key) {
            warn(
                position("security.\(key)"), "security.\(key): nothing in this release reads it",
                fix: "it may stay: it is for what README's table lists as absent")
        }
        if values.has("password"), values.has("passwordFile") {
            error(
                position("security.passwordFile"),
                "security.password and security.passwordFile are both given",
                fix: "keep passwordFile: a board file is no place for secrets")
        }
        if values.has("password"), position("security.password").option == nil {
            warn(
                position("security.password"), "security.password stands in the board file",
                fix: "put it into a file of its own and name that in security.passwordFile")
        }
    }

    /// A path as seen from here: from the folder of the file that has it, or, where the command line
    /// has it, as it is.
    private func located(_ path: String, _ position: SourcePosition) -> String {
        let file = position.file ?? plan.file
        guard !path.isEmpty, !path.hasPrefix("/"), position.option == nil,
            let slash = file.lastIndex(of: "/")
        else { return path }
        return file[...slash] + path
    }
}
