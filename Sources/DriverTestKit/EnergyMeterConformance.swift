internal import DriverKit
public import EVSEModel

/// What every driver that fills the role `meter` does, whatever the meter.
public enum EnergyMeterConformance {
    /// The far end: a meter of which the suite can ask two things.
    public protocol Rig: Sendable {
        /// The register of imported energy, from now on.
        func count(_ energy: WattHours) async
        /// False: no answer to anything, until true.
        func answer(_ isAnswering: Bool) async
    }

    /// Runs the suite on a driver that was made and nothing more.
    ///
    /// - Parameters:
    ///   - maximumAge: after which the meter must be reported lost.
    ///   - slack: what may be added to that by polls and time-outs, and until it is found again.
    /// - Returns: the rules that it broke, in words; empty for a driver as it should be.
    public static func violations(
        of test: DriverUnderTest, at rig: some Rig, maximumAge: Milliseconds,
        slack: Milliseconds = .seconds(10)
    ) async -> [String] {
        var verdict = Verdict(test)
        await rig.count(WattHours(1000))
        await rig.answer(true)
        await verdict.start()
        await reads(test, rig, &verdict)
        await losesAndFinds(test, rig, maximumAge, slack, &verdict)
        await verdict.end()
        let published = test.host.samples.count
        await test.pass(maximumAge)
        verdict.require(
            test.host.samples.count == published, "publishes although it was cleaned up")
        return verdict.violations
    }

    private static func reads(
        _ test: DriverUnderTest, _ rig: some Rig, _ verdict: inout Verdict
    ) async {
        let before = test.host.now()
        guard await verdict.poll(within: .seconds(10), until: { !test.host.samples.isEmpty }),
            let first = test.host.samples.last
        else { return verdict.require(false, "no sample of a meter that answers") }
        verdict.require(first.at >= before, "a sample is older than the poll that took it")
        verdict.require(first.at <= test.host.now(), "a sample is from the future")
        verdict.require((1...3).contains(first.phases), "\(first.phases) phases")
        verdict.require(first.valid.contains(.energyImport), "no energy register")
        verdict.require(first.valid.contains(.current), "no current")
        verdict.require(
            abs(first.energyImport.raw - WattHours(1000).raw) <= 100_000,
            "1000 Wh read as \(first.energyImport)")
        let count = test.host.samples.count
        // Time for a watt-hour to flow: a driver may refuse a register that leaps.
        await test.pass(.seconds(1))
        await rig.count(WattHours(1001))
        _ = await verdict.poll(within: .seconds(10), until: { test.host.samples.count > count })
        let times = test.host.samples.map(\.at)
        verdict.require(times == times.sorted(), "samples are not in the order of their times")
        verdict.require(test.host.faults.isEmpty, "a fault of a good meter: \(test.host.faults)")
    }

    private static func losesAndFinds(
        _ test: DriverUnderTest, _ rig: some Rig, _ maximumAge: Milliseconds,
        _ slack: Milliseconds, _ verdict: inout Verdict
    ) async {
        let last = test.host.samples.last?.at ?? .zero
        await rig.answer(false)
        let isLost = await verdict.poll(
            within: maximumAge + slack, until: { test.host.faults[.meterLost] != nil })
        verdict.require(isLost, "a silent meter is not reported")
        verdict.require(
            test.host.now() - last >= maximumAge, "reported lost before the maximum age")
        verdict.require(
            test.host.samples.last?.at ?? .zero == last, "a sample of a meter that is silent")
        await rig.answer(true)
        let isFound = await verdict.poll(
            within: slack, until: { test.host.faults[.meterLost] == nil })
        verdict.require(isFound, "a meter that is back stays lost")
        let events = test.host.faultEvents.filter { $0.fault == .meterLost }.map(\.holds)
        verdict.require(events == [true, false], "one loss is told as \(events)")
    }
}
