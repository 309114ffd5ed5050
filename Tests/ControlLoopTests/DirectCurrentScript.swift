import ControlLoop
import EVSEModel
import LoopGuarantees

/// A random but plain-to-read course of events at a DC EVSE: a plan, and what happens when.
struct DCScript: Sendable {
    var seed: UInt64
    var steps: [Step]

    struct Step: Sendable, CustomStringConvertible {
        var event: Event
        /// Cycles after the event.
        var cycles: Int
        var description: String { "\(event) for \(cycles) cycles" }
    }

    enum Event: Sendable {
        case plug(Int, Double), unplug(Int), grant(Amperes), revoke, limit(Amperes)
        case power(Watts), available(Bool), unlock, clear, repair, nothing
        case full(Bool), greedy(Amperes), silent(Bool), error(Bool), stays(VehicleStage?)
        case vehicleLimits(Volts?, Amperes?, Watts?), stuckClosed
        case level(Volts?), pilotValid(Bool)
        case ready(Bool), sourcesSilent(Bool), weak(Bool), sourceMaximum(Amperes)
        case overshoot(Double), generosity(Double), charged(Bool), shorted(Bool)
        case sensorError(Double), currentKnown(Bool), stuck(Double)
        case weld(Bool), stuckOpen(Bool), feedback(Bool), jam(Bool), boltFree(Bool)
        case resistance(Ohms), monitorSilent(Bool), monitorFaulty(Bool), selfTest(Bool)
        case meterSilent(Bool), temperature(Celsius?), enclosure(Celsius?)
        case emergency(Bool), mains(Bool), ground(Bool), door(Bool), tilt(Bool), water(Bool)
        case stationSilent(Bool), missed(Int32), share(Amperes), connector(UInt8)
        case blocked(Bool), shortOfCoolant(Bool), coolant(Celsius?), fanStands(Bool)
        case restart, noise(UInt64)
        /// The busbar has this many volts before anything is ordered, and keeps them.
        case live(Double)
        /// Plugs in a vehicle that says that it stands less than its battery has: precharge never matches.
        case plugLow(Double)
    }

    init(seed: UInt64, length: Int) {
        self.seed = seed
        var random = SplitMix(seed: seed &+ 1)
        steps = []
        if random.once(in: 4) {
            steps.append(Step(event: .stationSilent(true), cycles: 20))
            steps.append(Step(event: .stationSilent(false), cycles: 1))
        }
        while steps.count < length { Self.append(&steps, &random) }
    }

    /// Plans differ in what is fitted, in period and in times; short times reach more in a run.
    var plans: (plan: EVSEPlan, dc: DCPlan, period: Milliseconds) {
        var random = SplitMix(seed: seed)
        var plan = DCWorld.plan
        var dc = DCWorld.dc
        let period = Milliseconds([10, 10, 10, 5, 20, 50][random.below(6)])
        if random.once(in: 3) { plan.lockMask = 1 }
        if random.once(in: 3) { plan.connectors = 2 }
        if random.once(in: 4) { plan.hasMeter = false }
        if random.once(in: 4) { plan.safeLimit = .zero }
        plan.safeHold = Milliseconds(Int64(random.within(500...3000)))
        plan.meterMaxAge = Milliseconds(Int64(random.within(1500...4000)))
        if random.once(in: 4) { dc.hasBusVoltage = false }
        if random.once(in: 4) { dc.hasInsulationMonitor = false }
        if random.once(in: 3) { dc.hasInsulationSelfTest = false }
        for index in 0..<4 {
            if random.once(in: 5) { dc.connectors[index].hasContactorFeedback = false }
            if random.once(in: 3) { dc.connectors[index].hasOutputVoltage = false }
        }
        if random.once(in: 3) { dc.maximumCurrent = Amperes(Int32(random.within(50...600))) }
        if random.once(in: 3) { dc.maximumPower = Watts(Int64(random.within(20_000...400_000))) }
        if random.once(in: 3) { dc.maximumVoltage = Volts(Int32(random.within(450...1000))) }
        if random.once(in: 3) {
            dc.connectors[0].maximumCurrent = Amperes(Int32(random.within(60...500)))
        }
        // Fast, so that a run reaches the transfer many times.
        dc.riseRate = Amperes(Int32(random.within(20...400)))
        dc.fallRate = Amperes(Int32(random.within(100...500)))
        dc.insulationSamples = Int32(random.within(1...3))
        dc.insulationTimeout = Milliseconds(Int64(random.within(800...2000)))
        dc.insulationMaxAge = Milliseconds(Int64(random.within(1000...3000)))
        dc.dischargeTimeout = Milliseconds(Int64(random.within(1500...4000)))
        dc.cableCheckRise = Milliseconds(Int64(random.within(1000...3000)))
        dc.contactorTimeout = Milliseconds(Int64(random.within(300...1500)))
        dc.stopTimeout = Milliseconds(Int64(random.within(2000...6000)))
        dc.voltageSpreadGrace = Milliseconds(Int64(random.within(500...4000)))
        dc.weldTimeout = Milliseconds(Int64(random.within(300...1500)))
        dc.preChargeTimeout = Milliseconds(Int64(random.within(800...2000)))
        dc.selfTestTimeout = Milliseconds(Int64(random.within(1500...3000)))
        dc.insulationGrace = Milliseconds(Int64(random.within(200...1000)))
        dc.overCurrentGrace = Milliseconds(Int64(random.within(300...1000)))
        dc.sourceMaxAge = Milliseconds(Int64(random.within(300...1500)))
        dc.sourceStart = Milliseconds(Int64(random.within(1000...4000)))
        cool(&dc, &random)
        return (plan, dc, period)
    }

    private func cool(_ dc: inout DCPlan, _ random: inout SplitMix) {
        dc.cooling.isFitted = random.once(in: 2)
        dc.cooling.hasFan = random.once(in: 2)
        dc.cooling.startTime = Milliseconds(Int64(random.within(300...1000)))
        dc.cooling.grace = Milliseconds(Int64(random.within(100...500)))
        dc.cooling.afterRun = Milliseconds(Int64(random.within(0...3000)))
        dc.cooling.retry = Milliseconds(Int64(random.within(1000...4000)))
        dc.cooling.fanRun = Milliseconds(Int64(random.within(0...2000)))
        if random.once(in: 2) {
            dc.connectors[0].uncooledCurrent = Amperes(Int32(random.within(5...150)))
        }
        guard random.once(in: 3) else { return }
        var curve = DeratingCurve()
        curve.append(DeratingPoint(Celsius(50), share: Percent(100)))
        curve.append(DeratingPoint(Celsius(65), share: Percent(Int32(random.within(40...95)))))
        curve.append(DeratingPoint(Celsius(80), share: Percent(Int32(random.within(20...40)))))
        curve.append(DeratingPoint(Celsius(88), current: Amperes(5)))
        dc.connectors[0].derating = curve
    }

    private static func append(_ steps: inout [Step], _ random: inout SplitMix) {
        func add(_ event: Event, _ cycles: Int) {
            steps.append(Step(event: event, cycles: cycles))
        }
        switch random.below(10) {
        case 0...4:
            // A session that gets some way, and an incident in it.
            add(.repair, 20)
            add(.unplug(0), random.within(120...200))
            add(.grant(Amperes(Int32(random.within(20...500)))), random.within(0...10))
            if random.once(in: 3) { add(incident(&random), 1) }
            if random.once(in: 12) {
                add(.plugLow(Double(random.within(280...430))), random.within(800...1500))
                break
            }
            if random.once(in: 12) { add(.live(Double(random.within(100...380))), 5) }
            add(.plug(0, Double(random.within(200...430))), random.within(100...900))
            add(incident(&random), random.within(1...300))
            if random.once(in: 2) { add(incident(&random), random.within(1...300)) }
        case 5:
            add(.plug(random.below(2), Double(random.within(100...800))), random.within(1...300))
        case 6: add(.unplug(random.below(2)), random.within(1...200))
        case 7: add(.noise(random.next()), random.within(1...200))
        default: add(incident(&random), random.within(1...200))
        }
    }

    private static func incident(_ random: inout SplitMix) -> Event {
        let on = !random.once(in: 3)
        return switch random.below(64) {
        case 0, 1: .revoke
        case 2: .limit(Amperes(Int32(random.within(0...400))))
        case 3: .power(Watts(Int64(random.within(0...200_000))))
        case 4: .available(!on)
        case 5: .unlock
        case 6: .clear
        case 7: .full(on)
        case 8: .greedy(Amperes(Int32(random.within(-5...700))))
        case 9: .silent(on)
        case 10: .error(on)
        case 11: .stays(VehicleStage(rawValue: UInt8(random.below(12))))
        case 12:
            .vehicleLimits(
                random.once(in: 4) ? nil : Volts(Int32(random.within(300...1100))),
                random.once(in: 4) ? nil : Amperes(Int32(random.within(0...500))),
                random.once(in: 2) ? nil : Watts(Int64(random.within(0...200_000))))
        case 13: .stuckClosed
        case 14: .level(on ? Volts(millivolts: Int32(random.within(-14_000...14_000))) : nil)
        case 15: .pilotValid(!on)
        case 16: .ready(!on)
        case 17: .sourcesSilent(on)
        case 18: .weak(on)
        case 19: .sourceMaximum(Amperes(Int32(random.within(0...400))))
        case 20: .overshoot(Double(random.within(0...400)))
        case 21: .generosity(Double(random.within(50...200)))
        case 22: .charged(on)
        case 23: .shorted(on)
        case 24: .sensorError(Double(random.within(-200...200)))
        case 25: .currentKnown(!on)
        case 26: .weld(on)
        case 27: .stuckOpen(on)
        case 28: .feedback(!on)
        case 29: .jam(on)
        case 30: .boltFree(on)
        case 31, 32: .resistance(Ohms(Int32(random.within(0...200_000))))
        case 33: .monitorSilent(on)
        case 34: .monitorFaulty(on)
        case 35: .selfTest(!on)
        case 36: .meterSilent(on)
        case 37, 61, 62:
            .temperature(random.once(in: 8) ? nil : Celsius(Int32(random.within(20...110))))
        case 38: .enclosure(random.once(in: 4) ? nil : Celsius(Int32(random.within(20...100))))
        case 39, 40: .emergency(on)
        case 41: .mains(!on)
        case 42: .ground(!on)
        case 43: .door(on)
        case 44: .tilt(on)
        case 45: .water(on)
        case 46: .stationSilent(on)
        case 47: .missed(on ? 20 : 0)
        case 48: .share(on ? Amperes(Int32(random.within(0...200))) : Amperes(raw: .max))
        case 49: .connector(UInt8(random.below(3)))
        case 50, 51: .restart
        case 52...55: .stuck(on ? Double(random.within(1...60)) : 0)
        case 56, 57: .blocked(on)
        case 58: .shortOfCoolant(on)
        case 59: .coolant(random.once(in: 4) ? nil : Celsius(Int32(random.within(20...90))))
        case 60: .fanStands(on)
        default: .noise(random.next())
        }
    }
}

extension DCWorld {
    /// Makes an event happen.
    mutating func apply(_ event: DCScript.Event) {
        noise = nil
        switch event {
        case .nothing: break
        case .plug(let index, let battery):
            vehicles[index] = DCTestVehicle()
            vehicles[index].isPlugged = true
            vehicles[index].battery = battery
            vehicles[index].maximumVoltage = Volts(Int32(battery) + 60)
        case .plugLow(let battery):
            apply(.plug(0, battery))
            vehicles[0].maximumVoltage = Volts(Int32(battery) - 60)
        case .live(let volts): charge(to: volts)
        case .unplug(let index): vehicles[index].unplug()
        case .grant(let limit): grant(limit: limit)
        case .revoke: image.targets.energyGranted = false
        case .limit(let limit): image.targets.limit = limit
        case .power(let power): image.targets.powerLimit = power
        case .available(let value): image.targets.available = value
        case .unlock: image.targets.unlockRequests &+= 1
        case .clear: image.targets.clearRequests &+= 1
        case .repair: repair()
        case .full(let value): vehicles[0].isFull = value
        case .greedy(let wish):
            vehicles[0].isGreedy = true
            vehicles[0].wishes = wish
        case .silent(let value): vehicles[0].isSilent = value
        case .error(let value): vehicles[0].hasError = value
        case .stays(let stage): vehicles[0].staysAt = stage
        case .vehicleLimits(let voltage, let current, let power):
            vehicles[0].maximumVoltage = voltage
            vehicles[0].maximumCurrent = current
            vehicles[0].maximumPower = power
        case .stuckClosed: vehicles[0].isStuckClosed = true
        case .level(let level): forcedLevel = level
        case .pilotValid(let value): pilotIsValid = value
        case .connector(let index): image.targets.connector = index
        case .stationSilent(let value): context.stationIsSilent = value
        case .missed(let count): context.missedInWindow = count
        case .share(let share): context.groupShare = share
        case .restart: restart()
        case .noise(let seed): noise = SplitMix(seed: seed)
        default: applyToHardware(event)
        }
    }

    private mutating func applyToHardware(_ event: DCScript.Event) {
        switch event {
        case .ready(let value): sourcesAreReady = value
        case .sourcesSilent(let value): sourcesAreSilent = value
        case .weak(let value): sourcesAreWeak = value
        case .sourceMaximum(let value): sourceMaximum = value
        case .overshoot(let value): overshoot = value
        case .stuck(let value): stuckCurrent = value
        case .generosity(let value): generosity = value
        case .charged(let value): staysCharged = value
        case .shorted(let value): isShorted = value
        case .sensorError(let value): sensorError = value
        case .currentKnown(let value): currentIsKnown = value
        case .weld(let value): isWelded = value
        case .stuckOpen(let value): isStuckOpen = value
        case .feedback(let value): hasNoFeedback = !value
        case .jam(let value): boltIsJammed = value
        case .boltFree(let value): boltIsForcedFree = value
        case .resistance(let value): resistance = value
        case .monitorSilent(let value): monitorIsSilent = value
        case .monitorFaulty(let value): monitorIsFaulty = value
        case .selfTest(let value): selfTestFails = !value
        case .meterSilent(let value): meterIsSilent = value
        case .temperature(let value): temperature = value
        case .enclosure(let value): image.inputs.enclosureTemperature = value
        case .blocked(let value): isFlowBlocked = value
        case .shortOfCoolant(let value): isShortOfCoolant = value
        case .coolant(let value): coolant = value
        case .fanStands(let value): fanStands = value
        case .emergency(let value): image.inputs.emergencyStopPressed = value
        case .mains(let value): image.inputs.mainsPresent = value
        case .ground(let value): image.inputs.groundPresent = value
        case .door(let value): image.inputs.enclosureOpen = value
        case .tilt(let value): image.inputs.tilted = value
        case .water(let value): image.inputs.waterDetected = value
        default: break
        }
    }

    private mutating func repair() {
        let meter = image.inputs.meter
        image.inputs = EVSEInputs()
        image.inputs.meter = meter
        image.inputs.enclosureTemperature = Celsius(30)
        forcedLevel = nil
        pilotIsValid = true
        generosity = 100
        overshoot = 0
        stuckCurrent = 0
        staysCharged = false
        isShorted = false
        sourcesAreReady = true
        sourcesAreSilent = false
        sourcesAreWeak = false
        sourceMaximum = Amperes(400)
        sensorError = 0
        currentIsKnown = true
        isWelded = false
        isStuckOpen = false
        hasNoFeedback = false
        boltIsJammed = false
        boltIsForcedFree = false
        resistance = Ohms(1_000_000)
        monitorIsSilent = false
        monitorIsFaulty = false
        selfTestFails = false
        meterIsSilent = false
        temperature = Celsius(25)
        isFlowBlocked = false
        isShortOfCoolant = false
        coolant = Celsius(30)
        fanStands = false
        for index in 0..<4 { vehicles[index].unplug() }
        context.stationIsSilent = false
        context.missedInWindow = 0
        context.groupShare = Amperes(raw: .max)
        image.targets.available = true
        image.targets.energyGranted = false
        image.targets.powerLimit = Watts(raw: .max)
        image.targets.connector = 0
        if !image.status.latched.isEmpty { image.targets.clearRequests &+= 1 }
    }
}
