import DriverKit
import EVSEModel

/// Checks across devices of what has direct current.
extension BoardReader {
    mutating func checkDirectCurrent() {
        for evse in plan.evses {
            guard let direct = evse.direct else { continue }
            checkDirectRoles(evse)
            checkDirectRatings(evse, direct)
            checkDirectTimes(evse, direct)
        }
        checkPower()
    }

    // MARK: Devices

    private mutating func checkDirectRoles(_ evse: BoardEVSE) {
        let path = "evses.\(evse.id)"
        for connector in evse.connectors { checkDirectConnector(connector) }
        guard !unreadable.contains("\(path).devices") else { return }
        func missing(_ role: Role) -> Bool {
            evse.devices[role] == nil && positions["\(path).devices.\(role.rawValue)"] == nil
        }
        if missing(.vehicleCommunication) {
            error(
                position("\(path).devices"), "EVSE \(evse.id) has no vehicle-communication",
                fix: "name one under \(path).devices: direct current goes by what the vehicle says")
        }
        if missing(.insulationMonitor) {
            error(
                position("\(path).devices"), "EVSE \(evse.id) has no insulation-monitor",
                fix: "name one under \(path).devices, or the cabinet where that has one inside")
        }
        checkFamilies(evse)
        checkCooling(evse)
        checkMonitor(evse)
        if evse.devices[.meter] == nil {
            warn(
                position("\(path).devices"), "EVSE \(evse.id) has no meter",
                fix: "name one: without it no energy is reported")
        }
        if evse.devices[.outputCurrent] == nil, evse.devices[.meter] == nil {
            warn(
                position("\(path).devices"),
                "EVSE \(evse.id) senses its current by what the power sources say alone",
                fix:
                    "name a meter or an output-current sensor: over-current is else seen by nobody else"
            )
        }
    }

    private mutating func checkDirectConnector(_ connector: BoardConnector) {
        let path = "evses.\(connector.id.evse).connectors.\(connector.id.number)"
        guard !unreadable.contains(path), !unreadable.contains("\(path).type"),
            !unreadable.contains("evses.\(connector.id.evse).devices"),
            let type = ConnectorType.named(connector.type), type.isDirectCurrent
        else { return }
        func isNamed(_ role: Role) -> Bool {
            connector.devices[role] != nil || positions["\(path).\(role.rawValue)"] != nil
        }
        // The laws know a plugged vehicle by its pilot.
        var needed = [Role.pilot, .contactor]
        if type.lock == .plug { needed.append(.lock) }
        for role in needed where !isNamed(role) {
            error(
                position(path),
                "connector \(connector.id) (\(connector.type)) has no \(role.rawValue)",
                fix: "name a device: \(role.rawValue): NAME")
        }
        if type.lock == .inlet, connector.devices[.lock] != nil {
            error(
                position("\(path).lock"),
                "connector \(connector.id) (\(connector.type)) has a lock, and the vehicle's inlet holds its plug",
                fix: "leave it out")
        }
        guard connector.devices[.contactor]?.isEmpty == false else { return }
        let contactor = connector.devices[.contactor]?.first.flatMap { plan.device($0) }
        let hasFeedback = contactor.map { device in
            device.plugin.features(of: device.configuration).contains(.contactorFeedback)
        }
        if hasFeedback == false, connector.devices[.outputVoltage] == nil {
            error(
                position("\(path).contactor"),
                "connector \(connector.id): nothing would show that its contactor is welded",
                fix: "wire the mirror contact, or name a device for output-voltage")
        }
        if connector.devices[.temperature] == nil {
            warn(
                position(path), "connector \(connector.id) has no temperature sensor",
                fix: "name one: IEC 61851-23 asks for the contacts' temperature to be watched [U]")
        }
    }

    /// Whether the vehicle communication speaks what each connector's vehicles do.
    private mutating func checkFamilies(_ evse: BoardEVSE) {
        guard let device = evse.devices[.vehicleCommunication]?.first.flatMap({ plan.device($0) }),
            !unreadable.contains("devices.\(device.id)")
        else { return }
        let features = device.plugin.features(of: device.configuration)
        let speaksCHAdeMO = features.contains(.chademo)
        // A device that says neither speaks what most vehicles do.
        let speaksCombined = features.contains(.combinedCharging) || !speaksCHAdeMO
        for connector in evse.connectors {
            guard let family = ConnectorType.named(connector.type)?.family else { continue }
            guard !(family == .chademo ? speaksCHAdeMO : speaksCombined) else { continue }
            error(
                position("evses.\(evse.id).devices.vehicle-communication"),
                "\(device.id) does not speak \(family.rawValue), which connector \(connector.id) "
                    + "(\(connector.type)) needs",
                fix: "name a device that does, or give that connector an EVSE of its own")
        }
        let served = device.configuration.number("connectors")
        if device.configuration.has("connectors"), served < Int64(evse.connectors.count) {
            error(
                position("devices.\(device.id).connectors"),
                "\(device.id) connectors: it serves \(served), EVSE \(evse.id) has "
                    + "\(evse.connectors.count)",
                fix: "set it to \(evse.connectors.count), and wire it to each")
        }
    }

    // MARK: Ratings

    private mutating func checkDirectRatings(_ evse: BoardEVSE, _ output: DCPlan) {
        guard !unreadable.contains("evses.\(evse.id).output") else { return }
        for connector in evse.connectors {
            let path = "evses.\(evse.id).connectors.\(connector.id.number)"
            if connector.limit > output.maximumCurrent {
                error(
                    position("\(path).limit"),
                    "\(path).limit: \(connector.limit) is above the \(output.maximumCurrent) of "
                        + "evses.\(evse.id).output",
                    fix: "lower it to \(output.maximumCurrent), or correct output.current")
            }
            guard let voltage = connector.direct?.maximumVoltage,
                positions["\(path).voltage"] != nil, voltage > output.maximumVoltage
            else { continue }
            error(
                position("\(path).voltage"),
                "\(path).voltage: \(voltage) is above the \(output.maximumVoltage) of "
                    + "evses.\(evse.id).output",
                fix: "leave it out: the least of both counts")
        }
    }

    private mutating func checkDirectTimes(_ evse: BoardEVSE, _ laws: DCPlan) {
        func require(_ holds: Bool, _ key: String, _ rule: String, _ fix: String) {
            guard !holds else { return }
            let own = "evses.\(evse.id).supervision.\(DirectCurrentKey.section).\(key)"
            let general = "supervision.\(DirectCurrentKey.section).\(key)"
            let path = positions[own] != nil ? own : general
            let what = "\(path): \(rule)"
            let position = position(path)
            // The station's numbers hold for every EVSE: say so once.
            guard !findings.contains(where: { $0.what == what && $0.position == position }) else {
                return
            }
            error(position, what, fix: fix)
        }
        require(
            laws.insulationWarning == .zero || laws.insulationWarning > laws.insulationMinimum,
            "insulation-warning",
            "\(laws.insulationWarning) is not above insulation-minimum, \(laws.insulationMinimum)",
            "raise it, or use 0 Ω for none")
        let opening = laws.emergencyOpening + plan.loop.period + plan.loop.period
        require(
            opening <= Milliseconds(100), "emergency-opening",
            "\(laws.emergencyOpening) and two cycles of \(plan.loop.period) are more than the 100 ms in "
                + "which an emergency must open the contactors [U]",
            "shorten it, or control-cycle")
        require(
            laws.minimumCurrent < laws.maximumCurrent, "minimum-current",
            "\(laws.minimumCurrent) is not below the output's \(laws.maximumCurrent)",
            "lower it to 1 A")
        require(
            laws.safeVoltage < laws.minimumVoltage, "safe-voltage",
            "\(laws.safeVoltage) is not below the output's minimum-voltage, \(laws.minimumVoltage)",
            "60 V is what the standard allows")
    }

    // MARK: Power

    private mutating func checkPower() {
        let direct = plan.evses.filter { $0.direct != nil }
        if direct.isEmpty, positions["power"] != nil, unreadable.isEmpty {
            error(
                position("power"), "the board has power sources, and no EVSE of direct current",
                fix: "add output to the EVSE that they feed, or remove power")
        }
        if plan.power.sources.count > StationBounds.powerSources {
            error(
                position("power.groups"),
                "\(plan.power.sources.count) power sources, there is room for "
                    + "\(StationBounds.powerSources)",
                fix: "use larger modules, or a cabinet that allots its own")
        }
        guard !unreadable.contains(where: { $0 == "power.groups" || $0.hasPrefix("power.groups.") })
        else { return }
        for evse in direct where !unreadable.contains("evses.\(evse.id)") {
            checkReach(evse)
        }
        checkMaximum()
    }

    /// Whether sources reach the EVSE, and what they make together.
    private mutating func checkReach(_ evse: BoardEVSE) {
        let groups = plan.power.groups.indices.filter {
            plan.power.groups[$0].reach.contains(evse.id)
        }
        guard !groups.isEmpty else {
            error(
                position("evses.\(evse.id)"), "no power source reaches EVSE \(evse.id)",
                fix: "add one: power: { groups: { 1: { sources: [module-1], feeds: \(evse.id) } } }"
            )
            return
        }
        let sources = plan.power.sources.filter { groups.contains($0.group) }
        guard let output = evse.direct, !unreadable.contains("evses.\(evse.id).output") else {
            return
        }
        let ratings = sources.map { plan.rating(of: $0) }
        // One that does not tell may be of any size.
        guard ratings.allSatisfy({ $0 != nil }) else { return }
        let path = "evses.\(evse.id).output"
        let power = ratings.reduce(Watts.zero) { $0 + ($1?.power ?? .zero) }
        if power < output.maximumPower {
            warn(
                position("\(path).power"),
                "\(path).power: \(output.maximumPower), the sources that reach EVSE \(evse.id) make "
                    + "\(power)", fix: "lower it to \(power): it is what vehicles are told")
        }
        if let voltage = ratings.compactMap({ $0?.maximumVoltage }).min(),
            voltage < output.maximumVoltage
        {
            warn(
                position("\(path).maximum-voltage"),
                "\(path).maximum-voltage: \(output.maximumVoltage), the least of its sources reaches "
                    + "\(voltage)", fix: "lower it to \(voltage)")
        }
    }

    private mutating func checkMaximum() {
        guard let maximum = plan.power.maximum, positions["power.maximum"] != nil else { return }
        let feed = Int64(plan.feed.limit.raw) * Int64(plan.feed.voltage.raw) / 1000
        let drawn = Watts(
            raw: feed * Int64(plan.feed.phases) / 10_000 * Int64(plan.power.efficiency.raw))
        guard plan.feed.limit > .zero, maximum > drawn else { return }
        warn(
            position("power.maximum"),
            "power.maximum: \(maximum), the feed's \(plan.feed.limit) make \(drawn) at "
                + "\(plan.power.efficiency) efficiency",
            fix: "lower it: the feed's limit counts in any case")
    }
}
