import DriverKit
package import EVSEModel

/// Where a board's buses end.
package enum EndPoints: Hashable, Sendable {
    /// On the hardware that the board file names.
    case real
    /// In a folder of simulated wires: serial buses are links named after them, peers are files named
    /// after them that say where to connect, 1-Wire lines are folders, all chips are the one memory
    /// file `chip`.
    case simulated(wires: String)
}

extension BoardPlan {
    /// The path at which a bus is opened.
    package func path(of bus: BoardBus, _ endPoints: EndPoints) -> String {
        switch endPoints {
        case .real: bus.realPath
        case .simulated(let wires):
            wires + (bus.kind.hasLines && !bus.isFolderOrFile ? "/chip" : "/\(bus.name)")
        }
    }

    /// The line behind an identifier, with what the plant must know of it: bus, number on the
    /// simulated chip, options, and the device and key that use it.
    package func boardLine(_ id: LineID) -> BoardLine? {
        lines.indices.contains(Int(id.index)) ? lines[Int(id.index)] : nil
    }

    /// Compiles the flat plan that the loop process reads.
    ///
    /// - Throws: `capacity` where something does not fit the plan's fixed size: a path or
    ///   name of more than 191 bytes, a plugin's plan of more than 256, more lines than the
    ///   simulated chip has.
    package func loopPlan(_ endPoints: EndPoints) throws(BoardFileError) -> LoopPlan {
        var compiled = LoopPlan()
        compiled.board = try fixed(name, "the board's name")
        compiled.period = loop.period
        compiled.priority = loop.priority
        compiled.evseCount = UInt8(clamping: evses.count)
        compiled.feed = feed.sharing
        compiled.feed.limit = feed.limit
        compiled.feed.changes = feed.supply.changes
        compiled.supply = feed.supply
        compiled.dc = directCurrent
        for evse in evses { compiled.evses[evse.id.index] = evse.plan }
        if endPoints == .real {
            compiled.watchdog = try fixed(loop.watchdog, "loop.watchdog")
        } else {
            // A simulated loop that nobody adopts ends itself; a real one keeps its car safe.
            compiled.orphanTimeout = .seconds(120)
        }
        compiled.watchdogLine = loop.watchdogLine
        try compileLines(endPoints, into: &compiled)
        try compileSlots(into: &compiled)
        compiled.fingerprint = fingerprint(endPoints)
        return compiled
    }

    private func fixed(_ text: String, _ noun: String) throws(BoardFileError) -> FixedText {
        guard let fixed = FixedText(text) else {
            throw BoardFileError(
                .capacity,
                "\(noun) has \(text.utf8.count) bytes, the loop's plan has room for "
                    + "\(FixedText.capacity - 1): \(text)",
                remedy: "Use a shorter path")
        }
        return fixed
    }

    private func compileLines(_ endPoints: EndPoints, into compiled: inout LoopPlan)
        throws(BoardFileError)
    {
        guard lines.count <= LoopPlan.lineCapacity else {
            throw BoardFileError(
                .capacity,
                "\(lines.count) lines, the loop's plan has room for "
                    + "\(LoopPlan.lineCapacity)", remedy: "Split the board")
        }
        compiled.lineCount = UInt16(clamping: lines.count)
        for (index, line) in lines.enumerated() {
            // Lines that a driver of the station process works are not the loop's.
            guard let bus = bus(line.bus), device(line.device)?.isCyclic != false else { continue }
            var plan = LinePlan()
            plan.kind = line.kind
            plan.activeLow = line.isActiveLow
            plan.bias = line.bias
            plan.debounceMicroseconds = line.debounceMicroseconds
            plan.offset = line.number
            plan.access = access(of: bus)
            if line.kind == .pwmOutput {
                let nanoseconds = bus.configuration.number("period") * 1_000_000
                plan.parameter = Int32(clamping: nanoseconds)
            }
            if line.kind == .colourOutput { plan.parameter = bus.lights.raw }
            if let terminals = bus.terminals {
                let card = cards.firstIndex(of: DeviceID(bus.name)) ?? 0
                plan.offset = UInt16(clamping: card << 8) | line.number
                plan.parameter = Int32(clamping: terminals.maximumAge.raw)
                plan.path = try fixed(bus.name, "the name of card \(bus.name)")
                compiled.lines[index] = plan
                continue
            }
            if case .simulated = endPoints, !bus.isFolderOrFile {
                guard let number = line.simulatedNumber else {
                    throw BoardFileError(
                        .capacity,
                        "\(line.device) \(line.key): the simulated chip has no line left for it",
                        remedy: "It has 64 digital lines, 16 PWM channels, 32 converter channels")
                }
                plan.access = bus.sleeps ? .simulatedExpander : .simulatedChip
                plan.offset = number
            }
            let place = line.sensor.map { "/" + $0 } ?? ""
            plan.path = try fixed(path(of: bus, endPoints) + place, "the path of bus \(bus.name)")
            compiled.lines[index] = plan
        }
    }

    private func access(of bus: BoardBus) -> LineAccess {
        switch bus.kind {
        case .pwmChip: .pwmClass
        case .adc: .industrialIO
        case .oneWire: .oneWire
        case .ledChain: .ledChain
        case .card: .ioCard
        case .gpioChip, .modbusRTU, .modbusTCP, .modbusRTUOverTCP, .http, .serial, .i2c, .can,
            .pcsc:
            bus.sleeps ? .gpioExpander : .gpioCharacterDevice
        }
    }

    private func compileSlots(into compiled: inout LoopPlan) throws(BoardFileError) {
        let slots = slots
        guard slots.count <= LoopPlan.slotCapacity else {
            throw BoardFileError(
                .capacity,
                "\(slots.count) drivers, the loop's plan has room for "
                    + "\(LoopPlan.slotCapacity)", remedy: "Split the board")
        }
        compiled.slotCount = UInt16(clamping: slots.count)
        for (index, slot) in slots.enumerated() {
            guard let device = device(slot.device),
                let plugin = device.plugin as? any CyclicPlugin.Type
            else { continue }
            let pluginName = try fixed(plugin.name.text, "the plugin's name")
            let deviceName = try fixed(device.id.name, "the device's name")
            guard
                var compiledSlot = driverSlot(
                    plugin, device.configuration, pluginName, deviceName)
            else {
                throw BoardFileError(
                    .capacity,
                    "the plan of plugin \(plugin.name) is larger than "
                        + "\(DriverSlot.planCapacity) bytes", remedy: "Make it smaller")
            }
            compiledSlot.evse = UInt8(clamping: slot.evse)
            compiledSlot.connector = UInt8(clamping: slot.connector)
            compiled.slots[index] = compiledSlot
        }
    }

    private func driverSlot<Plugin: CyclicPlugin>(
        _ plugin: Plugin.Type, _ configuration: Configuration, _ name: FixedText,
        _ device: FixedText
    ) -> DriverSlot? {
        DriverSlot(
            plugin: name, device: device,
            plan: plugin.plan(configuration, period: loop.period))
    }

    /// Tells plans apart: over what the plan says rather than its bytes, since the
    /// padding between a struct's fields has no defined value.
    private func fingerprint(_ endPoints: EndPoints) -> UInt64 {
        var hash = StableHash()
        hash.add("\(LoopPlan.magic) \(MemoryLayout<LoopPlan>.size) \(name) \(loop)")
        hash.add("\(feed.limit.raw) \(feed.sharing) \(feed.supply)")
        for evse in evses {
            for key in SupervisionKey.all { hash.add("\(key.key.name) \(key.get(evse.plan))") }
            let laws = evse.plan
            hash.add("\(evse.id) \(laws.connectors) \(laws.phases) \(laws.rating.raw)")
            hash.add("\(laws.lockMask) \(laws.proximityMask) \(laws.hasMeter)")
            hash.add("\(laws.hasContactorFeedback) \(laws.hasResidualCurrentDevice)")
            hash.add("\(laws.hasVentilation) \(laws.hasShuntTrip)")
            hash.add("\(laws.hasController) \(laws.controllerMaxAge.raw)")
            hash.add("\(laws.controllerGrace.raw)")
            hash.add("\(laws.phaseRotation) \(laws.priority)")
            hash.add("derating \(laws.derating)")
            hash.add("\(laws.hasPhaseContactor) \(laws.hasPhaseContactorFeedback)")
            hash.add("\(laws.strokeTime.raw) \(laws.meterMaxAge.raw) \(laws.nominalVoltage.raw)")
        }
        for words in directCurrentWords { hash.add(words) }
        for line in lines {
            let path = bus(line.bus).map { self.path(of: $0, endPoints) } ?? ""
            let period = bus(line.bus)?.configuration.number("period") ?? 0
            let number = endPoints == .real ? line.number : line.simulatedNumber ?? .max
            hash.add("\(path) \(number) \(line.kind.rawValue) \(line.isActiveLow) \(line.bias)")
            hash.add("\(line.debounceMicroseconds) \(period)")
            hash.add("\(line.sensor ?? "") \(bus(line.bus).map { $0.sleeps } ?? false)")
            hash.add("\(bus(line.bus).map { $0.lights.raw } ?? 0)")
            guard let terminals = bus(line.bus)?.terminals else { continue }
            hash.add("\(cards.firstIndex(of: DeviceID(line.bus)) ?? 0) \(terminals.maximumAge.raw)")
        }
        for slot in slots {
            guard let device = device(slot.device) else { continue }
            hash.add("\(slot.device) \(device.plugin.name) \(slot.evse) \(slot.connector)")
            for (key, value) in device.configuration.values.sorted(by: { $0.key < $1.key }) {
                hash.add("\(key) \(value)")
            }
        }
        return hash.value
    }
}

extension BoardBus {
    /// It has an end point of its own in a simulation, rather than cells of the one chip.
    fileprivate var isFolderOrFile: Bool { kind == .oneWire || kind == .ledChain || kind == .card }

    /// How its lights are made up.
    package var lights: LEDChainShape {
        LEDChainShape(
            lightsPerGroup: UInt8(clamping: configuration.number("lights")),
            bitsPerBit: configuration.text("coding") == "4-bit" ? 4 : 3,
            order: configuration.text("colours") == "rgb" ? .rgb : .grb)
    }
}
