package import EVSEModel
import JSON

/// What the plant's own record must never show, whatever process died.
package struct WorldRules {
    /// What the bench did that changes what is allowed.
    package enum Mark: Sendable {
        /// An accepted card is about to be held at the reader.
        case mayCharge
        /// Nobody is authorised from here on.
        case mayNotCharge
        /// The most that may be offered now, A; while a change is in doubt, the greater value.
        case limit(Double)
    }
    /// From the end of the vehicle's request to the coil's release. The loop's own time is two
    /// cycles; the rest is left to a machine that runs many stations.
    static let openingLimit = 500_000
    /// How long an old offer may stand after a new limit was accepted: a duty stands for 5 s (IEC
    /// 61851-1 Table A.6), then the vehicle's next one follows.
    static let limitTime = Milliseconds(6500)

    private var mayCharge = false
    private var limits: [(at: Instant, amperes: Double)] = [(.zero, 32)]
    private var isClosed = false
    private var plugged = Set<String>()
    private let hasLock: Bool
    private var locked = Set<String>()
    private var pilot = [String: String]()
    package private(set) var violations = [String]()
    private(set) var closings = 0
    private(set) var slowestOpening = 0

    /// - Parameters:
    ///   - events: the plant's record, in order.
    ///   - marks: the bench's, in order.
    ///   - hasLock: the board locks the plug; its feedback must say so before the coil is driven.
    package init(
        _ events: [PlantRecord.Event], _ marks: [(at: Instant, mark: Mark)], hasLock: Bool
    ) {
        self.hasLock = hasLock
        var next = 0
        for event in events {
            while next < marks.count, marks[next].at <= event.at {
                take(marks[next].mark, at: marks[next].at)
                next += 1
            }
            take(event)
        }
    }

    private mutating func take(_ mark: Mark, at: Instant) {
        switch mark {
        case .mayCharge: mayCharge = true
        case .mayNotCharge: mayCharge = false
        case .limit(let amperes): limits.append((at, amperes))
        }
    }

    private mutating func take(_ event: PlantRecord.Event) {
        switch event.kind {
        case "plugged": plugged.insert(event.subject)
        case "unplugged": plugged.remove(event.subject)
        case "lock":
            if event.fields["engaged"]?.bool == true {
                locked.insert(event.subject)
            } else {
                locked.remove(event.subject)
            }
        case "pilot": pilot[event.subject] = event.fields["state"]?.string
        case "contactor": contactor(event)
        case "duty", "sample":
            if let offered = event.fields["offered"]?.number?.double { check(offered, event) }
        case "opening":
            let delay = event.fields["microseconds"]?.int ?? 0
            slowestOpening = max(slowestOpening, delay)
            if delay > Self.openingLimit { violate("the contactor opened \(delay) µs late", event) }
        default: break
        }
    }

    /// The command is the station's; a contactor that welds closes by itself.
    private mutating func contactor(_ event: PlantRecord.Event) {
        let closed = event.fields["coil"]?.bool ?? false
        defer { isClosed = closed }
        guard closed, !isClosed else { return }
        closings += 1
        if !mayCharge { violate("the contactor was closed although nobody was authorised", event) }
        if plugged.isEmpty { violate("the contactor was closed without a vehicle", event) }
        if hasLock, locked.isEmpty { violate("the contactor was closed on a free plug", event) }
        if !pilot.values.contains(where: { $0 == "C" || $0 == "D" }) {
            violate("the contactor was closed outside states C and D", event)
        }
    }

    private mutating func check(_ offered: Double, _ event: PlantRecord.Event) {
        guard offered > 0 else { return }
        let now = limits.last?.amperes ?? 32
        let lately = limits.indices.filter { index in
            let end = index + 1 < limits.count ? limits[index + 1].at : event.at
            return end + Self.limitTime >= event.at
        }
        let allowed = lately.map { limits[$0].amperes }.max() ?? now
        if offered > allowed + 0.3 {
            violate("\(offered) A offered, the limit is \(allowed) A", event)
        }
    }

    private mutating func violate(_ what: String, _ event: PlantRecord.Event) {
        guard violations.count < 20 else { return }
        violations.append(
            "\(what) (at \(event.at.nanoseconds / 1_000_000) ms: \(event.fields.text))")
    }
}
