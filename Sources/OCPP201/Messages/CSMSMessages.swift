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

package struct GetVariablesRequest: Request {
    package static let action = "GetVariables"
    package struct Item: Payload {
        package var attributeType: AttributeKind?
        package var component = Component()
        package var variable = Variable()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("attributeType", &attributeType)
            try fields.field("component", &component)
            try fields.field("variable", &variable)
        }
    }
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case unknownComponent = "UnknownComponent"
        case unknownVariable = "UnknownVariable"
        case notSupportedAttributeType = "NotSupportedAttributeType"
    }
    package struct Result: Payload {
        package var attributeStatusInfo: StatusInfo?
        package var attributeStatus = Status.rejected
        package var attributeType: AttributeKind?
        package var attributeValue: String?
        package var component = Component()
        package var variable = Variable()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("attributeStatusInfo", &attributeStatusInfo)
            try fields.field("attributeStatus", &attributeStatus)
            try fields.field("attributeType", &attributeType)
            try fields.field("attributeValue", &attributeValue, limit: 2500)
            try fields.field("component", &component)
            try fields.field("variable", &variable)
        }
    }
    package struct Response: Payload {
        package var getVariableResult: [Result] = []
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.list("getVariableResult", &getVariableResult, 1...10_000)
        }
    }
    package var getVariableData: [Item] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("getVariableData", &getVariableData, 1...10_000)
    }
}

package struct SetVariablesRequest: Request {
    package static let action = "SetVariables"
    package struct Item: Payload {
        package var attributeType: AttributeKind?
        package var attributeValue = ""
        package var component = Component()
        package var variable = Variable()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("attributeType", &attributeType)
            try fields.field("attributeValue", &attributeValue, limit: 1000)
            try fields.field("component", &component)
            try fields.field("variable", &variable)
        }
    }
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case unknownComponent = "UnknownComponent"
        case unknownVariable = "UnknownVariable"
        case notSupportedAttributeType = "NotSupportedAttributeType"
        case rebootRequired = "RebootRequired"
    }
    package struct Result: Payload {
        package var attributeType: AttributeKind?
        package var attributeStatus = Status.rejected
        package var attributeStatusInfo: StatusInfo?
        package var component = Component()
        package var variable = Variable()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("attributeType", &attributeType)
            try fields.field("attributeStatus", &attributeStatus)
            try fields.field("attributeStatusInfo", &attributeStatusInfo)
            try fields.field("component", &component)
            try fields.field("variable", &variable)
        }
    }
    package struct Response: Payload {
        package var setVariableResult: [Result] = []
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.list("setVariableResult", &setVariableResult, 1...10_000)
        }
    }
    package var setVariableData: [Item] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("setVariableData", &setVariableData, 1...10_000)
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

package struct SetNetworkProfileRequest: Request {
    package static let action = "SetNetworkProfile"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case failed = "Failed"
    }
    package typealias Response = StatusResponse<Status>
    package struct APN: Payload {
        package enum Authentication: String, WireEnum { case CHAP, NONE, PAP, AUTO }
        package var apn = ""
        package var apnUserName: String?
        package var apnPassword: String?
        package var simPin: Int?
        package var preferredNetwork: String?
        package var useOnlyPreferredNetwork: Bool?
        package var apnAuthentication = Authentication.AUTO
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("apn", &apn, limit: 512)
            try fields.field("apnUserName", &apnUserName, limit: 20)
            try fields.field("apnPassword", &apnPassword, limit: 20)
            try fields.field("simPin", &simPin)
            try fields.field("preferredNetwork", &preferredNetwork, limit: 6)
            try fields.field("useOnlyPreferredNetwork", &useOnlyPreferredNetwork)
            try fields.field("apnAuthentication", &apnAuthentication)
        }
    }
    package struct VPN: Payload {
        package enum Kind: String, WireEnum { case IKEv2, IPSec, L2TP, PPTP }
        package var server = ""
        package var user = ""
        package var group: String?
        package var password = ""
        package var key = ""
        package var type = Kind.IKEv2
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("server", &server, limit: 512)
            try fields.field("user", &user, limit: 20)
            try fields.field("group", &group, limit: 20)
            try fields.field("password", &password, limit: 20)
            try fields.field("key", &key, limit: 255)
            try fields.field("type", &type)
        }
    }
    package struct ConnectionData: Payload {
        package enum Version: String, WireEnum {
            case ocpp12 = "OCPP12"
            case ocpp15 = "OCPP15"
            case ocpp16 = "OCPP16"
            case ocpp20 = "OCPP20"
        }
        package enum Transport: String, WireEnum {
            case json = "JSON"
            case soap = "SOAP"
        }
        package enum Interface: String, WireEnum {
            case wired0 = "Wired0"
            case wired1 = "Wired1"
            case wired2 = "Wired2"
            case wired3 = "Wired3"
            case wireless0 = "Wireless0"
            case wireless1 = "Wireless1"
            case wireless2 = "Wireless2"
            case wireless3 = "Wireless3"
        }
        package var apn: APN?
        package var ocppVersion = Version.ocpp20
        package var ocppTransport = Transport.json
        package var ocppCsmsUrl = ""
        package var messageTimeout = 0
        package var securityProfile = 0
        package var ocppInterface = Interface.wired0
        package var vpn: VPN?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("apn", &apn)
            try fields.field("ocppVersion", &ocppVersion)
            try fields.field("ocppTransport", &ocppTransport)
            try fields.field("ocppCsmsUrl", &ocppCsmsUrl, limit: 512)
            try fields.field("messageTimeout", &messageTimeout)
            try fields.field("securityProfile", &securityProfile)
            try fields.field("ocppInterface", &ocppInterface)
            try fields.field("vpn", &vpn)
        }
    }
    package var configurationSlot = 0
    package var connectionData = ConnectionData()
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("configurationSlot", &configurationSlot)
        try fields.field("connectionData", &connectionData)
    }
}
