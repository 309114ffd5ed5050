package import EVSEModel
import JSON
import SimulatedChip

/// The simulated physical world: one value, stepped to an instant in virtual or real time.
///
/// It reads a chip's outputs and writes its inputs in ``step(to:chip:released:)``; everything else
/// happens through its actions (plug, tap, fault). It has no clock, thread or file, and given the
/// same plan, seed, outputs and actions it does the same.
package struct PlantWorld: Sendable {
    package let plan: PlantPlan
    /// World time in nanoseconds; the machine's monotonic clock in a plant that runs for real.
    package private(set) var now: Int64
    package internal(set) var evses: [EVSEWorld]
    package internal(set) var meters: [MeterWorld]
    package internal(set) var readers: [ReaderWorld]
    package internal(set) var displays: [DisplayWorld]
    package internal(set) var cards: [CardWorld]
    package internal(set) var cabinets: [CabinetWorld]
    package internal(set) var vehicleModules: [VehicleModuleWorld]
    package internal(set) var insulationMonitors: [InsulationMonitorWorld]
    package internal(set) var coolers: [CoolerWorld]
    /// In the order of the plan's.
    package internal(set) var coolingSensors: [ThermalModel]
    package internal(set) var mains: MainsModel
    /// Sources, busbars and circuits of direct current; see `PlantWorld+DirectCurrent.swift`.
    package internal(set) var power: DCPowerPath
    /// How direct current was shut down, the newest last, and what is being measured.
    package internal(set) var stops = [DCStop]()
    var pendingStops = [DCStop]()
    package internal(set) var house = HouseModel()
    package internal(set) var ambient = 25.0
    /// How far the mains wander about their voltage, V.
    package var mainsRipple = 0.6
    /// Vehicles' values are told once a second; a world whose events nobody reads can do without.
    package var tellsSamples = true
    /// How many times faster than real the batteries of vehicles fill that are plugged in from now.
    package var batterySpeed = 1.0
    package internal(set) var faults = [ActiveFault]()
    /// Faults by device: the same, for quick reading.
    package internal(set) var faultsByDevice = [String: DeviceFaults]()
    package private(set) var openings = [OpeningDelay]()
    /// Events since ``takeEvents()``.
    package internal(set) var events = [PlantEvent]()
    package private(set) var isChipReleased = true
    package private(set) var indicatorStates: [Bool]
    /// Colours of each row of lights, 0xRRGGBB; empty until they were told any.
    package internal(set) var lightColours: [[UInt32]]
    package private(set) var watchdogToggles = 0
    var nextFault = 1
    var noise: Noise
    /// What differs from vehicle to vehicle: apart from the noise, so that it does not depend on how
    /// often the world was stepped.
    var scatter: Noise
    private var shown = ShownSignals()
    private var nextRipple: Int64
    private var nextSample: Int64
    private var watchdogLevel = false
    static let openingsKept = 1000
    /// Events kept between two takes; a plant without a listener drops the oldest.
    static let eventsKept = 4096

    package init(_ plan: PlantPlan, at start: Instant) {
        self.plan = plan
        now = start.nanoseconds
        evses = plan.evses.map { evse in
            EVSEWorld(
                evse, controller: plan.controllers.first { $0.evse == evse.number },
                safety: plan.safetyControllers.first { $0.evse == evse.number })
        }
        meters = plan.meters.map { MeterWorld($0, seed: plan.seed) }
        readers = plan.readers.map { ReaderWorld($0) }
        displays = plan.displays.map { DisplayWorld($0) }
        cards = plan.cards.map { CardWorld($0) }
        cabinets = plan.cabinets.map { CabinetWorld($0) }
        vehicleModules = plan.directCurrent.vehicleLinks.map { VehicleModuleWorld($0) }
        insulationMonitors = plan.directCurrent.insulationMonitors.map {
            InsulationMonitorWorld($0)
        }
        coolers = plan.directCurrent.coolers.map { CoolerWorld($0) }
        coolingSensors = plan.directCurrent.coolingSensors.map {
            ThermalModel($0.sensor, ratedCurrent: 500)
        }
        mains = MainsModel(voltage: plan.mains.voltage.double)
        power = DCPowerPath(plan)
        indicatorStates = Array(repeating: false, count: plan.indicators.count)
        lightColours = Array(repeating: [], count: plan.lights.count)
        noise = Noise(seed: plan.seed)
        scatter = Noise(seed: plan.seed ^ 0x5CA7_7E12)
        nextRipple = start.nanoseconds
        nextSample = start.nanoseconds
    }

    /// Something is under way whose time is measured: step as often as possible.
    package var wantsFineSteps: Bool {
        if !pendingStops.isEmpty { return true }
        return evses.contains { evse in
            evse.opening.map { now - $0.since < 200_000_000 } ?? false
        }
    }

    /// Longest part in which everything that moves is still followed: bolts, ramps, reactions.
    package static let finestPart: Int64 = 20_000_000

    /// Advances to an instant, in parts.
    /// - Parameters:
    ///   - released: nobody holds the chip's lines.
    ///   - longestPart: in nanoseconds. More than ``finestPart`` is for a world in which nothing
    ///     moves: powers and temperatures are then integrated over the whole part at once.
    @_specialize(where Chip == SimulatedChip)  // callers of other modules have no other way to it
    package mutating func step<Chip: ChipTerminals>(
        to instant: Instant, chip: Chip, released: Bool = false,
        longestPart: Int64 = PlantWorld.finestPart
    ) {
        let outputs = OutputSignals(chip: chip, isReleased: released)
        isChipReleased = released
        repeat {
            let nanoseconds = min(longestPart, max(0, instant.nanoseconds - now))
            now += nanoseconds
            stepOnce(nanoseconds, outputs)
        } while now < instant.nanoseconds
    }

    private mutating func stepOnce<Chip: ChipTerminals>(
        _ nanoseconds: Int64, _ outputs: OutputSignals<Chip>
    ) {
        let seconds = Double(nanoseconds) / 1e9
        endFaults()
        if now >= nextRipple {
            nextRipple = now + 200_000_000
            mains.ripple = noise.unit() * mainsRipple
        }
        for index in evses.indices {
            let supply = mains.voltage(at: evses[index].current)
            let delay = evses[index].step(
                seconds, now: now, supply: supply, ambient: ambient, outputs, noise: &noise)
            if let delay { record(delay, evse: index) }
        }
        for index in cabinets.indices {
            let faults = faults(of: cabinets[index].plan.device)
            cabinets[index].step(now: now, faults: faults, stages: &power.stages)
        }
        stepDirectCurrent(nanoseconds, outputs)
        stepCooling(seconds, outputs)
        drawFromGrid()
        for index in meters.indices { measure(index, nanoseconds) }
        for index in readers.indices { readers[index].step(now) }
        for index in plan.switches.indices {
            let faults = faultsByDevice.isEmpty ? nil : faultsByDevice[plan.switches[index].device]
            let signal = Self.signal(
                plan.switches[index].kind, faults, hasSupply: mains.isUp, isDimmed: house.isDimmed)
            let line = plan.switches[index].line
            if let terminal = line.terminal {
                setInput(terminal, signal != line.activeLow)
            } else {
                outputs.set(line, signal)
            }
        }
        for index in cards.indices {
            let faults = faults(of: cards[index].plan.device)
            cards[index].step(now: now, faults: faults)
        }
        stepDirectCurrentDevices()
        for expander in plan.expanders {
            let isMute = faultsByDevice[expander.name]?.has(.absent) == true
            for line in expander.lines { outputs.chip.setMute(line, isMute) }
        }
        for index in plan.indicators.indices {
            let line = plan.indicators[index].line
            indicatorStates[index] =
                line.terminal.map { isOutputOn($0) != line.activeLow } ?? outputs.isOn(line)
        }
        if let watchdog = plan.watchdog, outputs.isOn(watchdog) != watchdogLevel {
            watchdogLevel.toggle()
            watchdogToggles &+= 1
        }
        noticeChanges()
        if now >= nextSample {
            nextSample = now + 1_000_000_000
            if tellsSamples { sample() }
        }
    }

    /// Faults of a device: most of the time none has any.
    package func faults(of device: String) -> DeviceFaults {
        guard !faultsByDevice.isEmpty else { return DeviceFaults() }
        return faultsByDevice[device] ?? DeviceFaults()
    }

    mutating func setInput(_ terminal: PlantPlan.Terminal, _ level: Bool) {
        guard let card = cards.firstIndex(where: { $0.plan.device == terminal.card }) else {
            return
        }
        let bit: UInt32 = 1 << UInt32(terminal.number)
        cards[card].inputs = level ? cards[card].inputs | bit : cards[card].inputs & ~bit
    }
    func isOutputOn(_ terminal: PlantPlan.Terminal) -> Bool {
        let card = cards.first { $0.plan.device == terminal.card }
        return (card?.outputs ?? 0) >> UInt32(terminal.number) & 1 == 1
    }

    /// What goes through the breaker of the house.
    private mutating func drawFromGrid() {
        let currents = currentsOfEVSEs
        let load = house.load(at: now)
        for phase in 0..<3 { house.drawn[phase] = mains.isUp ? load[phase] + currents[phase] : 0 }
    }

    /// A of each phase of the feed.
    private var currentsOfEVSEs: InlineArray<3, Double> {
        var currents: InlineArray<3, Double> = [0, 0, 0]
        let evses = evses.span
        for index in evses.indices where !evses[index].isBreakerTripped {
            evses[index].addCurrents(to: &currents, rotation: evses[index].plan.rotation)
        }
        return currents
    }

    private mutating func measure(_ index: Int, _ nanoseconds: Int64) {
        let number = meters[index].plan.evse
        guard number > 0 else {
            let drawn = house.drawn
            let voltage = mains.voltage(at: 0)
            return meters[index].measure(
                voltage: voltage, phases: 3, currents: [drawn[0], drawn[1], drawn[2]],
                frequency: voltage > 0 ? plan.mains.frequency.double : 0, nanoseconds: nanoseconds)
        }
        guard let place = evses.indices.first(where: { evses[$0].plan.number == number }) else {
            return
        }
        if evses[place].isDirect {
            return measureDirect(index, of: number)
        }
        let phases = evses[place].plan.phases
        let voltage = evses[place].isBreakerTripped ? 0 : mains.voltage(at: evses[place].current)
        var currents: InlineArray<3, Double> = [0, 0, 0]
        evses[place].addCurrents(to: &currents)
        meters[index].measure(
            voltage: voltage, phases: phases, currents: currents,
            frequency: voltage > 0 ? plan.mains.frequency.double : 0, nanoseconds: nanoseconds)
    }

    private static func signal(
        _ kind: PlantPlan.Switch.Kind, _ faults: DeviceFaults?, hasSupply: Bool, isDimmed: Bool
    ) -> Bool {
        switch kind {
        case .emergencyStop: faults?.has(.pressed) == true
        case .door: faults?.has(.doorOpen) == true
        case .tilt: faults?.has(.tilted) == true
        case .water: faults?.has(.wet) == true
        case .ground: faults?.has(.earthLost) != true
        case .mains: hasSupply
        case .dimming: isDimmed
        }
    }

    private mutating func record(_ delay: OpeningDelay, evse: Int) {
        if openings.count >= Self.openingsKept { openings.removeFirst() }
        openings.append(delay)
        emit(
            .opening, delay.connector,
            [
                "cause": .string(delay.cause.rawValue),
                "microseconds": JSONValue(delay.microseconds),
                "current": JSONValue(rounded: delay.current, digits: 2),
            ])
    }

    // Events

    mutating func emit(_ kind: PlantEvent.Kind, _ subject: String, _ fields: JSONObject) {
        if events.count >= Self.eventsKept { events.removeFirst(Self.eventsKept / 4) }
        events.append(
            PlantEvent(kind: kind, microseconds: now / 1000, subject: subject, fields: fields))
    }
    /// The events since the last call, in order.
    package mutating func takeEvents() -> [PlantEvent] {
        guard !events.isEmpty else { return [] }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }
    private mutating func noticeChanges() {
        // Taken out, so that nothing is copied.
        var shown = ShownSignals()
        swap(&shown, &self.shown)
        shown.notice(&self)
        swap(&shown, &self.shown)
    }
    private mutating func sample() {
        for evse in evses {
            let meter = meters.first { $0.plan.evse == evse.plan.number }
            for connector in evse.connectors {
                guard let vehicle = connector.vehicle else { continue }
                var fields: JSONObject = [
                    "offered": JSONValue(rounded: connector.output.offered ?? 0, digits: 2),
                    "drawn": JSONValue(rounded: connector.drawn, digits: 2),
                    "soc": JSONValue(rounded: vehicle.stateOfCharge, digits: 5),
                ]
                if let meter {
                    fields["power"] = JSONValue(rounded: meter.totalPower, digits: 1)
                    fields["meterWh"] = JSONValue(rounded: meter.books.wattHours, digits: 3)
                }
                emit(.sample, connector.name, fields)
            }
        }
    }
}
