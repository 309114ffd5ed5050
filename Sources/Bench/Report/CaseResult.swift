import EVSEModel
import JSON

/// What came of one case.
struct CaseResult: Sendable {
    enum Outcome: String, Sendable {
        case passed
        case failed
        case notApplicable = "not-applicable"
    }
    let test: Case
    let outcome: Outcome
    /// Why it failed or does not apply; empty where it passed.
    let reason: String
    let start: Instant
    let end: Instant
    let steps: [CaseContext.Step]
    let messages: [Message]
    let signals: [SignalSample]
    /// Delays from the vehicle leaving C or D to the contactor's coil off, in µs, by the plant.
    let openings: [Double]
    /// Of boards with direct current; else empty.
    var directCurrent = DCRecord()
    /// Why it was run twice; empty as a rule.
    var remark = ""

    /// Milliseconds since the case began.
    func time(_ instant: Instant) -> Int64 { (instant - start).count }
}

/// The connector's signals at one moment, as the rig shows them.
struct SignalSample: Sendable {
    let at: Instant
    let pilot: String
    let offered: Double
    let drawn: Double
    let isClosed: Bool
    let isLocked: Bool

    init(at: Instant, connector: JSONValue) {
        self.at = at
        pilot = connector["pilot"]?.string ?? "?"
        offered = connector["offered"]?.number?.double ?? 0
        drawn = connector["drawn"]?.number?.double ?? 0
        isClosed = connector["contactor"] == "closed"
        isLocked = connector["lock"] == "engaged"
    }

    /// Nothing that a plot shows differs.
    func looksLike(_ other: SignalSample) -> Bool {
        pilot == other.pilot && abs(offered - other.offered) < 0.05
            && abs(drawn - other.drawn) < 0.05 && isClosed == other.isClosed
            && isLocked == other.isLocked
    }
}
