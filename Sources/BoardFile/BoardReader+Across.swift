import DriverKit
import EVSEModel

/// Checks across devices: what no single part of the file can tell.
extension BoardReader {
    mutating func checkAcross() {
        checkLines()
        checkSleepingLines()
        checkOwnLines()
        checkWear()
        checkEndPoints()
        checkRoles()
        for evse in plan.evses { checkRatings(evse) }
        checkDirectCurrent()
        checkBusTimes()
        checkCycle()
        checkSupply()
        checkFeatures()
        checkCapacity()
    }

    private mutating func checkLines() {
        var owners = [LineID: LineUse]()
        for use in uses {
            guard let first = owners[use.line] else {
                owners[use.line] = use
                continue
            }
            let isOwn = first.owner == use.owner
            // A plugin's own check has already told a device's wires crossed within itself.
            if isOwn, unreadable.contains("devices.\(use.owner)") { continue }
            guard !isOwn || first.key != use.key, let line = line(use.line) else { continue }
            error(
                use.position,
                "\(use.owner) \(use.key): line \(line.number) of \(line.bus) belongs to "
                    + (isOwn ? first.key : first.owner),
                fix: "give \(use.owner) its own line; forecourt explain lists those in use")
        }
    }

    /// What the laws read or drive every cycle must not wait for an expander.
    private mutating func checkSleepingLines() {
        for use in uses {
            guard use.kind == .digitalInput || use.kind == .digitalOutput,
                let line = line(use.line), let bus = plan.bus(line.bus), bus.sleeps
            else { continue }
            let keys = plan.device(DeviceID(use.owner))?.plugin.keys ?? []
            guard keys.first(where: { $0.name == use.key })?.maySleep != true else { continue }
            error(
                use.position,
                "\(use.owner) \(use.key): bus \(bus.name) is \(bus.kind == .card ? "a card" : "an expander"), "
                    + "which is asked now and then; the control loop needs this line in every cycle",
                fix: "wire it to a line of the processor; lights, buzzer, door, tilt, water and "
                    + "dimming contacts may be on \(bus.name)")
        }
    }

    /// Relays are made for some 100 000 switchings: two a second are a day.
    private mutating func checkWear() {
        for use in uses where use.kind == .digitalOutput && use.key != "buzzer-line" {
            guard let line = line(use.line), let card = plan.bus(line.bus),
                card.terminals?.outputsWear == true,
                let device = plan.device(DeviceID(use.owner)), !device.configuration.flag("steady")
            else { continue }
            warn(
                use.position,
                "\(use.owner) \(use.key): \(card.name) has relays, and lights blink: contacts last for "
                    + "some 100 000 switchings, two a second are a day",
                fix: "add steady: true to \(use.owner), or use a card with transistor outputs")
        }
    }

    /// A driver of the station process works lines of its own bus only: of one chip.
    private mutating func checkOwnLines() {
        for use in uses {
            guard let device = plan.device(DeviceID(use.owner)), !device.isCyclic,
                let line = line(use.line), line.bus != device.bus
            else { continue }
            error(
                use.position,
                "\(use.owner) \(use.key): bus \(line.bus) is not \(use.owner)'s, which works lines of "
                    + "one chip", fix: "put all its lines on \(device.bus ?? "one bus")")
        }
    }

    private func line(_ id: LineID) -> BoardLine? {
        plan.lines.indices.contains(Int(id.index)) ? plan.lines[Int(id.index)] : nil
    }

    /// Ports, chips and Modbus addresses used twice; buses that nobody uses.
    private mutating func checkEndPoints() {
        for (index, bus) in plan.buses.enumerated() {
            let key = bus.kind.placeKey
            guard bus.configuration.has(key) else { continue }
            if let other = plan.buses[..<index].first(where: { $0.realPath == bus.realPath }) {
                error(
                    position("buses.\(bus.name).\(key)"),
                    "bus \(bus.name) \(key): \(bus.realPath) belongs to bus \(other.name)",
                    fix: "put the devices on one bus, or name another \(key)")
            }
        }
        for bus in plan.buses {
            let devices = plan.devices.filter { $0.bus == bus.name && !$0.isCyclic }
            if bus.kind == .serial || bus.kind == .http, let second = devices.dropFirst().first,
                let first = devices.first
            {
                let (place, own) =
                    bus.kind == .http ? ("an address", "an address") : ("a serial port", "a port")
                error(
                    position("devices.\(second.id).bus"),
                    "\(second.id) bus: \(bus.name) belongs to \(first.id), \(place) has one "
                        + "device", fix: "give \(second.id) \(own) of its own")
            }
            var addresses = [ConfigurationValue: DeviceID]()
            for device in devices {
                guard let address = device.configuration.values["address"] else { continue }
                if let other = addresses[address] {
                    error(
                        position("devices.\(device.id).address"),
                        "\(device.id) address: \(address.shown) on bus \(bus.name) belongs to \(other)",
                        fix: "give each device on the bus its own address")
                }
                addresses[address] = addresses[address] ?? device.id
            }
            let isUsed =
                plan.lines.contains { $0.bus == bus.name }
                || plan.devices.contains { $0.bus == bus.name }
            // A device that could not be read may be on it.
            if !isUsed, unreadable.isEmpty, bus.kind == .card {
                warn(
                    position("devices.\(bus.name)"), "no device uses a line of \(bus.name)",
                    fix: "remove it, or name it as the bus of a device: gpio-inputs, status-leds")
            } else if !isUsed, unreadable.isEmpty {
                warn(
                    position("buses.\(bus.name)"), "bus \(bus.name) has no device",
                    fix: "remove it, or put a device on it")
            }
        }
    }

    /// Devices without a role, and roles without a device.
    private mutating func checkRoles() {
        for device in plan.devices where device.assignments.isEmpty {
            guard !isNamedInVain(device.id), !(device.plugin is any CardPlugin.Type) else {
                continue
            }
            let possible = device.plugin.roles
            let roles = possible.map(\.rawValue).sorted().joined(separator: ", ")
            error(
                position("devices.\(device.id)"), "\(device.id) has no role",
                fix: possible.allSatisfy(\.isOfPower)
                    ? "name it under power.groups, or remove it"
                    : "name it at an EVSE or under shared as its \(roles), or remove it")
        }
        // What one of direct current needs is checked with its other rules.
        for evse in plan.evses where evse.direct == nil {
            for connector in evse.connectors {
                checkConnectorRoles(connector)
            }
            let path = "evses.\(evse.id)"
            guard !unreadable.contains("\(path).devices") else { continue }
            let controller = evse.connectors.lazy.compactMap(\.controller).first
            if let controller {
                checkController(controller, of: evse)
            } else if evse.devices[.contactor] == nil {
                error(
                    position("\(path).devices"), "EVSE \(evse.id) has no contactor",
                    fix: "name a device under \(path).devices.contactor")
            }
            if evse.devices[.residualCurrent] == nil, !takes(controller, .residualCurrent) {
                warn(
                    position("\(path).devices"),
                    "EVSE \(evse.id) has no residual-current device",
                    fix: "fit one (IEC 61851-1, 8.5), or a type B device upstream")
            }
            if evse.devices[.meter] == nil {
                warn(
                    position("\(path).devices"), "EVSE \(evse.id) has no meter",
                    fix: "name one: without it over-current is not seen and no energy is reported")
            }
        }
    }

    // MARK: EVSE controllers

    /// The controller gives this guarantee in the loop's place.
    private func takes(_ controller: DeviceID?, _ duty: TakenDuty.Duty) -> Bool {
        guard let device = controller.flatMap({ plan.device($0) }) else { return false }
        return device.plugin.duties(of: device.configuration)
            .contains { $0.duty == duty && !$0.how.isEmpty }
    }

    /// Pilot and contactor are the controller's: nobody else's, and of one connector.
    private mutating func checkController(_ controller: DeviceID, of evse: BoardEVSE) {
        let path = "evses.\(evse.id)"
        if evse.devices[.contactor] != nil {
            error(
                position("\(path).devices.contactor"),
                "EVSE \(evse.id) has a contactor besides \(controller), which owns one",
                fix: "remove one of the two")
        }
        for connector in evse.connectors where connector.devices[.pilot] != nil {
            error(
                position("\(path).connectors.\(connector.id.number).pilot"),
                "connector \(connector.id) has a pilot besides \(controller), which owns one",
                fix: "remove one of the two")
        }
        for connector in evse.connectors where connector.devices[.proximity] != nil {
            error(
                position("\(path).connectors.\(connector.id.number).proximity"),
                "connector \(connector.id) has a proximity pilot besides \(controller), which reads it",
                fix: "remove it: the controller limits its current by the cable")
        }
        for connector in evse.connectors
        where !connector.hasFixedCable && !takes(controller, .proximity) {
            error(
                position("\(path).connectors.\(connector.id.number)"),
                "connector \(connector.id) (\(connector.type)) takes any cable, and \(controller) "
                    + "reads no proximity pilot", fix: "use a fixed cable, or another controller")
        }
        if evse.connectors.count > 1 {
            error(
                position(path),
                "EVSE \(evse.id) has \(evse.connectors.count) connectors, \(controller) serves one",
                fix: "give each connector an EVSE of its own")
        }
        guard let device = plan.device(controller), !unreadable.contains("devices.\(controller)")
        else { return }
        let fallback: Amperes = device.configuration.quantity("fallback-current")
        if fallback > evse.plan.safeLimit {
            error(
                position("devices.\(controller).fallback-current"),
                "\(controller) fallback-current: \(fallback) is above the safe-limit of EVSE "
                    + "\(evse.id), \(evse.plan.safeLimit)",
                fix: "lower it, or raise the safe-limit")
        }
        if !device.plugin.features(of: device.configuration).contains(.fallback) {
            warn(
                position("devices.\(controller)"),
                "\(controller) keeps its last current where the station falls silent: it has no "
                    + "watchdog",
                fix: "cut its supply or its input by other means where the station dies")
        }
    }

    /// Where a role's reference was refused, the device it would have gone to is not reported too.
    private func isNamedInVain(_ device: DeviceID) -> Bool {
        unreadable.contains("devices.\(device)") || refusedDevices.contains(device.name)
    }

    private mutating func checkConnectorRoles(_ connector: BoardConnector) {
        let path = "evses.\(connector.id.evse).connectors.\(connector.id.number)"
        guard !unreadable.contains(path), !unreadable.contains("\(path).type"),
            let type = ConnectorType.named(connector.type), !type.isDirectCurrent,
            !unreadable.contains("evses.\(connector.id.evse).devices")
        else { return }
        let controller = connector.controller
        var needed = controller == nil ? [Role.pilot] : []
        // A Type 2 or 3 socket takes any cable, and holds its plug itself (IEC 62196-2).
        if type.name == "sType2" || type.name == "sType3" {
            if controller == nil { needed.append(.proximity) }
            if !takes(controller, .lock) { needed.append(.lock) }
        }
        for role in needed where connector.devices[role] == nil {
            error(
                position(path),
                "connector \(connector.id) (\(connector.type)) has no \(role.rawValue)",
                fix: "name a device: \(role.rawValue): NAME")
        }
    }

    // MARK: Limits

    private mutating func checkRatings(_ evse: BoardEVSE) {
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

    // MARK: Time

    /// Whether each Modbus bus can poll all its devices in time, one of them silent.
    private mutating func checkBusTimes() {
        for bus in plan.buses where bus.kind.isModbus {
            let microsecondsPerCharacter = Self.characterTime(bus)
            var busy: Int64 = 0
            var timeouts: Int64 = 0
            var shortest: (period: Int64, device: DeviceID)?
            for device in plan.devices where device.bus == bus.name {
                guard !unreadable.contains("devices.\(device.id)"),
                    let plugin = device.plugin as? any BusPlugin.Type,
                    let load = plugin.busLoad(device.configuration)
                else { continue }
                let characters = load.exchanges.reduce(0) { $0 + Int64($1.sent + $1.received) + 7 }
                busy += characters * microsecondsPerCharacter / 1000
                busy += Int64(load.exchanges.count) * bus.configuration.number("pause")
                timeouts +=
                    device.configuration.has("reply-timeout")
                    ? device.configuration.number("reply-timeout")
                    : bus.configuration.number("reply-timeout")
                if load.period.raw < shortest?.period ?? .max {
                    shortest = (load.period.raw, device.id)
                }
            }
            guard let shortest, busy + timeouts > shortest.period else { continue }
            error(
                position("buses.\(bus.name).reply-timeout"),
                "bus \(bus.name) reply-timeout: one round takes up to \(busy + timeouts) ms "
                    + "(\(busy) ms on the wire, \(timeouts) ms waiting), \(shortest.device) is "
                    + "polled every \(shortest.period) ms",
                fix: "wait less, poll less often, use a higher baud rate or another bus")
        }
    }

    /// One character on the wire in microseconds: start, 8 data, parity, stop bits. A network takes
    /// none that matters here.
    private static func characterTime(_ bus: BoardBus) -> Int64 {
        guard bus.kind != .modbusTCP else { return 0 }
        let baud = Int64(bus.configuration.text("baud")) ?? 9600
        let parity: Int64 = ["", "none"].contains(bus.configuration.text("parity")) ? 0 : 1
        let stop = Int64(bus.configuration.text("stop-bits")) ?? 1
        return (9 + parity + stop) * 1_000_000 / max(1, baud)
    }

    /// Whether a cycle has time for its inputs and outputs.
    private mutating func checkCycle() {
        let cost = CycleCost.microseconds(of: plan)
        let period = plan.loop.period.raw * 1000
        guard cost * 2 > period else { return }
        error(
            position("control-cycle"),
            "control-cycle: one cycle's inputs and outputs take about \(cost) µs, more than half of "
                + "the \(plan.loop.period) period",
            fix: "lengthen the period, or use a faster converter")
    }

    private mutating func checkCapacity() {
        if plan.cards.count > StationBounds.cards {
            error(
                position("devices"),
                "\(plan.cards.count) input/output cards, there is room for \(StationBounds.cards)",
                fix: "use cards with more terminals")
        }
        if plan.lines.count > LoopPlan.lineCapacity {
            error(
                position("devices"),
                "the devices use \(plan.lines.count) lines, the loop has room for "
                    + "\(LoopPlan.lineCapacity)", fix: "split the board into two stations")
        }
        let slots = plan.slots.count
        if slots > LoopPlan.slotCapacity {
            error(
                position("devices"),
                "the EVSEs use \(slots) drivers in the loop, which has room for "
                    + "\(LoopPlan.slotCapacity)", fix: "split the board into two stations")
        }
    }
}

/// What a cycle's inputs and outputs cost.
enum CycleCost {
    /// An estimate in microseconds.
    ///
    /// Chosen, on the slow side of small ARM boards: 25 µs a system call. A GPIO chip is read and
    /// written with one call each, a PWM channel and a converter channel with one each, to which the
    /// converter's own time comes.
    static func microseconds(of plan: BoardPlan) -> Int64 {
        let call: Int64 = 25
        var sum: Int64 = 20 * Int64(plan.evses.count)
        for bus in plan.buses {
            let count = Int64(plan.lines.count { $0.bus == bus.name })
            guard count > 0, !bus.sleeps else { continue }
            switch bus.kind {
            case .gpioChip: sum += 2 * call
            case .pwmChip: sum += count * call
            case .adc: sum += count * (call + bus.configuration.number("conversion") * 1000)
            case .modbusRTU, .modbusTCP, .modbusRTUOverTCP, .http, .serial, .i2c, .can, .pcsc,
                .oneWire, .ledChain, .card:
                break
            }
        }
        return sum
    }
}

extension ConfigurationValue {
    /// As a board file writes an address: a number, or a text such as `0x27`.
    fileprivate var shown: String {
        switch self {
        case .number(let number): "\(number)"
        case .text(let text): text
        case .texts, .boolean, .lines: ""
        }
    }
}
