import ControlLoop
import EVSEModel
import Glibc
import LoopGuarantees
import Testing

/// The guarantees of `docs/control-laws.md` as properties over random runs.
///
/// Each run is watched for all guarantees at once, so each sees every step. A failure prints its
/// seed and the shrunk script; `FORECOURT_PROPERTY_SEED` runs another seed,
/// `FORECOURT_PROPERTY_STEPS` more steps.
@Suite struct GuaranteeTests {
    static let seed = number("FORECOURT_PROPERTY_SEED") ?? 0x4643_2024
    static let steps = Int(number("FORECOURT_PROPERTY_STEPS") ?? 1_000_000)

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    @Test func `every guarantee holds over a million random steps, and the states are reached`() {
        var coverage = Coverage()
        var random = SplitMix(seed: Self.seed)
        while coverage.steps < Self.steps {
            let scriptSeed = random.next()
            let script = Script(seed: scriptSeed, length: 60)
            guard let violation = script.run(into: &coverage) else { continue }
            let short = script.shrunk(keeping: violation.guarantee)
            var ignored = Coverage()
            let again = short.run(into: &ignored) ?? violation
            Issue.record(
                """
                \(violation.guarantee) broken: \(again.text)
                seed \(Self.seed), script \(scriptSeed), cycle \(again.cycle), \
                plan \(short.plan.plan), period \(short.plan.period)
                \(short.steps.map(\.description).joined(separator: "\n"))
                """)
            return
        }
        check(coverage)
    }

    /// What a million steps reached; far below what they do reach, so that another seed passes.
    private func check(_ coverage: Coverage) {
        #expect(coverage.steps >= Self.steps)
        #expect(coverage.closings > 300)
        for phase in coverage.phases.indices {
            #expect(coverage.phases[phase] > 1000, "phase \(phase)")
        }
        #expect(coverage.phases[Int(PowerPhase.energised.rawValue)] > coverage.steps / 20)
        let unreachable: Set<LimitCause> = [  // DC causes
            .vehicle, .outputRating, .powerSource, .connectorRating, .ramp,
        ]
        for cause in LimitCause.allCases where !unreachable.contains(cause) {
            #expect(coverage.causes[Int(cause.rawValue)] > 100, "\(cause)")
        }
        let acFaults: [Fault] = [
            .pilotFault, .diodeFault, .ventilationNotAvailable, .proximityFault,
            .contactorWelded, .contactorDidNotClose, .contactorUnexpected, .lockFailedToLock,
            .lockFailedToUnlock, .lockUnexpectedlyOpen, .residualCurrentTrip,
            .residualCurrentSelfTest, .groundLost, .overCurrent, .powerLoss,
            .connectorOverTemperature, .temperatureSensorFault, .emergencyStop, .enclosureOpen,
            .tilt, .waterIngress, .meterLost, .ioFault, .stationSilent, .deadlineMissed,
            .loopRestarted, .phaseContactorFault,
        ]
        for fault in acFaults { #expect(coverage.faults.contains(fault), "\(fault) never held") }
        let stops: [Fault] = [
            .contactorDidNotClose, .contactorUnexpected,
            .lockUnexpectedlyOpen, .residualCurrentTrip, .groundLost, .powerLoss, .overCurrent,
            .connectorOverTemperature, .emergencyStop, .enclosureOpen, .tilt, .waterIngress,
            .diodeFault,
        ]
        for fault in stops {
            #expect(coverage.stops[Int(fault.rawValue)] > 2, "\(fault) never opened anything")
        }
        #expect(coverage.unlocks > 10_000)
        #expect(coverage.offered.count > 20)
    }

    // MARK: The net catches

    /// A law that is wrong in one way, and the guarantee that must notice.
    struct Mutation: Sendable, CustomTestStringConvertible {
        var name: String
        var guarantee: Guarantee
        var make: @Sendable () -> World.Mutant
        var testDescription: String { name }

        init(_ name: String, _ guarantee: Guarantee, _ make: @escaping @Sendable () -> World.Mutant)
        {
            self.name = name
            self.guarantee = guarantee
            self.make = make
        }
        /// The laws get other numbers than the board's.
        init(
            _ name: String, _ guarantee: Guarantee,
            plan: @escaping @Sendable (inout EVSEPlan) -> Void
        ) {
            self.init(name, guarantee) { World.Mutant(plan: plan) }
        }
        /// The laws do not see an input.
        init(
            _ name: String, _ guarantee: Guarantee,
            inputs: @escaping @Sendable (inout EVSEImage) -> Void
        ) {
            self.init(name, guarantee) { World.Mutant(inputs: inputs) }
        }
    }

    static let mutations: [Mutation] = [
        Mutation("closes after half the debounce", .closesOnlyWhenAsked) {
            $0.closeDebounce = Milliseconds($0.closeDebounce.count / 2)
        },
        Mutation("forgets the lock", .closesOnlyWhenAsked) { (plan: inout EVSEPlan) in
            plan.lockMask = 0
        },
        Mutation("forgets the self-test", .closesOnlyAfterSelfTest) { (plan: inout EVSEPlan) in
            plan.hasResidualCurrentDevice = false
        },
        Mutation("closes again too soon", .closingInterval) { (plan: inout EVSEPlan) in
            plan.closingInterval = .zero
        },
        Mutation("changes the duty too often", .dutyInterval) { (plan: inout EVSEPlan) in
            plan.dutyInterval = Milliseconds(plan.dutyInterval.count / 2)
        },
        Mutation("offers 1 A above the rating", .offerWithinLimits) { (plan: inout EVSEPlan) in
            plan.rating += Amperes(1)
        },
        Mutation("forgets the cable", .offerWithinLimits) { (image: inout EVSEImage) in
            if image.inputs.connectors[0].cable.limit != nil {
                image.inputs.connectors[0].cable = .amperes63
            }
        },
        Mutation("derates too late", .offerWithinLimits) { (plan: inout EVSEPlan) in
            plan.deratingStart += Celsius(2)
        },
        Mutation("is too generous while the station is silent", .offerWithinLimits) {
            (plan: inout EVSEPlan) in
            plan.safeLimit += Amperes(10)
        },
        Mutation("offers less than 6 A", .offerAtLeastMinimum) {
            World.Mutant(outputs: { image, _ in
                if image.status.offered < Amperes(8) {
                    image.outputs.connectors[0].duty = Percent(9)
                }
            })
        },
        Mutation("does not see the emergency stop", .hazardOpens) { (image: inout EVSEImage) in
            image.inputs.emergencyStopPressed = false
        },
        Mutation("does not see a lost earth", .hazardOpens) { (image: inout EVSEImage) in
            image.inputs.groundPresent = true
        },
        Mutation("does not see a lost supply", .hazardOpens) { (image: inout EVSEImage) in
            image.inputs.mainsPresent = true
        },
        Mutation("does not see a residual-current trip while closed", .hazardOpens) {
            (image: inout EVSEImage) in
            if image.outputs.contactorClosed { image.inputs.residualCurrentTripped = false }
        },
        Mutation("stops 10 degrees too late", .overTemperatureOpens) { (plan: inout EVSEPlan) in
            plan.temperatureStop += Celsius(10)
        },
        Mutation("does not see a missing diode while closed", .pilotFaultOpens) {
            (image: inout EVSEImage) in
            if image.outputs.contactorClosed { image.inputs.connectors[0].pilotLow = Volts(-12) }
        },
        Mutation("believes a converter without samples", .pilotFaultOpens) {
            (image: inout EVSEImage) in
            if image.outputs.contactorClosed { image.inputs.connectors[0].pilotIsValid = true }
        },
        Mutation("opens one cycle too late", .leavingOpens) {
            World.Mutant(outputs: { image, before in
                let isOpening =
                    image.status.openCommandedAt != before.status.openCommandedAt
                if before.outputs.contactorClosed, isOpening {
                    image.outputs.contactorClosed = true
                }
            })
        },
        Mutation("waits too long for the vehicle to stop", .stopsWithoutGrant) {
            (plan: inout EVSEPlan) in
            plan.stopTimeout = Milliseconds(plan.stopTimeout.count * 2)
        },
        Mutation("holds the safe current twice as long", .stopsAfterHold) {
            (plan: inout EVSEPlan) in
            plan.safeHold = Milliseconds(plan.safeHold.count * 2)
            plan.stopTimeout = Milliseconds(plan.stopTimeout.count + 1000)
        },
        Mutation("believes a stale meter for ever", .stopsAfterHold) { (plan: inout EVSEPlan) in
            plan.meterMaxAge = .seconds(10_000)
            plan.overCurrentGrace = .seconds(10_000)
        },
        Mutation("does not notice missed deadlines", .stopsAfterHold) {
            World.Mutant(context: { $0.missedInWindow = 0 })
        },
        Mutation("waits twice as long on over-current", .overCurrentOpens) {
            (plan: inout EVSEPlan) in
            plan.overCurrentGrace = Milliseconds(plan.overCurrentGrace.count * 2)
        },
        Mutation("trusts the command where a mirror contact is", .unlocksOnlyWhenOpen) {
            (plan: inout EVSEPlan) in
            plan.hasContactorFeedback = false
        },
        Mutation("unlocks when asked", .unlocksOnlyWhenOpen) {
            World.Mutant(outputs: { image, before in
                if image.targets.unlockRequests != before.status.unlockAnswered,
                    image.outputs.contactorClosed
                {
                    image.outputs.connectors[0].bolt = .free
                }
            })
        },
        Mutation("looks for welds too late", .weldIsLatched) { (plan: inout EVSEPlan) in
            plan.contactorTimeout = Milliseconds(plan.contactorTimeout.count * 4)
        },
        Mutation("forgets the weld over a restart", .latchedUntilCleared) {
            World.Mutant(outputs: { image, before in
                if image.status.faults.contains(.loopRestarted),
                    !before.status.faults.contains(.loopRestarted)
                {
                    image.status.latched = FaultSet()
                }
            })
        },
        Mutation("clears the weld while measured closed", .latchedUntilCleared) {
            World.Mutant(inputs: { image in
                if image.status.latched.contains(.contactorWelded) {
                    image.inputs.contactor = .open
                }
            })
        },
        Mutation("shows steady pilot at the start", .safeUntilHeard) {
            World.Mutant(context: { $0.stationIsSilent = false })
        },
        Mutation("closes with a latched fault", .closesOnlyWithoutFault) {
            World.Mutant(outputs: { image, before in
                if !before.outputs.contactorClosed, image.outputs.contactorClosed {
                    image.status.latched.raise(.contactorWelded)
                }
            })
        },
        Mutation("keeps the contactor closed with a fault", .stoppingFaultOpens) {
            World.Mutant(outputs: { image, before in
                let isSlip = image.status.faults.contains(.lockUnexpectedlyOpen)
                if isSlip, before.outputs.contactorClosed { image.outputs.contactorClosed = true }
            })
        },
        Mutation("takes L2 and L3 away under current", .switchesPhasesDead) {
            World.Mutant(outputs: { image, before in
                if image.targets.phases == 1, before.outputs.phaseContactorClosed {
                    image.outputs.phaseContactorClosed = false
                }
            })
        },
        Mutation("offers too soon after the phases were changed", .switchesPhasesDead) {
            (plan: inout EVSEPlan) in
            plan.phasePause = Milliseconds(plan.phasePause.count / 2)
        },
        Mutation("changes the phases too often", .phaseInterval) { (plan: inout EVSEPlan) in
            plan.phaseInterval = Milliseconds(plan.phaseInterval.count / 2)
        },
        Mutation("presses the test input while closed", .testsOnlyWhenOpen) {
            World.Mutant(outputs: { image, _ in
                if image.outputs.contactorClosed { image.outputs.residualCurrentTest = true }
            })
        },
    ]

    @Test(arguments: mutations)
    func `a law that is wrong in one way is found`(_ mutation: Mutation) {
        var random = SplitMix(seed: Self.seed)
        var coverage = Coverage()
        while coverage.steps < Self.steps {
            let script = Script(seed: random.next(), length: 60)
            let violation = script.run(
                mutant: mutation.make(), only: mutation.guarantee, into: &coverage)
            if violation != nil { return }
        }
        Issue.record("\(mutation.name) was not found by \(mutation.guarantee)")
    }

    @Test func `mutations cover every guarantee`() {
        // Those of EVSE controllers have theirs in ControllerTests.
        let own = Set(Guarantee.allCases).subtracting([.offersOnlyWhenReady, .disobedienceStops])
        #expect(Set(Self.mutations.map(\.guarantee)) == own)
    }

    @Test func `a failing script is shrunk to a few steps that break the same guarantee`() throws {
        let mutant = World.Mutant(inputs: { $0.inputs.emergencyStopPressed = false })
        var random = SplitMix(seed: Self.seed)
        var coverage = Coverage()
        while coverage.steps < Self.steps {
            let script = Script(seed: random.next(), length: 60)
            let violation = script.run(mutant: mutant, only: .hazardOpens, into: &coverage)
            guard violation != nil else { continue }
            let short = script.shrunk(keeping: .hazardOpens, mutant: mutant)
            var ignored = Coverage()
            #expect(short.run(mutant: mutant, into: &ignored)?.guarantee == .hazardOpens)
            #expect(short.steps.count <= 8, "of \(script.steps.count) steps, \(short.steps)")
            return
        }
        Issue.record("no script pressed the emergency stop while charging")
    }
}
