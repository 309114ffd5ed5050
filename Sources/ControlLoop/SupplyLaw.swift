public import EVSEModel

/// What bounds the station's current in a cycle, as the process sees it.
public struct SupplyInputs: BitwiseCopyable, Sendable {
    /// The newest sample of the house's meter.
    public var house = MeterSample()
    public var own = InlineArray<4, OwnReading>(repeating: OwnReading())
    /// EVSEs.
    public var count = 0
    public var isDimmed = false
    public var external = ExternalLimit()
    public init() {}
}

/// What may be drawn from the feed, and what of it each source leaves.
public struct Supply: BitwiseCopyable, Sendable {
    /// The least of all.
    public var room: FeedRoom
    /// The breaker of the feed.
    public let breaker: FeedRoom
    public var house: FeedRoom?
    public var dimming: FeedRoom?
    public var external: FeedRoom?
    /// The same two as they were set; no bound where the breaker's is less.
    public var dimmingBound = SupplyBound()
    public var externalBound = SupplyBound()

    init(breaker: FeedRoom) {
        self.breaker = breaker
        room = breaker
    }

    /// Whose limit it is that one who loads these phases meets first; the breaker's is a share's.
    public func cause(for phases: FeedPhases) -> LimitCause {
        var least = breaker.most(phases)
        var cause = LimitCause.groupShare
        if let most = house?.most(phases), most < least { (least, cause) = (most, .houseLimit) }
        if let most = external?.most(phases), most < least {
            (least, cause) = (most, .externalLimit)
        }
        if let most = dimming?.most(phases), most < least { (least, cause) = (most, .dimming) }
        return cause
    }
}

/// A contact that chatters lifts no limit.
struct DimmingLaw: BitwiseCopyable {
    private(set) var isActive = false
    private var released = Held()

    mutating func step(_ isDimmed: Bool, at: Instant, plan: DimmingPlan) {
        released.update(!isDimmed, at: at)
        if isDimmed {
            isActive = true
        } else if released.lasts(plan.releaseDwell, at: at) {
            isActive = false
        }
    }
}

/// Puts together what bounds the station as a whole: the feed's breaker, the house's, the contact of
/// the grid's operator, an energy manager.
public struct SupplyLaw: BitwiseCopyable, Sendable {
    public private(set) var house = HouseLaw()
    private var dimming = DimmingLaw()

    public init() {}

    /// One cycle.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func step(
        _ inputs: SupplyInputs, at: Instant, feed: FeedPlan, plan: SupplyPlan
    ) -> Supply {
        var supply = Supply(breaker: FeedRoom(feed.limit))
        if plan.house.isMeasured {
            house.step(
                house: inputs.house, own: inputs.own, count: inputs.count,
                wired: Int(feed.phases), at: at, plan: plan.house)
            let room = FeedRoom(phases: house.allowed)
            supply.house = room
            supply.room = supply.room.within(room)
        }
        if plan.dimming.isFitted {
            dimming.step(inputs.isDimmed, at: at, plan: plan.dimming)
            if dimming.isActive {
                let room = FeedRoom(plan.dimming.bound, voltage: feed.voltage)
                supply.dimming = room
                supply.dimmingBound = plan.dimming.bound.below(feed)
                supply.room = supply.room.within(room)
            }
        }
        if plan.external.isServed {
            let isSilent = Self.isSilent(inputs.external, at: at, plan: plan.external)
            let bound = isSilent ? plan.external.fallback : inputs.external.bound
            let room = FeedRoom(bound, voltage: feed.voltage)
            supply.external = room
            supply.externalBound = bound.below(feed)
            supply.room = supply.room.within(room)
        }
        return supply
    }

    /// The energy manager's last write is too old, or there was none.
    public static func isSilent(
        _ limit: ExternalLimit, at: Instant, plan: ExternalLimitPlan
    ) -> Bool {
        limit.at == .zero || at > limit.at + plan.timeout
    }
}

extension SupplyBound {
    /// Without what the feed's breaker does not allow anyway.
    func below(_ feed: FeedPlan) -> Self {
        let most =
            Int64(feed.limit.raw) * Int64(feed.voltage.raw) / 1000 * Int64(max(1, feed.phases))
        return Self(
            current: current < feed.limit ? current : Amperes(raw: .max),
            power: power.raw < most ? power : Watts(raw: .max))
    }
}
