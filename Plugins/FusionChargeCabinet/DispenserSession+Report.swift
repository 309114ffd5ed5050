internal import DriverKit
internal import EVSEModel

extension DispenserSession {
    /// What a probe shows of the cabinet.
    func report(at now: Instant) -> ProbeReport {
        let maker =
            registers.number(RegisterAddress.cabinetManufacturer).map { "\($0)" } ?? "unknown"
        let software = registers.text(RegisterAddress.cabinetSoftware, width: 24)
        var report = ProbeReport(
            identity: "FusionCharge cabinet, maker \(maker), software \(software)")
        func add(_ name: String, _ text: String) {
            report.values.append(.init(name: name, text: text))
        }
        add("serial number", registers.text(RegisterAddress.cabinetSerialNumber, width: 16))
        add("mode", mode?.text ?? "not said")
        add("trouble", trouble(at: now) ?? "none")
        for outlet in outlets.indices {
            let limits = limits(outlet)
            let name = "outlet \(outlet + 1)"
            add("\(name) voltage", "\(limits.minimumVoltage) to \(limits.maximumVoltage)")
            add("\(name) current", "\(limits.maximumCurrent)")
            add("\(name) power", "\(limits.maximumPower)")
            add("\(name) ready", isReady(outlet, at: now) ? "yes" : "no")
        }
        add("refused frames", "\(rejectedFrames)")
        add("refused reports", "\(refusedReports)")
        return report
    }
}
