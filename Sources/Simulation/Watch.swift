import Charging
import ControlLoop
import EVSEModel
import JSON
import LoopGuarantees
import Plant
import StationCore
import StationRuntime

/// Looks at everything after every step and says which invariant was broken.
struct Watch {
    private(set) var violation: Violation?
    private var monitors: [GuaranteeMonitor]
    /// One per EVSE; `nil` where it has no direct current.
    private var directMonitors = [DCGuaranteeMonitor?]()
    private let plan: Plan
    private var direct: DirectCurrentWatch
    private var directCoverage: DirectCoverage
    private var charges: ChargeWatch
    // One per EVSE
    private var authorization: [AuthorizationWatch]
    private var limits: [LimitWatch]
    private var supply: SupplyWatch
    private var offline: OfflineWatch
    /// One per EVSE whose meter signs.
    private var signed: [SignedWatch]
    private var loopStarts = 0
    private var boots = 0
    private var steps = 0
    /// The board charges with direct current.
    private let isDirect: Bool
    private var places: [Place]

    /// The loop's plan is tens of kilobytes: by reference, so that nobody carries it along.
    private final class Plan {
        let loop: LoopPlan
        init(_ loop: LoopPlan) { self.loop = loop }
    }

    /// What is remembered of an EVSE.
    private struct Place {
        var latched = FaultSet()
        /// Steps for which a station that could see it had no vehicle there.
        var leftFor = 0
        var presentAt: Int64 = .min
        var shown = Shown()
    }

    /// What was counted last of an EVSE, so that only changes count.
    private struct Shown: Equatable {
        var phase = PowerPhase.idle
        var pilot = PilotState.unknown
        var cause = LimitCause.notGranted
        var faults = FaultSet()
        var indication = Indication.idle
    }

    init(_ station: SimulatedStation) {
        monitors = []
        isDirect = station.laboratory.composition.loop.dc.isFitted
        plan = Plan(station.laboratory.composition.loop)
        var settings = station.script.variables
        let key = "TxCtrlr.StopTxOnEVSideDisconnect"
        let board = station.core.compiled.factorySettings
        settings[key] = settings[key] ?? board[.stopTxOnEVSideDisconnect] ?? "true"
        authorization = station.evsePlans.indices.map { AuthorizationWatch($0, settings: settings) }
        limits = station.core.station.evses.enumerated().map {
            LimitWatch(
                $0.offset, nominalVoltage: $0.element.nominalVoltage.double,
                phases: $0.element.phases, isDirect: station.isDirect($0.offset))
        }
        supply = SupplyWatch(station.laboratory.composition.loop)
        direct = DirectCurrentWatch(station)
        directCoverage = DirectCoverage(station)
        charges = ChargeWatch(evses: station.evsePlans.count)
        offline = OfflineWatch(station.script)
        signed = station.signingMeters.map {
            SignedWatch($0.evse.index, meter: $0.meter, isRequired: $0.isRequired)
        }
        places = station.evsePlans.map { _ in Place() }
    }

    private mutating func fail(_ invariant: Invariant, _ station: SimulatedStation, _ text: String)
    {
        guard violation == nil else { return }
        violation = Violation(invariant, at: station.time, text)
    }

    /// - Parameter evse: the reader's; `nil` where it serves several.
    mutating func presented(_ token: String, on evse: EVSEID?, at now: Int64) {
        for index in authorization.indices where evse == nil || evse?.index == index {
            authorization[index].presented(
                token, isForAny: evse == nil && authorization.count > 1, at: now)
        }
    }
    mutating func remoteStartAsked(_ token: String, on evse: Int?, at now: Int64) {
        for index in authorization.indices where evse == nil || evse == index + 1 {
            authorization[index].remoteStartAsked(
                token, isForAny: evse == nil && authorization.count > 1, at: now)
        }
    }

    mutating func look(at station: SimulatedStation) {
        steps += 1
        if station.view.isThere { lookAtLoop(station) }
        if isDirect {
            charges.note(station)
            directCoverage.count(station)
        }
        for index in places.indices { lookAtVehicle(index, station) }
        for index in signed.indices {
            guard let (invariant, text) = signed[index].look(station) else { continue }
            fail(invariant, station, text)
        }
        if station.csms.hasNews { lookAtCSMS(station) }
        offline.note(station)
        for index in places.indices {
            if let problem = authorization[index].look(station) {
                fail(.energyIsAuthorised, station, "EVSE \(index + 1): \(problem)")
            }
            if let (invariant, text) = limits[index].look(station) {
                fail(invariant, station, "EVSE \(index + 1): \(text)")
            }
        }
        for index in station.safetyWatches.indices {
            guard let text = station.safetyWatches[index]?.look(station) else { continue }
            fail(.permissionIsAlive, station, "EVSE \(index + 1): \(text)")
        }
        if let text = supply.look(station) { fail(.supplyObeyed, station, text) }
        if let (invariant, text) = direct.look(station) { fail(invariant, station, text) }
        if let text = station.sentBeforeDurable { fail(.durableBeforeSent, station, text) }
        if let text = station.replayProblem { fail(.replay, station, text) }
        if steps % 256 == 0 { lookAtBounds(station) }
    }

    /// Messages of the station that the CSMS has taken, with their actions.
    mutating func arrived(
        _ messages: [(action: String, payload: JSONValue)], at station: SimulatedStation
    ) {
        for (action, payload) in messages {
            for index in signed.indices {
                guard let (invariant, text) = signed[index].take(action, payload, station) else {
                    continue
                }
                fail(invariant, station, text)
            }
        }
    }
    /// Messages need not be kept for it where no meter signs.
    var reads: Bool { !signed.isEmpty }

    private mutating func lookAtVehicle(_ index: Int, _ station: SimulatedStation) {
        if station.sights[index].hasVehicle {
            places[index].leftFor = 0
            places[index].presentAt = station.instant
        } else if station.process == .running, station.loop != nil, station.world.mains.isUp {
            // A station without power sees nobody leave.
            places[index].leftFor += 1
            if places[index].leftFor == 40 {
                authorization[index].vehicleLeft(at: places[index].presentAt)
            }
        }
    }

    private mutating func lookAtCSMS(_ station: SimulatedStation) {
        for (invariant, text) in station.csms.takeViolations() { fail(invariant, station, text) }
        for note in station.csms.takeNotes() {
            for index in places.indices {
                authorization[index].take(note, station)
                limits[index].take(note)
            }
        }
        for payload in station.csms.takeArrivals() {
            if let text = offline.judge(payload, station) { fail(.offlineFlag, station, text) }
            guard isDirect else { continue }
            let id = payload["transactionInfo"]?["transactionId"]?.string
            let evse = id.flatMap { station.csms.transactions[$0]?.evse }
            if let text = charges.judge(payload, evse: evse) {
                fail(.chargeIsTheVehicles, station, text)
            }
        }
    }

    // MARK: Loop

    private mutating func lookAtLoop(_ station: SimulatedStation) {
        guard station.loop != nil, station.view.image.at == station.now() else { return }
        if station.loopStarts != loopStarts { loopStarted(station) }
        for index in monitors.indices {
            if let broken = judge(index, station) {
                fail(.loopGuarantee, station, "EVSE \(index + 1): \(broken)")
            }
            count(index, station)
            places[index].latched = station.view.image.evses[index].status.latched
        }
    }

    /// Which guarantee of its laws an EVSE's cycle broke, and how.
    private mutating func judge(_ index: Int, _ station: SimulatedStation) -> String? {
        guard !plan.loop.dc.evses[index].isFitted else {
            let cycle = directCycle(index, station)
            directMonitors[index]?.look(at: cycle)
            guard directMonitors[index]?.isBroken == true else { return nil }
            return directMonitors[index]?.violation.map { "\($0.guarantee): \($0.text)" }
        }
        monitors[index].look(at: cycle(index, station))
        return monitors[index].violation.map { "\($0.guarantee): \($0.text)" }
    }

    private func context(_ index: Int, _ station: SimulatedStation) -> CycleContext {
        var context = CycleContext()
        context.cycle = station.view.image.cycle
        context.starts = station.view.image.starts
        context.stationIsSilent = station.view.image.stationIsSilent
        context.missedInWindow = station.lateCycles(within: station.evsePlans[index].missWindow)
        return context
    }

    private func cycle(_ index: Int, _ station: SimulatedStation) -> LoopCycle {
        LoopCycle(
            plan: station.evsePlans[index], period: Milliseconds(station.period / 1_000_000),
            now: station.view.image.at, image: station.view.image.evses[index],
            context: context(index, station))
    }

    private func directCycle(_ index: Int, _ station: SimulatedStation) -> DCLoopCycle {
        DCLoopCycle(
            loop: plan.loop, index: index,
            image: station.view.image.evses[index], direct: station.direct,
            context: context(index, station))
    }

    private mutating func beginMonitors(_ station: SimulatedStation) {
        monitors = station.evsePlans.indices.map { GuaranteeMonitor(cycle($0, station)) }
        directMonitors = station.evsePlans.indices.map { index in
            plan.loop.dc.evses[index].isFitted
                ? DCGuaranteeMonitor(directCycle(index, station)) : nil
        }
    }

    private mutating func loopStarted(_ station: SimulatedStation) {
        loopStarts = station.loopStarts
        // A machine that booted has another clock: nothing is compared across.
        let isNewBoot = station.boots != boots
        boots = station.boots
        if isNewBoot {
            beginMonitors(station)
            for index in places.indices {
                let status = station.view.image.evses[index].status
                let lost = places[index].latched.subtracting(status.latched)
                guard !lost.isEmpty else { continue }
                fail(
                    .weldIsKept, station,
                    "EVSE \(index + 1): latched before the restart, forgotten after: "
                        + "\(Array(lost))")
            }
        } else {
            for index in monitors.indices {
                monitors[index].restarted(cycle(index, station))
                guard plan.loop.dc.evses[index].isFitted else { continue }
                let direct = directCycle(index, station)
                directMonitors[index]?.restarted(direct)
            }
        }
    }

    private mutating func count(_ index: Int, _ station: SimulatedStation) {
        var now = Shown()
        now.phase = station.view.image.evses[index].status.phase
        now.pilot = station.view.image.evses[index].status.connectors[0].pilot
        now.cause = station.view.image.evses[index].status.limitCause
        now.faults = station.view.image.evses[index].status.allFaults
        now.indication = station.view.image.evses[index].outputs.indication
        let before = places[index].shown
        guard now != before else { return }
        places[index].shown = now
        if now.phase != before.phase { station.coverage.add("phase", "\(now.phase)") }
        if now.pilot != before.pilot { station.coverage.add("pilot state", "\(now.pilot)") }
        if now.cause != before.cause { station.coverage.add("limit cause", "\(now.cause)") }
        if now.indication != before.indication {
            station.coverage.add("indication", "\(now.indication)")
        }
        for fault in now.faults.subtracting(before.faults) {
            station.coverage.add("station fault", "\(fault)")
        }
    }

    // MARK: Bounds

    private mutating func lookAtBounds(_ station: SimulatedStation) {
        for collection in StoreCollection.allCases {
            let count = station.disk.count(collection)
            let bound = Self.bounds[collection] ?? collection.bound
            if count > bound {
                fail(.bounded, station, "\(collection.rawValue) holds \(count) records")
            }
        }
    }
    /// What a day's scripts can make, and then some; the store's own bounds are far above.
    private static let bounds: [StoreCollection: Int] = [
        .facts: 200, .transactions: 400, .chargingProfiles: 100, .availability: 20,
        .meterRegisters: 8, .settings: 200, .latchedFaults: 8, .operatorMessages: 50,
    ]

    // MARK: The end

    /// After the day, with everything healthy again for some minutes.
    mutating func lookAtEnd(_ station: SimulatedStation) {
        for evse in station.world.evses {
            for connector in evse.connectors {
                let said = station.csms.connectorStatus[connector.name]
                if said != "Available" {
                    let status = station.view.image.evses[evse.plan.number - 1].status
                    fail(
                        .connectorRecovers, station,
                        "\(connector.name) is \(said ?? "never reported") at the end; loop: "
                            + "phase \(status.phase), faults \(Array(status.allFaults))")
                }
            }
        }
        for id in station.csms.transactionOrder {
            guard let book = station.csms.transactions[id], !book.isEnded else { continue }
            if book.refusals.values.contains(where: { $0 >= station.csms.messageAttempts }) {
                continue
            }
            fail(.oneEnded, station, "\(id) never ended; \(book.next) messages")
        }
        let queue = station.disk.count(.messageQueue)
        if queue > 0 { fail(.comesToRest, station, "\(queue) messages are still queued") }
        let open = station.disk.count(.transactions)
        if open > 0 { fail(.comesToRest, station, "\(open) transactions are still on disk") }
        if station.csms.waitingRequests > 0 {
            fail(.comesToRest, station, "requests of the CSMS wait for an answer")
        }
        lookAtExternalLimits(station)
        lookAtEnergy(station)
    }

    private mutating func lookAtExternalLimits(_ station: SimulatedStation) {
        let supply = station.view.image.supply
        for (source, bound) in [("SO", supply.dimming), ("EMS", supply.external)] {
            let holds = bound != SupplyBound()
            guard holds != station.csms.externalLimits[source] ?? false else { continue }
            fail(
                .limitsAreTold, station,
                "\(source) \(holds ? "limits" : "does not limit") the station, and the CSMS was told "
                    + "otherwise")
        }
    }

    /// Registers are read once a second and told when a step is reported: what flows between the
    /// last reading and the contactor's opening is not in the books.
    private mutating func lookAtEnergy(_ station: SimulatedStation) {
        guard station.script.isMeteredWell else { return }
        let books = station.csms.transactionOrder.compactMap { station.csms.transactions[$0] }
        guard books.allSatisfy({ $0.refusals.isEmpty || $0.isStarted }) else { return }
        let told = books.reduce(0) { $0 + (($1.lastRegister ?? 0) - ($1.firstRegister ?? 0)) }
        let flowed = station.books.reduce(0, +)
        let tolerance = 10 + 25 * Double(books.count) + 0.002 * flowed
        if abs(told - flowed) > tolerance {
            fail(
                .energyBooks, station,
                "transactions tell \(told) Wh, the plant delivered \(flowed) Wh in "
                    + "\(books.count) transactions")
        }
    }
}

extension Script {
    /// Nothing in it disturbs metering, or lets a transaction's records be lost.
    var isMeteredWell: Bool {
        !steps.contains { step in
            switch step.action {
            case .fault, .diskFull, .failWrites, .kill, .powerCut, .mains, .clockStep, .killLoop,
                .stop:
                true
            case .spoil: step.text("action") == "TransactionEvent" || step.text("action") == "*"
            case .request: step.text("action") == "SetVariables"
            default: false
            }
        }
    }
    /// The station's clock may be wrong by seconds: it takes the CSMS's time as that of the answer.
    var hasClockTrouble: Bool {
        steps.contains { step in
            switch step.action {
            case .clockStep, .clockDrift, .clockLost, .powerCut, .latency: true
            case .spoil: step.text("how") == "late"
            default: false
            }
        }
    }
}
