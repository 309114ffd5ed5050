import EVSEModel
import JSON

extension Catalogue {
    /// Cases of stations whose pilot and contactor an EVSE controller owns.
    static let controllers: [Case] = [
        Case(
            "HW_36", "EVSE controller reboots while charging", requirements: ["E02", "trap 33"],
            when: "evse-controller",
            stimulus: "the controller starts anew, its registers at their defaults, while charging",
            expectation: "it is found, set up and told again; the same transaction goes on"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            let device = try await bench.controller()
            let restart = try await bench.fault(device, "restart")
            try await bench.expectWorld("the controller started anew") {
                $0["controllers"]?[0]?["starts"]?.int == 2 && bench.drawn($0, "1/1") < 0.1
            }
            try await bench.clear(restart)
            try await bench.expectWorld("the car draws again", within: .seconds(40)) {
                bench.drawn($0, "1/1") > 5
            }
            try await bench.endsByCard(id)
        },
        Case(
            "HW_37", "EVSE controller's line is cut while charging", requirements: ["G01", "E02"],
            when: "evse-controller and controller-watchdog",
            stimulus: "nothing reaches the controller for longer than its watchdog waits",
            expectation:
                "it falls back to the board's current by itself, the CSMS is told; then it goes on"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            let device = try await bench.controller()
            let cut = try await bench.fault(device, "silent")
            try await bench.expectProblem(true, within: .seconds(30))
            try await bench.expectWorld("its own fallback holds", within: .seconds(70)) {
                $0["controllers"]?[0]?["fellBack"]?.bool == true
                    && bench.offered($0, "1/1") <= 6.1
            }
            try await bench.expectWorld("the car follows") { bench.drawn($0, "1/1") <= 6.5 }
            try await bench.expectThroughout("6 A of a line that is cut", for: .seconds(2)) {
                bench.drawn($0, "1/1") <= 6.5
            }
            try await bench.clear(cut)
            try await bench.expectProblem(false, within: .seconds(30))
            try await bench.expectWorld("the full offer again", within: .seconds(40)) {
                bench.drawn($0, "1/1") > 10
            }
            try await bench.endsByCard(id)
        },
        Case(
            "HW_38", "EVSE controller offers another current than commanded",
            requirements: ["K01.FR.39", "G01"], when: "evse-controller and SC-0",
            stimulus: "TxDefaultProfile 10 A, then the controller offers what it likes",
            expectation: "the CSMS is told and the connector Faulted; Available once that is over",
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            try await bench.setProfile(
                chargingProfile(id: 34, purpose: "TxDefaultProfile", limit: 10), evse: 1, "Accepted"
            )
            try await bench.expectWorld("10 A are drawn", within: .seconds(20)) {
                bench.drawn($0, "1/1") < 10.5 && bench.drawn($0, "1/1") > 5
            }
            let other = try await bench.fault(try await bench.controller(), "offers-other")
            try await bench.expectWorld("more is drawn than commanded", within: .seconds(20)) {
                bench.drawn($0, "1/1") > 12
            }
            try await bench.expectStatus("Faulted", within: .seconds(60))
            try await bench.clear(other)
            try await bench.expectWorld("nothing is drawn", within: .seconds(30)) {
                bench.drawn($0, "1/1") < 0.1
            }
            try await bench.unplug()
            try await bench.pullOut()
            try await bench.expectStatus("Available", within: .seconds(30))
        },
        Case(
            "HW_39", "Emergency stop, told to an EVSE controller",
            requirements: ["IEC 61851-1", "G01"], when: "evse-controller",
            stimulus: "the emergency stop is pressed while charging",
            expectation:
                "the offer goes with the next poll, the contactor opens in the vehicle's time; Faulted"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            let pressed = try await bench.fault("stop-1", "pressed")
            try await bench.expectWorld("nothing is offered", within: .seconds(4)) {
                bench.offered($0, "1/1") < 0.1
            }
            try await bench.expectWorld("the contactor is open", within: .seconds(10)) {
                bench.connector(of: $0)["contactor"] == "open"
            }
            try await bench.expectStatus("Faulted")
            try await bench.clear(pressed)
        },
    ]
}

extension CaseContext {
    /// The name of the first EVSE controller.
    fileprivate func controller() async throws -> String {
        guard let name = try await rig.state()["controllers"]?[0]?["device"]?.string else {
            throw CaseFailure("the rig names no EVSE controller")
        }
        return name
    }

    /// The station says that the controller's problem holds, or is over.
    fileprivate func expectProblem(_ holds: Bool, within limit: Milliseconds) async throws {
        let wanted: JSONValue = holds ? "true" : "false"
        try await expect("NotifyEvent", within: limit, "Controller Problem \(holds)") {
            $0["eventData"]?.array?.contains {
                $0["component"]?["name"] == "Controller" && $0["actualValue"] == wanted
            } ?? false
        }
    }

    /// The card that began the transaction ends it, and nothing of it is missing.
    fileprivate func endsByCard(_ id: String) async throws {
        try await tap("04A2B3C4D5E6F7")
        let ended = try await expectTransaction("Ended", within: .seconds(30))
        try require(
            ended["transactionInfo"]?["transactionId"], equals: .string(id), "transactionId")
        try await expectSequence(of: id)
    }
}
