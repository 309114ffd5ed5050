import EVSEModel

// How long a fault is watched.
extension FaultDemand {
    /// How long a station may know nothing of a fault: it is watched for so long at least.
    static func notice(_ fault: String, on kind: String) -> Milliseconds {
        switch kind {
        // What a device said last counts until its max-age.
        case "meter", "signing-meter", "network-meter", "http-meter", "serial-bus", "network-bus",
            "controller",
            "network-controller", "insulation-monitor", "network-insulation-monitor", "card",
            "network-card":
            Milliseconds(6500)
        // A module is lost when its driver gave up, and the law waits for its fitness to last.
        case "power-module", "fusion-cabinet", "simple-cabinet": .seconds(5)
        case "temperature", "one-wire-sensor", "mains", "proximity": .seconds(4)
        default: .seconds(2)
        }
    }

    /// How long it is watched at most before anything else is done: until what it demands must have happened,
    /// and then a little.
    static func patience(_ fault: String, on kind: String, isDirect: Bool = false) -> Milliseconds {
        let demand = of(fault, on: kind, isDirect: isDirect)
        let opening = (demand.opening ?? .zero) + .seconds(2)
        return max(opening, usual(fault, on: kind))
    }

    private static func usual(_ fault: String, on kind: String) -> Milliseconds {
        switch kind {
        // Its time to follow, 10 s, and the same again.
        case "controller" where fault == "offers-other",
            "network-controller" where fault == "offers-other":
            .seconds(25)
        // Its newest value counts for 15 s, and longer where several share the line.
        case "one-wire-sensor" where fault != "hot": .seconds(27)
        // Until the station missed it and the CSMS was told.
        case "power-module", "card": .seconds(30)
        case "meter", "signing-meter", "network-meter", "http-meter", "serial-bus", "network-bus",
            "safety-controller", "controller", "network-controller", "insulation-monitor",
            "network-insulation-monitor", "network-card", "fusion-cabinet", "simple-cabinet":
            .seconds(13)
        case "temperature", "one-wire-sensor", "mains", "proximity": .seconds(10)
        default: .seconds(5)
        }
    }
}
