import EVSEModel
import JSON

// Direct current as cases look at it.
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

    /// At a connector with its cable, W.
    func outletPower(_ state: JSONValue, _ id: String = "1/1") -> Double {
        direct(state, id).double("voltage") * outletCurrent(state, id)
    }
    /// Contactor open and no dangerous voltage at a connector.
    func isDead(_ state: JSONValue, _ id: String = "1/1") -> Bool {
        direct(state, id)["contactor"]?["closed"] == false
            && (direct(state, id)["voltage"]?.number?.double ?? 999) < 60
    }
    /// Power sources on an EVSE's busbar that give something.
    func givingSources(_ state: JSONValue, evse: Int) -> [String] {
        (state["dc"]?["sources"]?.array ?? []).filter {
            $0["feeds"]?.array?.contains { $0.int == evse } ?? false && $0.double("current") > 0.5
        }.compactMap { $0["device"]?.string }
    }
    /// What all outlets take of each phase of the mains, A; rectifiers give 95 % of what they take.
    func feedCurrent(_ state: JSONValue) -> Double {
        let watts = (state["evses"]?.array ?? []).reduce(0) {
            $0 + ($1["dc"]?.double("busVoltage") ?? 0) * ($1["dc"]?.double("current") ?? 0)
        }
        return watts / 0.95 / 3 / max(1, state["mains"]?.double("voltage") ?? 1)
    }
    /// Why the first EVSE's session stopped, as the station sees it.
    func stopReason() async throws -> JSONValue? {
        try await status()["evses"]?[0]?["directCurrent"]?["stopReason"]
    }

    func vehicleLink() async throws -> String {
        let link = try await rig.state()["dc"]?["vehicleLinks"]?[0]?["device"]
        return try await name(of: "device that speaks with vehicles", link)
    }
    func contactor() async throws -> String {
        try await name(of: "contactor", direct(try await rig.state())["contactor"]?["device"])
    }
    func cabinet() async throws -> String {
        try await device(of: "power cabinet", kinds: ["fusion-cabinet", "simple-cabinet"])
    }
    func gripSensor() async throws -> String {
        let sensor = connector(of: try await rig.state())["temperatures"]?[0]?["device"]
        return try await name(of: "temperature sensor", sensor)
    }
    /// The device whose switch the emergency stop is, among those that can have faults.
    func emergencyStop() async throws -> String {
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

    func insulation(ohms: Int) async throws {
        note("insulation of the positive pole: \(ohms) Ω")
        try await rig.post(
            "/rig/v1/evses/1/insulation", ["pole": "positive", "ohms": JSONValue(ohms)])
    }
    func faultOf(_ device: String, _ kind: String, _ value: Int) async throws -> String {
        note("fault \(device) \(kind) \(value)")
        let answer = try await rig.post(
            "/rig/v1/faults",
            ["device": .string(device), "fault": .string(kind), "value": JSONValue(value)])
        guard let id = answer["id"]?.string else { throw BenchError("the rig gave no fault id") }
        return id
    }

    // Flows

    /// A vehicle that takes whatever a station of today can give at 400 V.
    var strong: JSONValue { ["maxCurrent": 500, "maxPower": 400_000] }

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
        let charging = try await expectTransaction("Updated", charging: "Charging")
        try await expectWorld("energy flows", within: .seconds(60)) {
            outletCurrent($0, outlet) > 5
        }
        return try transactionID(charging)
    }

    /// Waits until the first outlet's vehicle has all that it wants and may have, and that does not change any
    /// more: modules are moved to it one group after the other.
    func expectFull(within limit: Milliseconds = .seconds(150)) async throws -> JSONValue {
        let start = MonotonicClock.now
        var most = 0.0
        var changedAt = start
        return try await expectWorld("all that the vehicle may have", within: limit) { state in
            let told = vehicle(state)["told"]?.double("maxCurrent") ?? 0
            let wanted = min(vehicle(state).double("maxCurrent"), told)
            let now = MonotonicClock.now
            if wanted > most + 1 { (most, changedAt) = (wanted, now) }
            let isWhole = wanted >= vehicle(state).double("maxCurrent") - 1
            return outletCurrent(state) > wanted * 0.95 && wanted > 20
                && (isWhole || now - changedAt > .seconds(40))
        }
    }

    /// The CSMS is told that the station gives no energy, or that the transaction is over, whatever else was told
    /// meanwhile: which of the two is the board's choice of TxStopPoint.
    func expectSuspended(_ id: String, since mark: Int) async throws {
        _ = try await csms.wait(
            from: mark, within: .seconds(30), what: "SuspendedEVSE or the end of \(id)"
        ) {
            let transaction = $0.payload["transactionInfo"]
            return $0.fromStation && $0.action == "TransactionEvent"
                && transaction?["transactionId"]?.string == id
                && (transaction?["chargingState"] == "SuspendedEVSE"
                    || $0.payload["eventType"] == "Ended")
        }
    }

    /// The transaction's end, whatever else was told meanwhile.
    ///
    /// - Parameter trigger: `nil`: any.
    func expectEnd(of id: String, since mark: Int, trigger: String? = nil) async throws {
        let ended = try await csms.wait(
            from: mark, within: .seconds(30), what: "the end of \(id)"
        ) {
            $0.fromStation && $0.action == "TransactionEvent" && $0.payload["eventType"] == "Ended"
                && $0.payload["transactionInfo"]?["transactionId"]?.string == id
        }
        guard let trigger else { return }
        try require(ended.payload["triggerReason"], equals: .string(trigger), "triggerReason")
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
        try await expectWorld("the outlet is dead", within: limit) { isDead($0) }
    }

    /// How long the plant found that the first outlet took to become safe, as a line of the report.
    @discardableResult
    func noteStop(_ cause: String) async throws -> JSONValue {
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
