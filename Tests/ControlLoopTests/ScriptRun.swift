import ControlLoop
import EVSEModel
import LoopGuarantees

/// What a run reached: a guarantee over states that never occur would be empty.
struct Coverage {
    var steps = 0
    var closings = 0
    var phases = [Int](repeating: 0, count: 7)
    var causes = [Int](repeating: 0, count: LimitCause.allCases.count)
    var faults = FaultSet()
    /// Cycles in which each fault held while the contactor was closed one cycle before.
    var stops = [Int](repeating: 0, count: 64)
    var unlocks = 0
    var offered = Set<Int32>()

    mutating func add(_ image: EVSEImage, wasClosed: Bool) {
        steps += 1
        if image.outputs.contactorClosed, !wasClosed { closings += 1 }
        phases[Int(image.status.phase.rawValue)] += 1
        causes[Int(image.status.limitCause.rawValue)] += 1
        let all = image.status.allFaults
        faults = faults.union(all)
        if wasClosed, !image.outputs.contactorClosed {
            var bits = all.rawValue
            while bits != 0 {
                stops[bits.trailingZeroBitCount] += 1
                bits &= bits - 1
            }
        }
        if image.outputs.connectors[0].bolt == .free { unlocks += 1 }
        if image.status.phase == .energised { offered.insert(image.status.offered.raw / 1000) }
    }
}

extension Script {
    /// Runs the script and watches it, for all guarantees or only for one.
    ///
    /// - Returns: the first guarantee that was broken; `nil` where all held.
    func run(
        mutant: World.Mutant? = nil, only: Guarantee? = nil, into coverage: inout Coverage
    ) -> GuaranteeMonitor.Violation? {
        var world = World(plan: plan.plan, period: plan.period, mutant: mutant)
        var monitor = GuaranteeMonitor(world.cycle, only: only)
        var lateness = SplitMix(seed: plan.seed)
        for step in steps {
            world.apply(step.event)
            if case .restart = step.event { monitor.restarted(world.cycle) }
            for _ in 0..<step.cycles {
                let wasClosed = world.image.outputs.contactorClosed
                world.advance(late: lateness.once(in: 64) ? Int64(lateness.below(4)) : 0)
                monitor.look(at: world.cycle)
                coverage.add(world.image, wasClosed: wasClosed)
                if let violation = monitor.violation { return violation }
            }
        }
        return nil
    }

    /// A script as short as can be found that breaks the same guarantee.
    ///
    /// Cuts away runs of steps, halving their length, then shortens what is left.
    func shrunk(
        keeping guarantee: Guarantee, mutant: World.Mutant? = nil, attempts: Int = 600
    ) -> Script {
        var best = self
        var left = attempts
        func fails(_ script: Script) -> Bool {
            left -= 1
            var ignored = Coverage()
            return script.run(mutant: mutant, only: guarantee, into: &ignored) != nil
        }
        var chunk = max(1, best.steps.count / 2)
        while chunk >= 1, left > 0 {
            var start = 0
            var shortened = false
            while start < best.steps.count, left > 0 {
                var candidate = best
                candidate.steps.removeSubrange(
                    start..<min(start + chunk, candidate.steps.count))
                if fails(candidate) {
                    best = candidate
                    shortened = true
                } else {
                    start += chunk
                }
            }
            if chunk == 1, !shortened { break }
            chunk = chunk == 1 ? 1 : chunk / 2
        }
        for index in best.steps.indices where left > 0 {
            while best.steps[index].cycles > 0, left > 0 {
                var candidate = best
                candidate.steps[index].cycles /= 2
                guard fails(candidate) else { break }
                best = candidate
            }
        }
        return best
    }
}
