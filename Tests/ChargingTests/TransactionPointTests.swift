import Charging
import EVSEModel
import Testing

/// Every TxStartPoint and TxStopPoint alone and in common sets, with the step at which the books
/// open and close (E01, E06, trap 8).
@Suite("Start and stop points")
struct TransactionPointTests {
    enum Step: String, CaseIterable { case plug, card, energy, pause, stopCard, unplug }

    struct Case: Sendable, CustomTestStringConvertible {
        var points: String
        var cableFirst: String
        var cardFirst: String
        var testDescription: String { points }
    }

    /// The notice with which the books open, by order of events.
    static let starts = [
        Case(
            points: "EVConnected", cableFirst: "plug/CablePluggedIn",
            cardFirst: "plug/CablePluggedIn"),
        Case(points: "Authorized", cableFirst: "card/Authorized", cardFirst: "card/Authorized"),
        Case(
            points: "PowerPathClosed", cableFirst: "card/Authorized",
            cardFirst: "plug/CablePluggedIn"),
        Case(
            points: "EnergyTransfer", cableFirst: "energy/ChargingStateChanged",
            cardFirst: "energy/ChargingStateChanged"),
        Case(
            points: "EVConnected,Authorized", cableFirst: "plug/CablePluggedIn",
            cardFirst: "card/Authorized"),
        Case(
            points: "PowerPathClosed,EnergyTransfer", cableFirst: "card/Authorized",
            cardFirst: "plug/CablePluggedIn"),
        Case(
            points: "Authorized,EnergyTransfer", cableFirst: "card/Authorized",
            cardFirst: "card/Authorized"),
        Case(
            points: "EVConnected,Authorized,PowerPathClosed,EnergyTransfer",
            cableFirst: "plug/CablePluggedIn", cardFirst: "card/Authorized"),
    ]

    @Test("the first matching point opens the books", arguments: starts)
    func start(_ entry: Case) {
        for (order, expected) in [
            ([Step.plug, .card, .energy], entry.cableFirst),
            ([.card, .plug, .energy], entry.cardFirst),
        ] {
            var test = TestStation.online(settings: [.txStartPoint: entry.points])
            var seen: [String] = []
            for step in order {
                test.forget()
                perform(step, &test)
                for notice in test.notices where notice.kind == .started {
                    seen.append("\(step.rawValue)/\(notice.trigger.rawValue)")
                }
            }
            #expect(seen == [expected])
        }
    }

    struct StopCase: Sendable, CustomTestStringConvertible {
        var points: String
        /// The step, trigger and reason with which the books close.
        var paused: String
        var stopped: String
        var unplugged: String
        var testDescription: String { points }
    }

    /// `paused`: the vehicle pauses, then the card, then the cable. `stopped`: the card while
    /// energy flows, then the cable. `unplugged`: the cable is pulled while energy flows.
    static let stops = [
        StopCase(
            points: "EVConnected", paused: "unplug/EVCommunicationLost/Local",
            stopped: "unplug/EVCommunicationLost/Local",
            unplugged: "unplug/EVCommunicationLost/EVDisconnected"),
        StopCase(
            points: "Authorized", paused: "stopCard/StopAuthorized/Local",
            stopped: "stopCard/StopAuthorized/Local",
            unplugged: "unplug/EVCommunicationLost/EVDisconnected"),
        StopCase(
            points: "PowerPathClosed", paused: "stopCard/StopAuthorized/Local",
            stopped: "stopCard/StopAuthorized/Local",
            unplugged: "unplug/EVCommunicationLost/EVDisconnected"),
        StopCase(
            points: "EnergyTransfer", paused: "pause/ChargingStateChanged/StoppedByEV",
            stopped: "stopCard/ChargingStateChanged/Local",
            unplugged: "unplug/EVCommunicationLost/EVDisconnected"),
        StopCase(
            points: "EVConnected,Authorized", paused: "stopCard/StopAuthorized/Local",
            stopped: "stopCard/StopAuthorized/Local",
            unplugged: "unplug/EVCommunicationLost/EVDisconnected"),
        StopCase(
            points: "EVConnected,EnergyTransfer", paused: "pause/ChargingStateChanged/StoppedByEV",
            stopped: "stopCard/ChargingStateChanged/Local",
            unplugged: "unplug/EVCommunicationLost/EVDisconnected"),
    ]

    @Test("the first matching point closes the books, once", arguments: stops)
    func stop(_ entry: StopCase) {
        for (order, expected) in [
            ([Step.pause, .stopCard, .unplug], entry.paused),
            ([.stopCard, .unplug], entry.stopped), ([.unplug], entry.unplugged),
        ] {
            var test = TestStation.online(settings: [.txStopPoint: entry.points])
            for step in [Step.plug, .card, .energy] { perform(step, &test) }
            var seen: [String] = []
            for step in order {
                test.forget()
                perform(step, &test)
                for notice in test.notices where notice.kind == .ended {
                    let reason = notice.stoppedReason?.rawValue ?? "none"
                    seen.append("\(step.rawValue)/\(notice.trigger.rawValue)/\(reason)")
                }
            }
            #expect(seen == [expected], "\(order)")
        }
    }

    private func perform(_ step: Step, _ test: inout TestStation) {
        switch step {
        case .plug: test.plug()
        case .card: test.tap(answer: TestStation.accepted)
        case .energy: test.vehicle(wants: true)
        case .pause: test.vehicle(wants: false)
        case .stopCard:
            test.tap()
            test.look()
        case .unplug: test.unplug()
        }
    }

    @Test(
        "energy that a fault ends closes the books with the fault's reason (E06.FR.07, E06.FR.16)",
        arguments: [
            (Fault.overCurrent, "OvercurrentFault"), (.residualCurrentTrip, "GroundFault"),
            (.powerLoss, "PowerLoss"), (.overVoltage, "PowerQuality"), (.pilotFault, "Other"),
        ])
    func faultEndsEnergy(_ fault: Fault, _ reason: String) {
        var test = TestStation.online(settings: [.txStopPoint: "EnergyTransfer"])
        for step in [Step.plug, .card, .energy] { perform(step, &test) }
        test.forget()
        test.places[0].faults.raise(fault)
        test.look()
        let ends = test.notices.filter { $0.kind == .ended }
        #expect(ends.map(\.trigger) == [.abnormalCondition])
        #expect(ends.map { $0.stoppedReason?.rawValue } == [reason])
    }

    @Test(
        "a refused token ends it where energy is the stop point, flowing or not (E05.FR.10)",
        arguments: [true, false])
    func deauthorised(isCharging: Bool) {
        var test = TestStation.online(settings: [.txStopPoint: "EnergyTransfer"])
        for step in [Step.plug, .card] { perform(step, &test) }
        if isCharging { perform(.energy, &test) }
        test.act { station, now in
            guard let started = station.transactions.first?.id else {
                Issue.record("no transaction")
                return
            }
            station.transactionAnswered(
                started, sequence: 0, info: TokenInfo(status: .invalid), at: now)
        }
        test.run(seconds: 2)
        #expect(test.steps.last == "Ended/Deauthorized")
        #expect(test.notices.last?.stoppedReason == .deAuthorized)
        #expect(!test.target().energyGranted)
        #expect(test.notices.count { $0.kind == .ended } == 1)
    }

    @Test("a remote stop answers a card whose question is open: what is said of it starts nothing")
    func remoteStopBesideQuestion() throws {
        var test = TestStation.online(settings: [.txStartPoint: "EVConnected"])
        test.plug()
        let transaction = try #require(test.notices.first?.transaction)
        test.tap()
        let question = try #require(test.questions.last)
        test.act { station, now in
            guard case .success = station.requestStop(transaction, at: now) else {
                Issue.record("the stop is refused")
                return
            }
        }
        test.act {
            $0.authorizationAnswered(question.id, .info(TestStation.accepted), at: $1)
        }
        test.vehicle(wants: true)
        #expect(!test.target().energyGranted)
        // The driver may try again.
        test.tap(answer: TestStation.accepted)
        #expect(test.target().energyGranted)
    }

    @Test("a vehicle that stops while the meter is lost has stopped by itself")
    func vehicleStopsBesideFault() {
        var test = TestStation.online(settings: [.txStopPoint: "EnergyTransfer"])
        for step in [Step.plug, .card, .energy] { perform(step, &test) }
        test.forget()
        test.places[0].faults.raise(.meterLost)
        perform(.pause, &test)
        #expect(test.notices.map(\.trigger) == [.chargingStateChanged])
        #expect(test.notices.map(\.stoppedReason) == [.stoppedByEV])
    }

    @Test("a local stop that does not end it is reported, then the state (F03.FR.02, E07.FR.02)")
    func updatedStop() {
        var test = TestStation.online(settings: [.txStopPoint: "EVConnected"])
        for step in [Step.plug, .card, .energy] { perform(step, &test) }
        test.forget()
        perform(.stopCard, &test)
        #expect(test.steps == ["Updated/StopAuthorized", "Updated/ChargingStateChanged"])
        #expect(test.notices.first?.token == TestStation.card)
        #expect(test.notices.last?.chargingState == .evConnected)
    }

    @Test("after the end nothing starts by itself while the cable stays in")
    func noRestart() {
        for points in ["EVConnected", "EVConnected,Authorized", "PowerPathClosed"] {
            var test = TestStation.online(settings: [
                .txStartPoint: points, .txStopPoint: "Authorized",
            ])
            for step in [Step.plug, .card, .energy, .stopCard] { perform(step, &test) }
            test.forget()
            test.run(seconds: 30)
            #expect(test.notices.isEmpty)
            perform(.card, &test)
            #expect(test.notices.first?.kind == .started, "a new authorisation starts a new one")
        }
    }
}
