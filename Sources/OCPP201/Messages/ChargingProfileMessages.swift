package import Charging

// K: charging profiles.

package struct SetChargingProfileRequest: Request {
    package static let action = "SetChargingProfile"
    package typealias Response = StatusResponse<Verdict>
    package var evseId = 0
    package var chargingProfile = WireChargingProfile()
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("evseId", &evseId)
        try fields.field("chargingProfile", &chargingProfile)
    }
}

package struct ClearChargingProfileRequest: Request {
    package static let action = "ClearChargingProfile"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case unknown = "Unknown"
    }
    package typealias Response = StatusResponse<Status>
    package struct Criteria: Payload {
        package var evseId: Int?
        package var chargingProfilePurpose: ProfilePurpose?
        package var stackLevel: Int?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("evseId", &evseId)
            try fields.field("chargingProfilePurpose", &chargingProfilePurpose)
            try fields.field("stackLevel", &stackLevel)
        }
    }
    package var chargingProfileId: Int?
    package var chargingProfileCriteria: Criteria?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("chargingProfileId", &chargingProfileId)
        try fields.field("chargingProfileCriteria", &chargingProfileCriteria)
    }
}

package struct GetChargingProfilesRequest: Request {
    package static let action = "GetChargingProfiles"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case noProfiles = "NoProfiles"
    }
    package typealias Response = StatusResponse<Status>
    package struct Criterion: Payload {
        package var chargingProfilePurpose: ProfilePurpose?
        package var stackLevel: Int?
        package var chargingProfileId: [Int] = []
        package var chargingLimitSource: [LimitSource] = []
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("chargingProfilePurpose", &chargingProfilePurpose)
            try fields.field("stackLevel", &stackLevel)
            try fields.list("chargingProfileId", &chargingProfileId, 0...1024)
            try fields.list("chargingLimitSource", &chargingLimitSource, 0...4)
        }
    }
    package var requestId = 0
    package var evseId: Int?
    package var chargingProfile = Criterion()
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("requestId", &requestId)
        try fields.field("evseId", &evseId)
        try fields.field("chargingProfile", &chargingProfile)
    }
}

package struct GetCompositeScheduleRequest: Request {
    package static let action = "GetCompositeSchedule"
    package struct Response: Payload {
        package var status = Verdict.rejected
        package var statusInfo: StatusInfo?
        package var schedule: WireCompositeSchedule?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("status", &status)
            try fields.field("statusInfo", &statusInfo)
            try fields.field("schedule", &schedule)
        }
    }
    package var duration = 0
    package var chargingRateUnit: RateUnit?
    package var evseId = 0
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("duration", &duration)
        try fields.field("chargingRateUnit", &chargingRateUnit)
        try fields.field("evseId", &evseId)
    }
}

/// A limit that a source other than the CSMS has set (K11, K12).
package struct NotifyChargingLimitRequest: Request {
    package static let action = "NotifyChargingLimit"
    package typealias Response = EmptyResponse
    package struct ChargingLimit: Payload {
        package var chargingLimitSource = LimitSource.other
        package var isGridCritical: Bool?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("chargingLimitSource", &chargingLimitSource)
            try fields.field("isGridCritical", &isGridCritical)
        }
    }
    package var evseId: Int?
    package var chargingLimit = ChargingLimit()
    package var chargingSchedule: [WireSchedule] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("evseId", &evseId)
        try fields.field("chargingLimit", &chargingLimit)
        try fields.list("chargingSchedule", &chargingSchedule, 0...1024)
    }
}

/// Such a limit is no more (K13).
package struct ClearedChargingLimitRequest: Request {
    package static let action = "ClearedChargingLimit"
    package typealias Response = EmptyResponse
    package var chargingLimitSource = LimitSource.other
    package var evseId: Int?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("chargingLimitSource", &chargingLimitSource)
        try fields.field("evseId", &evseId)
    }
}
