package import DriverKit

/// The reference of every key in Markdown, as docs/board-file.md holds it, from the same key data as
/// the check and the schema.
package struct BoardReference {
    let plugins: [any DriverPlugin.Type]
    package init(plugins: [any DriverPlugin.Type]) { self.plugins = plugins }

    package var markdown: String {
        var lines = [String]()
        func section(_ title: String, _ help: String, _ keys: [ConfigurationKey]) {
            lines += ["### \(title)", ""]
            if !help.isEmpty { lines += [help, ""] }
            if !keys.isEmpty { lines += Self.table(keys) + [""] }
        }
        func section(_ name: String, _ keys: [ConfigurationKey]) {
            section("`\(name)`", BoardKeys.help(ofSection: name), keys)
        }
        section("Top level", "", BoardKeys.top + [BoardKeys.extends])
        section("station", BoardKeys.station)
        section("feed", BoardKeys.feed)
        for map in BoardKeys.feedMaps { section("`feed.\(map.name)`", map.help, map.keys) }
        section("loop", BoardKeys.loop)
        section("supervision", SupervisionKey.all.map(\.key))
        section(
            "`supervision.\(DirectCurrentKey.section)`",
            DirectCurrentKey.help
                + " [S] is read in public source, [Q] quoted by a third party from a paid standard, [U] "
                + "unverified practice.", DirectCurrentKey.all.map(\.key))
        section("buses", [])
        for kind in BusKind.named {
            section("bus plugin `\(kind.rawValue)`", Self.sentence(kind.summary), kind.keys)
        }
        section("devices", [])
        for plugin in plugins {
            let roles = plugin.roles.map(\.rawValue).sorted().joined(separator: ", ")
            section(
                "plugin `\(plugin.name)`",
                Self.sentence(plugin.summary)
                    + (roles.isEmpty ? " No role of its own." : " Roles: \(roles)."),
                plugin.keys)
        }
        section("A line as a map", "Where a line needs more than its number.", LineOptions.keys)
        section("evses", BoardKeys.evse)
        section("`evses.N.output`", BoardKeys.outputHelp, BoardKeys.output)
        section("A connector", "Keys of `evses.N.connectors.N`.", BoardKeys.connector)
        section("`evses.N.connectors.N.derating`", BoardKeys.deratingHelp, BoardKeys.derating)
        section(
            "`evses.N.connectors.N.derating.curve` and `supervision.\(BoardReader.curveKey)`",
            BoardKeys.curveHelp, BoardKeys.curvePoint)
        lines += Self.connectorTypes + [""]
        lines += [
            "### Roles", "", "| role | belongs to | for | devices | shared |",
            "|---|---|---|---|---|",
        ]
        for role in Role.allCases {
            lines.append(
                "| `\(role.rawValue)` | \(role.place) "
                    + "| \(role.current?.words ?? "both") "
                    + "| \(role.maximumCount == 1 ? "one" : "up to \(role.maximumCount)") "
                    + "| \(role.isShareable ? "possible" : "–") |")
        }
        lines.append("")
        section("power", BoardKeys.power)
        section("`power.groups.N`", BoardKeys.groupsHelp, BoardKeys.group)
        lines += [
            "- `sources`: \(BoardKeys.sourcesHelp)",
            "- `links`: \(BoardKeys.linksHelp) "
                + "Groups 1 to \(BoardKeys.linkedGroups) can have them.", "",
        ]
        section("shared", "Beside the roles.", BoardKeys.shared)
        section("ocpp", BoardKeys.ocpp)
        section("`ocpp.networkProfiles`", "A list of profiles.", BoardKeys.networkProfile)
        section("security", BoardKeys.security)
        section("features", [BoardKeys.featuresProtocol])
        for version in ["2.0.1", "1.6"] {
            lines += [
                "PICS ids of OCPP \(version):", "", "| id | value | meaning |", "|---|---|---|",
            ]
            for feature in PICSFeature.known(in: version) {
                lines.append(
                    "| `\(feature.id)` | \(Self.words(feature.kind)) | \(feature.meaning) |")
            }
            lines.append("")
        }
        return lines.dropLast().joined(separator: "\n")
    }

    /// What the types of direct current stand for.
    private static var connectorTypes: [String] {
        var lines = [
            "Types of direct current:", "",
            "| type | limit | voltage | speaks | pins | plug held by |",
            "|---|---|---|---|---|---|",
        ]
        for type in ConnectorType.all where type.isDirectCurrent {
            lines.append(
                "| `\(type.name)` | \(type.limit) | \(type.voltage) | \(type.family?.rawValue ?? "") | "
                    + "\(type.pins.joined(separator: ", ")) | \(type.lock.words) |")
        }
        return lines
    }

    private static func sentence(_ text: String) -> String {
        let sentence = text.prefix(1).uppercased() + text.dropFirst()
        return sentence.hasSuffix(".") ? sentence : sentence + "."
    }

    private static func table(_ keys: [ConfigurationKey]) -> [String] {
        var lines = ["| key | value | left out | meaning |", "|---|---|---|---|"]
        for key in keys {
            let standard = key.isRequired ? "required" : key.standard.map { "`\($0)`" } ?? "none"
            lines.append("| `\(key.name)` | \(words(key.kind)) | \(standard) | \(key.help) |")
        }
        return lines
    }

    private static func words(_ kind: PICSFeature.Kind) -> String {
        switch kind {
        case .flag: "true, false"
        case .number: "number"
        case .choice(let choices): choices.joined(separator: ", ")
        case .list: "list of texts"
        }
    }

    private static func words(_ kind: ConfigurationKey.Kind) -> String {
        switch kind {
        case .text(let maximum): return "text, up to \(maximum)"
        case .choice(let choices), .model(let choices):
            return choices.map { "`\($0)`" }.joined(separator: ", ")
        case .choices(let choices, _):
            return "one or a list of " + choices.map { "`\($0)`" }.joined(separator: ", ")
        case .boolean: return "true, false"
        case .line(let kind): return LineKindName(kind).words
        case .lines(let kind, let count):
            let number =
                count.lowerBound == count.upperBound
                ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
            return "\(number) \(LineKindName(kind).words)s"
        default:
            guard let quantity = QuantityText(kind) else { return "" }
            let lower = quantity.describe(quantity.range.lowerBound)
            return "\(lower) … \(quantity.describe(quantity.range.upperBound))"
        }
    }
}

extension ConnectorType.LockPlace {
    /// Who or what holds the plug.
    var words: String {
        switch self {
        case .outlet: "the outlet"
        case .plug: "a lock in the plug"
        case .inlet: "the vehicle"
        }
    }
}
