internal import DriverKit
public import EVSEModel

/// What every driver of a DC power module does, whatever the module.
public enum PowerModuleConformance {
    /// The far end: one module with a resistor at its output, and everything that can happen to it.
    public protocol Rig: Sendable {
        /// At its terminals, V and A.
        func output() async -> (voltage: Double, current: Double)
        /// It gives power, or would if it were asked to.
        func isOn() async -> Bool
        /// It stands on already, as a station left it that died.
        func leaveOn() async
        func suffer(_ trouble: PowerModuleTrouble?) async
    }

    /// Runs the suite on a driver that was made and nothing more.
    ///
    /// - Parameters:
    ///   - maximumAge: after which the module counts as lost.
    ///   - watchdog: of the module itself; no driver may give it up before.
    ///   - follows: a change of what is wanted has to be seen at the output within this time.
    /// - Returns: the rules that it broke, in words; empty for a driver as it should be.
    public static func violations(
        of test: DriverUnderTest, at rig: some Rig, maximumAge: Milliseconds,
        watchdog: Milliseconds = .seconds(10), follows: Milliseconds = .seconds(5)
    ) async -> [String] {
        var verdict = Verdict(test)
        let suite = Suite(
            test: test, rig: rig, maximumAge: maximumAge, watchdog: watchdog, follows: follows)
        await rig.leaveOn()
        await verdict.start()
        await suite.startsOff(&verdict)
        await suite.follows(&verdict)
        await suite.obeysNobody(&verdict)
        await suite.switchesOff(&verdict)
        await suite.tellsFaults(&verdict)
        await suite.findsAndLoses(&verdict)
        await suite.endsSafely(&verdict)
        return verdict.violations
    }

    private struct Suite<ModuleRig: Rig> {
        let test: DriverUnderTest
        let rig: ModuleRig
        let maximumAge: Milliseconds
        let watchdog: Milliseconds
        let follows: Milliseconds

        private var host: RecordingHost { test.host }
        private var newest: PowerSourceSample { host.sourceSamples().last ?? PowerSourceSample() }

        private func want(_ volts: Int32, _ amperes: Int32) {
            host.tellSource {
                $0.isOn = true
                $0.purpose = .transfer
                $0.voltage = Volts(volts)
                $0.current = Amperes(amperes)
            }
        }
        private func wantNothing() { host.tellSource { $0 = PowerSourceCommand() } }
        private func poll(_ time: Milliseconds, _ verdict: inout Verdict) async {
            _ = await verdict.poll(within: time) { false }
        }

        func startsOff(_ verdict: inout Verdict) async {
            wantNothing()
            let isKnown = await verdict.poll(within: .seconds(5)) { newest.isReady }
            verdict.require(isKnown, "a good module is not told to be ready: \(host.logLines)")
            let isOn = await rig.isOn()
            verdict.require(!isOn, "the module is on although nobody wants it")
            verdict.require(
                newest.maximumVoltage > .zero && newest.maximumCurrent > .zero
                    && newest.maximumPower > .zero, "nothing is told of what it can do")
            verdict.require(!newest.isOn, "it is told to be on")
            verdict.require(host.faults.isEmpty, "a fault of a good module: \(host.faults)")
        }

        /// Voltage where the resistor takes little, current where it would take more.
        func follows(_ verdict: inout Verdict) async {
            for (volts, amperes) in [(400, 50), (450, 5), (300, 20)] as [(Int32, Int32)] {
                want(volts, amperes)
                await poll(follows, &verdict)
                let (voltage, current) = await rig.output()
                let isAtVoltage = abs(voltage - Double(volts)) < 2
                let isAtCurrent = abs(current - Double(amperes)) < 0.5
                verdict.require(
                    isAtVoltage || isAtCurrent,
                    "gives \(voltage) V and \(current) A where \(volts) V and \(amperes) A are wanted"
                )
                verdict.require(
                    voltage < Double(volts) + 2 && current < Double(amperes) + 0.5,
                    "gives more than is wanted: \(voltage) V, \(current) A")
                let told = newest
                verdict.require(
                    told.isOn && abs(told.voltage.double - voltage) < 2
                        && abs(told.current.double - current) < 0.5,
                    "tells \(told.voltage) and \(told.current) of \(voltage) V and \(current) A")
                verdict.require(
                    host.now() - told.at <= .seconds(1), "a sample \(host.now() - told.at) old")
            }
            // Told less than any module gives, it is off rather than higher.
            want(20, 5)
            await poll(follows, &verdict)
            let (voltage, _) = await rig.output()
            verdict.require(voltage < 30, "gives \(voltage) V where 20 V are wanted")
        }

        func obeysNobody(_ verdict: inout Verdict) async {
            want(400, 20)
            await poll(follows, &verdict)
            host.keepLoop(alive: false)
            await poll(PowerSourceCommand.maximumAge + .seconds(1), &verdict)
            let isOn = await rig.isOn()
            verdict.require(!isOn, "on although the loop has said nothing for 1.5 s")
            host.keepLoop(alive: true)
            await poll(follows, &verdict)
            let isBack = await rig.isOn()
            verdict.require(isBack, "off when the loop is back")
        }

        func switchesOff(_ verdict: inout Verdict) async {
            want(400, 20)
            await poll(follows, &verdict)
            await rig.suffer(.ignoresOff)
            wantNothing()
            await poll(.seconds(3), &verdict)
            let isOn = await rig.isOn()
            verdict.require(!isOn, "a module that ignored to be told off once stays on")
            verdict.require(!newest.isOn, "it is told to be on")
            await rig.suffer(nil)
            await settle(&verdict)
        }

        func tellsFaults(_ verdict: inout Verdict) async {
            await rig.suffer(.broken)
            let isTold = await verdict.poll(within: .seconds(5)) {
                host.faults[.powerModuleFault]?.isEmpty == false
            }
            verdict.require(isTold, "a fault of the module is not told: \(host.faults)")
            verdict.require(
                !newest.isReady && newest.faults.contains(.powerModuleFault),
                "a sample of a broken module says that it is ready")
            await rig.suffer(nil)
            await settle(&verdict)
            verdict.require(newest.isReady, "it is well again and not ready")
        }

        func findsAndLoses(_ verdict: inout Verdict) async {
            want(400, 20)
            await poll(follows, &verdict)
            await rig.suffer(.silent)
            await poll(Milliseconds(200), &verdict)
            let known = host.sourceSamples().count
            let isEarly = await verdict.poll(within: watchdog - .seconds(1)) {
                host.faults[.powerModuleLost] != nil
            }
            verdict.require(!isEarly, "given up while it may still give power")
            let isTold = await verdict.poll(within: maximumAge - watchdog + .seconds(4)) {
                host.faults[.powerModuleLost] != nil
            }
            verdict.require(isTold, "a silent module is not told")
            verdict.require(
                host.sourceSamples().count == known, "something is told of a module that is silent")
            await rig.suffer(nil)
            let isBack = await verdict.poll(within: .seconds(25)) {
                host.faults[.powerModuleLost] == nil
            }
            verdict.require(isBack, "a module that is back is not told")
            await poll(follows, &verdict)
            let isOn = await rig.isOn()
            verdict.require(isOn, "off when it is back, and wanted on")
        }

        func endsSafely(_ verdict: inout Verdict) async {
            want(400, 20)
            await poll(follows, &verdict)
            await verdict.end()
            await test.pass(Milliseconds(100))
            let isOn = await rig.isOn()
            verdict.require(!isOn, "on after the end")
        }

        private func settle(_ verdict: inout Verdict) async {
            let isWell = await verdict.poll(within: .seconds(10)) {
                host.faults.isEmpty && newest.isReady
            }
            verdict.require(isWell, "not well again: \(host.faults)")
        }
    }
}

/// What can happen to a module.
public enum PowerModuleTrouble: Hashable, Sendable, CaseIterable {
    /// It says nothing, and does as it is told.
    case silent
    /// It says that it has a fault, and gives nothing.
    case broken
    /// It goes on when it is told off next, for a while.
    case ignoresOff
}
