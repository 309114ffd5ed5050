import EVSEModel
import JSON

extension Catalogue {
    /// Cases of stations that charge with direct current.
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
            "HW_71", "Insulation drops while charging",
            requirements: ["IEC 61851-23", "G01", "N07"], when: "insulation-monitor",
            stimulus: "50 kΩ between the positive pole and earth while charging",
            expectation: "the output is dead within seconds; Faulted until unplugged"
        ) { bench in
            try await bench.boot()
            _ = try await bench.chargeDirect()
            try await bench.insulation(ohms: 50_000)
            try await bench.expectStatus("Faulted", within: .seconds(20))
            try await bench.expectDead()
            try await bench.noteStop("insulation")
            try await bench.insulation(ohms: 100_000_000)
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(30))
        },
        Case(
            "HW_72", "The vehicle's voltage is not what it asked for in precharge",
            requirements: ["IEC 61851-23 CC.5", "G01"], when: "vehicle-communication",
            stimulus: "a vehicle asks for precharge and never closes its contactors",
            expectation: "no energy; the session ends with its reason, the output is dead"
        ) { bench in
            try await bench.boot()
            try await bench.plugDirect(["behaviour": "never-precharged"])
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectWorld("precharge has begun", within: .seconds(60)) {
                bench.vehicle($0)["stage"] == "preCharge"
            }
            try await bench.expectDead(within: .seconds(30))
            let state = try await bench.rig.state()
            try bench.require(
                (bench.vehicle(state)["current"]?.number?.double ?? 99) < 0.5,
                "something flows into the vehicle")
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(30))
        },
        Case(
            "HW_73", "A power module is lost at full power", requirements: ["G01", "N07"],
            when: "can-power-module",
            stimulus: "one module falls silent while all give what they can",
            expectation: "the CSMS is told, the others go on; it comes back"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect(["maxCurrent": 450, "maxPower": 400_000])
            let full = try await bench.expectWorld("full power", within: .seconds(60)) {
                bench.outletCurrent($0) > 150
            }
            let before = bench.outletCurrent(full)
            let silence = try await bench.fault("module-1", "silent")
            try await bench.expect("NotifyEvent", within: .seconds(30), "the module's problem") {
                $0["eventData"]?.array?.contains {
                    $0["component"]?["name"] == "AcDcConverter" && $0["actualValue"] == "true"
                } ?? false
            }
            try await bench.expectWorld("the others go on", within: .seconds(20)) {
                bench.outletCurrent($0) > before / 4
            }
            try await bench.clear(silence)
            try await bench.expect("NotifyEvent", within: .seconds(60), "the module is back") {
                $0["eventData"]?.array?.contains {
                    $0["component"]?["name"] == "AcDcConverter" && $0["actualValue"] == "false"
                } ?? false
            }
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
            try await bench.clear(cut)
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(90))
            _ = try await bench.chargeDirect()
        },
        Case(
            "HW_75", "A contactor of the output is welded", requirements: ["IEC 61851-23", "G01"],
            when: "vehicle-communication",
            stimulus: "the contactor welds in a session, then the session is ended",
            expectation: "it is found after the session; Faulted, also after a restart"
        ) { bench in
            try await bench.boot()
            _ = try await bench.chargeDirect()
            let device = try await bench.contactor()
            _ = try await bench.fault(device, "welded")
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(30))
            try await bench.expectStatus("Faulted", within: .seconds(30))
            try await bench.stop()
            try await bench.start()
            try await bench.expect("BootNotification", within: .seconds(20))
            try await bench.expectStatus("Faulted", within: .seconds(30))
        },
        Case(
            "HW_76", "Emergency stop at full current", requirements: ["IEC 61851-23", "G01"],
            when: "emergency-stop and vehicle-communication",
            stimulus: "the emergency stop is pressed while the outlet gives all it can",
            expectation:
                "below 5 A within 1 s, contactors open, the busbar below 60 V; the plant's times noted"
        ) { bench in
            try await bench.boot()
            _ = try await bench.chargeDirect(["maxCurrent": 500, "maxPower": 400_000])
            try await bench.expectWorld("full current", within: .seconds(60)) {
                bench.outletCurrent($0) > 150
            }
            let device = try await bench.emergencyStop()
            let pressed = try await bench.fault(device, "pressed")
            try await bench.expectDead(within: .seconds(15))
            let stop = try await bench.noteStop("emergency-stop")
            let microseconds = stop["below5AUs"]?.int ?? .max
            try bench.require(
                microseconds < 1_000_000, "the current was below 5 A after \(microseconds) µs only")
            try await bench.expectStatus("Faulted")
            try await bench.clear(pressed)
        },
        Case(
            "HW_77", "A vehicle lies about what it stands", requirements: ["IEC 61851-23"],
            when: "vehicle-communication",
            stimulus: "a vehicle that asks for more current than it said it stands",
            expectation: "it never gets more than it said"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect([
                "behaviour": "asks-too-much", "maxCurrent": 60,
            ])
            for _ in 0..<40 {
                let current = bench.outletCurrent(try await bench.rig.state())
                try bench.require(current < 66, "\(current) A flow, 60 A are what it stands")
                try await Task.sleep(for: .milliseconds(200))
            }
            try await bench.endsDirect(id)
        },
        Case(
            "HW_78", "Two vehicles share the power, and one leaves", requirements: ["K04.FR.05"],
            when: "HFS-8 > 1 and vehicle-communication",
            stimulus: "a vehicle takes all it can get, a second one comes, then the first leaves",
            expectation:
                "both get a part, together no more than there is; then the second gets more; the "
                + "outlets are never on one busbar"
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
            when: "several-cables",
            stimulus: "a vehicle is plugged to the EVSE's other connector while the first charges",
            expectation: "the session goes on; the second has no voltage"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect()
            bench.note("plug 1/2")
            try await bench.rig.plug("1/2", ev: ["dc": .object([:])])
            for _ in 0..<25 {
                let state = try await bench.rig.state()
                try bench.require(
                    (bench.direct(state, "1/2")["voltage"]?.number?.double ?? 0) < 60,
                    "there is voltage at the second connector")
                try bench.require(bench.outletCurrent(state) > 5, "the first session stopped")
                try await Task.sleep(for: .milliseconds(200))
            }
            try await bench.endsDirect(id)
        },
        Case(
            "HW_80", "A cable becomes too hot", requirements: ["IEC 61851-23", "G01"],
            when: "vehicle-communication and temperature",
            stimulus: "the grip's contacts warm up to 80 °C, then beyond what they bear",
            expectation: "less current, then none; Faulted; Available again when it is cool"
        ) { bench in
            try await bench.boot()
            _ = try await bench.chargeDirect(["maxCurrent": 300])
            try await bench.expectWorld("all that it takes", within: .seconds(60)) {
                bench.outletCurrent($0) > 290
            }
            let sensor = try await bench.gripSensor()
            let warm = try await bench.faultOf(sensor, "hot", 80)
            try await bench.expectWorld("less current", within: .seconds(30)) {
                bench.outletCurrent($0) < 280
            }
            try await bench.clear(warm)
            let hot = try await bench.faultOf(sensor, "hot", 110)
            try await bench.expectStatus("Faulted", within: .seconds(20))
            try await bench.expectDead()
            try await bench.clear(hot)
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(60))
        },
    ]
}

extension CaseContext {
    // What the rig says of direct current

    func direct(_ state: JSONValue, _ id: String = "1/1") -> JSONValue {
        outlet(state, id)["dc"] ?? .null
    }
    func vehicle(_ state: JSONValue, _ id: String = "1/1") -> JSONValue {
        direct(state, id)["vehicle"] ?? .null
    }
    /// Into the vehicle's cable, A.
    func outletCurrent(_ state: JSONValue, _ id: String = "1/1") -> Double {
        direct(state, id)["current"]?.number?.double ?? 0
    }

    fileprivate func contactor() async throws -> String {
        try await name(of: "contactor", direct(try await rig.state())["contactor"]?["device"])
    }
    fileprivate func cabinet() async throws -> String {
        try await device(of: "power cabinet", kinds: ["fusion-cabinet", "simple-cabinet"])
    }
    fileprivate func gripSensor() async throws -> String {
        let sensor = connector(of: try await rig.state())["temperatures"]?[0]?["device"]
        return try await name(of: "temperature sensor", sensor)
    }
    /// The device whose switch the emergency stop is, among those that can have faults.
    fileprivate func emergencyStop() async throws -> String {
        try await device(of: "emergency stop", kinds: ["emergency-stop"])
    }
    private func device(of what: String, kinds: [String]) async throws -> String {
        let devices = try await rig.get("/rig/v1/faults/kinds")["devices"]?.array ?? []
        return try await name(
            of: what, devices.first { kinds.contains($0["kind"]?.string ?? "") }?["device"])
    }
    private func name(of what: String, _ value: JSONValue?) async throws -> String {
        guard let name = value?.string else { throw CaseFailure("the rig names no \(what)") }
        return name
    }

    fileprivate func insulation(ohms: Int) async throws {
        note("insulation of the positive pole: \(ohms) Ω")
        try await rig.post(
            "/rig/v1/evses/1/insulation", ["pole": "positive", "ohms": JSONValue(ohms)])
    }
    fileprivate func faultOf(_ device: String, _ kind: String, _ value: Int) async throws -> String
    {
        note("fault \(device) \(kind) \(value)")
        let answer = try await rig.post(
            "/rig/v1/faults",
            ["device": .string(device), "fault": .string(kind), "value": JSONValue(value)])
        guard let id = answer["id"]?.string else { throw BenchError("the rig gave no fault id") }
        return id
    }

    // Flows

    /// Plugs a vehicle in whose battery has about 400 V.
    /// - Parameter vehicle: members of the rig's DCVehicle.
    func plugDirect(_ vehicle: JSONValue = [:], outlet: String = "1/1") async throws {
        note("plug \(outlet)")
        let ev: JSONValue = [
            "batteryWh": 90_000, "soc": .number(JSONNumber(35, fractionDigits: 2)), "dc": vehicle,
        ]
        try await rig.plug(outlet, ev: ev)
        try await expectStatus("Occupied", evse: Int(outlet.prefix(1)) ?? 1)
    }

    /// A vehicle charges after a tap; the transaction's id.
    func chargeDirect(
        _ vehicle: JSONValue = [:], outlet: String = "1/1", uid: String = "04A2B3C4D5E6F7"
    ) async throws -> String {
        try await plugDirect(vehicle, outlet: outlet)
        try await tap(uid)
        // Self-test and cable check take their time.
        let charging = try await expectTransaction(
            "Updated", charging: "Charging", within: .seconds(90))
        try await expectWorld("energy flows", within: .seconds(60)) {
            outletCurrent($0, outlet) > 5
        }
        return try transactionID(charging)
    }

    /// The card that began the transaction ends it; nothing of it is missing, and nothing is live after it.
    func endsDirect(_ id: String) async throws {
        try await tap("04A2B3C4D5E6F7")
        let ended = try await expectTransaction("Ended", within: .seconds(40))
        try require(
            ended["transactionInfo"]?["transactionId"], equals: .string(id), "transactionId")
        try await expectDead()
    }

    /// Contactors open and no dangerous voltage at the first connector.
    func expectDead(within limit: Milliseconds = .seconds(20)) async throws {
        try await expectWorld("the outlet is dead", within: limit) {
            direct($0)["contactor"]?["closed"] == false
                && (direct($0)["voltage"]?.number?.double ?? 999) < 60
        }
    }

    /// How long the plant found that the first outlet took to become safe, as a line of the report.
    @discardableResult
    fileprivate func noteStop(_ cause: String) async throws -> JSONValue {
        let state = try await expectWorld("the plant measured the stop", within: .seconds(40)) {
            $0["dc"]?["stops"]?.array?.contains { $0["cause"]?.string == cause } ?? false
        }
        let stop = state["dc"]?["stops"]?.array?.last { $0["cause"]?.string == cause } ?? .null
        func milliseconds(_ member: String) -> String {
            stop[member]?.int.map { "\(Double($0) / 1000) ms" } ?? "never"
        }
        note(
            "\(cause) at \(stop["current"]?.text ?? "?") A, \(stop["voltage"]?.text ?? "?") V: below 5 A after "
                + "\(milliseconds("below5AUs")), contactors open after \(milliseconds("openUs")), "
                + "busbar below 60 V after \(milliseconds("below60VUs"))")
        return stop
    }
}
