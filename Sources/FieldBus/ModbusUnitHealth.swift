public import EVSEModel

/// Whether a unit answers, and when one that does not may be asked again.
///
/// A unit that failed several requests in a row rests between single tries, so that its time-outs do
/// not starve the others on the line.
public struct ModbusUnitHealth: Hashable, Sendable {
    /// Chosen: requests (each with its retries) that fail before a unit counts as dead.
    public static let failuresToRest = 3
    /// Chosen: a meter that comes back is seen within this time, and costs a dead unit's neighbours
    /// at most a tenth of the line at a reply time of 500 ms.
    public static let longestRest = Milliseconds(5000)
    private static let firstRest = Milliseconds(500)

    /// Requests that failed since the last reply.
    public private(set) var failures = 0
    private var restsUntil: Instant?

    public init() {}

    public var isDead: Bool { failures >= Self.failuresToRest }

    /// True while a dead unit is not to be asked.
    public func rests(at now: Instant) -> Bool {
        guard let restsUntil else { return false }
        return now < restsUntil
    }

    /// Any valid frame, an exception too: the unit lives.
    public mutating func replied() { self = Self() }

    public mutating func failed(at now: Instant) {
        failures = min(failures + 1, 1000)
        guard isDead else { return }
        let doublings = min(failures - Self.failuresToRest, 8)
        let rest = Milliseconds(Self.firstRest.count << Int64(doublings))
        restsUntil = now + min(rest, Self.longestRest)
    }
}
