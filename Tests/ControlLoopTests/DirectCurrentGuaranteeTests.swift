import ControlLoop
import EVSEModel
import Glibc
import LoopGuarantees
import Testing

/// What a run reached: a guarantee over states that never occur would be empty.
struct DCCoverage {
    var steps = 0
    var phases = [Int](repeating: 0, count: DCPhase.allCases.count)
    var causes = [Int](repeating: 0, count: LimitCause.allCases.count)
    var reasons = [Int](repeating: 0, count: DCStopReason.allCases.count)
    var faults = FaultSet()

    mutating func add(_ world: DCWorld, before: DCPhase) {
        steps += 1
        let status = world.exchange.status
        phases[Int(status.phase.rawValue)] += 1
        causes[Int(world.image.status.limitCause.rawValue)] += 1
        faults = faults.union(world.image.status.allFaults)
        if before.isEnergised, !status.phase.isEnergised {
            reasons[Int(status.stopReason.rawValue)] += 1
        }
    }
}

extension DCScript {
    /// Runs the script and watches it, for all guarantees or only for one.
    ///
    /// - Returns: the first guarantee that was broken; `nil` where all held.
    func run(
        mutant: DCWorld.Mutant? = nil, only: DCGuarantee? = nil, into coverage: inout DCCoverage
    ) -> DCGuaranteeMonitor.Violation? {
        let (plan, dc, period) = plans
        var world = DCWorld(plan: plan, dc: dc, period: period, mutant: mutant)
        var monitor = DCGuaranteeMonitor(world.cycle, only: only)
        var lateness = SplitMix(seed: seed)
        for step in steps {
            world.apply(step.event)
            if case .restart = step.event { monitor.restarted(world.cycle) }
            for _ in 0..<step.cycles {
                let before = world.exchange.status.phase
                world.advance(late: lateness.once(in: 64) ? Int64(lateness.below(4)) : 0)
                monitor.look(at: world.cycle)
                coverage.add(world, before: before)
                if let violation = monitor.violation { return violation }
            }
        }
        return nil
    }

    /// A script as short as can be found that breaks the same guarantee: steps are left out, by halves.
    func shrunk(keeping guarantee: DCGuarantee, attempts: Int = 300) -> DCScript {
        var best = self
        var left = attempts
        var chunk = max(1, steps.count / 2)
        while left > 0 {
            var start = 0
            var shortened = false
            while start < best.steps.count, left > 0 {
                var candidate = best
                candidate.steps.removeSubrange(start..<min(start + chunk, candidate.steps.count))
                var ignored = DCCoverage()
                left -= 1
                if candidate.run(only: guarantee, into: &ignored) != nil {
                    best = candidate
                    shortened = true
                } else {
                    start += chunk
                }
            }
            if chunk == 1, !shortened { break }
            chunk = max(1, chunk / 2)
        }
        return best
    }
}

/// The guarantees of `docs/dc.md` as properties over random runs, as ``GuaranteeTests`` does for AC.
@Suite struct DCGuaranteeTests {
    @Test func `every guarantee holds over a million random steps, and the states are reached`() {
        var coverage = DCCoverage()
        var random = SplitMix(seed: GuaranteeTests.seed)
        while coverage.steps < GuaranteeTests.steps {
            let script = DCScript(seed: random.next(), length: 40)
            guard let violation = script.run(into: &coverage) else { continue }
            let short = script.shrunk(keeping: violation.guarantee)
            var ignored = DCCoverage()
            let again = short.run(into: &ignored) ?? violation
            Issue.record(
                """
                \(violation.guarantee) broken: \(again.text)
                seed \(GuaranteeTests.seed), script \(script.seed), cycle \(again.cycle), \
                \(short.plans)
                \(short.steps.map(\.description).joined(separator: "\n"))
                """)
            return
        }
        check(coverage)
    }

    /// Far below what a million steps reach, so that another seed passes.
    private func check(_ coverage: DCCoverage) {
        // Where nothing holds a voltage the check for welds is over in the cycle in which it begins.
        for phase in DCPhase.allCases where phase != .weldCheck {
            #expect(coverage.phases[Int(phase.rawValue)] > 100, "\(phase)")
        }
        #expect(coverage.phases[Int(DCPhase.transfer.rawValue)] > coverage.steps / 50)
        for reason in DCStopReason.allCases where reason != .none {
            #expect(coverage.reasons[Int(reason.rawValue)] > 0, "\(reason)")
        }
        let causes: [LimitCause] = [
            .outputRating, .connectorRating, .vehicle, .temperature, .stationLimit, .groupShare,
            .powerSource, .stationSilent, .staleInput, .missedDeadlines, .ramp, .fault, .notGranted,
        ]
        for cause in causes { #expect(coverage.causes[Int(cause.rawValue)] > 50, "\(cause)") }
        let faults: [Fault] = [
            .pilotFault, .contactorWelded, .contactorDidNotClose, .contactorUnexpected,
            .lockFailedToLock, .lockUnexpectedlyOpen, .groundLost, .overCurrent, .overVoltage,
            .powerLoss, .overTemperature, .connectorOverTemperature, .emergencyStop,
            .enclosureOpen, .tilt, .waterIngress, .meterLost, .ioFault, .stationSilent,
            .deadlineMissed, .insulationFault, .prechargeFailed, .vehicleCommunication,
            .insulationMonitorLost, .voltageSensorsDisagree, .outputNotDischarged,
            .powerUnavailable, .temperatureSensorFault, .coolingFault, .coolingReduced,
        ]
        for fault in faults { #expect(coverage.faults.contains(fault), "\(fault) never held") }
    }

    // MARK: The net catches

    /// A law that is wrong in one way, and the guarantee that must notice.
    struct Mutation: Sendable, CustomTestStringConvertible {
        var name: String
        var guarantee: DCGuarantee
        var make: @Sendable () -> DCWorld.Mutant
        var testDescription: String { name }

        init(
            _ name: String, _ guarantee: DCGuarantee,
            _ make: @escaping @Sendable () -> DCWorld.Mutant
        ) {
            self.name = name
            self.guarantee = guarantee
            self.make = make
        }
        /// The laws get other numbers than the board's.
        init(
            _ name: String, _ guarantee: DCGuarantee,
            dc: @escaping @Sendable (inout DCPlan) -> Void
        ) {
            self.init(name, guarantee) { DCWorld.Mutant(dc: dc) }
        }
        /// The laws do not see an input.
        init(
            _ name: String, _ guarantee: DCGuarantee,
            inputs: @escaping @Sendable (inout EVSEImage, inout DCExchange) -> Void
        ) {
            self.init(name, guarantee) { DCWorld.Mutant(inputs: inputs) }
        }
    }

    static let mutations: [Mutation] = [
        Mutation("takes 400 V for dead before it closes", .closesOnlyDead) {
            $0.safeVoltage = Volts(400)
        },
        Mutation("takes 400 V for dead at the end", .endsSafe) { $0.safeVoltage = Volts(400) },
        Mutation("closes without a grant", .closesOnlyWhenAsked) { image, _ in
            image.targets.energyGranted = true
            image.targets.limit = Amperes(500)
        },
        Mutation("forgets the lock", .closesOnlyLocked) {
            DCWorld.Mutant(plan: { $0.lockMask = 0 })
        },
        Mutation("closes with a latched fault", .closesOnlyWithoutFault) {
            DCWorld.Mutant(outputs: { image, _, before, _ in
                if image.outputs.contactorClosed, !before.outputs.contactorClosed {
                    image.status.latched.raise(.contactorWelded)
                }
            })
        },
        Mutation("closes both connectors", .oneConnectorAtATime) {
            DCWorld.Mutant(outputs: { image, _, _, _ in
                if image.outputs.connectors[0].contactorClosed {
                    image.outputs.connectors[1].contactorClosed = true
                }
            })
        },
        Mutation("powers open contactors", .powersOnlyClosed) {
            DCWorld.Mutant(outputs: { image, exchange, _, _ in
                if exchange.status.phase == .authorizing { exchange.status.setVoltage = Volts(400) }
            })
        },
        Mutation("does not see the emergency stop", .hazardCuts) { image, _ in
            image.inputs.emergencyStopPressed = false
        },
        Mutation("does not see a lost supply", .hazardCuts) { image, _ in
            image.inputs.mainsPresent = true
        },
        Mutation("believes a silent vehicle", .lostVehicleCuts) {
            $0.vehicleMaxAge = .seconds(1000)
        },
        Mutation("opens late in an emergency", .stoppingFaultCuts) {
            $0.emergencyOpening = .seconds(1)
        },
        Mutation("goes on with a fault", .stoppingFaultCuts) {
            DCWorld.Mutant(outputs: { image, exchange, _, _ in
                if exchange.status.phase == .transfer { image.status.faults.raise(.overVoltage) }
            })
        },
        Mutation("takes one sample for three", .energyOnlyAfterChecks) {
            $0.insulationSamples = 0
            $0.insulationMinimum = .zero
        },
        Mutation("takes any voltage for a match", .tellsTruth) {
            $0.preChargeTolerance = Volts(2000)
        },
        Mutation("gives 5 A above the rating", .withinLimits) { $0.maximumCurrent += Amperes(5) },
        Mutation("forgets the station's power", .withinLimits) { image, _ in
            image.targets.powerLimit = Watts(raw: .max)
        },
        Mutation("forgets the vehicle's maximum", .withinLimits) { _, exchange in
            exchange.vehicle.maximumCurrent = nil
        },
        Mutation("forgets the sources' maximum", .withinLimits) { _, exchange in
            exchange.supply.maximumCurrent = Amperes(1000)
        },
        Mutation("forgets the feed", .withinLimits) {
            DCWorld.Mutant(context: { $0.groupShare = Amperes(raw: .max) })
        },
        Mutation("does not derate", .withinLimits) {
            $0.connectors[0].derating = DeratingCurve()
        },
        Mutation("goes above the vehicle's voltage", .withinVoltages) { _, exchange in
            exchange.vehicle.maximumVoltage = nil
            exchange.vehicle.targetVoltage += Volts(100)
        },
        Mutation("rises twice as fast", .riseSlope) { $0.riseRate += $0.riseRate },
        Mutation("opens under load", .breaksLoadOnlyInEmergency) {
            $0.breakCurrent = Amperes(1000)
        },
        Mutation("waits too long for the end", .stopsWithoutGrant) {
            $0.stopTimeout = .seconds(60)
            $0.fallRate = Amperes(1)
        },
        Mutation("holds the safe current for ever", .stopsAfterHold) {
            DCWorld.Mutant(plan: { $0.safeHold = .seconds(1000) })
        },
        Mutation("bears low insulation", .insulationStops) { $0.insulationGrace = .seconds(1000) },
        Mutation("bears over-voltage", .overVoltageStops) { $0.overVoltageGrace = .seconds(1000) },
        Mutation("bears over-current", .overCurrentStops) { $0.overCurrentGrace = .seconds(1000) },
        Mutation("stops 10 degrees too late", .overTemperatureStops) {
            $0.connectors[0].temperatureStop += Celsius(10)
        },
        Mutation("bears a lost cooling", .uncooledDerates) { $0.cooling.grace = .seconds(1000) },
        Mutation("does not see that nothing flows", .uncooledDerates) { image, _ in
            image.inputs.cooling.flow = .good
            image.inputs.cooling.level = .good
        },
        Mutation("unlocks on a live output", .unlocksOnlyDead) { $0.safeVoltage = Volts(2000) },
        Mutation("looks for welds too late", .weldIsLatched) {
            DCWorld.Mutant(plan: { $0.contactorTimeout = .seconds(10) })
        },
        Mutation("forgets the weld", .latchedUntilCleared) {
            DCWorld.Mutant(outputs: { image, _, before, _ in
                if !before.status.latched.isEmpty { image.status.latched = FaultSet() }
            })
        },
        Mutation("shows a steady pilot at the start", .safeUntilHeard) {
            DCWorld.Mutant(context: { $0.stationIsSilent = false })
        },
        Mutation("tells of a check that was none", .tellsTruth) {
            DCWorld.Mutant(outputs: { _, exchange, _, _ in
                if exchange.status.phase == .cableCheck {
                    exchange.vehicleCommand.isCableChecked = true
                }
            })
        },
    ]

    @Test(arguments: mutations)
    func `a law that is wrong in one way is found`(_ mutation: Mutation) {
        var random = SplitMix(seed: GuaranteeTests.seed)
        var coverage = DCCoverage()
        while coverage.steps < GuaranteeTests.steps {
            let script = DCScript(seed: random.next(), length: 40)
            let violation = script.run(
                mutant: mutation.make(), only: mutation.guarantee, into: &coverage)
            if violation != nil { return }
        }
        Issue.record("\(mutation.name) was not found by \(mutation.guarantee)")
    }

    @Test func `mutations cover every guarantee`() {
        #expect(Set(Self.mutations.map(\.guarantee)) == Set(DCGuarantee.allCases))
    }
}
