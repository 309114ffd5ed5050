import EVSEModel
import JSON

extension Catalogue {
    static let dataTransfer: [Case] = [
        Case(
            "TC_P_01_CS", "Data transfer of an unknown vendor", requirements: ["P01.FR.05"],
            stimulus: "DataTransfer with a vendorId that nobody knows",
            expectation: "UnknownVendorId"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call("DataTransfer", ["vendorId": "org.example.unknown"])
            try bench.require(answer["status"], equals: "UnknownVendorId", "DataTransfer")
        },
        Case(
            "TC_P_03_CS", "Custom data is tolerated", requirements: ["RPC.CustomData"],
            stimulus: "GetVariables with customData", expectation: "answered as without"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call(
                "GetVariables",
                [
                    "getVariableData": [
                        [
                            "component": ["name": "OCPPCommCtrlr"],
                            "variable": ["name": "OfflineThreshold"],
                            "customData": ["vendorId": "org.example", "anything": [1, 2, 3]],
                        ]
                    ],
                    "customData": ["vendorId": "org.example"],
                ])
            try bench.require(
                answer["getVariableResult"]?[0]?["attributeStatus"], equals: "Accepted",
                "the status")
        },
        Case(
            "FC_J4_01", "Messages that break the rules", requirements: ["RPC.CALLERROR"],
            stimulus: "requests with wrong type, length, field, action, and text that is no JSON",
            expectation: "the right CALLERROR for each, and the station goes on"
        ) { bench in
            try await bench.boot()
            let table: [(String, JSONValue, Set<String>)] = [
                ("NoSuchAction", [:], ["NotImplemented"]),
                ("Reset", ["type": 5], ["TypeConstraintViolation"]),
                ("Reset", ["type": "Sideways"], ["PropertyConstraintViolation"]),
                (
                    "Reset", [:],
                    [
                        "OccurrenceConstraintViolation", "OccurenceConstraintViolation",
                        "FormatViolation",
                    ]
                ),
                (
                    "Reset", ["type": "OnIdle", "speed": 3],
                    [
                        "FormatViolation", "OccurrenceConstraintViolation",
                        "PropertyConstraintViolation",
                    ]
                ),
                (
                    "GetVariables", ["getVariableData": []],
                    [
                        "OccurrenceConstraintViolation", "OccurenceConstraintViolation",
                        "PropertyConstraintViolation",
                    ]
                ),
                (
                    "GetTransactionStatus",
                    ["transactionId": .string(String(repeating: "x", count: 37))],
                    ["PropertyConstraintViolation"]
                ),
                ("Get15118EVCertificate", [:], ["NotSupported", "NotImplemented"]),
            ]
            for (action, payload, codes) in table {
                let code = try await bench.callError(action, payload)
                try bench.require(
                    codes.contains(code), "\(action) \(payload.text) was answered \(code)")
            }
            await bench.csms.connection?.send("this is no JSON")
            let value = try await bench.read("OCPPCommCtrlr", "OfflineThreshold")
            try bench.require(Int(value) != nil, "the station no longer answers")
        },
    ]
}
