import JSON
import LoopGuarantees

// What the CSMS asks, right or wrong.
extension ScriptGenerator {
    mutating func startRemotely(_ at: Int64, _ card: String, _ place: Place) {
        var payload: JSONObject = [
            "remoteStartId": JSONValue(random.within(1...100_000)),
            "idToken": ["idToken": .string(card), "type": "ISO14443"],
        ]
        if chance(80) { payload["evseId"] = JSONValue(place.evse) }
        add(at, .request, ["action": "RequestStartTransaction", "payload": .object(payload)])
    }

    mutating func setProfile(_ at: Int64, _ purpose: String, _ place: Place) {
        let unit = chance(80) ? "A" : "W"
        let amperes = one(of: [0, 3, 6, 8, 10, 13, 16, 20, 25, 32, 48])
        var profile: JSONObject = [
            "id": JSONValue(random.within(1...6)), "stackLevel": JSONValue(random.within(0...2)),
            "chargingProfilePurpose": .string(purpose), "chargingProfileKind": "Absolute",
            "chargingSchedule": [
                [
                    "id": 1, "startSchedule": "2020-01-01T00:00:00Z",
                    "chargingRateUnit": .string(unit),
                    "chargingSchedulePeriod": [
                        [
                            "startPeriod": 0,
                            "limit": JSONValue(unit == "A" ? amperes : amperes * 230),
                        ]
                    ],
                ]
            ],
        ]
        if purpose == "TxProfile" { profile["transactionId"] = "$transaction" }
        let evse: JSONValue =
            purpose == "ChargingStationMaxProfile"
            ? 0 : chance(50) && purpose != "TxProfile" ? 0 : JSONValue(place.evse)
        add(
            at, .request,
            [
                "action": "SetChargingProfile",
                "payload": ["evseId": evse, "chargingProfile": .object(profile)],
            ])
    }

    mutating func clearProfiles(_ at: Int64) {
        let payload: JSONValue =
            chance(50)
            ? ["chargingProfileCriteria": ["stackLevel": JSONValue(random.within(0...2))]]
            : chance(50) ? ["chargingProfileId": JSONValue(random.within(1...6))] : [:]
        add(at, .request, ["action": "ClearChargingProfile", "payload": payload])
    }

    mutating func sendList(at: Int64) {
        let statuses = ["Accepted", "Accepted", "Blocked", "Invalid"]
        var entries = [JSONValue]()
        for card in Self.cards where chance(50) && card.uid.count != 10 {
            entries.append([
                "idToken": ["idToken": .string(card.uid), "type": "ISO14443"],
                "idTokenInfo": ["status": .string(one(of: statuses))],
            ])
        }
        listVersion += random.below(3)
        var payload: JSONObject = [
            "versionNumber": JSONValue(listVersion),
            "updateType": .string(chance(70) ? "Full" : "Differential"),
        ]
        if !entries.isEmpty { payload["localAuthorizationList"] = .array(entries) }
        add(at, .request, ["action": "SendLocalList", "payload": .object(payload)])
    }

    /// Something that a CSMS asks now and then, right or wrong.
    mutating func ask(_ at: Int64) {
        let (action, payload) = one(of: Self.questions)
        add(at, .request, ["action": .string(action), "payload": payload])
    }
    private static let questions: [(String, JSONValue)] = [
        ("GetVariables", ["getVariableData": [variable("TxCtrlr", "TxStartPoint")]]),
        ("GetVariables", ["getVariableData": [variable("Nothing", "Like")]]),
        (
            "SetVariables",
            [
                "setVariableData": [
                    [
                        "component": ["name": "OCPPCommCtrlr"],
                        "variable": ["name": "HeartbeatInterval"], "attributeValue": "600",
                    ]
                ]
            ]
        ),
        (
            "SetVariables",
            [
                "setVariableData": [
                    [
                        "component": ["name": "AuthCtrlr"],
                        "variable": ["name": "LocalPreAuthorize"], "attributeValue": "true",
                    ]
                ]
            ]
        ),
        ("GetBaseReport", ["requestId": 1, "reportBase": "FullInventory"]),
        ("GetBaseReport", ["requestId": 2, "reportBase": "SummaryInventory"]),
        (
            "GetReport",
            ["requestId": 3, "componentVariable": [["component": ["name": "TxCtrlr"]]]]
        ),
        ("TriggerMessage", ["requestedMessage": "MeterValues", "evse": ["id": 1]]),
        ("TriggerMessage", ["requestedMessage": "Heartbeat"]),
        (
            "TriggerMessage",
            ["requestedMessage": "StatusNotification", "evse": ["id": 1, "connectorId": 1]]
        ),
        ("TriggerMessage", ["requestedMessage": "TransactionEvent", "evse": ["id": 1]]),
        ("TriggerMessage", ["requestedMessage": "BootNotification"]),
        ("TriggerMessage", ["requestedMessage": "FirmwareStatusNotification"]),
        ("TriggerMessage", ["requestedMessage": "LogStatusNotification"]),
        ("TriggerMessage", ["requestedMessage": "SignV2GCertificate"]),
        ("GetTransactionStatus", [:]),
        ("GetTransactionStatus", ["transactionId": "$transaction"]),
        ("GetLocalListVersion", [:]), ("ClearCache", [:]),
        ("GetCompositeSchedule", ["duration": 3600, "evseId": 1]),
        ("GetCompositeSchedule", ["duration": 600, "evseId": 0, "chargingRateUnit": "W"]),
        ("GetChargingProfiles", ["requestId": 9, "chargingProfile": [:]]),
        ("DataTransfer", ["vendorId": "org.example", "data": "hello"]),
        ("SetDisplayMessage", message(1, "NormalCycle")),
        ("SetDisplayMessage", message(2, "AlwaysFront", ["state": "Charging"])),
        ("SetDisplayMessage", message(3, "InFront", ["transactionId": "$transaction"])),
        ("SetDisplayMessage", message(4, "InFront", ["endDateTime": "2020-01-01T00:00:00Z"])),
        ("GetDisplayMessages", ["requestId": 5]),
        ("GetDisplayMessages", ["requestId": 6, "priority": "InFront", "id": [1, 2, 3]]),
        ("ClearDisplayMessage", ["id": 1]), ("ClearDisplayMessage", ["id": 3]),
        ("CostUpdated", ["totalCost": 3, "transactionId": "$transaction"]),
        ("UnlockConnector", ["evseId": 1, "connectorId": 1]),
        ("UnlockConnector", ["evseId": 7, "connectorId": 1]),
        ("GetMonitoringReport", ["requestId": 4]),
        ("RequestStopTransaction", ["transactionId": "none"]),
        ("NoSuchAction", [:]), ("Reset", ["type": "Whenever"]), ("GetVariables", [:]),
        ("SetChargingProfile", ["evseId": 1]),
        (
            "SetNetworkProfile",
            ["configurationSlot": 2, "connectionData": ["ocppVersion": "OCPP20"]]
        ),
    ]
    private static func message(
        _ id: Int, _ priority: String, _ more: JSONObject = [:]
    ) -> JSONValue {
        var message: JSONObject = [
            "id": JSONValue(id), "priority": .string(priority),
            "message": ["format": "UTF8", "content": .string("message \(id)")],
        ]
        for member in more { message[member.name] = member.value }
        return ["message": .object(message)]
    }
    private static func variable(_ component: String, _ variable: String) -> JSONValue {
        ["component": ["name": .string(component)], "variable": ["name": .string(variable)]]
    }
}
