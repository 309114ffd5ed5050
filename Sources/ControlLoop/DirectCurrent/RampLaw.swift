package import EVSEModel

/// The set current of an energy transfer: rises and falls by so much per second.
///
/// A goal that falls is followed at once, since it is a limit; only an orderly stop falls in a ramp, so
/// that neither the vehicle nor the grid sees a step.
package struct RampLaw: BitwiseCopyable, Sendable {
    package private(set) var current = Amperes.zero
    private var last: Instant?

    package init() {}

    /// Begins at zero.
    package mutating func reset(at: Instant) {
        current = .zero
        last = at
    }

    /// - Returns: the goal is above what the ramp has reached.
    @discardableResult
    package mutating func rise(to goal: Amperes, rate: Amperes, at: Instant) -> Bool {
        let step = Self.step(rate, from: last ?? at, to: at)
        last = at
        let reached = current + step
        current = max(min(goal, reached), .zero)
        return goal > current
    }

    package mutating func fall(rate: Amperes, at: Instant) {
        let step = Self.step(rate, from: last ?? at, to: at)
        last = at
        current = max(current - step, .zero)
    }

    /// What a rate makes of a span, rounded down to milliamperes.
    package static func step(_ rate: Amperes, from: Instant, to: Instant) -> Amperes {
        let span = min(max(to.nanoseconds &- from.nanoseconds, 0), 1_000_000_000)
        return Amperes(raw: Int32(clamping: Int64(rate.raw) * span / 1_000_000_000))
    }
}
