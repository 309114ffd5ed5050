package import DriverKit
import EVSEModel
package import JSON

/// JSON Schema (draft 2020-12) of board files, from the same key data as the check.
///
/// An editor that knows it completes keys, shows their help and underlines wrong values. It says
/// less than the check: references, limits and times cannot be put into it.
package struct BoardSchema {
    let plugins: [any DriverPlugin.Type]
    /// Of a board that extends another: nothing but its name is required, and `null` removes.
    private var isVariant = false

    package init(plugins: [any DriverPlugin.Type]) { self.plugins = plugins }

    package var json: JSONValue {
        var variant = self
        variant.isVariant = true
        var definitions = definitions
        definitions["board"] = board
        definitions["variant"] = variant.board
        for member in variant.definitions {
            definitions["variant-\(member.name)"] = member.value
        }
        return .object([
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Forecourt board file",
            "if": .object(["required": ["extends"]]),
            "then": .object(["$ref": "#/$defs/variant"]),
            "else": .object(["$ref": "#/$defs/board"]),
            "$defs": .object(definitions),
        ])
    }

    private var board: JSONValue {
        var properties = JSONObject()
        for key in BoardKeys.top { properties[key.name] = schema(key) }
        for section in BoardKeys.sections {
            properties[section] = described(
                self.section(section), BoardKeys.help(ofSection: section))
        }
        var required = BoardKeys.top.filter(\.isRequired).map(\.name)
        if isVariant {
            required.append(BoardKeys.extends.name)
        } else {
            required += BoardKeys.requiredSections
        }
        properties[BoardKeys.extends.name] = schema(BoardKeys.extends)
        return .object([
            "type": "object", "properties": .object(properties),
            "required": .array(required.map(JSONValue.string)), "additionalProperties": false,
        ])
    }

    private var definitions: JSONObject {
        var definitions = JSONObject()
        for kind in LineKindName.allCases {
            guard kind != .temperatureInput else {
                definitions[kind.rawValue] = [
                    "type": "string", "pattern": .string(SensorName.pattern),
                ]
                continue
            }
            definitions[kind.rawValue] = .object([
                "anyOf": .array([
                    .object(["type": "integer", "minimum": 0, "maximum": 65534]),
                    object(LineOptions.keys(for: kind.kind)),
                ])
            ])
        }
        var direct = JSONObject()
        direct[DirectCurrentKey.section] = described(
            object(DirectCurrentKey.all.map(\.key)), DirectCurrentKey.help)
        direct[BoardReader.curveKey] = curve
        definitions["supervision"] = object(SupervisionKey.all.map(\.key), more: direct)
        definitions["device-names"] = .object([
            "anyOf": .array([
                .object(["type": "string"]),
                .object(["type": "array", "items": .object(["type": "string"])]),
            ])
        ])
        return definitions
    }

    private func section(_ name: String) -> JSONValue {
        switch name {
        case "station": object(BoardKeys.station)
        case "feed": object(BoardKeys.feed, more: feedMaps)
        case "loop": object(BoardKeys.loop)
        case "supervision": reference("supervision")
        case "buses":
            map(
                of: oneOf(
                    BusKind.named.map {
                        plugin($0.rawValue, $0.summary, $0.keys, hasBus: false)
                    }))
        case "devices":
            map(
                of: oneOf(
                    plugins.map { plugin($0.name.text, $0.summary, $0.keys, hasBus: true) }))
        case "evses": numbered(evse)
        case "power": object(BoardKeys.power, more: groups)
        case "shared": object(BoardKeys.shared, more: roles(Role.allCases.filter(\.isShareable)))
        case "ocpp": object(BoardKeys.ocpp, more: ocppMaps)
        case "security": object(BoardKeys.security)
        default: object([BoardKeys.featuresProtocol], more: features)
        }
    }

    // MARK: Parts

    private var evse: JSONValue {
        var parts = roles(Role.allCases.filter(\.isOfConnector))
        var derating = JSONObject()
        derating["curve"] = curve
        parts["derating"] = described(
            removable(object(BoardKeys.derating, more: derating)), BoardKeys.deratingHelp)
        let connector = described(
            object(BoardKeys.connector, more: parts), "A connector of the EVSE.")
        var more = JSONObject()
        more["connectors"] = numbered(connector)
        more["devices"] = object([], more: roles(Role.allCases.filter(\.isOfEVSE)))
        more["output"] = described(removable(object(BoardKeys.output)), BoardKeys.outputHelp)
        more["supervision"] = reference("supervision")
        return object(BoardKeys.evse, more: more)
    }

    private var curve: JSONValue {
        let points = JSONValue.object([
            "type": "array", "items": object(BoardKeys.curvePoint), "minItems": 2,
            "maxItems": JSONValue(DeratingCurve.capacity),
        ])
        return described(removable(points), BoardKeys.curveHelp)
    }

    /// Of `power`.
    private var groups: JSONObject {
        var more = JSONObject()
        more["sources"] = described(reference("device-names"), BoardKeys.sourcesHelp)
        more["links"] = described(
            numbered(.object(["type": "string"])), BoardKeys.linksHelp)
        let group = object(BoardKeys.group, more: more, required: ["sources"])
        var groups = JSONObject()
        groups[BoardKeys.groups] = described(
            numbered(group, pattern: "^([1-9]|1[0-6])$"), BoardKeys.groupsHelp)
        return groups
    }

    private var feedMaps: JSONObject {
        var maps = JSONObject()
        for map in BoardKeys.feedMaps { maps[map.name] = described(object(map.keys), map.help) }
        return maps
    }

    private func roles(_ roles: [Role]) -> JSONObject {
        var object = JSONObject()
        for role in roles { object[role.rawValue] = removable(reference("device-names")) }
        return object
    }

    private var ocppMaps: JSONObject {
        let value = JSONValue.object(["type": ["string", "number", "boolean"]])
        var maps = JSONObject()
        var profile = JSONObject()
        profile["connectionData"] = .object(["type": "object"])
        // OCPP's own form nests most keys, so none but the slot is required here.
        let optional = BoardKeys.networkProfile.map {
            ConfigurationKey($0.name, $0.kind, required: $0.name == "configurationSlot", $0.help)
        }
        maps["networkProfiles"] = .object([
            "type": "array", "items": object(optional, more: profile),
        ])
        maps["variables"] = map(of: map(of: value))
        maps["keys"] = map(of: value)
        return maps
    }

    /// Ids of both versions: which apply depends on `protocol`.
    private var features: JSONObject {
        var object = JSONObject()
        for version in ["2.0.1", "1.6"] {
            for feature in PICSFeature.known(in: version) {
                let schema = described(schema(feature.kind), "\(version): \(feature.meaning)")
                if let first = object[feature.id] {
                    object[feature.id] = .object(["anyOf": .array([first, schema])])
                } else {
                    object[feature.id] = schema
                }
            }
        }
        return object
    }

    private func schema(_ kind: PICSFeature.Kind) -> JSONValue {
        switch kind {
        case .flag: .object(["type": "boolean"])
        case .number: .object(["type": "integer", "minimum": 0])
        case .choice(let choices): .object(["enum": .array(choices.map(JSONValue.string))])
        case .list: .object(["type": "array", "items": .object(["type": "string"])])
        }
    }

    private func plugin(
        _ name: String, _ summary: String, _ keys: [ConfigurationKey], hasBus: Bool
    ) -> JSONValue {
        var more = JSONObject()
        more["plugin"] = .object(["const": .string(name), "description": .string(summary)])
        if hasBus { more["bus"] = .object(["type": "string"]) }
        return object(keys, more: more, required: ["plugin"])
    }

    // MARK: Shapes

    private func object(
        _ keys: [ConfigurationKey], more: JSONObject = JSONObject(), required: [String] = []
    ) -> JSONValue {
        var properties = more
        for key in keys { properties[key.name] = schema(key) }
        let names = isVariant ? [] : required + keys.filter(\.isRequired).map(\.name)
        var object: JSONObject = [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
        ]
        if !names.isEmpty { object["required"] = .array(names.map(JSONValue.string)) }
        return .object(object)
    }

    private func map(of value: JSONValue) -> JSONValue {
        .object(["type": "object", "additionalProperties": removable(value)])
    }

    private func numbered(_ value: JSONValue, pattern: String = "^[1-4]$") -> JSONValue {
        var patterns = JSONObject()
        patterns[pattern] = removable(value)
        return .object([
            "type": "object", "patternProperties": .object(patterns),
            "additionalProperties": false,
        ])
    }

    /// In a variant a map without `plugin` fits several.
    private func oneOf(_ schemas: [JSONValue]) -> JSONValue {
        .object([isVariant ? "anyOf" : "oneOf": .array(schemas)])
    }

    private func removable(_ schema: JSONValue) -> JSONValue {
        isVariant ? .object(["anyOf": .array([schema, .object(["type": "null"])])]) : schema
    }

    private func reference(_ name: String) -> JSONValue {
        .object(["$ref": .string("#/$defs/\(isVariant ? "variant-" : "")\(name)")])
    }

    private func described(_ schema: JSONValue, _ help: String) -> JSONValue {
        guard var object = schema.object else { return schema }
        object["description"] = .string(help)
        return .object(object)
    }

    private func schema(_ key: ConfigurationKey) -> JSONValue {
        var object = kindSchema(key.kind)
        if isVariant { object = ["anyOf": .array([.object(object), .object(["type": "null"])])] }
        object["description"] = .string(key.help)
        if let standard = key.standard { object["default"] = Self.value(standard, key.kind) }
        return .object(object)
    }

    private static func value(_ standard: String, _ kind: ConfigurationKey.Kind) -> JSONValue {
        switch kind {
        case .boolean: return .bool(standard == "true")
        case .integer, .ratio, .line: return (try? JSONValue(parsing: standard)) ?? .null
        default: return .string(standard)
        }
    }

    private func kindSchema(_ kind: ConfigurationKey.Kind) -> JSONObject {
        switch kind {
        case .text(let maximum):
            // YAML reads a bare 2.0 as a number: it is as good a text.
            return ["type": ["string", "number"], "maxLength": JSONValue(maximum)]
        case .choice(let choices):
            return ["enum": .array(choices.map(JSONValue.string) + Self.numbers(choices))]
        case .choices(let choices, let count):
            let one: JSONValue = ["enum": .array(choices.map(JSONValue.string))]
            return [
                "oneOf": [
                    one,
                    [
                        "type": "array", "items": one, "uniqueItems": true,
                        "minItems": JSONValue(count.lowerBound),
                        "maxItems": JSONValue(count.upperBound),
                    ],
                ]
            ]
        case .model(let models): return ["enum": .array(models.map(JSONValue.string))]
        case .boolean: return ["type": "boolean"]
        case .integer(let range):
            return [
                "type": "integer", "minimum": JSONValue(range.lowerBound),
                "maximum": JSONValue(range.upperBound),
            ]
        case .ratio: return ["type": "number"]
        case .line(let kind): return reference(LineKindName(kind).rawValue).object ?? [:]
        case .lines(let kind, let count):
            return [
                "type": "array",
                "items": reference(LineKindName(kind).rawValue),
                "minItems": JSONValue(count.lowerBound), "maxItems": JSONValue(count.upperBound),
            ]
        default:
            let units = (QuantityText(kind)?.units ?? []).map(\.symbol).joined(separator: "|")
            return ["type": "string", "pattern": .string("^[+-]?[0-9]+(\\.[0-9]+)? *(\(units))$")]
        }
    }

    /// Choices that YAML reads as numbers where they stand without quotes: `9600`.
    private static func numbers(_ choices: [String]) -> [JSONValue] {
        choices.compactMap { Int64($0) }.map { JSONValue($0) }
    }
}
