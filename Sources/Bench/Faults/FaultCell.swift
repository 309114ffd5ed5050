import EVSEModel
import Foundation
import JSON

/// One fault at one moment.
struct FaultCell: Sendable {
    let device: String
    /// The device's kind, as the rig names it.
    let kind: String
    let fault: String
    let moment: FaultMoment
    var demand: FaultDemand { .of(fault, on: kind) }
}

/// What a station did about it.
struct FaultOutcome: Sendable {
    enum Verdict: Sendable, Equatable {
        case good
        case unsafe(String)
        case stuck(String)
    }
    enum Reaction: Sendable {
        /// There was no energy to take away.
        case none
        case opened(after: Milliseconds)
        case reduced
        case chargedOn
    }
    var reaction = Reaction.none
    /// What became of a try to charge while the fault held; `nil`: none was made.
    var started: Bool?
    var isFaulted = false
    /// Technical codes of NotifyEvent, each once, in order.
    var events = [String]()
    var securityEvents = [String]()
    /// Reason of a transaction that ended while the fault held.
    var stoppedReason: String?
    /// Until the connector was Available again, after fault and vehicle were gone.
    var recovery: Milliseconds?
    var neededService = false
    /// The energy register stands still until the meter passes what was believed of it last.
    var isRegisterFrozen = false
    var verdict = Verdict.good

    /// Whether the station met with something that this fault cannot cause: a machine that runs more
    /// than it can makes loops late and replies too. What was unsafe counts all the same.
    func isDisturbed(by cell: FaultCell) -> Bool {
        if case .unsafe = verdict { return false }
        let ownLoss = [
            "meter": "meterLost", "meters": "meterLost", "mains": "meterLost",
            "reader": "readerLost",
        ]
        let own = ownLoss[cell.kind == "serial-bus" ? cell.device : cell.kind]
        return events.contains { Self.lossesOfTime.contains($0) && $0 != own }
    }
    private static let lossesOfTime: Set = [
        "deadlineMissed", "stationSilent", "meterLost", "readerLost",
    ]
}

/// Brings a station into the moment, breaks something, watches, repairs it, and waits.
struct FaultTrial: Sendable {
    let stand: CrashStand
    let cell: FaultCell
    /// Of this trial; a card that was seen shortly before is no new presentation.
    let card: String

    func run() async -> FaultOutcome {
        var outcome = FaultOutcome()
        do {
            try await prepareOrTryAgain()
            try await judge(&outcome)
        } catch {
            outcome.verdict = .stuck("\(error)")
        }
        return outcome
    }

    private func judge(_ outcome: inout FaultOutcome) async throws {
        let events = stand.record.count
        let messages = await stand.csms.log.count
        let isEnergised = (try await stand.rig.state())["connectors"]?[0]?["contactor"] == "closed"
        let id = try await stand.rig.fault(cell.device, cell.fault)
        let start = MonotonicClock.now
        try await Task.sleep(
            for: .milliseconds(FaultDemand.patience(cell.fault, on: cell.kind).count))
        react(to: stand.record.events(from: events), isEnergised, start, &outcome)
        let tries = stand.record.count
        if await tryToCharge() {
            let now = stand.record.events(from: tries)
            outcome.started = now.contains { $0.kind == "contactor" && $0.fields["closed"] == true }
            let isOn = now.contains { $0.kind == "contactor" && $0.fields["coil"] == true }
            if isOn, cell.demand.forbidsStart {
                outcome.verdict = .unsafe("energy was switched on while the fault held")
            }
        }
        let repaired = MonotonicClock.now
        try? await stand.rig.clear(fault: id)
        try await leave()
        await recover(since: repaired, &outcome)
        collect(await stand.csms.log, from: messages, until: repaired, &outcome)
    }

    // MARK: Before

    /// A bench that was held up itself (a busy or suspended machine) misses the moment: the same
    /// station gets a second try. One that is truly stuck does not come to rest, or fails again.
    private func prepareOrTryAgain() async throws {
        do {
            try await prepare()
        } catch {
            try await leave()
            guard await isAtRest(within: .seconds(60)) else { throw error }
            try await reader { ($0["readMsAgo"]?.int ?? .max) > 3200 }
            try await prepare()
        }
    }

    private func prepare() async throws {
        await stand.admit(true)
        guard cell.moment != .idle else { return }
        try await stand.rig.plug()
        _ = try await world("state B") { $0["pilot"] == "B" }
        guard cell.moment != .preparing else { return }
        try await tap()
        _ = try await world("a car that charges") { ($0["drawn"]?.number?.double ?? 0) > 5 }
        switch cell.moment {
        case .suspended:
            try await stand.rig.vehicle("1/1", ["ready": false])
            _ = try await world("a car that pauses") { $0["contactor"] == "open" }
        case .finishing:
            try await reader { ($0["readMsAgo"]?.int ?? .max) > 3200 }
            try await tap()
            _ = try await world("the end of the session") { $0["contactor"] == "open" }
        case .offline:
            await stand.admit(false)
            try await stand.csms.waitUntilConnected(false, within: .seconds(10))
        case .idle, .preparing, .charging: break
        }
    }

    private func tap() async throws {
        try await reader { ($0["askedMsAgo"]?.int ?? .max) < 2000 }
        await stand.mark(.mayCharge)
        try await stand.rig.tap(card)
    }

    private func reader(_ fits: (JSONValue) -> Bool) async throws {
        let deadline = MonotonicClock.now + .seconds(15)
        while !fits((try await stand.rig.state())["readers"]?[0] ?? .null) {
            guard MonotonicClock.now < deadline else { throw BenchError("the reader is not ready") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func world(
        _ what: String, _ fits: (JSONValue) -> Bool
    ) async throws -> JSONValue {
        let deadline = MonotonicClock.now + .seconds(40)
        while true {
            let connector = (try await stand.rig.state())["connectors"]?[0] ?? .null
            if fits(connector) { return connector }
            guard MonotonicClock.now < deadline else {
                throw BenchError("before the fault: no \(what) within 40 s")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: While it holds

    private func react(
        to events: [PlantRecord.Event], _ isEnergised: Bool, _ start: Instant,
        _ outcome: inout FaultOutcome
    ) {
        let isOpened = events.first { $0.kind == "contactor" && $0.fields["coil"] == false }
        let offered = events.last { $0.kind == "duty" }?.fields["offered"]?.number?.double ?? 32
        if !isEnergised {
            outcome.reaction = .none
        } else if let isOpened {
            outcome.reaction = .opened(after: isOpened.at - start)
        } else if offered > 0, offered <= 6.1 {
            outcome.reaction = .reduced
        } else {
            outcome.reaction = .chargedOn
        }
        switch (cell.demand, outcome.reaction) {
        case (.open(let limit), .opened(let time)) where time > limit:
            outcome.verdict = .unsafe("the contactor opened after \(time)")
        case (.open, .reduced), (.open, .chargedOn):
            outcome.verdict = .unsafe("the contactor stayed closed")
        case (.safeCurrent, .chargedOn):
            outcome.verdict = .unsafe("the offer stayed at \(offered) A")
        default: break
        }
    }

    /// Somebody tries to get energy. False where the moment has nothing to try.
    private func tryToCharge() async -> Bool {
        switch cell.moment {
        case .idle:
            try? await stand.rig.plug()
            try? await Task.sleep(for: .milliseconds(1500))
            await stand.mark(.mayCharge)
            try? await stand.rig.tap(card)
        case .preparing:
            await stand.mark(.mayCharge)
            try? await stand.rig.tap(card)
        case .suspended: try? await stand.rig.vehicle("1/1", ["ready": true])
        case .charging, .finishing, .offline: return false
        }
        try? await Task.sleep(for: .seconds(6))
        return true
    }

    // MARK: Afterwards

    private func leave() async throws {
        let state = try await stand.rig.state()
        if state["connectors"]?[0]?["plugged"] == true { try await stand.rig.unplug() }
        await stand.admit(true)
    }

    private func recover(since start: Instant, _ outcome: inout FaultOutcome) async {
        if await isAtRest(within: .seconds(30)) {
            outcome.recovery = MonotonicClock.now - start
            let faults = (try? await stand.status())?["evses"]?[0]?["faults"]?.array
            outcome.isRegisterFrozen = faults?.contains("meterImplausible") == true
        } else {
            let latched = ["contactorWelded", "residualCurrentSelfTest"]
            let status = try? await stand.status()
            let faults = (status?["evses"]?[0]?["faults"]?.array ?? []).compactMap(\.string)
            if faults.contains(where: latched.contains) {
                outcome.neededService = true
                _ = try? await stand.local?.post("/local/v1/clear-faults", ["evse": 1])
                let service = MonotonicClock.now
                if await isAtRest(within: .seconds(30)) {
                    outcome.recovery = MonotonicClock.now - service
                }
            } else if await isAtRest(within: .seconds(40)) {
                outcome.recovery = MonotonicClock.now - start
            }
            if outcome.recovery == nil, outcome.verdict == .good {
                let evse = (try? await stand.status())?["evses"]?[0]
                outcome.verdict = .stuck("not available again: \(evse?.text ?? "no status")")
            }
        }
        await stand.mark(.mayNotCharge)
    }

    private func isAtRest(within limit: Milliseconds) async -> Bool {
        await stand.status(within: limit) { status in
            status["ocpp"]?["link"]?["registration"] == "Accepted"
                && status["ocpp"]?["link"]?["state"] == "connected"
                && status["queue"]?["messages"] == 0
                && status["waitingTransactions"]?.array?.isEmpty == true
                && status["faults"]?.array?.allSatisfy { $0 == "meterImplausible" } == true
                && status["evses"]?[0]?["faults"]?.array?
                    .allSatisfy { $0 == "meterImplausible" } == true
                && status["evses"]?[0]?["transaction"]?.string == nil
                && status["evses"]?[0]?["power"]?["contactor"] == "open"
                && status["evses"]?[0]?["connectors"]?[0]?["state"] == "Available"
        } != nil
    }

    /// What the CSMS was told because of the fault.
    private func collect(
        _ log: [Message], from start: Int, until repaired: Instant, _ outcome: inout FaultOutcome
    ) {
        for message in log.dropFirst(start) where message.fromStation && message.kind == .call {
            switch message.action {
            case "StatusNotification":
                if message.payload["connectorStatus"] == "Faulted" { outcome.isFaulted = true }
            case "NotifyEvent":
                for event in message.payload["eventData"]?.array ?? []
                where event["actualValue"] == "true" {
                    guard let code = event["techCode"]?.string else { continue }
                    if !outcome.events.contains(code) { outcome.events.append(code) }
                }
            case "SecurityEventNotification":
                guard let type = message.payload["type"]?.string else { continue }
                if !outcome.securityEvents.contains(type) { outcome.securityEvents.append(type) }
            case "TransactionEvent":
                let isDuring =
                    (message.payload["timestamp"]?.string).flatMap(Timestamps.date)
                    .map { $0.timeIntervalSinceNow < -Self.age(of: repaired) } ?? false
                if message.payload["eventType"] == "Ended", isDuring {
                    outcome.stoppedReason =
                        message.payload["transactionInfo"]?["stoppedReason"]?.string ?? "Local"
                }
            default: break
            }
        }
        outcome.events.sort()
    }
    private static func age(of instant: Instant) -> TimeInterval {
        Double((MonotonicClock.now - instant).count) / 1000
    }
}
