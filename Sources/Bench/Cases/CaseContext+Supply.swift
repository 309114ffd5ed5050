import EVSEModel
import JSON

// What bounds the station beside its own breaker, as cases look at it.
extension CaseContext {
    /// A of each phase at the house's breaker.
    func house(_ state: JSONValue) -> [Double] {
        (state["house"]?["drawn"]?.array ?? []).compactMap { $0.number?.double }
    }
    /// W at the house's breaker.
    func power(_ state: JSONValue) -> Double {
        house(state).reduce(0, +) * (state["mains"]?["voltage"]?.number?.double ?? 0)
    }
    /// The plant's own books of the first EVSE's meter, in Wh.
    func register(_ state: JSONValue) -> Double {
        let meter = state["meters"]?.array?.first { $0["evse"] == 1 }
        return meter?["registerWh"]?.number?.double ?? 0
    }

    /// The station names whose limit the first EVSE's is.
    func expectCause(_ cause: String) async throws {
        let deadline = MonotonicClock.now + .seconds(12)
        while true {
            let told = try await status()["evses"]?[0]?["power"]?["limitedBy"]?.string
            if told == cause { return }
            guard MonotonicClock.now < deadline else {
                throw CaseFailure("limited by \(told ?? "nothing"), not by \(cause)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// The first outlet offers this much, and the car follows.
    func expectOffer(_ amperes: Double, _ whose: String) async throws {
        try await expectWorld("\(amperes) A \(whose)", within: .seconds(20)) {
            abs(offered($0, "1/1") - amperes) < 0.15 && drawn($0, "1/1") <= amperes + 0.1
                && drawn($0, "1/1") > amperes - 1
        }
    }

    func expectSilence(of manager: EnergyManager, _ isSilent: Bool) async throws {
        let deadline = MonotonicClock.now + .seconds(10)
        while true {
            let flags = try manager.read(EnergyManager.Register.flags)
            if (flags & EnergyManager.isSilent != 0) == isSilent { return }
            guard MonotonicClock.now < deadline else {
                throw CaseFailure("the energy manager is \(isSilent ? "not silent" : "silent")")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // Phases

    /// So many are switched through, carry current, and were told since this message.
    func expectPhases(
        _ phases: Int, power range: ClosedRange<Double>, since mark: Int
    ) async throws {
        try await expectWorld("\(phases) phases at \(range) W", within: .seconds(40)) {
            phaseContactor($0)["closed"] == .bool(phases > 1) && range.contains(power($0))
        }
        _ = try await csms.wait(
            from: mark, within: .seconds(20), what: "numberOfPhasesUsed \(phases)"
        ) { $0.fromStation && $0.payload["numberOfPhasesUsed"]?.int == phases }
    }

    /// The contactor of L2 and L3 is switched while nothing is closed, offered or drawn, and for the
    /// pause after it nothing is offered.
    func expectSwitch(to phases: Int, pause: Milliseconds) async throws {
        let switched = try await expectWorld("\(phases) phases", within: .seconds(90)) {
            phaseContactor($0)["closed"] == .bool(phases > 1)
        }
        let start = MonotonicClock.now
        try require(
            outlet(switched, "1/1")["contactor"] == "open" && offered(switched, "1/1") == 0
                && drawn(switched, "1/1") < 0.1,
            "switched while in use: \(outlet(switched, "1/1").text)")
        let again = try await expectWorld("an offer again", within: .seconds(40)) {
            offered($0, "1/1") > 0
        }
        // Both were seen up to a few polls late.
        let paused = MonotonicClock.now - start
        try require(paused >= pause - Milliseconds(500), "offered again after \(paused)")
        try require(
            phaseContactor(again)["switchedUnderCurrent"], equals: 0, "switched under current")
    }
    private func phaseContactor(_ state: JSONValue) -> JSONValue {
        state["evses"]?[0]?["phaseContactor"] ?? .null
    }

    /// What the CSMS knows of a transaction's energy, in Wh.
    func energy(of id: String) async throws -> Double {
        let readings = await csms.log.filter {
            $0.fromStation && $0.action == "TransactionEvent"
                && $0.payload["transactionInfo"]?["transactionId"]?.string == id
        }.compactMap(\.payload.energy)
        guard let first = readings.first, let last = readings.last else {
            throw CaseFailure("no energy of \(id) was told")
        }
        return last - first
    }
}
