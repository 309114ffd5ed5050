import EVSEModel
import JSON

extension Catalogue {
    /// Cases of stations that charge with direct current: sessions, and how power is shared.
    static let directCurrent: [Case] = [
        Case(
            "HW_70", "A session of direct current", requirements: ["E01", "J02", "IEC 61851-23"],
            when: "vehicle-communication",
            stimulus: "a vehicle with a battery at 400 V is plugged, a card taken twice, unplugged",
            expectation:
                "cable check and precharge before energy, SoC told, contactors open without load",
            settings: [
                "ocpp.variables.SampledDataCtrlr.TxUpdatedInterval=1",
                "ocpp.variables.SampledDataCtrlr.TxUpdatedMeasurands=Energy.Active.Import.Register,SoC",
            ]
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect()
            try await bench.expect("TransactionEvent", within: .seconds(20), "state of charge") {
                $0["meterValue"]?.array?.contains {
                    $0["sampledValue"]?.array?.contains { $0["measurand"] == "SoC" } ?? false
                } ?? false
            }
            let charging = try await bench.rig.state()
            let difference = bench.vehicle(charging)["closedAtDifference"]?.number?.double ?? 999
            try bench.require(
                abs(difference) <= 20, "the vehicle closed at \(difference) V, more than 20 V off")
            try await bench.endsDirect(id)
            let ended = try await bench.rig.state()
            let contactor = bench.direct(ended)["contactor"]
            try bench.require(
                contactor?["openedUnderLoad"], equals: 0, "openings under more than 5 A")
            try await bench.unplug()
            try await bench.expectStatus("Available")
        },
        Case(
            "HW_77", "A vehicle lies about what it stands", requirements: ["IEC 61851-23"],
            when: "vehicle-communication",
            stimulus: "a vehicle that asks for more current than it said it stands",
            expectation: "it never gets more than it said, and it gets that"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect([
                "behaviour": "asks-too-much", "maxCurrent": 60,
            ])
            try await bench.expectWorld("most of it", within: .seconds(30)) {
                bench.outletCurrent($0) > 50
            }
            // 60 A, and what a source's regulation may be off.
            try await bench.expectThroughout("60 A at most", for: .seconds(8)) {
                let current = bench.outletCurrent($0)
                try bench.require(current < 62, "\(current) A flow, 60 A are what it stands")
                return current > 30
            }
            try await bench.endsDirect(id)
        },
        Case(
            "HW_78", "Two vehicles share the power, and one leaves", requirements: ["K04.FR.05"],
            when: "HFS-8 > 1 and vehicle-communication",
            stimulus: "a vehicle takes all it can get, a second one comes, then the first leaves",
            expectation:
                "both get a part, together no more than there is; then the second gets more; the "
                + "outlets are never on one busbar, no source serves two"
        ) { bench in
            try await bench.boot()
            let strong: JSONValue = ["maxCurrent": 500, "maxPower": 400_000, "maxVoltage": 800]
            let first = try await bench.chargeDirect(strong)
            try await bench.expectWorld("the first has much", within: .seconds(90)) {
                bench.outletCurrent($0) > 200
            }
            _ = try await bench.chargeDirect(strong, outlet: "2/1", uid: "04FFEEDDCCBBAA")
            try await bench.expectWorld("both have a part", within: .seconds(120)) {
                bench.outletCurrent($0) > 50 && bench.outletCurrent($0, "2/1") > 50
            }
            try await bench.expectThroughout("no more than there is", for: .seconds(5)) { world in
                let sources = world["dc"]?["sources"]?.array ?? []
                let most = sources.reduce(0) { $0 + $1.double("availablePower") }
                let taken = bench.outletPower(world, "1/1") + bench.outletPower(world, "2/1")
                try bench.require(taken <= most * 1.01, "\(taken) W are taken of \(most) W")
                return sources.allSatisfy { ($0["feeds"]?.array?.count ?? 0) <= 1 }
            }
            let shared = bench.outletCurrent(try await bench.rig.state(), "2/1")
            try await bench.endsDirect(first)
            try await bench.expectWorld("the other gets more", within: .seconds(120)) {
                bench.outletCurrent($0, "2/1") > shared + 20
            }
            let state = try await bench.rig.state()
            try bench.require(
                state["dc"]?["parallelings"], equals: 0, "times that both were on one busbar")
        },
        Case(
            "HW_79", "A second plug while the other cable charges", requirements: ["G01", "E02"],
            when: "several-cables and vehicle-communication",
            stimulus: "a vehicle is plugged to the EVSE's other connector while the first charges",
            expectation: "the session goes on; the second has no voltage"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect()
            bench.note("plug 1/2")
            try await bench.rig.plug("1/2", ev: ["dc": .object([:])])
            try await bench.expectThroughout("the first charges alone", for: .seconds(5)) {
                bench.isDead($0, "1/2") && bench.outletCurrent($0) > 5
            }
            try await bench.requireRunning(id)
            try await bench.endsDirect(id)
        },
        Case(
            "HW_81", "Two vehicles of direct current below one breaker",
            requirements: ["K04.FR.05", "IEC 60898-1"],
            when: "HFS-8 > 1 and vehicle-communication",
            stimulus: "two vehicles that take all they can get, behind a breaker of 150 A",
            expectation: "both charge, and the breaker's current is never exceeded",
            settings: ["feed.limit=150 A"]
        ) { bench in
            try await bench.boot()
            let feed = try await bench.feedLimit()
            _ = try await bench.chargeDirect(bench.strong)
            _ = try await bench.chargeDirect(bench.strong, outlet: "2/1", uid: "04FFEEDDCCBBAA")
            try await bench.expectWorld("both have a part", within: .seconds(120)) {
                bench.outletCurrent($0) > 20 && bench.outletCurrent($0, "2/1") > 20
            }
            try await bench.expectThroughout("\(feed) A at most", for: .seconds(10)) {
                let taken = bench.feedCurrent($0)
                try bench.require(taken <= feed + 1, "\(taken) A are taken of \(feed) A")
                return true
            }
        },
        Case(
            "HW_82", "A limit in watts reaches the power sources",
            requirements: ["K01.FR.10", "K01.FR.27"], when: "SC-0 and vehicle-communication",
            stimulus: "TxDefaultProfile 40 kW while a vehicle takes more, then cleared",
            expectation: "40 kW at most within 14 s, of outlet and sources; then more again"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect()
            try await bench.expectWorld("more than 60 kW", within: .seconds(60)) {
                bench.outletPower($0) > 60_000
            }
            try await bench.setProfile(
                chargingProfile(id: 40, purpose: "TxDefaultProfile", limit: 40_000, unit: "W"),
                evse: 1, "Accepted")
            try await bench.expectWorld("40 kW", within: .seconds(14)) {
                bench.outletPower($0) < 40_500 && bench.outletPower($0) > 25_000
            }
            try await bench.expectThroughout("40 kW", for: .seconds(4)) { world in
                let given = (world["dc"]?["sources"]?.array ?? []).reduce(0) {
                    $0 + $1.double("voltage") * $1.double("current")
                }
                return bench.outletPower(world) < 40_500 && given < 42_000
            }
            let answer = try await bench.call("ClearChargingProfile", ["chargingProfileId": 40])
            try bench.require(answer["status"], equals: "Accepted", "ClearChargingProfile")
            try await bench.expectWorld("more again", within: .seconds(30)) {
                bench.outletPower($0) > 60_000
            }
            try await bench.endsDirect(id)
        },
    ]
}
