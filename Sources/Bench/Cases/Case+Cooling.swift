import EVSEModel
import JSON

extension Catalogue {
    /// Cases of stations whose cables are cooled by a liquid.
    static let cooling: [Case] = [
        Case(
            "HW_88", "The cooling of a cable fails, and it carries less",
            requirements: ["IEC 61851-23", "N07"], when: "cooling and uncooled-rating",
            stimulus: "the coolant's flow is blocked while the outlet gives what it can",
            expectation:
                "the CSMS is told, the current falls to what the cable bears without cooling, the session goes "
                + "on; it rises again once the coolant flows"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect(["maxCurrent": 450, "maxPower": 400_000])
            let full = try await bench.expectWorld("full current", within: .seconds(60)) {
                bench.outletCurrent($0) > 300
            }
            try bench.require(bench.cooler(full)["pump"] == true, "the pump stands")
            let blocked = try await bench.coolingFault("flow-blocked")
            try await bench.expectCoolingProblem(true)
            // Two seconds of grace and some of meters and of the vehicle.
            try await bench.expectWorld("less than 205 A", within: .seconds(10)) {
                let current = bench.outletCurrent($0)
                return current < 205 && current > 100
            }
            try await bench.clear(blocked)
            // A pump that moved nothing is tried again after a minute.
            try await bench.expectCoolingProblem(false)
            try await bench.expectWorld("full current again", within: .seconds(60)) {
                bench.outletCurrent($0) > 300
            }
            try await bench.endsDirect(id)
        },
        Case(
            "HW_89", "The cooling of a cable fails that carries nothing without it",
            requirements: ["IEC 61851-23", "G01", "N07"], when: "cooling and NOT uncooled-rating",
            stimulus: "the pump stands still while the outlet charges",
            expectation:
                "an orderly stop without load on the contactors; Faulted; Available once it runs"
        ) { bench in
            try await bench.boot()
            _ = try await bench.chargeDirect(["maxCurrent": 200])
            let failed = try await bench.coolingFault("pump-failed")
            try await bench.expectCoolingProblem(true)
            try await bench.expectStatus("Faulted", within: .seconds(30))
            try await bench.expectDead()
            let ended = try await bench.rig.state()
            try bench.require(
                bench.direct(ended)["contactor"]?["openedUnderLoad"], equals: 0,
                "openings under more than 5 A")
            try await bench.clear(failed)
            try await bench.unplug()
            try await bench.expectStatus("Available", within: .seconds(90))
        },
    ]
}

extension CaseContext {
    /// What the rig says of the first EVSE's cooling.
    fileprivate func cooler(_ state: JSONValue) -> JSONValue {
        state["evses"]?[0]?["dc"]?["cooling"]?[0] ?? .null
    }

    fileprivate func coolingFault(_ kind: String) async throws -> String {
        guard let device = cooler(try await rig.state())["device"]?.string else {
            throw CaseFailure("the rig names no cooling")
        }
        return try await fault(device, kind)
    }

    fileprivate func expectCoolingProblem(_ holds: Bool) async throws {
        try await expect("NotifyEvent", within: .seconds(90), "the cooling's problem: \(holds)") {
            $0["eventData"]?.array?.contains {
                $0["component"]?["name"] == "LiquidCoolingSystem"
                    && $0["variable"]?["name"] == "Problem"
                    && $0["actualValue"] == JSONValue.string(holds ? "true" : "false")
            } ?? false
        }
    }
}
