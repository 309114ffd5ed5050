import BoardFile
import Foundation
import Yams

/// The features that a board's file claims, by PICS id, and the parts that it has.
///
/// Parts have no PICS id. They go by the words of the board file: maps of `feed` (`house`,
/// `energy-manager`), roles (`phase-contactor`, `dimming`, `evse-controller`), and plugins
/// (`line-reader`). `controller-watchdog` is there where every EVSE controller falls back by itself
/// when nothing reaches it (`watchdog` of its device), `several-cables` where an EVSE has more than one
/// connector, `one-display` where all outlets share one.
struct BoardFeatures {
    let features: [String: PICSCondition.Feature]

    /// - Parameter board: a name below `Boards`, a folder or a file.
    init(board: String) throws {
        let root = try Self.root(of: board)
        guard let features = root["features"]?.mapping else {
            throw BenchError("\(board) claims no features")
        }
        var found = [String: PICSCondition.Feature]()
        for (key, value) in features {
            guard let id = key.string else { continue }
            if let flag = value.bool {
                found[id] = .flag(flag)
            } else if let number = value.int {
                found[id] = .number(number)
            } else if let word = value.string {
                found[id] = .word(word)
            }
        }
        for part in Self.parts(root) { found[part] = .flag(true) }
        self.features = found
    }

    /// Whether a board has a part, whatever it claims.
    static func has(_ part: String, board: String) throws -> Bool {
        parts(try root(of: board)).contains(part)
    }

    /// A board's devices: the bus that each hangs on, and the model of those that have several.
    static func devices(board: String) throws -> [String: (bus: String, model: String)] {
        var devices = [String: (bus: String, model: String)]()
        for (key, value) in try root(of: board)["devices"]?.mapping ?? [:] {
            guard let name = key.string, value.mapping != nil else { continue }
            devices[name] = (value["bus"]?.string ?? "", value["model"]?.string ?? "")
        }
        return devices
    }

    private static func root(of board: String) throws -> Node {
        let file = try BoardLocator.shipped().find(board)
        guard let root = try Yams.compose(yaml: try BoardFile.joinedText(file: file)) else {
            throw BenchError("\(file) is empty")
        }
        return root
    }

    private static func parts(_ root: Node) -> Set<String> {
        func keys(_ node: Node?) -> [String] { node?.mapping?.keys.compactMap(\.string) ?? [] }
        var watches = [Bool]()
        var parts = Set(
            (root["feed"]?.mapping ?? [:]).filter { $1.mapping != nil }.compactMap(\.key.string))
        parts.formUnion(keys(root["shared"]))
        if keys(root["shared"]).contains("display") { parts.insert("one-display") }
        for evse in root["evses"]?.mapping?.values.map({ $0 }) ?? [] {
            parts.formUnion(keys(evse["devices"]))
            if evse["connectors"]?.mapping?.count ?? 0 > 1 {
                parts.insert("several-cables")
            }
            for connector in evse["connectors"]?.mapping?.values.map({ $0 }) ?? [] {
                parts.formUnion(keys(connector))
                if let name = connector["evse-controller"]?.string {
                    watches.append(root["devices"]?[name]?["watchdog"]?.string != nil)
                }
            }
        }
        if !watches.isEmpty, !watches.contains(false) { parts.insert("controller-watchdog") }
        for device in root["devices"]?.mapping?.values.map({ $0 }) ?? [] {
            if let plugin = device["plugin"]?.string { parts.insert(plugin) }
        }
        return parts
    }
}
