import EVSEModel
import JSON

extension Catalogue {
    static let availability: [Case] = [
        Case(
            "TC_G_01_CS", "Available to occupied and back", requirements: ["G01.FR.01"],
            stimulus: "plug in, then unplug", expectation: "Occupied, then Available"
        ) { bench in
            try await bench.boot()
            try await bench.plug()
            try await bench.expectStatus("Occupied")
            try await bench.unplug()
            try await bench.pullOut()
            try await bench.expectStatus("Available")
        },
        inoperative("TC_G_03_CS", "EVSE to inoperative and operative", "G03.FR.01", ["id": 1]),
        inoperative(
            "TC_G_07_CS", "Connector to inoperative and operative", "G03.FR.01",
            ["id": 1, "connectorId": 1]),
        inoperative("TC_G_05_CS", "Station to inoperative and operative", "G04.FR.01", nil),
        Case(
            "TC_G_11_CS", "EVSE inoperative while charging", requirements: ["G03.FR.05"],
            stimulus: "ChangeAvailability Inoperative while charging",
            expectation: "Scheduled; Unavailable when the transaction has ended and the plug is out"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            let answer = try await bench.call(
                "ChangeAvailability", ["operationalStatus": "Inoperative", "evse": ["id": 1]])
            try bench.require(answer["status"], equals: "Scheduled", "ChangeAvailability")
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(20))
            try await bench.unplug()
            try await bench.expectStatus("Unavailable", within: .seconds(20))
        },
        Case(
            "TC_G_18_CS", "EVSE state survives a power cycle", requirements: ["G03.FR.08"],
            stimulus: "Inoperative, then the station is killed and started again",
            expectation: "Unavailable after the boot"
        ) { bench in
            try await bench.boot()
            try await bench.call(
                "ChangeAvailability", ["operationalStatus": "Inoperative", "evse": ["id": 1]])
            try await bench.expectStatus("Unavailable")
            try bench.kill()
            try await bench.start()
            try await bench.expect("BootNotification", within: .seconds(20))
            try await bench.expectStatus("Unavailable")
        },
    ]

    /// Inoperative, refused again as already so, and operative again.
    private static func inoperative(
        _ id: String, _ title: String, _ requirement: String, _ evse: JSONValue?
    ) -> Case {
        Case(
            id, title, requirements: [requirement],
            stimulus: "ChangeAvailability Inoperative twice, then Operative",
            expectation: "Accepted each time; Unavailable, then Available"
        ) { bench in
            func change(_ status: String) async throws {
                var request: JSONObject = ["operationalStatus": .string(status)]
                request["evse"] = evse
                let answer = try await bench.call("ChangeAvailability", .object(request))
                try bench.require(
                    answer["status"], equals: "Accepted", "ChangeAvailability \(status)")
            }
            try await bench.boot()
            try await change("Inoperative")
            try await bench.expectStatus("Unavailable")
            try await change("Inoperative")
            try await change("Operative")
            try await bench.expectStatus("Available")
            try await change("Operative")
        }
    }
}
