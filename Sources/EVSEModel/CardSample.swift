/// The inputs of an input/output card on a bus, as its driver in the station process last read them.
@frozen public struct CardSample: BitwiseCopyable, Hashable, Sendable {
    /// When they were read; zero: never.
    public var at = Instant.zero
    /// Input n is bit n.
    public var inputs: UInt32 = 0
    @inlinable public init() {}
    @inlinable public init(inputs: UInt32, at: Instant) {
        self.inputs = inputs
        self.at = at
    }
}

/// What the control loop wants of such a card's outputs.
@frozen public struct CardOutputs: BitwiseCopyable, Hashable, Sendable {
    /// When the loop last said so; a loop that says nothing new is dead, and then nothing is wanted.
    public var at = Instant.zero
    /// Output n is bit n: the level at the terminal.
    public var levels: UInt32 = 0
    @inlinable public init() {}
    @inlinable public init(levels: UInt32, at: Instant) {
        self.levels = levels
        self.at = at
    }
    /// Chosen: five cycles of the longest period.
    public static var maximumAge: Milliseconds { Milliseconds(500) }
    /// Inputs and outputs of one card, each.
    @inlinable public static var capacity: Int { 32 }
}
