package import EVSEModel

/// The course of the schedules between CSMS and vehicle at one EVSE (K15 to K17).
struct ScheduleExchange: Sendable {
    /// Of the vehicle; `nil` before its first.
    var session: UInt32?
    /// As last put out.
    var offer: ScheduleOffer?
    /// The CSMS has been told of the vehicle's needs, and may send a profile until then.
    var awaitedUntil: Instant?
    /// The CSMS has begun the renegotiation that runs (K16): it knows what the vehicle needs.
    var isByCSMS = false
    /// The newest offer that the vehicle has made a plan of.
    var planned: UInt16?
    /// Ids of the CSMS's schedules, in the order of those that are offered.
    var ids: [Int] = []

    /// Waits for the CSMS's answer, and then for its profile. Chosen: together well below the 55 s for which a
    /// vehicle is kept in ChargeParameterDiscovery (docs/dc.md), and within K15.FR.08's 60 s.
    static let answerPatience = Milliseconds.seconds(15)
    static let profilePatience = Milliseconds.seconds(25)
    /// A schedule covers so long where the vehicle has not said when it leaves, s. Chosen: a day.
    static let horizon = 86_400
}

/// What a vehicle will draw, as it told or as it chose from what it was offered.
package struct VehicleScheduleNotice: Hashable, Sendable {
    package var evse: EVSEID
    /// Its periods are relative to this.
    package var timeBase: EventTime
    /// In watts.
    package var schedule: ChargingSchedule
}

/// What the CSMS says of a vehicle's plan.
package enum VehicleScheduleAnswer: Hashable, Sendable {
    case accepted
    /// It exceeds the profile: the CSMS begins a renegotiation (K15.FR.13).
    case rejected
    case failed
}
