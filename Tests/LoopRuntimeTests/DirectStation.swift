import DriverKit
import EVSEModel
import GPIOContactor
import GPIOInputs
import Glibc
import IIOVoltage
import LoopRuntime
import PWMControlPilot
import SharedImage
import SimulatedChip

/// Lines of the test station, by their index in the plan.
enum DirectWire {
    static let emergencyStop = LineID(0)
    static func pilot(_ evse: Int) -> LineID { LineID(UInt16(1 + evse)) }
    static func coil(_ evse: Int) -> LineID { LineID(UInt16(3 + evse)) }
    static func mirror(_ evse: Int) -> LineID { LineID(UInt16(5 + evse)) }
    /// A link by its bit among those of groups 3 and 4: 0...3.
    static func linkCoil(_ link: Int) -> LineID { LineID(UInt16(7 + link)) }
    static func linkMirror(_ link: Int) -> LineID { LineID(UInt16(11 + link)) }
    /// Converter channels of an EVSE: positive peak, negative peak, busbar, outlet.
    static func channel(_ evse: Int, _ number: Int) -> LineID {
        LineID(UInt16(15 + 4 * evse + number))
    }
    static let count = 23
}

/// Two DC EVSEs and sixteen power sources in four groups: two are wired to an EVSE each, two have links to both.
func directPlan(chip: String) -> LoopPlan {
    var plan = LoopPlan()
    plan.fingerprint = 0xDC
    plan.evseCount = 2
    plan.lineCount = UInt16(DirectWire.count)
    func line(_ id: LineID, _ kind: LineKind, _ offset: UInt16) {
        var line = LinePlan()
        line.kind = kind
        line.access = .simulatedChip
        line.offset = offset
        line.path = FixedText(chip) ?? FixedText()
        if kind == .pwmOutput { line.parameter = 1_000_000 }
        plan.lines[Int(id.index)] = line
    }
    func slot<Plugin: CyclicPlugin>(
        _ plugin: Plugin.Type, _ evse: Int, _ values: [String: ConfigurationValue],
        at place: Int = 0
    ) {
        let flat = Plugin.plan(Configuration(device: "device", values: values), period: plan.period)
        guard let name = FixedText(Plugin.name.text),
            var slot = DriverSlot(plugin: name, device: name, plan: flat)
        else { return }
        slot.evse = UInt8(evse)
        slot.connector = UInt8(place)
        plan.slots[Int(plan.slotCount)] = slot
        plan.slotCount += 1
    }
    line(DirectWire.emergencyStop, .digitalInput, 0)
    for evse in 0..<2 {
        line(DirectWire.pilot(evse), .pwmOutput, UInt16(evse))
        line(DirectWire.coil(evse), .digitalOutput, DirectWire.coil(evse).index)
        line(DirectWire.mirror(evse), .digitalInput, DirectWire.mirror(evse).index)
        for channel in 0..<4 {
            line(DirectWire.channel(evse, channel), .analogInput, UInt16(4 * evse + channel))
        }
        slot(
            PWMControlPilotPlugin.self, evse,
            [
                "pwm": .lines([DirectWire.pilot(evse)]),
                "high-channel": .lines([DirectWire.channel(evse, 0)]),
                "low-channel": .lines([DirectWire.channel(evse, 1)]), "scale": .number(8_000_000),
                "offset": .number(-13_200),
            ])
        slot(
            GPIOContactorPlugin.self, evse,
            [
                "coil-line": .lines([DirectWire.coil(evse)]),
                "feedback-line": .lines([DirectWire.mirror(evse)]),
                "feedback-kind": .text("normally-closed"), "switches": .text("dc-output"),
            ])
        for (number, what) in ["bus-voltage", "output-voltage"].enumerated() {
            slot(
                IIOVoltagePlugin.self, evse,
                [
                    "channel": .lines([DirectWire.channel(evse, 2 + number)]),
                    "measures": .text(what), "scale": .number(400_000_000),
                    "minimum": .number(-50), "maximum": .number(1500),
                ])
        }
        slot(
            GPIOInputsPlugin.self, evse,
            ["emergency-stop": .lines([DirectWire.emergencyStop])])
        plan.evses[evse] = directEVSE()
        plan.dc.evses[evse].isFitted = true
        plan.dc.evses[evse].hasBusVoltage = true
        plan.dc.evses[evse].connectors[0].hasOutputVoltage = true
    }
    for link in 0..<4 {
        line(DirectWire.linkCoil(link), .digitalOutput, DirectWire.linkCoil(link).index)
        line(DirectWire.linkMirror(link), .digitalInput, DirectWire.linkMirror(link).index)
        slot(
            GPIOContactorPlugin.self, link % 2,
            [
                "coil-line": .lines([DirectWire.linkCoil(link)]),
                "feedback-line": .lines([DirectWire.linkMirror(link)]),
                "feedback-kind": .text("normally-closed"), "switches": .text("link"),
            ], at: 2 + link / 2)
    }
    plan.dc.allocation.sourceCount = 16
    plan.dc.allocation.groupCount = 4
    for source in 0..<16 { plan.dc.allocation.groupOfSource[source] = UInt8(source / 4) }
    for group in 0..<4 {
        plan.dc.allocation.isWired[group] = group < 2
        plan.dc.allocation.reach[group] = group < 2 ? 1 << UInt8(group) : 0b11
    }
    return plan
}

private func directEVSE() -> EVSEPlan {
    var plan = EVSEPlan()
    plan.phases = 3
    plan.rating = Amperes(500)
    plan.lockMask = 0
    plan.proximityMask = 0
    plan.hasResidualCurrentDevice = false
    plan.safeLimit = .zero
    plan.minimum = Amperes(1)
    return plan
}

/// The loop of a DC station in process, stepped by hand, with power sources, insulation monitors and
/// vehicles that speak through the shared image as their drivers would.
final class DirectStepper {
    let folder = TemporaryFolder()
    let chip: SimulatedChip
    let shared: SharedImage
    private var running: LoopEngine?
    let plan: LoopPlan
    var sources = [DirectSource](repeating: DirectSource(), count: 16)
    var vehicles = [DirectVehicle](repeating: DirectVehicle(), count: 2)
    var station = StationImage()
    var emergencyStopIsWired = true
    private(set) var now = Instant(milliseconds: 1_000_000)
    private var buses = [0.0, 0.0]

    init(change: (inout LoopPlan) -> Void = { _ in }) throws {
        chip = try SimulatedChip(path: folder.file("chip"), create: true)
        shared = try SharedImage(path: folder.file("loop.image"), create: true)
        var plan = directPlan(chip: folder.file("chip"))
        change(&plan)
        self.plan = plan
        running = try start(previous: nil)
    }

    private func start(previous: LoopImage?) throws -> LoopEngine {
        try LoopEngine(
            plan: plan, lines: LineBank(plan: plan), shared: shared, catalog: .builtIn,
            latched: LatchedFaults(), previous: previous, process: getpid())
    }

    var engine: LoopEngine {
        guard let running else { preconditionFailure("no loop runs") }
        return running
    }
    func evse(_ index: Int) -> EVSEImage { engine.latest.evses[index] }
    var dc: DCImage { shared.dc() ?? DCImage() }
    func isClosed(_ evse: Int) -> Bool { isDriven(DirectWire.coil(evse)) }
    func isDriven(_ line: LineID) -> Bool {
        chip.isOutput(Int(line.index)) && chip.driven(Int(line.index)) == 1
    }

    /// The loop dies and its successor starts on the same image.
    func restart() throws {
        running = nil
        running = try start(previous: shared.loop())
    }

    func run(_ seconds: Double) { for _ in 0..<Int(seconds * 100) { step() } }

    @discardableResult
    func step() -> LoopEngine.End {
        prepare()
        return engine.cycle(at: now)
    }

    /// All of a step but the loop's part.
    func prepare() {
        now = now + Milliseconds(10)
        station.heartbeat &+= 1
        station.at = now
        shared.publish(station)
        let dc = shared.dc() ?? DCImage()
        for evse in 0..<2 { vehicles[evse].follow(dc.vehicleCommands[evse], bus: buses[evse]) }
        for source in 0..<16 { feed(source, dc.sourceCommands[source]) }
        for evse in 0..<2 { settle(evse, dc) }
        chip.setSensed(Int(DirectWire.emergencyStop.index), emergencyStopIsWired ? 1 : 0)
        for link in 0..<4 {
            chip.setSensed(
                Int(DirectWire.linkMirror(link).index),
                isDriven(DirectWire.linkCoil(link)) ? 0 : 1)
        }
    }

    /// The EVSE with which a source is joined.
    func outlet(of source: Int) -> Int? {
        let group = source / 4
        if group < 2 { return group }
        return (0..<2).first { isDriven(DirectWire.linkCoil(2 * (group - 2) + $0)) }
    }

    private func feed(_ source: Int, _ command: PowerSourceCommand) {
        let isFresh = command.at > .zero && now <= command.at + PowerSourceCommand.maximumAge
        let outlet = outlet(of: source)
        let takes = outlet.map { isClosed($0) && vehicles[$0].isClosed } ?? false
        sources[source].follow(
            isFresh ? command : PowerSourceCommand(),
            held: takes ? outlet.map { vehicles[$0].battery } : nil)
        guard !sources[source].isSilent else { return }
        shared.publish(sources[source].sample(at: now), source: source)
    }

    private func settle(_ evse: Int, _ dc: DCImage) {
        let joined = (0..<16).filter { outlet(of: $0) == evse }
        let isHeld = isClosed(evse) && vehicles[evse].isClosed
        buses[evse] =
            isHeld ? vehicles[evse].battery : joined.map { sources[$0].voltage }.max() ?? 0
        let current = joined.reduce(0) { $0 + sources[$1].current }
        let outletVoltage = isClosed(evse) ? buses[evse] : 0
        chip.setSensed(Int(DirectWire.mirror(evse).index), isClosed(evse) ? 0 : 1)
        set(evse, 2, buses[evse] / 400)
        set(evse, 3, outletVoltage / 400)
        let duty = chip.duty(evse)
        let level = vehicles[evse].level
        set(evse, 0, ((duty == 0 ? -12 : level) + 13.2) / 8)
        set(evse, 1, ((duty == 10_000 ? level : -12) + 13.2) / 8)
        var meter = MeterSample()
        meter.at = now
        meter.valid = [.current, .voltage, .energyImport]
        meter.current[0] = Amperes(milliamperes: Int32(current * 1000))
        meter.voltage[0] = Volts(millivolts: Int32(outletVoltage * 1000))
        shared.publish(meter, evse: EVSEID(index: evse))
        shared.publish(vehicles[evse].sample(at: now), evse: EVSEID(index: evse))
        var insulation = InsulationSample()
        insulation.at = now
        insulation.resistance = Ohms(1_000_000)
        insulation.selfTestAnswered = dc.insulationCommands[evse].selfTests
        insulation.selfTestPassed = true
        shared.publish(insulation, evse: EVSEID(index: evse))
    }

    private func set(_ evse: Int, _ channel: Int, _ volts: Double) {
        chip.setMicrovolts(4 * evse + channel, Int32((volts * 1_000_000).rounded()))
    }

    /// Grants an EVSE all that it can give.
    func grant(_ evse: Int) {
        station.evses[evse].energyGranted = true
        station.evses[evse].limit = Amperes(500)
        station.evses[evse].powerLimit = Watts(raw: .max)
    }

    /// Current that all sources of an EVSE give.
    func current(_ evse: Int) -> Double {
        (0..<16).filter { outlet(of: $0) == evse }.reduce(0) { $0 + sources[$1].current }
    }
}

/// A module of 30 kW that follows within a second.
struct DirectSource {
    var isSilent = false
    private(set) var voltage = 0.0
    private(set) var current = 0.0
    private(set) var isOn = false

    mutating func follow(_ command: PowerSourceCommand, held: Double?) {
        isOn = command.isOn
        let goal = isOn ? command.voltage.double : 0
        voltage += max(-10, min(10, goal - voltage))
        current = 0
        guard let held else { return }
        if isOn { current = command.current.double }
        voltage = held
    }

    func sample(at: Instant) -> PowerSourceSample {
        var sample = PowerSourceSample()
        sample.at = at
        sample.voltage = Volts(millivolts: Int32(voltage * 1000))
        sample.current = Amperes(milliamperes: Int32(current * 1000))
        sample.isOn = isOn
        sample.isReady = true
        sample.maximumVoltage = Volts(1000)
        sample.minimumVoltage = Volts(50)
        sample.maximumCurrent = Amperes(75)
        sample.maximumPower = Watts(30_000)
        return sample
    }
}

/// A vehicle that goes through its session as it is told.
struct DirectVehicle {
    var battery = 400.0
    var wants = Amperes(200)
    var isPlugged = false
    /// It is full, or its user stopped it.
    var isDone = false
    private(set) var stage = VehicleStage.none
    private(set) var isClosed = false
    private var steps = 0
    private var session: UInt32 = 0

    /// Level of the pilot's positive part.
    var level: Double {
        guard isPlugged else { return 12 }
        return stage >= .cableCheck && stage <= .transfer ? 6 : 9
    }

    mutating func follow(_ told: VehicleCommand, bus: Double) {
        guard isPlugged else {
            stage = .none
            isClosed = false
            isDone = false
            return
        }
        steps += 1
        guard steps >= 10 else { return }
        steps = 0
        let mustStop = isDone || told.stop != .none
        switch stage {
        case .none where told.isAvailable: stage = .linking
        case .linking:
            session += 1
            stage = .authorization
        case .authorization where told.isAuthorized: stage = .parameters
        case .parameters: stage = .cableCheck
        case .cableCheck where told.isCableChecked: stage = .preCharge
        case .cableCheck where mustStop, .preCharge where mustStop: stage = .ended
        case .preCharge where told.isPrecharged && abs(bus - battery) < 20:
            isClosed = true
            stage = .transfer
        case .transfer where mustStop: stage = .stopping
        case .stopping:
            isClosed = false
            stage = .weldingDetection
        case .weldingDetection: stage = .ended
        default: break
        }
    }

    func sample(at: Instant) -> VehicleSample {
        var sample = VehicleSample()
        sample.at = at
        sample.stage = stage
        sample.session = session
        sample.targetVoltage = Volts(millivolts: Int32((battery + 2) * 1000))
        sample.targetCurrent = stage == .transfer && !isDone ? wants : .zero
        sample.maximumVoltage = Volts(500)
        sample.maximumCurrent = Amperes(400)
        return sample
    }
}
