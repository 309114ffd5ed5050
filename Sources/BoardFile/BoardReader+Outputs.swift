import DriverKit
import EVSEModel

extension BoardEVSE {
    /// What its outlets give.
    var current: Role.Current { direct == nil ? .alternating : .direct }
}

/// What EVSEs with direct current have beside those of a mains outlet.
extension BoardReader {
    /// The numbers of an EVSE with direct current; `nil` where it has alternating current.
    ///
    /// One has direct current that says so by `output`, or that has a connector of such a type.
    mutating func readOutput(_ entry: BoardNode.Entry, _ id: EVSEID) -> DCPlan? {
        let path = "evses.\(id).output"
        guard let node = entry.value["output"] else {
            let types = entry.value["connectors"]?.entries?.compactMap { $0.value["type"]?.scalar }
            guard
                let type = types?.first(where: { ConnectorType.named($0)?.isDirectCurrent == true })
            else { return nil }
            error(
                entry.keyPosition, "EVSE \(id) has a connector of type \(type), and no output",
                fix: "add its ratings, as in output: { current: 500 A, power: 150 kW }")
            unreadable.insert(path)
            var plan = directCurrent
            plan.isFitted = true
            return plan
        }
        let values = section(node, path, BoardKeys.output)
        var plan = directCurrent
        plan.isFitted = true
        if values.has("maximum-voltage") {
            plan.maximumVoltage = values.quantity("maximum-voltage")
        }
        if values.has("minimum-voltage") {
            plan.minimumVoltage = values.quantity("minimum-voltage")
        }
        if values.has("current") { plan.maximumCurrent = values.quantity("current") }
        if values.has("power") { plan.maximumPower = values.quantity("power") }
        guard ["maximum-voltage", "minimum-voltage", "current", "power"].allSatisfy(values.has)
        else {
            unreadable.insert(path)
            return plan
        }
        checkOutput(plan, path)
        return plan
    }

    private mutating func checkOutput(_ output: DCPlan, _ path: String) {
        if output.minimumVoltage >= output.maximumVoltage {
            error(
                position("\(path).minimum-voltage"),
                "\(path).minimum-voltage: \(output.minimumVoltage) is not below maximum-voltage, "
                    + "\(output.maximumVoltage)", fix: "most vehicles need 150 V to 920 V")
        }
        let most = Self.power(output.maximumVoltage, output.maximumCurrent)
        if output.maximumPower > most {
            error(
                position("\(path).power"),
                "\(path).power: \(output.maximumPower) is above \(most), which "
                    + "\(output.maximumVoltage) and \(output.maximumCurrent) make",
                fix: "lower it, or correct the other two")
        }
    }

    static func power(_ voltage: Volts, _ current: Amperes) -> Watts {
        Watts(raw: Int64(voltage.raw) * Int64(current.raw) / 1000)
    }

    /// Reports a role that is not for this EVSE's current, or that belongs to the section `power`.
    mutating func isFor(
        _ evse: BoardEVSE, _ role: Role, _ position: SourcePosition, _ path: String
    ) -> Bool {
        if role.isOfPower {
            error(
                position, "\(path): this role belongs to the station's power",
                fix: "name the device under power.groups")
            return false
        }
        guard let current = role.current, current != evse.current else { return true }
        error(
            position,
            "\(path): this role is for \(current.words), EVSE \(evse.id) has \(evse.current.words)",
            fix: current == .direct
                ? "leave it out, or add output to EVSE \(evse.id)" : "leave it out")
        return false
    }

    // MARK: Connectors

    /// Reports a connector of the other current.
    mutating func checkCurrent(_ type: ConnectorType, of evse: BoardEVSE, _ path: String) {
        guard type.isDirectCurrent != (evse.direct != nil) else { return }
        error(
            position("\(path).type"),
            "\(path).type: \(type.name) is for alternating current, EVSE \(evse.id) has an output "
                + "of direct current",
            fix: "give alternating current an EVSE of its own, or use one of "
                + ConnectorType.all.filter(\.isDirectCurrent).map(\.name).joined(separator: ", "))
    }

    mutating func readDirectConnector(
        _ entry: BoardNode.Entry, _ values: Configuration, _ type: ConnectorType?,
        into connector: inout BoardConnector, of evse: BoardEVSE
    ) {
        let path = "evses.\(connector.id.evse).connectors.\(connector.id.number)"
        guard evse.direct != nil else {
            for key in ["voltage", "derating", "uncooled-rating"] {
                guard let node = entry.value[key] else { continue }
                error(
                    node.position, "\(path).\(key): EVSE \(evse.id) has alternating current",
                    fix: key == "derating"
                        ? "use derating-start and derating-end of evses.\(evse.id).supervision"
                        : key == "voltage"
                            ? "leave it out: feed.voltage says it"
                            : "leave it out: such a cable needs no cooling")
            }
            return
        }
        var direct = DCConnectorPlan()
        direct.maximumCurrent = connector.limit
        direct.maximumVoltage = type?.voltage ?? direct.maximumVoltage
        if values.has("voltage") {
            let voltage: Volts = values.quantity("voltage")
            if let type, type.isDirectCurrent, voltage > type.voltage {
                error(
                    position("\(path).voltage"),
                    "\(path).voltage: \(voltage) is above the \(type.voltage) of \(type.name)",
                    fix: "lower it to \(type.voltage)")
            }
            direct.maximumVoltage = voltage
        }
        if values.has("uncooled-rating") {
            direct.uncooledCurrent = values.quantity("uncooled-rating")
        }
        if let node = entry.value["derating"] {
            readDerating(node, "\(path).derating", into: &direct)
        }
        connector.direct = direct
    }

    // MARK: Ratings

    /// The EVSE's ratings are its output's; what that is at the feed is known with the whole board.
    mutating func resolveDirectRating(
        _ evse: inout BoardEVSE, _ values: Configuration, _ path: String
    ) {
        if values.has("limit") {
            error(
                position("\(path).limit"),
                "\(path).limit: EVSE \(evse.id) has direct current, whose ratings are its output's",
                fix: "leave it out, and set \(path).output")
        }
        evse.plan.rating = plan.feed.limit
        // There is no cable whose resistor is read, and no breaker for residual current at the output.
        evse.plan.proximityMask = 0
        evse.plan.hasResidualCurrentDevice = false
    }
}
