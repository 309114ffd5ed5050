import Charging
import EVSEModel
import JSON
import StationCore
import Testing

/// Display messages and prices on the wire (I02, I03, O01...O06).
@Suite("Display messages and prices")
struct DisplayMessageTests {
    private static let variables = [
        "DisplayMessageCtrlr.Enabled": "true", "TariffCostCtrlr.Enabled[Tariff]": "true",
        "TariffCostCtrlr.Enabled[Cost]": "true",
    ]
    private static func online(
        _ displays: [DisplayConfiguration] = [DisplayConfiguration(name: "display-1")]
    ) -> TestCore {
        .online(
            evses: displays.count > 1
                ? [EVSEConfiguration(), EVSEConfiguration()]
                : [EVSEConfiguration()], variables: variables, displays: displays)
    }
    private static func message(
        _ id: Int, _ text: String, priority: String = "NormalCycle", format: String = "UTF8",
        more: JSONObject = [:]
    ) -> JSONValue {
        var message: JSONObject = [
            "id": JSONValue(id), "priority": .string(priority),
            "message": ["format": .string(format), "content": .string(text)],
        ]
        for member in more { message[member.name] = member.value }
        return ["message": .object(message)]
    }
    private func texts(_ test: TestCore) -> [String] {
        test.core.display(at: test.now)?.part(of: nil, on: "display-1").dueMessages.map(\.text)
            ?? []
    }

    @Test("a station without display supports neither (O, I)")
    func noDisplay() {
        var test = TestCore.online()
        #expect(test.request("SetDisplayMessage", Self.message(1, "x"))?.name == "NotSupported")
        let cost: JSONValue = ["totalCost": 1, "transactionId": "t"]
        #expect(test.request("CostUpdated", cost)?.name == "NotSupported")
        let answer = test.request(
            "GetVariables",
            ["getVariableData": [VariablesTests.item("DisplayMessageCtrlr", "Available")]])
        #expect(answer?.payload["getVariableResult"]?[0]?["attributeValue"] == "false")
    }

    /// TC_O_01_CS, TC_O_19_CS, TC_O_10_CS, TC_O_20_CS.
    @Test("set: the record is on disk before the answer, and the message is there after a restart")
    func set() throws {
        var test = Self.online()
        let answer = test.request("SetDisplayMessage", Self.message(5, "Hello"))
        #expect(answer?.payload["status"] == "Accepted")
        let stored = test.outputs.firstIndex {
            if case .store(.put(.operatorMessages, "5", _)) = $0 { true } else { false }
        }
        let answered = test.outputs.lastIndex { if case .send = $0 { true } else { false } }
        #expect(try #require(stored) < #require(answered))
        #expect(texts(test) == ["Hello"])
        #expect(
            test.request("SetDisplayMessage", Self.message(6, "x", format: "HTML"))?
                .payload["status"] == "NotSupportedMessageFormat")
        let lost = Self.message(6, "x", more: ["transactionId": "none"])
        #expect(
            test.request("SetDisplayMessage", lost)?.payload["status"] == "UnknownTransaction")
        #expect(
            test.request("SetDisplayMessage", Self.message(6, "x", priority: "Loud"))?.name
                == "PropertyConstraintViolation")
        var again = test.restarted(asProcess: false)
        again.run(2)
        #expect(texts(again) == ["Hello"])
    }

    /// TC_O_02_CS, TC_O_03_CS, TC_O_07_CS ff.
    @Test("get: all in pages, by id, priority and state; Unknown where nothing fits (O03, O04)")
    func get() {
        var test = Self.online()
        #expect(
            test.request("GetDisplayMessages", ["requestId": 1])?.payload["status"] == "Unknown")
        for id in 1...12 {
            test.request(
                "SetDisplayMessage",
                Self.message(
                    id, "text \(id)", priority: id == 3 ? "InFront" : "NormalCycle",
                    more: id == 4 ? ["state": "Faulted"] : [:]))
        }
        #expect(
            test.request("GetDisplayMessages", ["requestId": 2])?.payload["status"] == "Accepted")
        test.run(1)
        let pages = test.calls("NotifyDisplayMessages")
        #expect(pages.map { $0["tbc"]?.bool } == [true, false])
        #expect(pages.allSatisfy { $0["requestId"] == 2 })
        #expect(
            pages.flatMap { $0["messageInfo"]?.array ?? [] }.compactMap { $0["id"]?.int }
                == Array(1...12))
        func found(_ more: JSONObject) -> [Int]? {
            test.forget()
            var payload = more
            payload["requestId"] = 3
            let status = test.request("GetDisplayMessages", .object(payload))?.payload["status"]
            test.run(1)
            guard status == "Accepted" else { return nil }
            return test.calls("NotifyDisplayMessages")
                .flatMap { $0["messageInfo"]?.array ?? [] }.compactMap { $0["id"]?.int }
        }
        #expect(found(["id": [2, 5, 99]]) == [2, 5])
        #expect(found(["priority": "InFront"]) == [3])
        #expect(found(["state": "Faulted"]) == [4])
        #expect(found(["id": [4], "state": "Charging"]) == nil)
        #expect(found(["id": [4], "priority": "AlwaysFront"]) == nil)
    }

    @Test("what was set is told again as it was (O03.FR.02)")
    func echo() {
        var test = Self.online([
            DisplayConfiguration(name: "left", evse: EVSEID(1)),
            DisplayConfiguration(name: "right", evse: EVSEID(2)),
        ])
        let display: JSONValue = ["name": "Display", "instance": "right", "evse": ["id": 2]]
        let sent = Self.message(
            8, "Gate closes", priority: "InFront",
            more: [
                "display": display, "state": "Idle",
                "startDateTime": "2024-03-05T13:00:00.000Z",
                "endDateTime": "2034-03-05T13:00:00.000Z",
            ])
        #expect(test.request("SetDisplayMessage", sent)?.payload["status"] == "Accepted")
        test.request("GetDisplayMessages", ["requestId": 4])
        test.run(1)
        let told = test.calls("NotifyDisplayMessages").first?["messageInfo"]?[0]
        for name in ["id", "priority", "state", "startDateTime", "endDateTime", "message"] {
            #expect(told?[name] == sent["message"]?[name], "\(name)")
        }
        #expect(told?["display"]?["instance"] == "right")
        #expect(told?["display"]?["evse"]?["id"] == 2)
        let unknown = Self.message(
            9, "x", more: ["display": ["name": "Display", "instance": "up"]])
        #expect(test.request("SetDisplayMessage", unknown)?.payload["status"] == "Rejected")
        let other = Self.message(9, "x", more: ["display": ["name": "Connector"]])
        #expect(test.request("SetDisplayMessage", other)?.payload["status"] == "Rejected")
    }

    /// TC_O_04_CS, TC_O_05_CS.
    @Test("clear (O05)")
    func clear() {
        var test = Self.online()
        test.request("SetDisplayMessage", Self.message(5, "Hello"))
        #expect(test.request("ClearDisplayMessage", ["id": 5])?.payload["status"] == "Accepted")
        #expect(test.request("ClearDisplayMessage", ["id": 5])?.payload["status"] == "Unknown")
        #expect(texts(test).isEmpty)
        #expect(test.records[.operatorMessages]?.isEmpty ?? true)
    }

    @Test("the device model says what can be shown, how many there are, and which displays")
    func variables() {
        var test = Self.online()
        test.request("SetDisplayMessage", Self.message(5, "Hello"))
        func value(_ component: String, _ variable: String, _ instance: String? = nil) -> String? {
            test.request(
                "GetVariables",
                [
                    "getVariableData": [
                        VariablesTests.item(component, variable, instance: instance)
                    ]
                ])?.payload["getVariableResult"]?[0]?["attributeValue"]?.string
        }
        #expect(value("DisplayMessageCtrlr", "Available") == "true")
        #expect(value("DisplayMessageCtrlr", "DisplayMessages") == "1")
        #expect(value("DisplayMessageCtrlr", "SupportedFormats") == "ASCII,UTF8")
        #expect(
            value("DisplayMessageCtrlr", "SupportedPriorities")
                == "AlwaysFront,InFront,NormalCycle")
        #expect(value("TariffCostCtrlr", "Available", "Cost") == "true")
        #expect(value("TariffCostCtrlr", "Currency") == "EUR")
        func set(_ text: String) -> JSONValue? {
            test.request(
                "SetVariables",
                [
                    "setVariableData": [
                        VariablesTests.item("TariffCostCtrlr", "Currency", value: text)
                    ]
                ]
            )?.payload["setVariableResult"]?[0]?["attributeStatus"]
        }
        #expect(set("GBP") == "Accepted")
        #expect(set("gb") == "Rejected")
    }

    /// TC_I_01_CS, TC_I_02_CS, TC_I_07_CS.
    @Test("costs by CostUpdated, by the answer to an update, and in all (I02, I03)")
    func costs() throws {
        var test = Self.online()
        test.replies["Authorize"] = .result([
            "idTokenInfo": [
                "status": "Accepted", "language1": "de",
                "personalMessage": ["format": "UTF8", "content": "0,39 € je kWh"],
            ]
        ])
        test.plug()
        test.tap()
        test.vehicle(wants: true)
        func evse() -> DisplayContent.EVSE? { test.core.display(at: test.now)?.evses.first }
        #expect(evse()?.personal == "0,39 € je kWh")
        #expect(evse()?.languages == ["de"])
        let id = try #require(
            test.transactionEvents.first?["transactionInfo"]?["transactionId"]?.string)
        let answer = test.request(
            "CostUpdated",
            ["totalCost": try JSONValue(parsing: "1.25"), "transactionId": .string(id)])
        #expect(answer?.type == 3)
        #expect(evse()?.session?.cost?.thousandths == 1250)
        test.replies["TransactionEvent"] = .result(["totalCost": try JSONValue(parsing: "2.5")])
        test.run(61)
        #expect(evse()?.session?.cost?.thousandths == 2500)
        test.replies["TransactionEvent"] = .result(["totalCost": try JSONValue(parsing: "3.1")])
        test.tap()
        test.run(1)
        #expect(evse()?.state == .finished)
        #expect(
            evse()?.session?.cost == DisplayContent.Money(thousandths: 3100, currency: "EUR"))
    }
}
