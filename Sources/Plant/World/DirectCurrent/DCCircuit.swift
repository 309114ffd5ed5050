import EVSEModel

/// The DC side of one EVSE: its busbar, what discharges it, its insulation, and each connector behind its
/// contactor pair.
package struct DCCircuit: Hashable, Sendable {
    /// Resistance of either pole to earth, Ω.
    package struct Insulation: Hashable, Sendable {
        package var positive: Double
        package var negative: Double
        package init(positive: Double, negative: Double) {
            self.positive = positive
            self.negative = negative
        }
        /// A monitor tells both side by side, which is never more.
        package var lower: Double { min(positive, negative) }
        package var parallel: Double {
            InsulationMonitorWorld.Terminals(positive: positive, negative: negative, voltage: 0)
                .parallel
        }
        /// Voltage of the positive and of the negative pole to earth where `voltage` is between them.
        package func voltagesToEarth(of voltage: Double) -> (positive: Double, negative: Double) {
            let share = positive / (positive + negative)
            return (voltage * share, -voltage * (1 - share))
        }
    }

    /// EVSE number.
    package let evse: Int
    package let plan: PlantPlan.DCOutlet
    package internal(set) var connectors: [DCConnector]
    /// Between sources and contactors, V.
    package internal(set) var busVoltage = 0.0
    /// Into its connectors, A; negative where a battery feeds back.
    package internal(set) var current = 0.0
    /// What the rig made of the insulation; faults may take it lower.
    package var setInsulation: Insulation
    /// The bleeder is on.
    package internal(set) var isDischarging = false
    /// Its discharge does not work.
    package internal(set) var isBleederBroken = false
    var insulationFaults = DeviceFaults()
    var busSensor: DCSensor?
    var currentSensor: DCSensor?
    /// Energy that went into its connectors since the meter took it, J.
    var metered = 0.0
    /// How many of the groups' busbars are joined with it now.
    package internal(set) var joinedGroups = 0
    /// The island that it belongs to; see ``DCPowerPath``.
    var island = 0

    init(_ evse: PlantPlan.EVSE, _ plan: PlantPlan.DCOutlet) {
        self.evse = evse.number
        self.plan = plan
        connectors = evse.connectors.map { DCConnector($0) }
        let ohms = plan.insulation.double
        setInsulation = Insulation(positive: ohms, negative: ohms)
        busSensor = plan.busVoltage.map(DCSensor.init)
        currentSensor = plan.current.map(DCSensor.init)
    }

    /// As it is now, faults counted.
    package var insulation: Insulation {
        guard !insulationFaults.isEmpty else { return setInsulation }
        return Insulation(
            positive: min(
                setInsulation.positive, insulationFaults.value(.insulationPositive) ?? .infinity),
            negative: min(
                setInsulation.negative, insulationFaults.value(.insulationNegative) ?? .infinity))
    }
    /// Farads of its busbar alone.
    var capacitance: Double { Double(plan.capacitance) / 1e9 }
    /// Siemens between its poles: what leaks, and the bleeder while it is on.
    var conductance: Double {
        let insulation = insulation
        let leaks = 1 / plan.leak.double + 1 / (insulation.positive + insulation.negative)
        return leaks + (isDischarging && !isBleederBroken ? 1 / plan.bleeder.double : 0)
    }
    /// Highest voltage at any of its connectors, V.
    package var outputVoltage: Double {
        let connectors = connectors.span
        var highest = 0.0
        for index in connectors.indices { highest = max(highest, connectors[index].voltage) }
        return highest
    }
    /// Some contactor of it conducts.
    package var isContactorClosed: Bool {
        let connectors = connectors.span
        for index in connectors.indices where connectors[index].isClosed { return true }
        return false
    }
    var isCoilOn: Bool {
        let connectors = connectors.span
        for index in connectors.indices where connectors[index].contactor?.isCoilOn == true {
            return true
        }
        return false
    }
    /// Nothing is charged, nothing flows.
    var isDead: Bool { busVoltage == 0 && current == 0 && outputVoltage == 0 }
}

/// A connector's DC side: contactor pair, cable, what the vehicle has at its inlet.
package struct DCConnector: Hashable, Sendable {
    /// What a vehicle is for the circuit.
    struct Port: Hashable, Sendable {
        var isPlugged = false
        /// Farads between the inlet's contacts, and siemens.
        var capacitance = 0.0
        var conductance = 0.0
        /// The vehicle's own contactors are closed.
        var isClosed = false
        /// Its battery: V without load, and Ω.
        var emf = 0.0
        var resistance = 1.0
    }

    package let plan: PlantPlan.DCPlug
    package internal(set) var contactor: ContactorPair?
    /// On the vehicle's side of the contactor, V.
    package internal(set) var voltage = 0.0
    /// Through the contactor, A.
    package internal(set) var current = 0.0
    /// Into the vehicle's battery, A.
    package internal(set) var batteryCurrent = 0.0
    var port = Port()
    var sensor: DCSensor?

    // Of the step that is being solved: current into it = slope × busbar - offset.
    var slope = 0.0
    var offset = 0.0
    var own = 0.0
    var drive = 0.0

    init(_ connector: PlantPlan.Connector) {
        plan = connector.directCurrent ?? PlantPlan.DCPlug(contactor: nil)
        contactor = plan.contactor.map(ContactorPair.init)
        sensor = plan.outputVoltage.map(DCSensor.init)
    }

    /// A connector without a contactor is always connected.
    package var isClosed: Bool { contactor?.isClosed ?? true }
    var capacitance: Double { Double(plan.capacitance) / 1e9 + port.capacitance }
    /// Of the cable, S.
    var cable: Double { 1e6 / Double(plan.cableResistance) }

    /// A vehicle's capacitor joins or leaves.
    mutating func join(_ port: Port, _ books: inout DCBooks) {
        let before = capacitance
        let stored = before * voltage * voltage / 2
        let old = self.port.capacitance
        self.port = port
        guard port.capacitance != old else { return }
        if port.capacitance < old {
            // It takes along what its own capacitor holds.
            books.carriedAway += stored - capacitance * voltage * voltage / 2
        } else {
            voltage *= before / capacitance
            books.equalising += stored - capacitance * voltage * voltage / 2
        }
    }

    /// Prepares a step: eliminates its own voltage, so that only the busbar's is unknown.
    mutating func prepare(_ seconds: Double) {
        let leak = 1 / plan.leak.double + port.conductance
        let battery = port.isClosed ? 1 / port.resistance : 0
        own = capacitance / seconds + leak + battery
        drive = capacitance / seconds * voltage + battery * port.emf
        guard isClosed else {
            slope = 0
            offset = 0
            return
        }
        let cable = cable
        slope = cable * own / (own + cable)
        offset = cable * drive / (own + cable)
    }

    /// The busbar's voltage was found: what follows from it here, and where the energy went.
    mutating func settle(_ seconds: Double, busbar: Double, _ books: inout DCBooks) {
        let before = voltage
        if isClosed {
            let cable = cable
            current = slope * busbar - offset
            voltage = (drive + cable * busbar) / (own + cable)
            books.cables += current * current / cable * seconds
        } else {
            current = 0
            voltage = drive / own
        }
        batteryCurrent = port.isClosed ? (voltage - port.emf) / port.resistance : 0
        let leak = 1 / plan.leak.double + port.conductance
        books.bleeders += leak * voltage * voltage * seconds
        books.batteries += port.emf * batteryCurrent * seconds
        books.batteryHeat += batteryCurrent * batteryCurrent * port.resistance * seconds
        let change = voltage - before
        books.equalising += capacitance * change * change / 2
        // Below a microvolt it is dead, and costs no more steps.
        if abs(voltage) < 1e-6, !port.isClosed {
            books.bleeders += capacitance * voltage * voltage / 2
            voltage = 0
        }
    }
    var stored: Double { capacitance * voltage * voltage / 2 }
}

/// A converter channel in front of a voltage or current, with its faults.
struct DCSensor: Hashable, Sendable {
    let plan: PlantPlan.Sensor
    /// What it shows while it is stuck.
    private var shown = 0.0
    var faults = DeviceFaults()

    init(_ plan: PlantPlan.Sensor) { self.plan = plan }

    /// - Parameter noise: −1…1.
    /// - Returns: microvolts at the converter.
    mutating func level(of value: Double, noise: Double) -> Double {
        if !faults.has(.stuck) {
            // Chosen: a tenth of a unit, as a 12-bit converter in front of 1000 V and its filter leave.
            shown = value + (faults.value(.offset) ?? 0) + noise * 0.1
        }
        if faults.has(.sensorOpen) { return plan.channel.atZero }
        return plan.channel.atZero + plan.channel.perUnit * shown
    }
}
