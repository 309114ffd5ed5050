import ControlLoop
import EVSEModel
import Glibc
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
        #expect(coverage.closings > 1000)
        for phase in coverage.phases.indices {
            #expect(coverage.phases[phase] > 1000, "phase \(phase)")
        }
        #expect(coverage.phases[Int(PowerPhase.energised.rawValue)] > coverage.steps / 20)
        let unreachable: Set<LimitCause> = [.vehicle]  // a DC cause
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
            .loopRestarted,
        ]
        for fault in acFaults { #expect(coverage.faults.contains(fault), "\(fault) never held") }
        let stops: [Fault] = [
            .ventilationNotAvailable, .contactorDidNotClose, .contactorUnexpected,
            .lockUnexpectedlyOpen, .residualCurrentTrip, .groundLost, .powerLoss, .overCurrent,
            .connectorOverTemperature, .emergencyStop, .enclosureOpen, .tilt, .waterIngress,
            .diodeFault,
        ]
        for fault in stops {
            #expect(coverage.stops[Int(fault.rawValue)] > 5, "\(fault) never opened anything")
        }
        #expect(coverage.unlocks > 10_000)
        #expect(coverage.offered.count > 20)
    }
}
