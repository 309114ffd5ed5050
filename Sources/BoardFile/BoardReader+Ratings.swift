import EVSEModel

/// Whether limits fit the feed, the connectors and one another.
extension BoardReader {
    mutating func checkRatings(_ evse: BoardEVSE) {
        if evse.direct == nil { checkMainsRatings(evse) }
        checkSupervision(evse)
    }

    private mutating func checkMainsRatings(_ evse: BoardEVSE) {
        for connector in evse.connectors where connector.limit > plan.feed.limit {
            guard plan.feed.limit > .zero else { continue }
            let path = "evses.\(evse.id).connectors.\(connector.id.number).limit"
            error(
                position(path),
                "\(path): \(connector.limit) is above the feed's \(plan.feed.limit)",
                fix: "lower it to \(plan.feed.limit), or correct feed.limit")
        }
        for connector in evse.connectors {
            guard let type = ConnectorType.named(connector.type) else { continue }
            if Int(evse.plan.phases) > type.phases {
                let path = "evses.\(evse.id).connectors.\(connector.id.number).type"
                error(
                    position(path),
                    "\(path): \(connector.type) has one phase, the EVSE \(evse.plan.phases)",
                    fix: "correct the type, or add phases: 1 to EVSE \(evse.id)")
            }
        }
    }

    private mutating func checkSupervision(_ evse: BoardEVSE) {
        let laws = evse.plan
        func require(_ holds: Bool, _ key: String, _ rule: String, _ fix: String) {
            guard !holds else { return }
            let own = "evses.\(evse.id).supervision.\(key)"
            let general = "supervision.\(key)"
            let isUnsaid = positions[own] == nil && positions[general] == nil
            let path =
                positions[own] != nil
                ? own : isUnsaid && key == "pilot-debounce" ? "control-cycle" : general
            let position = position(path)
            // The station's numbers hold for every EVSE: say so once.
            let what = "\(path): \(rule)"
            if !findings.contains(where: { $0.what == what && $0.position == position }) {
                error(position, what, fix: fix)
            }
        }
        if plan.feed.limit > .zero, laws.rating >= Amperes(6) {
            require(
                laws.minimum <= laws.rating, "minimum",
                "\(laws.minimum) is above the rating of EVSE \(evse.id), \(laws.rating)",
                "lower it to 6 A")
            require(
                laws.safeLimit <= laws.rating, "safe-limit",
                "\(laws.safeLimit) is above the rating of EVSE \(evse.id), \(laws.rating)",
                "lower it to \(laws.rating)")
        }
        require(
            laws.safeLimit == .zero || laws.safeLimit >= laws.minimum, "safe-limit",
            "\(laws.safeLimit) is below the minimum of \(laws.minimum) that can be offered",
            "use 0 A to stop, or \(laws.minimum)")
        require(
            laws.deratingStart < laws.deratingEnd, "derating-end",
            "\(laws.deratingEnd) is not above derating-start, \(laws.deratingStart)",
            "let it be 10 °C above")
        require(
            laws.deratingEnd <= laws.temperatureStop, "temperature-stop",
            "\(laws.temperatureStop) is below derating-end, \(laws.deratingEnd)",
            "let it be 5 °C above")
        require(
            laws.deratingFloor >= laws.minimum, "derating-floor",
            "\(laws.deratingFloor) is below the minimum of \(laws.minimum)",
            "raise it to \(laws.minimum)")
        let opening = laws.pilotDebounce + plan.loop.period + plan.loop.period
        require(
            opening <= Milliseconds(100), "pilot-debounce",
            "\(laws.pilotDebounce) of debouncing and two cycles of \(plan.loop.period) are more than "
                + "the 100 ms in which the contactor must open (IEC 61851-1 seq. 8.1)",
            "shorten pilot-debounce or control-cycle")
    }
}
