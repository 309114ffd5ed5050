import BoardFile
import DriverKit
import EVSEModel
import ModbusEnergyMeter
import Plant

/// A meter on its bus, at the level of readings: what the driver would have published.
///
/// Values are rounded as the meter's registers hold them, and judged by the driver's own
/// plausibility check. What a fault of the wire does to a reply is decided here; the bytes
/// themselves are other tests' subject.
struct VirtualMeter {
    let device: String
    /// `nil`: the meter behind the breaker of the house.
    let evse: EVSEID?
    /// Index among the plant's meters.
    let index: Int
    private let model: MeterModel
    private let period: Milliseconds
    private let maximumAge: Milliseconds
    private var plausibility: MeterPlausibility
    private var lastPoll: Instant?
    private var lastReading: Instant?
    private var stuck: MeterReading?
    /// Where it signs transactions.
    private let signer: VirtualSigner?

    /// What a poll brought.
    struct Outcome {
        var sample: MeterSample?
        /// Faults that hold or no longer hold, as the driver says them.
        var faults: [(fault: Fault, holds: Bool)] = []
        var report: SigningReport?
    }

    /// - Parameter line: to the meter, for one that signs.
    init(
        _ device: BoardDevice, evse: EVSEID?, index: Int, signingOn line: VirtualModbusLine?
    ) throws {
        self.device = device.id.name
        self.evse = evse
        self.index = index
        model = try MeterModels.load(device.configuration.text("model"))
        period = device.configuration.quantity("poll-period")
        maximumAge = device.configuration.quantity("max-age")
        plausibility = MeterPlausibility(model)
        signer = line.flatMap { [model] in VirtualSigner(model, on: $0) }
    }

    /// The process that polls it starts anew.
    mutating func restart(at now: Instant) {
        plausibility = MeterPlausibility(model)
        lastPoll = nil
        lastReading = now
        stuck = nil
        signer?.restart()
    }

    /// Its period is over.
    func isDue(at now: Instant) -> Bool {
        guard let lastPoll else { return true }
        return now >= lastPoll
            + (signer.map { $0.isSettled ? period : min(period, $0.pause) } ?? period)
    }

    /// Polls, where ``isDue(at:)``, and asks for what is to be signed.
    ///
    /// - Parameter order: what the station wants signed; `nil` where nobody has said.
    mutating func poll(
        _ station: SimulatedStation, _ order: SigningOrder?, at now: Instant
    ) -> Outcome {
        lastPoll = now
        var outcome = read(&station.world, at: now)
        guard let signer else { return outcome }
        guard outcome.sample != nil else {
            if outcome.faults.contains(where: { $0.fault == lost && $0.holds }) { signer.forget() }
            return outcome
        }
        guard let signed = signer.work(order, at: now) else { return outcome }
        outcome.report = signed.report
        outcome.faults.append((.signedValuesMissing, signed.isMissing))
        return outcome
    }

    private mutating func read(_ world: inout PlantWorld, at now: Instant) -> Outcome {
        let meter = world.meters[index]
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        let bus = world.faultsByDevice[meter.plan.bus]
        var outcome = Outcome()
        if !meter.isPowered || bus?.has(.absent) == true || Self.spoils(faults) {
            // The driver tries three times before it gives up.
            for _ in 0..<3 { world.countReply(of: device) }
            judgeAge(now, &outcome)
            return outcome
        }
        var reading = reading(meter, faults)
        if faults.has(.stuck) {
            stuck = stuck ?? reading
            reading = stuck ?? reading
        } else {
            stuck = nil
        }
        plausibility.judge(&reading, at: now)
        outcome.sample = MeterSample(reading, phases: model.phases, isInverted: false, at: now)
        lastReading = now
        outcome.faults = [
            (lost, false), (.meterImplausible, !reading.implausible.isEmpty),
        ]
        if !faults.isEmpty { world.countReply(of: device) }
        return outcome
    }

    private var lost: Fault { evse == nil ? .houseMeterLost : .meterLost }

    private func judgeAge(_ now: Instant, _ outcome: inout Outcome) {
        if let lastReading, now - lastReading > maximumAge {
            outcome.faults = [(lost, true)]
        }
    }

    /// Replies that the driver does not take.
    private static func spoils(_ faults: DeviceFaults) -> Bool {
        guard !faults.isEmpty else { return false }
        let fatal: [FaultKind] = [
            .silent, .garbled, .wrongUnit, .truncated, .exception, .noise, .chatter, .echo, .extra,
        ]
        if fatal.contains(where: faults.has) { return true }
        // Later than the board's reply time-out.
        return faults.value(.slow).map { $0 >= 200 } ?? false
    }

    private func reading(_ meter: MeterWorld, _ faults: DeviceFaults) -> MeterReading {
        let phases = model.phases
        func perPhase(_ values: [Double]) -> [Double] {
            values.prefix(phases).map { Double(Float($0)) }
        }
        var reading = MeterReading()
        let rollover = faults.value(.rollover) ?? 0
        let kilowattHours = Float(max(0, meter.books.wattHours / 1000 - rollover))
        reading.values = [
            .voltage: perPhase(meter.voltages), .current: perPhase(meter.currents),
            .power: perPhase(meter.powers), .frequency: [Double(Float(meter.frequency))],
            .energyImport: [Double(kilowattHours) * 1000], .energyExport: [0],
        ]
        if faults.has(.zero) {
            for quantity in reading.values.keys {
                reading.values[quantity] = reading.values[quantity]?.map { _ in 0 }
            }
        }
        // Every value a not-a-number: none of them is there, and none is incredible.
        if faults.has(.noValue) { reading.values = [:] }
        let isIncredible =
            faults.has(.maximum) || faults.has(.wordSwap) || faults.has(.previousRegister)
        if isIncredible {
            for quantity in Array(reading.values.keys) {
                reading.values[quantity] = nil
                reading.implausible.append(.init(quantity, "outside its range"))
            }
        }
        return reading
    }
}
