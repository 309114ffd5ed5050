import Charging
import EVSEModel
import JSON
import OCPP201
import StationCore
import Testing

@Suite("Variables and reports (B05-B08)")
struct VariablesTests {
    static func item(
        _ component: String, _ variable: String, instance: String? = nil, evse: JSONValue? = nil,
        value: String? = nil, type: String? = nil
    ) -> JSONValue {
        var place = JSONObject()
        place["evse"] = evse
        place["name"] = .string(component)
        var name: JSONObject = ["name": .string(variable)]
        name["instance"] = instance.map { .string($0) }
        var item: JSONObject = ["component": .object(place), "variable": .object(name)]
        item["attributeValue"] = value.map { .string($0) }
        item["attributeType"] = type.map { .string($0) }
        return .object(item)
    }

    /// Component, variable, instance, EVSE, attribute; status, value. TC_B_06_CS, TC_B_32_CS.
    @Test(
        "GetVariables answers item by item",
        arguments: [
            ("OCPPCommCtrlr", "OfflineThreshold", nil, nil, nil, "Accepted", "120"),
            ("ocppcommctrlr", "offlinethreshold", nil, nil, "Actual", "Accepted", "120"),
            ("OCPPCommCtrlr", "MessageTimeout", "Default", nil, nil, "Accepted", "30"),
            ("OCPPCommCtrlr", "MessageTimeout", nil, nil, nil, "UnknownVariable", nil),
            ("OCPPCommCtrlr", "MessageTimeout", "Other", nil, nil, "UnknownVariable", nil),
            (
                "OCPPCommCtrlr", "OfflineThreshold", nil, nil, "Target",
                "NotSupportedAttributeType", nil
            ),
            ("OCPPCommCtrlr", "Nonsense", nil, nil, nil, "UnknownVariable", nil),
            ("NonsenseCtrlr", "OfflineThreshold", nil, nil, nil, "UnknownComponent", nil),
            ("SecurityCtrlr", "BasicAuthPassword", nil, nil, nil, "Rejected", nil),
            ("EVSE", "AvailabilityState", nil, #"{"id":1}"#, nil, "Accepted", "Available"),
            ("EVSE", "AvailabilityState", nil, nil, nil, "UnknownComponent", nil),
            ("EVSE", "AvailabilityState", nil, #"{"id":2}"#, nil, "UnknownComponent", nil),
            ("EVSE", "SupplyPhases", nil, #"{"id":1}"#, nil, "Accepted", "1"),
            ("EVSE", "Power", nil, #"{"id":1}"#, nil, "Accepted", "0"),
            (
                "Connector", "ConnectorType", nil, #"{"id":1,"connectorId":1}"#, nil, "Accepted",
                "sType2"
            ),
            (
                "Connector", "Available", nil, #"{"id":1,"connectorId":2}"#, nil,
                "UnknownComponent", nil
            ),
            ("ChargingStation", "VendorName", nil, nil, nil, "Accepted", "Forecourt"),
            ("SmartChargingCtrlr", "Entries", "ChargingProfiles", nil, nil, "Accepted", "0"),
            ("LocalAuthListCtrlr", "Entries", nil, nil, nil, "Accepted", "0"),
            ("SecurityCtrlr", "Identity", nil, nil, nil, "Accepted", "CS1"),
        ] as [(String, String, String?, String?, String?, String, String?)])
    func get(
        component: String, variable: String, instance: String?, evse: String?, type: String?,
        status: String, value: String?
    ) throws {
        var test = TestCore.online()
        let place = try evse.map { try JSONValue(parsing: $0) }
        let item = Self.item(component, variable, instance: instance, evse: place, type: type)
        let answer = test.request("GetVariables", ["getVariableData": [item]])
        let result = answer?.payload["getVariableResult"]?[0]
        #expect(result?["attributeStatus"]?.string == status)
        #expect(result?["attributeValue"]?.string == value)
        #expect(result?["attributeType"]?.string == type ?? "Actual")
        #expect(result?["component"] == item["component"])
        #expect(result?["variable"] == item["variable"])
    }

    /// Component, variable, value; status. TC_B_09_CS ff., TC_B_36_CS.
    @Test(
        "SetVariables answers item by item",
        arguments: [
            ("OCPPCommCtrlr", "OfflineThreshold", "60", "Accepted"),
            ("OCPPCommCtrlr", "OfflineThreshold", "-1", "Rejected"),
            ("OCPPCommCtrlr", "OfflineThreshold", "soon", "Rejected"),
            ("OCPPCommCtrlr", "OfflineThreshold", "1e2", "Rejected"),
            ("TxCtrlr", "TxStopPoint", "Authorized,EVConnected", "Accepted"),
            ("TxCtrlr", "TxStopPoint", "Authorized,Nonsense", "Rejected"),
            ("AuthCtrlr", "LocalPreAuthorize", "TRUE", "Accepted"),
            ("AuthCtrlr", "LocalPreAuthorize", "yes", "Rejected"),
            ("SecurityCtrlr", "SecurityProfile", "3", "Rejected"),
            ("SecurityCtrlr", "BasicAuthPassword", "short", "Rejected"),
            ("OCPPCommCtrlr", "NetworkConfigurationPriority", "1", "Accepted"),
            ("OCPPCommCtrlr", "NetworkConfigurationPriority", "2,1", "Rejected"),
            ("OCPPCommCtrlr", "NetworkConfigurationPriority", "", "Rejected"),
            ("ChargingStation", "VendorName", "X", "Rejected"),
            ("Nonsense", "X", "1", "UnknownComponent"),
            ("TxCtrlr", "Nonsense", "1", "UnknownVariable"),
        ])
    func set(component: String, variable: String, value: String, status: String) {
        var test = TestCore.online()
        let item = Self.item(component, variable, value: value)
        let answer = test.request("SetVariables", ["setVariableData": [item]])
        let result = answer?.payload["setVariableResult"]?[0]
        #expect(result?["attributeStatus"]?.string == status)
        #expect(result?["attributeType"]?.string == "Actual")
    }

    @Test("what was set is on disk before the answer, holds, and survives a restart")
    func persistent() {
        var test = TestCore.online()
        let item = Self.item("OCPPCommCtrlr", "OfflineThreshold", value: "77")
        test.request("SetVariables", ["setVariableData": [item]])
        let isStore = test.outputs.firstIndex {
            if case .store(.put(.settings, _, _)) = $0 { true } else { false }
        }
        let isSend = test.outputs.firstIndex { if case .send = $0 { true } else { false } }
        #expect(isStore ?? .max < isSend ?? 0)
        var next = test.restarted(asProcess: false)
        next.run(2)
        let answer = next.request(
            "GetVariables", ["getVariableData": [Self.item("OCPPCommCtrlr", "OfflineThreshold")]])
        #expect(answer?.payload["getVariableResult"]?[0]?["attributeValue"]?.string == "77")
    }

    @Test("a reply that promises no write waits for none")
    func readsFirst() {
        var test = TestCore.online()
        test.forget()
        test.request(
            "GetVariables", ["getVariableData": [Self.item("OCPPCommCtrlr", "OfflineThreshold")]])
        guard case .send? = test.outputs.first else {
            Issue.record("something comes before the answer: \(test.outputs)")
            return
        }
    }

    @Test("more items than ItemsPerMessage are refused (B06.FR.16; FC_B05_02, FC_B06_02)")
    func tooMany() {
        var test = TestCore.online(variables: [
            "DeviceDataCtrlr.ItemsPerMessage[GetVariables]": "2",
            "DeviceDataCtrlr.ItemsPerMessage[SetVariables]": "2",
        ])
        let get = Self.item("OCPPCommCtrlr", "OfflineThreshold")
        let set = Self.item("OCPPCommCtrlr", "OfflineThreshold", value: "60")
        let answers = [
            test.request("GetVariables", ["getVariableData": [get, get, get]]),
            test.request("SetVariables", ["setVariableData": [set, set, set]]),
        ]
        for answer in answers { #expect(answer?.name == "OccurrenceConstraintViolation") }
    }

    @Test("more bytes than BytesPerMessage are refused (B06.FR.17; FC_J4_14)")
    func tooLarge() {
        var test = TestCore.online(variables: [
            "DeviceDataCtrlr.BytesPerMessage[GetVariables]": "200"
        ])
        let item = Self.item("OCPPCommCtrlr", "OfflineThreshold")
        #expect(test.request("GetVariables", ["getVariableData": [item]])?.type == 3)
        let answer = test.request("GetVariables", ["getVariableData": [item, item, item]])
        #expect(answer?.name == "FormatViolation")
    }

    @Test("a new password is used by a new connection at once, and never shown (A01; TC_A_09_CS)")
    func password() {
        var test = TestCore.online()
        let new = "fedcba9876543210"
        test.forget()
        let answer = test.request(
            "SetVariables",
            ["setVariableData": [Self.item("SecurityCtrlr", "BasicAuthPassword", value: new)]])
        #expect(answer?.payload["setVariableResult"]?[0]?["attributeStatus"]?.string == "Accepted")
        test.run(1)
        #expect(test.plans.map(\.password) == [new])
        let told = test.logs.compactMap { $0.metadata["event"] }
        #expect(told.contains("ReconfigurationOfSecurityParameters"), "A01.FR.11")
        test.forget()
        test.request("GetBaseReport", ["requestId": 1, "reportBase": "FullInventory"])
        test.run(1)
        let text = test.messages.map { $0.payload.text }.joined()
        #expect(text.contains("BasicAuthPassword"))
        #expect(!text.contains(new))
        #expect(!test.logs.contains { "\($0)".contains(new) })
    }

    @Test("reports come after the answer, in pages numbered from 0 (B07.FR.10; FC_B07_01)")
    func pages() {
        var test = TestCore.online(variables: [
            "DeviceDataCtrlr.ItemsPerMessage[GetReport]": "50",
            "DeviceDataCtrlr.BytesPerMessage[GetReport]": "4000",
        ])
        let answer = test.request("GetBaseReport", ["requestId": 9, "reportBase": "FullInventory"])
        #expect(answer?.payload["status"]?.string == "Accepted")
        #expect(test.messages.first?.type == 3)
        let pages = test.calls("NotifyReport")
        #expect(pages.count > 3)
        #expect(pages.compactMap { $0["seqNo"]?.int } == Array(0..<pages.count))
        #expect(pages.map { $0["tbc"]?.bool } == pages.indices.map { $0 < pages.count - 1 })
        #expect(pages.allSatisfy { $0["requestId"]?.int == 9 })
        #expect(pages.allSatisfy { $0.bytes.count <= 4000 })
        #expect(pages.allSatisfy { ($0["reportData"]?.array?.count ?? 99) <= 50 })
    }

    @Test("the full inventory holds every required variable of these blocks (B07.FR.08)")
    func required() {
        var test = TestCore.online()
        test.request("GetBaseReport", ["requestId": 1, "reportBase": "FullInventory"])
        var names: Set<String> = []
        for page in test.calls("NotifyReport") {
            for data in page["reportData"]?.array ?? [] {
                let instance = data["variable"]?["instance"]?.string.map { "[\($0)]" } ?? ""
                names.insert(
                    "\(data["component"]?["name"]?.string ?? "").\(data["variable"]?["name"]?.string ?? "")"
                        + instance)
                #expect(data["variableCharacteristics"]?["dataType"]?.string != nil)
                #expect(data["variableAttribute"]?[0]?["mutability"]?.string != nil)
            }
        }
        // Part 2 appendices, dm_components_vars: required, without display, tariff, ISO 15118 and
        // monitoring, which this station does not have.
        let required = [
            "AlignedDataCtrlr.Interval", "AlignedDataCtrlr.Measurands",
            "AlignedDataCtrlr.TxEndedInterval", "AlignedDataCtrlr.TxEndedMeasurands",
            "AuthCtrlr.AuthorizeRemoteStart", "AuthCtrlr.LocalAuthorizeOffline",
            "AuthCtrlr.LocalPreAuthorize", "ChargingStation.AvailabilityState",
            "ChargingStation.Available", "ChargingStation.SupplyPhases", "ClockCtrlr.DateTime",
            "ClockCtrlr.TimeSource", "Connector.Available", "Connector.ConnectorType",
            "Connector.SupplyPhases", "DeviceDataCtrlr.BytesPerMessage[GetReport]",
            "DeviceDataCtrlr.BytesPerMessage[GetVariables]",
            "DeviceDataCtrlr.BytesPerMessage[SetVariables]",
            "DeviceDataCtrlr.ItemsPerMessage[GetReport]",
            "DeviceDataCtrlr.ItemsPerMessage[GetVariables]",
            "DeviceDataCtrlr.ItemsPerMessage[SetVariables]", "EVSE.AvailabilityState",
            "EVSE.Available", "EVSE.Power", "EVSE.SupplyPhases",
            "LocalAuthListCtrlr.BytesPerMessage", "LocalAuthListCtrlr.Entries",
            "LocalAuthListCtrlr.ItemsPerMessage", "OCPPCommCtrlr.FileTransferProtocols",
            "OCPPCommCtrlr.MessageTimeout[Default]",
            "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
            "OCPPCommCtrlr.MessageAttempts[TransactionEvent]",
            "OCPPCommCtrlr.NetworkConfigurationPriority",
            "OCPPCommCtrlr.NetworkProfileConnectionAttempts", "OCPPCommCtrlr.OfflineThreshold",
            "OCPPCommCtrlr.ResetRetries", "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
            "SampledDataCtrlr.TxEndedInterval", "SampledDataCtrlr.TxEndedMeasurands",
            "SampledDataCtrlr.TxStartedMeasurands", "SampledDataCtrlr.TxUpdatedInterval",
            "SampledDataCtrlr.TxUpdatedMeasurands", "SecurityCtrlr.CertificateEntries",
            "SecurityCtrlr.OrganizationName", "SecurityCtrlr.SecurityProfile",
            "SmartChargingCtrlr.Entries[ChargingProfiles]",
            "SmartChargingCtrlr.LimitChangeSignificance", "SmartChargingCtrlr.PeriodsPerSchedule",
            "SmartChargingCtrlr.ProfileStackLevel", "SmartChargingCtrlr.RateUnit",
            "TxCtrlr.EVConnectionTimeOut", "TxCtrlr.StopTxOnEVSideDisconnect",
            "TxCtrlr.StopTxOnInvalidId", "TxCtrlr.TxStartPoint", "TxCtrlr.TxStopPoint",
        ]
        #expect(required.filter { !names.contains($0) } == [])
    }

    @Test("ConfigurationInventory lists what can be set, and only that (B07.FR.07)")
    func configuration() {
        var test = TestCore.online()
        test.request("GetBaseReport", ["requestId": 1, "reportBase": "ConfigurationInventory"])
        let data = test.calls("NotifyReport").flatMap { $0["reportData"]?.array ?? [] }
        #expect(!data.isEmpty)
        for entry in data {
            #expect(entry["variableAttribute"]?[0]?["mutability"]?.string != "ReadOnly")
        }
    }

    /// Request; how many of EVSE 1's and the station's variables come, or a status.
    @Test(
        "GetReport selects by criteria and by component and variable (B08)",
        arguments: [
            (
                #"{"requestId":1,"componentVariable":[{"component":{"name":"EVSE"},"variable":{"name":"AvailabilityState"}}]}"#,
                "Accepted", 2
            ),
            (
                #"{"requestId":1,"componentVariable":[{"component":{"name":"EVSE","evse":{"id":2}},"variable":{"name":"AvailabilityState"}}]}"#,
                "Accepted", 1
            ),
            (
                #"{"requestId":1,"componentVariable":[{"component":{"name":"Connector","evse":{"id":1}}}]}"#,
                "Accepted", 5
            ),
            (
                #"{"requestId":1,"componentVariable":[{"component":{"name":"OCPPCommCtrlr"},"variable":{"name":"MessageTimeout"}}]}"#,
                "Accepted", 1
            ),
            (
                #"{"requestId":1,"componentVariable":[{"component":{"name":"DeviceDataCtrlr"},"variable":{"name":"ItemsPerMessage"}}]}"#,
                "Accepted", 3
            ),
            (
                #"{"requestId":1,"componentVariable":[{"component":{"name":"Nonsense"}}]}"#,
                "EmptyResultSet", 0
            ),
            (#"{"requestId":1,"componentCriteria":["Problem"]}"#, "EmptyResultSet", 0),
            (
                #"{"requestId":1,"componentCriteria":["Available"],"componentVariable":[{"component":{"name":"MonitoringCtrlr"}}]}"#,
                "EmptyResultSet", 0
            ),
            (
                #"{"requestId":1,"componentCriteria":["Enabled","Problem"],"componentVariable":[{"component":{"name":"AuthCacheCtrlr"},"variable":{"name":"Enabled"}}]}"#,
                "Accepted", 1
            ),
        ])
    func report(request: String, status: String, count: Int) throws {
        var test = TestCore.online(evses: [EVSEConfiguration(), EVSEConfiguration()])
        let answer = test.request("GetReport", try JSONValue(parsing: request))
        #expect(answer?.payload["status"]?.string == status)
        let data = test.calls("NotifyReport").flatMap { $0["reportData"]?.array ?? [] }
        // A connector has one Problem variable beside its four of the board.
        #expect(data.count == count)
    }

    @Test("as many further tokens as are announced come with one (AuthCtrlr)", arguments: [0, 1])
    func additionalInfo(more: Int) throws {
        var test = TestCore.online()
        let most = test.request(
            "GetVariables",
            ["getVariableData": [Self.item("AuthCtrlr", "AdditionalInfoItemsPerMessage")]])
        let text = most?.payload["getVariableResult"]?[0]?["attributeValue"]?.string
        let count = try #require(text.flatMap { Int($0) }) + more
        let info: JSONValue = ["additionalIdToken": "1", "type": "t"]
        let answer = test.request(
            "RequestStartTransaction",
            [
                "remoteStartId": 1, "evseId": 1,
                "idToken": [
                    "idToken": "A", "type": "Central",
                    "additionalInfo": .array(Array(repeating: info, count: count)),
                ],
            ])
        #expect(answer?.type == (more == 0 ? 3 : 4))
    }

    @Test("of a variable with instances one that is true is enough for its criterion (B08.FR.09)")
    func criterionOfInstances() {
        var test = TestCore.online(
            variables: ["TariffCostCtrlr.Enabled[Cost]": "true"],
            displays: [DisplayConfiguration(name: "display-1")])
        let answer = test.request(
            "GetReport",
            [
                "requestId": 1, "componentCriteria": ["Enabled"],
                "componentVariable": [Self.item("TariffCostCtrlr", "Currency")],
            ])
        #expect(answer?.payload["status"]?.string == "Accepted")
        test.run(1)
        let names = test.calls("NotifyReport").first?["reportData"]?.array?.compactMap {
            $0["variable"]?["name"]?.string
        }
        #expect(names == ["Currency"])
    }

    @Test("a component with a fault meets the criterion Problem (B08.FR.10)")
    func problem() {
        var test = TestCore.online()
        test.places[0].faults.raise(.contactorDidNotClose)
        test.run(1)
        let answer = test.request(
            "GetReport", ["requestId": 1, "componentCriteria": ["Problem"]])
        #expect(answer?.payload["status"]?.string == "Accepted")
        let data = test.calls("NotifyReport").flatMap { $0["reportData"]?.array ?? [] }
        #expect(data.first?["component"]?["name"]?.string == "PowerContactor")
    }

    /// Factory values from the command line; what is wrong with them.
    @Test(
        "factory values are checked, with the nearest known name",
        arguments: [
            ("OCPPCommCtrlr.OfflineThreshold", "60", nil),
            ("TxCtrlr.TxStartPoint", "Authorized", nil),
            ("ChargingStation.Model", "X", nil),
            ("OCPPCommCtrlr.OfflineThreshold", "x", "no whole number"),
            ("OCPPCommCtrlr.OfflineThreshold", "-1", "outside 0...86400"),
            ("OCPPCommCtrlr.OflineThreshold", "60", "OCPPCommCtrlr.OfflineThreshold"),
            ("AuthCtrlr.LocalPreAuthorise", "true", "AuthCtrlr.LocalPreAuthorize"),
        ] as [(String, String, String?)])
    func factory(name: String, value: String, problem: String?) throws {
        let test = TestCore()
        let model = DeviceModel(
            test.configuration.station, test.configuration.identity, slots: [1])
        let text = model.check(try #require(VariableName(name)), value)
        if let problem {
            #expect(text?.contains(problem) == true, "\(text ?? "nothing")")
        } else {
            #expect(text == nil)
        }
    }
}
