import BoardFile
import DriverKit
import EVSEModel

/// Where the end points of a board's buses are.
enum EndPoints {
    /// On the hardware that the board file names.
    case real
    /// In the folder that a plant serves.
    case simulated(wires: String)
}

extension BoardPlan {
    /// What the loop process needs, flat.
    ///
    /// - Parameter fingerprint: tells plans apart; see ``LoopPlan/fingerprint``.
    func loopPlan(_ endPoints: EndPoints, fingerprint: UInt64) throws(CompositionError) -> LoopPlan
    {
        var plan = LoopPlan()
        plan.fingerprint = fingerprint
        plan.board = try Self.fixed(name, "the board's name")
        plan.period = loop.period
        plan.priority = loop.priority
        plan.evseCount = UInt8(clamping: evses.count)
        plan.watchdogLine = loop.watchdogLine
        if case .real = endPoints {
            plan.watchdog = try Self.fixed(loop.watchdog, "the watchdog's path")
        } else {
            // A simulated loop that nobody adopts ends itself; a real one keeps its car safe.
            plan.orphanTimeout = .seconds(120)
        }
        for evse in evses { plan.evses[evse.id.index] = evse.plan }

        guard lines.count <= LoopPlan.lineCapacity else {
            throw CompositionError(
                "\(name) uses \(lines.count) lines; a loop has room for \(LoopPlan.lineCapacity)")
        }
        plan.lineCount = UInt16(lines.count)
        for (index, line) in lines.enumerated() {
            plan.lines[index] = try linePlan(line, endPoints)
        }
        let slots = try driverSlots()
        guard slots.count <= LoopPlan.slotCapacity else {
            throw CompositionError(
                "\(name) needs \(slots.count) cyclic drivers; a loop has room for "
                    + "\(LoopPlan.slotCapacity)")
        }
        plan.slotCount = UInt16(slots.count)
        for (index, slot) in slots.enumerated() { plan.slots[index] = slot }
        return plan
    }

    private func linePlan(
        _ line: BoardLine, _ endPoints: EndPoints
    ) throws(CompositionError) -> LinePlan {
        guard let bus = bus(line.bus) else {
            throw CompositionError("\(line.device) uses a line of no bus \(line.bus)")
        }
        var plan = LinePlan()
        plan.kind = line.kind
        plan.activeLow = line.isActiveLow
        plan.bias = line.bias
        plan.debounceMicroseconds = line.debounceMicroseconds
        // Every output's safe value is its logical zero: coil open, motor off, pilot at -12 V.
        plan.safeValue = 0
        if line.kind == .pwmOutput {
            let period = bus.configuration.quantity("period", as: Milliseconds.self)
            plan.parameter = Int32(clamping: max(1, period.count) * 1_000_000)
        }
        switch endPoints {
        case .real:
            plan.offset = line.number
            plan.path = try Self.fixed(bus.realPath, "the path of bus \(bus.name)")
            plan.access =
                switch bus.kind {
                case .pwmChip: .pwmClass
                case .adc: .industrialIO
                case .gpioChip, .modbusRTU, .serial: .gpioCharacterDevice
                }
        case .simulated(let wires):
            guard let number = line.simulatedNumber else {
                throw CompositionError(
                    "line \(line.number) of \(line.bus) has no place on the simulated chip")
            }
            plan.offset = number
            plan.access = .simulatedChip
            plan.path = try Self.fixed(wires + "/chip", "the folder of simulated wires")
        }
        return plan
    }

    /// One slot for each place at which a cyclic device works. A device of the whole station
    /// senses for every EVSE.
    private func driverSlots() throws(CompositionError) -> [DriverSlot] {
        var slots = [DriverSlot]()
        for device in devices {
            guard let plugin = device.plugin as? any CyclicPlugin.Type else { continue }
            var places = [Slot]()
            for assignment in device.assignments {
                let evses = assignment.evse.map { [$0] } ?? self.evses.map(\.id)
                for evse in evses {
                    let place = Slot(
                        evse: evse.index, connector: assignment.connector?.index ?? 0)
                    let isNew = !places.contains {
                        $0.evse == place.evse && $0.connector == place.connector
                    }
                    if isNew { places.append(place) }
                }
            }
            for place in places {
                slots.append(try Self.slot(plugin, device, place, period: loop.period))
            }
        }
        return slots
    }

    private static func slot<Plugin: CyclicPlugin>(
        _ plugin: Plugin.Type, _ device: BoardDevice, _ place: Slot, period: Milliseconds
    ) throws(CompositionError) -> DriverSlot {
        let plan = plugin.plan(device.configuration, period: period)
        guard
            var slot = DriverSlot(
                plugin: try fixed(plugin.name.text, "a plugin's name"),
                device: try fixed(device.id.name, "a device's name"), plan: plan)
        else {
            throw CompositionError(
                "the plan of \(plugin.name) is larger than \(DriverSlot.planCapacity) bytes")
        }
        slot.evse = UInt8(place.evse)
        slot.connector = UInt8(place.connector)
        return slot
    }

    private static func fixed(
        _ text: String, _ what: String
    ) throws(CompositionError) -> FixedText {
        guard let fixed = FixedText(text) else {
            throw CompositionError(
                "\(what), \(text), is longer than \(FixedText.capacity - 1) bytes")
        }
        return fixed
    }
}
