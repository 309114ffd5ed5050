import EVSEModel
import JSON
import Plant
import Testing

@Suite struct DCRigTests {
    private func api() -> RigAPI {
        RigAPI(PlantHost(PlantWorld(DCStation.plan(), at: PlantHost.now()), chip: MemoryChip()))
    }
    private func call(
        _ api: RigAPI, _ method: String, _ path: String, _ body: JSONValue
    ) throws -> JSONValue {
        try api.respond(method, path, body: body.bytes)
    }

    @Test("a plan with direct current crosses as JSON unchanged")
    func roundTrip() throws {
        var plan = DCStation.plan()
        plan.directCurrent.sources[0].rating.maximumPower = 60_000.5
        plan.directCurrent.groups[1].evse = 0
        plan.directCurrent.insulationMonitors = [
            .init(device: "imd-1", bus: "imd", unit: 3, model: "test", evse: 1)
        ]
        plan.evses[0].directCurrent?.bleeder = Ohms(2000)
        #expect(try PlantPlan(parsing: plan.encoded()) == plan)
        #expect(try PlantPlan(parsing: Wallbox.plan().encoded()).directCurrent.isEmpty)
    }

    @Test("a DC vehicle is plugged with what it is, changed, and shown")
    func vehicle() throws {
        let api = api()
        let body = """
            {"ev":{"soc":0.3,"batteryWh":80000,
            "dc":{"maxVoltage":800,"behaviour":"slow","protocol":"din70121"}}}
            """
        let plugged = try api.respond(
            "POST", "/rig/v1/connectors/1/1/plug", body: Array(body.utf8))
        #expect(plugged["dc"]?["vehicle"]?["maxVoltage"]?.number?.double == 800)
        #expect(plugged["dc"]?["vehicle"]?["behaviour"] == "slow")
        #expect(plugged["soc"]?.number?.double == 0.3)
        let changed = try call(
            api, "POST", "/rig/v1/connectors/1/1/ev",
            ["dc": ["maxCurrent": 120, "behaviour": "honest"]])
        #expect(changed["dc"]?["vehicle"]?["maxCurrent"]?.number?.double == 120)
        #expect(throws: RigProblem.self) {
            try call(api, "POST", "/rig/v1/connectors/1/1/ev", ["dc": ["behaviour": "odd"]])
        }
        #expect(throws: RigProblem.self) {
            try call(api, "POST", "/rig/v1/connectors/1/1/ev", ["dc": [:]])
        }
        let state = try api.respond("GET", "/rig/v1/state")
        #expect(state["dc"]?["sources"]?.array?.count == 4)
        #expect(state["dc"]?["sources"]?[0]?["feeds"] == [1])
        #expect(state["evses"]?[0]?["dc"]?["busVoltage"]?.number?.double == 0)
    }

    @Test("cabinets are shown with their channels, what was done to them, and what they give")
    func cabinets() throws {
        var plan = DCStation.plan()
        plan.cabinets = [
            .init(device: "cabinet-1", bus: "cabinet", kind: .fusionCharge, stages: [0, 1])
        ]
        let host = PlantHost(PlantWorld(plan, at: PlantHost.now()), chip: MemoryChip())
        let api = RigAPI(host)
        var state = try api.respond("GET", "/rig/v1/state")
        var cabinet = state["dc"]?["cabinets"]?[0]
        #expect(cabinet?["device"] == "cabinet-1")
        #expect(cabinet?["mode"] == "running")
        #expect(cabinet?["reachable"] == true)
        #expect(cabinet?["channels"]?.array?.count == 2)
        #expect(cabinet?["channels"]?[1]?["outlet"] == 2)
        #expect(cabinet?["channels"]?[1]?["source"] == 1)
        #expect(cabinet?["channels"]?[1]?["served"] == false)
        #expect(state["dc"]?["sources"]?[0]?["availablePower"]?.int == 40_000)
        var channel = CabinetChannel()
        channel.isServed = true
        channel.purpose = .transfer
        channel.orders = 7
        PlantStages(host: host, cabinet: 0).tell([channel, CabinetChannel()])
        state = try api.respond("GET", "/rig/v1/state")
        cabinet = state["dc"]?["cabinets"]?[0]
        #expect(cabinet?["channels"]?[0]?["purpose"] == "transfer")
        #expect(cabinet?["channels"]?[0]?["orders"] == 7)
        #expect(cabinet?["channels"]?[1]?["purpose"] == "none")
    }

    @Test("a cabinet's channel says what its dispenser ordered, until the heartbeat is missed")
    func channel() {
        var cabinet = SimpleCabinet(outlets: 1)
        var stages = [PowerStage(rating: .init())]
        #expect(!cabinet.channels[0].isServed)
        // Heartbeat 1, then: on, transfer, 400 V, 50 A.
        _ = cabinet.reply(to: [6, 0x01, 0x80, 0, 1], stages: stages)
        let order: [UInt8] = [0, 1, 0, 4, 15, 160, 1, 244, 0, 3, 0, 0, 0, 1]
        _ = cabinet.reply(to: [16, 0x02, 0x20, 0, 7, 14] + order, stages: stages)
        cabinet.step(at: 1_000_000, stages: &stages)
        #expect(cabinet.channels[0].isServed)
        #expect(cabinet.channels[0].purpose == .transfer)
        #expect(cabinet.channels[0].orders == 1)
        cabinet.step(at: 5_000_000_000, stages: &stages)
        #expect(!cabinet.channels[0].isServed)
        #expect(cabinet.channels[0].hasFallenBack)
    }

    @Test("insulation and the grip's temperature are set at once; nonsense is refused")
    func actions() throws {
        let api = api()
        let outlet = try call(
            api, "POST", "/rig/v1/evses/1/insulation", ["pole": "negative", "ohms": 40_000])
        #expect(outlet["insulation"]?["negativeOhms"]?.number?.double == 40_000)
        #expect(outlet["insulation"]?["positiveOhms"]?.number?.double == 5_000_000)
        #expect(throws: RigProblem.self) {
            try call(api, "POST", "/rig/v1/evses/1/insulation", ["ohms": 0])
        }
        #expect(throws: RigProblem.self) {
            try call(api, "POST", "/rig/v1/evses/9/insulation", ["ohms": 1000])
        }
        let hot = try call(api, "POST", "/rig/v1/connectors/1/2/temperature", ["celsius": 91])
        let celsius = try #require(hot["temperatures"]?[0]?["celsius"]?.number?.double)
        #expect((90...91).contains(celsius))
    }

    @Test("an outlet of alternating current has none of it")
    func alternating() throws {
        let api = RigAPI(
            PlantHost(PlantWorld(Wallbox.plan(), at: PlantHost.now()), chip: MemoryChip()))
        #expect(throws: RigProblem.self) {
            try call(api, "POST", "/rig/v1/evses/1/insulation", ["ohms": 1000])
        }
        _ = try call(api, "POST", "/rig/v1/connectors/1/1/plug", [:])
        #expect(throws: RigProblem.self) {
            try call(api, "POST", "/rig/v1/connectors/1/1/ev", ["dc": ["maxCurrent": 100]])
        }
        #expect(try api.respond("GET", "/rig/v1/state")["dc"]?.isNull == true)
    }

    @Test("every device of direct current lists its faults, once each")
    func kinds() throws {
        let devices = try #require(
            try api().respond("GET", "/rig/v1/faults/kinds")["devices"]?.array)
        for (device, kind) in [
            ("output-1", "dc-output"), ("module-3", "power-module"), ("link-1", "power-link"),
            ("contactor-1-2", "dc-contactor"), ("secc-2", "vehicle-link"), ("bus-1", "dc-sensor"),
        ] {
            let entry = devices.first { $0["device"] == .string(device) }
            #expect(entry?["kind"] == .string(kind), "\(device)")
            #expect(entry?["faults"]?.array?.isEmpty == false)
        }
    }
}
