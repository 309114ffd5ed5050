package import Charging

// Requests of the station, with the answers of the CSMS.

/// The answer of a request that says no more than "received".
package struct EmptyResponse: Payload {
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {}
}

package struct BootNotificationRequest: Request {
    package static let action = "BootNotification"
    package struct Station: Payload {
        package var serialNumber: String?
        package var model = ""
        package var vendorName = ""
        package var firmwareVersion: String?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("serialNumber", &serialNumber, limit: 25)
            try fields.field("model", &model, limit: 20)
            try fields.field("vendorName", &vendorName, limit: 50)
            try fields.field("firmwareVersion", &firmwareVersion, limit: 50)
        }
    }
    package struct Response: Payload {
        package var currentTime = DateTime()
        package var interval = 0
        package var status = RegistrationStatus.rejected
        package var statusInfo: StatusInfo?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("currentTime", &currentTime)
            try fields.field("interval", &interval)
            try fields.field("status", &status)
            try fields.field("statusInfo", &statusInfo)
        }
    }
    package var chargingStation = Station()
    package var reason = BootReason.unknown
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("chargingStation", &chargingStation)
        try fields.field("reason", &reason)
    }
}

package struct HeartbeatRequest: Request {
    package static let action = "Heartbeat"
    package struct Response: Payload {
        package var currentTime = DateTime()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("currentTime", &currentTime)
        }
    }
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {}
}

package struct StatusNotificationRequest: Request {
    package static let action = "StatusNotification"
    package typealias Response = EmptyResponse
    package var timestamp = DateTime()
    package var connectorStatus = ConnectorState.available
    package var evseId = 0
    package var connectorId = 0
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("timestamp", &timestamp)
        try fields.field("connectorStatus", &connectorStatus)
        try fields.field("evseId", &evseId)
        try fields.field("connectorId", &connectorId)
    }
}

package struct NotifyEventRequest: Request {
    package static let action = "NotifyEvent"
    package typealias Response = EmptyResponse
    package struct Event: Payload {
        package var eventId = 0
        package var timestamp = DateTime()
        package var trigger = EventTrigger.delta
        package var cause: Int?
        package var actualValue = ""
        package var techCode: String?
        package var techInfo: String?
        package var cleared: Bool?
        package var transactionId: String?
        package var component = Component()
        package var variableMonitoringId: Int?
        package var eventNotificationType = EventOrigin.hardWiredNotification
        package var variable = Variable()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("eventId", &eventId)
            try fields.field("timestamp", &timestamp)
            try fields.field("trigger", &trigger)
            try fields.field("cause", &cause)
            try fields.field("actualValue", &actualValue, limit: 2500)
            try fields.field("techCode", &techCode, limit: 50)
            try fields.field("techInfo", &techInfo, limit: 500)
            try fields.field("cleared", &cleared)
            try fields.field("transactionId", &transactionId, limit: 36)
            try fields.field("component", &component)
            try fields.field("variableMonitoringId", &variableMonitoringId)
            try fields.field("eventNotificationType", &eventNotificationType)
            try fields.field("variable", &variable)
        }
    }
    package var generatedAt = DateTime()
    package var tbc: Bool?
    package var seqNo = 0
    package var eventData: [Event] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("generatedAt", &generatedAt)
        try fields.field("tbc", &tbc)
        try fields.field("seqNo", &seqNo)
        try fields.list("eventData", &eventData, 1...1024)
    }
}

package struct AuthorizeRequest: Request {
    package static let action = "Authorize"
    package struct Response: Payload {
        package enum CertificateStatus: String, WireEnum {
            case accepted = "Accepted"
            case signatureError = "SignatureError"
            case certificateExpired = "CertificateExpired"
            case certificateRevoked = "CertificateRevoked"
            case noCertificateAvailable = "NoCertificateAvailable"
            case certChainError = "CertChainError"
            case contractCancelled = "ContractCancelled"
        }
        package var idTokenInfo = IdTokenInfo()
        package var certificateStatus: CertificateStatus?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("idTokenInfo", &idTokenInfo)
            try fields.field("certificateStatus", &certificateStatus)
        }
    }
    package var idToken = WireIdToken()
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("idToken", &idToken)
    }
}

package struct TransactionEventRequest: Request {
    package static let action = "TransactionEvent"
    package struct Info: Payload {
        package var transactionId = ""
        package var chargingState: ChargingState?
        package var timeSpentCharging: Int?
        package var stoppedReason: StoppedReason?
        package var remoteStartId: Int?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("transactionId", &transactionId, limit: 36)
            try fields.field("chargingState", &chargingState)
            try fields.field("timeSpentCharging", &timeSpentCharging)
            try fields.field("stoppedReason", &stoppedReason)
            try fields.field("remoteStartId", &remoteStartId)
        }
    }
    package struct Response: Payload {
        package var totalCost: Thousandths?
        package var chargingPriority: Int?
        package var idTokenInfo: IdTokenInfo?
        package var updatedPersonalMessage: MessageContent?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("totalCost", &totalCost)
            try fields.field("chargingPriority", &chargingPriority)
            try fields.field("idTokenInfo", &idTokenInfo)
            try fields.field("updatedPersonalMessage", &updatedPersonalMessage)
        }
    }
    package var eventType = TransactionNotice.Kind.started
    package var timestamp = DateTime()
    package var triggerReason = TransactionTrigger.authorized
    package var seqNo = 0
    package var offline: Bool?
    package var numberOfPhasesUsed: Int?
    package var cableMaxCurrent: Int?
    package var reservationId: Int?
    package var transactionInfo = Info()
    package var evse: EVSEReference?
    package var idToken: WireIdToken?
    package var meterValue: [WireMeterValue] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("eventType", &eventType)
        try fields.field("timestamp", &timestamp)
        try fields.field("triggerReason", &triggerReason)
        try fields.field("seqNo", &seqNo)
        try fields.field("offline", &offline)
        try fields.field("numberOfPhasesUsed", &numberOfPhasesUsed)
        try fields.field("cableMaxCurrent", &cableMaxCurrent)
        try fields.field("reservationId", &reservationId)
        try fields.field("transactionInfo", &transactionInfo)
        try fields.field("evse", &evse)
        try fields.field("idToken", &idToken)
        try fields.list("meterValue", &meterValue, 0...1024)
    }
}

package struct MeterValuesRequest: Request {
    package static let action = "MeterValues"
    package typealias Response = EmptyResponse
    package var evseId = 0
    package var meterValue: [WireMeterValue] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("evseId", &evseId)
        try fields.list("meterValue", &meterValue, 1...1024)
    }
}

package struct SecurityEventNotificationRequest: Request {
    package static let action = "SecurityEventNotification"
    package typealias Response = EmptyResponse
    package var type = ""
    package var timestamp = DateTime()
    package var techInfo: String?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("type", &type, limit: 50)
        try fields.field("timestamp", &timestamp)
        try fields.field("techInfo", &techInfo, limit: 255)
    }
}

/// FirmwareStatusNotification and LogStatusNotification, as far as nothing is under way.
package struct FirmwareStatusNotificationRequest: Request {
    package static let action = "FirmwareStatusNotification"
    package typealias Response = EmptyResponse
    package var status = "Idle"
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("status", &status)
    }
}

package struct LogStatusNotificationRequest: Request {
    package static let action = "LogStatusNotification"
    package typealias Response = EmptyResponse
    package var status = "Idle"
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("status", &status)
    }
}

package struct ReportChargingProfilesRequest: Request {
    package static let action = "ReportChargingProfiles"
    package typealias Response = EmptyResponse
    package var requestId = 0
    package var chargingLimitSource = LimitSource.cso
    package var tbc: Bool?
    package var evseId = 0
    package var chargingProfile: [WireChargingProfile] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("requestId", &requestId)
        try fields.field("chargingLimitSource", &chargingLimitSource)
        try fields.list("chargingProfile", &chargingProfile, 1...1024)
        try fields.field("tbc", &tbc)
        try fields.field("evseId", &evseId)
    }
}

package struct NotifyReportRequest: Request {
    package static let action = "NotifyReport"
    package typealias Response = EmptyResponse
    package var requestId = 0
    package var generatedAt = DateTime()
    package var reportData: [ReportData] = []
    package var tbc: Bool?
    package var seqNo = 0
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("requestId", &requestId)
        try fields.field("generatedAt", &generatedAt)
        try fields.list("reportData", &reportData, 0...10_000)
        try fields.field("tbc", &tbc)
        try fields.field("seqNo", &seqNo)
    }
}

package struct ReportData: Payload {
    package struct Attribute: Payload {
        package var type: AttributeKind?
        package var value: String?
        package var mutability: String?
        package var persistent: Bool?
        package var constant: Bool?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("type", &type)
            try fields.field("value", &value, limit: 2500)
            try fields.field("mutability", &mutability)
            try fields.field("persistent", &persistent)
            try fields.field("constant", &constant)
        }
    }
    package struct Characteristics: Payload {
        package var unit: String?
        package var dataType = DataKind.string
        package var minLimit: Thousandths?
        package var maxLimit: Thousandths?
        package var valuesList: String?
        package var supportsMonitoring = false
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("unit", &unit, limit: 16)
            try fields.field("dataType", &dataType)
            try fields.field("minLimit", &minLimit)
            try fields.field("maxLimit", &maxLimit)
            try fields.field("valuesList", &valuesList, limit: 1000)
            try fields.field("supportsMonitoring", &supportsMonitoring)
        }
    }
    package var component = Component()
    package var variable = Variable()
    package var variableAttribute: [Attribute] = []
    package var variableCharacteristics: Characteristics?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("component", &component)
        try fields.field("variable", &variable)
        try fields.list("variableAttribute", &variableAttribute, 1...4)
        try fields.field("variableCharacteristics", &variableCharacteristics)
    }
}
