import ControlLoop
import DriverKit
package import EVSEModel
package import SharedImage

/// One scan of the loop: lines in, drivers, laws, drivers, lines out, image.
///
/// It knows no clock and no thread: a test steps it with instants of its own. Making one allocates;
/// ``cycle(at:)`` does not allocate, lock, log or throw. One thread uses it.
package final class LoopEngine {
    /// Why the loop should end.
    package enum End: Int32, Sendable {
        case none = 0
        /// The station asked for it in its image.
        case requested = 1
        /// Simulation: no station was heard for the plan's orphan timeout.
        case orphaned = 2
        /// SIGTERM, SIGINT or SIGHUP.
        case signal = 3
    }

    private let plan: UnsafeMutablePointer<LoopPlan>
    private let image: UnsafeMutablePointer<LoopImage>
    private let station: UnsafeMutablePointer<StationImage>
    private let controls: UnsafeMutableBufferPointer<EVSEControl>
    private let watches: UnsafeMutableBufferPointer<StationWatch>
    private let orphanWatch: UnsafeMutablePointer<StationWatch>
    private let deadlines: UnsafeMutablePointer<DeadlineWatch>
    private let feed: UnsafeMutablePointer<FeedLaw>
    private let supply: UnsafeMutablePointer<SupplyLaw>
    private let external: UnsafeMutablePointer<ExternalLimit>
    private let drivers: UnsafeMutableBufferPointer<DriverBox>
    /// On boards with direct current.
    private let direct: DirectLoop?
    private let lines: LineBank
    private let shared: SharedImage
    private var startedAt: Instant?
    private var hasLineFault = false
    private var hasStationImage = false

    /// The image as the last cycle published it.
    package var latest: LoopImage { image.pointee }
    /// The same, without a copy in between.
    package func copy(into target: inout LoopImage) { target = image.pointee }

    /// - Parameters:
    ///   - lines: opened for the same plan.
    ///   - latched: faults that stay from before this start.
    ///   - previous: the image that this loop's predecessor left; used where it ran this plan.
    /// - Throws: ``LoopError`` where a driver of the plan cannot be made.
    package init(
        plan source: LoopPlan, lines: LineBank, shared: SharedImage, catalog: CyclicCatalog,
        latched: LatchedFaults, previous: LoopImage?, process: Int32
    ) throws(LoopError) {
        var boxes = [DriverBox]()
        for index in 0..<min(Int(source.slotCount), LoopPlan.slotCapacity) {
            boxes.append(try DriverBox.make(source.slots[index], of: source, from: catalog))
        }
        self.lines = lines
        self.shared = shared
        plan = .allocate(capacity: 1)
        plan.initialize(to: source)
        image = .allocate(capacity: 1)
        image.initialize(to: LoopImage())
        station = .allocate(capacity: 1)
        station.initialize(to: StationImage())
        orphanWatch = .allocate(capacity: 1)
        orphanWatch.initialize(to: StationWatch())
        deadlines = .allocate(capacity: 1)
        deadlines.initialize(to: DeadlineWatch())
        feed = .allocate(capacity: 1)
        feed.initialize(to: FeedLaw())
        supply = .allocate(capacity: 1)
        supply.initialize(to: SupplyLaw())
        external = .allocate(capacity: 1)
        external.initialize(to: ExternalLimit())
        drivers = .allocate(capacity: boxes.count)
        _ = drivers.initialize(from: boxes)
        let count = min(Int(source.evseCount), StationBounds.evses)
        controls = .allocate(capacity: count)
        watches = .allocate(capacity: count)
        watches.initialize(repeating: StationWatch())

        let predecessor =
            previous.flatMap { $0.planFingerprint == source.fingerprint ? $0 : nil }
        image.pointee.starts = (predecessor?.starts ?? 0) &+ 1
        image.pointee.process = process
        image.pointee.planFingerprint = source.fingerprint
        image.pointee.evseCount = UInt8(count)
        direct = DirectLoop(
            source,
            latched: (0..<count).map {
                latched.evses[$0].union(predecessor?.evses[$0].status.latched ?? FaultSet())
            }, shared: shared)
        for index in 0..<count {
            let kept = predecessor?.evses[index].status
            // The laws count on from the closings that stand in the status.
            image.pointee.evses[index].status.closings = kept?.closings ?? 0
            image.pointee.evses[index].status.phaseChanges = kept?.phaseChanges ?? 0
            controls.initializeElement(
                at: index,
                to: EVSEControl(
                    plan: source.evses[index],
                    latched: latched.evses[index].union(kept?.latched ?? FaultSet())))
        }
    }

    deinit {
        drivers.deinitialize()
        drivers.deallocate()
        controls.deallocate()
        watches.deallocate()
        plan.deallocate()
        image.deallocate()
        station.deallocate()
        orphanWatch.deallocate()
        deadlines.deallocate()
        feed.deallocate()
        supply.deallocate()
        external.deallocate()
    }

    /// Says whether the thread that will call ``cycle(at:)`` has real-time priority.
    package func setRealTimePriority(_ has: Bool) { image.pointee.hasRealTimePriority = has }

    /// Counts a cycle that ended after the next deadline.
    package func missedDeadline(at: Instant) {
        deadlines.pointee.missed(at: at)
        image.pointee.deadlineMisses &+= 1
    }

    /// One scan.
    ///
    /// - Parameter at: when this cycle woke; never goes back.
    /// - Returns: whether and why the loop should end; outputs are as the laws want them until
    ///   ``finish(at:)``.
    package func cycle(at: Instant) -> End {
        if startedAt == nil { startedAt = at }
        let isSampled = lines.sample()
        image.pointee.cycle &+= 1
        image.pointee.at = at
        let end = listen(at: at)
        for index in controls.indices { readInputs(of: index) }
        var view = Lines(values: lines.values, count: lines.count)
        for driver in drivers {
            driver.read(view, into: &image.pointee.evses[driver.slot.evse].inputs)
        }
        var context = CycleContext()
        context.cycle = image.pointee.cycle
        context.starts = image.pointee.starts
        context.deviceFaults.set(.ioFault, !isSampled || hasLineFault)
        direct?.begin(at: at)
        takeTargets()
        direct?.supply(image, at: at, isHeard: hasStationImage && !image.pointee.stationIsSilent)
        let supply = weighSupply(at: at)
        let demands = self.demands
        let shares = feed.pointee.step(
            demands, count: controls.count, feed: supply.room, at: at, plan: plan.pointee.feed)
        for index in controls.indices {
            context.groupShare = shares[index]
            context.shareCause = supply.cause(for: demands[index].phases)
            let left = feed.pointee.left(
                for: index, of: supply.room, demands, count: controls.count)
            context.roomOnAllPhases = left.most(controls[index].allPhases)
            context.roomOnOnePhase = left.most(controls[index].onePhase)
            step(index, context, at: at)
        }
        direct?.end(image, at: at)
        for driver in drivers {
            driver.write(image.pointee.evses[driver.slot.evse].outputs, to: &view)
        }
        let watchdog = plan.pointee.watchdogLine
        view.set(watchdog, !view.isHigh(watchdog))
        hasLineFault = !lines.drive()
        shared.publish(image.pointee)
        return end
    }

    /// Makes the outputs safe, lets go of the lines and publishes that as the last image.
    package func finish(at: Instant) {
        lines.release()
        image.pointee.cycle &+= 1
        image.pointee.at = at
        for index in controls.indices {
            image.pointee.evses[index].outputs = EVSEOutputs()
            image.pointee.evses[index].status.offered = .zero
            image.pointee.evses[index].status.limit = .zero
            image.pointee.evses[index].status.limitCause = .notGranted
        }
        direct?.finish(at: at)
        shared.publish(image.pointee)
    }

    /// Takes the station's newest image, and judges whether there is a station.
    private func listen(at: Instant) -> End {
        if shared.readStation(into: &station.pointee) { hasStationImage = true }
        let heartbeat = hasStationImage ? station.pointee.heartbeat : nil
        var isSilent = true
        for index in watches.indices {
            let silent = watches[index].isSilent(
                newest: heartbeat, at: at, timeout: plan.pointee.evses[index].stationTimeout)
            if !silent { isSilent = false }
        }
        image.pointee.stationIsSilent = isSilent
        // A request that a former station left in the file is nobody's.
        if !isSilent, station.pointee.shutdownRequested { return .requested }
        let timeout = plan.pointee.orphanTimeout
        guard timeout > .zero else { return .none }
        let isOrphan = orphanWatch.pointee.isSilent(newest: heartbeat, at: at, timeout: timeout)
        return isOrphan && at >= (startedAt ?? at) + timeout ? .orphaned : .none
    }

    /// What the station may draw as a whole.
    private func weighSupply(at: Instant) -> Supply {
        let plan = plan.pointee.supply
        var inputs = SupplyInputs()
        if plan.house.isMeasured {
            _ = shared.readHouse(into: &image.pointee.supply.house)
            inputs.house = image.pointee.supply.house
        }
        if plan.external.isServed { _ = shared.readExternal(into: &external.pointee) }
        inputs.external = external.pointee
        inputs.count = controls.count
        for index in controls.indices {
            inputs.own[index] = ownReading(index)
            // One contact is read into every EVSE.
            if image.pointee.evses[index].inputs.isDimmed { inputs.isDimmed = true }
        }
        let supply = self.supply.pointee.step(
            inputs, at: at, feed: self.plan.pointee.feed, plan: plan)
        image.pointee.supply.houseIsStale =
            plan.house.isMeasured && self.supply.pointee.house.isStale
        image.pointee.supply.isDimmed = supply.dimming != nil
        image.pointee.supply.dimming = supply.dimmingBound
        image.pointee.supply.external = supply.externalBound
        image.pointee.supply.externalIsSilent =
            plan.external.isServed
            && SupplyLaw.isSilent(external.pointee, at: at, plan: plan.external)
        image.pointee.supply.allowed = supply.room.phases
        image.pointee.supply.allowedInAll = supply.room.total
        return supply
    }

    /// What the EVSEs asked for in the last cycle: an offer never runs ahead of its share.
    private var demands: InlineArray<4, FeedMember> {
        var members = InlineArray<4, FeedMember>(repeating: FeedMember())
        for index in controls.indices { members[index] = demand(index) }
        return members
    }

    private func demand(_ index: Int) -> FeedMember {
        if let direct, direct.serves(index) { return direct.demand(index) }
        return controls[index].demand
    }

    private func ownReading(_ index: Int) -> OwnReading {
        let meter = image.pointee.evses[index].inputs.meter
        if let direct, direct.serves(index) { return direct.ownReading(index, meter) }
        return controls[index].ownReading(meter)
    }

    /// What the station wants of each EVSE.
    private func takeTargets() {
        for index in controls.indices {
            image.pointee.evses[index].targets = station.pointee.evses[index]
        }
    }

    private func readInputs(of index: Int) {
        // The newest sample stays until a newer one is there: its own time says how old it is.
        let meter = image.pointee.evses[index].inputs.meter
        let controller = image.pointee.evses[index].inputs.controller
        image.pointee.evses[index].inputs = EVSEInputs()
        image.pointee.evses[index].inputs.meter = meter
        image.pointee.evses[index].inputs.controller = controller
        _ = shared.readMeter(
            EVSEID(index: index), into: &image.pointee.evses[index].inputs.meter)
        guard plan.pointee.evses[index].hasController else { return }
        _ = shared.readController(
            EVSEID(index: index), into: &image.pointee.evses[index].inputs.controller)
    }

    private func step(_ index: Int, _ common: CycleContext, at: Instant) {
        var context = common
        context.stationIsSilent = watches[index].isSilent(
            newest: hasStationImage ? station.pointee.heartbeat : nil, at: at,
            timeout: plan.pointee.evses[index].stationTimeout)
        context.missedInWindow = deadlines.pointee.count(
            at: at, window: plan.pointee.evses[index].missWindow)
        if let direct, direct.serves(index) {
            direct.step(index, &image.pointee.evses[index], at: at, context: context)
        } else {
            controls[index].step(&image.pointee.evses[index], at: at, context: context)
        }
    }
}
