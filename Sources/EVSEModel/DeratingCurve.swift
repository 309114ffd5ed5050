/// What a current may be at most from a temperature on.
@frozen public struct DeratingPoint: BitwiseCopyable, Hashable, Sendable {
    public var temperature = Celsius.zero
    /// Of the rating.
    public var share = Percent(100)
    /// In no case more; the greatest value is no bound of its own.
    public var current = Amperes(raw: .max)

    @inlinable public init() {}
    @inlinable public init(_ temperature: Celsius, share: Percent) {
        self.temperature = temperature
        self.share = share
    }
    @inlinable public init(_ temperature: Celsius, current: Amperes) {
        self.temperature = temperature
        self.current = current
    }

    @inlinable public func limit(of rating: Amperes) -> Amperes {
        let part = Amperes(
            raw: Int32(clamping: Int64(rating.raw) * Int64(share.raw) / 10_000))
        return part < current ? part : current
    }
}

/// How a rating falls with the temperature of one place: points, and straight lines between them.
///
/// Below its first point it bounds nothing, above its last one the last one's limit holds. A board's check
/// sees to it that temperatures rise and limits do not.
@frozen public struct DeratingCurve: BitwiseCopyable, Sendable {
    /// Chosen: data sheets of cables have five points at most; one more cache line in the plan.
    public static var capacity: Int { 8 }
    /// Points in use; none: nothing is derated.
    public var count: UInt8 = 0
    public var points = InlineArray<8, DeratingPoint>(repeating: DeratingPoint())

    @inlinable public init() {}

    /// The whole rating up to `start`, and in one line down to `floor` at `end`.
    @inlinable public init(from start: Celsius, to end: Celsius, floor: Amperes) {
        count = 2
        points[0] = DeratingPoint(start, share: Percent(100))
        points[1] = DeratingPoint(end, current: floor)
    }

    /// - Returns: false where there is no room for another point.
    @discardableResult
    public mutating func append(_ point: DeratingPoint) -> Bool {
        guard Int(count) < Self.capacity else { return false }
        points[Int(count)] = point
        count += 1
        return true
    }

    @usableFromInline var last: Int { Int(min(max(count, 1), 8)) - 1 }

    /// Where the rating begins to fall, where it has fallen, and to what.
    @inlinable public var start: Celsius {
        get { points[0].temperature }
        set { points[0].temperature = newValue }
    }
    @inlinable public var end: Celsius {
        get { points[last].temperature }
        set { points[last].temperature = newValue }
    }
    @inlinable public var floor: Amperes {
        get { points[last].current }
        set {
            points[last].current = newValue
            points[last].share = Percent(100)
        }
    }

    /// What a temperature leaves of a rating; `nil` where it is at most the first point's.
    @inlinable public func limit(of rating: Amperes, at temperature: Celsius) -> Amperes? {
        guard count > 0, temperature > points[0].temperature else { return nil }
        for index in 1..<8 where index < Int(count) {
            let (low, high) = (points[index - 1], points[index])
            guard temperature < high.temperature else { continue }
            let (from, to) = (low.limit(of: rating), high.limit(of: rating))
            let span = Int64(high.temperature.raw) - Int64(low.temperature.raw)
            let above = Int64(temperature.raw) - Int64(low.temperature.raw)
            let drop = (Int64(from.raw) - Int64(to.raw)) * above / (span > 1 ? span : 1)
            return Amperes(raw: Int32(clamping: Int64(from.raw) - drop))
        }
        return points[last].limit(of: rating)
    }
}

extension DeratingCurve: Hashable {
    public static func == (a: Self, b: Self) -> Bool {
        guard a.count == b.count else { return false }
        for index in 0..<8 where index < Int(a.count) && a.points[index] != b.points[index] {
            return false
        }
        return true
    }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for index in 0..<8 where index < Int(count) { hasher.combine(points[index]) }
    }
}

extension DeratingCurve: CustomStringConvertible {
    /// `70 °C: 100 %, 90 °C: 20 A`.
    public var description: String {
        (0..<Int(min(count, 8))).map { index in
            let point = points[index]
            let value = point.current.raw == .max ? "\(point.share)" : "\(point.current)"
            return "\(point.temperature): \(value)"
        }.joined(separator: ", ")
    }
}
