import ControlLoop
import EVSEModel
import LoopGuarantees

/// A small model of everything around the loop of a DC EVSE, at the level of the process image: vehicles,
/// sources, contactors, insulation monitor, meter, station process. Virtual time, one call a cycle.
struct DCWorld {
    /// What the law under test is not shown, gets wrong, or does wrong; see the mutation tests.
    struct Mutant {
        var plan: (inout EVSEPlan) -> Void = { _ in }
        var dc: (inout DCPlan) -> Void = { _ in }
        var inputs: (inout EVSEImage, inout DCExchange) -> Void = { _, _ in }
        var context: (inout CycleContext) -> Void = { _ in }
        var outputs: (inout EVSEImage, inout DCExchange, EVSEImage, DCExchange) -> Void = {
            _, _, _, _ in
        }
    }

    let plan: EVSEPlan
    let dc: DCPlan
    let period: Milliseconds
    private var mutant: Mutant?
    private(set) var control: DCControl
    var image = EVSEImage()
    var exchange = DCExchange()
    var context = CycleContext()
    var now = Instant(milliseconds: 1_000_000)

    /// One at each connector.
    var vehicles = [DCTestVehicle(), DCTestVehicle(), DCTestVehicle(), DCTestVehicle()]
    private var sessions: UInt32 = 0
    /// Replaces the pilot's positive level of the first connector.
    var forcedLevel: Volts?
    var pilotIsValid = true

    // Output
    private(set) var bus = 0.0
    private(set) var current = 0.0
    /// More than asked for, in percent.
    var generosity = 100.0
    /// Flows through closed contactors whatever is asked for.
    var stuckCurrent = 0.0
    /// Volts above what is asked for.
    var overshoot = 0.0
    /// The output does not lose its voltage.
    var staysCharged = false
    var isShorted = false
    var sourcesAreReady = true
    var sourcesAreSilent = false
    var sourcesAreWeak = false
    var sourceMaximum = Amperes(400)
    /// The board's sensor of the bus shows so much more than there is.
    var sensorError = 0.0
    var currentIsKnown = true

    // Contactors and bolts, one per connector
    private(set) var closed = [false, false, false, false]
    private var contactorCycles = [0, 0, 0, 0]
    var isWelded = false
    var isStuckOpen = false
    var hasNoFeedback = false
    var bolt = Bolt.free
    private var boltCycles = 0
    var boltIsJammed = false
    var boltIsForcedFree = false

    // Insulation monitor, meter, temperature
    var resistance = Ohms(1_000_000)
    var monitorIsSilent = false
    var monitorIsFaulty = false
    var selfTestFails = false
    private var testAsked: UInt32 = 0
    private var testUntil = Instant.zero
    var meterIsSilent = false
    var temperature: Celsius? = Celsius(25)

    // Cooling
    var isFlowBlocked = false
    var isShortOfCoolant = false
    var coolant: Celsius? = Celsius(30)
    var fanStands = false
    private var pumpCycles = 0

    /// Every input of a cycle at random.
    var noise: SplitMix?

    var cycle: DCLoopCycle {
        DCLoopCycle(
            plan: plan, dc: dc, efficiency: Percent(95), period: period, now: now, image: image,
            exchange: exchange, context: context)
    }

    init(
        plan: EVSEPlan = DCWorld.plan, dc: DCPlan = DCWorld.dc,
        period: Milliseconds = Milliseconds(10), mutant: Mutant? = nil
    ) {
        self.plan = plan
        self.dc = dc
        self.period = period
        self.mutant = mutant
        control = Self.make(plan, dc, FaultSet(), mutant)
        context.stationIsSilent = false
        image.targets.powerLimit = Watts(raw: .max)
    }

    static var plan: EVSEPlan {
        var plan = EVSEPlan()
        plan.lockMask = 0
        plan.proximityMask = 0
        plan.phases = 3
        plan.hasResidualCurrentDevice = false
        return plan
    }
    static var dc: DCPlan {
        var dc = DCPlan()
        dc.isFitted = true
        dc.hasBusVoltage = true
        // Short, so that a run sees many links lost.
        dc.vehicleMaxAge = Milliseconds(500)
        for index in 0..<4 { dc.connectors[index].hasOutputVoltage = true }
        return dc
    }

    private static func make(
        _ plan: EVSEPlan, _ dc: DCPlan, _ latched: FaultSet, _ mutant: Mutant?
    ) -> DCControl {
        var (plan, dc) = (plan, dc)
        mutant?.plan(&plan)
        mutant?.dc(&dc)
        return DCControl(plan: plan, dc: dc, latched: latched)
    }

    /// The loop process dies and is started again: outputs released meanwhile.
    mutating func restart() {
        let latched = image.status.latched
        control = Self.make(plan, dc, latched, mutant)
        let kept = image
        image = EVSEImage()
        image.inputs.meter = kept.inputs.meter
        image.targets = kept.targets
        image.status.latched = latched
        let (vehicle, insulation) = (exchange.vehicle, exchange.insulation)
        exchange = DCExchange()
        exchange.vehicle = vehicle
        exchange.insulation = insulation
        exchange.insulation.selfTestAnswered = 0
        testAsked = 0
        context.starts += 1
    }

    /// One cycle of the loop; `late` periods are lost before it.
    mutating func advance(late: Int64 = 0) {
        let span = Milliseconds(period.count * (1 + late))
        now = now + span
        context.cycle += 1
        react(span)
        sense()
        guard let mutant else {
            return control.step(&image, &exchange, at: now, context: context)
        }
        var (seen, heard, told) = (image, exchange, context)
        let (before, said) = (image, exchange)
        mutant.inputs(&seen, &heard)
        mutant.context(&told)
        control.step(&seen, &heard, at: now, context: told)
        image.outputs = seen.outputs
        image.status = seen.status
        exchange.order = heard.order
        exchange.request = heard.request
        exchange.status = heard.status
        exchange.vehicleCommand = heard.vehicleCommand
        exchange.insulationCommand = heard.insulationCommand
        mutant.outputs(&image, &exchange, before, said)
    }

    /// Something beside this EVSE has put a voltage on its busbar, and nothing discharges it.
    mutating func charge(to volts: Double) {
        bus = volts
        staysCharged = true
    }

    mutating func run(for duration: Milliseconds) {
        let end = now + duration
        while now < end { advance() }
    }

    /// Time until a condition holds; `nil` where it did not within the time.
    mutating func wait(
        atMost duration: Milliseconds, until holds: (DCWorld) -> Bool
    ) -> Milliseconds? {
        let start = now
        while now < start + duration {
            advance()
            if holds(self) { return now - start }
        }
        return nil
    }

    // MARK: What the hardware does with the outputs

    private mutating func react(_ span: Milliseconds) {
        let seconds = Double(span.count) / 1000
        for index in 0..<4 { moveContactor(index) }
        moveBolt(image.outputs.connectors[0].bolt)
        moveOutput(seconds)
        for index in 0..<Int(plan.connectors) {
            vehicles[index].react(
                pilot: image.outputs.connectors[index].pilot,
                told: Int(exchange.vehicleCommand.connector) == index
                    ? exchange.vehicleCommand : VehicleCommand(),
                present: closed[index] ? bus : 0, sessions: &sessions, at: now)
        }
    }

    private mutating func moveContactor(_ index: Int) {
        let command = image.outputs.connectors[index].contactorClosed
        guard command != closed[index] else {
            contactorCycles[index] = 0
            return
        }
        contactorCycles[index] += 1
        guard contactorCycles[index] > 2 else { return }
        if command ? !isStuckOpen : !isWelded { closed[index] = command }
    }

    private mutating func moveBolt(_ command: Bolt) {
        boltCycles = command == .unknown || boltIsJammed ? 0 : boltCycles + 1
        if command != .unknown, bolt != command, boltCycles > 20 {
            bolt = command
            boltCycles = 0
        }
        if boltIsForcedFree { bolt = .free }
    }

    private mutating func moveOutput(_ seconds: Double) {
        let order = exchange.order
        let isOn = order.isOn && sourcesAreReady
        let joined = (0..<4).first { closed[$0] && vehicles[$0].isClosed }
        let wanted = isOn ? order.voltage.double + overshoot : 0
        if let joined {
            let goal = isOn ? order.current.double * generosity / 100 : 0
            let slew = isOn ? 1000 * seconds : 25_000 * seconds
            current += min(max(goal - current, -slew), slew)
            current = max(current, stuckCurrent)
            bus = vehicles[joined].battery + current * 0.05 + (isOn ? overshoot : 0)
        } else if isShorted, isOn, closed.contains(true) {
            current = order.current.double
            bus = current * 50
        } else {
            current = 0
            if isOn, !sourcesAreWeak {
                bus += min(max(wanted - bus, -1000 * seconds), 2000 * seconds)
            } else if !staysCharged {
                bus -= bus * min(1, 4 * seconds)
            }
        }
    }

    // MARK: What the drivers would sense

    private mutating func sense() {
        for index in 0..<Int(plan.connectors) {
            var connector = ConnectorInputs()
            var level = vehicles[index].level
            if index == 0, let forcedLevel { level = forcedLevel }
            connector.pilotIsValid = index == 0 ? pilotIsValid : true
            switch image.outputs.connectors[index].pilot {
            case .unavailable:
                connector.pilotHigh = index == 0 ? forcedLevel ?? Volts(-12) : Volts(-12)
                connector.pilotLow = Volts(-12)
            case .steady:
                connector.pilotHigh = level
                connector.pilotLow = level
            case .pwm:
                connector.pilotHigh = level
                connector.pilotLow = Volts(-12)
            }
            connector.contactor = hasNoFeedback ? .unknown : closed[index] ? .closed : .open
            if !dc.connectors[index].hasContactorFeedback { connector.contactor = .unknown }
            if dc.connectors[index].hasOutputVoltage {
                connector.outputVoltage = volts(
                    closed[index] ? bus : vehicles[index].isClosed ? vehicles[index].battery : 0)
            }
            if index == 0 { connector.bolt = bolt }
            connector.temperatures[0] = temperature
            image.inputs.connectors[index] = connector
        }
        image.inputs.busVoltage = dc.hasBusVoltage ? volts(bus + sensorError) : nil
        image.inputs.outputCurrent = currentIsKnown ? amperes(current) : nil
        senseCooling()
        senseDevices()
        if var source = noise {
            scramble(&source)
            noise = source
        }
    }

    /// The liquid takes a while to move.
    private mutating func senseCooling() {
        pumpCycles = image.outputs.pumpRuns && !isFlowBlocked ? pumpCycles + 1 : 0
        guard dc.cooling.isFitted else { return }
        image.inputs.cooling.flow = pumpCycles > 3 ? .good : .bad
        image.inputs.cooling.level = isShortOfCoolant ? .bad : .good
        image.inputs.cooling.temperature = coolant
        image.inputs.cooling.fan = image.outputs.fanRuns && !fanStands ? .good : .bad
    }

    private mutating func senseDevices() {
        var supply = PowerSupply()
        supply.isReady = sourcesAreReady
        supply.isOn = exchange.order.isOn && sourcesAreReady
        supply.voltage = sourcesAreSilent ? nil : volts(bus)
        supply.current = amperes(current)
        supply.maximumVoltage = Volts(1000)
        supply.minimumVoltage = Volts(50)
        supply.maximumCurrent = sourceMaximum
        supply.maximumPower = Watts(200_000)
        supply.reachableCurrent = sourceMaximum
        supply.reachablePower = Watts(200_000)
        supply.sources = 1
        exchange.supply = supply
        let active = Int(exchange.vehicleCommand.connector)
        let vehicle = vehicles[active]
        if now >= exchange.vehicle.at + Milliseconds(100), !vehicle.isSilent {
            exchange.vehicle = vehicle.sample(connector: active, at: now)
        }
        senseInsulation()
        if !meterIsSilent, now >= image.inputs.meter.at + .seconds(1) {
            var sample = MeterSample()
            sample.at = now
            sample.valid = [.current, .voltage]
            sample.voltage[0] = volts(bus)
            sample.current[0] = amperes(current)
            image.inputs.meter = sample
        }
    }

    private mutating func senseInsulation() {
        let command = exchange.insulationCommand
        if command.selfTests != testAsked {
            testAsked = command.selfTests
            testUntil = now + .seconds(1)
        }
        guard dc.hasInsulationMonitor, !monitorIsSilent,
            now >= exchange.insulation.at + Milliseconds(300)
        else { return }
        var sample = InsulationSample()
        sample.at = now
        sample.resistance = resistance
        sample.hasFault = monitorIsFaulty
        sample.isTesting = now < testUntil
        let isOver = now >= testUntil
        sample.selfTestAnswered = isOver ? testAsked : exchange.insulation.selfTestAnswered
        sample.selfTestPassed = !selfTestFails
        exchange.insulation = sample
    }

    private func volts(_ value: Double) -> Volts { Volts(raw: Int32(value * 1000)) }
    private func amperes(_ value: Double) -> Amperes { Amperes(raw: Int32(value * 1000)) }

    private mutating func scramble(_ source: inout SplitMix) {
        for index in 0..<Int(plan.connectors) {
            let level = source.once(in: 6) ? source.within(-14_000...14_000) : 6000
            image.inputs.connectors[index].pilotHigh = Volts(millivolts: Int32(level))
            image.inputs.connectors[index].pilotIsValid = !source.once(in: 16)
            image.inputs.connectors[index].contactor =
                ContactorFeedback(rawValue: UInt8(source.below(3))) ?? .unknown
            image.inputs.connectors[index].outputVoltage =
                source.once(in: 3) ? nil : Volts(Int32(source.within(0...900)))
            image.inputs.connectors[index].bolt =
                Bolt(rawValue: UInt8(source.below(3))) ?? .unknown
        }
        image.inputs.cooling.flow = CoolingSign(rawValue: UInt8(source.below(3))) ?? .absent
        image.inputs.cooling.level = source.once(in: 8) ? .bad : .good
        image.inputs.busVoltage =
            source.once(in: 6) ? nil : Volts(Int32(source.within(-20...1100)))
        image.inputs.outputCurrent =
            source.once(in: 6) ? nil : Amperes(Int32(source.within(-20...300)))
        image.inputs.emergencyStopPressed = source.once(in: 64)
        image.inputs.mainsPresent = !source.once(in: 64)
        exchange.supply.isReady = !source.once(in: 16)
        exchange.supply.maximumCurrent = Amperes(Int32(source.within(0...500)))
        exchange.vehicle.stage = VehicleStage(rawValue: UInt8(source.below(12))) ?? .none
        exchange.vehicle.at = source.once(in: 2) ? now : exchange.vehicle.at
        exchange.vehicle.targetCurrent = Amperes(Int32(source.within(-10...600)))
        exchange.vehicle.targetVoltage = Volts(Int32(source.within(-10...1200)))
        exchange.vehicle.maximumVoltage =
            source.once(in: 4) ? nil : Volts(Int32(source.within(100...1200)))
        exchange.insulation.resistance =
            source.once(in: 4) ? nil : Ohms(Int32(source.within(0...300_000)))
        exchange.insulation.at = source.once(in: 2) ? now : exchange.insulation.at
    }
}
