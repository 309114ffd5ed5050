/// What bounds the station's current as a whole, beside the breaker of its own feed; see "Supply" in
/// `docs/control-laws.md`. Where no source stands the default is chosen.
@frozen public struct SupplyPlan: BitwiseCopyable, Hashable, Sendable {
    public var house = HousePlan()
    public var dimming = DimmingPlan()
    public var external = ExternalLimitPlan()
    @inlinable public init() {}

    /// What is free changes while it is used.
    @inlinable public var changes: Bool {
        house.isMeasured || dimming.isFitted || external.isServed
    }
}

/// A breaker that the station shares with other loads, and the meter behind it.
@frozen public struct HousePlan: BitwiseCopyable, Hashable, Sendable {
    public var isMeasured = false
    /// The breaker, per phase.
    public var limit = Amperes(raw: .max)
    /// Kept free below the breaker.
    public var margin = Amperes(1)
    /// What the station may draw per phase while nobody knows what the house draws.
    public var fallback = Amperes.zero
    /// Age of a sample after which the meter is stale.
    public var maxAge = Milliseconds.seconds(10)
    /// How far back in time the meter's values may lie: its own averaging, a gateway's cache.
    public var lag = Milliseconds.seconds(1)
    /// How long more must be free before the station may draw more.
    public var raiseDwell = Milliseconds.seconds(30)
    @inlinable public init() {}
}

/// A current per phase and a power in all; the greatest value of either is no bound.
@frozen public struct SupplyBound: BitwiseCopyable, Hashable, Sendable {
    public var current = Amperes(raw: .max)
    public var power = Watts(raw: .max)
    @inlinable public init() {}
    @inlinable public init(current: Amperes = Amperes(raw: .max), power: Watts = Watts(raw: .max)) {
        self.current = current
        self.power = power
    }
}

/// A contact by which the grid's operator dims the station.
@frozen public struct DimmingPlan: BitwiseCopyable, Hashable, Sendable {
    public var isFitted = false
    /// What the station may draw while the contact is active.
    public var bound = SupplyBound()
    /// How long the contact must be released before the limit ends.
    public var releaseDwell = Milliseconds.seconds(10)
    @inlinable public init() {}
}

/// A limit that an energy manager writes.
@frozen public struct ExternalLimitPlan: BitwiseCopyable, Hashable, Sendable {
    public var isServed = false
    /// Age of the last write after which the energy manager is silent.
    public var timeout = Milliseconds.seconds(60)
    /// What the station may draw while it is silent.
    public var fallback = SupplyBound()
    @inlinable public init() {}
}
