import EVSEModel
import JSON
import Plant
import Testing

@Suite struct PlanTests {
    @Test("a plan crosses as JSON unchanged")
    func roundTrip() throws {
        var plan = Wallbox.plan(wires: "/tmp/w", registers: "/tmp/r", phases: 3)
        plan.seed = .max - 3
        plan.watchdog = .init(25, activeLow: true)
        plan.evses[0].ventilation = .init(30)
        plan.evses[0].shuntTrip = .init(31, activeLow: true, pulledUp: false)
        plan.mains.voltage = Volts(240)
        plan.buses[0].characterBits = 11
        plan.directCurrent.vehicleLinks = [
            .init(device: "secc-1", bus: "vehicle", evse: 1, connectors: 2)
        ]
        plan.directCurrent.insulationMonitors = [
            .init(device: "imd-1", bus: "meters", unit: 3, model: "isocha425hv", evse: 1)
        ]
        #expect(try PlantPlan(parsing: plan.encoded()) == plan)
    }

    @Test(
        "a plan that is none says where",
        arguments: [
            ("", ""), ("[]", ""), (#"{"format":2}"#, "format"),
            (#"{"format":1,"wires":"w"}"#, "registers"),
            (#"{"format":1,"wires":"w","registers":"r","more":1}"#, "more"),
            (
                #"{"format":1,"wires":"w","registers":"r","evses":[{"number":9,"phases":1}]}"#,
                "evses[0].number"
            ),
            (
                #"{"format":1,"wires":"w","registers":"r","switches":[{"device":"d","kind":"x"}]}"#,
                "switches[0].kind"
            ),
            (
                #"{"format":1,"wires":"w","registers":"r","watchdog":{"number":64}}"#,
                "watchdog.number"
            ),
        ])
    func refused(text: String, path: String) {
        let error = #expect(throws: ShapeError.self) { try PlantPlan(parsing: Array(text.utf8)) }
        #expect(error?.path == path)
    }
}
