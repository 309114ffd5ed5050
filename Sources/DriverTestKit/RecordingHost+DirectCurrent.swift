import DriverKit
public import EVSEModel

/// What a driver of direct current said, and what it is told.
struct DirectCurrentRecord {
    var vehicles = [VehicleSample]()
    var plans = [VehiclePlan]()
    var vehicleCommand = VehicleCommand()
    var insulation = [InsulationSample]()
    var insulationCommand = InsulationCommand()
    var sources: [[PowerSourceSample]] = [[]]
    var sourceCommands = [PowerSourceCommand()]
    var outlets = [OutletReading()]
}

extension RecordingHost {
    // MARK: What the driver says

    public func publish(_ sample: VehicleSample) { direct { $0.vehicles.append(sample) } }
    public func publish(_ plan: VehiclePlan) { direct { $0.plans.append(plan) } }
    public func publish(_ sample: InsulationSample) { direct { $0.insulation.append(sample) } }
    public func publish(_ sample: PowerSourceSample, source: Int) {
        direct { if $0.sources.indices.contains(source) { $0.sources[source].append(sample) } }
    }

    /// All of it, in order.
    public var vehicleSamples: [VehicleSample] { direct { $0.vehicles } }
    public var vehiclePlans: [VehiclePlan] { direct { $0.plans } }
    public var insulationSamples: [InsulationSample] { direct { $0.insulation } }
    public func sourceSamples(_ source: Int = 0) -> [PowerSourceSample] {
        direct { $0.sources.indices.contains(source) ? $0.sources[source] : [] }
    }

    // MARK: What it is told: a test sets it and the host keeps it fresh while the loop lives

    public var vehicleCommand: VehicleCommand {
        let (now, lives) = (now(), loopLives)
        return direct {
            if lives { $0.vehicleCommand.at = now }
            return $0.vehicleCommand
        }
    }
    public func tellVehicle(_ change: @Sendable (inout VehicleCommand) -> Void) {
        direct { change(&$0.vehicleCommand) }
    }

    public var insulationCommand: InsulationCommand {
        let (now, lives) = (now(), loopLives)
        return direct {
            if lives { $0.insulationCommand.at = now }
            return $0.insulationCommand
        }
    }
    public func tellInsulation(_ change: @Sendable (inout InsulationCommand) -> Void) {
        direct { change(&$0.insulationCommand) }
    }

    /// One until a test says otherwise.
    public var sourceCount: Int { direct { $0.sources.count } }
    public func setSourceCount(_ count: Int) {
        direct {
            $0.sources = Array(repeating: [], count: count)
            $0.sourceCommands = Array(repeating: PowerSourceCommand(), count: count)
            $0.outlets = Array(repeating: OutletReading(), count: count)
        }
    }
    public func sourceCommand(_ source: Int) -> PowerSourceCommand {
        let (now, lives) = (now(), loopLives)
        return direct {
            guard $0.sourceCommands.indices.contains(source) else { return PowerSourceCommand() }
            if lives { $0.sourceCommands[source].at = now }
            return $0.sourceCommands[source]
        }
    }
    public func tellSource(
        _ source: Int = 0, _ change: @Sendable (inout PowerSourceCommand) -> Void
    ) {
        direct { change(&$0.sourceCommands[source]) }
    }
    public func outletReading(_ source: Int) -> OutletReading {
        direct { $0.outlets.indices.contains(source) ? $0.outlets[source] : OutletReading() }
    }
    public func setOutlet(_ source: Int = 0, _ change: @Sendable (inout OutletReading) -> Void) {
        direct { change(&$0.outlets[source]) }
    }
}
