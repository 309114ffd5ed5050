import Charging
import ControlLoop
import EVSEModel
import JSON
import LoopGuarantees
import Plant
import StationCore

/// Looks at everything after every step and says which invariant was broken.
struct Watch {
    private(set) var violation: Violation?
    private var monitors: [GuaranteeMonitor]
    private var authorization: AuthorizationWatch
    private var limits: LimitWatch
    private var offline: OfflineWatch
    private var loopStarts = 0
    private var boots = 0
    private var latched = FaultSet()
    /// Steps for which a station that could see it had no vehicle.
    private var leftFor = 0
    private var presentAt: Int64 = .min
    private var steps = 0
    private var shown = [Shown]()

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
        var settings = station.script.variables
        let key = "TxCtrlr.StopTxOnEVSideDisconnect"
        let board = station.core.compiled.factorySettings
        settings[key] = settings[key] ?? board[.stopTxOnEVSideDisconnect] ?? "true"
        authorization = AuthorizationWatch(settings: settings)
        let evse = station.core.station.evses[0]
        limits = LimitWatch(nominalVoltage: evse.nominalVoltage.double, phases: evse.phases)
        offline = OfflineWatch(station.script)
        shown = Array(repeating: Shown(), count: station.evsePlans.count)
    }

    private mutating func fail(_ invariant: Invariant, _ station: SimulatedStation, _ text: String)
    {
        guard violation == nil else { return }
        violation = Violation(invariant, at: station.time, text)
    }

    mutating func presented(_ token: String, at now: Int64) {
        authorization.presented(token, at: now)
    }
    mutating func remoteStartAsked(_ token: String, at now: Int64) {
        authorization.remoteStartAsked(token, at: now)
    }

    mutating func look(at station: SimulatedStation) {
        steps += 1
        if let image = station.latest { lookAtLoop(image, station) }
        let hasVehicle = station.world.evses[0].connectors.contains { $0.vehicle != nil }
        if hasVehicle {
            leftFor = 0
            presentAt = station.instant
        } else if station.process == .running, station.loop != nil, station.world.hasSupply {
            // A station without power sees nobody leave.
            leftFor += 1
            if leftFor == 40 { authorization.vehicleLeft(at: presentAt) }
        }
        if station.csms.hasNews { lookAtCSMS(station) }
        offline.note(station)
        if let problem = authorization.look(station) { fail(.energyIsAuthorised, station, problem) }
        if let (invariant, text) = limits.look(station) { fail(invariant, station, text) }
        if let text = station.sentBeforeDurable { fail(.durableBeforeSent, station, text) }
        if let text = station.replayProblem { fail(.replay, station, text) }
        if steps % 256 == 0 { lookAtBounds(station) }
    }

    private mutating func lookAtCSMS(_ station: SimulatedStation) {
        for (invariant, text) in station.csms.takeViolations() { fail(invariant, station, text) }
        for note in station.csms.takeNotes() {
            authorization.take(note, station)
            limits.take(note)
        }
        for payload in station.csms.takeArrivals() {
            if let text = offline.judge(payload, station) { fail(.offlineFlag, station, text) }
        }
    }

    // MARK: Loop

    private mutating func lookAtLoop(_ image: LoopImage, _ station: SimulatedStation) {
        let now = image.at
        guard station.loop != nil, now == station.now() else { return }
        if station.loopStarts != loopStarts { loopStarted(image, station) }
        for index in monitors.indices {
            monitors[index].look(at: cycle(image, index, station))
            if let broken = monitors[index].violation {
                fail(.loopGuarantee, station, "\(broken.guarantee): \(broken.text)")
            }
            count(image.evses[index], index, station)
        }
        latched = image.evses[0].status.latched
    }

    private func cycle(
        _ image: LoopImage, _ index: Int, _ station: SimulatedStation
    ) -> LoopCycle {
        var context = CycleContext()
        context.cycle = image.cycle
        context.starts = image.starts
        context.stationIsSilent = image.stationIsSilent
        return LoopCycle(
            plan: station.evsePlans[index], period: Milliseconds(station.period / 1_000_000),
            now: image.at, image: image.evses[index], context: context)
    }

    private mutating func loopStarted(_ image: LoopImage, _ station: SimulatedStation) {
        loopStarts = station.loopStarts
        // A machine that booted has another clock: nothing is compared across.
        let isNewBoot = station.boots != boots
        boots = station.boots
        if isNewBoot {
            let before = latched
            monitors = station.evsePlans.indices.map {
                GuaranteeMonitor(cycle(image, $0, station))
            }
            let lost = before.subtracting(image.evses[0].status.latched)
            if !lost.isEmpty {
                fail(
                    .weldIsKept, station,
                    "latched before the restart, forgotten after: \(Array(lost))")
            }
        } else {
            for index in monitors.indices {
                monitors[index].restarted(cycle(image, index, station))
            }
        }
    }

    private mutating func count(_ evse: EVSEImage, _ index: Int, _ station: SimulatedStation) {
        var now = Shown()
        now.phase = evse.status.phase
        now.pilot = evse.status.connectors[0].pilot
        now.cause = evse.status.limitCause
        now.faults = evse.status.allFaults
        now.indication = evse.outputs.indication
        let before = shown[index]
        guard now != before else { return }
        shown[index] = now
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
        .meterRegisters: 8, .settings: 200, .latchedFaults: 8,
    ]

    // MARK: The end

    /// After the day, with everything healthy again for some minutes.
    mutating func lookAtEnd(_ station: SimulatedStation) {
        for evse in station.world.evses {
            for connector in evse.connectors {
                let said = station.csms.connectorStatus[connector.name]
                if said != "Available" {
                    let status = station.latest?.evses[evse.plan.number - 1].status
                    let faults = status.map { "\(Array($0.allFaults))" } ?? ""
                    fail(
                        .connectorRecovers, station,
                        "\(connector.name) is \(said ?? "never reported") at the end; loop: "
                            + "phase \(status.map { "\($0.phase)" } ?? "-"), faults \(faults)")
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
        lookAtEnergy(station)
    }

    /// Registers are read once a second and told when a step is reported: what flows between the
    /// last reading and the contactor's opening is not in the books.
    private mutating func lookAtEnergy(_ station: SimulatedStation) {
        guard station.script.isMeteredWell else { return }
        let books = station.csms.transactionOrder.compactMap { station.csms.transactions[$0] }
        guard books.allSatisfy({ $0.refusals.isEmpty || $0.isStarted }) else { return }
        let told = books.reduce(0) { $0 + (($1.lastRegister ?? 0) - ($1.firstRegister ?? 0)) }
        let flowed = station.books(1)
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
