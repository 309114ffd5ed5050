import Charging
import ControlLoop
import EVSEModel
import JSON
import LoopGuarantees
import LoopRuntime
import OCPP201
import Plant
import SharedImage
import SimulatedChip
import StationCore
import StationRuntime

/// One station with everything around it, in virtual time and on one thread: the plant's physics,
/// the loop with its drivers on the simulated chip, the shell's rules around the core, disk,
/// network and CSMS. It has no clock of its own: ``step(by:)`` lets time pass.
final class SimulatedStation {
    /// Where the station program is in its life.
    enum Process: Equatable {
        case running
        /// Energy is being withdrawn before an orderly end; then it starts again after a pause.
        case ending(deadline: Int64, pause: Int64, isRestart: Bool)
        case down(until: Int64, isRestart: Bool)
    }

    let laboratory: Laboratory
    let script: Script
    let core: StationCoreConfiguration
    let evsePlans: [EVSEPlan]
    let period: Int64
    var world: PlantWorld
    var csms: VirtualCSMS
    var link = VirtualLink()
    var disk = VirtualDisk()
    var coverage = Coverage()
    private(set) var loop: LoopEngine?
    private(set) var engine: StationEngine?
    private(set) var process = Process.down(until: 0, isRestart: false)
    private var loopReturns: Int64?
    private var powerReturns: Int64?
    var latched = LatchedFaults()
    private var drivers = VirtualDrivers()
    private var directDrivers = VirtualDirectCurrent()
    private var words = [VirtualDrivers.Word]()
    private var manager = VirtualEnergyManager()
    /// One per EVSE: since when its controller can be held to what it guarantees.
    private(set) var trusts = [ControllerTrust?]()
    /// One per EVSE that has a safety controller.
    var safetyWatches = [SafetyWatch?]()
    /// What the meters were told to sign.
    var orders = [EVSEID: SigningOrder]()
    /// What vehicles were offered.
    var offers = [EVSEID: ScheduleOffer]()
    /// World time, nanoseconds.
    private(set) var instant: Int64 = SimulatedStation.start
    /// World time at which the machine's monotonic clock was zero.
    var bootedAt: Int64 = 0
    // Wall clock of the machine
    var wallOffset: Int64
    var drift: Double = 0
    var driftSince: Int64 = SimulatedStation.start
    var hasWallClock = true
    /// Outputs of the core until it is killed at that very boundary.
    var outputsLeft: Int?
    var isDead = false
    private var killPause: Int64 = 2_000_000_000
    var restartAsked: Bool?
    private var starts: UInt64 = 0
    private var loopProcesses: Int32 = 100
    private(set) var trace: Trace?
    private let isTraced: Bool
    /// The day's beginning in world time.
    static let start: Int64 = 1_000_000_000_000
    /// Wall time at world time zero, milliseconds.
    static let epoch: Int64 = 1_790_000_000_000

    // What the watch looks at
    private(set) var view = LoopView()
    /// One per EVSE, as the plant is now.
    private(set) var sights: [EVSESight]
    /// Late cycles of the loop that runs, for as long as any EVSE's window.
    private var lateCycles = [Instant]()
    /// The loop's thread gets the processor late until then, and once in so many nanoseconds.
    private(set) var starved: (until: Int64, every: Int64)?
    private(set) var replayProblem: String?
    var sentBeforeDurable: String?
    private(set) var loopStarts = 0
    private(set) var stationStarts = 0
    /// Times that the machine booted.
    private(set) var boots = 1
    private var startedOnBoot = 0
    /// When the station program last started.
    private(set) var lastStart: Int64 = SimulatedStation.start
    var restarts = [String]()
    var lastStoreFailure: Int64 = .min
    private(set) var lastCrash: Int64 = .min
    /// What the link did to the station, in order.
    private(set) var lastLinkChange: Int64 = 0
    // Its process, as the ports leave it
    var beat = StationImage()
    var extraBeats: UInt64 = 0
    var published = StationImage()
    var onLog: ((CoreLogEntry) -> Void)?
    /// A frame on its way, and what it says where that was read.
    var onFrame: ((_ fromStation: Bool, [UInt8], JSONValue?) -> Void)?
    /// Something other than time passed in the last step.
    var isMoving = true

    init(_ script: Script, in laboratory: Laboratory) throws {
        self.laboratory = laboratory
        self.script = script
        laboratory.reset()
        let composition = laboratory.composition
        var core = composition.core
        for (name, value) in script.variables {
            guard let variable = VariableName(name) else {
                throw ScriptError("\(name) is no Component.Variable")
            }
            core.variables[variable] = value
        }
        self.core = core
        period = composition.loop.period.count * 1_000_000
        managerTimeout = composition.loop.supply.external.timeout
        evsePlans = (0..<Int(composition.loop.evseCount)).map { composition.loop.evses[$0] }
        var plant = composition.plant
        plant.seed = script.seed & 0x7FFF_FFFF_FFFF_FFFF
        world = PlantWorld(plant, at: Instant(nanoseconds: Self.start))
        csms = VirtualCSMS(epoch: Self.epoch, evses: evsePlans.count)
        sights = world.evses.map(\.sight)
        wallOffset = Self.epoch
        isTraced = script.seed % 64 == 3
        let simulated = Set(world.simulatedDevices.map(\.device))
        for step in script.steps where step.action == .fault {
            let name = step.text("device")
            let isThere = world.faultyDevices.contains { $0.device == name }
            guard !isThere || simulated.contains(name) else {
                throw ScriptError("\(name) is not simulated: it can have no fault here")
            }
        }
        trusts = evsePlans.indices.map { place in
            ControllerTrust(world.evses[place], evsePlans[place], at: SimulatedStation.start)
        }
        safetyWatches = evsePlans.indices.map { watch(safetyControllerOf: $0) }
        drivers = try VirtualDrivers(composition.board, of: self)
        directDrivers = VirtualDirectCurrent(world)
        try startLoop()
    }

    var longestSilence: Int64? { drivers.longestSilence }

    /// Milliseconds of the day.
    var time: Milliseconds { Milliseconds((instant - Self.start) / 1_000_000) }
    var hasMachinePower: Bool { powerReturns == nil }
    /// What every EVSE's meter has counted, Wh, by zero-based index.
    var books: [Double] {
        evsePlans.indices.map { index in
            world.meters.first { $0.plan.evse == index + 1 }?.books.wattHours ?? 0
        }
    }
    /// Looks at the plant anew: after a step, and after something was done to it.
    func look() {
        let evses = world.evses
        let span = evses.span
        for index in sights.indices { sights[index] = span[index].sight }
    }
    /// Cycles of the loop that came late within a window, as the cycle that runs now knows them:
    /// its own lateness shows only when it has ended.
    func lateCycles(within window: Milliseconds) -> Int32 {
        let now = now()
        return Int32(lateCycles.count { $0 > now - window && $0 < now })
    }

    // MARK: Processes

    /// The shell's thread beats every 50 ms; a step that is longer has its last beat here.
    private func beatBeforeLoop(_ step: Int64) {
        guard engine != nil, step >= StationEngine.heartbeatInterval.count * 1_000_000 else {
            return
        }
        extraBeats &+= 1
        beat.heartbeat &+= 1
        beat.at = now()
        laboratory.shared.publish(beat)
    }

    private func startLoop() throws {
        loopProcesses += 1
        loop = try LoopEngine(
            plan: laboratory.composition.loop,
            lines: LineBank(plan: laboratory.composition.loop), shared: laboratory.shared,
            catalog: .builtIn, latched: latched, previous: laboratory.shared.loop(),
            process: loopProcesses)
        loop?.setRealTimePriority(true)
        lateCycles.removeAll()
        loopStarts += 1
        coverage.add("process", "loop started")
    }

    private func startStation(isRestart: Bool) {
        starts += 1
        stationStarts += 1
        isDead = false
        outputsLeft = nil
        restartAsked = nil
        orders.removeAll()
        drivers.restart(at: now())
        directDrivers.restart()
        csms.stationStarted()
        let seed = script.seed &* 0x9E37_79B9_7F4A_7C15 &+ starts
        let core = StationCore(configuration: core, seed: seed)
        let machine: any StationMachine
        if isTraced {
            let trace = Trace(seed: seed)
            self.trace = trace
            machine = TracedMachine(core: core, trace: trace)
        } else {
            machine = PlainMachine(core: core)
        }
        let engine = StationEngine(machine: machine, ports: self)
        self.engine = engine
        process = .running
        coverage.add("process", isRestart ? "station restarted itself" : "station started")
        // As the state directory tells it: a start on the same boot of the machine is a restart.
        engine.start(stored: disk.stored, isRestartOfProcess: startedOnBoot == boots)
        startedOnBoot = boots
        lastStart = instant
    }

    /// The program is gone, at this very instruction.
    private func endStation(pause: Int64, isRestart: Bool) {
        if let trace, replayProblem == nil { replayProblem = trace.replay(core) }
        trace = nil
        engine = nil
        isDead = false
        outputsLeft = nil
        if link.isUp { csms.linkLost() }
        link.abandon()
        lastLinkChange = instant
        process = .down(until: instant + pause, isRestart: isRestart)
    }

    /// The engine holds its ports, which are this station: without this a day stays in memory.
    func letGo() { engine = nil }

    /// Ends the day: what was traced is replayed.
    func finish() {
        if let trace, replayProblem == nil { replayProblem = trace.replay(core) }
    }

    // MARK: What scripts do to processes

    func kill(afterOutputs outputs: Int, down: Milliseconds) {
        guard engine != nil else { return }
        killPause = down.count * 1_000_000
        if outputs > 0 {
            outputsLeft = outputs
        } else {
            crash()
        }
    }
    private func crash() {
        lastCrash = instant
        coverage.add("process", "station killed")
        endStation(pause: killPause, isRestart: false)
    }
    func killLoop(down: Milliseconds) {
        guard loop != nil else { return }
        coverage.add("process", "loop killed")
        loop = nil
        loopReturns = instant + down.count * 1_000_000
    }
    func stop(down: Milliseconds) {
        guard let engine, process == .running else { return }
        coverage.add("process", "station stopped")
        engine.handle(.local(.shutdown))
        engine.withdrawEnergy()
        process = .ending(
            deadline: instant + 8_000_000_000, pause: down.count * 1_000_000, isRestart: false)
    }
    func cutPower(down: Milliseconds) {
        guard powerReturns == nil else { return }
        coverage.add("process", "power cut")
        lastCrash = instant
        if engine != nil { endStation(pause: .max / 4, isRestart: false) }
        process = .down(until: .max / 2, isRestart: false)
        loop = nil
        loopReturns = nil
        laboratory.shared.erase()  // it lives in memory
        manager.forget()
        powerReturns = instant + down.count * 1_000_000
        world.setMains(on: false, voltage: nil)
    }
    /// Other work of the machine keeps the loop's thread from its deadlines.
    func starve(_ time: Milliseconds, every: Milliseconds) {
        starved = (instant + time.count * 1_000_000, max(period, every.count * 1_000_000))
    }
    func feed() { starved = nil }
    /// Power is back, and the machine boots.
    func restorePower() {
        guard powerReturns != nil else { return }
        powerReturns = nil
        // The monotonic clock begins anew; booting takes a while.
        bootedAt = instant - 5_000_000_000
        boots += 1
        world.setMains(on: true, voltage: nil)
        loopReturns = instant + 100_000_000
        process = .down(until: instant, isRestart: false)
    }

    // MARK: Time

    /// Earliest instant at which something happens that is not physics; never in the past.
    func nextEvent() -> Int64 {
        var next = Int64.max
        if let wake = engine?.wakeAt { next = min(next, wake.nanoseconds + bootedAt) }
        if let event = link.next { next = min(next, event) }
        if let event = csms.next { next = min(next, event) }
        if let loopReturns { next = min(next, loopReturns) }
        if let powerReturns { next = min(next, powerReturns) }
        if let write = manager.next { next = min(next, write) }
        switch process {
        case .running: break
        case .down(let until, _): next = min(next, until)
        case .ending: next = min(next, instant + 50_000_000)
        }
        return max(next, instant + 1_000_000)
    }

    /// Lets time pass: physics, devices, loop, messages, core, in this order.
    func step(by nanoseconds: Int64) throws {
        instant += nanoseconds
        isMoving = false
        if engine != nil, powerReturns == nil { drivers.goOn(self, until: instant) }
        world.step(
            to: Instant(nanoseconds: instant), chip: laboratory.chip, released: loop == nil,
            longestPart: max(PlantWorld.finestPart, nanoseconds))
        if powerReturns == nil { pollDevices() }
        workManager()
        if let loopReturns, loopReturns <= instant {
            self.loopReturns = nil
            try startLoop()
        }
        if let powerReturns, powerReturns <= instant { restorePower() }
        if let loop {
            beatBeforeLoop(nanoseconds)
            _ = loop.cycle(at: now())
            if view.take(loop) { isMoving = true }
            lookAtDirectCurrent()
            if nanoseconds > period { noteLateness(loop) }
        }
        // Lamps blink and samples are taken for ever; nothing follows from them.
        for event in world.takeEvents()
        where event.kind != .sample && event.kind != .read && event.kind != .indicator {
            isMoving = true
        }
        directDrivers.command(self)
        lookAtProcess()
        deliver()
        if let engine, process == .running || isEnding {
            engine.tick()
            if isDead { crash() }
        }
        csms.checkDeadlines(at: instant)
        look()
        for index in trusts.indices { trusts[index]?.look(self) }
    }
    /// As the loop's thread notices it: after the cycle.
    private func noteLateness(_ loop: LoopEngine) {
        guard let starved else { return }
        guard instant < starved.until else {
            self.starved = nil
            return
        }
        loop.missedDeadline(at: now())
        lateCycles.append(now())
        if lateCycles.count > 64 { lateCycles.removeFirst() }
    }
    private var isEnding: Bool { if case .ending = process { true } else { false } }

    private func lookAtProcess() {
        switch process {
        case .down(let until, let isRestart) where until <= instant:
            startStation(isRestart: isRestart)
        case .ending(let deadline, let pause, let isRestart):
            if engine?.isDeenergised ?? true || deadline <= instant {
                drivers.end(at: now())
                endStation(pause: pause, isRestart: isRestart)
            }
        case .running, .down:
            if let orderly = restartAsked, let engine {
                restartAsked = nil
                if orderly { engine.withdrawEnergy() }
                process = .ending(
                    deadline: orderly ? instant + 8_000_000_000 : instant, pause: 300_000_000,
                    isRestart: true)
            }
        }
    }

    private func give(_ input: StationInput) {
        engine?.handle(input)
        if isDead { crash() }
    }

    private func pollDevices() {
        guard engine != nil else { return }
        // Kilobytes, which most boards' drivers do not look at.
        var image: LoopImage?
        if drivers.lookAtLoop { image = loop == nil ? laboratory.shared.loop() : view.image }
        drivers.poll(self, loop: image, at: now(), into: &words)
        hearDirectCurrent()
        guard !words.isEmpty else { return }
        for word in words { hear(word) }
        words.removeAll(keepingCapacity: true)
    }

    // MARK: Direct current

    /// As the loop's last cycle left it; as in a new file on boards without.
    private(set) var direct = DCImage()
    private var directMoved = DCImage()

    /// Before the loop's cycle: what devices of direct current say.
    private func hearDirectCurrent() {
        guard directDrivers.isFitted else { return }
        directDrivers.publish(self, at: now()) { fault, holds, device, evse in
            drivers.tell(
                [(fault, holds)], device, evse.map { EVSEID(index: $0 - 1) }, &words)
        } plan: { plan, evse in
            words.append(.vehiclePlan(plan, evse))
        }
    }
    /// After it: what the loop wants of them.
    private func lookAtDirectCurrent() {
        guard directDrivers.isFitted, laboratory.shared.readDC(into: &direct) else { return }
        if DirectSight.differs(directMoved, direct, evses: evsePlans.count) {
            directMoved = direct
            isMoving = true
        }
    }
    /// As the drivers' hosts do.
    private func hear(_ word: VirtualDrivers.Word) {
        switch word {
        case .meter(let sample, let evse?):
            laboratory.shared.publish(sample, evse: evse)
            give(.meter(evse, sample))
        case .meter(let sample, nil): laboratory.shared.publishHouse(sample)
        case .controller(let sample, let evse): laboratory.shared.publish(sample, evse: evse)
        case .signing(let report, let evse):
            // A meter says again and again where it is.
            if heardOfSigning[evse] != report { isMoving = true }
            heardOfSigning[evse] = report
            give(.signing(evse, report))
        case .vehiclePlan(let plan, let evse):
            isMoving = true
            give(.vehiclePlan(evse, plan))
        case .token(let token):
            isMoving = true
            give(.token(token))
            onToken?(token)
        case .fault(let fault):
            coverage.add("station fault", "\(fault.fault)", fault.holds ? 1 : 0)
            give(.deviceFault(fault))
        }
    }
    private var heardOfSigning = [EVSEID: SigningReport]()
    var onToken: ((TokenReading) -> Void)?

    /// As the host of a keypad or panel does.
    func choose(_ evse: EVSEID) {
        guard engine != nil else { return }
        isMoving = true
        give(.choice(evse, device: "keypad"))
    }

    // MARK: Energy manager

    private let managerTimeout: Milliseconds

    func manage(_ bound: SupplyBound, for time: Milliseconds) {
        guard laboratory.composition.loop.supply.external.isServed else { return }
        manager.manage(bound, at: instant, for: time)
    }
    func stopManaging() { manager.stop() }

    private func workManager() {
        let before = manager.bound(at: instant, timeout: managerTimeout)
        guard
            let bound = manager.write(
                at: instant, timeout: managerTimeout, isHeard: engine != nil)
        else { return }
        if bound != before { isMoving = true }  // a sign of life moves nothing
        var limit = ExternalLimit()
        limit.bound = bound
        limit.at = now()
        laboratory.shared.publish(limit)
    }
    /// What the energy manager has written and not let grow old.
    func managerBound(timeout: Milliseconds) -> SupplyBound? {
        manager.bound(at: instant, timeout: timeout)
    }

    private func deliver() {
        for bytes in csms.takeOutbox(at: instant) {
            onFrame?(false, bytes, nil)
            link.sendToStation(bytes, at: instant)
        }
        let wasUp = link.isUp
        let arrived = link.arrivals(at: instant)
        if wasUp != link.isUp { lastLinkChange = instant }
        for bytes in arrived.csms {
            let frame = try? JSONValue(parsing: bytes)
            onFrame?(true, bytes, frame)
            csms.receive(frame, bytes, at: instant, registers: books)
        }
        for input in arrived.station {
            if case .closed = input {
                csms.linkLost()
                lastLinkChange = instant
            }
            give(.link(input))
        }
    }

    // MARK: What scripts do to the network

    func loseLink(_ how: VirtualLink.Loss) {
        if link.isUp { csms.linkLost() }
        link.lose(how, at: instant)
        lastLinkChange = instant
    }
    func restoreLink() {
        link.restore()
        lastLinkChange = instant
    }
    /// A local command, as the station's own interface takes it.
    func command(_ command: LocalCommand) { give(.local(command)) }
}
