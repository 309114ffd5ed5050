import EVSEModel
import JSON

extension Catalogue {
    /// What bounds the station beside its own breaker, while a car charges.
    static let supply: [Case] = [
        Case(
            "HW_28", "Dimmed by the grid's operator",
            requirements: ["§ 14a EnWG", "BK6-22-300", "K11.FR.02", "K13.FR.02"],
            when: "dimming",
            stimulus: "the dimming contact closes while a car charges, and opens",
            expectation:
                "4.2 kW at most within 12 s, and why on status, displays and to the CSMS; later all again",
            settings: ["feed.dimming.power=4200 W", "feed.dimming.release-dwell=3 s"]
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge(ev: threePhases)
            let time = try await bench.timeToRise(.seconds(20))
            try await bench.expectWorld("more than 4.2 kW drawn", within: time) {
                bench.power($0) > 5000
            }
            bench.note("dimming contact closed")
            try await bench.rig.dim(true)
            let notice = try await bench.expect("NotifyChargingLimit")
            try bench.require(
                notice["chargingLimit"],
                equals: ["chargingLimitSource": "SO", "isGridCritical": true], "chargingLimit")
            try await bench.expectWorld("4.2 kW at most") { bench.power($0) < 4250 }
            try await bench.expectThroughout("4.2 kW at most", for: .seconds(4)) {
                bench.power($0) < 4250
            }
            try await bench.expectCause("dimming")
            try await bench.expectDisplays(["because of the grid"])
            bench.note("dimming contact open")
            try await bench.rig.dim(false)
            let cleared = try await bench.expect("ClearedChargingLimit")
            try bench.require(cleared["chargingLimitSource"], equals: "SO", "chargingLimitSource")
            try await bench.expectWorld("all again", within: time) { bench.power($0) > 5000 }
            try await bench.requireRunning(id)
        },
        Case(
            "HW_29", "Dimmed to nothing", requirements: ["E02.FR.13", "IEC 61851-1"],
            when: "dimming",
            stimulus: "a contact that leaves nothing closes while a car charges, and opens",
            expectation: "SuspendedEVSE with the contactor open, then Charging; one transaction",
            settings: [
                "feed.dimming.current=0 A", "feed.dimming.release-dwell=3 s",
                "feed.resume-dwell=5 s",
            ]
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge(ev: threePhases)
            try await bench.rig.dim(true)
            try await bench.expectTransaction("Updated", charging: "SuspendedEVSE")
            try await bench.expectWorld("nothing drawn, the contactor open") {
                bench.power($0) < 10 && bench.outlet($0, "1/1")["contactor"] == "open"
            }
            try await bench.expectCause("dimming")
            try await bench.expectDisplays(["Charging is paused", "Paused"])
            try await bench.rig.dim(false)
            try await bench.expectTransaction("Updated", charging: "Charging", within: .seconds(40))
            try await bench.expectWorld("the car draws again", within: .seconds(20)) {
                bench.drawn($0, "1/1") > 5
            }
            try await bench.requireRunning(id)
        },
        Case(
            "HW_30", "A load behind the house's breaker", requirements: ["IEC 60898-1"],
            when: "house",
            stimulus: "30 A more are drawn behind a breaker of 50 A while a car charges",
            expectation: "the breaker's 50 A hold again within 25 s, and why is told",
            settings: [
                "feed.house.limit=50 A", "feed.house.fallback=16 A", "feed.house.raise-dwell=5 s",
            ]
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge(ev: threePhases)
            let time = try await bench.timeToRise(.seconds(20))
            try await bench.expectWorld("more than 22 A drawn", within: time) {
                bench.drawn($0, "1/1") > 22
            }
            bench.note("30 A more in the house")
            try await bench.rig.house(load: [30, 30, 30])
            try await bench.expectWorld("50 A at most", within: .seconds(25)) {
                bench.house($0).allSatisfy { $0 <= 50 }
            }
            try await bench.expectThroughout("50 A at most", for: .seconds(8)) {
                bench.house($0).allSatisfy { $0 <= 50 } && bench.drawn($0, "1/1") > 6
            }
            try await bench.expectCause("houseLimit")
            try await bench.expectDisplays(["house's other"])
            try await bench.rig.house(load: [0, 0, 0])
            try await bench.expectWorld("more than 22 A again", within: time) {
                bench.drawn($0, "1/1") > 22
            }
            try await bench.requireRunning(id)
        },
        Case(
            "HW_31", "The house's meter lost", requirements: ["N07", "trap 33"], when: "house",
            stimulus: "the meter behind the house's breaker falls silent while a car charges",
            expectation: "the fallback, 8 A, and why; NotifyEvent and its end; then more again",
            settings: ["feed.house.fallback=8 A", "feed.house.raise-dwell=5 s"]
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge(ev: threePhases)
            let time = try await bench.timeToRise(.seconds(20))
            try await bench.expectWorld("more than 10 A drawn", within: time) {
                bench.drawn($0, "1/1") > 10
            }
            let meter = try await bench.rig.state()["meters"]?.array?.first { $0["evse"] == .null }
            let silence = try await bench.fault(meter?["device"]?.string ?? "", "silent")
            try await bench.expectProblem("ElectricalFeed", true)
            try await bench.expectWorld("8 A at most") { bench.drawn($0, "1/1") < 8.1 }
            try await bench.expectThroughout("the fallback", for: .seconds(4)) {
                bench.drawn($0, "1/1") < 8.1 && bench.drawn($0, "1/1") > 5
            }
            try await bench.expectCause("houseLimit")
            let house = try await bench.status()["supply"]?["house"]
            try bench.require(house?["isStale"], equals: true, "the house's meter is stale")
            try await bench.clear(silence)
            try await bench.expectProblem("ElectricalFeed", false)
            try await bench.expectWorld("more than 10 A again", within: time) {
                bench.drawn($0, "1/1") > 10
            }
            try await bench.requireRunning(id)
        },
        Case(
            "HW_32", "An energy manager, and its silence", requirements: ["docs/modbus-server.md"],
            when: "energy-manager",
            stimulus: "12 A, then 10 A by Modbus with signs of life, then silence for 6 s",
            expectation: "each limit is followed, kept alive, and told; then the fallback, 8 A",
            settings: [
                "feed.energy-manager.timeout=6 s", "feed.energy-manager.fallback-current=8 A",
            ]
        ) { bench in
            try await bench.boot()
            let manager = try bench.energyManager()
            try manager.limit(current: 12)
            try await bench.expectSilence(of: manager, false)
            let life = Task {
                while !Task.isCancelled {
                    try manager.signOfLife()
                    try await Task.sleep(for: .seconds(1))
                }
            }
            defer { life.cancel() }
            let id = try await bench.charge(ev: threePhases)
            try await bench.expectOffer(12, "by the energy manager")
            bench.note("10 A")
            try manager.limit(current: 10)
            try await bench.expectOffer(10, "by the energy manager")
            // Longer than the time-out: the signs of life keep it.
            try await bench.expectThroughout("the limit stands", for: .seconds(8)) {
                bench.drawn($0, "1/1") < 10.1 && bench.drawn($0, "1/1") > 9
            }
            try await bench.expectCause("externalLimit")
            try bench.require(
                try manager.read(EnergyManager.Register.cause(evse: 1)) == 14,
                "the register of the cause does not name the energy manager")
            try await bench.expectDisplays(["energy manager"])
            bench.note("silence")
            life.cancel()
            try await bench.expectSilence(of: manager, true)
            try await bench.expectOffer(8, "by the fallback")
            try await bench.expectCause("externalLimit")
            let status = try await bench.status()["supply"]?["energyManagerIsSilent"]
            try bench.require(status, equals: true, "energyManagerIsSilent")
            try await bench.requireRunning(id)
        },
        Case(
            "HW_33", "From three phases to one and back",
            requirements: ["E02.FR.18", "E02.FR.19", "IEC 61851-1"],
            when: "phase-contactor and energy-manager",
            stimulus: "an energy manager leaves 3 kW while a car charges with 11 kW, then 11 kW",
            expectation:
                "one phase, then three: switched dead, nothing offered for 10 s after it, the "
                + "books of one transaction right",
            settings: [
                "feed.energy-manager.timeout=600 s", "feed.resume-dwell=5 s",
                "supervision.phase-interval=60 s", "supervision.phase-pause=10 s",
                "supervision.phase-down-dwell=5 s", "supervision.phase-up-dwell=5 s",
                "ocpp.variables.SampledDataCtrlr.TxUpdatedInterval=2",
            ]
        ) { bench in
            try await bench.boot()
            // The meter's first reading takes a round of its bus.
            try await Task.sleep(for: .milliseconds(2500))
            let before = bench.register(try await bench.rig.state())
            let id = try await bench.charge(ev: ["phases": 3, "maxCurrent": 16])
            try await bench.expectPhases(3, power: 9000...11_500, since: 0)
            let manager = try bench.energyManager()
            for (watts, phases) in [(3000.0, 1), (11_000.0, 3)] {
                bench.note("\(Int(watts)) W are left")
                let mark = await bench.csms.log.count
                try manager.limit(power: watts)
                try await bench.expectTransaction(
                    "Updated", charging: "SuspendedEVSE", within: .seconds(90))
                try await bench.expectSwitch(to: phases, pause: .seconds(10))
                try await bench.expectTransaction(
                    "Updated", charging: "Charging", within: .seconds(60))
                try await bench.expectPhases(phases, power: watts * 0.75...watts, since: mark)
            }
            try await bench.requireRunning(id)
            try await bench.tap("04A2B3C4D5E6F7")
            let ended = try await bench.expectTransaction("Ended", within: .seconds(20))
            try bench.require(try bench.transactionID(ended) == id, "another transaction ended")
            try await bench.expectWorld("nothing drawn") { bench.drawn($0, "1/1") < 0.1 }
            let delivered = bench.register(try await bench.rig.state()) - before
            let billed = try await bench.energy(of: id)
            try bench.require(
                delivered > 30 && abs(delivered - billed) < 10,
                "\(delivered) Wh were delivered, \(billed) Wh are in the books")
            try await bench.expectSequence(of: id)
        },
    ]

    private static let threePhases: JSONValue = ["phases": 3]
}
