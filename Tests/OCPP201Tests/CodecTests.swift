import Charging
import JSON
import OCPP201
import OCPPJ
import Testing

/// Reads a payload as one of the requests; says what was wrong.
private func read(_ action: String, _ text: String) throws -> CodecError? {
    let object = try #require(try JSONValue(parsing: text).object)
    func attempt<R: Payload>(_ type: R.Type) -> CodecError? {
        do throws(CodecError) {
            let message = try R(object)
            // What was read is written back without loss and reads the same.
            let again = try R(message.object)
            #expect(again.object == message.object)
            return nil
        } catch {
            return error
        }
    }
    return switch action {
    case "RequestStartTransaction": attempt(RequestStartTransactionRequest.self)
    case "RequestStopTransaction": attempt(RequestStopTransactionRequest.self)
    case "GetTransactionStatus": attempt(GetTransactionStatusRequest.self)
    case "UnlockConnector": attempt(UnlockConnectorRequest.self)
    case "TriggerMessage": attempt(TriggerMessageRequest.self)
    case "ChangeAvailability": attempt(ChangeAvailabilityRequest.self)
    case "Reset": attempt(ResetRequest.self)
    case "GetVariables": attempt(GetVariablesRequest.self)
    case "SetVariables": attempt(SetVariablesRequest.self)
    case "GetBaseReport": attempt(GetBaseReportRequest.self)
    case "GetReport": attempt(GetReportRequest.self)
    case "ClearCache": attempt(ClearCacheRequest.self)
    case "GetLocalListVersion": attempt(GetLocalListVersionRequest.self)
    case "SendLocalList": attempt(SendLocalListRequest.self)
    case "DataTransfer": attempt(DataTransferRequest.self)
    case "SetChargingProfile": attempt(SetChargingProfileRequest.self)
    case "ClearChargingProfile": attempt(ClearChargingProfileRequest.self)
    case "GetChargingProfiles": attempt(GetChargingProfilesRequest.self)
    case "GetCompositeSchedule": attempt(GetCompositeScheduleRequest.self)
    case "SetNetworkProfile": attempt(SetNetworkProfileRequest.self)
    case "BootNotificationResponse": attempt(BootNotificationRequest.Response.self)
    case "AuthorizeResponse": attempt(AuthorizeRequest.Response.self)
    case "TransactionEventResponse": attempt(TransactionEventRequest.Response.self)
    default: CodecError(.genericError, "no such case")
    }
}

private let period = #"{"startPeriod":0,"limit":16.1,"numberPhases":3,"phaseToUse":1}"#
private let schedule =
    #"{"id":1,"startSchedule":"2024-03-05T12:00:00Z","duration":60,"chargingRateUnit":"A","minChargingRate":6.0,"chargingSchedulePeriod":[\#(period)],"salesTariff":{"id":1,"salesTariffDescription":"x","numEPriceLevels":1,"salesTariffEntry":[{"relativeTimeInterval":{"start":0,"duration":5},"ePriceLevel":0,"consumptionCost":[{"startValue":1.5,"cost":[{"costKind":"RelativePricePercentage","amount":1,"amountMultiplier":0}]}]}]}}"#
private let profile =
    #"{"id":1,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Recurring","recurrencyKind":"Daily","validFrom":"2024-03-05T12:00:00Z","validTo":"2024-03-06T12:00:00+01:00","chargingSchedule":[\#(schedule)]}"#
private let token =
    #"{"idToken":"04A2","type":"ISO14443","additionalInfo":[{"additionalIdToken":"a","type":"b"}]}"#
private let tokenInfo =
    #"{"status":"Accepted","cacheExpiryDateTime":"2030-01-01T00:00:00Z","chargingPriority":1,"language1":"de","evseId":[1],"groupIdToken":\#(token),"language2":"en","personalMessage":{"format":"UTF8","language":"de","content":"hi"}}"#
private let component =
    #""component":{"name":"EVSE","instance":"i","evse":{"id":1,"connectorId":1}}"#
private let variable = #""variable":{"name":"Power","instance":"i"}"#

@Suite("Codec of OCPP 2.0.1")
struct CodecTests {
    @Test(
        "every request is read with all its fields, and written back",
        arguments: [
            (
                "RequestStartTransaction",
                #"{"evseId":1,"groupIdToken":\#(token),"idToken":\#(token),"remoteStartId":1,"chargingProfile":\#(profile)}"#
            ),
            ("RequestStopTransaction", #"{"transactionId":"t"}"#),
            ("GetTransactionStatus", "{}"), ("GetTransactionStatus", #"{"transactionId":"t"}"#),
            ("UnlockConnector", #"{"evseId":1,"connectorId":1}"#),
            ("TriggerMessage", #"{"evse":{"id":1},"requestedMessage":"MeterValues"}"#),
            (
                "ChangeAvailability",
                #"{"evse":{"id":1,"connectorId":1},"operationalStatus":"Operative"}"#
            ),
            ("Reset", #"{"type":"OnIdle","evseId":1}"#),
            (
                "GetVariables",
                #"{"getVariableData":[{"attributeType":"Actual",\#(component),\#(variable)}]}"#
            ),
            (
                "SetVariables",
                #"{"setVariableData":[{"attributeValue":"x",\#(component),\#(variable)}]}"#
            ),
            ("GetBaseReport", #"{"requestId":1,"reportBase":"FullInventory"}"#),
            (
                "GetReport",
                #"{"componentVariable":[{\#(component),\#(variable)}],"requestId":1,"componentCriteria":["Active","Problem"]}"#
            ),
            ("ClearCache", "{}"), ("GetLocalListVersion", "{}"),
            (
                "SendLocalList",
                #"{"localAuthorizationList":[{"idToken":\#(token),"idTokenInfo":\#(tokenInfo)}],"versionNumber":1,"updateType":"Full"}"#
            ),
            ("DataTransfer", #"{"messageId":"m","data":{"a":[null,1.50]},"vendorId":"v"}"#),
            ("DataTransfer", #"{"data":null,"vendorId":"v"}"#),
            ("SetChargingProfile", #"{"evseId":0,"chargingProfile":\#(profile)}"#),
            (
                "ClearChargingProfile",
                #"{"chargingProfileId":1,"chargingProfileCriteria":{"evseId":0,"chargingProfilePurpose":"TxProfile","stackLevel":0}}"#
            ),
            (
                "GetChargingProfiles",
                #"{"requestId":1,"evseId":0,"chargingProfile":{"chargingProfilePurpose":"TxProfile","stackLevel":0,"chargingProfileId":[1,2],"chargingLimitSource":["CSO","EMS"]}}"#
            ),
            ("GetCompositeSchedule", #"{"duration":60,"chargingRateUnit":"W","evseId":0}"#),
            (
                "SetNetworkProfile",
                #"{"configurationSlot":1,"connectionData":{"apn":{"apn":"a","apnUserName":"u","apnPassword":"p","simPin":1,"preferredNetwork":"n","useOnlyPreferredNetwork":true,"apnAuthentication":"AUTO"},"ocppVersion":"OCPP20","ocppTransport":"JSON","ocppCsmsUrl":"wss://x","messageTimeout":30,"securityProfile":2,"ocppInterface":"Wired0","vpn":{"server":"s","user":"u","group":"g","password":"p","key":"k","type":"IKEv2"}}}"#
            ),
            (
                "BootNotificationResponse",
                #"{"currentTime":"2024-03-05T12:00:00Z","interval":300,"status":"Accepted","statusInfo":{"reasonCode":"r","additionalInfo":"a"}}"#
            ),
            ("AuthorizeResponse", #"{"idTokenInfo":\#(tokenInfo),"certificateStatus":"Accepted"}"#),
            (
                "TransactionEventResponse",
                #"{"totalCost":1.25,"chargingPriority":1,"idTokenInfo":\#(tokenInfo),"updatedPersonalMessage":{"format":"ASCII","content":"x"}}"#
            ),
            ("Reset", #"{"type":"OnIdle","customData":{"vendorId":"v","more":{"x":[1]}}}"#),
            (
                "UnlockConnector",
                #"{"evseId":2147483647,"connectorId":-2147483648,"customData":{"vendorId":"v"}}"#
            ),
            ("Reset", #"{"type":"OnIdle","evseId":1.0}"#),
        ])
    func valid(action: String, text: String) throws {
        #expect(try read(action, text) == nil)
    }

    @Test(
        "each kind of violation has its code and its path (part 4, table 8)",
        arguments: [
            // Missing, at every depth.
            ("Reset", "{}", RPCError.Code.occurrenceConstraintViolation, "type"),
            (
                "RequestStartTransaction", #"{"remoteStartId":1}"#, .occurrenceConstraintViolation,
                "idToken"
            ),
            (
                "RequestStartTransaction", #"{"idToken":{"type":"Central"},"remoteStartId":1}"#,
                .occurrenceConstraintViolation, "idToken.idToken"
            ),
            (
                "SetVariables", #"{"setVariableData":[{\#(component),\#(variable)}]}"#,
                .occurrenceConstraintViolation, "setVariableData[0].attributeValue"
            ),
            (
                "GetVariables",
                #"{"getVariableData":[{\#(component),\#(variable)},{\#(component)}]}"#,
                .occurrenceConstraintViolation, "getVariableData[1].variable"
            ),
            // Cardinality.
            (
                "GetVariables", #"{"getVariableData":[]}"#, .occurrenceConstraintViolation,
                "getVariableData"
            ),
            (
                "GetReport",
                #"{"requestId":1,"componentCriteria":["Active","Active","Active","Active","Active"]}"#,
                .occurrenceConstraintViolation, "componentCriteria"
            ),
            (
                "SendLocalList",
                #"{"localAuthorizationList":[],"versionNumber":1,"updateType":"Full"}"#,
                .occurrenceConstraintViolation, "localAuthorizationList"
            ),
            (
                "SetChargingProfile",
                #"{"evseId":1,"chargingProfile":{"id":1,"stackLevel":0,"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute","chargingSchedule":[\#(schedule),\#(schedule),\#(schedule),\#(schedule)]}}"#,
                .occurrenceConstraintViolation, "chargingProfile.chargingSchedule"
            ),
            // Types.
            (
                "UnlockConnector", #"{"evseId":"1","connectorId":1}"#, .typeConstraintViolation,
                "evseId"
            ),
            (
                "UnlockConnector", #"{"evseId":1.5,"connectorId":1}"#, .typeConstraintViolation,
                "evseId"
            ),
            (
                "RequestStopTransaction", #"{"transactionId":12}"#, .typeConstraintViolation,
                "transactionId"
            ),
            (
                "RequestStopTransaction", #"{"transactionId":null}"#, .typeConstraintViolation,
                "transactionId"
            ),
            (
                "GetVariables", #"{"getVariableData":{}}"#, .typeConstraintViolation,
                "getVariableData"
            ),
            (
                "GetVariables", #"{"getVariableData":[1]}"#, .typeConstraintViolation,
                "getVariableData[0]"
            ),
            (
                "TriggerMessage", #"{"requestedMessage":true}"#, .typeConstraintViolation,
                "requestedMessage"
            ),
            (
                "TriggerMessage", #"{"evse":1,"requestedMessage":"Heartbeat"}"#,
                .typeConstraintViolation, "evse"
            ),
            (
                "SetNetworkProfile",
                #"{"configurationSlot":1,"connectionData":{"apn":{"apn":"a","useOnlyPreferredNetwork":"yes"}}}"#,
                .typeConstraintViolation, "connectionData.apn.useOnlyPreferredNetwork"
            ),
            ("Reset", #"{"type":"OnIdle","customData":1}"#, .typeConstraintViolation, "customData"),
            // Values.
            ("Reset", #"{"type":"immediate"}"#, .propertyConstraintViolation, "type"),
            (
                "UnlockConnector", #"{"evseId":2147483648,"connectorId":1}"#,
                .propertyConstraintViolation, "evseId"
            ),
            (
                "UnlockConnector", #"{"evseId":1e99,"connectorId":1}"#,
                .propertyConstraintViolation, "evseId"
            ),
            (
                "RequestStopTransaction",
                #"{"transactionId":"1234567890123456789012345678901234567"}"#,
                .propertyConstraintViolation, "transactionId"
            ),
            (
                "SetChargingProfile",
                #"{"evseId":1,"chargingProfile":{"id":1,"stackLevel":0,"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute","validFrom":"yesterday"}}"#,
                .propertyConstraintViolation, "chargingProfile.validFrom"
            ),
            (
                "SetChargingProfile",
                #"{"evseId":1,"chargingProfile":{"id":1,"stackLevel":0,"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute","chargingSchedule":[{"id":1,"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":1e40}]}]}}"#,
                .propertyConstraintViolation,
                "chargingProfile.chargingSchedule[0].chargingSchedulePeriod[0].limit"
            ),
            // Unknown fields and the one that is always allowed.
            ("Reset", #"{"type":"OnIdle","kind":1}"#, .formatViolation, "kind"),
            (
                "TriggerMessage",
                #"{"evse":{"id":1,"connector":1},"requestedMessage":"Heartbeat"}"#,
                .formatViolation, "evse.connector"
            ),
            ("ClearCache", #"{"x":{}}"#, .formatViolation, "x"),
            (
                "Reset", #"{"type":"OnIdle","customData":{}}"#, .occurrenceConstraintViolation,
                "customData.vendorId"
            ),
        ])
    func violations(action: String, text: String, code: RPCError.Code, path: String) throws {
        let error = try #require(try read(action, text))
        #expect(error.code == code)
        #expect(error.path == path)
        #expect(error.rpcError.text.contains(path))
    }

    @Test("answers of a CSMS may hold more than is known, but not less")
    func lenient() throws {
        let object: JSONObject = [
            "currentTime": "2024-03-05T12:00:00Z", "interval": 1, "status": "Accepted",
            "more": true,
        ]
        #expect(throws: CodecError.self) { try BootNotificationRequest.Response(object) }
        #expect(
            try BootNotificationRequest.Response(object, isLenient: true).status == .accepted)
        #expect(throws: CodecError.self) {
            try BootNotificationRequest.Response(["status": "Accepted"], isLenient: true)
        }
    }

    @Test("decimals keep thousandths, and no more is invented")
    func decimals() throws {
        for (text, raw, written) in [
            ("16.1", 16_100, "16.1"), ("16", 16_000, "16"), ("0.0004", 0, "0"),
            ("-3.0005", -3_001, "-3.001"), ("1.5e1", 15_000, "15"),
        ] as [(String, Int64, String)] {
            let value = try Thousandths(
                json: try JSONValue(parsing: text), limit: .max, isLenient: false)
            #expect(value.raw == raw)
            #expect(value.json.text == written)
        }
    }

    @Test("lengths count code points, as JSON Schema does")
    func lengths() throws {
        let family = String(repeating: "👨‍👩‍👧", count: 7)  // 35 code points, 7 characters
        #expect(try read("RequestStopTransaction", #"{"transactionId":"\#(family)"}"#) == nil)
        #expect(try read("RequestStopTransaction", #"{"transactionId":"\#(family)ab"}"#) != nil)
    }
}
