internal import DriverKit
internal import EVSEModel

// What `forecourt probe` shows.
extension SafetyIdentity {
    var text: String { "\(model) \(firmware), serial \(serial), protocol \(version)" }

    var values: [ProbeReport.Value] {
        [
            .init(name: "has", text: capabilities.text),
            .init(name: "rating", text: "\(rating), phases \(phases)"),
            .init(name: "boot", text: "\(boot)"),
            .init(name: "latch", text: latch == 0 ? "nothing is latched" : "\(latch)"),
        ]
    }
}

extension SafetyState {
    var values: [ProbeReport.Value] {
        [
            .init(name: "mode", text: "\(mode)"),
            .init(name: "pilot", text: "\(pilot)".uppercased() + ", \(high) and \(low)"),
            .init(name: "duty", text: "\(duty), offers \(offered)"),
            .init(name: "contactor", text: "coil \(isCoilOn ? "on" : "off"), sensed \(contactor)"),
            .init(name: "cable", text: "\(cable)"),
            .init(name: "residual current", text: residualCurrentText),
            .init(name: "temperature", text: temperature.map { "\($0)" } ?? "not measured"),
            .init(name: "faults", text: Self.names(faults)),
            .init(name: "latched", text: Self.names(latched)),
            .init(name: "running for", text: "\(uptime)"),
        ]
    }

    private static func names(_ faults: SafetyFaults) -> String {
        let names = faults.faults.map { "\($0)" }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}

extension SafetyRefusal {
    var text: String {
        switch reason {
        case .noSession: "it knows of no such session"
        case .version: "it speaks another version"
        case .challenge: "its answer to HELLO is too old"
        case .value: "a value is out of its range"
        case .sequence: "the frame is not newer than the last one"
        case .unknownKind: "it knows no such frame"
        case .tooShort: "the frame is too short"
        case nil: "for a reason of a later version"
        }
    }
}
