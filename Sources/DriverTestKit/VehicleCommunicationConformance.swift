internal import DriverKit
public import EVSEModel

/// What every driver of the role `vehicle-communication` does, whatever speaks with the vehicle.
public enum VehicleCommunicationConformance {
    /// The far end: what speaks with the vehicle, and a vehicle.
    public protocol Rig: Sendable {
        /// What the vehicle says from now on, again and again; `nil`: there is none.
        func say(_ sample: VehicleSample?) async
        /// What the vehicle is told now.
        func told() async -> VehicleCommand
        /// The device starts anew; it answers again within a second.
        func restart() async
        /// What happens to the device's words from now on; `nil`: nothing.
        func suffer(_ fault: VehicleLineFault?) async
    }

    /// Runs the suite on a driver that was made and nothing more.
    ///
    /// - Parameters:
    ///   - maximumAge: after which the device counts as lost.
    ///   - faults: what happens to its words in the course of it.
    ///   - slack: what a way takes from the loop to the vehicle, or back.
    /// - Returns: the rules that it broke, in words; empty for a driver as it should be.
    public static func violations(
        of test: DriverUnderTest, at rig: some Rig, maximumAge: Milliseconds,
        faults: [VehicleLineFault] = VehicleLineFault.allCases,
        slack: Milliseconds = Milliseconds(400)
    ) async -> [String] {
        var verdict = Verdict(test)
        let suite = Suite(test: test, rig: rig, maximumAge: maximumAge, slack: slack)
        test.host.tellVehicle { $0.isAvailable = true }
        await verdict.start()
        await suite.publishesAlways(&verdict)
        await suite.hears(&verdict)
        await suite.tells(&verdict)
        await suite.stopsWithTheLoop(&verdict)
        await suite.survives(faults, &verdict)
        await suite.losesAndFinds(&verdict)
        await suite.countsSessions(&verdict)
        await suite.ends(&verdict)
        return verdict.violations
    }

    struct Suite<VehicleRig: Rig> {
        let test: DriverUnderTest
        let rig: VehicleRig
        let maximumAge: Milliseconds
        let slack: Milliseconds

        private var host: RecordingHost { test.host }
        private var newest: VehicleSample { host.vehicleSamples.last ?? VehicleSample() }

        func publishesAlways(_ verdict: inout Verdict) async {
            await rig.say(nil)
            await poll(slack, &verdict)
            let known = host.vehicleSamples.count
            await poll(.seconds(2), &verdict)
            let count = host.vehicleSamples.count - known
            let least = 2000 / Int(VehicleSample.period.count) - 1
            verdict.require(count >= least, "\(count) samples in 2 s, \(least) are wanted")
            verdict.require(newest.stage == .none, "a vehicle where there is none: \(newest.stage)")
            verdict.require(
                host.now() - newest.at <= slack,
                "a sample of nobody is \(host.now() - newest.at) old")
            verdict.require(host.faults.isEmpty, "a fault of a good device: \(host.faults)")
        }

        func hears(_ verdict: inout Verdict) async {
            for sample in Self.vehicles {
                await rig.say(sample)
                let isHeard = await verdict.poll(within: slack) { Self.agree(newest, sample) }
                verdict.require(isHeard, "hears \(newest) where \(sample) is said")
            }
            verdict.require(host.faults.isEmpty, "a fault of a good device: \(host.faults)")
            // While current flows a sample is as old as the vehicle's word.
            var silent = Self.charging
            silent.at = host.now()
            await rig.say(silent)
            await poll(slack, &verdict)
            let age = host.now() - newest.at
            verdict.require(age <= slack, "a vehicle that speaks was last heard \(age) ago")
        }

        func tells(_ verdict: inout Verdict) async {
            for command in Self.commands {
                host.tellVehicle { $0 = command }
                await poll(slack, &verdict)
                let told = await rig.told()
                verdict.require(
                    Self.agree(told, command),
                    "the vehicle is told \(told), the loop says \(command)")
                let isMore =
                    told.maximumCurrent > command.maximumCurrent
                    || told.maximumVoltage > command.maximumVoltage
                    || told.maximumPower > command.maximumPower
                verdict.require(!isMore, "the vehicle is promised more than the loop gives")
            }
        }

        func stopsWithTheLoop(_ verdict: inout Verdict) async {
            host.tellVehicle { $0 = Self.commands[0] }
            await poll(slack, &verdict)
            host.keepLoop(alive: false)
            await poll(VehicleCommand.maximumAge + slack, &verdict)
            let told = await rig.told()
            verdict.require(
                told.stop != .none && !told.isAvailable,
                "without a loop the vehicle is told \(told.stop), available \(told.isAvailable)")
            host.keepLoop(alive: true)
            await poll(slack, &verdict)
            let again = await rig.told()
            verdict.require(
                again.stop == .none, "the loop is back, and the vehicle is told to stop")
        }

        /// Whatever happens to its words, nothing is published that nobody said.
        func survives(_ faults: [VehicleLineFault], _ verdict: inout Verdict) async {
            for fault in faults {
                await rig.say(Self.charging)
                _ = await verdict.poll(within: .seconds(5)) { Self.agree(newest, Self.charging) }
                await rig.suffer(fault)
                let known = host.vehicleSamples.count
                await poll(slack, &verdict)
                let others = host.vehicleSamples.dropFirst(known).filter {
                    !Self.agree($0, Self.charging)
                }
                verdict.require(others.isEmpty, "\(fault): \(others.count) samples of nobody")
                await rig.suffer(nil)
                let after = host.now()
                let isBack = await verdict.poll(within: .seconds(10)) {
                    newest.at >= after && Self.agree(newest, Self.charging)
                }
                verdict.require(isBack, "\(fault): nothing is heard after it")
            }
        }

        func losesAndFinds(_ verdict: inout Verdict) async {
            await rig.suffer(.silent)
            await poll(slack, &verdict)
            let known = host.vehicleSamples.count
            let isTold = await verdict.poll(within: maximumAge + slack) {
                host.faults[.vehicleCommunication] != nil
            }
            verdict.require(isTold, "a silent device is no fault")
            verdict.require(
                host.vehicleSamples.count == known, "a silent device's vehicle is published")
            await rig.suffer(nil)
            let isBack = await verdict.poll(within: .seconds(10)) {
                host.faults.isEmpty && host.vehicleSamples.count > known
            }
            verdict.require(isBack, "a device that is back is not told: \(host.faults)")
        }

        func countsSessions(_ verdict: inout Verdict) async {
            await rig.say(Self.charging)
            await poll(slack, &verdict)
            let first = newest.session
            var other = Self.charging
            other.session += 1
            await rig.say(other)
            await poll(slack, &verdict)
            let second = newest.session
            verdict.require(second != first, "another session has the number of the last one")
            await rig.restart()
            let isAnother = await verdict.poll(within: .seconds(5)) { newest.session != second }
            verdict.require(isAnother, "the device started anew, and the session is the same")
        }

        func ends(_ verdict: inout Verdict) async {
            host.tellVehicle { $0 = Self.commands[0] }
            await poll(slack, &verdict)
            await verdict.end()
            let told = await rig.told()
            verdict.require(told.stop != .none, "the station went, and the vehicle was not told")
        }

        private func poll(_ time: Milliseconds, _ verdict: inout Verdict) async {
            _ = await verdict.poll(within: time) { false }
        }
    }
}

/// What can happen to the words of a device that speaks with vehicles.
public enum VehicleLineFault: String, Sendable, CaseIterable {
    case silent, garbled, truncated, noise, extra, doubled, split, echo
    /// After the driver gave up.
    case late
    /// The same report over and over.
    case frozen
    /// Answers to another question.
    case stuckSequence = "stuck-sequence"
    /// It repeats something else than it was told.
    case tellsOther = "tells-other"
}
