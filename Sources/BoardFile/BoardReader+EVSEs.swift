import DriverKit
import EVSEModel

extension BoardReader {
    mutating func readEVSEs(_ node: BoardNode, _ supervision: EVSEPlan) {
        let entries = entries(node, "evses") ?? []
        for entry in entries {
            guard let id = number(entry, "EVSE", StationBounds.evses).flatMap({ EVSEID($0) })
            else {
                refuse(entry.value)
                unreadable.insert("evses.\(entry.key)")
                continue
            }
            readEVSE(id, entry, supervision)
        }
        let numbers = Set(plan.evses.map(\.id.number))
        if let last = numbers.max(), numbers.count < Int(last), numbers.count == entries.count {
            error(
                node.position, "EVSEs are not numbered from 1 without gaps",
                fix: "number them 1...\(numbers.count)")
        }
        if entries.isEmpty, node.entries != nil {
            error(node.position, "the board has no EVSE", fix: "add evses: { 1: … }")
        }
        plan.evses.sort { $0.id < $1.id }
    }

    /// The number that an entry's key is; reports anything else.
    mutating func number(_ entry: BoardNode.Entry, _ noun: String, _ bound: Int) -> Int? {
        if let number = Int(entry.key), (1...bound).contains(number), entry.key == "\(number)" {
            return number
        }
        error(
            entry.keyPosition,
            "\"\(BoardNode.shortened(entry.key))\" is no \(noun)'s number",
            fix: "number them 1...\(bound): the process image has room for so many"
        )
        return nil
    }

    private mutating func readEVSE(_ id: EVSEID, _ entry: BoardNode.Entry, _ supervision: EVSEPlan)
    {
        let path = "evses.\(id)"
        positions[path] = entry.keyPosition
        let (values, _) = values(
            entry.value, path, keys: BoardKeys.evse,
            others: ["connectors", "devices", "supervision", "output"])
        var evse = BoardEVSE(id: id, connectors: [], devices: [:], plan: supervision)
        evse.direct = readOutput(entry, id)
        if let node = entry.value["supervision"] {
            readSupervision(
                node, "\(path).supervision", into: &evse.plan, &evse.direct, ofEVSE: id)
        }
        if let node = entry.value["connectors"] {
            let connectors = entries(node, "\(path).connectors") ?? []
            for connector in connectors {
                let bound = StationBounds.connectorsPerEVSE
                guard let number = number(connector, "connector", bound),
                    let connectorID = ConnectorID(evse: Int(id.number), connector: number)
                else {
                    refuse(connector.value)
                    unreadable.insert("\(path).connectors")
                    continue
                }
                readConnector(connectorID, connector, into: &evse)
            }
            let numbers = evse.connectors.map { Int($0.id.number) }
            if let last = numbers.max(), numbers.count < last, numbers.count == connectors.count {
                error(
                    node.position, "connectors of EVSE \(id) are not numbered from 1 without gaps",
                    fix: "number them 1...\(numbers.count)")
            }
        }
        evse.connectors.sort { $0.id < $1.id }
        if evse.connectors.isEmpty, !unreadable.contains("\(path).connectors") {
            error(
                entry.keyPosition, "EVSE \(id) has no connector",
                fix: evse.direct == nil
                    ? "add connectors: { 1: { type: sType2, limit: 32 A } }"
                    : "add connectors: { 1: { type: cCCS2, limit: 500 A, cable-rating: 500 A } }")
        }
        if let node = entry.value["devices"] { readRoles(node, "\(path).devices", into: &evse) }
        resolveRatings(&evse, values)
        plan.evses.append(evse)
    }

    private mutating func readConnector(
        _ id: ConnectorID, _ entry: BoardNode.Entry, into evse: inout BoardEVSE
    ) {
        let path = "evses.\(id.evse).connectors.\(id.number)"
        positions[path] = entry.keyPosition
        let (values, _) = values(
            entry.value, path, keys: BoardKeys.connector, others: Role.allNames + ["derating"])
        let configuration = Configuration(device: DeviceID(path), values: values)
        let type = ConnectorType.named(configuration.text("type"))
        var connector = BoardConnector(
            id: id, type: configuration.text("type"), hasFixedCable: type?.hasFixedCable ?? false,
            limit: configuration.quantity("limit"), devices: [:])
        for role in Role.allCases {
            guard let node = entry.value[role.rawValue] else { continue }
            guard isFor(evse, role, node.position, "\(path).\(role.rawValue)") else {
                refuse(node)
                continue
            }
            guard role.isOfConnector(evse.current) else {
                error(
                    node.position, "\(path).\(role.rawValue): this role belongs to the EVSE",
                    fix: "move it to evses.\(id.evse).devices")
                refuse(node)
                unreadable.insert("evses.\(id.evse).devices")
                continue
            }
            connector.devices[role] = roleDevices(
                role, node, "\(path).\(role.rawValue)", id.evse, id)
        }
        if let type, values["limit"] != nil {
            checkConnector(type, configuration, path)
        }
        if let type { checkCurrent(type, of: evse, path) }
        readDirectConnector(entry, configuration, type, into: &connector, of: evse)
        evse.connectors.append(connector)
    }

    private mutating func checkConnector(
        _ type: ConnectorType, _ configuration: Configuration, _ path: String
    ) {
        let limit: Amperes = configuration.quantity("limit")
        if limit > type.limit {
            error(
                position("\(path).limit"),
                "\(path).limit: \(limit) is above the \(type.limit) of \(type.name)",
                fix: "lower it to \(type.limit)")
        }
        let rating: Amperes = configuration.quantity("cable-rating")
        let ratingPath = "\(path).cable-rating"
        switch (type.hasFixedCable, configuration.has("cable-rating")) {
        case (true, false) where !unreadable.contains(ratingPath):
            error(
                position(path), "\(path) has a fixed cable and no cable-rating",
                fix: "add the cable's rating: nothing at run time tells it")
        case (false, true):
            error(
                position(ratingPath), "\(ratingPath): \(type.name) is a socket outlet",
                fix: "leave it out: the proximity pilot tells each cable's rating")
        case (true, true) where limit > rating:
            error(
                position("\(path).limit"),
                "\(path).limit: \(limit) is above the cable's \(rating)",
                fix: "lower it to \(rating)")
        default: break
        }
    }

    private mutating func readRoles(
        _ node: BoardNode, _ path: String, into evse: inout BoardEVSE
    ) {
        for entry in entries(node, path) ?? [] {
            guard let role = Role(rawValue: entry.key) else {
                error(
                    entry.keyPosition,
                    "\(BoardNode.shortened(entry.key)) is not a role, in \(path)",
                    fix: Suggestion.fix(for: entry.key, among: Role.allNames, noun: "role"))
                refuse(entry.value)
                unreadable.insert(path)
                continue
            }
            let rolePath = "\(path).\(entry.key)"
            guard isFor(evse, role, entry.keyPosition, rolePath) else {
                refuse(entry.value)
                continue
            }
            guard role.isOfConnector(evse.current) else {
                evse.devices[role] = roleDevices(role, entry.value, rolePath, evse.id, nil)
                continue
            }
            guard evse.connectors.count == 1, var connector = evse.connectors.first else {
                if evse.connectors.count > 1 {
                    error(
                        entry.keyPosition,
                        "\(rolePath): EVSE \(evse.id) has \(evse.connectors.count) connectors, "
                            + "each needs its own", fix: "name it at the connector it belongs to")
                }
                refuse(entry.value)
                continue
            }
            guard connector.devices[role] == nil else {
                error(
                    entry.keyPosition, "\(rolePath): connector \(connector.id) already names one",
                    fix: "keep one of the two")
                refuse(entry.value)
                continue
            }
            connector.devices[role] = roleDevices(
                role, entry.value, rolePath, evse.id, connector.id)
            evse.connectors[0] = connector
        }
    }

    /// Notes devices whose naming was refused: that they have no role then is no news.
    mutating func refuse(_ node: BoardNode) {
        for node in node.elements ?? node.entries?.map(\.value) ?? [] { refuse(node) }
        if let name = node.scalar { refusedDevices.insert(name) }
    }

    /// The EVSE's own rating: what it says, and never more than feed and connectors.
    private mutating func resolveRatings(
        _ evse: inout BoardEVSE, _ values: [String: ConfigurationValue]
    ) {
        let configuration = Configuration(device: "evse", values: values)
        let path = "evses.\(evse.id)"
        defer { resolvePhases(&evse, configuration, path) }
        if evse.direct != nil {
            resolveDirectRating(&evse, configuration, path)
            return
        }
        var rating = plan.feed.limit
        if let connector = evse.connectors.map(\.limit).max(), connector > .zero {
            rating = min(rating, connector)
        }
        if configuration.has("limit") {
            let limit: Amperes = configuration.quantity("limit")
            if plan.feed.limit > .zero, limit > plan.feed.limit {
                error(
                    position("\(path).limit"),
                    "\(path).limit: \(limit) is above the feed's \(plan.feed.limit)",
                    fix: "lower it to \(plan.feed.limit), or correct feed.limit")
            }
            rating = min(rating, limit)
        }
        evse.plan.rating = rating
    }

    private mutating func resolvePhases(
        _ evse: inout BoardEVSE, _ configuration: Configuration, _ path: String
    ) {
        evse.plan.nominalVoltage = plan.feed.voltage
        evse.plan.phaseRotation = PhaseRotation.rotation(configuration.text("phase-rotation"))
        evse.plan.priority = UInt8(clamping: configuration.number("priority"))
        evse.plan.phases =
            configuration.has("phases")
            ? UInt8(clamping: configuration.number("phases")) : plan.feed.phases
        if evse.plan.phases > plan.feed.phases, positions["feed.phases"] != nil {
            error(
                position("\(path).phases"),
                "\(path).phases: \(evse.plan.phases), the feed has \(plan.feed.phases)",
                fix: "correct one of them")
        }
    }
}
