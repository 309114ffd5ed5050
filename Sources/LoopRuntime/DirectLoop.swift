import ControlLoop
import EVSEModel
import SharedImage

/// The part of the loop that boards with direct current have: the laws of their DC EVSEs, the allocation of
/// power sources, and the block of the image that both fill.
///
/// ``LoopEngine`` calls it within its cycle: ``begin(_:at:)``, ``supply(_:at:faults:)``, each EVSE's
/// ``step(_:_:at:context:)``, ``end(_:at:)``. Making one allocates; the calls do not. One thread uses it.
final class DirectLoop {
    private let plan: UnsafeMutablePointer<DCStationPlan>
    private let count: Int
    private let controls: UnsafeMutableBufferPointer<DCControl>
    private let exchanges: UnsafeMutableBufferPointer<DCExchange>
    private let clears: UnsafeMutableBufferPointer<RequestLaw>
    private let allocation: UnsafeMutablePointer<AllocationLaw>
    private let inputs: UnsafeMutablePointer<AllocationInputs>
    private let result: UnsafeMutablePointer<AllocationResult>
    private let image: UnsafeMutablePointer<DCImage>
    private let shared: SharedImage

    /// `nil` where no EVSE of the plan has direct current.
    ///
    /// - Parameter latched: of each EVSE, what stays from before this start.
    init?(_ plan: LoopPlan, latched: [FaultSet], shared: SharedImage) {
        guard plan.dc.isFitted else { return nil }
        self.shared = shared
        count = min(Int(plan.evseCount), StationBounds.evses)
        self.plan = .allocate(capacity: 1)
        self.plan.initialize(to: plan.dc)
        controls = .allocate(capacity: count)
        exchanges = .allocate(capacity: count)
        exchanges.initialize(repeating: DCExchange())
        clears = .allocate(capacity: count)
        clears.initialize(repeating: RequestLaw())
        allocation = .allocate(capacity: 1)
        allocation.initialize(to: AllocationLaw())
        inputs = .allocate(capacity: 1)
        inputs.initialize(to: AllocationInputs())
        inputs.pointee.count = count
        result = .allocate(capacity: 1)
        result.initialize(to: AllocationResult())
        image = .allocate(capacity: 1)
        image.initialize(to: DCImage())
        for index in 0..<count {
            let kept = index < latched.count ? latched[index] : FaultSet()
            controls.initializeElement(
                at: index,
                to: DCControl(
                    plan: plan.evses[index], dc: plan.dc.evses[index], latched: kept,
                    efficiency: plan.dc.efficiency))
        }
    }

    deinit {
        plan.deallocate()
        controls.deallocate()
        exchanges.deallocate()
        clears.deallocate()
        allocation.deallocate()
        inputs.deallocate()
        result.deallocate()
        image.deallocate()
    }

    /// The laws of this EVSE are those of direct current.
    func serves(_ index: Int) -> Bool { index < count && plan.pointee.evses[index].isFitted }

    /// What the EVSE asks of the feed.
    func demand(_ index: Int) -> FeedMember { controls[index].demand }
    func ownReading(_ index: Int, _ meter: MeterSample) -> OwnReading {
        controls[index].ownReading(meter)
    }

    // MARK: The cycle

    /// Reads what the drivers on buses published. The newest sample stays until a newer one is there.
    func begin(at: Instant) {
        image.pointee.at = at
        for index in 0..<count where serves(index) {
            let evse = EVSEID(index: index)
            _ = shared.readVehicle(evse, into: &image.pointee.vehicles[index])
            _ = shared.readInsulation(evse, into: &image.pointee.insulation[index])
        }
        let sources = min(Int(plan.pointee.allocation.sourceCount), StationBounds.powerSources)
        for source in 0..<sources {
            _ = shared.readSource(source, into: &image.pointee.sources[source])
        }
    }

    /// Allocates, by what the EVSEs asked for in the last cycle.
    ///
    /// - Parameters:
    ///   - loop: of this cycle: its inputs are read, and the targets are in it.
    ///   - isHeard: the station's targets mean something.
    func supply(_ loop: UnsafeMutablePointer<LoopImage>, at: Instant, isHeard: Bool) {
        var closed: UInt32 = 0
        var open: UInt32 = 0
        for index in 0..<count {
            closed |= loop.pointee.evses[index].inputs.linksClosed
            open |= loop.pointee.evses[index].inputs.linksOpen
            guard serves(index) else { continue }
            takeOver(index, loop.pointee.evses[index], isHeard: isHeard)
        }
        inputs.pointee.linksClosed = closed
        inputs.pointee.linksOpen = open
        result.pointee = allocation.pointee.step(
            image.pointee, inputs.pointee, plan: plan.pointee, at: at)
    }

    private func takeOver(_ index: Int, _ evse: EVSEImage, isHeard: Bool) {
        inputs.pointee.requests[index] = exchanges[index].request
        inputs.pointee.orders[index] = exchanges[index].order
        inputs.pointee.busVoltages[index] = evse.inputs.busVoltage
        inputs.pointee.isClosed[index] = Self.isClosed(evse)
        guard isHeard, clears[index].isPending(evse.targets.clearRequests) else { return }
        clears[index].answer(evse.targets.clearRequests)
        allocation.pointee.clear(evse: index)
    }

    /// A contactor between the busbar and a vehicle is closed, or may be.
    private static func isClosed(_ evse: EVSEImage) -> Bool {
        if evse.outputs.contactorClosed || evse.inputs.contactor == .closed { return true }
        for connector in 0..<StationBounds.connectorsPerEVSE {
            if evse.outputs.connectors[connector].contactorClosed { return true }
            if evse.inputs.connectors[connector].contactor == .closed { return true }
        }
        return false
    }

    /// One EVSE's laws.
    func step(_ index: Int, _ evse: inout EVSEImage, at: Instant, context common: CycleContext) {
        var context = common
        context.deviceFaults = context.deviceFaults.union(result.pointee.faults[index])
        exchanges[index].vehicle = image.pointee.vehicles[index]
        exchanges[index].insulation = image.pointee.insulation[index]
        exchanges[index].supply = result.pointee.supplies[index]
        controls[index].step(&evse, &exchanges[index], at: at, context: context)
        image.pointee.vehicleCommands[index] = exchanges[index].vehicleCommand
        image.pointee.insulationCommands[index] = exchanges[index].insulationCommand
        image.pointee.status[index] = exchanges[index].status
        // A stop goes to the sources in the cycle in which it is decided.
        inputs.pointee.orders[index] = exchanges[index].order
        inputs.pointee.requests[index] = exchanges[index].request
    }

    /// Links, commands of the sources, readings; publishes the block.
    func end(_ loop: UnsafeMutablePointer<LoopImage>, at: Instant) {
        // The matrix is the station's: whichever EVSE a link's driver belongs to, it finds all of them.
        for index in 0..<count { loop.pointee.evses[index].outputs.links = result.pointee.links }
        allocation.pointee.command(
            &image.pointee, inputs.pointee, plan: plan.pointee, at: at)
        for index in 0..<count where serves(index) {
            read(index, loop.pointee.evses[index], at: at)
        }
        shared.publish(image.pointee)
    }

    private func read(_ index: Int, _ evse: EVSEImage, at: Instant) {
        let status = image.pointee.status[index]
        let connector = min(Int(status.connector), StationBounds.connectorsPerEVSE - 1)
        let meterIsFresh =
            evse.inputs.meter.at > .zero && at <= evse.inputs.meter.at + Self.meterAge
        var reading = OutletReading()
        reading.at = at
        reading.busVoltage = evse.inputs.busVoltage ?? result.pointee.supplies[index].voltage
        reading.current = evse.inputs.outputCurrent
        if reading.current == nil, meterIsFresh, evse.inputs.meter.valid.contains(.current) {
            reading.current = evse.inputs.meter.current[0]
        }
        reading.isContactorClosed = evse.inputs.connectors[connector].contactor == .closed
        if evse.inputs.connectors[connector].contactor == .unknown {
            reading.isContactorClosed = evse.outputs.connectors[connector].contactorClosed
        }
        reading.isPlugged = evse.status.connectors[connector].isPlugged
        reading.isLocked = evse.status.connectors[connector].bolt == .engaged
        reading.phase = status.phase
        reading.faults = evse.status.allFaults
        reading.meter = evse.inputs.meter
        reading.isEmergencyStopPressed = evse.inputs.emergencyStopPressed
        reading.isEnclosureOpen = evse.inputs.enclosureOpen
        reading.isTilted = evse.inputs.tilted
        reading.isWet = evse.inputs.waterDetected
        image.pointee.outlets[index] = reading
    }
    /// A meter's current that is told to others. Chosen: as ``EVSEPlan/meterMaxAge``.
    private static var meterAge: Milliseconds { .seconds(5) }

    /// The last words of a loop that ends: sources off, vehicles and monitors told so.
    func finish(at: Instant) {
        image.pointee.at = at
        for index in 0..<count where serves(index) {
            let connector = image.pointee.vehicleCommands[index].connector
            var vehicle = VehicleCommand()
            vehicle.at = at
            vehicle.connector = connector
            vehicle.stop = .emergency
            image.pointee.vehicleCommands[index] = vehicle
            image.pointee.insulationCommands[index].at = at
            image.pointee.insulationCommands[index].isMeasuring = false
            image.pointee.status[index].setVoltage = .zero
            image.pointee.status[index].setCurrent = .zero
            image.pointee.outlets[index].at = at
            image.pointee.outlets[index].isContactorClosed = false
        }
        for source in 0..<StationBounds.powerSources {
            var command = PowerSourceCommand()
            command.at = at
            command.evse = image.pointee.sourceCommands[source].evse
            command.stop = .emergency
            image.pointee.sourceCommands[source] = command
        }
        shared.publish(image.pointee)
    }
}
