import EVSEModel
import JSON

extension Catalogue {
    /// What breaks while direct current flows, or before it may.
    static let directCurrentFaults: [Case] = [
        Case(
            "HW_71", "Insulation drops while charging",
            requirements: ["IEC 61851-23", "G01", "N07"], when: "insulation-monitor",
            stimulus: "50 kΩ between the positive pole and earth while charging",
            expectation:
                "the output is dead within 11 s, the CSMS is told why; Faulted, no energy until unplugged"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect()
            let mark = await bench.csms.log.count
            try await bench.insulation(ohms: 50_000)
            try await bench.expectProblem("GroundIsolationProtection", true, within: .seconds(20))
            try await bench.expectStatus("Faulted", within: .seconds(20))
            try await bench.expectSuspended(id, since: mark)
            try await bench.expectDead()
            let stop = try await bench.noteStop("insulation")
            let opened = stop["openUs"]?.int ?? .max
            // Chosen: what IEC 61557-8 gives a monitor to respond [U], and the station's own second.
            try bench.require(opened < 11_000_000, "the contactors opened after \(opened) µs only")
            try bench.require(
                try await bench.stopReason(), equals: "insulation", "the session's stop reason")
            // It is not forgotten while the vehicle is there, however good the insulation is again.
            try await bench.insulation(ohms: 100_000_000)
            try await bench.expectThroughout("the outlet is dead", for: .seconds(3)) {
                bench.isDead($0)
            }
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(30))
            try await bench.expectEnd(of: id, since: mark)
        },
        Case(
            "HW_72", "The vehicle's voltage is not what it asked for in precharge",
            requirements: ["IEC 61851-23 CC.5", "G01"], when: "vehicle-communication",
            stimulus:
                "a vehicle asks for 80 V more than its battery has in precharge; then one that does not",
            expectation:
                "no energy, no contactor under load, the output is dead; the next session charges"
        ) { bench in
            try await bench.boot()
            let mismatch = try await bench.faultOf(
                try await bench.vehicleLink(), "precharge-mismatch", 80)
            try await bench.plugDirect()
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectWorld("precharge has begun", within: .seconds(120)) {
                bench.vehicle($0)["stage"] == "preCharge"
            }
            try await bench.expectWorld("the outlet is dead", within: .seconds(40)) { world in
                try bench.require(
                    (bench.vehicle(world)["current"]?.number?.double ?? 99) < 0.5,
                    "something flows into the vehicle")
                return bench.isDead(world)
            }
            let state = try await bench.rig.state()
            try bench.require(
                bench.vehicle(state)["contactorClosed"], equals: false, "the vehicle's contactors")
            try bench.require(
                bench.direct(state)["contactor"]?["openedUnderLoad"], equals: 0,
                "openings under more than 5 A")
            try await bench.clear(mismatch)
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(30))
            _ = try await bench.chargeDirect(uid: "04FFEEDDCCBBAA")
        },
        Case(
            "HW_73", "A power module is lost at full power", requirements: ["G01", "N07"],
            when: "can-power-module or modbus-power-module",
            stimulus:
                "one module that gives power falls silent while all give what they are asked for",
            expectation:
                "the CSMS is told, the session goes on with what the others give; the module comes back"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect(bench.strong)
            let full = try await bench.expectFull()
            let before = bench.outletCurrent(full)
            let giving = bench.givingSources(full, evse: 1)
            guard let lost = giving.last else { throw CaseFailure("no module gives power") }
            let silence = try await bench.fault(lost, "silent")
            try await bench.expectProblem("AcDcConverter", true)
            // The rest as it is, less what their limits leave: never all that it was, never nothing.
            let share = Double(giving.count - 1) / Double(giving.count)
            try await bench.expectWorld("the others go on", within: .seconds(30)) {
                !bench.givingSources($0, evse: 1).contains(lost)
                    && bench.outletCurrent($0) > before * share * 0.75
            }
            try await bench.expectThroughout("energy flows", for: .seconds(3)) {
                bench.outletCurrent($0) > before * share * 0.5
            }
            try await bench.requireRunning(id)
            try await bench.clear(silence)
            try await bench.expectProblem("AcDcConverter", false, within: .seconds(60))
            try await bench.endsDirect(id)
        },
        Case(
            "HW_74", "The power cabinet is lost and comes back", requirements: ["G01", "N07"],
            when: "fusion-charge-cabinet or modbus-power-cabinet",
            stimulus: "nothing reaches the cabinet for a while, in a session",
            expectation: "the output is dead, the CSMS is told; the next session charges"
        ) { bench in
            try await bench.boot()
            _ = try await bench.chargeDirect()
            let cabinet = try await bench.cabinet()
            let cut = try await bench.fault(cabinet, "silent")
            try await bench.expect("NotifyEvent", within: .seconds(60), "the cabinet's problem") {
                $0["eventData"]?.array?.contains { $0["actualValue"] == "true" } ?? false
            }
            try await bench.expectDead(within: .seconds(60))
            try await bench.expectThroughout("the outlet is dead", for: .seconds(3)) {
                bench.isDead($0)
            }
            try await bench.clear(cut)
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(90))
            let id = try await bench.chargeDirect()
            let channel = try await bench.rig.state()["dc"]?["cabinets"]?[0]?["channels"]?[0]
            try bench.require(channel?["purpose"], equals: "transfer", "the cabinet's last order")
            try await bench.endsDirect(id)
        },
        Case(
            "HW_75", "A contactor of the output is welded", requirements: ["IEC 61851-23", "G01"],
            when: "vehicle-communication",
            stimulus: "the contactor welds in a session, then the session is ended",
            expectation:
                "it is found after the session; Faulted, also after a restart, and nobody is charged"
        ) { bench in
            try await bench.boot()
            _ = try await bench.chargeDirect()
            let device = try await bench.contactor()
            _ = try await bench.fault(device, "welded")
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(30))
            try await bench.expectStatus("Faulted", within: .seconds(30))
            // What is left of the output is without sources: the weld holds no voltage up.
            try await bench.expectWorld("no source gives anything", within: .seconds(20)) {
                bench.givingSources($0, evse: 1).isEmpty && bench.outletCurrent($0) < 0.5
            }
            try await bench.stop()
            try await bench.start()
            try await bench.expect("BootNotification", within: .seconds(20))
            try await bench.expectStatus("Faulted", within: .seconds(30))
            bench.note("plug")
            try await bench.rig.plug(ev: ["dc": .object([:])])
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectThroughout("the outlet is dead", for: .seconds(20)) {
                bench.isDead($0)
            }
        },
        Case(
            "HW_76", "Emergency stop at full current",
            requirements: ["IEC 61851-23", "G01", "E06.FR.16"],
            when: "emergency-stop and vehicle-communication",
            stimulus:
                "the emergency stop is pressed while the outlet gives all it can, 500 A where it can",
            expectation:
                "below 5 A and contactors open within 200 ms, the busbar below 60 V within 2 s, by "
                + "the plant's clock; Faulted; Available again after release and unplug"
        ) { bench in
            try await bench.boot()
            // 500 A at 380 V are less than what any board's power is for.
            let id = try await bench.chargeDirect([
                "maxCurrent": 500, "maxPower": 400_000, "maxVoltage": 380,
            ])
            let full = try await bench.expectFull()
            bench.note("\(bench.outletCurrent(full)) A")
            let mark = await bench.csms.log.count
            let device = try await bench.emergencyStop()
            let pressed = try await bench.fault(device, "pressed")
            try await bench.expectDead(within: .seconds(15))
            let stop = try await bench.noteStop("emergency-stop")
            try bench.require(
                stop.double("current") > bench.outletCurrent(full) * 0.9,
                "it was not at full current")
            // IEC 61851-23 Annex CC [U] has 100 ms and 1 s; the cabinet's and the contactors' own times come on top.
            for (member, most) in [
                ("below5AUs", 200_000), ("openUs", 200_000), ("below60VUs", 2_000_000),
            ] {
                let microseconds = stop[member]?.int ?? .max
                try bench.require(
                    microseconds < most, "\(member) is \(microseconds) µs, \(most) µs at most")
            }
            try await bench.expectStatus("Faulted")
            try await bench.expectEnd(of: id, since: mark, trigger: "AbnormalCondition")
            try await bench.clear(pressed)
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(60))
        },
        Case(
            "HW_80", "A cable becomes too hot", requirements: ["IEC 61851-23", "G01"],
            when: "vehicle-communication and temperature",
            stimulus: "the grip's contacts warm up to 80 °C, then beyond what they bear",
            expectation: "less current, then none; Faulted; Available again when it is cool"
        ) { bench in
            try await bench.boot()
            _ = try await bench.chargeDirect(["maxCurrent": 450, "maxVoltage": 380])
            let before = bench.outletCurrent(try await bench.expectFull())
            let sensor = try await bench.gripSensor()
            let warm = try await bench.faultOf(sensor, "hot", 80)
            try await bench.expectWorld("less current, not none", within: .seconds(30)) {
                bench.outletCurrent($0) < before * 0.75 && bench.outletCurrent($0) > 20
            }
            try await bench.clear(warm)
            let hot = try await bench.faultOf(sensor, "hot", 110)
            try await bench.expectStatus("Faulted", within: .seconds(20))
            try await bench.expectDead()
            try await bench.noteStop("temperature")
            try await bench.clear(hot)
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(60))
        },
        Case(
            "HW_83", "A power cabinet has less power than before",
            requirements: ["G01", "K01.FR.39"],
            when: "fusion-charge-cabinet or modbus-power-cabinet",
            stimulus: "the cabinet derates itself to 30 % while a vehicle takes more, and recovers",
            expectation:
                "the session goes on with what there is, the vehicle is told; then more again"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect(bench.strong)
            let before = bench.outletPower(try await bench.expectFull())
            let hot = try await bench.faultOf(try await bench.cabinet(), "cabinet-derated", 30)
            try await bench.expectWorld("the vehicle is told of less", within: .seconds(30)) {
                let left = $0["dc"]?["sources"]?[0]?.double("availablePower") ?? 0
                let told = bench.vehicle($0)["told"]?.double("maxPower") ?? .infinity
                return told < left * 1.05 && bench.outletPower($0) < left * 1.02
            }
            try await bench.expectThroughout("energy flows", for: .seconds(4)) {
                let left = $0["dc"]?["sources"]?[0]?.double("availablePower") ?? 0
                return bench.outletPower($0) < left * 1.02 && bench.outletPower($0) > left / 2
            }
            try await bench.requireRunning(id)
            try await bench.clear(hot)
            try await bench.expectWorld("more again", within: .seconds(60)) {
                bench.outletPower($0) > before * 0.9
            }
            try await bench.endsDirect(id)
        },
    ]
}
