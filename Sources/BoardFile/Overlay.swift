import DriverKit
import EVSEModel

/// Factory values from the command line (`--set PATH=VALUE`), laid over the parsed file before it is
/// checked, so that they are checked like the file's own.
struct Overlay {
    let plugins: [any DriverPlugin.Type]

    /// Applies the options in order; reports those whose path the board does not know.
    func apply(_ options: [String], to root: inout BoardNode) -> [BoardFinding] {
        var findings = [BoardFinding]()
        for option in options {
            if let finding = apply(option, to: &root) { findings.append(finding) }
        }
        return findings
    }

    private func apply(_ option: String, to root: inout BoardNode) -> BoardFinding? {
        // A password given on the command line is not repeated in messages.
        let shown = Self.isSecret(option) ? String(option.prefix { $0 != "=" }) + "=…" : option
        let position = SourcePosition(option: BoardNode.shortened(shown))
        func failure(_ what: String, _ fix: String) -> BoardFinding {
            BoardFinding(severity: .error, position: position, what: what, fix: fix)
        }
        guard let equals = option.firstIndex(of: "="), equals > option.startIndex else {
            return failure(
                "not of the form PATH=VALUE",
                "write it as in evses.1.connectors.1.limit=16 A")
        }
        let path = String(option[..<equals])
        let value = String(option[option.index(after: equals)...])
        let parts: [String]
        switch resolve(path, in: root) {
        case .failure(let problem): return failure(problem.what, problem.fix)
        case .success(let found): parts = found
        }
        var node = BoardNode(content: .scalar(value, isPlain: true), position: position)
        let isText =
            parts.starts(with: ["ocpp", "variables"]) || parts.starts(with: ["ocpp", "keys"])
        if !isText, let first = value.first, "[{".contains(first) {
            let (parsed, problem) = BoardTree.parse(
                value: value, option: BoardNode.shortened(shown))
            guard let parsed else {
                return failure(
                    "the value is neither JSON nor YAML: \(problem ?? "")",
                    "check its brackets and quotes")
            }
            node = parsed
        }
        insert(node, at: parts[...], into: &root, position)
        return nil
    }

    static func isSecret(_ option: String) -> Bool {
        let name = option.prefix { $0 != "=" }.lowercased()
        return name.hasSuffix("password") || name.contains("authorizationkey")
    }

    private struct Problem: Error {
        var what: String
        var fix: String
    }

    /// The parts of a path that this board knows.
    private func resolve(_ path: String, in root: BoardNode) -> Result<[String], Problem> {
        // Component and variable names are the protocol's: their own dots and case are kept.
        if path.hasPrefix("ocpp.variables.") {
            let rest = path.dropFirst("ocpp.variables.".count)
            guard let dot = rest.firstIndex(of: "."), dot > rest.startIndex,
                rest.index(after: dot) < rest.endIndex
            else {
                return .failure(
                    Problem(
                        what: "unknown path \(BoardNode.shortened(path))",
                        fix: "write ocpp.variables.COMPONENT.VARIABLE or …VARIABLE[INSTANCE]"))
            }
            let variable = rest[rest.index(after: dot)...]
            return .success(["ocpp", "variables", String(rest[..<dot]), String(variable)])
        }
        if path.hasPrefix("ocpp.keys."), path.count > "ocpp.keys.".count {
            return .success(["ocpp", "keys", String(path.dropFirst("ocpp.keys.".count))])
        }
        let known = KnownPaths(root: root, plugins: plugins).all
        // PICS ids have dots of their own: features.C-09.2.
        if known.contains(path) { return .success(Self.parts(path)) }
        // Always some path: the refusal of a wrong one names the best there is.
        let near = Suggestion.nearest(to: path, among: known, bound: .max)
        return .failure(
            Problem(
                what: "unknown path \(BoardNode.shortened(path))",
                fix: near.map { "the nearest known path is \($0)" }
                    ?? "forecourt explain shows the board's devices and EVSEs"))
    }

    private static func parts(_ path: String) -> [String] {
        if path.hasPrefix("features.") {
            return ["features", String(path.dropFirst("features.".count))]
        }
        return path.split(separator: ".").map(String.init)
    }

    private func insert(
        _ value: BoardNode, at parts: ArraySlice<String>, into node: inout BoardNode,
        _ position: SourcePosition
    ) {
        guard let first = parts.first else {
            node = value
            return
        }
        var entries = node.entries ?? []
        if let index = entries.firstIndex(where: { $0.key == first }) {
            insert(value, at: parts.dropFirst(), into: &entries[index].value, position)
        } else {
            var child = BoardNode(content: .mapping([]), position: position)
            insert(value, at: parts.dropFirst(), into: &child, position)
            entries.append(
                BoardNode.Entry(key: first, keyPosition: position, value: child))
        }
        node.content = .mapping(entries)
    }
}

/// Every path that a board knows: its sections' keys, and those of its own buses, devices and EVSEs.
struct KnownPaths {
    let root: BoardNode
    let plugins: [any DriverPlugin.Type]

    var all: [String] {
        var paths = BoardKeys.top.map(\.name)
        add(BoardKeys.station, below: "station", to: &paths)
        add(BoardKeys.feed, below: "feed", to: &paths)
        for map in BoardKeys.feedMaps { add(map.keys, below: "feed.\(map.name)", to: &paths) }
        add(BoardKeys.loop, below: "loop", to: &paths)
        addSupervision(below: "supervision", to: &paths)
        addPower(to: &paths)
        add(BoardKeys.ocpp, below: "ocpp", to: &paths)
        paths.append("ocpp.networkProfiles")
        add(BoardKeys.security, below: "security", to: &paths)
        paths.append("features.protocol")
        let version = root["features"]?["protocol"]?.scalar ?? "2.0.1"
        paths += PICSFeature.known(in: version).map { "features.\($0.id)" }
        paths += Role.allCases.filter(\.isShareable).map { "shared.\($0.rawValue)" }
        add(BoardKeys.shared, below: "shared", to: &paths)
        for bus in root["buses"]?.entries ?? [] {
            let kind = bus.value["plugin"]?.scalar.flatMap { BusKind(rawValue: $0) }
            add(kind?.keys ?? [], below: "buses.\(bus.key)", to: &paths)
        }
        for device in root["devices"]?.entries ?? [] {
            let name = device.value["plugin"]?.scalar
            let plugin = plugins.first { $0.name.text == name }
            add(plugin?.keys ?? [], below: "devices.\(device.key)", to: &paths)
            paths.append("devices.\(device.key).bus")
        }
        for evse in root["evses"]?.entries ?? [] { add(evse, to: &paths) }
        return paths
    }

    private func add(_ keys: [ConfigurationKey], below path: String, to paths: inout [String]) {
        paths += keys.map { "\(path).\($0.name)" }
    }

    private func addSupervision(below path: String, to paths: inout [String]) {
        add(SupervisionKey.all.map(\.key), below: path, to: &paths)
        paths.append("\(path).\(BoardReader.curveKey)")
        add(
            DirectCurrentKey.all.map(\.key), below: "\(path).\(DirectCurrentKey.section)",
            to: &paths)
    }

    private func addPower(to paths: inout [String]) {
        add(BoardKeys.power, below: "power", to: &paths)
        for group in root["power"]?[BoardKeys.groups]?.entries ?? [] {
            let path = "power.\(BoardKeys.groups).\(group.key)"
            add(BoardKeys.group, below: path, to: &paths)
            paths.append("\(path).sources")
            for link in group.value["links"]?.entries ?? [] {
                paths.append("\(path).links.\(link.key)")
            }
        }
    }

    private func add(_ evse: BoardNode.Entry, to paths: inout [String]) {
        let path = "evses.\(evse.key)"
        add(BoardKeys.evse, below: path, to: &paths)
        addSupervision(below: "\(path).supervision", to: &paths)
        add(BoardKeys.output, below: "\(path).output", to: &paths)
        paths += Role.allCases.filter(\.isOfEVSE).map { "\(path).devices.\($0.rawValue)" }
        for connector in evse.value["connectors"]?.entries ?? [] {
            let below = "\(path).connectors.\(connector.key)"
            add(BoardKeys.connector, below: below, to: &paths)
            add(BoardKeys.derating, below: "\(below).derating", to: &paths)
            paths.append("\(below).derating.curve")
            paths += Role.allCases.filter(\.isOfConnector).map { "\(below).\($0.rawValue)" }
        }
    }
}
