package import BoardFile
import DWINDisplay
import DriverKit
import EVSEModel
package import Plant

/// What a board's simulated hardware is: the one place that knows drivers' configuration keys and
/// the plant's words. A driver from outside the repository has no simulation unless its program
/// adds one here; its lines then rest at their pull.
extension BoardPlan {
    /// The plan that the plant's process is given; with `--simulate` only.
    package func plantPlan(wires: String, registers: String) -> PlantPlan {
        var plant = PlantPlan(board: name, wires: wires, registers: registers)
        var seed = StableHash()
        seed.add(name)
        plant.seed = seed.value >> 1  // as a JSON number within 63 bits
        plant.mains.voltage = feed.voltage
        for evse in evses { plant.evses.append(simulated(evse)) }
        for device in devices { add(device, to: &plant) }
        addDirectCurrent(to: &plant)
        plant.watchdog = line(loop.watchdogLine)
        for bus in buses where !bus.kind.hasLines {
            var serial = PlantPlan.SerialBus(
                name: bus.name,
                baud: bus.kind == .can
                    ? Int(bus.configuration.number("bitrate"))
                    : Int(bus.configuration.text("baud")) ?? (bus.kind == .i2c ? 100_000 : 9600))
            serial.characterBits =
                9 + (Int(bus.configuration.text("stop-bits")) ?? 1)
                + (["", "none"].contains(bus.configuration.text("parity")) ? 0 : 1)
            serial.transport =
                switch bus.kind {
                case .modbusTCP: .tcp
                case .modbusRTUOverTCP: .rtuOverTCP
                case .http: .http
                case .i2c: .i2c
                case .can: .can
                case .pcsc: .pcsc
                default: .serial
                }
            plant.buses.append(serial)
        }
        for bus in buses where bus.sleeps && bus.kind != .card { addSleeping(bus, to: &plant) }
        return plant
    }

    private func simulated(_ evse: BoardEVSE) -> PlantPlan.EVSE {
        var result = PlantPlan.EVSE(number: Int(evse.id.number))
        result.phases = Int(evse.plan.phases)
        result.rotation = Int(evse.plan.phaseRotation)
        for connector in evse.connectors {
            var outlet = PlantPlan.Connector(number: Int(connector.id.number))
            outlet.type = connector.type
            outlet.hasFixedCable = connector.hasFixedCable
            for device in devices where device.serves(connector.id) {
                add(device, to: &outlet)
            }
            outlet.directCurrent = simulatedPlug(connector)
            result.connectors.append(outlet)
        }
        for device in devices where device.serves(evse.id) { add(device, to: &result) }
        result.directCurrent = simulatedOutlet(evse)
        return result
    }

    /// A bus of lines that is asked now and then.
    private func addSleeping(_ bus: BoardBus, to plant: inout PlantPlan) {
        let own = lines.filter { $0.bus == bus.name }
        var wire = PlantPlan.SerialBus(name: bus.name, baud: 2_400_000)
        switch bus.kind {
        case .oneWire:
            wire.transport = .oneWire
            plant.buses.append(wire)
        case .ledChain:
            wire.transport = .lights
            plant.buses.append(wire)
            let shape = bus.lights
            let groups = (own.map { Int($0.number) }.max() ?? 0) + 1
            plant.lights.append(
                .init(
                    bus: bus.name, count: groups * Int(shape.lightsPerGroup),
                    bitsPerBit: Int(shape.bitsPerBit), redFirst: shape.order == .rgb))
        default:
            plant.expanders.append(
                .init(name: bus.name, lines: own.compactMap { $0.simulatedNumber.map(Int.init) }))
        }
    }

    // MARK: Devices of a connector

    private func add(_ device: BoardDevice, to outlet: inout PlantPlan.Connector) {
        let keys = device.configuration
        switch device.plugin.name {
        case "pwm-control-pilot":
            guard let pwm = number(keys.line("pwm")), let high = number(keys.line("high-channel")),
                let low = number(keys.line("low-channel"))
            else { return }
            // Pilot volts = scale x converter volts + offset; the plant wants the inverse.
            let scale = Double(keys.number("scale")) / 1_000_000
            let offset = Double(keys.number("offset")) / 1000
            func channel(_ number: Int) -> PlantPlan.Channel {
                .init(number, atZero: -offset / scale * 1e6, perUnit: 1e6 / scale)
            }
            outlet.pilot = .init(
                device: device.id.name, pwm: pwm, high: channel(high), low: channel(low))
        case "iio-proximity-pilot":
            guard let channel = number(keys.line("channel")) else { return }
            let none = Int(keys.number("none-above"))
            let amperes13 = Int(keys.number("13-a-above"))
            let amperes20 = Int(keys.number("20-a-above"))
            let amperes32 = Int(keys.number("32-a-above"))
            let amperes63 = Int(keys.number("63-a-above"))
            // Each cable in the middle of its band, an open contact well above the highest.
            outlet.proximity = .init(
                device: device.id.name, channel: channel, none: none + (none - amperes13) / 2,
                amperes13: (none + amperes13) / 2, amperes20: (amperes13 + amperes20) / 2,
                amperes32: (amperes20 + amperes32) / 2, amperes63: (amperes32 + amperes63) / 2,
                fault: amperes63 / 2)
        case "gpio-cable-lock":
            let motor = keys.lines("motor-lines")
            guard motor.count == 2, let a = line(motor[0]), let b = line(motor[1]) else { return }
            var lock = PlantPlan.Lock(
                device: device.id.name, motorA: a, motorB: b,
                feedback: line(keys.line("feedback-line")))
            // A bolt is faster than the stroke that its driver allows it.
            lock.strokeTime = Milliseconds(max(10, keys.number("stroke-time") / 2))
            outlet.lock = lock
        case "iio-temperature" where device.place == nil:
            guard let number = number(keys.line("channel")) else { return }
            outlet.temperatures.append(
                .init(device: device.id.name, sensor: sensor(number, keys)))
        case "one-wire-temperature":
            let id = keys.line("sensor")
            guard let channel = number(id), let line = boardLine(id), let name = line.sensor
            else { return }
            outlet.temperatures.append(
                .init(
                    device: device.id.name,
                    sensor: .oneWire(.init(bus: line.bus, name: name, channel: channel))))
        default: break
        }
    }

    func sensor(_ number: Int, _ keys: Configuration) -> PlantPlan.Temperature.Sensor {
        guard keys.text("sensor") == "linear" else {
            return .thermistor(
                .init(
                    channel: number, nominal: keys.quantity("nominal"),
                    beta: Int(keys.number("beta")), reference: keys.quantity("reference"),
                    supply: keys.quantity("supply")))
        }
        // Board: millivolts per °C in millionths, and millivolts at 0 °C.
        return .linear(
            .init(
                number, atZero: Double(keys.number("zero")) * 1000,
                perUnit: Double(keys.number("slope")) / 1000))
    }

    // MARK: Devices of an EVSE

    private func add(_ device: BoardDevice, to evse: inout PlantPlan.EVSE) {
        let keys = device.configuration
        switch device.plugin.name {
        case "gpio-contactor":
            // Those of direct current belong to connectors and groups.
            guard ["all", "l2-l3"].contains(keys.text("switches")),
                let contactor = simulatedContactor(device)
            else { return }
            if keys.text("switches") == "l2-l3" {
                evse.phaseContactor = contactor
                return
            }
            evse.contactor = contactor
            evse.shuntTrip = line(keys.line("shunt-trip-line"))
        case "gpio-residual-current":
            guard let fault = line(keys.line("fault-line")) else { return }
            evse.residualCurrent = .init(
                device: device.id.name, tripped: fault, test: line(keys.line("test-line")))
        default: break
        }
    }

    // MARK: Devices of the station

    private func add(_ device: BoardDevice, to plant: inout PlantPlan) {
        let keys = device.configuration
        let name = device.id.name
        let evse = device.evse.map { Int($0.number) } ?? 0
        switch device.plugin.name {
        case "gpio-inputs":
            // A chain that conducts is high; what it guards against is its opposite.
            let contacts: [(String, PlantPlan.Switch.Kind, isChain: Bool)] = [
                ("emergency-stop", .emergencyStop, true), ("door", .door, true),
                ("tilt", .tilt, false), ("water", .water, false), ("mains", .mains, false),
                ("ground", .ground, false), ("dimming", .dimming, false),
            ]
            for (key, kind, isChain) in contacts {
                guard var line = line(keys.line(key)) else { continue }
                if isChain { line.activeLow.toggle() }
                plant.switches.append(.init(device: name, kind: kind, line: line))
            }
        case "status-leds":
            for key in ["red-line", "green-line", "blue-line", "buzzer-line"] {
                guard let line = line(keys.line(key)) else { continue }
                plant.indicators.append(
                    .init(device: name, name: String(key.dropLast(5)), line: line))
            }
        case "modbus-energy-meter":
            let isOfHouse = device.id == feed.houseMeter
            guard let bus = device.bus, isOfHouse || device.evse != nil else { return }
            plant.meters.append(
                .init(
                    device: name, bus: bus, unit: Int(keys.number("address")),
                    model: keys.text("model"), evse: evse))
        case "http-energy-meter":
            guard let bus = device.bus, let evse = device.evse else { return }
            plant.meters.append(
                .init(
                    // The number makes serial numbers and keys differ.
                    device: name, bus: bus, unit: Int(evse.number), model: keys.text("model"),
                    evse: Int(evse.number)))
        case "modbus-io-card":
            guard let bus = device.bus, let terminals = self.bus(name)?.terminals else { return }
            plant.cards.append(
                .init(
                    device: name, bus: bus, unit: Int(keys.number("address")),
                    model: keys.text("model"), outputs: terminals.outputs, inputs: terminals.inputs)
            )
        case "evse-controller":
            guard let bus = device.bus, let evse = device.evse else { return }
            plant.controllers.append(
                .init(
                    device: name, bus: bus, unit: Int(keys.number("address")),
                    model: keys.text("model"), evse: Int(evse.number)))
        case "safety-mcu":
            guard let bus = device.bus, let id = device.evse else { return }
            var controller = PlantPlan.SafetyController(
                device: name, bus: bus, evse: Int(id.number))
            controller.hasResidualCurrent = keys.flag("residual-current")
            controller.readsProximity = keys.flag("proximity")
            controller.phases = evses.first { $0.id == id }.map { Int($0.plan.phases) } ?? 1
            controller.rating = Int(keys.number("limit") / 100)
            plant.safetyControllers.append(controller)
        case "nfc-reader":
            guard let bus = device.bus else { return }
            plant.readers.append(.init(device: name, bus: bus, kind: .pn532))
        case "pcsc-reader":
            guard let bus = device.bus else { return }
            var reader = PlantPlan.Reader(device: name, bus: bus, kind: .pcsc)
            reader.name = keys.text("name")
            plant.readers.append(reader)
        case "line-reader":
            guard let bus = device.bus else { return }
            plant.readers.append(.init(device: name, bus: bus, kind: .line))
        case "character-display":
            guard let bus = device.bus else { return }
            var panel = PlantPlan.Display(device: name, kind: .characters, evse: evse)
            panel.bus = bus
            panel.address = Int(keys.text("address").dropFirst(2), radix: 16) ?? 0
            let size = keys.text("size").split(separator: "x").compactMap { Int($0) }
            if size.count == 2 { (panel.columns, panel.rows) = (size[0], size[1]) }
            plant.displays.append(panel)
        case "gpio-character-display":
            let data = keys.lines("data-lines").compactMap(line)
            guard let select = line(keys.line("rs-line")), let enable = line(keys.line("e-line")),
                data.count == 4
            else { return }
            var panel = PlantPlan.Display(device: name, kind: .lines, evse: evse)
            panel.pins = .init(
                registerSelect: select, enable: enable, data: data,
                backlight: line(keys.line("backlight-line")))
            let size = keys.text("size").split(separator: "x").compactMap { Int($0) }
            if size.count == 2 { (panel.columns, panel.rows) = (size[0], size[1]) }
            plant.displays.append(panel)
        case "dwin-display":
            guard let bus = device.bus, let project = try? PanelProjects.load(keys.text("panel"))
            else { return }
            var panel = PlantPlan.Display(device: name, kind: .dgus, evse: evse)
            panel.bus = bus
            panel.hasCRC = keys.flag("crc")
            panel.touch = project.touch.map { Int($0) }
            panel.isUnicode = project.encoding == .unicode
            panel.texts = project.inOrder.map {
                .init(address: Int($0.address), words: $0.words)
            }
            plant.displays.append(panel)
        case "kiosk-page":
            var browser = PlantPlan.Display(device: name, kind: .browser, evse: evse)
            browser.port = Int(keys.number("port"))
            plant.displays.append(browser)
        default: break
        }
    }

    // MARK: Lines

    func number(_ line: LineID) -> Int? {
        guard line.isPresent, lines.indices.contains(Int(line.index)) else { return nil }
        return lines[Int(line.index)].simulatedNumber.map(Int.init)
    }

    func line(_ id: LineID) -> PlantPlan.Line? {
        guard let number = number(id) else { return nil }
        let line = lines[Int(id.index)]
        var simulated = PlantPlan.Line(
            number, activeLow: line.isActiveLow, pulledUp: line.bias == 0 ? nil : line.bias == 1)
        if bus(line.bus)?.kind == .card {
            simulated.terminal = .init(card: line.bus, number: Int(line.number))
        }
        return simulated
    }
}

extension BoardDevice {
    func serves(_ evse: EVSEID) -> Bool { assignments.contains { $0.evse == evse } }
    func serves(_ connector: ConnectorID) -> Bool {
        assignments.contains { $0.connector == connector }
    }
}
