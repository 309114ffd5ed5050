internal import DriverKit
public import EVSEModel

/// What every driver of the role `insulation-monitor` does, whatever the device.
public enum InsulationMonitorConformance {
    /// The far end: a monitor between an output and earth.
    public protocol Rig: Sendable {
        /// Resistance of either pole to earth, Ω, and the voltage between them.
        func set(positive: Double, negative: Double, voltage: Double) async
        /// What is wrong with the device or its bus from now on; `nil`: nothing.
        func suffer(_ fault: InsulationFault?) async
        /// Self-tests that the device has begun so far.
        func selfTests() async -> Int
        /// Writes to memories that wear out.
        func storedWrites() async -> Int
    }

    public struct Terms: Sendable {
        /// After which the monitor counts as lost.
        public var maximumAge: Milliseconds
        /// A change is seen within this time.
        public var seesChanges: Milliseconds
        /// The most that the device measures; more is told as at least that.
        public var highest: Ohms
        /// Settings that the driver may write once.
        public var settings: Int
        public init(
            maximumAge: Milliseconds, seesChanges: Milliseconds, highest: Ohms, settings: Int
        ) {
            self.maximumAge = maximumAge
            self.seesChanges = seesChanges
            self.highest = highest
            self.settings = settings
        }
    }

    /// Runs the suite on a driver that was made and nothing more.
    ///
    /// - Returns: the rules that it broke, in words; empty for a driver as it should be.
    public static func violations(
        of test: DriverUnderTest, at rig: some Rig, terms: Terms,
        faults: [InsulationFault] = InsulationFault.allCases
    ) async -> [String] {
        var verdict = Verdict(test)
        let suite = Suite(test: test, rig: rig, terms: terms)
        test.host.tellInsulation { $0.isMeasuring = true }
        await rig.set(positive: 2_000_000, negative: 2_000_000, voltage: 400)
        await verdict.start()
        await suite.reads(&verdict)
        await suite.testsItself(&verdict)
        await suite.failsTests(faults, &verdict)
        await suite.survives(faults, &verdict)
        await suite.losesAndFinds(&verdict)
        await suite.wearsOutNothing(&verdict)
        return verdict.violations
    }

    private struct Suite<MonitorRig: Rig> {
        let test: DriverUnderTest
        let rig: MonitorRig
        let terms: Terms

        private var host: RecordingHost { test.host }
        private var newest: InsulationSample { host.insulationSamples.last ?? InsulationSample() }

        /// Within 2 % of the lower pole at most, and of both side by side at least.
        private func agrees(_ sample: InsulationSample, _ positive: Double, _ negative: Double)
            -> Bool
        {
            guard let resistance = sample.resistance?.double, !sample.hasFault else { return false }
            let both = 1 / (1 / positive + 1 / negative)
            let highest = terms.highest.double
            let most = Swift.min(Swift.min(positive, negative), highest)
            return resistance <= most * 1.02 && resistance >= Swift.min(both, highest) * 0.97 - 100
        }

        func reads(_ verdict: inout Verdict) async {
            let pairs = [
                (900_000.0, 1_100_000.0), (45_000, 5_000_000), (5_000_000, 80_000), (1_000, 1_000),
                (90_000_000, 90_000_000),
            ]
            for (positive, negative) in pairs {
                await rig.set(positive: positive, negative: negative, voltage: 400)
                let before = host.now()
                let isSeen = await verdict.poll(within: terms.seesChanges) {
                    newest.at > before && agrees(newest, positive, negative)
                }
                verdict.require(
                    isSeen,
                    "\(positive) and \(negative) Ω read as \(String(describing: newest.resistance))"
                )
            }
            if let voltage = newest.voltage {
                verdict.require(abs(voltage.double - 400) < 4, "400 V read as \(voltage)")
            }
            verdict.require(host.faults.isEmpty, "a fault of a good monitor: \(host.faults)")
            await rig.set(positive: 1_000_000, negative: 1_000_000, voltage: 400)
            await poll(terms.seesChanges, &verdict)
        }

        func testsItself(_ verdict: inout Verdict) async {
            let begun = await rig.selfTests()
            verdict.require(begun == 0, "\(begun) self-tests that nobody wanted")
            host.tellInsulation { $0.selfTests = 1 }
            let isTesting = await verdict.poll(within: .seconds(10)) { newest.isTesting }
            verdict.require(isTesting, "a self-test is not told")
            verdict.require(newest.resistance == nil, "a resistance in the middle of a self-test")
            let isOver = await verdict.poll(within: .seconds(31)) { newest.selfTestAnswered == 1 }
            verdict.require(isOver && newest.selfTestPassed, "a good self-test does not pass")
            await poll(.seconds(5), &verdict)
            let after = await rig.selfTests()
            verdict.require(after == 1, "\(after) self-tests where one was wanted")
            // A loop that begins anew counts from 0.
            host.tellInsulation { $0.selfTests = 0 }
            await poll(.seconds(2), &verdict)
            verdict.require(newest.selfTestAnswered == 0, "an answer to nobody's request")
            host.tellInsulation { $0.selfTests = 1 }
            let isAgain = await verdict.poll(within: .seconds(41)) { newest.selfTestAnswered == 1 }
            verdict.require(isAgain && newest.selfTestPassed, "a self-test after the loop's start")
        }

        func failsTests(_ faults: [InsulationFault], _ verdict: inout Verdict) async {
            for fault in faults where fault.spoilsTests {
                let request = newest.selfTestAnswered + 1
                await rig.suffer(fault)
                host.tellInsulation { $0.selfTests = request }
                let isOver = await verdict.poll(within: .seconds(45)) {
                    newest.selfTestAnswered == request
                }
                let wanted = !fault.failsTests
                verdict.require(
                    isOver && newest.selfTestPassed == wanted,
                    "\(fault): the self-test should \(wanted ? "pass" : "fail"), and is over: \(isOver)"
                )
                await rig.suffer(nil)
                await settle(&verdict)
            }
        }

        func survives(_ faults: [InsulationFault], _ verdict: inout Verdict) async {
            for fault in faults where !fault.spoilsTests {
                await settle(&verdict)
                await rig.suffer(fault)
                let known = host.insulationSamples.count
                let isSeen = await verdict.poll(within: terms.maximumAge + .seconds(5)) {
                    fault.makesFault ? !host.faults.isEmpty : false
                }
                verdict.require(isSeen || !fault.makesFault, "\(fault): no fault is told")
                let wrong = host.insulationSamples.dropFirst(known + 1).filter {
                    $0.resistance != nil && !agrees($0, 1_000_000, 1_000_000)
                }
                verdict.require(wrong.isEmpty, "\(fault): a resistance that is not there")
                if fault.hidesValues {
                    verdict.require(newest.resistance == nil, "\(fault): \(newest) is believed")
                }
                await rig.suffer(nil)
                await settle(&verdict)
            }
        }

        func losesAndFinds(_ verdict: inout Verdict) async {
            await rig.suffer(.silent)
            // A poll may have been under way.
            await poll(terms.seesChanges, &verdict)
            let known = host.insulationSamples.count
            let isTold = await verdict.poll(within: terms.maximumAge + .seconds(10)) {
                host.faults[.insulationMonitorLost] != nil
            }
            verdict.require(isTold, "a silent monitor is not told")
            verdict.require(
                host.insulationSamples.count == known, "something is told of a silent monitor")
            await rig.suffer(nil)
            await settle(&verdict)
            verdict.require(host.faults.isEmpty, "a monitor that is back is not told")
        }

        func wearsOutNothing(_ verdict: inout Verdict) async {
            let before = await rig.storedWrites()
            verdict.require(
                before <= terms.settings,
                "\(before) writes to memories that wear, in the course of it")
            await poll(.seconds(20), &verdict)
            await verdict.end()
            await verdict.start()
            await poll(.seconds(5), &verdict)
            await verdict.end()
            let after = await rig.storedWrites()
            verdict.require(
                after == before, "\(after - before) writes to memories at a second start")
        }

        private func settle(_ verdict: inout Verdict) async {
            let before = host.now()
            let isGood = await verdict.poll(within: .seconds(60)) {
                newest.at > before && host.faults.isEmpty && !newest.isTesting
                    && agrees(newest, 1_000_000, 1_000_000)
            }
            verdict.require(isGood, "does not read again: \(newest), \(host.faults)")
        }
        private func poll(_ time: Milliseconds, _ verdict: inout Verdict) async {
            _ = await verdict.poll(within: time) { false }
        }
    }
}

/// What can be wrong with an insulation monitor or its bus.
public enum InsulationFault: String, Sendable, CaseIterable {
    // Self-tests
    case selfTestFails = "self-test-fails"
    case neverReady = "never-ready"
    case stateLate = "state-late"
    // Values
    case errorState = "error-state"
    case otherUnit = "other-unit"
    case noValue = "no-value"
    // The bus
    case silent, garbled, truncated, extra, noise, exception, split
    case wrongUnit = "wrong-unit"

    var spoilsTests: Bool { [.selfTestFails, .neverReady, .stateLate].contains(self) }
    /// A state that is only shown late is no failure.
    var failsTests: Bool { self != .stateLate }
    /// It is told, as ``Fault/insulationMonitorLost``.
    var makesFault: Bool {
        switch self {
        case .errorState, .otherUnit, .silent, .garbled, .noise, .exception, .wrongUnit, .truncated:
            true
        case .selfTestFails, .neverReady, .stateLate, .noValue, .extra, .split: false
        }
    }
    /// No resistance may be told.
    var hidesValues: Bool { [.errorState, .otherUnit, .noValue].contains(self) }
}
