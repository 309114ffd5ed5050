import BoardFile
import DriverKit
import EVSEModel
import Foundation
import JSON
import Testing

/// Checks a board of direct current.
func checkDirect(_ text: String, _ settings: [String] = []) -> BoardReport {
    BoardFile.report(
        bytes: Array(text.utf8), file: "board.yaml", settings: settings, plugins: directPlugins)
}

@Suite("Boards of direct current")
struct DirectCurrentTests {
    private func text(_ edits: [(String, String)]) -> String? {
        var board = goodDirectBoard
        for (old, new) in edits {
            guard let range = board.range(of: old) else { return nil }
            board.replaceSubrange(range, with: new)
        }
        return board
    }

    private func plan(_ edits: [(String, String)] = [], _ settings: [String] = []) throws
        -> BoardPlan
    {
        let report = checkDirect(try #require(text(edits)), settings)
        #expect(report.text == "")
        return try #require(report.plan)
    }

    @Test("what is wrong is told, exactly", arguments: badDirectBoards)
    func isRefused(_ row: BadBoard) throws {
        let board = try #require(text(row.edits), "an edit does not fit the good board")
        #expect(checkDirect(board, row.settings).text == row.report)
    }

    // MARK: What is compiled

    @Test("ratings and devices of an EVSE become the laws' numbers")
    func outputs() throws {
        let plan = try plan()
        #expect(plan.hasDirectCurrent)
        let evse = try #require(plan.evses.first)
        let direct = try #require(evse.direct)
        #expect(direct.isFitted && direct.hasVehicleCommunication && direct.hasInsulationMonitor)
        #expect(direct.hasInsulationSelfTest && direct.hasBusVoltage)
        #expect(direct.maximumVoltage == Volts(1000) && direct.minimumVoltage == Volts(150))
        #expect(direct.maximumCurrent == Amperes(200) && direct.maximumPower == Watts(80_000))
        #expect(direct.insulationMinimum == Ohms(200_000))
        let connector = direct.connectors[0]
        #expect(connector.hasContactorFeedback && connector.hasOutputVoltage)
        #expect(connector.maximumCurrent == Amperes(200) && connector.maximumVoltage == Volts(1000))
        #expect(evse.connectors.first?.direct == connector)
        // 80 kW at 95 % from three phases of 277 V.
        #expect(evse.plan.rating == Amperes(milliamperes: 101_336))
        #expect(evse.plan.hasMeter && evse.plan.hasContactorFeedback)
        #expect(evse.plan.lockMask == 0 && evse.plan.proximityMask == 0)
        #expect(!evse.plan.hasResidualCurrentDevice)
        let loop = try plan.loopPlan(.real)
        #expect(loop.dc.isFitted && loop.dc.evses[0] == direct && !loop.dc.evses[1].isFitted)
    }

    @Test("a board of alternating current has none of it")
    func alternating() throws {
        let plan = try #require(check(goodBoard).plan)
        #expect(!plan.hasDirectCurrent && plan.evses.allSatisfy { $0.direct == nil })
        #expect(try !plan.loopPlan(.real).dc.isFitted)
    }

    @Test("groups become sources by number, reach and wires")
    func groups() throws {
        let plan = try plan()
        #expect(plan.power.sources.map(\.device.name) == ["module-1", "module-2", "module-3"])
        #expect(plan.device("module-2")?.powerSources == [1])
        #expect(plan.device("module-1")?.evse?.number == 1)
        #expect(plan.device("module-3")?.evse == nil)
        #expect(plan.device("link-1")?.evse?.number == 1)
        let allocation = try plan.loopPlan(.real).dc.allocation
        #expect(allocation.sourceCount == 3 && allocation.groupCount == 2)
        #expect(allocation.groupOfSource[1] == 0 && allocation.groupOfSource[2] == 1)
        #expect(allocation.reach[0] == 1 && allocation.reach[1] == 1)
        #expect(allocation.isWired[0] && !allocation.isWired[1])
        #expect(allocation.wiredTo[0] == 0 && allocation.cabinetSources == 0)
        #expect(allocation.maximumPower == Watts(raw: .max) && allocation.policy == .fair)
        let link = try #require(plan.slots.first { $0.device == "link-1" })
        #expect(link.evse == 0 && link.connector == 1)
    }

    @Test("a cabinet gives each group its next outlet, and may watch the insulation")
    func cabinet() throws {
        let plan = try plan([
            ("  modules:", "  cabinet: { plugin: modbus-tcp, host: 10.0.0.2 }\n  modules:"),
            (
                "  module-1: { plugin: test-module, bus: modules, address: 1 }\n  module-2: { plugin: test-module, bus: modules, address: 2 }\n",
                "  cabinet-1: { plugin: test-cabinet, bus: cabinet }\n"
            ),
            ("  monitor-1: { plugin: test-monitor, bus: modules, address: 9 }\n", ""),
            ("insulation-monitor: monitor-1", "insulation-monitor: cabinet-1"),
            ("sources: [module-1, module-2]", "sources: cabinet-1"),
        ])
        #expect(plan.device("cabinet-1")?.powerSources == [0])
        #expect(plan.power.sources.first?.isCabinet == true)
        #expect(plan.power.allocation.cabinetSources == 1)
        #expect(plan.evses.first?.direct?.hasInsulationMonitor == true)
        #expect(plan.evses.first?.direct?.hasInsulationSelfTest == false)
        #expect(plan.evses.first?.direct?.insulationMaxAge == .seconds(5))
    }

    @Test("one cabinet feeds two EVSEs by two outlets")
    func twoOutlets() throws {
        let plan = try plan([
            ("  modules:", "  cabinet: { plugin: modbus-tcp, host: 10.0.0.2 }\n  modules:"),
            (
                "  module-1: {",
                """
                  pilot-2: { plugin: test-pilot, bus: adc, pwm: { bus: pwm, line: 1 }, high: 5, low: 6 }
                  pair-2: { plugin: test-pair, bus: gpio, coil-line: 5, feedback-line: 6 }
                  heat-2: { plugin: test-sensor, bus: adc, channel: 7 }
                  vehicle-2: { plugin: test-vehicle, bus: vehicle-b }
                  monitor-2: { plugin: test-monitor, bus: modules, address: 10 }
                  meter-2: { plugin: test-meter, bus: meters, address: 1, model: sdm230 }
                  cabinet-1: { plugin: test-cabinet, bus: cabinet }
                  module-1: {
                """
            ),
            (
                "  vehicle: {",
                "  vehicle-b: { plugin: serial, port: ttyS3 }\n  meters: { plugin: modbus-rtu, port: ttyS4 }\n  vehicle: {"
            ),
            (
                "power:\n  groups:\n",
                """
                  2:
                    output: { current: 100 A, power: 50 kW }
                    connectors:
                      1: { type: cMCS, limit: 100 A, cable-rating: 100 A, pilot: pilot-2, contactor: pair-2, temperature: heat-2 }
                    devices: { vehicle-communication: vehicle-2, insulation-monitor: monitor-2, meter: meter-2 }
                power:
                  sharing: order
                  maximum: 100 kW
                  groups:
                    3: { sources: cabinet-1, feeds: 1 }
                    4: { sources: cabinet-1, feeds: 2 }

                """
            ),
        ])
        #expect(plan.device("cabinet-1")?.powerSources == [3, 4])
        #expect(plan.device("cabinet-1")?.evse == nil)
        #expect(plan.power.sources.map(\.outlet) == [0, 0, 0, 0, 1])
        let allocation = plan.power.allocation
        #expect(allocation.cabinetSources == 0b11000 && allocation.reach[3] == 2)
        #expect(allocation.policy == .order && allocation.maximumPower == Watts(100_000))
        #expect(plan.evses.last?.connectors.first?.typeInOCPP201 == "Unknown")
        #expect(plan.directPower == Watts(100_000))
    }

    @Test("derating and voltage belong to the connector")
    func derating() throws {
        let plan = try plan([
            (
                "pilot: pilot-1,",
                "voltage: 750 V, derating: { start: 60 °C, end: 80 °C, floor: 30 A, stop: 85 °C }, pilot: pilot-1,"
            )
        ])
        let connector = try #require(plan.evses.first?.direct?.connectors[0])
        #expect(connector.maximumVoltage == Volts(750) && connector.deratingStart == Celsius(60))
        #expect(connector.deratingEnd == Celsius(80) && connector.deratingFloor == Amperes(30))
        #expect(connector.temperatureStop == Celsius(85))
    }

    @Test("a curve has the points of the cable's data sheet, as shares or as currents")
    func curve() throws {
        let plan = try plan(
            [
                (
                    "pilot: pilot-1,",
                    "derating: { curve: [{ at: 60 °C, to: 100 % }, { at: 70 °C, to: 80 % }, { at: 85 °C, to: 20 A }], stop: 88 °C }, pilot: pilot-1,"
                )
            ],
            ["supervision.derating-curve=[{ at: 40 °C, to: 100 % }, { at: 60 °C, to: 50 % }]"])
        let evse = try #require(plan.evses.first)
        let connector = try #require(evse.direct?.connectors[0])
        #expect(connector.derating.description == "60 °C: 100 %, 70 °C: 80 %, 85 °C: 20 A")
        #expect(connector.temperatureStop == Celsius(88))
        #expect(evse.plan.derating.description == "40 °C: 100 %, 60 °C: 50 %")
        let compiled = try plan.loopPlan(.real)
        #expect(compiled.dc.evses[0].connectors[0].derating.count == 3)
        #expect(compiled.evses[0].derating.end == Celsius(60))
    }

    @Test("the monitor's age is the laws', unless the board has another")
    func insulationAge() throws {
        #expect(try plan().evses.first?.direct?.insulationMaxAge == .seconds(3))
        let said = try plan(
            [], ["evses.1.supervision.direct-current.insulation-max-age=4 s"])
        #expect(said.evses.first?.direct?.insulationMaxAge == .seconds(4))
    }

    // MARK: Keys

    private var lawKeys: [(name: String, standard: String)] {
        let supervision = BoardSchema(plugins: directPlugins).json["$defs"]?["supervision"]
        let keys = supervision?["properties"]?["direct-current"]?["properties"]?.object
        return (keys ?? [:]).compactMap { member in
            guard let standard = member.value["default"] else { return nil }
            return (member.name, standard.string ?? standard.text)
        }
    }

    @Test(
        "every number of the laws can be set, at the station and at an EVSE; defaults are the plan's"
    )
    func laws() throws {
        let keys = lawKeys
        #expect(keys.count == 47)
        let settings = keys.filter { $0.name != "insulation-warning" }
            .map { "supervision.direct-current.\($0.name)=\($0.standard)" }
        let stated = try #require(plan([], settings).evses.first?.direct)
        var standard = stated
        let fresh = DCPlan()
        standard.insulationMinimum = fresh.insulationMinimum
        #expect(standard == stated)
        #expect(stated.riseRate == fresh.riseRate && stated.fallRate == fresh.fallRate)
        #expect(
            stated.breakCurrent == fresh.breakCurrent && stated.weldTimeout == fresh.weldTimeout)
        #expect(stated.preChargeTimeout == fresh.preChargeTimeout)
        let own = try plan([], ["evses.1.supervision.direct-current.break-current=3 A"])
        #expect(own.evses.first?.direct?.breakCurrent == Amperes(3))
    }

    @Test("each key changes the plan, and with it its fingerprint")
    func fingerprints() throws {
        var seen = Set([try plan().loopPlan(.real).fingerprint])
        let settings = [
            "supervision.direct-current.precharge-tolerance=15 V", "power.efficiency=96 %",
            "power.maximum=70 kW", "power.sharing=priority", "power.best-load=60 %",
            "power.move-interval=60 s", "power.match-voltage=5 V", "power.zero-current=0.5 A",
            "power.link-timeout=1 s", "evses.1.output.power=70 kW", "evses.1.output.current=220 A",
            "evses.1.output.maximum-voltage=920 V", "evses.1.output.minimum-voltage=200 V",
            "evses.1.connectors.1.limit=180 A", "evses.1.connectors.1.derating.stop=92 °C",
            "power.groups.1.sources=[module-2, module-1]",
        ]
        for setting in settings {
            let changed = try plan([], [setting]).loopPlan(.real).fingerprint
            #expect(seen.insert(changed).inserted, "\(setting)")
        }
    }

    @Test("a variant changes one group and removes another")
    func variant() throws {
        let own = """
            format: 1
            board: smaller
            extends: direct
            devices: { module-2: null, module-3: null, link-1: null }
            evses: { 1: { output: { power: 40 kW } } }
            power: { groups: { 1: { sources: module-1 }, 2: null } }

            """
        let report = BoardFile.report(
            bytes: Array(own.utf8), file: "own.yaml", plugins: directPlugins,
            findBase: { _, _ throws(BoardFileError) in ("base.yaml", Array(goodDirectBoard.utf8)) })
        #expect(report.text == "")
        let plan = try #require(report.plan)
        #expect(plan.power.sources.count == 1 && plan.power.groups.count == 1)
        #expect(plan.evses.first?.direct?.maximumPower == Watts(40_000))
        #expect(plan.evses.first?.direct?.maximumCurrent == Amperes(200))
    }

    // MARK: In words

    @Test("the tree shows outputs and power")
    func tree() throws {
        let tree = BoardExplanation(try plan()).tree
        for line in [
            "├ EVSE 1  direct current, 150 V to 1000 V, 200 A, 80000 W; draws 101.336 A of 3 phases",
            "│ ├ connector 1  cCCS2 fixed cable, 200 A, 1000 V, derated from 70 °C to 90 °C, plug held by the vehicle",
            "│ │ ├ contactor  pair-1 (test-pair)",
            "├ power  3 sources of 120000 W together, shared in equal parts",
            "│ ├ group 1  feeds EVSE 1",
            "│ │ ├ source 1  module-1 (test-module), 40000 W",
            "│ └ group 2  EVSE 1 by link-1",
        ] {
            #expect(tree.split(separator: "\n").contains(Substring(line)), "\(line)\n\(tree)")
        }
        #expect(BoardExplanation(try plan()).dot.contains("\"group 1\" -> \"device module-1\""))
    }

    @Test("the schema has the keys of outputs and power, and the reference names them")
    func schema() throws {
        let schema = try #require(BoardSchema(plugins: directPlugins).json["$defs"]?["board"])
        let power = schema["properties"]?["power"]?["properties"]
        #expect(power?["sharing"]?["enum"]?.array == ["fair", "priority", "order"])
        let group = power?["groups"]?["patternProperties"]?["^([1-9]|1[0-6])$"]
        #expect(group?["required"]?.array == ["sources"])
        let evse = schema["properties"]?["evses"]?["patternProperties"]?["^[1-4]$"]?["properties"]
        #expect(evse?["output"]?["required"]?.array == ["current", "power"])
        #expect(evse?["devices"]?["properties"]?["power-module"] == nil)
        let reference = BoardReference(plugins: directPlugins).markdown
        for name in ["evses.N.output", "power.groups.N", "supervision.direct-current"] {
            #expect(reference.contains("### `\(name)`"), "\(name)")
        }
        for name in lawKeys.map(\.name) { #expect(reference.contains("| `\(name)` |"), "\(name)") }
    }
}
