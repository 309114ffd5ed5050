package import EVSEModel

/// What must hold in every step of every simulated day. See `docs/simulation.md`.
package enum Invariant: String, Hashable, Sendable, CaseIterable {
    /// Energy flows only after a token that the configured rules accept, or an accepted remote
    /// start, and ceases when that is withdrawn.
    case energyIsAuthorised = "energy-is-authorised"
    /// The loop keeps every guarantee of `LoopGuarantees`.
    case loopGuarantee = "loop-guarantee"
    /// A transaction's first message is its one Started, with sequence number 0.
    case oneStarted = "one-started"
    /// A transaction ends exactly once; nothing of it follows.
    case oneEnded = "one-ended"
    /// Sequence numbers have no gap, and a number never means two things.
    case sequence
    /// A transaction's messages arrive in order, and transactions of one EVSE do not overlap.
    case order
    /// `offline` is said of what happened without a connection, and only of that.
    case offlineFlag = "offline-flag"
    /// Registers reported never fall, and never exceed what the plant's books say.
    case energyMonotonic = "energy-monotonic"
    /// What the transactions say was delivered is what the plant delivered.
    case energyBooks = "energy-books"
    /// What the CSMS must not lose is on disk before it is sent.
    case durableBeforeSent = "durable-before-sent"
    /// Every request of the CSMS is answered exactly once.
    case answeredOnce = "answered-once"
    /// ... and within its deadline.
    case answeredInTime = "answered-in-time"
    /// While not accepted, only what the registration rules allow is sent.
    case registrationGate = "registration-gate"
    /// What is offered follows every limit of the CSMS, the cable and the board, in time.
    case limitObeyed = "limit-obeyed"
    /// What is offered is not less than the limits allow, once everything is healthy.
    case limitUsed = "limit-used"
    /// What is offered in all keeps to contact, energy manager and the house's breaker.
    case supplyObeyed = "supply-obeyed"
    /// With everything healthy again the CSMS knows whether contact and energy manager limit the station.
    case limitsAreTold = "limits-are-told"
    /// With everything healthy again every connector becomes Available within minutes.
    case connectorRecovers = "connector-recovers"
    /// With everything healthy again nothing waits: queue, transactions and requests are done.
    case comesToRest = "comes-to-rest"
    /// State, queue and store stay within their bounds.
    case bounded
    /// Every frame is one that OCPP-J knows, answered to who asked.
    case wellFormed = "well-formed"
    /// A latched weld survives every restart until service.
    case weldIsKept = "weld-is-kept"
    /// A safety controller is permitted energy only with a loop behind it that wants it now, and uses no
    /// permission beyond its life.
    case permissionIsAlive = "permission-is-alive"
    /// No voltage stands at a connector of direct current that nobody is plugged to, or longer than a discharge
    /// takes at one whose session is over.
    case deadWhenUnplugged = "dead-when-unplugged"
    /// Two outlets of direct current are never on one busbar.
    case outletsApart = "outlets-apart"
    /// A group of power sources joins an outlet only at the voltage that it finds there.
    case linksMatch = "links-match"
    /// A state of charge that the CSMS is told is that of a vehicle at that very EVSE.
    case chargeIsTheVehicles = "charge-is-the-vehicles"
    /// What the power sources gave is what batteries took, what was lost and what is stored.
    case directBooks = "direct-books"
    /// More than the vehicle stands, or than any limit leaves, flows no longer than the laws allow.
    case directLimits = "direct-limits"
    /// A contactor of direct current opens under load in an emergency only.
    case opensWithoutLoad = "opens-without-load"
    /// What a meter has signed is on disk before the meter forgets it.
    case recordIsKept = "record-is-kept"
    /// Signed data are byte for byte what the meter gave, of that very transaction.
    case recordIsTheMeters = "record-is-the-meters"
    /// Energy is sold with a signed begin and end, or the CSMS is told that they are missing.
    case energyIsSigned = "energy-is-signed"
    /// The same inputs give the same outputs, byte by byte.
    case replay
    /// The program does not trap.
    case noTrap = "no-trap"
}

/// An invariant that was broken.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    package var invariant: Invariant
    /// Since the start of the day.
    package var at: Milliseconds
    package var text: String
    package init(_ invariant: Invariant, at: Milliseconds, _ text: String) {
        self.invariant = invariant
        self.at = at
        self.text = text
    }
    package var description: String {
        let seconds = at.count / 1000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(invariant.rawValue) at \(two(seconds / 3600)):\(two(seconds / 60 % 60)):"
            + "\(two(seconds % 60)): \(text)"
    }
}
