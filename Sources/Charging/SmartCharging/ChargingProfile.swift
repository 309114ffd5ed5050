package import EVSEModel

/// Raw values: OCPP's ChargingProfilePurposeEnumType.
package enum ProfilePurpose: String, Hashable, Sendable, CaseIterable {
    case externalConstraints = "ChargingStationExternalConstraints"
    case stationMax = "ChargingStationMaxProfile"
    case txDefault = "TxDefaultProfile"
    case tx = "TxProfile"
}

package enum ProfileKind: String, Hashable, Sendable, CaseIterable {
    case absolute = "Absolute"
    case recurring = "Recurring"
    case relative = "Relative"
}

package enum Recurrency: String, Hashable, Sendable, CaseIterable {
    case daily = "Daily"
    case weekly = "Weekly"
}

package enum RateUnit: String, Hashable, Sendable, CaseIterable {
    case amperes = "A"
    case watts = "W"
}

package struct SchedulePeriod: Hashable, Sendable {
    /// Seconds after the schedule's start.
    package var start: Int
    /// Thousandths of the schedule's unit; amperes per phase, watts in all.
    package var limit: Int64
    /// 1...3; `nil` means 3 for AC, as the standard's default.
    package var phases: Int?
    package var phaseToUse: Int?
    package init(start: Int, limit: Int64, phases: Int? = nil, phaseToUse: Int? = nil) {
        self.start = start
        self.limit = limit
        self.phases = phases
        self.phaseToUse = phaseToUse
    }
}

package struct ChargingSchedule: Hashable, Sendable {
    package var id: Int
    /// Absolute and recurring kinds; `nil` for relative ones.
    package var start: UnixTime?
    /// Seconds; `nil`: the last period goes on.
    package var duration: Int?
    package var unit: RateUnit
    package var minimumRate: Int64?
    package var periods: [SchedulePeriod]
    package init(
        id: Int, start: UnixTime? = nil, duration: Int? = nil, unit: RateUnit,
        minimumRate: Int64? = nil, periods: [SchedulePeriod]
    ) {
        self.id = id
        self.start = start
        self.duration = duration
        self.unit = unit
        self.minimumRate = minimumRate
        self.periods = periods
    }
}

package struct ChargingProfile: Hashable, Sendable {
    package var id: Int
    package var stackLevel: Int
    package var purpose: ProfilePurpose
    package var kind: ProfileKind
    package var recurrency: Recurrency?
    package var validFrom: UnixTime?
    package var validTo: UnixTime?
    package var transaction: TransactionID?
    /// One; up to three with ISO 15118 only.
    package var schedules: [ChargingSchedule]
    package init(
        id: Int, stackLevel: Int, purpose: ProfilePurpose, kind: ProfileKind,
        recurrency: Recurrency? = nil, validFrom: UnixTime? = nil, validTo: UnixTime? = nil,
        transaction: TransactionID? = nil, schedules: [ChargingSchedule]
    ) {
        self.id = id
        self.stackLevel = stackLevel
        self.purpose = purpose
        self.kind = kind
        self.recurrency = recurrency
        self.validFrom = validFrom
        self.validTo = validTo
        self.transaction = transaction
        self.schedules = schedules
    }
}

/// A profile where it is installed: one EVSE, or `nil` for the whole station.
package struct InstalledProfile: Hashable, Sendable {
    package var evse: EVSEID?
    package var profile: ChargingProfile
    /// Raw value of OCPP's ChargingLimitSourceEnumType; profiles from the CSMS are `CSO`.
    package var source: String
    /// Which of the profile's schedules the vehicle has chosen; the first until it has (K15.FR.07).
    var choice = 0
    package init(evse: EVSEID?, profile: ChargingProfile, source: String = "CSO") {
        self.evse = evse
        self.profile = profile
        self.source = source
    }
}

/// Which profiles are meant; all given conditions hold together.
package struct ProfileFilter: Hashable, Sendable {
    /// Any of these ids; empty is any.
    package var ids: [Int]
    /// `.some(nil)`: those of the whole station only; `nil`: anywhere.
    package var evse: EVSEID??
    package var purpose: ProfilePurpose?
    package var stackLevel: Int?
    package var sources: [String]
    package init(
        ids: [Int] = [], evse: EVSEID?? = nil, purpose: ProfilePurpose? = nil,
        stackLevel: Int? = nil, sources: [String] = []
    ) {
        self.ids = ids
        self.evse = evse
        self.purpose = purpose
        self.stackLevel = stackLevel
        self.sources = sources
    }
}

package struct CompositeSchedule: Hashable, Sendable {
    /// `nil`: the grid connection of the whole station.
    package var evse: EVSEID?
    package var start: UnixTime
    /// Seconds.
    package var duration: Int
    package var unit: RateUnit
    package var periods: [SchedulePeriod]
    package init(
        evse: EVSEID?, start: UnixTime, duration: Int, unit: RateUnit, periods: [SchedulePeriod]
    ) {
        self.evse = evse
        self.start = start
        self.duration = duration
        self.unit = unit
        self.periods = periods
    }
}
