import ControlLoop
import EVSEModel
import Testing

@Suite("Contactor of L2 and L3")
struct PhaseLawTests {
    private var plan: EVSEPlan {
        var plan = EVSEPlan()
        plan.phases = 3
        plan.hasPhaseContactor = true
        plan.hasPhaseContactorFeedback = true
        return plan
    }
    private let start = Instant(milliseconds: 1_000_000)

    /// All phases are used, and the mirror contact shows it.
    private func closed() -> (law: PhaseLaw, now: PhaseConditions) {
        var law = PhaseLaw()
        var now = PhaseConditions()
        now.isDead = true
        now.feedback = .open
        law.step(now, at: start, plan: plan)
        now.isDead = false
        now.feedback = .closed
        return (law, now)
    }
    private func run(
        _ law: inout PhaseLaw, _ now: PhaseConditions, from: Milliseconds, for time: Milliseconds
    ) {
        for passed in stride(from: 0, through: time.count, by: 10) {
            law.step(now, at: start + from + Milliseconds(passed), plan: plan)
        }
    }

    @Test("a power cut lets it fall open, which is no fault of it; standing open afterwards is")
    func powerCut() {
        var (law, now) = closed()
        #expect(law.isClosed)
        run(&law, now, from: .seconds(1), for: .seconds(5))
        now.feedback = .open
        now.hasSupply = false
        run(&law, now, from: .seconds(6), for: .seconds(600))
        #expect(!law.hasFault)
        now.hasSupply = true
        now.feedback = .closed
        run(&law, now, from: .seconds(606), for: .seconds(5))
        #expect(!law.hasFault)
        now.feedback = .open
        run(&law, now, from: .seconds(611), for: plan.contactorTimeout)
        #expect(law.hasFault)
    }
}
