package import ControlLoop
package import EVSEModel

/// What an onlooker sees of one cycle of one DC EVSE's laws.
package struct DCLoopCycle {
    package var plan: EVSEPlan
    package var dc: DCPlan
    /// Grid to output.
    package var efficiency: Percent
    package var period: Milliseconds
    package var now: Instant
    /// Inputs and targets as the laws saw them, outputs and status as they left them.
    package var image: EVSEImage
    package var vehicle: VehicleSample
    package var insulation: InsulationSample
    package var supply: PowerSupply
    /// What the vehicle was told.
    package var told: VehicleCommand
    package var status: DCStatus
    package var context: CycleContext

    /// - Parameter exchange: as the laws left it.
    package init(
        plan: EVSEPlan, dc: DCPlan, efficiency: Percent, period: Milliseconds, now: Instant,
        image: EVSEImage, exchange: DCExchange, context: CycleContext
    ) {
        self.plan = plan
        self.dc = dc
        self.efficiency = efficiency
        self.period = period
        self.now = now
        self.image = image
        vehicle = exchange.vehicle
        insulation = exchange.insulation
        supply = exchange.supply
        told = exchange.vehicleCommand
        status = exchange.status
        self.context = context
    }

    /// From what the loop publishes: `index` is the EVSE's. Sources are those that the loop says feed it.
    package init(
        loop: LoopPlan, index: Int, image: EVSEImage, direct: DCImage, context: CycleContext
    ) {
        var exchange = DCExchange()
        exchange.vehicle = direct.vehicles[index]
        exchange.insulation = direct.insulation[index]
        exchange.vehicleCommand = direct.vehicleCommands[index]
        exchange.status = direct.status[index]
        exchange.supply = Self.supply(direct, loop.dc.evses[index], index)
        self.init(
            plan: loop.evses[index], dc: loop.dc.evses[index], efficiency: loop.dc.efficiency,
            period: loop.period, now: direct.at, image: image, exchange: exchange,
            context: context)
    }

    /// Several sources as one. What a lost one may still give is left aside: it raises no limit.
    private static func supply(_ direct: DCImage, _ dc: DCPlan, _ index: Int) -> PowerSupply {
        var supply = PowerSupply()
        supply.sources = direct.status[index].sources
        for source in 0..<16 where supply.sources & (1 << UInt32(source)) != 0 {
            let sample = direct.sources[source]
            guard sample.at > .zero, direct.at <= sample.at + dc.sourceMaxAge else { continue }
            supply.isReady = supply.isReady || sample.isReady
            supply.isOn = supply.isOn || sample.isOn
            supply.voltage = max(supply.voltage ?? sample.voltage, sample.voltage)
            supply.current += sample.current
            supply.maximumCurrent += sample.maximumCurrent
            supply.maximumPower += sample.maximumPower
            supply.maximumVoltage = max(supply.maximumVoltage, sample.maximumVoltage)
            supply.minimumVoltage = max(supply.minimumVoltage, sample.minimumVoltage)
        }
        return supply
    }

    // MARK: What an onlooker makes of it

    var isMeterFresh: Bool {
        plan.hasMeter && image.inputs.meter.at > .zero
            && now <= image.inputs.meter.at + plan.meterMaxAge
    }
    var isVehicleFresh: Bool {
        vehicle.at > .zero && now <= vehicle.at + dc.vehicleMaxAge
    }
    var active: Int { Int(min(status.connector, 3)) }
    var isAnyClosed: Bool { closedCount > 0 }
    var closedCount: Int {
        (0..<4).filter { image.outputs.connectors[$0].contactorClosed }.count
    }
    /// Sources are asked for something.
    var isPowered: Bool { status.setVoltage > .zero || status.setCurrent > .zero }

    /// The output's voltage, by the fastest device that measures it.
    var voltage: Volts? {
        if dc.hasBusVoltage, let bus = image.inputs.busVoltage { return magnitude(bus) }
        if let source = supply.voltage { return magnitude(source) }
        if dc.hasInsulationMonitor, !insulation.hasFault, insulation.at > .zero,
            now <= insulation.at + dc.insulationMaxAge, let value = insulation.voltage
        {
            return magnitude(value)
        }
        if isMeterFresh, image.inputs.meter.valid.contains(.voltage) {
            return magnitude(image.inputs.meter.voltage[0])
        }
        // Through closed contactors both sides are one.
        let isJoined = told.isContactorClosed && dc.connectors[active].hasOutputVoltage
        guard isJoined, let outlet = image.inputs.connectors[active].outputVoltage else {
            return nil
        }
        return magnitude(outlet)
    }
    var current: Amperes? {
        if let sensed = image.inputs.outputCurrent { return magnitude(sensed) }
        if supply.voltage != nil { return magnitude(supply.current) }
        guard isMeterFresh, image.inputs.meter.valid.contains(.current) else { return nil }
        return magnitude(image.inputs.meter.current[0])
    }
    private func magnitude(_ value: Volts) -> Volts { value < .zero ? .zero - value : value }
    private func magnitude(_ value: Amperes) -> Amperes {
        value < .zero ? .zero - value : value
    }

    func feedback(_ connector: Int) -> ContactorFeedback {
        let own = image.inputs.connectors[connector].contactor
        return own == .unknown && plan.connectors <= 1 ? image.inputs.contactor : own
    }

    /// Something holds that ends everything in the same cycle.
    var hasHazard: Bool {
        let inputs = image.inputs
        return inputs.emergencyStopPressed || inputs.enclosureOpen || inputs.tilted
            || inputs.waterDetected || !inputs.mainsPresent || !inputs.groundPresent
    }

    /// Level windows with the room that hysteresis may use: a state holds within ±2 V.
    var mayShowReady: Bool {
        let level = image.inputs.connectors[active].pilotHigh
        return abs(level.raw - 6000) <= 2000 || abs(level.raw - 3000) <= 2000
    }
}
