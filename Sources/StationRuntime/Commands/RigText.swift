import ArgumentParser
import Foundation
import JSON

/// The rig's answers as lines for people, and a shell's words as the rig's.
enum RigText {
    static func number(_ value: Double) -> JSONValue? { JSONNumber(value).map(JSONValue.number) }

    /// `500ms`, `5s`, `2m`; a bare number is seconds.
    static func milliseconds(_ text: String) throws -> Int {
        let units: [(String, Double)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("", 1000)]
        for (unit, factor) in units where text.hasSuffix(unit) {
            if let count = Double(text.dropLast(unit.count).trimmingCharacters(in: .whitespaces)),
                count > 0, count * factor < 1e9
            {
                return Int((count * factor).rounded())
            }
        }
        throw ValidationError("\(text) is no duration: write 500ms, 5s or 2m")
    }
    static func path(_ connector: String, _ action: String) throws -> String {
        let parts = connector.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ Int($0) != nil }) else {
            throw ValidationError("\(connector) is no connector: write EVSE/connector, as 1/1")
        }
        return "/rig/v1/connectors/\(parts[0])/\(parts[1])/\(action)"
    }
    /// A name as one part of a path.
    static func part(_ name: String) -> String {
        name.addingPercentEncoding(
            withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-_.")))
            ?? name
    }

    static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: "-"
        case .string(let text): text
        case .bool(let flag): flag ? "yes" : "no"
        case .number(let number): number.text
        case let other?: other.text
        }
    }

    static func connector(_ value: JSONValue) -> String {
        var line =
            "\(text(value["id"])): pilot \(text(value["pilot"])), offered \(text(value["offered"])) A"
            + ", drawn \(text(value["drawn"])) A, contactor \(text(value["contactor"]))"
            + ", lock \(text(value["lock"])), meter \(text(value["meterWh"])) Wh"
        if let soc = value["soc"]?.number {
            line += ", charge \((soc.double * 1000).rounded() / 10) %"
        }
        return line
    }

    static func state(_ value: JSONValue) -> String {
        var lines = [
            "\(text(value["board"])), mains \(value["mains"]?["on"]?.bool == true ? "on" : "off")"
        ]
        for item in value["connectors"]?.array ?? [] { lines.append(connector(item)) }
        for meter in value["meters"]?.array ?? [] {
            lines.append(
                "\(text(meter["device"])): \(text(meter["model"])), \(text(meter["registerWh"])) Wh"
            )
        }
        for reader in value["readers"]?.array ?? [] {
            lines.append(
                "\(text(reader["device"])): \(reader["answers"]?.bool == true ? "answers" : "mute")"
                    + ", last token \(text(reader["lastToken"]))")
        }
        let lit = (value["indicators"]?.array ?? []).filter { $0["on"]?.bool == true }
        if !lit.isEmpty {
            lines.append("lit: " + lit.map { text($0["name"]) }.joined(separator: ", "))
        }
        if let openings = value["openings"], (openings["count"]?.int ?? 0) > 0 {
            lines.append(
                "contactor openings: \(text(openings["count"])), p50 \(text(openings["p50Us"])) µs, "
                    + "p99 \(text(openings["p99Us"])) µs, max \(text(openings["maxUs"])) µs")
        }
        lines.append(faults(value))
        return lines.joined(separator: "\n")
    }

    static func faults(_ value: JSONValue) -> String {
        let faults = value["faults"]?.array ?? []
        guard !faults.isEmpty else { return "no fault in force" }
        return faults.map { "\(text($0["id"])): \(text($0["device"])) \(text($0["fault"]))" }
            .joined(separator: "\n")
    }

    static func kinds(_ value: JSONValue) -> String {
        var lines = [String]()
        for device in value["devices"]?.array ?? [] {
            lines.append("\(text(device["device"])) (\(text(device["kind"])))")
            for fault in device["faults"]?.array ?? [] {
                let name = text(fault["fault"]).padding(
                    toLength: 18, withPad: " ", startingAt: 0)
                var line = "  \(name) \(text(fault["help"]))"
                if let value = fault["value"] {
                    line += " [\(text(value["default"])) \(text(value["unit"]))]"
                }
                if fault["makesFaulted"]?.bool == true {
                    line += " (makes an idle connector Faulted)"
                }
                lines.append(line)
            }
        }
        return lines.joined(separator: "\n")
    }
}
