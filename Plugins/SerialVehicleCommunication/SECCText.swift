internal import DriverKit
internal import EVSEModel

// What `forecourt probe` shows.
extension SECCIdentity {
    var text: String { "\(model) \(firmware), serial \(serial), protocol \(version)" }

    var values: [ProbeReport.Value] {
        [
            .init(name: "knows", text: abilities.text),
            .init(name: "connectors", text: "\(connectors)"),
            .init(name: "boot", text: "\(boot)"),
        ]
    }
}

extension SECCReport {
    var values: [ProbeReport.Value] {
        let silenceText = silence.map { "\($0) ago" } ?? "there is none"
        return [
            .init(name: "stage", text: "\(stage)"),
            .init(name: "protocol", text: "\(protocolUsed)"),
            .init(name: "connector", text: "\(connector)"),
            .init(name: "sessions", text: "\(session)"),
            .init(name: "EVCCID", text: Self.address(evccid)),
            .init(name: "vehicle's last word", text: silenceText),
            .init(name: "target", text: "\(targetVoltage), \(targetCurrent)"),
            .init(name: "charged", text: stateOfCharge.map { "\($0)" } ?? "not told"),
            .init(name: "faults", text: faults.text),
            .init(name: "running for", text: "\(uptime)"),
        ]
    }

    private static func address(_ bytes: [UInt8]) -> String {
        guard !bytes.isEmpty else { return "not told" }
        return hexadecimal(bytes, separator: ":")
    }
}
