internal import DriverKit
public import EVSEModel

/// What can be wrong on the way from an EVSE controller to its driver, on any bus.
public enum ControllerBusFault: String, Hashable, Sendable, CaseIterable {
    // Replies that are none
    case silent
    case late
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
    // Good replies with other values, or old ones
    case stuck
    case zero
    case maximum

    /// No reply under this fault may be believed.
    public var spoilsReplies: Bool {
        switch self {
        case .silent, .garbled, .wrongUnit, .truncated, .noise, .exception1, .exception2,
            .exception3, .exception4, .exception6, .zero, .maximum:
            true
        default: false
        }
    }
}

/// What every driver that fills the role `evse-controller` does, whatever the controller.
public enum EVSEControllerConformance {
    /// The far end: a controller with a vehicle on its cable.
    public protocol Rig: Sendable {
        func plug() async
        func unplug() async
        /// From now on, alone; `nil` ends the one in force.
        func suffer(_ fault: ControllerBusFault?) async
        /// It starts anew: its registers are at their defaults.
        func restart() async
        var truth: Truth { get async }
    }

    public struct Truth: Hashable, Sendable {
        public var pilot: PilotState
        /// On its pilot.
        public var offered: Amperes
        public var isClosed: Bool
        /// Writes to memories that wear out, since it was made.
        public var storedWrites: Int

        public init(pilot: PilotState, offered: Amperes, isClosed: Bool, storedWrites: Int) {
            self.pilot = pilot
            self.offered = offered
            self.isClosed = isClosed
            self.storedWrites = storedWrites
        }
    }

    /// How the driver and its controller are set.
    public struct Terms: Hashable, Sendable {
        public var maximumAge: Milliseconds
        /// From an order to what the controller does of it.
        public var responseTime: Milliseconds
        /// Silence after which the controller offers `fallback`; `nil` where it has no watchdog.
        public var watchdog: Milliseconds?
        public var fallback: Amperes
        /// The vehicle is switched off under load where that is ordered.
        public var opensAtOnce: Bool

        public init(
            maximumAge: Milliseconds, responseTime: Milliseconds, watchdog: Milliseconds?,
            fallback: Amperes, opensAtOnce: Bool
        ) {
            self.maximumAge = maximumAge
            self.responseTime = responseTime
            self.watchdog = watchdog
            self.fallback = fallback
            self.opensAtOnce = opensAtOnce
        }
    }

    /// Runs the suite on a driver that was made and nothing more.
    ///
    /// - Parameter slack: what may be added to a time by polls, time-outs and rests of the bus.
    /// - Returns: the rules that it broke, in words; empty for a driver as it should be.
    public static func violations(
        of test: DriverUnderTest, at rig: some Rig, terms: Terms,
        slack: Milliseconds = .seconds(10)
    ) async -> [String] {
        let run = ControllerRun(test, rig, terms, slack)
        await run.begin()
        await run.obeys()
        await run.opens()
        await run.losesItsLoop()
        await run.startsAnew()
        await run.losesAndFinds()
        await run.ends()
        return run.verdict.violations
    }

    /// Runs the bus's faults on a driver whose vehicle charges, one after the other.
    ///
    /// Whatever happens on the way: no sample out of replies that are none, never more offered than
    /// was told, and right again after the fault's end.
    public static func faultViolations(
        of test: DriverUnderTest, at rig: some Rig, terms: Terms,
        faults: [ControllerBusFault] = ControllerBusFault.allCases,
        slack: Milliseconds = .seconds(60)
    ) async -> [String] {
        let run = ControllerRun(test, rig, terms, slack)
        await run.begin()
        await run.charge(Amperes(12))
        for fault in faults { await run.suffer(fault) }
        await run.ends()
        return run.verdict.violations
    }
}

/// One run of the suite.
private final class ControllerRun<Rig: EVSEControllerConformance.Rig> {
    var verdict: Verdict
    let test: DriverUnderTest
    let rig: Rig
    let terms: EVSEControllerConformance.Terms
    let slack: Milliseconds
    private var storedAtStart = 0

    init(
        _ test: DriverUnderTest, _ rig: Rig, _ terms: EVSEControllerConformance.Terms,
        _ slack: Milliseconds
    ) {
        verdict = Verdict(test)
        self.test = test
        self.rig = rig
        self.terms = terms
        self.slack = slack
    }

    /// Polls until the truth is as wanted.
    private func wait(
        _ limit: Milliseconds, _ wanted: (EVSEControllerConformance.Truth) -> Bool
    ) async -> Bool {
        let end = test.host.now() + limit
        while test.host.now() < end {
            await test.pass(await test.driver.poll())
            if wanted(await rig.truth) { return true }
        }
        return false
    }

    func begin() async {
        await rig.suffer(nil)
        // Whoever has just been switched on is mute for a while.
        await test.pass(.seconds(5))
        test.host.order(.zero, isEnabled: false)
        await verdict.start()
        let isThere = await wait(slack) { _ in !test.host.controllerSamples.isEmpty }
        verdict.require(isThere, "no sample of a controller that answers: \(test.host.logLines)")
        let sample = test.host.controllerSamples.last ?? ControllerSample()
        verdict.require(sample.pilot == .a, "says \(sample.pilot) without a vehicle")
        verdict.require(sample.at <= test.host.now(), "a sample is from the future")
        storedAtStart = await rig.truth.storedWrites
    }

    func charge(_ current: Amperes) async {
        await rig.plug()
        test.host.order(current)
        let isCharging = await wait(terms.responseTime + slack) {
            $0.isClosed && $0.offered > .zero
        }
        verdict.require(isCharging, "a vehicle that may charge does not: \(await rig.truth)")
        _ = await wait(.seconds(3)) { _ in false }
        let sample = test.host.controllerSamples.last ?? ControllerSample()
        verdict.require(sample.pilot == .c, "says \(sample.pilot) while a vehicle charges")
        verdict.require(sample.contactor == .closed, "says \(sample.contactor) while closed")
    }

    func obeys() async {
        await rig.plug()
        let isSeen = await wait(slack) { _ in test.host.controllerSamples.last?.pilot == .b }
        verdict.require(isSeen, "does not see a vehicle")
        verdict.require(
            await rig.truth.offered == .zero, "offers something that nobody ordered")
        for (current, least) in [(16_000, 15_000), (10_000, 9000), (12_700, 12_000)] {
            let most = Amperes(milliamperes: Int32(current))
            test.host.order(most)
            let follows = await wait(terms.responseTime + slack) {
                $0.offered <= most && $0.offered >= Amperes(milliamperes: Int32(least))
            }
            verdict.require(follows, "told \(most), offers \(await rig.truth.offered)")
        }
        // Below what a pilot can say nothing is offered.
        test.host.order(Amperes(milliamperes: 5900))
        let isNone = await wait(terms.responseTime + slack) { $0.offered == .zero }
        verdict.require(isNone, "told 5.9 A, offers \(await rig.truth.offered)")
        verdict.require(test.host.faults.isEmpty, "faults \(test.host.faults)")
    }

    func opens() async {
        await charge(Amperes(16))
        test.host.order(.zero, isEnabled: false)
        let limit: Milliseconds = terms.opensAtOnce ? .seconds(2) : .seconds(10)
        let isOpen = await wait(limit + slack) { !$0.isClosed && $0.offered == .zero }
        verdict.require(isOpen, "told to stop, and is not open: \(await rig.truth)")
    }

    func losesItsLoop() async {
        await charge(Amperes(16))
        test.host.keepLoop(alive: false)
        let isNone = await wait(terms.responseTime + slack) { $0.offered == .zero }
        verdict.require(isNone, "offers \(await rig.truth.offered) for a loop that is dead")
        test.host.keepLoop(alive: true)
    }

    func startsAnew() async {
        await charge(Amperes(10))
        await rig.restart()
        _ = await wait(.seconds(1)) { _ in false }
        let isBack = await wait(terms.maximumAge + terms.responseTime + slack) {
            $0.offered > .zero && $0.offered <= Amperes(10) && $0.isClosed
        }
        verdict.require(isBack, "not as before after a restart: \(await rig.truth)")
        verdict.require(
            await rig.truth.storedWrites == storedAtStart,
            "\(await rig.truth.storedWrites - storedAtStart) writes wear its memory out")
    }

    func losesAndFinds() async {
        await charge(Amperes(16))
        let last = test.host.controllerSamples.last?.at ?? .zero
        await rig.suffer(.silent)
        let isLost = await verdict.poll(
            within: terms.maximumAge + slack, until: { test.host.faults[.controllerLost] != nil })
        verdict.require(isLost, "a silent controller is not reported")
        verdict.require(
            test.host.now() - last >= terms.maximumAge, "reported lost before the maximum age")
        if let watchdog = terms.watchdog {
            let left = last + watchdog - test.host.now() + .seconds(3)
            let fellBack = await wait(max(left, .seconds(1))) { $0.offered <= terms.fallback }
            verdict.require(
                fellBack, "offers \(await rig.truth.offered) \(watchdog) after the last word")
        }
        await rig.suffer(nil)
        let isFound = await verdict.poll(
            within: terms.responseTime + slack,
            until: { test.host.faults[.controllerLost] == nil })
        verdict.require(isFound, "a controller that is back stays lost")
        let goesOn = await wait(terms.responseTime + slack) { $0.isClosed && $0.offered > .zero }
        verdict.require(goesOn, "does not go on after the silence: \(await rig.truth)")
    }

    func suffer(_ fault: ControllerBusFault) async {
        let before = test.host.controllerSamples.count
        await rig.suffer(fault)
        for _ in 1...2 { await test.pass(await test.driver.poll()) }
        let samples = test.host.controllerSamples[before...]
        verdict.require(
            !fault.spoilsReplies || samples.isEmpty,
            "\(fault.rawValue): a sample out of replies that are none")
        for sample in samples {
            verdict.require(
                sample.pilot == .c || sample.pilot == .b,
                "\(fault.rawValue): \(sample.pilot) with a vehicle that charges")
        }
        verdict.require(
            await rig.truth.offered <= Amperes(12), "\(fault.rawValue): offers more than told")
        await rig.suffer(nil)
        let isBack = await wait(slack) {
            $0.isClosed && test.host.controllerSamples.last?.pilot == .c
                && test.host.controllerSamples.count > before + samples.count
                && test.host.faults.isEmpty
        }
        verdict.require(
            isBack, "\(fault.rawValue): not right again: \(await rig.truth), \(test.host.faults)")
    }

    func ends() async {
        await verdict.end()
        let isNone = await rig.truth.offered == .zero
        await test.pass(.seconds(1))
        let offered = await rig.truth.offered
        verdict.require(isNone || offered == .zero, "offers \(offered) after its end")
        let published = test.host.controllerSamples.count
        await test.pass(terms.maximumAge)
        verdict.require(
            test.host.controllerSamples.count == published, "publishes although it was cleaned up")
        verdict.require(
            await rig.truth.storedWrites == storedAtStart,
            "\(await rig.truth.storedWrites - storedAtStart) more writes to stored settings")
    }
}
