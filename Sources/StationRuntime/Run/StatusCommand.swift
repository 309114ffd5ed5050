import ArgumentParser
import Foundation
import JSON
import LocalHTTP

/// `forecourt status`: a running station, through its local interface.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows what a running station does.",
        discussion: "The station must have been started with --local HOST:PORT.")

    @Argument(help: "A board's name, or a station's state directory.")
    var station: String?
    @Option(help: "Where the station's local interface is, if neither is named.")
    var local: String?
    @Flag(help: "Print the whole status as JSON.")
    var json = false
    @Flag(help: "Show it again every second, until interrupted.")
    var watch = false

    func validate() throws {
        if station == nil, local == nil {
            throw ValidationError("Name a board, a state directory, or --local HOST:PORT.")
        }
    }

    func run() throws {
        let client: LocalClient
        do throws(LocalClientError) {
            client = try LocalClient(url: StationFile.local(of: station, or: local))
        } catch {
            throw ValidationError(error.description)
        }
        repeat {
            let status: JSONValue
            do throws(LocalClientError) {
                status = try client.call("GET", "/local/v1/status")
            } catch {
                throw ValidationError("the station does not answer: \(error)")
            }
            if watch, isatty(1) == 1 { print("\u{1B}[H\u{1B}[2J", terminator: "") }
            print(json ? status.text : StatusText.text(status))
            if watch { sleep(1) }
        } while watch
    }

}

/// A station's status for people.
enum StatusText {
    static func text(_ status: JSONValue) -> String {
        var lines = [String]()
        let station = status["station"]
        lines.append(
            "\(word(status["board"])) (\(word(station?["vendor"])) \(word(station?["model"]))), "
                + "\(word(status["state"])), up \(duration(status["uptimeMs"]?.int64 ?? 0)), "
                + "process \(word(status["process"])), version \(word(status["version"]))")
        let link = status["ocpp"]?["link"]
        var text =
            "CSMS      \(word(link?["state"])) \(word(link?["url"])) as "
            + "\(word(status["ocpp"]?["identity"])), security profile "
            + "\(word(link?["securityProfile"])), \(word(link?["registration"]))"
        if let age = link?["lastReceivedAgeMs"]?.int64 { text += ", heard \(duration(age)) ago" }
        if let wait = link?["nextDialInMs"]?.int64 { text += ", dials in \(duration(wait))" }
        lines.append(text)
        if let closure = link?["lastClosure"]?["detail"]?.string {
            lines.append("          \(closure)")
        }
        lines.append(
            "queue     \(word(status["queue"]?["messages"])) messages, "
                + "\(word(status["queue"]?["waitingCalls"])) calls waiting")
        let loop = status["loop"]
        let priority = loop?["hasRealTimePriority"]?.bool == true ? "real-time" : "normal"
        lines.append(
            "loop      process \(word(loop?["process"])), \(priority) priority, cycle "
                + "\(word(loop?["cycle"])), \(word(loop?["deadlineMisses"])) deadlines missed, "
                + "\(word(loop?["starts"])) starts")
        for evse in status["evses"]?.array ?? [] { lines += self.evse(evse) }
        for device in status["devices"]?.array ?? [] where device["isWell"]?.bool == false {
            let faults = device["faults"]?.array ?? []
            lines.append(
                "device    \(word(device["device"])): "
                    + faults.map { "\(word($0["fault"])) (\(word($0["detail"])))" }
                    .joined(separator: ", "))
        }
        if let faults = list(status["faults"]) { lines.append("faults    \(faults)") }
        return lines.joined(separator: "\n")
    }

    private static func evse(_ evse: JSONValue) -> [String] {
        var lines = [String]()
        let power = evse["power"]
        lines.append(
            "EVSE \(word(evse["evse"]))    \(word(evse["state"])), \(word(power?["phase"])), contactor "
                + "\(word(power?["contactor"])), offers \(word(power?["offeredA"])) A of "
                + "\(word(power?["limitA"])) A (\(word(power?["limitedBy"])))")
        if let transaction = evse["transaction"]?.string {
            lines.append("          transaction \(transaction)")
        }
        if let direct = evse["directCurrent"] { lines += directCurrent(direct) }
        if let meter = evse["meter"] {
            lines.append(
                "          meter \(word(meter["energyWh"])) Wh, \(word(meter["powerW"])) W, "
                    + "\(word(meter["currentA"])) A, \(word(meter["voltageV"])) V, "
                    + "\(duration(meter["ageMs"]?.int64 ?? 0)) old")
        }
        for connector in evse["connectors"]?.array ?? [] {
            lines.append(
                "          connector \(word(connector["connector"])): "
                    + "\(word(connector["state"])), pilot \(word(connector["pilot"])), cable "
                    + "\(word(connector["cable"])), bolt \(word(connector["bolt"]))")
        }
        if let faults = list(evse["faults"]) { lines.append("          faults \(faults)") }
        return lines
    }

    private static func directCurrent(_ direct: JSONValue) -> [String] {
        var lines = [
            "          \(word(direct["phase"])) at connector \(word(direct["connector"])), vehicle "
                + "\(word(direct["vehicle"])), \(word(direct["voltageV"])) V, "
                + "\(word(direct["currentA"])) A of \(word(direct["setCurrentA"])) A, charged "
                + "\(word(direct["stateOfChargePercent"])) %, insulation "
                + "\(word(direct["insulationOhm"])) Ω, last end: \(word(direct["stopReason"]))"
        ]
        let sources = (direct["sources"]?.array ?? []).map { source in
            let state = source["isOn"]?.bool == true ? "\(word(source["currentA"])) A" : "off"
            return "\(word(source["device"])) \(state)"
        }
        if !sources.isEmpty {
            lines.append("          fed by \(sources.joined(separator: ", "))")
        }
        return lines
    }

    private static func list(_ value: JSONValue?) -> String? {
        let texts = (value?.array ?? []).compactMap(\.string)
        return texts.isEmpty ? nil : texts.joined(separator: ", ")
    }
    private static func word(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text): text.isEmpty ? "-" : text
        case .number(let number): number.text
        case .bool(let flag): flag ? "yes" : "no"
        default: "-"
        }
    }
    private static func duration(_ milliseconds: Int64) -> String {
        switch milliseconds {
        case ..<1000: "\(milliseconds) ms"
        case ..<120_000: "\(milliseconds / 1000) s"
        case ..<7_200_000: "\(milliseconds / 60_000) min"
        default: "\(milliseconds / 3_600_000) h"
        }
    }
}
