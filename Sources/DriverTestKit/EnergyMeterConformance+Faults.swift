internal import DriverKit
public import EVSEModel

/// What can be wrong on the way from a meter to its driver, on any bus.
public enum MeterBusFault: String, Hashable, Sendable, CaseIterable {
    // Replies that are none
    case silent
    /// After the driver gave up: a reply that is believed all the same must be the right one.
    case late
    /// Wrong check sum; on a bus without one another transaction's number.
    case garbled
    case wrongUnit = "wrong-unit"
    case truncated
    case noise
    case exception1 = "exception-1"
    case exception2 = "exception-2"
    case exception3 = "exception-3"
    case exception4 = "exception-4"
    case exception6 = "exception-6"
    // Bytes around a good reply
    case echo
    case extra
    case doubled
    case chatter
    case split
    // Good replies with other values
    case stuck
    case zero
    case maximum
    case noValue = "no-value"
    case wordSwap = "word-swap"
    case previousRegister = "previous-register"
    /// The counter was set back.
    case rollover

    /// No reply under this fault may be believed.
    public var spoilsReplies: Bool {
        switch self {
        case .silent, .garbled, .wrongUnit, .truncated, .noise, .exception1, .exception2,
            .exception3, .exception4, .exception6:
            true
        default: false
        }
    }
    /// The values may be others than those that were measured.
    public var changesValues: Bool {
        switch self {
        case .zero, .maximum, .noValue, .wordSwap, .previousRegister, .rollover: true
        default: false
        }
    }
}

extension EnergyMeterConformance {
    /// A far end whose line and values can be spoilt.
    public protocol FaultyRig: Rig {
        /// From now on, alone; `nil` ends the one in force.
        func suffer(_ fault: MeterBusFault?) async
        /// What the meter measures: of its first phase, and in all.
        var truth: MeterTruth { get async }
    }

    public struct MeterTruth: Hashable, Sendable {
        /// V and A of the first phase.
        public var voltage: Double
        public var current: Double
        /// W, all phases.
        public var power: Double
        /// Wh.
        public var energy: Double
        /// What the meter's registers leave off, as a part: 0.001 is a thousandth.
        public var resolution: Double
        /// Wh by which its energy register may be off.
        public var energyStep: Double

        public init(
            voltage: Double, current: Double, power: Double, energy: Double,
            resolution: Double = 0.002, energyStep: Double = 1
        ) {
            self.voltage = voltage
            self.current = current
            self.power = power
            self.energy = energy
            self.resolution = resolution
            self.energyStep = energyStep
        }
    }

    /// Runs the suite's faults on a driver that reads well, one after the other.
    ///
    /// Whatever happens on the way: no sample with a wrong energy is published as a good one, none at
    /// all from a reply that is no reply; and the first poll after the fault's end, or one soon after
    /// it, is right again.
    ///
    /// - Parameters:
    ///   - faults: those that this bus can have.
    ///   - slack: time in which the driver must be right again.
    /// - Returns: the rules that it broke, in words; empty for a driver as it should be.
    public static func faultViolations(
        of test: DriverUnderTest, at rig: some FaultyRig,
        faults: [MeterBusFault] = MeterBusFault.allCases, slack: Milliseconds = .seconds(60)
    ) async -> [String] {
        var verdict = Verdict(test)
        await rig.suffer(nil)
        await rig.answer(true)
        await verdict.start()
        _ = await verdict.poll(within: slack, until: { !test.host.samples.isEmpty })
        let truth = await rig.truth
        let isTrue = test.host.samples.last.map { agrees($0, truth, since: truth) } ?? false
        verdict.require(isTrue, "never reads \(truth), but \(shown(test))")
        for fault in faults { await suffer(fault, test, rig, slack, &verdict) }
        await verdict.end()
        return verdict.violations
    }

    private static func suffer(
        _ fault: MeterBusFault, _ test: DriverUnderTest, _ rig: some FaultyRig,
        _ slack: Milliseconds, _ verdict: inout Verdict
    ) async {
        let before = test.host.samples.count
        let start = await rig.truth
        await rig.suffer(fault)
        // Two polls: fewer failures than a bus needs to let a unit rest.
        for _ in 1...2 {
            let next = await test.driver.poll()
            await test.pass(next)
        }
        let samples = test.host.samples[before...]
        let end = await rig.truth
        verdict.require(
            !fault.spoilsReplies || samples.isEmpty,
            "\(fault.rawValue): a sample out of replies that are none")
        for sample in samples {
            verdict.require(
                !sample.valid.contains(.energyImport) || isWithin(sample, start, end),
                "\(fault.rawValue): \(sample.energyImport) are published, \(end.energy) Wh is true")
            verdict.require(
                fault.changesValues || agrees(sample, end, since: start),
                "\(fault.rawValue): a sample with other values than were measured")
        }
        let energyIsMissing = samples.contains { !$0.valid.contains(.energyImport) }
        // What looks like a code for "no value" is no fault yet; registers beside the right ones, and
        // the greatest number, may be such a code.
        let mayBeNone = [MeterBusFault.noValue, .maximum, .previousRegister].contains(fault)
        verdict.require(
            !energyIsMissing || mayBeNone || test.host.faults[.meterImplausible] != nil,
            "\(fault.rawValue): an energy is left out and nobody is told")
        await rig.suffer(nil)
        let isBack = await verdict.poll(
            within: slack,
            until: {
                test.host.samples.count > before + samples.count && test.host.faults.isEmpty
            })
        let now = await rig.truth
        let isRight = test.host.samples.last.map { agrees($0, now, since: end) } ?? false
        verdict.require(
            isBack && isRight,
            "\(fault.rawValue): not right again after it: \(shown(test)), faults \(test.host.faults)"
        )
    }

    /// Energies between two moments are true of the time between them.
    private static func isWithin(
        _ sample: MeterSample, _ start: MeterTruth, _ end: MeterTruth
    ) -> Bool {
        let energy = sample.energyImport.double
        return energy >= start.energy - start.energyStep && energy <= end.energy + end.energyStep
    }

    private static func agrees(
        _ sample: MeterSample, _ truth: MeterTruth, since start: MeterTruth
    ) -> Bool {
        func near(_ value: Double, _ expected: Double) -> Bool {
            abs(value - expected) <= max(abs(expected) * truth.resolution, 0.01)
        }
        return sample.valid.isSuperset(of: [.voltage, .current, .power, .energyImport])
            && near(sample.voltage[0].double, truth.voltage)
            && near(sample.current[0].double, truth.current)
            && near(sample.totalPower.double, truth.power)
            && isWithin(sample, start, truth)
    }

    private static func shown(_ test: DriverUnderTest) -> String {
        guard let sample = test.host.samples.last else {
            return "nothing; \(test.host.logLines.suffix(2)), faults \(test.host.faults)"
        }
        return "\(sample.voltage[0]), \(sample.current[0]), \(sample.totalPower), "
            + "\(sample.energyImport)"
    }
}
