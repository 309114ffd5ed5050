package import EVSEModel
package import JSON

/// Everything that a script can do to a simulated station. The raw value is the name in files.
package enum ScriptAction: String, Hashable, Sendable, CaseIterable {
    // People and vehicles
    case plug, unplug, vehicle, tap, choose
    // The CSMS
    case request, frame, card, spoil, latency, boot
    // The link
    case cut, restore
    // Processes and the machine
    case kill, killLoop = "kill-loop", starve, stop, powerCut = "power-cut", clearFaults =
        "clear-faults"
    case offline
    // Hardware
    case fault, clear, mains, house, energyManager = "energy-manager"
    // Clock
    case clockStep = "clock-step", clockDrift = "clock-drift", clockLost = "clock-lost"
    // Disk
    case diskFull = "disk-full", failWrites = "fail-writes"

    /// What the action may say, beside `at` and `do`.
    package var keys: Set<String> {
        switch self {
        case .plug:
            [
                "evse", "connector", "phases", "maxCurrent", "battery", "soc", "ready",
                "ventilation", "draw", "diode", "holdsS2", "cable", "dc",
            ]
        case .unplug: ["evse", "connector", "side", "leave"]
        case .vehicle:
            [
                "evse", "connector", "ready", "ventilation", "draw", "diode", "soc", "maxCurrent",
                "holdsS2", "dc",
            ]
        case .tap: ["reader", "card", "hold"]
        case .choose: ["evse"]
        case .request: ["action", "payload"]
        case .frame: ["text"]
        case .card: ["card", "status", "group", "expires"]
        case .spoil: ["action", "how", "count", "delay"]
        case .latency, .clockStep: ["ms"]
        case .boot: ["statuses", "interval"]
        case .cut: ["how"]
        case .restore, .clear: ["device"]
        case .killLoop: ["down"]
        case .kill: ["outputs", "down"]
        case .starve: ["for", "every"]
        case .stop, .powerCut: ["down"]
        case .clearFaults: ["evse"]
        case .offline: ["wanted"]
        case .fault: ["device", "fault", "value", "count"]
        case .mains: ["on", "voltage"]
        case .house: ["l1", "l2", "l3", "dimmed"]
        case .energyManager: ["current", "power", "for"]
        case .clockDrift: ["ppm"]
        case .clockLost, .diskFull: ["on"]
        case .failWrites: ["count"]
        }
    }
}

/// One line of a script: when, what, and with what.
package struct ScriptStep: Hashable, Sendable {
    /// Since the start of the day.
    package var at: Milliseconds
    package var action: ScriptAction
    package var values: JSONObject

    package init(_ at: Milliseconds, _ action: ScriptAction, _ values: JSONObject = [:]) {
        self.at = at
        self.action = action
        self.values = values
    }

    package var json: JSONValue {
        var object: JSONObject = ["at": JSONValue(at.count), "do": .string(action.rawValue)]
        for member in values { object[member.name] = member.value }
        return .object(object)
    }

    /// - Throws: ``ScriptError`` naming the key that is missing, wrong or unknown.
    package init(_ value: JSONValue) throws(ScriptError) {
        guard let at = value["at"]?.int64, at >= 0 else {
            throw ScriptError("\"at\" must be milliseconds since the start of the day")
        }
        guard let name = value["do"]?.string, let action = ScriptAction(rawValue: name) else {
            let known = ScriptAction.allCases.map(\.rawValue).joined(separator: ", ")
            throw ScriptError("\"do\" must be one of \(known)")
        }
        self.at = Milliseconds(at)
        self.action = action
        values = [:]
        for member in value.object ?? [:] where member.name != "at" && member.name != "do" {
            guard action.keys.contains(member.name) else {
                let known = action.keys.sorted().joined(separator: ", ")
                throw ScriptError("\(name) knows no \"\(member.name)\"; it takes \(known)")
            }
            values[member.name] = member.value
        }
    }

    // Values, with what is meant where they were left out

    func number(_ key: String, _ standard: Double) -> Double {
        values[key]?.number?.double ?? standard
    }
    func count(_ key: String, _ standard: Int) -> Int { values[key]?.int ?? standard }
    func flag(_ key: String, _ standard: Bool) -> Bool { values[key]?.bool ?? standard }
    func text(_ key: String, _ standard: String = "") -> String { values[key]?.string ?? standard }
    func duration(_ key: String, _ standard: Milliseconds) -> Milliseconds {
        values[key]?.int64.map { Milliseconds($0) } ?? standard
    }
}

/// A line that is no script.
package struct ScriptError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
