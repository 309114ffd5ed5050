import EVSEModel
import JSON

extension Catalogue {
    static let remoteControl: [Case] = [
        Case(
            "TC_F_01_CS", "Remote start, cable first", requirements: ["F01.FR.01", "F01.FR.13"],
            stimulus: "RequestStartTransaction with the cable plugged in",
            expectation: "Accepted; RemoteStart with remoteStartId in the next event"
        ) { bench in
            try await bench.boot()
            try await bench.plug()
            try await bench.expectStatus("Occupied")
            try await bench.remoteStart(42)
            let event = try await bench.expect("TransactionEvent", "RemoteStart") {
                $0["triggerReason"] == "RemoteStart"
            }
            try bench.require(
                event["transactionInfo"]?["remoteStartId"], equals: 42, "remoteStartId")
            try await bench.expectTransaction("Updated", charging: "Charging", within: .seconds(20))
        },
        Case(
            "TC_F_02_CS", "Remote start first, with authorisation",
            requirements: ["F02.FR.01", "F01.FR.01"],
            when: "C-48.1", stimulus: "RequestStartTransaction, AuthorizeRemoteStart true",
            expectation: "Authorize before energy; charging at plug-in",
            settings: ["ocpp.variables.AuthCtrlr.AuthorizeRemoteStart=true"]
        ) { bench in
            try await bench.boot()
            try await bench.remoteStart(43)
            let request = try await bench.expect("Authorize")
            try bench.require(request["idToken"], equals: token("04A2B3C4D5E6F7"), "the token")
            try await bench.plug()
            try await bench.expectTransaction("Updated", charging: "Charging", within: .seconds(20))
        },
        Case(
            "TC_F_03_CS", "Remote start first, without authorisation",
            requirements: ["F02.FR.01", "F01.FR.02"],
            when: "C-48.2", stimulus: "RequestStartTransaction, AuthorizeRemoteStart false",
            expectation: "no Authorize; charging at plug-in",
            settings: ["ocpp.variables.AuthCtrlr.AuthorizeRemoteStart=false"]
        ) { bench in
            try await bench.boot()
            try await bench.remoteStart(44)
            try await bench.plug()
            try await bench.expectTransaction("Updated", charging: "Charging", within: .seconds(20))
            let asked = await bench.csms.log.contains { $0.action == "Authorize" }
            try bench.require(!asked, "an Authorize was sent")
        },
        Case(
            "TC_F_04_CS", "Remote start first, cable timeout",
            requirements: ["F02.FR.05", "E03.FR.05"],
            stimulus: "RequestStartTransaction and no cable for EVConnectionTimeOut",
            expectation: "EVConnectTimeout, Ended with reason Timeout",
            settings: [
                "ocpp.variables.TxCtrlr.EVConnectionTimeOut=3",
                "ocpp.variables.TxCtrlr.TxStartPoint=Authorized",
            ]
        ) { bench in
            try await bench.boot()
            try await bench.remoteStart(45)
            let event = try await bench.expect(
                "TransactionEvent", within: .seconds(8), "EVConnectTimeout"
            ) {
                $0["triggerReason"] == "EVConnectTimeout"
            }
            try bench.require(event["eventType"], equals: "Ended", "the event")
            try bench.require(
                event["transactionInfo"]?["stoppedReason"], equals: "Timeout", "stoppedReason")
        },
        Case(
            "TC_F_05_CS", "Unlock during transaction", requirements: ["F05.FR.02"],
            when: "AQ-18",
            stimulus: "UnlockConnector while charging",
            expectation: "OngoingAuthorizedTransaction, and the plug stays locked"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            let answer = try await bench.call("UnlockConnector", ["evseId": 1, "connectorId": 1])
            try bench.require(
                answer["status"], equals: "OngoingAuthorizedTransaction", "UnlockConnector")
            try await bench.expectWorld("the plug is locked") {
                bench.connector(of: $0)["lock"] == "engaged"
            }
        },
        Case(
            "TC_F_07_CS", "Unlock without cable", requirements: ["F05.FR.01", "F05.FR.04"],
            when: "AQ-18",
            stimulus: "UnlockConnector with no cable", expectation: "Unlocked"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call("UnlockConnector", ["evseId": 1, "connectorId": 1])
            try bench.require(answer["status"], equals: "Unlocked", "UnlockConnector")
        },
        Case(
            "TC_F_10_CS", "Unlock unknown connector", requirements: ["F05.FR.03"],
            stimulus: "UnlockConnector on connector 9", expectation: "UnknownConnector"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call("UnlockConnector", ["evseId": 1, "connectorId": 9])
            try bench.require(answer["status"], equals: "UnknownConnector", "UnlockConnector")
        },
        Case(
            "TC_F_08_CS", "Remote stop", requirements: ["F03.FR.01", "F03.FR.02"],
            stimulus: "RequestStopTransaction with the right id",
            expectation: "Accepted; Ended with RemoteStop, reason Remote"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            let answer = try await bench.call(
                "RequestStopTransaction", ["transactionId": .string(id)])
            try bench.require(answer["status"], equals: "Accepted", "RequestStopTransaction")
            let ended = try await bench.expectTransaction(
                "Ended", trigger: "RemoteStop", within: .seconds(20))
            try bench.require(
                ended["transactionInfo"]?["stoppedReason"], equals: "Remote", "stoppedReason")
        },
        Case(
            "TC_F_09_CS", "Remote stop unknown id", requirements: ["F03.FR.07"],
            stimulus: "RequestStopTransaction with an unknown id", expectation: "Rejected"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call("RequestStopTransaction", ["transactionId": "nobody"])
            try bench.require(answer["status"], equals: "Rejected", "RequestStopTransaction")
        },
        Case(
            "TC_F_11_CS", "Trigger MeterValues, one EVSE", requirements: ["F06.FR.06"],
            when: "C-29.1", stimulus: "TriggerMessage MeterValues with evse",
            expectation: "Accepted, then MeterValues with context Trigger"
        ) { bench in
            try await bench.boot()
            // The meter's first reading takes a round of its bus.
            try await Task.sleep(for: .milliseconds(2500))
            try await bench.trigger("MeterValues", evse: ["id": 1])
            let values = try await bench.expect("MeterValues")
            let context = values["meterValue"]?[0]?["sampledValue"]?[0]?["context"]
            try bench.require(context, equals: "Trigger", "context")
        },
        Case(
            "TC_F_13_CS", "Trigger TransactionEvent", requirements: ["F06.FR.07"],
            when: "C-29.2", stimulus: "TriggerMessage TransactionEvent while charging",
            expectation: "Updated with triggerReason Trigger"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            try await bench.trigger("TransactionEvent", evse: ["id": 1])
            try await bench.expectTransaction("Updated", trigger: "Trigger")
        },
        Case(
            "TC_F_20_CS", "Trigger heartbeat", requirements: ["F06.FR.04"],
            stimulus: "TriggerMessage Heartbeat", expectation: "a Heartbeat after the response"
        ) { bench in
            try await bench.boot()
            try await bench.trigger("Heartbeat")
            try await bench.expect("Heartbeat")
        },
        Case(
            "TC_F_23_CS", "Trigger status, available", requirements: ["F06.FR.12"], when: "C-29.5",
            stimulus: "TriggerMessage StatusNotification of connector 1",
            expectation: "StatusNotification Available"
        ) { bench in
            try await bench.boot()
            try await bench.trigger("StatusNotification", evse: ["id": 1, "connectorId": 1])
            try await bench.expectStatus("Available")
        },
        Case(
            "TC_F_26_CS", "Trigger boot when accepted", requirements: ["F06.FR.17"], when: "C-29.6",
            stimulus: "TriggerMessage BootNotification after Accepted", expectation: "Rejected"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call(
                "TriggerMessage", ["requestedMessage": "BootNotification"])
            try bench.require(answer["status"], equals: "Rejected", "TriggerMessage")
        },
        Case(
            "TC_F_27_CS", "Trigger unimplemented message", requirements: ["F06.FR.08"],
            when: "NOT AQ-11", stimulus: "TriggerMessage SignCombinedCertificate",
            expectation: "NotImplemented"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call(
                "TriggerMessage", ["requestedMessage": "SignCombinedCertificate"])
            try bench.require(answer["status"], equals: "NotImplemented", "TriggerMessage")
        },
    ]
}

extension CaseContext {
    /// A remote start for EVSE 1 that must be accepted.
    func remoteStart(_ id: Int) async throws {
        let answer = try await call(
            "RequestStartTransaction",
            ["remoteStartId": JSONValue(id), "idToken": token("04A2B3C4D5E6F7"), "evseId": 1])
        try require(answer["status"], equals: "Accepted", "RequestStartTransaction")
    }
    /// A trigger that must be accepted.
    func trigger(_ message: String, evse: JSONValue? = nil) async throws {
        var request: JSONObject = ["requestedMessage": .string(message)]
        request["evse"] = evse
        let answer = try await call("TriggerMessage", .object(request))
        try require(answer["status"], equals: "Accepted", "TriggerMessage \(message)")
    }
}
