/// A part of a schedule: the most power from here to the next.
public struct VehicleSchedulePeriod: Hashable, Sendable {
    /// Seconds after the schedule's beginning.
    public var start: UInt32
    public var power: Watts
    public init(start: UInt32, power: Watts) {
        self.start = start
        self.power = power
    }
}

/// The highest power over time that a vehicle may plan with (ISO 15118-2 SAScheduleTuple, -20 ScheduleTuple).
public struct VehicleSchedule: Hashable, Sendable {
    /// 1...255; unlike its neighbours'.
    public var id: UInt8
    /// Seconds that it covers.
    public var duration: UInt32
    /// 1 to ``mostPeriods``, in order, the first at 0.
    public var periods: [VehicleSchedulePeriod]
    /// Chosen: what one frame of docs/vehicle-communication-protocol.md takes.
    public static var mostPeriods: Int { 14 }
    /// Source: ISO 15118-2 SAScheduleList, as OCPP's K15.FR.07 quotes it.
    public static var mostSchedules: Int { 3 }

    /// What is too long for its place is cut: the last period that is left gets the lowest power of the rest.
    public init(id: UInt8, duration: UInt32, periods: [VehicleSchedulePeriod], atMost most: Int) {
        self.id = id
        self.duration = duration
        let count = max(1, min(most, Self.mostPeriods))
        self.periods = Array(periods.prefix(count))
        let rest = periods.dropFirst(count - 1).map(\.power).min()
        if let rest, periods.count > count { self.periods[count - 1].power = rest }
    }

    /// The power that it allows at a time; `nil` before its beginning and after its end.
    public func power(at seconds: UInt32) -> Watts? {
        seconds < duration ? periods.last { $0.start <= seconds }?.power : nil
    }

    /// Nowhere more than another one, over the time that both cover.
    public func isWithin(_ other: Self) -> Bool {
        let instants = Set(periods.map(\.start) + other.periods.map(\.start))
        return instants.allSatisfy { second in
            guard let own = power(at: second), let most = other.power(at: second) else {
                return true
            }
            return own <= most
        }
    }
}

/// Schedules that a vehicle may choose from.
public struct ScheduleOffer: Hashable, Sendable {
    /// Of the vehicle, as ``VehicleSample/session``.
    public var session: UInt32
    /// Counts offers; another one in a session that has one already is a wish for renegotiation.
    public var number: UInt16
    /// None: the vehicle shall wait, one comes soon.
    public var schedules: [VehicleSchedule]
    public init(session: UInt32, number: UInt16, schedules: [VehicleSchedule]) {
        self.session = session
        self.number = number
        self.schedules = schedules
    }
}

/// What a vehicle has made of an offer (ISO 15118-2 PowerDelivery: SAScheduleTupleID, ChargingProfile).
public struct VehiclePlan: Hashable, Sendable {
    public var session: UInt32
    /// ``ScheduleOffer/number``.
    public var offer: UInt16
    /// ``VehicleSchedule/id`` of its choice.
    public var schedule: UInt8
    /// When it was told.
    public var at: Instant
    /// Seconds that its own plan covers; 0 without one.
    public var duration: UInt32
    /// Its own plan, counted from `at`; empty where it told none.
    public var periods: [VehicleSchedulePeriod]
    public init(
        session: UInt32, offer: UInt16, schedule: UInt8, at: Instant, duration: UInt32 = 0,
        periods: [VehicleSchedulePeriod] = []
    ) {
        self.session = session
        self.offer = offer
        self.schedule = schedule
        self.at = at
        self.duration = duration
        self.periods = Array(periods.prefix(VehicleSchedule.mostPeriods))
    }
}

extension VehicleProtocol {
    /// The vehicle plans with schedules: DIN SPEC 70121 and CHAdeMO know a power only.
    @inlinable public var hasSchedules: Bool { self == .iso15118v2 || self == .iso15118v20 }
}
