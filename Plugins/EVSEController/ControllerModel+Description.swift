internal import DriverKit
internal import EVSEModel
internal import RegisterMaps

extension ControllerModel {
    /// Decoded values with their registers, for people.
    func describe(_ dump: ControllerDump, scale: Double) -> [ProbeReport.Value] {
        var values = [ProbeReport.Value]()
        func add(_ name: String, _ register: ControllerRegister?, _ text: String) {
            guard let register, let raw = dump.registers(register) else { return }
            let hex = raw.map { word in
                let text = String(word, radix: 16, uppercase: true)
                return String(repeating: "0", count: 4 - text.count) + text
            }
            values.append(.init(name: name, text: text, raw: hex.joined(separator: " ")))
        }
        let sample = decode(dump, scale: scale)
        add("state", state.register, sample.map { "\($0.pilot)".uppercased() } ?? "unknown")
        add("contactor", contactor.register, "\(sample?.contactor ?? .unknown)")
        add("cable", cable?.register, "\(sample?.cable ?? .unknown)")
        add("bolt", bolt?.register, "\(sample?.bolt ?? .unknown)")
        add("offered", offered?.register, "\(sample?.offered ?? .zero)")
        if let temperature = sample?.temperature {
            add("temperature", self.temperature?.register, "\(temperature)")
        }
        let told = number(current.register, in: dump).map { Double($0) * scale } ?? 0
        add("told", current.register, "\(Amperes(exactly: told) ?? .zero)")
        for report in reports {
            let isSet = (number(report.register, in: dump) ?? 0) != 0
            add("\(report.fault)", report.register, isSet ? "yes" : "no")
        }
        if let fallback {
            let time = number(fallback.timeout, in: dump).map { Double($0) * fallback.timeoutScale }
            add(
                "watchdog", fallback.timeout,
                "\(Milliseconds(exactly: time ?? 0) ?? .zero)")
            let current = number(fallback.current, in: dump)
                .map { Double($0) * fallback.currentScale }
            add("fallback-current", fallback.current, "\(Amperes(exactly: current ?? 0) ?? .zero)")
        }
        return values
    }
}
