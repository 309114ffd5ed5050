import EVSEModel
import JSON

extension Catalogue {
    static let authorization: [Case] = [
        refusedToken("TC_C_02_CS", "Unknown or invalid token, local", "Invalid"),
        refusedToken("TC_C_06_CS", "Blocked token", "Blocked"),
        refusedToken("TC_C_07_CS", "Expired token", "Expired"),
        refusedToken("TC_C_56_CS", "Token unknown to the CSMS", "Unknown"),
        Case(
            "TC_C_04_CS", "Different token does not stop", requirements: ["C01.FR.03"],
            when: "C-70 or C-71 or C-72",
            stimulus: "another token without common group while charging",
            expectation: "the transaction continues; no event carries that token"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge(uid: "04A2B3C4D5E6F7")
            try await bench.tap("04FFEEDDCCBBAA")
            // At a reader for several EVSEs the other token may begin something of its own.
            try await bench.expectNone("the other token stopped it", for: .seconds(3)) {
                $0.action == "TransactionEvent"
                    && $0.payload["transactionInfo"]?["transactionId"] == .string(id)
                    && ($0.payload["eventType"] == "Ended"
                        || $0.payload["idToken"]?["idToken"] == "04FFEEDDCCBBAA")
            }
            try await bench.expectWorld("the car still draws") {
                (bench.connector(of: $0)["drawn"]?.number?.double ?? 0) > 1
            }
        },
        Case(
            "TC_C_39_CS", "Stop by same group", requirements: ["C09.FR.03", "C09.FR.04"],
            when: "C-70 or C-71 or C-72",
            stimulus: "another token of the same group while charging",
            expectation: "the transaction is stopped"
        ) { bench in
            await bench.csms.answer("Authorize") { _ in
                .result([
                    "idTokenInfo": [
                        "status": "Accepted", "groupIdToken": token("GROUP-1", "Central"),
                    ]
                ])
            }
            await bench.csms.answer("TransactionEvent") { event in
                .result(
                    event["idToken"] == nil
                        ? [:]
                        : [
                            "idTokenInfo": [
                                "status": "Accepted", "groupIdToken": token("GROUP-1", "Central"),
                            ]
                        ])
            }
            try await bench.boot()
            _ = try await bench.charge(uid: "04A2B3C4D5E6F7")
            try await bench.tap("04FFEEDDCCBBAA")
            try await bench.expectTransaction("Ended", within: .seconds(20))
        },
        Case(
            "TC_C_49_CS", "Master pass without UI", requirements: ["C16.FR.03", "C16.FR.04"],
            when: "C-08 and (C-70 or C-71 or C-72)",
            stimulus: "a token of the master pass group while charging",
            expectation: "the transaction ends with MasterPass",
            settings: ["ocpp.variables.AuthCtrlr.MasterPassGroupId=MASTER"]
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge(uid: "04A2B3C4D5E6F7")
            await bench.csms.answer("Authorize") { _ in
                .result([
                    "idTokenInfo": [
                        "status": "Accepted", "groupIdToken": token("MASTER", "Central"),
                    ]
                ])
            }
            try await bench.tap("04000000000001")
            let ended = try await bench.expectTransaction("Ended", within: .seconds(20))
            try bench.require(
                ended["transactionInfo"]?["stoppedReason"], equals: "MasterPass", "stoppedReason")
        },
        Case(
            "TC_C_45_CS", "Master pass cannot start", requirements: ["C16.FR.01"],
            when: "(C-07 or C-08) and (C-70 or C-71 or C-72)",
            stimulus: "a token of the master pass group while idle",
            expectation: "no transaction, no energy",
            settings: ["ocpp.variables.AuthCtrlr.MasterPassGroupId=MASTER"]
        ) { bench in
            await bench.csms.answer("Authorize") { _ in
                .result([
                    "idTokenInfo": [
                        "status": "Accepted", "groupIdToken": token("MASTER", "Central"),
                    ]
                ])
            }
            try await bench.boot()
            try await bench.plug()
            try await bench.expectStatus("Occupied")
            try await bench.tap("04000000000001")
            try await bench.expect("Authorize")
            try await bench.expectNone("a transaction began", for: .seconds(3)) {
                $0.action == "TransactionEvent" && $0.payload["idToken"] != nil
            }
            try await bench.expectWorld("the contactor is open") {
                bench.connector(of: $0)["contactor"] == "open"
            }
        },
    ]

    /// A tap that the CSMS answers with this status must not give energy.
    private static func refusedToken(_ id: String, _ title: String, _ status: String) -> Case {
        Case(
            id, title, requirements: ["C01.FR.07", "C01.FR.02"],
            when: "(C-30 or C-31 or C-32) and NOT AQ-2",
            stimulus: "a tap that AuthorizeResponse answers \(status)",
            expectation: "Authorize, no energy, no start by authorisation"
        ) { bench in
            await bench.csms.answer("Authorize", ["idTokenInfo": ["status": .string(status)]])
            try await bench.boot()
            try await bench.plug()
            try await bench.expectStatus("Occupied")
            try await bench.tap("04A2B3C4D5E6F7")
            let request = try await bench.expect("Authorize")
            try bench.require(
                request["idToken"], equals: token("04A2B3C4D5E6F7"), "the token of Authorize")
            try await bench.expectNone("started with a refused token", for: .seconds(2)) {
                $0.action == "TransactionEvent" && $0.payload["triggerReason"] == "Authorized"
            }
            try await bench.expectWorld("the contactor is open") {
                bench.connector(of: $0)["contactor"] == "open"
            }
        }
    }
}
