package import Charging
import EVSEModel

// Classes of OCPP 2.0.1 edition 3 part 2, section 2, named without their "Type".

package struct StatusInfo: Payload {
    package var reasonCode = ""
    package var additionalInfo: String?
    package init() {}
    package init(_ reasonCode: String, _ additionalInfo: String? = nil) {
        self.reasonCode = String(reasonCode.prefix(20))
        self.additionalInfo = additionalInfo.map { String($0.prefix(512)) }
    }
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("reasonCode", &reasonCode, limit: 20)
        try fields.field("additionalInfo", &additionalInfo, limit: 512)
    }
}

package struct WireIdToken: Payload {
    package struct AdditionalInfo: Payload {
        package var additionalIdToken = ""
        package var type = ""
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("additionalIdToken", &additionalIdToken, limit: 36)
            try fields.field("type", &type, limit: 50)
        }
    }
    /// Chosen: more than any use known here; the device model says so.
    static let mostAdditionalInfo = 16
    package var additionalInfo: [AdditionalInfo] = []
    package var idToken = ""
    package var type = IdToken.Kind.central
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("additionalInfo", &additionalInfo, 0...Self.mostAdditionalInfo)
        try fields.field("idToken", &idToken, limit: 36)
        try fields.field("type", &type)
    }

    package init(_ token: IdToken) {
        idToken = token.text
        type = token.kind
        additionalInfo = token.additionalInfo.map { entry in
            var info = AdditionalInfo()
            info.additionalIdToken = entry.text
            info.type = entry.type
            return info
        }
    }
    package var domain: IdToken {
        IdToken(
            idToken, type,
            additionalInfo: additionalInfo.map { .init(text: $0.additionalIdToken, type: $0.type) })
    }
}

package struct MessageContent: Payload {
    package var format = MessageFormat.utf8
    package var language: String?
    package var content = ""
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("format", &format)
        try fields.field("language", &language, limit: 8)
        try fields.field("content", &content, limit: 512)
    }
}

package struct IdTokenInfo: Payload {
    package var status = AuthorizationStatus.unknown
    package var cacheExpiryDateTime: DateTime?
    package var chargingPriority: Int?
    package var language1: String?
    package var evseId: [Int] = []
    package var groupIdToken: WireIdToken?
    package var language2: String?
    package var personalMessage: MessageContent?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("status", &status)
        try fields.field("cacheExpiryDateTime", &cacheExpiryDateTime)
        try fields.field("chargingPriority", &chargingPriority)
        try fields.field("language1", &language1, limit: 8)
        try fields.list("evseId", &evseId, 0...1024)
        try fields.field("groupIdToken", &groupIdToken)
        try fields.field("language2", &language2, limit: 8)
        try fields.field("personalMessage", &personalMessage)
    }

    package var domain: TokenInfo {
        TokenInfo(
            status: status, cacheExpiry: cacheExpiryDateTime?.unixTime,
            groupToken: groupIdToken?.domain,
            // Numbers of EVSEs that this station does not have allow none of its own.
            evses: evseId.isEmpty ? nil : evseId.compactMap(EVSEID.init),
            chargingPriority: chargingPriority,
            languages: [language1, language2].compactMap(\.self).filter { !$0.isEmpty },
            personal: personalMessage?.domain)
    }
}

package struct EVSEReference: Payload, Hashable {
    package var id = 0
    package var connectorId: Int?
    package init() {}
    package init(_ id: Int, connector: Int? = nil) {
        self.id = id
        connectorId = connector
    }
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("id", &id)
        try fields.field("connectorId", &connectorId)
    }
}

package struct Component: Payload, Hashable {
    package var name = ""
    package var instance: String?
    package var evse: EVSEReference?
    package init() {}
    package init(_ name: String, instance: String? = nil, evse: EVSEReference? = nil) {
        self.name = name
        self.instance = instance
        self.evse = evse
    }
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("evse", &evse)
        try fields.field("name", &name, limit: 50)
        try fields.field("instance", &instance, limit: 50)
    }
}

package struct Variable: Payload, Hashable {
    package var name = ""
    package var instance: String?
    package init() {}
    package init(_ name: String, instance: String? = nil) {
        self.name = name
        self.instance = instance
    }
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("name", &name, limit: 50)
        try fields.field("instance", &instance, limit: 50)
    }
}

package struct WireMeterValue: Payload {
    package struct Unit: Payload {
        package var unit: String?
        package var multiplier: Int?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("unit", &unit, limit: 20)
            try fields.field("multiplier", &multiplier)
        }
    }
    package struct Signed: Payload {
        package var signedMeterData = ""
        package var signingMethod = ""
        package var encodingMethod = ""
        package var publicKey = ""
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("signedMeterData", &signedMeterData, limit: 2500)
            try fields.field("signingMethod", &signingMethod, limit: 50)
            try fields.field("encodingMethod", &encodingMethod, limit: 50)
            try fields.field("publicKey", &publicKey, limit: 2500)
        }
        /// Without its key the field is empty, not absent (part 2, 2.7.17).
        package init(_ signed: SignedValue) {
            signedMeterData = base64(signed.record.bytes)
            signingMethod = signed.record.method
            encodingMethod = signed.record.encoding
            publicKey = signed.hasKey ? base64(signed.record.publicKey) : ""
        }
    }
    package struct Sample: Payload {
        package var value = Thousandths(0)
        package var context: ReadingContext?
        package var measurand: Measurand?
        package var phase: MeasuredPhase?
        package var location: MeasuringLocation?
        package var signedMeterValue: Signed?
        package var unitOfMeasure: Unit?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("value", &value)
            try fields.field("context", &context)
            try fields.field("measurand", &measurand)
            try fields.field("phase", &phase)
            try fields.field("location", &location)
            try fields.field("signedMeterValue", &signedMeterValue)
            try fields.field("unitOfMeasure", &unitOfMeasure)
        }
        package init(_ value: MeterValue) {
            self.value = Thousandths(value.thousandths)
            context = value.context
            measurand = value.measurand
            phase = value.phase
            location = value.location
            signedMeterValue = value.signed.map(Signed.init)  // J02.FR.21
            var unit = Unit()
            unit.unit = value.unit
            unitOfMeasure = unit
        }
    }
    package var timestamp = DateTime()
    package var sampledValue: [Sample] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("timestamp", &timestamp)
        try fields.list("sampledValue", &sampledValue, 1...1024)
    }
    /// `nil` for a report without values, which the wire cannot say.
    package init?(_ report: MeterReport) {
        guard !report.values.isEmpty else { return nil }
        timestamp = .event(report.time)
        sampledValue = report.values.map(Sample.init)
    }
}
