import EVSEModel
import JSON

extension Catalogue {
    /// Cases of stations that have several outlets below one feed, and perhaps one reader for all.
    static let severalOutlets: [Case] = [
        Case(
            "HW_20", "Two vehicles below one feed", requirements: ["K04.FR.05", "IEC 61851-1"],
            when: "HFS-8 > 1 and NOT vehicle-communication",
            stimulus: "a second vehicle charges beside the first, then the first stops asking",
            expectation:
                "both get a share, never more together than the feed; then one gets all it may"
        ) { bench in
            try await bench.boot()
            try await bench.chargeBoth()
            let feed = try await bench.feedLimit()
            let both = try await bench.rig.state()
            try bench.require(
                bench.offered(both, "1/1") + bench.offered(both, "2/1") <= feed + 0.1,
                "together they are offered more than the feed's \(feed) A")
            try await bench.expectThroughout("\(feed) A together", for: .seconds(2)) {
                bench.drawn($0, "1/1") + bench.drawn($0, "2/1") <= feed + 0.5
            }
            let shared = bench.offered(try await bench.rig.state(), "2/1")
            try await bench.rig.vehicle("1/1", ["ready": false])
            let time = try await bench.timeToRise(.seconds(40))
            try await bench.expectWorld("the other gets more", within: time) {
                bench.offered($0, "2/1") > shared
            }
        },
        Case(
            "HW_21", "A shared feed under changing limits",
            requirements: ["K01.FR.39", "K04.FR.05"],
            when: "HFS-8 > 1 and SC-0 and NOT vehicle-communication",
            stimulus:
                "ChargingStationMaxProfile 20 A, then 14 A, then none, while two vehicles charge",
            expectation: "the sum follows in the time that a vehicle has, and stays there"
        ) { bench in
            try await bench.boot()
            try await bench.chargeBoth()
            for limit in [20, 14] {
                try await bench.setProfile(
                    chargingProfile(id: 30, purpose: "ChargingStationMaxProfile", limit: limit),
                    evse: 0, "Accepted")
                try await bench.expectWorld("\(limit) A together", within: .seconds(20)) {
                    bench.drawn($0, "1/1") + bench.drawn($0, "2/1") <= Double(limit) + 0.5
                        && bench.drawn($0, "1/1") > 5 && bench.drawn($0, "2/1") > 5
                }
                try await bench.expectThroughout("\(limit) A together", for: .seconds(2)) {
                    bench.drawn($0, "1/1") + bench.drawn($0, "2/1") <= Double(limit) + 0.5
                }
            }
            let answer = try await bench.call("ClearChargingProfile", ["chargingProfileId": 30])
            try bench.require(answer["status"], equals: "Accepted", "ClearChargingProfile")
            let time = try await bench.timeToRise(.seconds(40))
            try await bench.expectWorld("more than 14 A again", within: time) {
                bench.drawn($0, "1/1") + bench.drawn($0, "2/1") > 20
            }
        },
        Case(
            "HW_22", "One reader: the waiting cable is meant", requirements: ["E02", "E03"],
            when: "HFS-8 > 1 and HFS-10 == Single",
            stimulus: "a cable in the second outlet, then a card at the only reader",
            expectation: "the transaction is the second EVSE's; the first outlet stays Available"
        ) { bench in
            try await bench.boot()
            try await bench.rig.plug("2/1")
            try await bench.expectStatus("Occupied", evse: 2)
            try await bench.tap("04A2B3C4D5E6F7")
            let started = try await bench.expectTransaction("Started")
            try bench.require(started["evse"]?["id"], equals: 2, "the transaction's EVSE")
            try await bench.expectWorld(
                "the second car draws current", within: bench.timeToCharge(.seconds(20))
            ) {
                bench.drawn($0, "2/1") > 5 && bench.drawn($0, "1/1") == 0
            }
        },
        Case(
            "HW_23", "One reader: the next cable is meant", requirements: ["E03"],
            when: "HFS-8 > 1 and HFS-10 == Single",
            stimulus: "while the first outlet charges: another card, then a cable in the second",
            expectation: "one transaction each; the second knows its EVSE when the cable comes",
            settings: ["ocpp.variables.TxCtrlr.TxStartPoint=Authorized"]
        ) { bench in
            try await bench.boot()
            let first = try await bench.charge()
            try await bench.tap("04FFEEDDCCBBAA")
            let started = try await bench.expectTransaction("Started")
            let second = try bench.transactionID(started)
            try bench.require(second != first, "the card began no transaction of its own")
            try await bench.rig.plug("2/1")
            let known = try await bench.expect("TransactionEvent", "of the second outlet") {
                $0["transactionInfo"]?["transactionId"] == .string(second)
                    && $0["evse"] != nil
            }
            try bench.require(known["evse"]?["id"], equals: 2, "the second transaction's EVSE")
            try await bench.expectWorld(
                "both draw current", within: bench.timeToCharge(.seconds(30))
            ) {
                bench.drawn($0, "1/1") > 5 && bench.drawn($0, "2/1") > 5
            }
            // Each card stops its own.
            try await bench.tap("04FFEEDDCCBBAA")
            let ended = try await bench.expectTransaction("Ended", within: .seconds(20))
            try bench.require(
                try bench.transactionID(ended) == second, "the wrong transaction ended")
        },
        Case(
            "HW_24", "One outlet's fault leaves the other alone", requirements: ["G01"],
            when: "HFS-8 > 1 and NOT evse-controller and NOT vehicle-communication",
            stimulus: "a residual current trips at the first outlet while both charge",
            expectation: "the first stops and is Faulted; the second goes on"
        ) { bench in
            try await bench.boot()
            try await bench.chargeBoth()
            let trip = try await bench.fault("rdc-1", "trip")
            try await bench.expectStatus("Faulted", evse: 1)
            try await bench.expectWorld("the second goes on") {
                bench.drawn($0, "1/1") == 0 && bench.drawn($0, "2/1") > 5
            }
            try await bench.clear(trip)
        },
    ]
}

extension CaseContext {
    func outlet(_ state: JSONValue, _ id: String) -> JSONValue {
        state["connectors"]?.array?.first { $0["id"]?.string == id } ?? .null
    }
    func offered(_ state: JSONValue, _ id: String) -> Double {
        outlet(state, id)["offered"]?.number?.double ?? 0
    }
    func drawn(_ state: JSONValue, _ id: String) -> Double {
        outlet(state, id)["drawn"]?.number?.double ?? 0
    }

    /// The breaker above the outlets, per phase, in amperes.
    func feedLimit() async throws -> Double {
        guard let limit = try await status()["feed"]?["limitA"]?.number?.double else {
            throw CaseFailure("the station's status names no feed")
        }
        return limit
    }

    /// A vehicle charges at either outlet, on all phases that they have.
    func chargeBoth() async throws {
        let ev: JSONValue = ["phases": 3]
        for (outlet, uid) in [("1/1", "04A2B3C4D5E6F7"), ("2/1", "04FFEEDDCCBBAA")] {
            note("plug \(outlet)")
            try await rig.plug(outlet, ev: ev)
            try await expectStatus("Occupied", evse: outlet == "1/1" ? 1 : 2)
            try await tap(uid)
            try await expectTransaction("Updated", charging: "Charging", within: .seconds(40))
        }
        try await expectWorld("both draw current", within: timeToCharge(.seconds(40))) {
            drawn($0, "1/1") > 5 && drawn($0, "2/1") > 5
        }
    }
}
