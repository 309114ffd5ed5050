public import EVSEModel

/// What the station may draw so that the breaker of the house holds, by the meter behind it.
///
/// Of each phase: the breaker, less a margin, less what the rest of the house draws, which is the
/// house's measurement less our own draw at that instant. Our own draw is known between bounds only
/// (``OwnDraw``), and with it what is free:
///
/// - Less is allowed at once where even the generous bound says so, so that a vehicle that is still
///   on its way is not taken for a load of the house. Where the house stays above its limit for
///   longer than a vehicle has to follow, the careful bound counts.
/// - More is allowed by the careful bound, once that has been free for the dwell; then the least
///   that was free during it.
///
/// A stale meter is a meter that shows the fallback to be free.
public struct HouseLaw: BitwiseCopyable, Sendable {
    /// Less than this more is not worth a change. Chosen: the class of two meters and their noise.
    public static var hysteresis: Amperes { Amperes(milliamperes: 500) }
    /// A reading of our own meters is waited for so long. Chosen: two of their periods and a retry.
    public static var patience: Milliseconds { Milliseconds(2_500) }
    /// How long an excess may be that of vehicles on their way: 5 s between two changes of the duty,
    /// 5 s to follow (IEC 61851-1:2017 Table A.6).
    public static var following: Milliseconds { Milliseconds.seconds(10) }

    /// What may be drawn of each phase.
    public private(set) var allowed = InlineArray<3, Amperes>(repeating: .zero)
    public private(set) var isStale = true

    private struct Phase: BitwiseCopyable {
        /// More has been free since then, and the least that was free since.
        var moreSince: Instant?
        var leastFree = Amperes.zero
        /// The house has been above its limit since then.
        var overSince: Instant?
    }
    private struct Measurement: BitwiseCopyable {
        var at = Instant.zero
        /// Drawn from the grid; negative is fed into it. `nil`: this phase is not measured.
        var current = InlineArray<3, Amperes?>(repeating: nil)
    }
    private var phases = InlineArray<3, Phase>(repeating: Phase())
    private var own = InlineArray<4, OwnDraw>(repeating: OwnDraw())
    /// Waits for readings of our own, and the newest behind it.
    private var waiting: Measurement?
    private var newest = Measurement()
    private var hasBegun = false

    public init() {}

    /// One cycle.
    ///
    /// - Parameters:
    ///   - house: the newest sample of the house's meter.
    ///   - own: of each EVSE; the first `count` are meant.
    ///   - wired: phases of the feed.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func step(
        house: MeterSample, own readings: InlineArray<4, OwnReading>, count: Int, wired: Int,
        at: Instant, plan: HousePlan
    ) {
        if !hasBegun {
            hasBegun = true
            allowed = InlineArray(repeating: plan.fallback)
        }
        for index in 0..<min(count, 4) { own[index].note(readings[index]) }
        take(house)
        isStale = newest.at == .zero || at > newest.at + plan.maxAge
        if isStale {
            waiting = nil
            for phase in 0..<3 { settle(phase, plan.fallback, plan.fallback, at: at, plan: plan) }
            return
        }
        guard let measurement = waiting,
            isAnswered(measurement, readings, min(count, 4), at: at)
        else { return }
        judge(measurement, readings, min(count, 4), wired: wired, at: at, plan: plan)
        waiting = newest.at > measurement.at ? newest : nil
    }

    // MARK: Measurements

    private mutating func take(_ house: MeterSample) {
        guard house.at > newest.at, house.valid.contains(.current) else { return }
        newest = Measurement()
        newest.at = house.at
        for phase in 0..<Int(min(max(house.phases, 1), 3)) {
            let current = house.current[phase]
            let magnitude = current < .zero ? .zero - current : current
            let isExport = house.valid.contains(.power) && house.power[phase] < .zero
            newest.current[phase] = isExport ? .zero - magnitude : magnitude
        }
        if waiting == nil { waiting = newest }
    }

    /// Every EVSE was read after it, or has been waited for long enough.
    private func isAnswered(
        _ measurement: Measurement, _ readings: InlineArray<4, OwnReading>, _ count: Int,
        at: Instant
    ) -> Bool {
        if at >= measurement.at + Self.patience { return true }
        for index in 0..<count where !own[index].reaches(measurement.at) { return false }
        return true
    }

    private mutating func judge(
        _ measurement: Measurement, _ readings: InlineArray<4, OwnReading>, _ count: Int,
        wired: Int, at: Instant, plan: HousePlan
    ) {
        let drawn = drawn(measurement.at, readings, count, plan)
        for phase in 0..<3 {
            guard phase < wired, let house = measurement.current[phase] else {
                settle(phase, plan.fallback, plan.fallback, at: at, plan: plan)
                continue
            }
            let free = plan.limit - plan.margin - house
            watchExcess(
                phase, free, careful: free + drawn.least[phase], at: measurement.at)
            settle(
                phase, free + drawn.least[phase], free + drawn.most[phase], at: at, plan: plan)
        }
    }

    /// Bounds of what all EVSEs together drew when the house was measured.
    private func drawn(
        _ instant: Instant, _ readings: InlineArray<4, OwnReading>, _ count: Int, _ plan: HousePlan
    ) -> OwnDraw.Bounds {
        var sum = OwnDraw.Bounds()
        for index in 0..<count {
            let known = own[index].bounds(from: instant - plan.lag, to: instant)
            let isKnown = own[index].reaches(instant)
            for phase in 0..<3 {
                // Nobody read it: from nothing to all that it was offered.
                let least = isKnown ? known?.least[phase] ?? .zero : .zero
                let most = known?.most[phase] ?? .zero
                sum.least[phase] += least
                sum.most[phase] += isKnown ? most : max(most, readings[index].most)
            }
        }
        return sum
    }

    // MARK: What is allowed

    private mutating func watchExcess(
        _ phase: Int, _ free: Amperes, careful: Amperes, at: Instant
    ) {
        guard free < .zero else {
            phases[phase].overSince = nil
            return
        }
        let since = phases[phase].overSince ?? at
        phases[phase].overSince = since
        if at >= since + Self.following {
            allowed[phase] = max(.zero, min(allowed[phase], careful))
        }
    }

    private mutating func settle(
        _ phase: Int, _ careful: Amperes, _ generous: Amperes, at: Instant, plan: HousePlan
    ) {
        if generous < allowed[phase] {
            allowed[phase] = max(generous, .zero)
            phases[phase].moreSince = nil
            return
        }
        guard careful >= allowed[phase] + Self.hysteresis else {
            phases[phase].moreSince = nil
            return
        }
        let since = phases[phase].moreSince ?? at
        if phases[phase].moreSince == nil { phases[phase].leastFree = careful }
        phases[phase].moreSince = since
        phases[phase].leastFree = min(phases[phase].leastFree, careful)
        guard at >= since + plan.raiseDwell else { return }
        allowed[phase] = phases[phase].leastFree
        phases[phase].moreSince = nil
    }
}
