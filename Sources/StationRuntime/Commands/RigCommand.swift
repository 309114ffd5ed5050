import ArgumentParser
import Foundation
import JSON
import LocalHTTP

/// `forecourt rig`: the rig API from a shell.
struct RigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rig",
        abstract: "Touch a simulated station's world: plug, tap, break, watch.",
        discussion: """
            Talks to the rig that `forecourt run --simulate --rig HOST:PORT` or `forecourt plant \
            --rig HOST:PORT` serves. The address comes from --url or from FORECOURT_RIG.

              forecourt rig plug 1/1 --soc 0.6
              forecourt rig tap reader-1 04A2B3C4D5E6F7
              forecourt rig fault meter-1 silent --for 5s
              forecourt rig watch
            """,
        subcommands: [
            State.self, Watch.self, Plug.self, Unplug.self, EV.self, Tap.self, FaultCommand.self,
            Touch.self, Faults.self, Clear.self, Mains.self,
        ])

    struct Address: ParsableArguments {
        @Option(help: "The rig's address. Default: $FORECOURT_RIG, else http://127.0.0.1:8180.")
        var url: String?
        @Flag(help: "Print the answer as JSON.")
        var json = false

        func client() throws -> LocalClient {
            let environment = ProcessInfo.processInfo.environment["FORECOURT_RIG"]
            return try LocalClient(url: url ?? environment ?? "http://127.0.0.1:8180")
        }
        /// Calls and prints: JSON on request, otherwise one line.
        func call(
            _ method: String, _ path: String, _ body: JSONValue?, say: (JSONValue) -> String
        ) throws {
            let answer = try client().call(method, path, body)
            StandardStreams.output(json ? answer.text : say(answer))
        }
    }

    struct State: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every signal once.")
        @OptionGroup var address: Address
        func run() throws {
            try address.call("GET", "/rig/v1/state", nil) { RigText.state($0) }
        }
    }

    struct Plug: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Plug a vehicle in.")
        @Argument(help: "Connector: EVSE/connector, as 1/1.")
        var connector: String
        @Option(help: "Phases of its charger: 1 to 3.")
        var phases: Int?
        @Option(help: "Rating of its charger, A per phase.")
        var maxCurrent: Double?
        @Option(help: "Its battery, Wh.")
        var battery: Double?
        @Option(help: "State of charge, 0 to 1.")
        var soc: Double?
        @Option(help: "Its identifier.")
        var evccID: String?
        @Option(help: "Rating of its cable: 13, 20, 32 or 63 A; 0 is no cable's resistor.")
        var cable: Int?
        @Flag(help: "It does not want energy yet.")
        var notReady = false
        @Flag(help: "It needs ventilation.")
        var ventilation = false
        @OptionGroup var address: Address
        func run() throws {
            var ev = JSONObject()
            ev["phases"] = phases.map { JSONValue($0) }
            ev["maxCurrent"] = maxCurrent.flatMap(RigText.number)
            ev["batteryWh"] = battery.flatMap(RigText.number)
            ev["soc"] = soc.flatMap(RigText.number)
            ev["evccId"] = evccID.map { .string($0) }
            ev["cable"] = cable.map { JSONValue($0) }
            if notReady { ev["ready"] = false }
            if ventilation { ev["ventilation"] = true }
            let path = try RigText.path(connector, "plug")
            try address.call("POST", path, ["ev": .object(ev)]) { RigText.connector($0) }
        }
    }

    struct Unplug: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pull the plug at the vehicle; the cable follows once the bolt is free.")
        @Argument(help: "Connector: EVSE/connector, as 1/1.")
        var connector: String
        @Flag(help: "Pull it out of the station's outlet instead.")
        var station = false
        @Flag(help: "Leave the cable in the outlet.")
        var leaveCable = false
        @OptionGroup var address: Address
        func run() throws {
            let body: JSONValue = [
                "side": station ? "station" : "vehicle", "leaveCable": .bool(leaveCable),
            ]
            try address.call("POST", try RigText.path(connector, "unplug"), body) {
                RigText.connector($0)
            }
        }
    }

    struct EV: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ev", abstract: "Change how the plugged vehicle behaves.")
        @Argument(help: "Connector: EVSE/connector, as 1/1.")
        var connector: String
        @Flag(inversion: .prefixedNo, help: "It wants energy.")
        var ready: Bool?
        @Flag(inversion: .prefixedNo, help: "It needs ventilation.")
        var ventilation: Bool?
        @Option(help: "What it draws: follow, max, or amperes per phase.")
        var draw: String?
        @Option(help: "Its pilot diode: ok or shorted.")
        var diode: String?
        @Option(help: "State of charge, 0 to 1.")
        var soc: Double?
        @Option(help: "Rating of its charger, A per phase.")
        var maxCurrent: Double?
        @Flag(inversion: .prefixedNo, help: "It keeps asking for energy although none is offered.")
        var holdsS2: Bool?
        @OptionGroup var address: Address
        func run() throws {
            var body = JSONObject()
            body["ready"] = ready.map { .bool($0) }
            body["ventilation"] = ventilation.map { .bool($0) }
            body["draw"] = draw.map { text in
                Double(text).flatMap(RigText.number) ?? .string(text)
            }
            body["diode"] = diode.map { .string($0) }
            body["soc"] = soc.flatMap(RigText.number)
            body["maxCurrent"] = maxCurrent.flatMap(RigText.number)
            body["holdsS2"] = holdsS2.map { .bool($0) }
            try address.call("POST", try RigText.path(connector, "ev"), .object(body)) {
                RigText.connector($0)
            }
        }
    }

    struct Tap: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Hold a card at a reader.")
        @Argument(help: "The reader's device name.")
        var reader: String
        @Argument(help: "The card's UID: 4, 7 or 10 bytes in hexadecimal; or `random`.")
        var uid: String
        @Option(help: "How long it is held there: 500ms, 2s. Default 1s.")
        var hold: String?
        @Flag(help: "UID is a text for a line reader.")
        var text = false
        @OptionGroup var address: Address
        func run() throws {
            var body = JSONObject()
            if text {
                body["text"] = .string(uid)
            } else if uid == "random" {
                body["random"] = true
            } else {
                body["uid"] = .string(uid)
            }
            body["holdMs"] = try hold.map { JSONValue(try RigText.milliseconds($0)) }
            try address.call("POST", "/rig/v1/readers/\(RigText.part(reader))/tap", .object(body)) {
                "\(reader): \($0["token"]?.string ?? "-")"
            }
        }
    }

    struct Touch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Touch the key of an outlet on a display.",
            discussion: "forecourt rig touch display-1 2")
        @Argument(help: "The display's device name.")
        var display: String
        @Argument(help: "The outlet's number.")
        var outlet: Int
        @OptionGroup var address: Address
        func run() throws {
            try address.call(
                "POST", "/rig/v1/displays/\(RigText.part(display))/touch",
                ["outlet": JSONValue(outlet)]
            ) {
                "\(display): outlet \($0["outlet"]?.int ?? 0)"
            }
        }
    }

    struct FaultCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fault", abstract: "Break something.",
            discussion: "`forecourt rig faults --kinds` lists what can be broken, and how.")
        @Argument(help: "The device's name.")
        var device: String
        @Argument(help: "The fault's name.")
        var fault: String
        @Option(help: "How much, in the fault's unit.")
        var value: Double?
        @Option(name: .customLong("for"), help: "Ends by itself after this time: 500ms, 5s, 2m.")
        var time: String?
        @Option(help: "Spoils this many replies, then ends.")
        var count: Int?
        @OptionGroup var address: Address
        func run() throws {
            var body: JSONObject = ["device": .string(device), "fault": .string(fault)]
            body["value"] = value.flatMap(RigText.number)
            body["forMs"] = try time.map { JSONValue(try RigText.milliseconds($0)) }
            body["count"] = count.map { JSONValue($0) }
            try address.call("POST", "/rig/v1/faults", .object(body)) {
                "\(device): \(fault) is in force as \($0["id"]?.string ?? "-")"
            }
        }
    }

    struct Faults: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the faults in force.")
        @Flag(help: "List what can be broken instead.")
        var kinds = false
        @OptionGroup var address: Address
        func run() throws {
            if kinds {
                try address.call("GET", "/rig/v1/faults/kinds", nil) { RigText.kinds($0) }
            } else {
                try address.call("GET", "/rig/v1/faults", nil) { RigText.faults($0) }
            }
        }
    }

    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Clear a fault, or all.")
        @Argument(help: "The fault's id, or `all`.")
        var id: String
        @OptionGroup var address: Address
        func run() throws {
            let path = id == "all" ? "/rig/v1/faults" : "/rig/v1/faults/\(RigText.part(id))"
            try address.call("DELETE", path, nil) { answer in
                let ids = answer["ids"]?.array?.compactMap(\.string) ?? [id]
                return ids.isEmpty
                    ? "no fault was in force" : "cleared \(ids.joined(separator: ", "))"
            }
        }
    }

    struct Mains: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switch the supply off and on.")
        enum Position: String, ExpressibleByArgument, CaseIterable { case on, off }
        @Argument(help: "on or off.")
        var position: Position
        @Option(help: "Phase to neutral, V.")
        var voltage: Double?
        @OptionGroup var address: Address
        func run() throws {
            var body: JSONObject = ["on": .bool(position == .on)]
            body["voltage"] = voltage.flatMap(RigText.number)
            try address.call("POST", "/rig/v1/mains", .object(body)) {
                "mains \($0["on"]?.bool == true ? "on" : "off")"
            }
        }
    }
}
