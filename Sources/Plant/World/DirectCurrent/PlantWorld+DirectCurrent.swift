package import EVSEModel

// Direct current in the world. What a wire's simulator needs of it:
//
//     world.dcStage(of: "module-3")            place of a source; then
//     world.dcStages[place].isOn, .setVoltage, .setCurrent, .heardAt    what its wire was told, to be written
//     world.dcStages[place].voltage, .current, .temperature, .mode, .gives, .isBroken, .derating    to be read
//     world.tellVehicle(evse: 1, command)      what the station says to the vehicle; where a module of
//                                              ``vehicleModules`` has heard a station, the step says it
//     world.vehicleSays(evse: 1)               what is heard of it: a sample of this instant
//     world.pilotState(evse: 1)                the pilot, where the communication device reads it
//     world.circuit(evse: 1)                   insulation (ohms of either pole), busVoltage, current,
//                                              connectors[0].voltage, isContactorClosed
//     world.faultsByDevice["module-3"]         faults of the device itself, as for every wire
//
// EVSEs go by their number. All of it is for one thread at a time, under the host's lock.
extension PlantWorld {
    /// The sources, in the order of the plan's.
    package var dcStages: [PowerStage] {
        _read { yield power.stages }
        _modify { yield &power.stages }
    }
    /// The DC side of an EVSE; `nil` where it has none.
    package func circuit(evse: Int) -> DCCircuit? {
        circuitPlace(evse: evse).map { power.circuits[$0] }
    }
    /// Place of an EVSE's DC side among those of ``DCPowerPath``: what looks at one in every step copies none.
    package func circuitPlace(evse: Int) -> Int? {
        let circuits = power.circuits.span
        for place in circuits.indices where circuits[place].evse == evse { return place }
        return nil
    }
    private func evsePlace(_ number: Int) -> Int? {
        let evses = evses.span
        for place in evses.indices where evses[place].plan.number == number { return place }
        return nil
    }

    /// What the station says to the vehicle at an EVSE. Holds until it says something else.
    package mutating func tellVehicle(evse: Int, _ command: VehicleCommand) {
        for index in evses.indices where evses[index].plan.number == evse {
            evses[index].told = command
        }
    }
    /// What is heard of the vehicle at the connector that may communicate, now.
    package func vehicleSays(evse: Int) -> VehicleSample {
        let at = Instant(nanoseconds: now)
        var sample = VehicleSample()
        sample.at = at
        guard let index = evsePlace(evse) else { return sample }
        sample.connector = evses[index].told.connector
        sample.session = evses[index].sessions
        return evses.span[index].said(at: at) ?? sample
    }
    /// The pilot at the connector that may communicate, or at the one that is plugged.
    package func pilotState(evse: Int) -> PilotState {
        guard let index = evsePlace(evse) else { return .unknown }
        let place = Int(evses[index].told.connector)
        guard evses[index].connectors.indices.contains(place) else { return .unknown }
        return evses[index].connectors[place].circuit.state
    }

    // MARK: The step

    /// Longest step of the circuits: what moves in them is followed at 1 kHz.
    static let circuitStep: Int64 = 1_000_000

    mutating func stepDirectCurrent<Chip: ChipTerminals>(
        _ nanoseconds: Int64, _ outputs: OutputSignals<Chip>
    ) {
        guard power.isFitted else { return }
        let isSupplied = mains.isUp
        readCoils(outputs, isSupplied: isSupplied)
        let step = circuitStep(of: nanoseconds)
        var left = nanoseconds
        while left > 0 {
            let part = min(left, step)
            left -= part
            stepCircuits(Double(part) / 1e9, now: now - left, isSupplied: isSupplied)
        }
        tellConnectors()
        publishCircuits(outputs)
    }

    /// In a part that is longer than the world's finest nothing moves that need be followed.
    private func circuitStep(of nanoseconds: Int64) -> Int64 {
        if power.isDead, !isVehicleWalking { return max(1, nanoseconds) }
        return nanoseconds <= Self.finestPart
            ? Self.circuitStep : min(max(Self.circuitStep, nanoseconds / 20), 100_000_000)
    }
    private var isVehicleWalking: Bool {
        let evses = evses.span
        for index in evses.indices {
            let connectors = evses[index].connectors.span
            for inner in connectors.indices {
                guard let vehicle = connectors[inner].vehicle?.direct else { continue }
                if vehicle.stage != .none, !(vehicle.stage >= .ended) { return true }
                if vehicle.isContactorClosed { return true }
            }
        }
        return false
    }

    private mutating func readCoils<Chip: ChipTerminals>(
        _ outputs: OutputSignals<Chip>, isSupplied: Bool
    ) {
        for index in power.circuits.indices {
            for inner in power.circuits[index].connectors.indices {
                guard let plan = power.circuits[index].connectors[inner].plan.contactor else {
                    continue
                }
                let isOn = isSupplied && outputs.isOn(plan.coil)
                power.circuits[index].connectors[inner].contactor?.isCoilOn = isOn
            }
        }
        for index in power.links.indices {
            let coil = power.links[index].plan.contactor.coil
            power.links[index].contactor.isCoilOn = isSupplied && outputs.isOn(coil)
        }
    }

    private mutating func stepCircuits(_ seconds: Double, now instant: Int64, isSupplied: Bool) {
        for index in power.circuits.indices { joinVehicles(index) }
        power.step(seconds, now: instant, supplied: isSupplied, noise: &noise)
        for index in power.circuits.indices { stepVehicles(index, seconds) }
        measureStops(instant)
    }

    /// Place of a circuit's EVSE.
    private func place(ofCircuit index: Int) -> Int? { evsePlace(power.circuits[index].evse) }

    private mutating func joinVehicles(_ index: Int) {
        guard let place = place(ofCircuit: index) else { return }
        for inner in power.circuits[index].connectors.indices {
            let port = evses.span[place].port(ofConnector: inner)
            power.circuits[index].connectors[inner].join(port, &power.books)
        }
    }

    private mutating func stepVehicles(_ index: Int, _ seconds: Double) {
        guard let place = place(ofCircuit: index) else { return }
        let told = evses[place].told
        for inner in power.circuits[index].connectors.indices {
            let voltage = power.circuits[index].connectors[inner].voltage
            let current = power.circuits[index].connectors[inner].batteryCurrent
            let session = evses[place].connectors[inner].stepDirect(
                seconds, told, place: inner, voltage: voltage, current: current)
            if let session { evses[place].sessions = max(evses[place].sessions, session) }
        }
    }

    /// What connectors and EVSEs know of their circuits.
    private mutating func tellConnectors() {
        for index in power.circuits.indices {
            guard let place = place(ofCircuit: index) else { continue }
            let isClosed = power.circuits.span[index].isContactorClosed
            evses[place].isDirectClosed = isClosed
            let watts = power.circuits[index].current * power.circuits[index].busVoltage
            // Chosen: rectifiers give 95 % of what they take.
            evses[place].gridPower = max(0, watts) / 0.95
            for inner in power.circuits[index].connectors.indices {
                evses[place].connectors[inner].directCurrent =
                    power.circuits[index].connectors[inner].current
            }
        }
    }

    private mutating func publishCircuits<Chip: ChipTerminals>(_ outputs: OutputSignals<Chip>) {
        for index in power.circuits.indices {
            let (bus, current) = (power.circuits[index].busVoltage, power.circuits[index].current)
            let (first, second) = (noise.unit(), noise.unit())
            Self.publish(
                power.circuits[index].busSensor?.level(of: bus, noise: first),
                on: power.circuits[index].plan.busVoltage, outputs)
            Self.publish(
                power.circuits[index].currentSensor?.level(of: current, noise: second),
                on: power.circuits[index].plan.current, outputs)
            for inner in power.circuits[index].connectors.indices {
                let output = power.circuits[index].connectors[inner].voltage
                let third = noise.unit()
                Self.publish(
                    power.circuits[index].connectors[inner].sensor?.level(
                        of: output, noise: third),
                    on: power.circuits[index].connectors[inner].plan.outputVoltage, outputs)
                guard let contactor = power.circuits[index].connectors[inner].contactor,
                    let mirror = contactor.plan.mirror
                else { continue }
                outputs.set(mirror, contactor.mirrorSignal)
            }
        }
        for index in power.links.indices {
            guard let mirror = power.links[index].contactor.plan.mirror else { continue }
            outputs.set(mirror, power.links[index].contactor.mirrorSignal)
        }
    }
    /// Of the type, not of a world: a world would be copied while its sensors are asked.
    private static func publish<Chip: ChipTerminals>(
        _ microvolts: Double?, on sensor: PlantPlan.Sensor?, _ outputs: OutputSignals<Chip>
    ) {
        guard let microvolts, let sensor else { return }
        outputs.chip.setMicrovolts(
            sensor.channel.number, Int32(max(-2e9, min(2e9, microvolts.rounded()))))
    }

    /// What a meter of direct current measures: the busbar, and all that goes into its connectors.
    mutating func measureDirect(_ meter: Int, of evse: Int) {
        for index in power.circuits.indices where power.circuits[index].evse == evse {
            // Whole millijoules; the rest waits.
            let joules = max(0, (power.circuits[index].metered * 1000).rounded(.down) / 1000)
            power.circuits[index].metered = max(0, power.circuits[index].metered - joules)
            let isSupplied = mains.isUp
            meters[meter].measureDirect(
                voltage: power.circuits[index].busVoltage, current: power.circuits[index].current,
                joules: isSupplied ? joules : 0, isSupplied: isSupplied)
        }
    }
}

extension EVSEWorld {
    /// What the vehicle at the connector that may communicate says; `nil` where none is.
    fileprivate func said(at instant: Instant) -> VehicleSample? {
        let place = Int(told.connector)
        guard connectors.indices.contains(place) else { return nil }
        return connectors.span[place].vehicle?.direct?.says(at: instant)
    }
    /// What is at a connector for its circuit.
    fileprivate func port(ofConnector inner: Int) -> DCConnector.Port {
        connectors.span[inner].port
    }
}

extension ConnectorWorld {
    fileprivate var port: DCConnector.Port {
        hasVehicle ? vehicle?.direct?.port ?? DCConnector.Port() : DCConnector.Port()
    }

    /// - Returns: the session that its vehicle has; `nil` without a vehicle of direct current.
    fileprivate mutating func stepDirect(
        _ seconds: Double, _ told: VehicleCommand, place: Int, voltage: Double, current: Double
    ) -> UInt32? {
        guard hasDirectVehicle else { return nil }
        tell(told, place: place)
        return vehicle?.stepDirect(seconds, voltage: voltage, current: current)
    }
    fileprivate var hasDirectVehicle: Bool { vehicle?.direct != nil }

    /// Only the connector that may communicate hears the station.
    private mutating func tell(_ command: VehicleCommand, place: Int) {
        if Int(command.connector) == place {
            vehicle?.direct?.told = command
            return
        }
        var silence = VehicleCommand()
        silence.wakeUps = vehicle?.direct?.wakeUps ?? 0
        vehicle?.direct?.told = silence
    }
}

extension Vehicle {
    fileprivate mutating func stepDirect(
        _ seconds: Double, voltage: Double, current: Double
    ) -> UInt32? {
        direct?.step(seconds, voltage: voltage, current: current)
        return direct?.session
    }
}
