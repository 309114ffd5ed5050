public import EVSEModel

/// What one EVSE draws of each phase of the feed, as its own meter tells.
public struct OwnReading: BitwiseCopyable, Sendable {
    /// Zero: nobody knows.
    public var at = Instant.zero
    public var current = InlineArray<3, Amperes>(repeating: .zero)
    /// The most that it may be drawing of a phase, by what was offered.
    public var most = Amperes.zero
    public init() {}

    /// - Parameters:
    ///   - phases: of the feed, that the EVSE loads.
    ///   - rotation: feed phase at its L1, 0...2.
    public init(_ meter: MeterSample, phases: FeedPhases, rotation: Int, most: Amperes) {
        self.most = most
        guard meter.valid.contains(.current) else { return }
        at = meter.at
        for own in 0..<3 {
            let phase = (own + rotation) % 3
            // A meter of one phase before an outlet of three: all are loaded alike.
            let measured = own < Int(meter.phases) ? meter.current[own] : meter.current[0]
            guard own < Int(meter.phases) || phases.contains(phase: phase) else { continue }
            current[phase] = measured < .zero ? .zero - measured : measured
        }
    }
}

/// The last seconds of one EVSE's draw, so that a value of the house's meter meets what was drawn
/// when it was taken.
///
/// Meters are read at different instants, and a vehicle may be on its way to another current: what it
/// drew at an instant lies between the readings before and after.
struct OwnDraw: BitwiseCopyable {
    /// Readings of half a second, as their bounds.
    private struct Span: BitwiseCopyable {
        var from = Instant.zero
        var to = Instant.zero
        var least = InlineArray<3, Amperes>(repeating: .zero)
        var most = InlineArray<3, Amperes>(repeating: .zero)
    }
    /// What was drawn at some instant lies between these.
    struct Bounds: BitwiseCopyable {
        var least = InlineArray<3, Amperes>(repeating: .zero)
        var most = InlineArray<3, Amperes>(repeating: .zero)
    }
    private static var spanTime: Milliseconds { Milliseconds(500) }
    private var spans = InlineArray<8, Span>(repeating: Span())
    private var newest = 0

    mutating func note(_ reading: OwnReading) {
        guard reading.at > spans[newest].to else { return }
        if reading.at >= spans[newest].from + Self.spanTime {
            newest = (newest + 1) % 8
            spans[newest] = Span(
                from: reading.at, to: reading.at, least: reading.current, most: reading.current)
            return
        }
        spans[newest].to = reading.at
        for phase in 0..<3 {
            spans[newest].least[phase] = min(spans[newest].least[phase], reading.current[phase])
            spans[newest].most[phase] = max(spans[newest].most[phase], reading.current[phase])
        }
    }

    /// A reading was taken at or after that instant.
    func reaches(_ instant: Instant) -> Bool { spans[newest].to >= instant }

    /// Bounds of what was drawn between two instants: the readings between them, the last before and
    /// the first after.
    ///
    /// - Returns: `nil` where there is no reading that early, or none at all.
    func bounds(from start: Instant, to end: Instant) -> Bounds? {
        var bounds: Bounds?
        for back in 0..<8 {
            let span = spans[(newest + 8 - back) % 8]
            guard span.to > .zero else { break }
            let older = spans[(newest + 7 - back) % 8]
            // One after the first that reaches the end tells of later times.
            if back < 7, older.to >= end, older.to < span.to { continue }
            var merged = bounds ?? Bounds(least: span.least, most: span.most)
            for phase in 0..<3 {
                merged.least[phase] = min(merged.least[phase], span.least[phase])
                merged.most[phase] = max(merged.most[phase], span.most[phase])
            }
            bounds = merged
            if span.to <= start { break }
        }
        return bounds
    }
}
