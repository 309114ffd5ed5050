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
        checkCardReaders()
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
