/// What a vehicle is and how it behaves; all of it can be changed while it is plugged in.
package struct VehicleModel: Hashable, Sendable {
    package enum Draw: Hashable, Sendable {
        /// What the pilot offers, at most `maxCurrent`.
        case follow
        /// `maxCurrent`, whatever is offered.
        case max
        /// This many amperes per phase, whatever is offered.
        case amperes(Double)
    }
    /// 1...3.
    package var phases = 1
    /// Its charger's rating, A per phase.
    package var maxCurrent = 32.0
    package var batteryWattHours = 60_000.0
    /// Charge at plug-in, 0...1.
    package var stateOfCharge = 0.4
    package var identifier = ""
    /// Wants energy.
    package var isReady = true
    package var needsVentilation = false
    package var draw = Draw.follow
    package var diodeShorted = false
    /// Keeps S2 closed although the pilot offers nothing: must be switched off under load.
    package var holdsS2 = false
    /// Rating of its own cable, A: 13, 20, 32 or 63; 0 is a resistor that no cable has.
    package var cable = 32
    /// How many times faster than real its battery fills.
    package var speed = 1.0
    /// What it is at an outlet of direct current; of the rest, what its battery is counts there too.
    package var directCurrent = DCVehicleModel()
    package init() {}
}

/// A vehicle on a cable: follows the pilot, draws current, fills its battery.
///
/// Sources: IEC 61851-1:2017 Table A.6 (it follows a new duty within 5 s; stops drawing and opens S2
/// within 3 s after the PWM ends). Delays and slopes inside those bounds are `Chosen:` as typical of
/// cars on the road, scattered by the seed.
package struct Vehicle: Hashable, Sendable {
    package var model: VehicleModel
    /// At an outlet of direct current: what charges in the place of all that follows.
    package internal(set) var direct: DCVehicle?
    private var charge: Double
    /// 0…1.
    package var stateOfCharge: Double { direct?.stateOfCharge ?? charge }
    /// S2 is closed: the vehicle asks for energy.
    package private(set) var isS2Closed = false
    /// Drawn now, A per phase.
    package private(set) var current = 0.0

    private var reaction: Double
    private var softStart: Double
    /// The offer it acts on, and one that it has seen and will act on.
    private var acted: Double?
    private var seen: Double?
    private var seenFor = 0.0
    private var wantsFor = 0.0
    private var stopsFor = 0.0
    private var poweredFor = 0.0

    package init(_ model: VehicleModel, noise: inout Noise) {
        self.model = model
        charge = min(max(model.stateOfCharge, 0), 1)
        reaction = noise.between(0.5, 1.2)
        softStart = noise.between(1.0, 1.3)
    }

    package mutating func setStateOfCharge(_ value: Double) {
        charge = min(max(value, 0), 1)
        direct?.stateOfCharge = charge
    }

    package var isFull: Bool { stateOfCharge >= 1 }
    package var load: PilotLoad {
        guard isS2Closed else { return .connected }
        return model.needsVentilation ? .readyWithVentilation : .ready
    }
    /// Power of the battery's charger in watts: full to 80 %, then falling to 3 % at full.
    func batteryPower(voltage: Double) -> Double {
        guard !isFull else { return 0 }
        let full = model.maxCurrent * voltage * Double(model.phases)
        return full * (stateOfCharge <= 0.8 ? 1 : 0.03 + 0.97 * (1 - stateOfCharge) / 0.2)
    }

    /// - Parameters:
    ///   - seconds: since the last step, at most a few hundred milliseconds.
    ///   - voltage: at the inlet, V; 0 while the contactor is open or the mains are off.
    ///   - phases: wired to the outlet.
    package mutating func step(
        _ seconds: Double, signal: PilotSignal, voltage: Double, phases wired: Int
    ) {
        if direct != nil { return sense(signal) }
        follow(signal, seconds)
        switchS2(signal, seconds)
        draw(seconds, voltage: voltage, phases: min(wired, model.phases))
    }

    /// What a DC vehicle sees of the pilot; the world steps it with its circuit.
    private mutating func sense(_ signal: PilotSignal) {
        direct?.sense(signal)
        direct?.isReady = model.isReady
        isS2Closed = direct?.isS2Closed ?? false
    }

    /// A new offer is acted on after the reaction time, the end of every offer at once.
    private mutating func follow(_ signal: PilotSignal, _ seconds: Double) {
        let offered = signal.offered
        if offered != seen {
            seen = offered
            seenFor = 0
        } else {
            seenFor += seconds
        }
        let delay = offered == nil ? 0.2 : (acted == nil ? 0.3 : reaction)
        if seenFor >= delay { acted = seen }
    }

    private mutating func switchS2(_ signal: PilotSignal, _ seconds: Double) {
        let hasOffer = acted != nil || (model.holdsS2 && signal == .steady)
        let wants = model.isReady && !isFull && hasOffer
        if wants {
            stopsFor = 0
            wantsFor += seconds
            if wantsFor >= 0.3 { isS2Closed = true }
        } else {
            wantsFor = 0
            stopsFor += seconds
            // It ends its load first, so that S2 opens without current.
            if current < 0.5 && stopsFor >= 0.2 || stopsFor >= 2.5 { isS2Closed = false }
        }
        if signal == .none || signal == .unavailable { isS2Closed = false }
    }

    private mutating func draw(_ seconds: Double, voltage: Double, phases: Int) {
        guard voltage > 50, phases > 0 else {
            current = 0
            poweredFor = 0
            return
        }
        poweredFor += seconds
        let target = isS2Closed && stopsFor == 0 && poweredFor >= softStart ? wanted(voltage) : 0
        if target > current {
            current = min(target, current + max(8, model.maxCurrent / 3) * seconds)
        } else {
            current = max(target, current - max(24, model.maxCurrent) * seconds)
        }
        let power = current * voltage * Double(phases)
        if model.batteryWattHours > 0 {
            charge = min(
                1, charge + power * seconds * model.speed / 3600 / model.batteryWattHours)
        }
    }

    private func wanted(_ voltage: Double) -> Double {
        let battery = batteryPower(voltage: voltage) / voltage / Double(max(1, model.phases))
        switch model.draw {
        case .follow: return min(min(acted ?? 0, model.maxCurrent), battery)
        case .max: return min(model.maxCurrent, battery)
        case .amperes(let amperes): return amperes
        }
    }
}
