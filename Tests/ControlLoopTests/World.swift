import ControlLoop
import EVSEModel
import LoopGuarantees

/// A small model of everything around the loop, at the level of the process image: vehicle, cable,
/// bolt, contactor, residual-current device, meter, station process. Virtual time, one call a
/// cycle.
struct World {
    /// How the vehicle behaves.
    enum Vehicle: UInt8, CaseIterable {
        case absent
        /// Connected, never asks.
        case waiting
        /// Asks soon after it sees PWM, stops asking soon after PWM has gone.
        case willing
        /// As willing, and needs ventilation.
        case gassing
        /// Asks whatever the pilot shows.
        case stubborn
        /// Pilot shorted to earth.
        case shorted
    }
    /// What the law under test is not shown, gets wrong, or does wrong; see the mutation tests.
    struct Mutant {
        var plan: (inout EVSEPlan) -> Void = { _ in }
        var context: (inout CycleContext) -> Void = { _ in }
        var inputs: (inout EVSEImage) -> Void = { _ in }
        var outputs: (inout EVSEImage, EVSEImage) -> Void = { _, _ in }
    }

    let plan: EVSEPlan
    let period: Milliseconds
    private var mutant: Mutant?
    private(set) var control: EVSEControl
    /// What the loop saw and did in the last cycle.
    var image = EVSEImage()
    var context = CycleContext()
    var now = Instant(milliseconds: 1_000_000)
    private(set) var startedAt: Instant

    // Vehicle and cable
    var vehicle = Vehicle.absent
    var cable = CableRating.none
    var hasDiode = true
    /// Replaces the pilot's positive level, whatever the vehicle does.
    var forcedLevel: Volts?
    var pilotIsValid = true
    /// Cycles for which the vehicle's pilot reaction waits.
    var reaction = 20
    /// Drawn current as a share of the offered one, in percent.
    var appetite = 95
    private var pwmCycles = 0
    private var steadyCycles = 0
    private(set) var isAsking = false

    // Actuators
    var boltIsJammed = false
    var boltIsForcedFree = false
    var bolt = Bolt.free
    private var boltCycles = 0
    var contactorDelay = 2
    var isWelded = false
    var isStuckOpen = false
    var hasNoFeedback = false
    private(set) var contactorIsClosed = false
    private var contactorCycles = 0
    var phaseContactorIsStuck = false
    private(set) var phaseContactorIsClosed = false
    private var residualCycles = 0
    private var residualLine = false
    var residualIsDead = false
    var isLeaking = false

    // Meter, temperature
    var meterIsSilent = false
    var supply = Volts(230)
    var temperature: Celsius? = Celsius(25)

    // Noise: replaces every input of a cycle
    var noise: SplitMix?
    /// Noise of a few tenths of a volt on the pilot.
    var ripple: SplitMix?

    /// The last cycle, as an onlooker sees it.
    var cycle: LoopCycle {
        LoopCycle(plan: plan, period: period, now: now, image: image, context: context)
    }

    init(plan: EVSEPlan, period: Milliseconds = Milliseconds(10), mutant: Mutant? = nil) {
        self.plan = plan
        self.period = period
        self.mutant = mutant
        control = Self.make(plan, FaultSet(), mutant)
        startedAt = now
        context.stationIsSilent = false
    }

    private static func make(
        _ plan: EVSEPlan, _ latched: FaultSet, _ mutant: Mutant?
    ) -> EVSEControl {
        var plan = plan
        mutant?.plan(&plan)
        return EVSEControl(plan: plan, latched: latched)
    }

    /// The loop process dies and is started again: outputs released meanwhile.
    mutating func restart() {
        let latched = image.status.latched
        control = Self.make(plan, latched, mutant)
        let kept = image
        image = EVSEImage()
        image.targets = kept.targets
        image.status.closings = kept.status.closings
        image.status.latched = latched
        context.starts += 1
        startedAt = now
    }

    /// One cycle of the loop; `late` periods are lost before it.
    mutating func advance(late: Int64 = 0) {
        now = now + Milliseconds(period.count * (1 + late))
        context.cycle += 1
        sense()
        if let mutant {
            var seen = image
            var context = context
            let before = image
            mutant.inputs(&seen)
            mutant.context(&context)
            control.step(&seen, at: now, context: context)
            image.outputs = seen.outputs
            image.status = seen.status
            mutant.outputs(&image, before)
        } else {
            control.step(&image, at: now, context: context)
        }
        act()
    }

    mutating func run(for duration: Milliseconds) {
        let end = now + duration
        while now < end { advance() }
    }

    /// Cycles until a condition holds; `nil` where it did not within the time.
    mutating func wait(
        atMost duration: Milliseconds, until holds: (EVSEImage) -> Bool
    ) -> Milliseconds? {
        let start = now
        while now < start + duration {
            advance()
            if holds(image) { return now - start }
        }
        return nil
    }

    // MARK: What the drivers would sense

    private mutating func sense() {
        if var source = noise {
            scramble(&source)
            noise = source
            return
        }
        let pilot = image.outputs.connectors[0].pilot
        image.inputs.connectors[0].pilotIsValid = pilotIsValid
        var high = level()
        if let forcedLevel { high = forcedLevel }
        if var source = ripple {
            high += Volts(millivolts: Int32(source.within(-400...400)))
            ripple = source
        }
        switch pilot {
        case .unavailable:
            image.inputs.connectors[0].pilotHigh = forcedLevel ?? Volts(-12)
            image.inputs.connectors[0].pilotLow = Volts(-12)
        case .steady:
            image.inputs.connectors[0].pilotHigh = high
            image.inputs.connectors[0].pilotLow = high
        case .pwm:
            image.inputs.connectors[0].pilotHigh = high
            image.inputs.connectors[0].pilotLow =
                hasDiode && vehicle != .shorted ? Volts(-12) : Volts(0) - high
        }
        image.inputs.connectors[0].cable = cable
        image.inputs.connectors[0].bolt = bolt
        image.inputs.connectors[0].temperatures[0] = temperature
        image.inputs.contactor =
            hasNoFeedback ? .unknown : contactorIsClosed ? .closed : .open
        image.inputs.phaseContactor =
            !plan.hasPhaseContactorFeedback ? .unknown : phaseContactorIsClosed ? .closed : .open
        image.inputs.residualCurrentTripped = residualLine || isLeaking
        if !meterIsSilent, now >= image.inputs.meter.at + .seconds(1) {
            var sample = MeterSample()
            sample.at = now
            sample.valid = [.current, .voltage]
            let drawn =
                contactorIsClosed && isAsking
                ? Int64(image.status.offered.raw) * Int64(appetite) / 100 : 0
            sample.current[0] = Amperes(raw: Int32(drawn))
            sample.voltage[0] = supply
            if plan.phases == 3 {
                sample.phases = 3
                for phase in 1...2 {
                    sample.current[phase] =
                        phaseContactorIsClosed ? sample.current[0] : .zero
                    // It measures behind the contactors.
                    sample.voltage[phase] = phaseContactorIsClosed ? supply : .zero
                }
            }
            image.inputs.meter = sample
        }
    }

    private func level() -> Volts {
        switch vehicle {
        case .absent: Volts(12)
        case .waiting: Volts(9)
        case .willing: isAsking ? Volts(6) : Volts(9)
        case .gassing: isAsking ? Volts(3) : Volts(9)
        case .stubborn: Volts(6)
        case .shorted: Volts(0)
        }
    }

    // MARK: What the hardware does with the outputs

    private mutating func act() {
        let outputs = image.outputs
        let pilot = outputs.connectors[0]
        pwmCycles = pilot.pilot == .pwm ? pwmCycles + 1 : 0
        steadyCycles = pilot.pilot == .pwm ? 0 : steadyCycles + 1
        switch vehicle {
        case .willing, .gassing:
            if pwmCycles > reaction { isAsking = true }
            if steadyCycles > reaction { isAsking = false }
        case .stubborn: isAsking = true
        case .absent, .waiting, .shorted: isAsking = false
        }
        moveBolt(pilot.bolt)
        moveContactor(outputs.contactorClosed)
        if !phaseContactorIsStuck { phaseContactorIsClosed = outputs.phaseContactorClosed }
        moveResidual(outputs.residualCurrentTest)
    }

    private mutating func moveBolt(_ command: Bolt) {
        boltCycles = command == .unknown || boltIsJammed ? 0 : boltCycles + 1
        if command != .unknown, bolt != command, boltCycles > 20 {
            bolt = command
            boltCycles = 0
        }
        if boltIsForcedFree { bolt = .free }
    }

    private mutating func moveContactor(_ command: Bool) {
        guard command != contactorIsClosed else {
            contactorCycles = 0
            return
        }
        contactorCycles += 1
        guard contactorCycles > contactorDelay else { return }
        if command ? !isStuckOpen : !isWelded { contactorIsClosed = command }
    }

    private mutating func moveResidual(_ test: Bool) {
        guard test != residualLine else {
            residualCycles = 0
            return
        }
        residualCycles += 1
        if residualCycles > 3, !residualIsDead || !test { residualLine = test }
    }

    private mutating func scramble(_ source: inout SplitMix) {
        for connector in 0..<Int(plan.connectors) {
            // Mostly plausible levels, so that noise also walks through the sequence.
            let level =
                source.once(in: 4)
                ? source.within(-14_000...14_000)
                : source.within(0...5) * 3000 - 3000
            image.inputs.connectors[connector].pilotHigh = Volts(millivolts: Int32(level))
            image.inputs.connectors[connector].pilotLow =
                Volts(millivolts: Int32(source.once(in: 4) ? level : -12_000))
            image.inputs.connectors[connector].pilotIsValid = !source.once(in: 8)
            image.inputs.connectors[connector].cable =
                CableRating(rawValue: UInt8(source.below(7))) ?? .unknown
            image.inputs.connectors[connector].bolt =
                Bolt(rawValue: UInt8(source.below(3))) ?? .unknown
            image.inputs.connectors[connector].temperatures[1] =
                source.once(in: 16) ? Celsius(raw: Int32(source.within(-600...1600))) : nil
        }
        image.inputs.contactor = ContactorFeedback(rawValue: UInt8(source.below(3))) ?? .unknown
        image.inputs.phaseContactor =
            ContactorFeedback(rawValue: UInt8(source.below(3))) ?? .unknown
        image.inputs.residualCurrentTripped = source.once(in: 3)
        image.inputs.emergencyStopPressed = source.once(in: 64)
        image.inputs.mainsPresent = !source.once(in: 64)
        image.inputs.groundPresent = !source.once(in: 64)
        image.inputs.meter.at = source.once(in: 2) ? now : image.inputs.meter.at
        image.inputs.meter.current[0] = Amperes(raw: Int32(source.within(-80_000...80_000)))
    }
}
