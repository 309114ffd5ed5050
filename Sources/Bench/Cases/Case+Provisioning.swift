import EVSEModel
import JSON

extension Catalogue {
    static let provisioning: [Case] = [
        Case(
            "TC_B_01_CS", "Cold boot accepted", requirements: ["B01.FR.01", "B01.FR.05"],
            stimulus: "power up",
            expectation: "BootNotification PowerUp, then every connector's status"
        ) { bench in
            try await bench.start()
            let boot = try await bench.expect("BootNotification")
            try bench.require(boot["reason"], equals: "PowerUp", "the boot's reason")
            let status = try await bench.expect("StatusNotification")
            try bench.require(status["evseId"], equals: 1, "evseId")
            try bench.require(status["connectorId"], equals: 1, "connectorId")
            try bench.require(status["connectorStatus"], equals: "Available", "the status")
        },
        Case(
            "TC_B_02_CS", "Cold boot pending",
            requirements: ["B02.FR.02", "B02.FR.01", "B02.FR.03", "B02.FR.05"],
            stimulus: "BootNotification is answered Pending, interval 3",
            expectation: "nothing unsolicited, requests answered, a new boot after the interval"
        ) { bench in
            await bench.csms.answer(
                "BootNotification", BenchCSMS.bootAnswer("Pending", interval: 3))
            try await bench.start()
            try await bench.expect("BootNotification")
            let variable = try await bench.call(
                "GetVariables", variable("OCPPCommCtrlr", "HeartbeatInterval"))
            try bench.require(
                variable["getVariableResult"]?[0]?["attributeStatus"], equals: "Accepted",
                "GetVariables while pending")
            let start = try await bench.call(
                "RequestStartTransaction",
                ["remoteStartId": 1, "idToken": token("04AABBCC"), "evseId": 1])
            try bench.require(start["status"], equals: "Rejected", "a remote start while pending")
            await bench.csms.answer(
                "BootNotification", BenchCSMS.bootAnswer("Accepted", interval: 300))
            let next = try await bench.expect("BootNotification", within: .seconds(8))
            try bench.require(next["reason"], equals: "PowerUp", "the second boot's reason")
            let messages = await bench.csms.log.filter { $0.fromStation && $0.kind == .call }
            try bench.require(
                messages.prefix(2).allSatisfy { $0.action == "BootNotification" },
                "unsolicited while pending: \(messages.prefix(2).map(\.action))")
            try await bench.expectStatus("Available")
        },
        Case(
            "TC_B_03_CS", "Cold boot rejected", requirements: ["B03.FR.02", "B03.FR.03"],
            stimulus: "BootNotification is answered Rejected, interval 3",
            expectation: "silence until the interval has passed, then a new BootNotification"
        ) { bench in
            await bench.csms.answer(
                "BootNotification", BenchCSMS.bootAnswer("Rejected", interval: 3))
            try await bench.start()
            try await bench.expect("BootNotification")
            try await bench.expectNone("sent while rejected", for: Milliseconds(2000)) { _ in true }
            await bench.csms.answer(
                "BootNotification", BenchCSMS.bootAnswer("Accepted", interval: 300))
            try await bench.expect("BootNotification", within: .seconds(8))
            try await bench.expectStatus("Available")
        },
        Case(
            "TC_B_30_CS", "CSMS request while rejected", requirements: ["B03.FR.07"],
            stimulus: "GetBaseReport while the boot is rejected",
            expectation: "CALLERROR SecurityError"
        ) { bench in
            await bench.csms.answer(
                "BootNotification", BenchCSMS.bootAnswer("Rejected", interval: 60))
            try await bench.start()
            try await bench.expect("BootNotification")
            let code = try await bench.callError(
                "GetBaseReport", ["requestId": 1, "reportBase": "FullInventory"])
            try bench.require(code == "SecurityError", "the code is \(code), not SecurityError")
        },
        Case(
            "TC_B_06_CS", "Read one variable", requirements: ["B06.FR.01"],
            stimulus: "GetVariables with one item", expectation: "one result with its value"
        ) { bench in
            try await bench.boot()
            let value = try await bench.read("OCPPCommCtrlr", "OfflineThreshold")
            try bench.require(Int(value) != nil, "OfflineThreshold is no number: \(value)")
        },
        Case(
            "TC_B_07_CS", "Read several variables", requirements: ["B06.FR.01", "B06.FR.02"],
            stimulus: "GetVariables with two items",
            expectation: "one result for each, in one response"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call(
                "GetVariables",
                [
                    "getVariableData": [
                        [
                            "component": ["name": "OCPPCommCtrlr"],
                            "variable": ["name": "OfflineThreshold"],
                        ],
                        [
                            "component": ["name": "AuthCtrlr"],
                            "variable": ["name": "AuthorizeRemoteStart"],
                        ],
                    ]
                ])
            let results = answer["getVariableResult"]?.array ?? []
            try bench.require(results.count == 2, "\(results.count) results for 2 items")
            for result in results {
                try bench.require(result["attributeStatus"], equals: "Accepted", "the status")
            }
        },
        Case(
            "TC_B_09_CS", "Write one variable", requirements: ["B05.FR.01", "B05.FR.02"],
            stimulus: "SetVariables with one item", expectation: "Accepted, and readable afterwards"
        ) { bench in
            try await bench.boot()
            try await bench.write("OCPPCommCtrlr", "OfflineThreshold", "123")
            let value = try await bench.read("OCPPCommCtrlr", "OfflineThreshold")
            try bench.require(value == "123", "OfflineThreshold reads \(value) after 123 was set")
        },
        Case(
            "TC_B_11_CS", "Write badly formatted values", requirements: ["B05.FR.07", "B05.FR.08"],
            stimulus: "SetVariables with a wrong type", expectation: "Rejected, value unchanged"
        ) { bench in
            try await bench.boot()
            let before = try await bench.read("OCPPCommCtrlr", "OfflineThreshold")
            for wrong in ["abc", "-5", "12.5", ""] {
                let status = try await bench.writeStatus("OCPPCommCtrlr", "OfflineThreshold", wrong)
                try bench.require(status == "Rejected", "\"\(wrong)\" was answered \(status)")
            }
            let after = try await bench.read("OCPPCommCtrlr", "OfflineThreshold")
            try bench.require(
                before == after, "OfflineThreshold changed from \(before) to \(after)")
        },
        refusal(
            "TC_B_32_CS", "Read from unknown component", "B06.FR.06", "NoSuchCtrlr", "Enabled", nil,
            "UnknownComponent"),
        refusal(
            "TC_B_33_CS", "Read unknown variable", "B06.FR.07", "OCPPCommCtrlr", "NoSuchVariable",
            nil, "UnknownVariable"),
        refusal(
            "TC_B_35_CS", "Write to unknown component", "B05.FR.04", "NoSuchCtrlr", "Enabled",
            "true", "UnknownComponent"),
        refusal(
            "TC_B_36_CS", "Write unknown variable", "B05.FR.05", "OCPPCommCtrlr", "NoSuchVariable",
            "1", "UnknownVariable"),
        refusal(
            "TC_B_39_CS", "Write read-only variable", "B05.FR.10", "OCPPCommCtrlr",
            "FileTransferProtocols", "HTTP", "Rejected"),
        Case(
            "TC_B_12_CS", "Configuration inventory", requirements: ["B07.FR.01", "B07.FR.07"],
            stimulus: "GetBaseReport ConfigurationInventory",
            expectation:
                "Accepted, then parts with rising seqNo and one requestId; only writable variables"
        ) { bench in
            try await bench.boot()
            let parts = try await bench.report("ConfigurationInventory", requestID: 71)
            let items = parts.flatMap { $0["reportData"]?.array ?? [] }
            try bench.require(items.count > 10, "only \(items.count) variables in the inventory")
            for (index, part) in parts.enumerated() {
                try bench.require(part["seqNo"], equals: JSONValue(index), "seqNo of part \(index)")
            }
            let fixed = items.first { item in
                item["variableAttribute"]?.array?.allSatisfy { $0["mutability"] == "ReadOnly" }
                    ?? false
            }
            try bench.require(fixed == nil, "read-only in the inventory: \(fixed?.text ?? "")")
        },
        Case(
            "TC_B_13_CS", "Full inventory", requirements: ["B07.FR.08"],
            stimulus: "GetBaseReport FullInventory",
            expectation: "all components and variables, each with its characteristics"
        ) { bench in
            try await bench.boot()
            let parts = try await bench.report("FullInventory", requestID: 72)
            let items = parts.flatMap { $0["reportData"]?.array ?? [] }
            let components = Set(items.compactMap { $0["component"]?["name"]?.string })
            for wanted in [
                "ChargingStation", "EVSE", "Connector", "OCPPCommCtrlr", "TxCtrlr", "SecurityCtrlr",
            ] {
                try bench.require(
                    components.contains(wanted), "no component \(wanted) in the report")
            }
            let bare = items.first { $0["variableCharacteristics"]?["dataType"] == nil }
            try bench.require(bare == nil, "no dataType: \(bare?.text ?? "")")
        },
        Case(
            "TC_B_20_CS", "Reset on idle, no transaction",
            requirements: ["B11.FR.01", "B01.FR.01"],
            stimulus: "Reset OnIdle",
            expectation: "Accepted, a new boot with reason RemoteReset, status reported"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call("Reset", ["type": "OnIdle"])
            try bench.require(answer["status"], equals: "Accepted", "Reset")
            let boot = try await bench.expect("BootNotification", within: .seconds(20))
            try bench.require(boot["reason"], equals: "RemoteReset", "the boot's reason")
            try await bench.expectStatus("Available")
        },
        Case(
            "TC_B_22_CS", "Immediate reset during transaction",
            requirements: ["B12.FR.03", "B12.FR.04"],
            stimulus: "Reset Immediate while charging",
            expectation: "Ended with ResetCommand and ImmediateReset before the reboot"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            let answer = try await bench.call("Reset", ["type": "Immediate"])
            try bench.require(answer["status"], equals: "Accepted", "Reset")
            let ended = try await bench.expectTransaction(
                "Ended", trigger: "ResetCommand", within: .seconds(20))
            try bench.require(
                ended["transactionInfo"]?["transactionId"], equals: .string(id), "transactionId")
            try bench.require(
                ended["transactionInfo"]?["stoppedReason"], equals: "ImmediateReset",
                "stoppedReason")
            let boot = try await bench.expect("BootNotification", within: .seconds(20))
            try bench.require(boot["reason"], equals: "RemoteReset", "the boot's reason")
        },
        Case(
            "TC_B_28_CS", "EVSE reset unsupported", requirements: ["B11.FR.08"], when: "NOT C-13",
            stimulus: "Reset with evseId", expectation: "Rejected"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call("Reset", ["type": "Immediate", "evseId": 1])
            try bench.require(answer["status"], equals: "Rejected", "Reset of one EVSE")
        },
    ]

    /// A read (`value` nil) or write that must be refused with this status.
    private static func refusal(
        _ id: String, _ title: String, _ requirement: String, _ component: String,
        _ variable: String, _ value: String?, _ status: String
    ) -> Case {
        Case(
            id, title, requirements: [requirement],
            stimulus: "\(value == nil ? "GetVariables" : "SetVariables") \(component).\(variable)",
            expectation: status
        ) { bench in
            try await bench.boot()
            let answer =
                if let value {
                    try await bench.writeStatus(component, variable, value)
                } else {
                    try await bench.readStatus(component, variable)
                }
            try bench.require(answer == status, "the status is \(answer), not \(status)")
        }
    }
}
