/// Everything else behind the breaker that the station shares: loads, and what a roof feeds in.
package struct HouseModel: Hashable, Sendable {
    /// From so long after the profile began, so much per phase.
    package struct Step: Hashable, Sendable {
        package var milliseconds: Int
        /// A of each phase; negative is fed in.
        package var load: [Double]
        package init(milliseconds: Int, load: [Double]) {
            self.milliseconds = milliseconds
            self.load = load
        }
    }
    /// In the order of their times.
    package private(set) var steps = [Step(milliseconds: 0, load: [0, 0, 0])]
    /// Begins anew after this time; `nil` stays at the last step.
    package private(set) var repeatsAfter: Int?
    private var begunAt: Int64 = 0
    /// The grid's operator dims the station.
    package internal(set) var isDimmed = false
    /// Drawn from the grid now, A of each phase, the station included.
    package internal(set) var drawn = [0.0, 0.0, 0.0]

    package init() {}

    package mutating func set(_ steps: [Step], repeatsAfter: Int?, now: Int64) {
        self.steps = steps.isEmpty ? [Step(milliseconds: 0, load: [0, 0, 0])] : steps
        self.repeatsAfter = repeatsAfter
        begunAt = now
    }

    /// A of each phase without the station.
    package func load(at now: Int64) -> [Double] {
        var passed = Int((now - begunAt) / 1_000_000)
        if let repeatsAfter, repeatsAfter > 0 { passed %= repeatsAfter }
        return steps.last { $0.milliseconds <= passed }?.load ?? [0, 0, 0]
    }
}
