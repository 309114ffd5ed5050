import EVSEModel

/// One outlet or cable: what is plugged, the bolt, the pilot, the heat.
package struct ConnectorWorld: Hashable, Sendable {
    package let plan: PlantPlan.Connector
    /// `EVSE/connector`.
    package let name: String
    package internal(set) var vehicle: Vehicle?
    /// Rating of the cable in the socket outlet, A; 0 is a resistor that no cable has.
    package internal(set) var cable: Int?
    package internal(set) var lock: LockModel?
    package internal(set) var temperatures: [ThermalModel]
    /// The pilot at the station, without noise.
    package private(set) var circuit = PilotCircuit(signal: .unavailable, load: .absent)
    /// What the station puts out.
    package private(set) var output = PilotSignal.unavailable
    package private(set) var pilotFaults = DeviceFaults()
    /// What an EVSE controller puts out in the place of the board.
    var ownedSignal: PilotSignal?
    var proximityFaults = DeviceFaults()
    var lockFaults = DeviceFaults()
    var temperatureFaults: [DeviceFaults]
    /// It is an outlet of direct current; and nobody but the vehicle's communication device works its pilot.
    let isDirect: Bool
    let isPilotOwnedByLink: Bool
    /// The plug makes proximity before the pilot: seconds until the pilot's contact.
    private var contactsIn = 0.0
    /// The cable stays in the outlet after the vehicle left.
    private var leavesCable = false
    private var freeFor = 0.0
    /// The cable left the outlet by itself after the vehicle was unplugged.
    private(set) var wasTakenOut = false

    init(_ plan: PlantPlan.Connector, evse: Int) {
        self.plan = plan
        name = "\(evse)/\(plan.number)"
        isDirect = plan.directCurrent != nil
        isPilotOwnedByLink = isDirect && plan.pilot == nil
        lock = plan.lock.map(LockModel.init)
        let rated = plan.directCurrent?.maximumCurrent.double ?? 32
        temperatures = plan.temperatures.map { ThermalModel($0, ratedCurrent: rated) }
        temperatureFaults = Array(repeating: DeviceFaults(), count: plan.temperatures.count)
    }

    package var hasVehicle: Bool { vehicle != nil }
    /// A per phase, now; none at an outlet of direct current.
    package var current: Double { vehicle?.current ?? 0 }
    /// Through the contactors of an outlet of direct current, A.
    package internal(set) var directCurrent = 0.0
    /// Its cable needs no liquid, or has one that flows.
    var isCooled = true
    /// Either.
    package var drawn: Double { isDirect ? directCurrent : current }
    package var asksForEnergy: Bool { circuit.state == .c || circuit.state == .d }

    mutating func setPilotFaults(_ faults: DeviceFaults) { pilotFaults = faults }

    /// - Parameter session: the last that its EVSE had, of direct current.
    mutating func plug(_ vehicle: Vehicle, place: Int = 0, session: UInt32 = 0) {
        self.vehicle = vehicle
        if plan.directCurrent != nil {
            self.vehicle?.direct = DCVehicle(
                vehicle.model, connector: UInt8(clamping: place), session: session)
        }
        if !plan.hasFixedCable, cable == nil { cable = vehicle.model.cable }
        wasTakenOut = false
        // Chosen: the longer proximity and earth contacts lead by this much in a brisk hand.
        contactsIn = 0.03
    }
    /// - Parameter leavingCable: the cable stays in the outlet until ``removeCable()``.
    mutating func pullAtVehicle(leavingCable: Bool) {
        vehicle = nil
        leavesCable = leavingCable
        freeFor = 0
    }
    mutating func removeCable() {
        vehicle = nil
        cable = nil
    }

    /// One step: outputs in, physics, inputs out.
    /// - Returns: what the vehicle drew when it ceased to ask for energy in this step.
    mutating func step<Chip: ChipTerminals>(
        _ seconds: Double, voltage: Double, phases: Int, ambient: Double,
        _ outputs: OutputSignals<Chip>, noise: inout Noise
    ) -> Double? {
        let asked = asksForEnergy
        let drawn = drawn
        sense(seconds, outputs)
        let signal = signalAtVehicle
        vehicle?.step(seconds, signal: signal, voltage: voltage, phases: phases)
        updateCircuit()
        heat(seconds, ambient: ambient)
        publish(outputs, noise: &noise)
        return asked && !asksForEnergy ? drawn : nil
    }

    /// Moves the bolt and the pilot; the vehicle's current follows.
    private mutating func sense<Chip: ChipTerminals>(
        _ seconds: Double, _ outputs: OutputSignals<Chip>
    ) {
        if let lock = plan.lock {
            self.lock?.step(
                seconds, a: outputs.isOn(lock.motorA), b: outputs.isOn(lock.motorB),
                faults: lockFaults)
        }
        takeCable(seconds)
        contactsIn = max(0, contactsIn - seconds)
        if let ownedSignal {
            output = ownedSignal
        } else if let pilot = plan.pilot {
            output = PilotSignal(duty: outputs.duty(pilot.pwm))
        }
    }

    /// Whoever pulled the plug at the vehicle takes the cable out once the bolt lets it go.
    private mutating func takeCable(_ seconds: Double) {
        guard vehicle == nil, cable != nil, !leavesCable else { return }
        freeFor = lock?.holdsPlug == true ? 0 : freeFor + seconds
        // Chosen: a hand on the plug, as people do.
        if freeFor >= 0.3 {
            cable = nil
            wasTakenOut = true
        }
    }

    /// What the vehicle sees of the pilot.
    private var signalAtVehicle: PilotSignal {
        if pilotFaults.has(.open) || pilotFaults.has(.shorted) || contactsIn > 0 { return .none }
        return output
    }

    /// The pilot's levels as they follow from what is plugged right now.
    mutating func updateCircuit() {
        let isConnected = contactsIn <= 0 && !pilotFaults.has(.open)
        circuit = PilotCircuit(
            signal: output, load: isConnected ? vehicle?.load ?? .absent : .absent,
            diodeShorted: vehicle?.model.diodeShorted == true || pilotFaults.has(.diodeShorted),
            shortedToEarth: pilotFaults.has(.shorted))
    }

    private mutating func heat(_ seconds: Double, ambient: Double) {
        let current = drawn
        for index in temperatures.indices {
            temperatures[index].step(
                seconds, current: current, ambient: ambient, isCooled: isCooled,
                faults: temperatureFaults[index])
        }
    }

    /// Writes the converter channels and the bolt's switch.
    private func publish<Chip: ChipTerminals>(
        _ outputs: OutputSignals<Chip>, noise: inout Noise
    ) {
        if let pilot = plan.pilot {
            publish(circuit.high, on: pilot.high, outputs, noise: &noise)
            publish(circuit.low, on: pilot.low, outputs, noise: &noise)
        }
        if let proximity = plan.proximity {
            let level = proximityLevel(proximity) + noise.unit() * 3
            outputs.chip.setMicrovolts(proximity.channel, clamp(level * 1000))
        }
        if let lock, let feedback = lock.plan.feedback {
            outputs.set(feedback, lock.feedbackSignal(lockFaults))
        }
        let temperatures = temperatures.span
        for index in temperatures.indices {
            let (channel, level) = temperatures[index].converter(temperatureFaults[index])
            outputs.chip.setMicrovolts(channel, clamp(level + noise.unit() * 200))
        }
    }
    private func publish<Chip: ChipTerminals>(
        _ volts: Double, on channel: PlantPlan.Channel, _ outputs: OutputSignals<Chip>,
        noise: inout Noise
    ) {
        let signal = volts + noise.unit() * 0.02
        outputs.chip.setMicrovolts(
            channel.number, clamp(channel.atZero + channel.perUnit * signal))
    }

    private func proximityLevel(_ plan: PlantPlan.Proximity) -> Double {
        if proximityFaults.has(.broken) { return Double(plan.fault) }
        guard let cable, !proximityFaults.has(.open) else { return Double(plan.none) }
        return switch cable {
        case 13: Double(plan.amperes13)
        case 20: Double(plan.amperes20)
        case 32: Double(plan.amperes32)
        case 63: Double(plan.amperes63)
        default: Double(plan.fault)
        }
    }

    private func clamp(_ microvolts: Double) -> Int32 {
        Int32(max(-2e9, min(2e9, microvolts.rounded())))
    }
}
