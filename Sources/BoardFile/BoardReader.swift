import DriverKit
import EVSEModel

/// Turns a parsed tree into a plan and reports what is wrong: shape, each plugin's check, then the
/// checks across devices. One pass each, all findings.
struct BoardReader {
    let plugins: [any DriverPlugin.Type]
    var plan = BoardPlan()
    var findings = [BoardFinding]()
    /// Where the value at a path stands, and where its key does.
    var positions = [String: SourcePosition]()
    /// Which device uses which line, for the checks across devices.
    var uses = [LineUse]()
    /// The numbers of direct current, for every EVSE that does not say otherwise.
    var directCurrent = DCPlan()
    /// Paths whose value could not be read: what follows from them is not reported too.
    var unreadable = Set<String>()
    /// Devices named for a role that they could not get, which is reported there.
    var refusedDevices = Set<String>()

    struct LineUse {
        var line: LineID
        var kind: LineKind
        var owner: String
        var key: String
        var position: SourcePosition
    }

    init(plugins: [any DriverPlugin.Type]) { self.plugins = plugins }

    mutating func error(_ position: SourcePosition, _ what: String, fix: String) {
        findings.append(
            BoardFinding(severity: .error, position: position, what: what, fix: fix))
    }
    mutating func warn(_ position: SourcePosition, _ what: String, fix: String) {
        findings.append(
            BoardFinding(severity: .warning, position: position, what: what, fix: fix))
    }

    /// Position of the value at a path, or of the nearest thing above it that the file has.
    func position(_ path: String) -> SourcePosition {
        var path = path[...]
        while true {
            if let position = positions[String(path)] { return position }
            guard let dot = path.lastIndex(of: ".") else {
                return SourcePosition(line: 1, column: 1)
            }
            path = path[..<dot]
        }
    }

    /// A path as messages name it: devices and buses by name, everything else by its path.
    static func label(_ path: String) -> String {
        let parts = path.split(separator: ".", maxSplits: 2).map(String.init)
        guard parts.count >= 2 else { return path }
        let rest = parts.count > 2 ? " " + parts[2] : ""
        switch parts[0] {
        case "devices": return parts[1] + rest
        case "buses": return "bus " + parts[1] + rest
        default: return path
        }
    }

    // MARK: Maps

    /// The entries of a map; nothing where the node is none, which is reported.
    mutating func entries(_ node: BoardNode, _ path: String) -> [BoardNode.Entry]? {
        positions[path] = positions[path] ?? node.position
        if let entries = node.entries { return entries }
        error(
            node.position, "\(Self.label(path)): \(node.shown) stands where a map belongs",
            fix: "write keys and values, one a line")
        unreadable.insert(path)
        return nil
    }

    /// Reads a map of plain keys: reports unknown, missing and bad ones, fills in defaults.
    ///
    /// - Parameters:
    ///   - others: keys that somebody else reads.
    ///   - lines: whose lines these are, where the keys may name some.
    /// - Returns: the values, and whether nothing was wrong with any.
    mutating func values(
        _ node: BoardNode, _ path: String, keys: [ConfigurationKey], others: [String] = [],
        lines: LineContext? = nil
    ) -> (values: [String: ConfigurationValue], isComplete: Bool) {
        guard let entries = entries(node, path) else { return ([:], false) }
        let before = findings.count
        let known = keys.map(\.name) + others
        for entry in entries where !known.contains(entry.key) {
            error(
                entry.keyPosition,
                "unknown key \(BoardNode.shortened(entry.key)) in \(Self.label(path))",
                fix: Suggestion.fix(for: entry.key, among: known, noun: "key"))
        }
        var values = [String: ConfigurationValue]()
        for key in keys {
            let keyPath = "\(path).\(key.name)"
            if let entry = entries.first(where: { $0.key == key.name }) {
                positions[keyPath] = entry.value.position
                if let value = value(entry.value, key, keyPath, lines: lines) {
                    values[key.name] = value
                } else {
                    unreadable.insert(keyPath)
                }
            } else if key.isRequired {
                error(
                    position(path), "\(Self.label(path)) has no \(key.name)",
                    fix: "add it: \(key.help)")
                unreadable.insert(keyPath)
            } else if let standard = key.standard {
                let node = BoardNode(
                    // An empty text is a value here, as `""` is in a file.
                    content: .scalar(standard, isPlain: !standard.isEmpty), position: position(path)
                )
                values[key.name] = value(node, key, keyPath, lines: lines)
            }
        }
        return (values, findings.count == before)
    }

    // MARK: Values

    /// Reads one value; reports what is wrong with it and returns nothing then.
    mutating func value(
        _ node: BoardNode, _ key: ConfigurationKey, _ path: String, lines: LineContext? = nil
    ) -> ConfigurationValue? {
        switch key.kind {
        case .line(let kind):
            return line(node, kind, path, index: 0, lines).map { .lines([$0]) }
        case .lines(let kind, let count):
            return self.lines(node, kind, count, path, lines).map { .lines($0) }
        case .choices(let choices, let count):
            return self.choices(node, choices, count, key.help, path).map { .texts($0) }
        default: break
        }
        guard let text = node.scalar, !node.isEmpty else {
            error(
                node.position, "\(Self.label(path)): \(node.shown) stands where a value belongs",
                fix: key.help)
            return nil
        }
        return scalar(text, key.kind, node, path)
    }

    private mutating func scalar(
        _ text: String, _ kind: ConfigurationKey.Kind, _ node: BoardNode, _ path: String
    ) -> ConfigurationValue? {
        switch kind {
        case .text(let maximum):
            // What opens something is not repeated in messages.
            let shown = path.lowercased().hasSuffix("password") ? "it" : node.shown
            guard text.unicodeScalars.count <= maximum else {
                error(
                    node.position,
                    "\(Self.label(path)): \(shown) has \(text.unicodeScalars.count) "
                        + "characters, at most \(maximum) fit", fix: "shorten it")
                return nil
            }
            guard !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
                error(
                    node.position, "\(Self.label(path)): \(shown) has control characters",
                    fix: "remove line breaks and tabs")
                return nil
            }
            return .text(text)
        case .choice(let choices):
            guard choices.contains(text) else {
                error(
                    node.position, "\(Self.label(path)): \(node.shown) is not a choice",
                    fix: Suggestion.fix(for: text, among: choices, noun: "choice"))
                return nil
            }
            return .text(text)
        case .model(let models):
            guard models.contains(text) else {
                error(
                    node.position, "\(Self.label(path)): there is no model \(node.shown)",
                    fix: Suggestion.fix(for: text, among: models, noun: "model"))
                return nil
            }
            return .text(text)
        case .boolean:
            guard text == "true" || text == "false" else {
                error(
                    node.position, "\(Self.label(path)): \(node.shown) is neither true nor false",
                    fix: "write true or false")
                return nil
            }
            return .boolean(text == "true")
        default:
            return number(text, kind, node, path)
        }
    }

    /// One choice, or a list of them without repetitions.
    private mutating func choices(
        _ node: BoardNode, _ choices: [String], _ count: ClosedRange<Int>, _ help: String,
        _ path: String
    ) -> [String]? {
        let nodes = node.elements ?? [node]
        guard count.contains(nodes.count) else {
            error(
                node.position,
                "\(Self.label(path)): \(nodes.count) choices, \(count.lowerBound) to "
                    + "\(count.upperBound) can be named", fix: help)
            return nil
        }
        var chosen = [String]()
        for node in nodes {
            guard let text = node.scalar, !node.isEmpty else {
                error(
                    node.position,
                    "\(Self.label(path)): \(node.shown) stands where a choice belongs", fix: help)
                return nil
            }
            guard case .text(let text)? = scalar(text, .choice(choices), node, path) else {
                return nil
            }
            guard !chosen.contains(text) else {
                error(
                    node.position, "\(Self.label(path)): \(text) is named twice",
                    fix: "name it once")
                return nil
            }
            chosen.append(text)
        }
        return chosen
    }

    private mutating func number(
        _ text: String, _ kind: ConfigurationKey.Kind, _ node: BoardNode, _ path: String
    ) -> ConfigurationValue? {
        guard let quantity = QuantityText(kind) else { return nil }
        do throws(QuantityText.Failure) {
            return .number(try quantity.parse(text))
        } catch {
            self.error(
                node.position, "\(Self.label(path)): \(node.shown) \(error.rule)", fix: error.fix)
            return nil
        }
    }

    /// Reports a name that is no name: letters, digits and dashes, so that it can be a path's part,
    /// a file's name and a line of a log.
    mutating func checkName(_ entry: BoardNode.Entry, of noun: String) {
        let isName =
            (1...40).contains(entry.key.utf8.count)
            && entry.key.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "-")
            }
        if !isName {
            error(
                entry.keyPosition,
                "\"\(BoardNode.shortened(entry.key))\" is not a \(noun)'s name",
                fix: "use 1 to 40 letters, digits and dashes")
        }
    }
}
