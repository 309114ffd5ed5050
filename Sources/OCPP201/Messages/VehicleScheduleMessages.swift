import EVSEModel

// K15 to K17: what a vehicle plans.

package struct NotifyEVChargingScheduleRequest: Request {
    package static let action = "NotifyEVChargingSchedule"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
    }
    package typealias Response = StatusResponse<Status>
    package var timeBase = DateTime.time(UnixTime(milliseconds: 0))
    package var evseId = 0
    package var chargingSchedule = WireSchedule()
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("timeBase", &timeBase)
        try fields.field("chargingSchedule", &chargingSchedule)
        try fields.field("evseId", &evseId)
    }
}
