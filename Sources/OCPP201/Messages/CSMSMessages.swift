package import Charging
package import JSON

// Requests of the CSMS, with our answers.

/// A status and, where it needs one, a reason: the answer of most requests.
package struct StatusResponse<Status: WireEnum>: Payload {
    package var status: Status?
    package var statusInfo: StatusInfo?
    package init() {}
    package init(_ status: Status, _ info: StatusInfo? = nil) {
        self.status = status
        statusInfo = info
    }
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("status", &status)
        try fields.field("statusInfo", &statusInfo)
    }
}

package struct RequestStartTransactionRequest: Request {
    package static let action = "RequestStartTransaction"
    package struct Response: Payload {
        package var status = Verdict.rejected
        package var statusInfo: StatusInfo?
        package var transactionId: String?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("status", &status)
            try fields.field("statusInfo", &statusInfo)
            try fields.field("transactionId", &transactionId, limit: 36)
        }
    }
    package var evseId: Int?
    package var groupIdToken: WireIdToken?
    package var idToken = WireIdToken()
    package var remoteStartId = 0
    package var chargingProfile: WireChargingProfile?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("evseId", &evseId)
        try fields.field("groupIdToken", &groupIdToken)
        try fields.field("idToken", &idToken)
        try fields.field("remoteStartId", &remoteStartId)
        try fields.field("chargingProfile", &chargingProfile)
    }
}

package struct RequestStopTransactionRequest: Request {
    package static let action = "RequestStopTransaction"
    package typealias Response = StatusResponse<Verdict>
    package var transactionId = ""
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("transactionId", &transactionId, limit: 36)
    }
}

package struct GetTransactionStatusRequest: Request {
    package static let action = "GetTransactionStatus"
    package struct Response: Payload {
        package var ongoingIndicator: Bool?
        package var messagesInQueue = false
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("ongoingIndicator", &ongoingIndicator)
            try fields.field("messagesInQueue", &messagesInQueue)
        }
    }
    package var transactionId: String?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("transactionId", &transactionId, limit: 36)
    }
}

package struct UnlockConnectorRequest: Request {
    package static let action = "UnlockConnector"
    package typealias Response = StatusResponse<UnlockResult>
    package var evseId = 0
    package var connectorId = 0
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("evseId", &evseId)
        try fields.field("connectorId", &connectorId)
    }
}

package struct TriggerMessageRequest: Request {
    package static let action = "TriggerMessage"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case notImplemented = "NotImplemented"
    }
    package typealias Response = StatusResponse<Status>
    package var evse: EVSEReference?
    package var requestedMessage = MessageTrigger.heartbeat
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("evse", &evse)
        try fields.field("requestedMessage", &requestedMessage)
    }
}

package struct ChangeAvailabilityRequest: Request {
    package static let action = "ChangeAvailability"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case scheduled = "Scheduled"
    }
    package typealias Response = StatusResponse<Status>
    package var evse: EVSEReference?
    package var operationalStatus = OperationalStatus.operative
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("evse", &evse)
        try fields.field("operationalStatus", &operationalStatus)
    }
}

package struct ResetRequest: Request {
    package static let action = "Reset"
    package typealias Response = StatusResponse<ChangeAvailabilityRequest.Status>
    package var type = ResetKind.immediate
    package var evseId: Int?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("type", &type)
        try fields.field("evseId", &evseId)
    }
}

package struct GetBaseReportRequest: Request {
    package static let action = "GetBaseReport"
    package typealias Response = StatusResponse<ReportStatus>
    package var requestId = 0
    package var reportBase = ReportBase.full
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("requestId", &requestId)
        try fields.field("reportBase", &reportBase)
    }
}

package struct GetReportRequest: Request {
    package static let action = "GetReport"
    package typealias Response = StatusResponse<ReportStatus>
    package struct Item: Payload {
        package var component = Component()
        package var variable: Variable?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("component", &component)
            try fields.field("variable", &variable)
        }
    }
    package var componentVariable: [Item] = []
    package var requestId = 0
    package var componentCriteria: [ComponentCriterion] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("componentVariable", &componentVariable, 0...10_000)
        try fields.field("requestId", &requestId)
        try fields.list("componentCriteria", &componentCriteria, 0...4)
    }
}

package struct ClearCacheRequest: Request {
    package static let action = "ClearCache"
    package typealias Response = StatusResponse<Verdict>
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {}
}

package struct GetLocalListVersionRequest: Request {
    package static let action = "GetLocalListVersion"
    package struct Response: Payload {
        package var versionNumber = 0
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("versionNumber", &versionNumber)
        }
    }
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {}
}

package struct SendLocalListRequest: Request {
    package static let action = "SendLocalList"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case failed = "Failed"
        case versionMismatch = "VersionMismatch"
    }
    package typealias Response = StatusResponse<Status>
    package struct Entry: Payload {
        package var idToken = WireIdToken()
        package var idTokenInfo: IdTokenInfo?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("idToken", &idToken)
            try fields.field("idTokenInfo", &idTokenInfo)
        }
    }
    package var localAuthorizationList: [Entry] = []
    package var versionNumber = 0
    package var updateType = LocalListUpdate.full
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("localAuthorizationList", &localAuthorizationList, 0...100_000)
        try fields.field("versionNumber", &versionNumber)
        try fields.field("updateType", &updateType)
    }
}

package struct DataTransferRequest: Request {
    package static let action = "DataTransfer"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case unknownMessageId = "UnknownMessageId"
        case unknownVendorId = "UnknownVendorId"
    }
    package typealias Response = StatusResponse<Status>
    package var messageId: String?
    package var data: JSONValue?
    package var vendorId = ""
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("messageId", &messageId, limit: 50)
        try fields.field("data", &data)
        try fields.field("vendorId", &vendorId, limit: 255)
    }
}
