public import EVSEModel

/// Bytes as they crossed a wire.
public struct WireEvent: Hashable, Sendable {
    /// Seen from the driver.
    public enum Direction: String, Hashable, Sendable {
        case sent
        case received
        /// Bytes that no request was waiting for: a late or doubled reply, noise.
        case discarded
    }
    public let bus: String
    public let at: Instant
    public let direction: Direction
    public let bytes: [UInt8]

    public init(bus: String, at: Instant, direction: Direction, bytes: [UInt8]) {
        self.bus = bus
        self.at = at
        self.direction = direction
        self.bytes = bytes
    }
}

/// Called on the bus thread for all that crosses the wire; must return at once.
public typealias WireTap = @Sendable (WireEvent) -> Void
