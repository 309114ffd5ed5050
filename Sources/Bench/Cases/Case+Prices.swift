import EVSEModel
import JSON

extension Catalogue {
    /// Tariffs and costs (functional block I).
    static let prices: [Case] = [
        Case(
            "TC_I_01_CS", "Running cost by message", requirements: ["I02.FR.02", "I02.FR.03"],
            when: "UI-0", stimulus: "CostUpdated while a car charges",
            expectation: "an empty answer, and the cost on the displays"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            let cost = try JSONValue(parsing: "12.25")
            let answer = try await bench.call(
                "CostUpdated", ["totalCost": cost, "transactionId": .string(id)])
            try bench.require(answer, equals: [:], "the answer")
            try await bench.expectDisplays(["12.25", "12,25"])
        },
        Case(
            "TC_I_02_CS", "What it cost in all", requirements: ["I03.FR.01", "I03.FR.03"],
            when: "UI-0", stimulus: "the answer to the transaction's end carries totalCost",
            expectation: "the total is on the displays"
        ) { bench in
            try await bench.answerCosts(ended: "17.50")
            try await bench.boot()
            _ = try await bench.charge()
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(20))
            try await bench.expectDisplays(["17.50", "17,50"])
        },
        Case(
            "TC_I_07_CS", "Running cost by the answer to an event",
            requirements: ["I02.FR.04"], when: "UI-0",
            stimulus: "the answers to updates carry totalCost",
            expectation: "the running cost is on the displays"
        ) { bench in
            try await bench.answerCosts(updated: "3.75")
            try await bench.boot()
            _ = try await bench.charge()
            try await bench.expectDisplays(["3.75", "3,75"])
        },
        Case(
            "FC_I_01", "The driver's own tariff", requirements: ["I01.FR.03", "I04.FR.01"],
            when: "UI-0",
            stimulus: "a fall-back text; an Authorize with a personal message, and one without",
            expectation: "the tariff is on the displays, or what is said instead of it",
            settings: [
                "ocpp.variables.TariffCostCtrlr.TariffFallbackMessage=Prices at the door"
            ]
        ) { bench in
            await bench.csms.answer("Authorize") { payload in
                let isFirst = payload["idToken"]?["idToken"] == "04A2B3C4D5E6F7"
                var info: JSONObject = ["status": "Accepted"]
                if isFirst {
                    info["personalMessage"] = ["format": "UTF8", "content": "39 ct per kWh"]
                }
                return .result(["idTokenInfo": .object(info)])
            }
            try await bench.boot()
            _ = try await bench.charge()
            try await bench.expectDisplays(["39 ct per kWh"])
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(20))
            try await bench.unplug()
            try await bench.pullOut()
            try await bench.expectStatus("Available", within: .seconds(30))
            _ = try await bench.charge(uid: "04FFEEDDCCBBAA")
            try await bench.expectDisplays(["Prices at the door"])
        },
    ]
}

extension CaseContext {
    /// Answers TransactionEvents with costs from now on.
    fileprivate func answerCosts(updated: String? = nil, ended: String? = nil) async throws {
        let costs = try ["Updated": updated, "Ended": ended].compactMapValues(\.self)
            .mapValues { try JSONValue(parsing: $0) }
        await csms.answer("TransactionEvent") { payload in
            var answer: JSONObject = [:]
            if payload["idToken"] != nil { answer["idTokenInfo"] = ["status": "Accepted"] }
            answer["totalCost"] = costs[payload["eventType"]?.string ?? ""]
            return .result(.object(answer))
        }
    }
}
