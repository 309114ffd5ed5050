package import EVSEModel

/// One EVSE: its energy path from the mains through the contactor to what is plugged.
package struct EVSEWorld: Hashable, Sendable {
    package let plan: PlantPlan.EVSE
    /// It has outlets of direct current.
    package let isDirect: Bool
    package internal(set) var connectors: [ConnectorWorld]
    package internal(set) var contactor: ContactorModel?
    /// L2 and L3, in series with it.
    package internal(set) var phaseContactor: ContactorModel?
    /// Times that L2 and L3 were switched while current flowed.
    package private(set) var switchedUnderCurrent = 0
    /// What works pilot and contactor in the loop's place.
    package internal(set) var controller: ControllerWorld?
    package internal(set) var safety: SafetyWorld?
    package internal(set) var residualCurrent: ResidualCurrentModel?
    package private(set) var isCoilOn = false
    package private(set) var isVentilated = false
    /// The upstream breaker was tripped; switching the mains on resets it.
    package internal(set) var isBreakerTripped = false
    /// What the vehicles at an outlet of direct current are told, and how many sessions there were.
    package var told: VehicleCommand {
        get { toldVehicle.command }
        set { toldVehicle.command = newValue }
    }
    private var toldVehicle = ToldVehicle()
    var sessions: UInt32 = 0
    /// A contactor of direct current is closed; W from the grid for what flows through them.
    var isDirectClosed = false
    var gridPower = 0.0
    var contactorFaults = DeviceFaults()
    var controllerFaults = DeviceFaults()
    var phaseContactorFaults = DeviceFaults()
    var residualCurrentFaults = DeviceFaults()
    /// Since when, and why, the contactor ought to open.
    private(set) var opening: Opening?

    /// A command is compared, and no key.
    private struct ToldVehicle: Hashable, Sendable {
        var command = VehicleCommand()
        func hash(into hasher: inout Hasher) {}
    }

    struct Opening: Hashable, Sendable {
        var connector: String
        var cause: OpeningDelay.Cause
        var since: Int64
        var current: Double
    }

    init(
        _ plan: PlantPlan.EVSE, controller: PlantPlan.Controller? = nil,
        safety: PlantPlan.SafetyController? = nil
    ) {
        self.plan = plan
        isDirect = plan.directCurrent != nil
        self.controller = controller.map(ControllerWorld.init)
        self.safety = safety.map(SafetyWorld.init)
        connectors = plan.connectors.map { ConnectorWorld($0, evse: plan.number) }
        // A controller works its contactor without a line of the chip.
        let own = (controller?.device ?? safety?.device).map {
            PlantPlan.Contactor(device: $0, coil: PlantPlan.Line(0))
        }
        contactor = (own ?? plan.contactor).map(ContactorModel.init)
        phaseContactor = plan.phaseContactor.map(ContactorModel.init)
        residualCurrent = plan.residualCurrent.map(ResidualCurrentModel.init)
    }

    /// The device that works pilot and contactor in the loop's place.
    package var controllerDevice: String? { controller?.plan.device ?? safety?.plan.device }
    /// The bus that it hangs on.
    package var controllerBus: String? { controller?.plan.bus ?? safety?.plan.bus }
    /// How often it started.
    package var controllerStarts: Int { controller?.starts ?? safety.map { Int($0.boots) } ?? 0 }

    package var isEnergised: Bool { contactor?.isClosed ?? isDirectClosed }
    /// Phases that are switched through to the outlet.
    package var phases: Int { phaseContactor.map { $0.isClosed ? plan.phases : 1 } ?? plan.phases }
    /// A per phase, all connectors together.
    package var current: Double {
        let connectors = connectors.span
        var sum = 0.0
        for index in connectors.indices { sum += connectors[index].current }
        return sum
    }

    /// Adds what every vehicle draws to the phases that it draws it from.
    /// - Parameter rotation: phase of the feed at L1; 0 for the outlet's own names of its phases.
    func addCurrents(to currents: inout InlineArray<3, Double>, rotation: Int = 0) {
        if gridPower > 0 {
            // Chosen: rectifiers draw from every phase alike, at 230 V.
            for phase in 0..<3 { currents[phase] += gridPower / 3 / 230 }
        }
        let connectors = connectors.span
        for index in connectors.indices {
            guard let vehicle = connectors[index].vehicle else { continue }
            for phase in 0..<min(3, min(phases, vehicle.model.phases)) {
                currents[(phase + rotation) % 3] += vehicle.current
            }
        }
    }

    /// Starts the clock on the coil: the vehicle at this connector no longer asks for energy.
    mutating func vehicleStopped(
        _ connector: Int, _ cause: OpeningDelay.Cause, now: Int64, current: Double
    ) {
        guard isCoilOn, opening == nil else { return }
        opening = Opening(
            connector: connectors[connector].name, cause: cause, since: now, current: current)
    }

    /// One step: outputs in, physics, inputs out.
    /// - Returns: the delay of a contactor opening that ended in this step.
    mutating func step<Chip: ChipTerminals>(
        _ seconds: Double, now: Int64, supply: Double, ambient: Double,
        _ outputs: OutputSignals<Chip>, noise: inout Noise
    ) -> OpeningDelay? {
        runController(seconds, now: now, supply: supply)
        isCoilOn =
            controller?.isRelayOn ?? safety?.isCoilOn
            ?? (outputs.isOn(plan.contactor?.coil) || isDirectCoilOn(outputs))
        ownPilots()
        isVentilated = outputs.isOn(plan.ventilation)
        if outputs.isOn(plan.shuntTrip) { isBreakerTripped = true }
        let delay = endOpening(now)
        let voltage = isBreakerTripped ? 0 : supply
        // The coil is fed from the mains: without them the contactor falls open.
        contactor?.step(
            seconds, isEnergised: isCoilOn && voltage > 150, faults: contactorFaults, noise: &noise)
        let wereAll = phaseContactor?.isClosed
        phaseContactor?.step(
            seconds, isEnergised: outputs.isOn(plan.phaseContactor?.coil) && voltage > 150,
            faults: phaseContactorFaults, noise: &noise)
        if wereAll != phaseContactor?.isClosed, isEnergised, current > 0.5 {
            switchedUnderCurrent += 1
        }
        residualCurrent?.step(
            seconds, test: outputs.isOn(plan.residualCurrent?.test), faults: residualCurrentFaults)
        let supplied = isEnergised ? voltage : 0
        for index in connectors.indices {
            let stopped = connectors[index].step(
                seconds, voltage: supplied, phases: phases, ambient: ambient, outputs,
                noise: &noise)
            if let stopped { vehicleStopped(index, .leftC, now: now, current: stopped) }
        }
        publish(outputs)
        return delay
    }

    private mutating func runController(_ seconds: Double, now: Int64, supply: Double) {
        guard controller != nil || safety != nil, !connectors.isEmpty else { return }
        let isPowered = !isBreakerTripped && supply > 150
        let isClosed = isEnergised
        let cable = connectors[0].plan.hasFixedCable ? nil : connectors[0].cable
        controller?.step(
            seconds, now: now, circuit: connectors[0].circuit, cable: cable, isClosed: isClosed,
            isPowered: isPowered, faults: controllerFaults)
        safety?.step(
            seconds, now: now, circuit: connectors[0].circuit, cable: cable, isClosed: isClosed,
            isPowered: isPowered, faults: controllerFaults)
        connectors[0].ownedSignal = controller?.signal ?? safety?.signal
    }

    private func isDirectCoilOn<Chip: ChipTerminals>(_ outputs: OutputSignals<Chip>) -> Bool {
        let connectors = connectors.span
        for index in connectors.indices
        where outputs.isOn(connectors[index].plan.directCurrent?.contactor?.coil) { return true }
        return false
    }
    /// The pilots that the vehicle's communication device works: 5 % while a session may be opened, gone in
    /// an emergency, as is done for vehicles that no message tells of one.
    private mutating func ownPilots() {
        for index in connectors.indices where connectors[index].isPilotOwnedByLink {
            let isChosen = Int(told.connector) == index
            let offers = isChosen && told.isAvailable && told.stop != .emergency
            connectors[index].ownedSignal = offers ? .pwm(5) : .steady
        }
    }

    private mutating func endOpening(_ now: Int64) -> OpeningDelay? {
        guard let begun = opening, !isCoilOn else { return nil }
        opening = nil
        return OpeningDelay(
            connector: begun.connector, cause: begun.cause,
            microseconds: (now - begun.since) / 1000, at: now / 1000, current: begun.current)
    }

    private func publish<Chip: ChipTerminals>(_ outputs: OutputSignals<Chip>) {
        if let contactor, let mirror = contactor.plan.mirror {
            outputs.set(mirror, contactor.mirrorSignal(contactorFaults))
        }
        if let phaseContactor, let mirror = phaseContactor.plan.mirror {
            outputs.set(mirror, phaseContactor.mirrorSignal(phaseContactorFaults))
        }
        if let residualCurrent {
            outputs.set(residualCurrent.plan.tripped, residualCurrent.isTripped)
        }
    }
}
