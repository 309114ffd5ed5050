import EVSEModel
import Foundation
import JSON

/// One fault at one moment.
struct FaultCell: Sendable {
    let board: String
    let device: String
    let outlet: FaultOutlet
    /// The device's kind, as the rig names it.
    let kind: String
    let fault: String
    let moment: FaultMoment
    var demand: FaultDemand {
        // Charging at its rating it is told what it offers anyhow.
        if kind == "safety-controller", fault == "offers-other",
            [.charging, .suspended, .offline].contains(moment)
        {
            return .nothing
        }
        let demand = FaultDemand.of(fault, on: kind)
        let mustBeTold = outlet.hasController && !FaultDemand.isController(kind)
        return mustBeTold ? demand.throughController : demand
    }
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
        /// To so many amperes.
        case reduced(Double)
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
            "meter": "meterLost", "signing-meter": "meterLost", "network-meter": "meterLost",
            "http-meter": "meterLost",
            "meters": "meterLost", "house": "meterLost", "mains": "meterLost",
            "reader": "readerLost", "pcsc-reader": "readerLost", "line-reader": "readerLost",
            "keypad": "readerLost", "controller": "controllerLost",
            "network-controller": "controllerLost", "safety-controller": "controllerLost",
            "safety": "controllerLost",
        ]
        let isBus = ["serial-bus", "network-bus"].contains(cell.kind)
        let own = ownLoss[isBus ? cell.device : cell.kind]
        return events.contains { Self.lossesOfTime.contains($0) && $0 != own }
    }
    private static let lossesOfTime: Set = [
        "deadlineMissed", "stationSilent", "meterLost", "readerLost", "controllerLost",
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
        let isEnergised = try await connector()["contactor"] == "closed"
        let offered = try await connector()["offered"]?.number?.double ?? 32
        let id = try await stand.rig.fault(cell.device, cell.fault)
        let start = MonotonicClock.now
        await watch(since: events, messages, isEnergised, start)
        react(to: own(events), isEnergised, offered, start, &outcome)
        let tries = stand.record.count
        if await tryToCharge(since: tries, messages) {
            let now = own(tries)
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
        if case .told(let codes) = cell.demand, outcome.verdict == .good,
            cell.moment != .offline, !outcome.events.contains(where: codes.contains)
        {
            outcome.verdict = .unsafe("nobody was told \(codes.joined(separator: ", "))")
        }
    }

    /// The plant's events of the outlet.
    private func own(_ start: Int) -> [PlantRecord.Event] {
        stand.record.events(from: start).filter {
            !$0.subject.contains("/") && $0.kind != "contactor"
                || $0.subject == cell.outlet.name || $0.subject == "\(cell.outlet.evse)"
        }
    }

    private func connector() async throws -> JSONValue {
        (try await stand.rig.state())["connectors"]?[cell.outlet.index] ?? .null
    }

    /// Until nothing more is to be expected: the fault has had the time to be noticed, what it demands
    /// was done, and neither the plant nor the station says anything new.
    private func watch(
        since events: Int, _ messages: Int, _ isEnergised: Bool, _ start: Instant
    ) async {
        let most = start + FaultDemand.patience(cell.fault, on: cell.kind)
        let least = start + FaultDemand.notice(cell.fault, on: cell.kind)
        var seen = (events: 0, messages: 0)
        var quietSince = start
        while MonotonicClock.now < most {
            try? await Task.sleep(for: .milliseconds(100))
            let own = own(events)
            let said = await stand.csms.log.dropFirst(messages)
            let now = (
                events: own.count { $0.kind != "sample" && $0.kind != "indicator" },
                messages: said.count(where: \.isNews)
            )
            if now != seen { quietSince = MonotonicClock.now }
            seen = now
            let isQuiet = MonotonicClock.now - quietSince >= Self.quiet
            let isDone = isMet(own, isEnergised) && isTold(said)
            if isQuiet, MonotonicClock.now >= least, isDone { return }
        }
    }
    /// Chosen: longer than a round of anything in the station.
    private static let quiet = Milliseconds(1500)

    /// What the fault demands has been done.
    private func isMet(_ events: [PlantRecord.Event], _ isEnergised: Bool) -> Bool {
        let isOpened = events.contains { $0.kind == "contactor" && $0.fields["coil"] == false }
        let offered = events.last { $0.kind == "duty" }?.fields["offered"]?.number?.double
        return switch cell.demand {
        case .nothing, .noStart, .told, .unseen: true
        case .open: !isEnergised || isOpened
        case .safeCurrent: !isEnergised || isOpened || offered.map { $0 <= 6.1 } ?? false
        }
    }

    /// Somebody was told what must be told, or it needs a vehicle that is still to come, or the CSMS is
    /// away.
    private func isTold(_ messages: ArraySlice<Message>) -> Bool {
        guard case .told(let codes) = cell.demand, cell.moment != .idle, cell.moment != .offline
        else { return true }
        return messages.contains { $0.tells(codes) }
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
        try await stand.rig.plug(cell.outlet.name)
        _ = try await world("state B") { $0["pilot"] == "B" }
        guard cell.moment != .preparing else { return }
        try await tap()
        _ = try await world("a car that charges") { ($0["drawn"]?.number?.double ?? 0) > 5 }
        switch cell.moment {
        case .suspended:
            try await stand.rig.vehicle(cell.outlet.name, ["ready": false])
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
        try await stand.rig.tap(card, reader: cell.outlet.reader)
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
            let connector = try await connector()
            if fits(connector) { return connector }
            guard MonotonicClock.now < deadline else {
                throw BenchError("before the fault: no \(what) within 40 s")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: While it holds

    private func react(
        to events: [PlantRecord.Event], _ isEnergised: Bool, _ before: Double, _ start: Instant,
        _ outcome: inout FaultOutcome
    ) {
        let isOpened = events.first { $0.kind == "contactor" && $0.fields["coil"] == false }
        let offered = events.last { $0.kind == "duty" }?.fields["offered"]?.number?.double ?? before
        if !isEnergised {
            outcome.reaction = .none
        } else if let isOpened {
            // The plant may have been quicker than its answer.
            outcome.reaction = .opened(after: max(.zero, isOpened.at - start))
        } else if offered > 0, offered < before - 0.5 {
            outcome.reaction = .reduced(offered)
        } else {
            outcome.reaction = .chargedOn
        }
        switch (cell.demand, outcome.reaction) {
        case (.open(let limit, _), .opened(let time)) where time > limit:
            outcome.verdict = .unsafe("the contactor opened after \(time)")
        case (.open, .reduced), (.open, .chargedOn):
            outcome.verdict = .unsafe("the contactor stayed closed")
        case (.safeCurrent, .chargedOn):
            outcome.verdict = .unsafe("the offer stayed at \(offered) A")
        case (.safeCurrent, .reduced(let left)) where left > 6.1:
            outcome.verdict = .unsafe("the offer fell to \(left) A only")
        default: break
        }
    }

    /// Somebody tries to get energy. False where the moment has nothing to try.
    private func tryToCharge(since events: Int, _ messages: Int) async -> Bool {
        let reader = cell.outlet.reader
        switch cell.moment {
        case .idle:
            try? await stand.rig.plug(cell.outlet.name)
            try? await Task.sleep(for: .milliseconds(1500))
            await stand.mark(.mayCharge)
            try? await stand.rig.tap(card, reader: reader)
        case .preparing:
            await stand.mark(.mayCharge)
            try? await stand.rig.tap(card, reader: reader)
        case .suspended: try? await stand.rig.vehicle(cell.outlet.name, ["ready": true])
        case .charging, .finishing, .offline: return false
        }
        await watchTry(since: events, messages)
        return true
    }

    /// Who must not start is watched for the whole time; who did start needs no more of it than what a
    /// fault that shows with energy takes; and what must be told is waited for.
    private func watchTry(since events: Int, _ messages: Int) async {
        let start = MonotonicClock.now
        var isLong = false
        if case .told = cell.demand { isLong = true }
        let end = start + (isLong ? FaultDemand.patience(cell.fault, on: cell.kind) : .seconds(6))
        while MonotonicClock.now < end {
            try? await Task.sleep(for: .milliseconds(100))
            if case .told(let codes) = cell.demand {
                let said = await stand.csms.log.dropFirst(messages)
                if said.contains(where: { $0.tells(codes) }) { return }
                continue
            }
            let isOn = own(events).contains {
                $0.kind == "contactor" && $0.fields["closed"] == true
            }
            guard isOn, !cell.demand.forbidsStart else { continue }
            // Energised, as it may be: what a fault shows with energy takes less.
            try? await Task.sleep(for: .seconds(2))
            return
        }
    }

    // MARK: Afterwards

    private func leave() async throws {
        if try await connector()["plugged"] == true {
            try await stand.rig.unplug(cell.outlet.name)
        }
        await stand.admit(true)
    }

    private func recover(since start: Instant, _ outcome: inout FaultOutcome) async {
        if await isAtRest(within: .seconds(30)) {
            outcome.recovery = MonotonicClock.now - start
            let faults = (try? await stand.status())?["evses"]?[place]?["faults"]?.array
            outcome.isRegisterFrozen = faults?.contains("meterImplausible") == true
        } else {
            let latched = ["contactorWelded", "residualCurrentSelfTest", "phaseContactorFault"]
            let status = try? await stand.status()
            let faults = (status?["evses"]?[place]?["faults"]?.array ?? []).compactMap(\.string)
            if faults.contains(where: latched.contains) {
                outcome.neededService = true
                _ = try? await stand.local?.post(
                    "/local/v1/clear-faults", ["evse": JSONValue(cell.outlet.evse)])
                let service = MonotonicClock.now
                if await isAtRest(within: .seconds(30)) {
                    outcome.recovery = MonotonicClock.now - service
                }
            } else if await isAtRest(within: .seconds(40)) {
                outcome.recovery = MonotonicClock.now - start
            }
            if outcome.recovery == nil, outcome.verdict == .good {
                let evse = (try? await stand.status())?["evses"]?[place]
                outcome.verdict = .stuck("not available again: \(evse?.text ?? "no status")")
            }
        }
        await stand.mark(.mayNotCharge)
    }

    /// Index of the EVSE in the station's status.
    private var place: Int { cell.outlet.evse - 1 }

    private func isAtRest(within limit: Milliseconds) async -> Bool {
        await stand.status(within: limit) { [place] status in
            status["ocpp"]?["link"]?["registration"] == "Accepted"
                && status["ocpp"]?["link"]?["state"] == "connected"
                && status["queue"]?["messages"] == 0
                && status["waitingTransactions"]?.array?.isEmpty == true
                && status["faults"]?.array?.allSatisfy { $0 == "meterImplausible" } == true
                && status["evses"]?[place]?["faults"]?.array?
                    .allSatisfy { $0 == "meterImplausible" } == true
                && status["evses"]?[place]?["transaction"]?.string == nil
                && status["evses"]?[place]?["power"]?["contactor"] == "open"
                && status["evses"]?[place]?["connectors"]?[0]?["state"] == "Available"
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

extension Message {
    /// A NotifyEvent with one of these technical codes, of something that begins.
    fileprivate func tells(_ codes: [String]) -> Bool {
        fromStation && action == "NotifyEvent"
            && (payload["eventData"]?.array ?? []).contains {
                $0["techCode"]?.string.map(codes.contains) == true
                    && $0["actualValue"] == "true"
            }
    }

    /// Something that the station says because something happened: not what it measures each second.
    fileprivate var isNews: Bool {
        fromStation && kind == .call && payload["triggerReason"]?.string != "MeterValuePeriodic"
    }
}
