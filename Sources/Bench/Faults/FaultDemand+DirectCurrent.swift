import EVSEModel

// What a fault demands at an outlet of direct current.
//
// Source of the times: the laws' own, `docs/dc.md`: 50 ms for what does not wait, an orderly stop within 20 s, a
// vehicle that is silent for half a second, a monitor without a value for 5 s, sensors that differ for 30 s.
// On top of them a device's driver, and a machine that runs many stations, get some seconds.
extension FaultDemand {
    /// - Returns: `nil` where the rules of alternating current are the ones.
    static func ofDirectCurrent(_ fault: String, on kind: String) -> FaultDemand? {
        switch kind {
        case "dc-contactor": ofContactor(fault)
        // A matrix goes on without a group. That two outlets never meet is asked of every cell.
        case "power-link": .nothing
        case "dc-output": ofOutput(fault)
        case "dc-sensor": ofSensor(fault)
        case "power-module": ofModule(fault)
        case "vehicle-link": ofVehicleLink(fault)
        case "insulation-monitor", "network-insulation-monitor": ofMonitor(fault)
        case "fusion-cabinet", "simple-cabinet": ofCabinet(fault)
        // The safe current of such a board is none: an orderly stop.
        case "temperature" where fault != "hot": .open(within: .seconds(25))
        case "meter", "signing-meter", "http-meter":
            isLost(fault) ? .open(within: .seconds(30)) : nil
        // Rectifiers bear it; no meter measures the feed.
        case "mains" where fault == "voltage": .nothing
        default: nil
        }
    }

    private static func ofContactor(_ fault: String) -> FaultDemand {
        switch fault {
        // Its auxiliary contact shows it as soon as it should be open.
        case "welded", "one-pole-welded": .noStart
        default: .nothing
        }
    }

    private static func ofOutput(_ fault: String) -> FaultDemand {
        switch fault {
        // The monitor's own time, a second of grace, and what a bus takes.
        case "insulation-positive", "insulation-negative": .end(within: .seconds(12))
        // A cable check that cannot empty the output again has not passed.
        default: .nothing
        }
    }

    /// Another sensor of the same voltage shows that one is wrong.
    private static func ofSensor(_ fault: String) -> FaultDemand {
        switch fault {
        case "offset": .open(within: .seconds(55), mayStart: true)
        default: .nothing
        }
    }

    /// One of several: the others go on, and it is missed.
    private static func ofModule(_ fault: String) -> FaultDemand {
        switch fault {
        case "broken", "silent", "absent": .reported(["powerModuleLost", "powerModuleFault"])
        default: .nothing
        }
    }

    private static func ofVehicleLink(_ fault: String) -> FaultDemand {
        switch fault {
        case "restart", "absent", "tells-other", "error-state", "vehicle-lost", "vehicle-error",
            "silent", "slow", "garbled", "truncated", "noise", "stuck", "stuck-sequence":
            .end(within: .seconds(4))
        default: .nothing
        }
    }

    private static func ofMonitor(_ fault: String) -> FaultDemand {
        switch fault {
        case "resistance": .end(within: .seconds(12))
        case "error-state", "no-value", "other-unit", "zero", "maximum": .end(within: .seconds(30))
        case _ where isLost(fault): .end(within: .seconds(30))
        case "self-test-fails", "never-ready": .noTransfer
        default: .nothing
        }
    }

    /// A cabinet that is gone, or gives nothing. One that refuses the next request goes on with this one.
    private static func ofCabinet(_ fault: String) -> FaultDemand {
        switch fault {
        case "silent", "absent", "stuck", "cabinet-upgrading", "cabinet-faulty",
            "cabinet-unavailable", "cabinet-power-channel-dead", "cabinet-wrong-signature":
            .end(within: .seconds(60))
        case "cabinet-refuses", "cabinet-keyless": .noTransfer
        default: .nothing
        }
    }

    /// What its faults demand where nothing of what hangs on a bus answers any more.
    ///
    /// - Parameter carried: the kinds of the devices on it.
    static func ofBus(carrying carried: [String]) -> FaultDemand {
        if carried.contains("vehicle-link") { return ofVehicleLink("absent") }
        if carried.contains(where: { $0.hasSuffix("insulation-monitor") }) {
            return ofMonitor("silent")
        }
        if carried.contains("power-module") { return .end(within: .seconds(40)) }
        if carried.contains(where: { $0.hasSuffix("-cabinet") }) { return ofCabinet("absent") }
        if carried.contains(where: { $0.hasSuffix("meter") }) {
            return .open(within: .seconds(30))
        }
        return .nothing
    }

    /// What the fault is raised with; `nil`: its own standard.
    static func value(_ fault: String, on kind: String, isDirect: Bool) -> Int? {
        // Grips of direct current bear 95 °C.
        isDirect && kind == "temperature" && fault == "hot" ? 110 : nil
    }
}

extension FaultDemand {
    /// The same at one moment: what shows only when a session begins asks nothing of one that runs.
    func at(_ moment: FaultMoment) -> FaultDemand {
        switch (self, moment) {
        case (.noTransfer, .charging), (.noTransfer, .offline), (.noTransfer, .finishing): .nothing
        default: self
        }
    }
}
