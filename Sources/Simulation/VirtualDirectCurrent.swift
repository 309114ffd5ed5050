import EVSEModel
import Plant
import SharedImage

/// The drivers of direct current in virtual time: what vehicles, insulation monitors and power sources say
/// reaches the loop, and what it wants reaches them, once a step.
///
/// A bus in between takes a tenth of a second at most, less than the laws' shortest age; so it is left out, and
/// what is held to here is what the drivers promise: a sample while the device answers, nothing while it does
/// not, off as soon as the loop's word is too old.
struct VirtualDirectCurrent {
    private struct Source {
        let device: String
        /// Zero-based, among the loop's and among the plant's.
        let place: Int
        var lostSince: Int64?
    }
    private struct Monitor {
        let device: String
        let evse: Int
        var requests: UInt32 = 0
        var testedAt: Int64?
        var answered: UInt32 = 0
        var hasPassed = false
        var frozen: InsulationSample?
        var lostSince: Int64?
    }
    private struct VehicleDevice {
        let device: String
        let evse: Int
        /// What it says while it says the same for ever.
        var frozen: VehicleSample?
        var lostSince: Int64?
        /// The plan that was told last.
        var planned: (session: UInt32, offer: UInt16)?
    }
    private var sources = [Source]()
    private var monitors = [Monitor]()
    private var vehicles = [VehicleDevice]()
    private var image = DCImage()
    private var hasImage = false
    /// Since when no process speaks to the devices.
    private var silentSince: Int64?

    /// Chosen: what the monitors of the sheets take, without their longest.
    private static let selfTest: Int64 = 3_000_000_000
    /// A device without an answer is lost. Chosen: as the drivers' conformance suites allow.
    private static let patience: Int64 = 5_000_000_000
    /// A communication device that hears nothing tells the vehicle to stop
    /// (docs/vehicle-communication-protocol.md).
    private static let silence: Int64 = 1_000_000_000

    init() {}

    init(_ world: PlantWorld) {
        let plan = world.plan.directCurrent
        // The board numbers its sources for the plant and for the loop alike.
        sources = plan.sources.indices.map { Source(device: plan.sources[$0].device, place: $0) }
        monitors = plan.insulationMonitors.map { Monitor(device: $0.device, evse: $0.evse) }
        // Power modules that measure it themselves: those that are wired to one outlet.
        for source in plan.sources where source.measuresInsulation {
            guard plan.groups.indices.contains(source.group), plan.groups[source.group].evse > 0
            else { continue }
            monitors.append(Monitor(device: source.device, evse: plan.groups[source.group].evse))
        }
        vehicles = plan.vehicleLinks.map { VehicleDevice(device: $0.device, evse: $0.evse) }
    }

    var isFitted: Bool { !vehicles.isEmpty }

    /// The process starts anew and asks every device again.
    mutating func restart() {
        for index in sources.indices { sources[index].lostSince = nil }
        for index in monitors.indices {
            monitors[index].lostSince = nil
            monitors[index].requests = 0
        }
        for index in vehicles.indices {
            vehicles[index].lostSince = nil
            vehicles[index].planned = nil
        }
    }

    /// After the loop's cycle: what it wants reaches the devices.
    mutating func command(_ station: SimulatedStation) {
        guard isFitted else { return }
        hasImage = station.laboratory.shared.readDC(into: &image)
        let isSpoken =
            hasImage && station.engine != nil && station.loop != nil && station.hasMachinePower
        guard isSpoken else { return fallSilent(station) }
        silentSince = nil
        for source in sources where answers(source.device, station) {
            var command = image.sourceCommands[source.place]
            if isUnwilling(source.device, station) { command.isOn = false }
            apply(command, to: source.place, station)
        }
        for vehicle in vehicles { tell(vehicle, station) }
        for index in monitors.indices { ask(index, station) }
    }

    private func apply(
        _ command: PowerSourceCommand, to stage: Int, _ station: SimulatedStation
    ) {
        station.world.dcStages[stage].isOn = command.isOn
        station.world.dcStages[stage].setVoltage = command.voltage.double
        station.world.dcStages[stage].setCurrent = command.current.double
        station.world.dcStages[stage].heardAt = Instant(nanoseconds: station.instant)
    }

    /// A module whose answers are none is told nothing but handshakes: it ends its vehicle's session once it
    /// misses the commands, and at once where its own stack has stopped.
    private func tell(_ vehicle: VehicleDevice, _ station: SimulatedStation) {
        var command = image.vehicleCommands[vehicle.evse - 1]
        let isStopped = station.world.faultsByDevice[vehicle.device]?.has(.errorState) == true
        if !speaks(vehicle.device, station) || isStopped {
            let since = vehicle.lostSince ?? station.instant
            guard isStopped || station.instant - since > Self.silence else { return }
            command.stop = .emergency
        }
        station.world.tellVehicle(evse: vehicle.evse, command)
        station.world.offerSchedules(
            evse: vehicle.evse, station.offers[EVSEID(index: vehicle.evse - 1)], expects: true)
    }

    /// Nobody speaks: a driver that still lives switches off what it drives when the loop's word is old, and a
    /// device that hears nothing acts by itself.
    private mutating func fallSilent(_ station: SimulatedStation) {
        let since = silentSince ?? station.instant
        silentSince = since
        let isDriverThere = station.engine != nil
        let maximum = PowerSourceCommand.maximumAge.count * 1_000_000
        guard station.instant - since > maximum else { return }
        if isDriverThere {
            for source in sources where answers(source.device, station) {
                station.world.dcStages[source.place].isOn = false
                station.world.dcStages[source.place].heardAt = Instant(
                    nanoseconds: station.instant)
            }
        }
        guard isDriverThere || station.instant - since > Self.silence else { return }
        for vehicle in vehicles {
            var stop = VehicleCommand()
            stop.stop = .emergency
            station.world.tellVehicle(evse: vehicle.evse, stop)
        }
    }

    private mutating func ask(_ index: Int, _ station: SimulatedStation) {
        let command = image.insulationCommands[monitors[index].evse - 1]
        // A loop that started again counts from 0.
        if command.selfTests < monitors[index].requests { monitors[index].answered = 0 }
        guard isRead(monitors[index].device, station) else { return }
        if command.selfTests > monitors[index].requests {
            monitors[index].testedAt = station.instant
        }
        monitors[index].requests = command.selfTests
    }

    // MARK: Before the loop's cycle

    /// What the devices say, into the loop's memory; and which of them are lost.
    mutating func publish(
        _ station: SimulatedStation, at now: Instant,
        tell: (_ fault: Fault, _ holds: Bool, _ device: String, _ evse: Int?) -> Void,
        plan: (VehiclePlan, EVSEID) -> Void
    ) {
        guard isFitted else { return }
        for index in sources.indices {
            let source = sources[index]
            let isThere = answers(source.device, station) && station.world.mains.isUp
            if isThere {
                station.laboratory.shared.publish(say(source, station, now), source: source.place)
            }
            Self.note(isThere, station.instant, &sources[index].lostSince) {
                tell(.powerModuleLost, $0, source.device, nil)
            }
        }
        for index in vehicles.indices {
            let vehicle = vehicles[index]
            let isThere = speaks(vehicle.device, station)
            if isThere {
                let sample = hear(index, station, now)
                station.laboratory.shared.publish(sample, evse: EVSEID(index: vehicle.evse - 1))
                if let made = newPlan(index, station, now) {
                    plan(made, EVSEID(index: vehicle.evse - 1))
                }
            }
            let isStopped = station.world.faultsByDevice[vehicle.device]?.has(.errorState) == true
            Self.note(isThere, station.instant, &vehicles[index].lostSince) {
                tell(.vehicleCommunication, $0 || isStopped, vehicle.device, vehicle.evse)
            }
        }
        for index in monitors.indices {
            let isThere = isRead(monitors[index].device, station)
            if isThere {
                let sample = measure(index, station, now)
                station.laboratory.shared.publish(
                    sample, evse: EVSEID(index: monitors[index].evse - 1))
            }
            let (device, evse) = (monitors[index].device, monitors[index].evse)
            Self.note(isThere, station.instant, &monitors[index].lostSince) {
                tell(.insulationMonitorLost, $0, device, evse)
            }
        }
    }

    private mutating func hear(
        _ index: Int, _ station: SimulatedStation, _ now: Instant
    ) -> VehicleSample {
        var sample = station.world.vehicleSays(evse: vehicles[index].evse)
        if station.world.faultsByDevice[vehicles[index].device]?.has(.stateStuck) == true {
            sample = vehicles[index].frozen ?? sample
            vehicles[index].frozen = sample
        } else {
            vehicles[index].frozen = nil
        }
        sample.at = now
        return sample
    }

    /// A plan that the station has not heard of.
    private mutating func newPlan(
        _ index: Int, _ station: SimulatedStation, _ now: Instant
    ) -> VehiclePlan? {
        guard let (plan, age) = station.world.vehiclePlan(evse: vehicles[index].evse) else {
            return nil
        }
        let mark = (session: plan.session, offer: plan.offer)
        guard vehicles[index].planned.map({ $0 != mark }) ?? true else { return nil }
        vehicles[index].planned = mark
        var told = plan
        told.at = now - Milliseconds(Int64(age * 1000))
        return told
    }

    private static func note(
        _ isThere: Bool, _ instant: Int64, _ lostSince: inout Int64?, tell: (Bool) -> Void
    ) {
        if isThere {
            lostSince = nil
            tell(false)
            return
        }
        let since = lostSince ?? instant
        lostSince = since
        if instant - since > Self.patience { tell(true) }
    }

    private func say(
        _ source: Source, _ station: SimulatedStation, _ now: Instant
    ) -> PowerSourceSample {
        let stage = station.world.dcStages[source.place]
        var sample = PowerSourceSample()
        sample.at = now
        sample.voltage = Volts(exactly: stage.voltage) ?? .zero
        sample.current = Amperes(exactly: stage.current) ?? .zero
        sample.isOn = stage.gives
        let isWilling = !isUnwilling(source.device, station)
        sample.isReady = !stage.isBroken && isWilling
        sample.isDerated = stage.derating < 1
        sample.temperature = Celsius(exactly: stage.temperature)
        sample.maximumVoltage = Volts(exactly: stage.rating.maximumVoltage) ?? .zero
        sample.minimumVoltage = Volts(exactly: stage.rating.minimumVoltage) ?? .zero
        sample.maximumCurrent =
            Amperes(exactly: stage.rating.maximumCurrent * stage.derating) ?? .zero
        sample.maximumPower = Watts(exactly: stage.rating.maximumPower * stage.derating) ?? .zero
        if stage.isBroken || !isWilling { sample.faults.raise(.powerModuleFault) }
        return sample
    }

    private mutating func measure(
        _ index: Int, _ station: SimulatedStation, _ now: Instant
    ) -> InsulationSample {
        let monitor = monitors[index]
        let faults = station.world.faultsByDevice[monitor.device]
        if let testedAt = monitor.testedAt, station.instant - testedAt >= Self.selfTest,
            faults?.has(.neverReady) != true
        {
            monitors[index].testedAt = nil
            monitors[index].answered = monitor.requests
            monitors[index].hasPassed = faults?.has(.selfTestFails) != true
        }
        var sample = InsulationSample()
        sample.at = now
        sample.isTesting = monitors[index].testedAt != nil
        sample.selfTestAnswered = monitors[index].answered
        sample.selfTestPassed = monitors[index].hasPassed
        sample.hasFault = faults?.has(.errorState) == true || faults?.has(.otherUnit) == true
        if let place = station.world.circuitPlace(evse: monitor.evse) {
            // What a monitor tells at most. Chosen: 10 MΩ, "at least".
            let ohms =
                faults?.value(.resistance).map { $0 * 1000 }
                ?? station.world.power.circuits[place].insulation.parallel
            sample.resistance = Ohms(exactly: min(ohms, 10_000_000).rounded(.down))
            sample.voltage = Volts(exactly: station.world.power.circuits[place].busVoltage)
        }
        if faults?.has(.noValue) == true || faults?.has(.restart) == true || sample.isTesting
            || sample.hasFault
        {
            sample.resistance = nil
        }
        if faults?.has(.stuck) == true {
            let frozen = monitor.frozen ?? sample
            monitors[index].frozen = frozen
            sample = frozen
            sample.at = now
        } else {
            monitors[index].frozen = nil
        }
        return sample
    }
}
