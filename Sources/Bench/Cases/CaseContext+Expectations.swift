import EVSEModel
import JSON

// What cases wait for, beside a message.
extension CaseContext {
    /// A TransactionEvent of this kind that fits.
    @discardableResult
    func expectTransaction(
        _ kind: String, trigger: String? = nil, charging: String? = nil,
        within limit: Milliseconds = .seconds(12)
    ) async throws -> JSONValue {
        let what = [kind, trigger, charging].compactMap(\.self).joined(separator: " ")
        @Sendable func fits(_ event: JSONValue) -> Bool {
            event["eventType"]?.string == kind
                && (trigger == nil || event["triggerReason"]?.string == trigger)
                && (charging == nil
                    || event["transactionInfo"]?["chargingState"]?.string == charging)
        }
        guard charging == "Charging", isDirect else {
            return try await expect("TransactionEvent", within: limit, what, where: fits)
        }
        return try await expectDirect(what, within: max(limit, .seconds(60)), where: fits)
    }

    /// A TransactionEvent that comes when direct current flows: a self-test, a cable check and a precharge come
    /// before. It is waited for as long as vehicles go on with their sessions, on a busy machine too.
    private func expectDirect(
        _ what: String, within limit: Milliseconds,
        where fits: @escaping @Sendable (JSONValue) -> Bool
    ) async throws -> JSONValue {
        let start = MonotonicClock.now
        var stages = [String]()
        var changedAt = start
        while true {
            do {
                return try await expect("TransactionEvent", within: .seconds(5), what, where: fits)
            } catch is CaseFailure {
                let now = MonotonicClock.now
                let next = vehicleStages(try await rig.state())
                if next != stages { (stages, changedAt) = (next, now) }
                let goesOn = now - changedAt < .seconds(45) && now - start < .seconds(240)
                guard now - start < limit || goesOn else {
                    throw CaseFailure(
                        "\(what) did not come within \(now - start); vehicles: \(stages)")
                }
            }
        }
    }
    private func vehicleStages(_ state: JSONValue) -> [String] {
        (state["connectors"]?.array ?? []).compactMap {
            $0["dc"]?["vehicle"]?["stage"]?.string
        }
    }
    /// How long a plugged and authorised vehicle may take until it draws: a session of direct current has
    /// steps before, which take longer where much runs at once.
    func timeToCharge(_ limit: Milliseconds) -> Milliseconds {
        isDirect ? max(limit, .seconds(120)) : limit
    }

    /// - Parameter connector: of this EVSE; others of it may tell the same, or not.
    func expectStatus(
        _ status: String, evse: Int = 1, connector: Int = 1,
        within limit: Milliseconds = .seconds(12)
    ) async throws {
        try await expect("StatusNotification", within: limit, "\(evse)/\(connector) \(status)") {
            $0["connectorStatus"]?.string == status && $0["evseId"]?.int == evse
                && $0["connectorId"]?.int == connector
        }
    }

    /// Waits until the world's state fits.
    @discardableResult
    func expectWorld(
        _ what: String, within limit: Milliseconds = .seconds(12),
        where fits: (JSONValue) throws -> Bool
    ) async throws -> JSONValue {
        let deadline = MonotonicClock.now + limit
        while true {
            let state = try await rig.state()
            if try fits(state) { return state }
            guard MonotonicClock.now < deadline else {
                throw CaseFailure("\(what) within \(limit): \((state["connectors"] ?? .null).text)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// It is so all this time, however often one looks.
    ///
    /// - Parameter holds: may throw a failure with the number that is wrong.
    func expectThroughout(
        _ what: String, for time: Milliseconds, where holds: (JSONValue) throws -> Bool
    ) async throws {
        let end = MonotonicClock.now + time
        repeat {
            let state = try await rig.state()
            try require(
                try holds(state),
                "not all the time: \(what): \((state["connectors"] ?? .null).text)")
            try await Task.sleep(for: .milliseconds(100))
        } while MonotonicClock.now < end
    }

    /// How long to wait for more current: this long, and until what the board shares with others has
    /// been free for as long as the board says.
    func timeToRise(_ limit: Milliseconds) async throws -> Milliseconds {
        let house = try await status()["supply"]?["house"]?["raiseDwellMs"]?.int64
        return limit + Milliseconds(house ?? 0)
    }

    func require(_ holds: Bool, _ rule: @autoclosure () -> String) throws {
        if !holds { throw CaseFailure(rule()) }
    }
    func require(_ value: JSONValue?, equals wanted: JSONValue, _ what: String) throws {
        try require(value == wanted, "\(what) is \(value?.text ?? "absent"), not \(wanted.text)")
    }

    /// The first connector in a rig state.
    func connector(of state: JSONValue) -> JSONValue { state["connectors"]?[0] ?? .null }
}
