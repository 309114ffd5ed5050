import ControlLoop
import EVSEModel
import LoopGuarantees

/// A random but plain-to-read course of events: a plan, and what happens when.
struct Script: Sendable {
    var plan: PlanVariant
    var steps: [Step]

    /// One event, and for how long the world then runs on.
    struct Step: Sendable, CustomStringConvertible {
        var event: Event
        /// Cycles after the event.
        var cycles: Int
        var description: String { "\(event) for \(cycles) cycles" }
    }

    enum Event: Sendable {
        case plug(CableRating, World.Vehicle)
        case unplug
        case vehicle(World.Vehicle)
        case grant(Amperes)
        case revoke
        case limit(Amperes)
        case available(Bool)
        case holdPlug(Bool)
        case requestUnlock
        case requestClear
        case repairAll
        case level(Volts?)
        case pilotValid(Bool)
        case diode(Bool)
        case cable(CableRating)
        case jam(Bool)
        case boltFree(Bool)
        case weld(Bool)
        case stuckOpen(Bool)
        case feedback(Bool)
        case leak(Bool)
        case deadDetector
        case emergencyStop(Bool)
        case mains(Bool)
        case ground(Bool)
        case enclosure(Bool)
        case tilt(Bool)
        case water(Bool)
        case temperature(Celsius?)
        case appetite(Int)
        case supply(Volts)
        case meterSilent(Bool)
        case stationSilent(Bool)
        case missed(Int32)
        case groupShare(Amperes, LimitCause)
        case phases(UInt8)
        /// What is free on all phases, and on L1 alone.
        case room(Amperes, Amperes)
        case phaseContactorStuck(Bool)
        case restart
        /// Every input random, cycle by cycle.
        case noise(UInt64)
        /// Ripple on the pilot and late cycles.
        case ripple(UInt64)
    }

    /// Plans differ in what is fitted, in period and in times; short times reach more in a run.
    struct PlanVariant: Sendable {
        var seed: UInt64
        var period: Milliseconds
        var plan: EVSEPlan

        init(seed: UInt64) {
            self.seed = seed
            var random = SplitMix(seed: seed)
            period = Milliseconds([10, 10, 10, 10, 5, 20, 50][random.below(7)])
            plan = EVSEPlan()
            if random.once(in: 5) { plan.lockMask = 0 }
            if random.once(in: 6) { plan.proximityMask = 0 }
            if random.once(in: 6) { plan.hasContactorFeedback = false }
            if random.once(in: 6) { plan.hasResidualCurrentDevice = false }
            if random.once(in: 5) { plan.hasMeter = false }
            if random.once(in: 3) { plan.hasVentilation = true }
            if random.once(in: 4) { plan.safeLimit = .zero }
            if random.once(in: 3) { plan.rating = Amperes(Int32(random.within(6...80))) }
            if random.once(in: 5) { plan.phaseLimit = Amperes(Int32(random.within(6...40))) }
            if random.once(in: 3) {
                plan.phases = 3
                plan.hasPhaseContactor = true
                plan.hasPhaseContactorFeedback = !random.once(in: 3)
                plan.phasePause = Milliseconds(Int64(random.within(500...2000)))
                plan.phaseInterval = Milliseconds(Int64(random.within(1000...4000)))
                plan.phaseDownDwell = Milliseconds(Int64(random.within(200...1000)))
                plan.phaseUpDwell = Milliseconds(Int64(random.within(200...2000)))
                plan.phaseChangesPerDay = Int32(random.within(4...40))
            }
            if !random.once(in: 8) {
                plan.safeHold = Milliseconds(Int64(random.within(500...3000)))
                plan.closingInterval = Milliseconds(Int64(random.within(500...3000)))
                plan.residualCurrentRetry = Milliseconds(Int64(random.within(500...5000)))
                plan.dutyInterval = Milliseconds(Int64(random.within(500...5000)))
                plan.stopTimeout = Milliseconds(Int64(random.within(500...6000)))
                plan.meterMaxAge = Milliseconds(Int64(random.within(1500...3000)))
                plan.overCurrentGrace = Milliseconds(Int64(random.within(2000...7000)))
                plan.closeDebounce = Milliseconds(Int64(random.within(100...500)))
                plan.strokeTime = Milliseconds(Int64(random.within(300...700)))
                plan.contactorTimeout = Milliseconds(Int64(random.within(150...400)))
            }
            // The cable and bolt model move by cycles: leave them room at long periods.
            plan.strokeTime = max(plan.strokeTime, Milliseconds(period.count * 30))
            plan.contactorTimeout = max(plan.contactorTimeout, Milliseconds(period.count * 12))
            plan.selfTestTimeout = max(plan.selfTestTimeout, Milliseconds(period.count * 12))
            plan.pilotDebounce = max(plan.pilotDebounce, Milliseconds(period.count * 2))
            plan.unplugDebounce = max(plan.unplugDebounce, Milliseconds(period.count * 2))
        }
    }

    /// A random script: mostly ordinary sessions, each disturbed somewhere.
    init(seed: UInt64, length: Int) {
        var random = SplitMix(seed: seed)
        plan = PlanVariant(seed: random.next())
        steps = []
        while steps.count < length {
            Self.session(&random, &steps)
            for _ in 0..<random.within(1...4) {
                if random.once(in: 4) {
                    Self.incident(&random, &steps)
                } else {
                    steps.append(
                        Step(event: Self.event(&random), cycles: Self.cycles(&random)))
                }
            }
        }
    }

    private static func cycles(_ random: inout SplitMix) -> Int {
        switch random.below(4) {
        case 0: random.within(0...3)
        case 1: random.within(1...30)
        default: random.within(10...300)
        }
    }

    /// All repaired, a willing vehicle plugged in and granted: what reaches charging.
    private static func session(_ random: inout SplitMix, _ steps: inout [Step]) {
        let cables: [CableRating] = [.amperes13, .amperes20, .amperes32, .amperes32, .amperes63]
        let vehicles: [World.Vehicle] = [.willing, .willing, .willing, .gassing, .stubborn]
        if !random.once(in: 3) {
            steps.append(Step(event: .repairAll, cycles: 2))
            steps.append(Step(event: .revoke, cycles: 3))
            steps.append(Step(event: .unplug, cycles: random.within(10...60)))
        }
        steps.append(Step(event: .repairAll, cycles: random.within(0...60)))
        steps.append(
            Step(
                event: .plug(cables[random.below(5)], vehicles[random.below(5)]),
                cycles: random.within(5...50)))
        switch random.below(12) {
        case 0: steps.append(Step(event: .stuckOpen(true), cycles: 1))
        case 1: steps.append(Step(event: .deadDetector, cycles: 1))
        case 2...4: steps.append(Step(event: event(&random), cycles: 1))
        default: break
        }
        steps.append(
            Step(event: .grant(current(&random)), cycles: random.within(100...350)))
    }

    /// What single events seldom add up to.
    private static func incident(_ random: inout SplitMix, _ steps: inout [Step]) {
        switch random.below(12) {
        case 10:
            // The station is silent when the loop starts anew.
            steps.append(Step(event: .stationSilent(true), cycles: random.within(1...20)))
            steps.append(Step(event: .restart, cycles: random.within(20...100)))
        case 11:
            steps.append(Step(event: .feedback(false), cycles: random.within(60...300)))
        case 7:
            steps.append(Step(event: .phaseContactorStuck(true), cycles: 1))
            steps.append(Step(event: .phases(1), cycles: random.within(300...900)))
        case 8:
            steps.append(
                Step(
                    event: .missed(Int32(random.within(10...20))), cycles: random.within(300...900))
            )
        case 9:
            let share = Amperes(Int32(random.within(4...12)))
            let causes: [LimitCause] = [.groupShare, .houseLimit, .dimming, .externalLimit]
            steps.append(
                Step(
                    event: .groupShare(share, causes[random.below(4)]),
                    cycles: random.within(50...300)))
        case 5:
            let hot = Celsius(Int32(random.within(83...95)))
            steps.append(Step(event: .temperature(hot), cycles: random.within(5...50)))
        case 0:
            steps.append(Step(event: .jam(true), cycles: 1))
            steps.append(Step(event: .revoke, cycles: random.within(300...700)))
        case 1:
            let appetite = random.within(140...250)
            steps.append(Step(event: .appetite(appetite), cycles: random.within(300...1000)))
        case 2:
            steps.append(Step(event: .vehicle(.gassing), cycles: random.within(10...60)))
        case 3:
            steps.append(Step(event: .weld(true), cycles: random.within(0...10)))
            steps.append(Step(event: .vehicle(.waiting), cycles: random.within(10...80)))
            let next: Event = random.once(in: 2) ? .restart : .requestClear
            steps.append(Step(event: next, cycles: random.within(5...80)))
        case 4:
            steps.append(Step(event: .stationSilent(true), cycles: random.within(200...900)))
        default:
            steps.append(Step(event: .meterSilent(true), cycles: random.within(300...1200)))
        }
    }

    private static func current(_ random: inout SplitMix) -> Amperes {
        switch random.below(6) {
        case 0: Amperes(milliamperes: Int32(random.within(-1000...6500)))
        case 1: Amperes(Int32(random.within(6...80)))
        default: Amperes(milliamperes: Int32(random.within(6000...40_000)))
        }
    }

    private static func event(_ random: inout SplitMix) -> Event {
        let on = !random.once(in: 3)
        return switch random.below(47) {
        case 0: .unplug
        case 1: .vehicle(World.Vehicle.allCases[random.below(World.Vehicle.allCases.count)])
        case 2, 3: .limit(current(&random))
        case 4: .revoke
        case 5: .grant(current(&random))
        case 6: .available(!on)
        case 7: .holdPlug(on)
        case 8: .requestUnlock
        case 9: .requestClear
        case 10, 11: .repairAll
        case 12: .level(on ? Volts(millivolts: Int32(random.within(-14_000...14_000))) : nil)
        case 13: .pilotValid(!on)
        case 14: .diode(!on)
        case 15: .cable(CableRating(rawValue: UInt8(random.below(7))) ?? .none)
        case 16: .jam(on)
        case 17: .boltFree(on)
        case 18: .weld(on)
        case 19: .stuckOpen(on)
        case 20: .feedback(!on)
        case 21: .leak(on)
        case 22: random.once(in: 3) ? .deadDetector : .leak(false)
        case 23: .emergencyStop(on)
        case 24: .mains(!on)
        case 25: .ground(!on)
        case 26: .enclosure(on)
        case 27: .tilt(on)
        case 28: .water(on)
        case 29, 30:
            .temperature(
                on ? Celsius(Int32(random.within(40...95))) : random.once(in: 2) ? nil : Celsius(20)
            )
        case 31: .appetite(random.within(50...250))
        case 32: .meterSilent(on)
        case 33: .stationSilent(on)
        case 34: .missed(on ? Int32(random.within(5...20)) : 0)
        case 35:
            .groupShare(
                on ? current(&random) : Amperes(raw: .max),
                [.groupShare, .houseLimit, .dimming, .externalLimit][random.below(4)])
        case 36: .restart
        case 37: .noise(random.next())
        case 38: .weld(true)
        case 39: .requestClear
        case 42, 43: .phases(UInt8(random.below(4)))
        case 44, 45:
            .room(
                on ? Amperes(Int32(random.within(0...12))) : Amperes(raw: .max),
                on ? Amperes(Int32(random.within(4...32))) : Amperes(raw: .max))
        case 46: .phaseContactorStuck(on)
        case 40: .supply(on ? Volts(Int32(random.within(0...300))) : Volts(230))
        default: .ripple(random.next())
        }
    }
}

extension World {
    /// Makes an event happen.
    mutating func apply(_ event: Script.Event) {
        noise = nil
        switch event {
        case .plug(let rating, let newVehicle):
            cable = rating
            vehicle = newVehicle
        case .unplug:
            cable = .none
            vehicle = .absent
        case .vehicle(let newVehicle): vehicle = newVehicle
        case .grant(let limit):
            image.targets.energyGranted = true
            image.targets.limit = limit
        case .revoke: image.targets.energyGranted = false
        case .limit(let limit): image.targets.limit = limit
        case .available(let value): image.targets.available = value
        case .holdPlug(let value): image.targets.holdPlug = value
        case .requestUnlock: image.targets.unlockRequests &+= 1
        case .requestClear: image.targets.clearRequests &+= 1
        case .repairAll: repair()
        case .level(let level): forcedLevel = level
        case .pilotValid(let value): pilotIsValid = value
        case .diode(let value): hasDiode = value
        case .cable(let rating): cable = rating
        case .jam(let value): boltIsJammed = value
        case .boltFree(let value): boltIsForcedFree = value
        case .weld(let value): isWelded = value
        case .stuckOpen(let value): isStuckOpen = value
        case .feedback(let value): hasNoFeedback = !value
        case .leak(let value): isLeaking = value
        case .deadDetector: residualIsDead = true
        case .emergencyStop(let value): image.inputs.emergencyStopPressed = value
        case .mains(let value): image.inputs.mainsPresent = value
        case .ground(let value): image.inputs.groundPresent = value
        case .enclosure(let value): image.inputs.enclosureOpen = value
        case .tilt(let value): image.inputs.tilted = value
        case .water(let value): image.inputs.waterDetected = value
        case .temperature(let value): temperature = value
        case .appetite(let value): appetite = value
        case .supply(let value): supply = value
        case .meterSilent(let value): meterIsSilent = value
        case .stationSilent(let value): context.stationIsSilent = value
        case .missed(let count): context.missedInWindow = count
        case .groupShare(let share, let cause):
            context.groupShare = share
            context.shareCause = cause
        case .phases(let count): image.targets.phases = count
        case .room(let all, let one):
            context.roomOnAllPhases = all
            context.roomOnOnePhase = one
        case .phaseContactorStuck(let value): phaseContactorIsStuck = value
        case .restart: restart()
        case .noise(let seed): noise = SplitMix(seed: seed)
        case .ripple(let seed): ripple = SplitMix(seed: seed)
        }
    }

    private mutating func repair() {
        let inputs = image.inputs
        image.inputs = EVSEInputs()
        image.inputs.meter = inputs.meter
        forcedLevel = nil
        pilotIsValid = true
        hasDiode = true
        boltIsJammed = false
        boltIsForcedFree = false
        isWelded = false
        isStuckOpen = false
        hasNoFeedback = false
        residualIsDead = false
        isLeaking = false
        temperature = Celsius(25)
        appetite = 95
        supply = Volts(230)
        meterIsSilent = false
        context.stationIsSilent = false
        context.missedInWindow = 0
        context.groupShare = Amperes(raw: .max)
        context.roomOnAllPhases = Amperes(raw: .max)
        context.roomOnOnePhase = Amperes(raw: .max)
        phaseContactorIsStuck = false
        ripple = nil
        image.targets.available = true
        if !image.status.latched.isEmpty { image.targets.clearRequests &+= 1 }
    }
}
