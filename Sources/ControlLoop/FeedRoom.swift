public import EVSEModel

/// What may be drawn from a feed: of each phase, and of all phases together.
public struct FeedRoom: BitwiseCopyable, Sendable {
    public var phases: InlineArray<3, Amperes>
    /// Sum of the phases' currents; the greatest value is no bound.
    public var total = Amperes(raw: .max)

    public init(phases: InlineArray<3, Amperes>, total: Amperes = Amperes(raw: .max)) {
        self.phases = phases
        self.total = total
    }
    /// The same of each phase.
    public init(_ current: Amperes) { self.init(phases: InlineArray(repeating: current)) }

    /// A current per phase, and a power in all.
    ///
    /// - Parameter voltage: phase to neutral.
    public init(_ bound: SupplyBound, voltage: Volts) {
        self.init(bound.current)
        guard bound.power.raw < .max else { return }
        let milliamperes = max(0, bound.power.raw) / max(1, Int64(voltage.raw)) * 1000
        let rest = max(0, bound.power.raw) % max(1, Int64(voltage.raw)) * 1000
        total = Amperes(raw: Int32(clamping: milliamperes + rest / max(1, Int64(voltage.raw))))
    }

    /// The lesser of two, everywhere.
    public func within(_ other: Self) -> Self {
        var least = Self(phases: phases, total: min(total, other.total))
        for phase in 0..<3 { least.phases[phase] = min(phases[phase], other.phases[phase]) }
        return least
    }

    /// What one that loads these phases alike may draw of each; never negative.
    public func most(_ wanted: FeedPhases) -> Amperes {
        var least = Amperes(raw: .max)
        for phase in 0..<3 where wanted.contains(phase: phase) { least = min(least, phases[phase]) }
        if total.raw < .max, wanted.count > 0 {
            least = min(least, Amperes(raw: total.raw / Int32(wanted.count)))
        }
        return max(least, .zero)
    }

    /// Takes a current away from each of these phases.
    public mutating func take(_ current: Amperes, _ taken: FeedPhases) {
        for phase in 0..<3 where taken.contains(phase: phase) {
            phases[phase] -= current
            if total.raw < .max { total -= current }
        }
    }
}
