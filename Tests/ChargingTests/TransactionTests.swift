import Charging
import EVSEModel
import Testing

@Suite("Transactions")
struct TransactionTests {
    @Test("cable first, then a card: books open when both are there (E02, E01.FR.05)")
    func cableFirst() throws {
        var test = TestStation.online(settings: [.txStartPoint: "PowerPathClosed"])
        test.measure()
        test.plug()
        #expect(test.connectorStates == [.occupied])
        #expect(test.steps.isEmpty)
        test.tap(answer: TestStation.accepted)
        let started = try #require(test.notices.first)
        #expect(started.kind == .started)
        #expect(started.trigger == .authorized)
        #expect(started.token == TestStation.card)
        #expect(started.chargingState == .evConnected)
        #expect(started.connector == ConnectorID(evse: 1, connector: 1))
        #expect(started.cableMaxCurrent == Amperes(32))
        #expect(started.meter.first?.values.first?.context == .transactionBegin)
        #expect(test.target().energyGranted)
        #expect(test.target().limit == Amperes(32))
        test.vehicle(wants: true)
        #expect(test.notices.last?.chargingState == .charging)
        #expect(test.steps.last == "Updated/ChargingStateChanged")
        #expect(test.notices.last?.connector == nil, "E01.FR.16: only once")
        #expect(test.notices.last?.token == nil, "E03.FR.01: only once")
    }

    @Test("a record is stored before it is reported, and both before power is granted (trap 30)")
    func durableBeforePower() throws {
        var test = TestStation.online()
        test.plug()
        test.forget()
        test.tap(answer: TestStation.accepted)
        let stored = try #require(
            test.outputs.firstIndex { output in
                if case .store(.put(.transactions, _, _)) = output { true } else { false }
            })
        let reported = try #require(
            test.outputs.firstIndex { output in
                if case .event(.transaction) = output { true } else { false }
            })
        let granted = try #require(
            test.outputs.firstIndex { output in
                if case .targets(_, let targets) = output { targets.energyGranted } else { false }
            })
        #expect(stored < reported)
        #expect(reported < granted)
    }

    @Test("card first: the transaction starts at the card and learns of the cable (E03, E01.FR.16)")
    func cardFirst() {
        var test = TestStation.online(settings: [.txStartPoint: "Authorized"])
        test.tap(answer: TestStation.accepted)
        #expect(test.steps == ["Started/Authorized"])
        #expect(test.notices[0].chargingState == .idle)
        #expect(test.notices[0].connector == nil)
        #expect(test.target().indication == .accepted)
        test.run(seconds: 5)
        #expect(test.target().indication == .plugIn)
        test.plug()
        #expect(test.steps.last == "Updated/CablePluggedIn")
        #expect(test.notices.last?.chargingState == .evConnected)
        #expect(test.notices.last?.connector == ConnectorID(evse: 1, connector: 1))
        test.vehicle(wants: true)
        #expect(test.notices.last?.chargingState == .charging)
    }

    @Test("no cable within EVConnectionTimeOut ends it with Timeout (E03.FR.05)")
    func connectionTimeout() {
        var test = TestStation.online(settings: [
            .txStartPoint: "Authorized", .txStopPoint: "EVConnected", .evConnectionTimeOut: "20",
        ])
        test.tap(answer: TestStation.accepted)
        test.run(seconds: 21)
        #expect(test.steps == ["Started/Authorized", "Ended/EVConnectTimeout"])
        #expect(test.notices.last?.stoppedReason == .timeout)
        test.plug()
        #expect(!test.target().energyGranted)
        #expect(test.notices.count == 2)
    }

    @Test("a vehicle that does not take the offer is SuspendedEV after its grace (TC_E_38)")
    func vehicleNotReady() {
        var test = TestStation.online()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.run(seconds: 11)
        #expect(test.notices.last?.chargingState == .suspendedEV)
        #expect(test.steps.last == "Updated/ChargingStateChanged")
    }

    @Test("the same card stops it; the reason is local and the last values are there (E07, E06)")
    func localStop() throws {
        var test = TestStation.online()
        test.plug()
        test.measure()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.run(seconds: 60)
        test.tap()
        let ended = try #require(test.notices.last)
        #expect(ended.kind == .ended)
        #expect(ended.trigger == .stopAuthorized)
        #expect(ended.stoppedReason == .local)
        #expect(ended.token == TestStation.card)
        #expect(ended.chargingState == .evConnected)
        #expect((55...65).contains(ended.timeSpentCharging ?? 0))
        let contexts = ended.meter.flatMap(\.values).map(\.context)
        #expect(contexts == [.transactionBegin, .transactionEnd])
        #expect(ended.meter.last?.values.last?.thousandths ?? 0 > 100_000)
        #expect(!test.target().energyGranted)
        #expect(!test.target().holdPlug, "E06.FR.10: the cable is free")
        test.unplug()
        #expect(test.connectorStates.last == .available)
        #expect(test.notices.last == ended)
    }

    @Test("another card neither stops a transaction nor appears in its books (trap 14)")
    func otherCard() {
        var test = TestStation.online()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        let count = test.notices.count
        test.tap(TestStation.otherCard, answer: TestStation.accepted)
        #expect(test.notices.count == count)
        #expect(test.target().energyGranted)
    }

    @Test("a card of the same group stops it after the CSMS confirmed the group (C09.FR.05)")
    func groupStop() {
        let group = IdToken("FLEET", .central)
        let info = TokenInfo(status: .accepted, groupToken: group)
        var test = TestStation.online(settings: [.cacheEnabled: "false"])
        test.plug()
        test.tap(answer: info)
        test.vehicle(wants: true)
        test.tap(TestStation.otherCard, answer: TokenInfo(status: .blocked, groupToken: group))
        #expect(test.target().energyGranted, "C09.FR.11")
        test.tap(TestStation.otherCard, answer: info)
        #expect(test.steps.last == "Ended/StopAuthorized")
        #expect(test.notices.last?.token == TestStation.otherCard)
    }

    @Test("a known card of the same group stops it without a question (C09.FR.07)")
    func groupStopFromCache() {
        let info = TokenInfo(status: .accepted, groupToken: IdToken("FLEET", .central))
        var test = TestStation.online(settings: [.txStopPoint: "Authorized"])
        test.plug()
        test.tap(TestStation.otherCard, answer: info)
        test.tap(TestStation.otherCard)
        test.tap(answer: info)
        test.vehicle(wants: true)
        let asked = test.questions.count
        test.tap(TestStation.otherCard)
        #expect(test.questions.count == asked)
        #expect(test.steps.last == "Ended/StopAuthorized")
    }

    @Test("pulled at the vehicle: deauthorised, ended, and unlocked or held as set (E09)")
    func evSideDisconnect() {
        for unlocks in [true, false] {
            var test = TestStation.online(settings: [
                .stopTxOnEVSideDisconnect: "true",
                .unlockOnEVSideDisconnect: String(unlocks), .txStopPoint: "Authorized",
            ])
            test.plug()
            test.tap(answer: TestStation.accepted)
            test.vehicle(wants: true)
            test.unplugVehicle()
            #expect(test.steps.last == "Ended/EVCommunicationLost")
            #expect(test.notices.last?.stoppedReason == .evDisconnected)
            #expect(test.notices.last?.chargingState == .idle)
            #expect(test.target().holdPlug == !unlocks)
            test.tap()
            #expect(!test.target().holdPlug, "E09.FR.03: its owner's card frees it")
        }
    }

    @Test("pulled at the vehicle without StopTxOnEVSideDisconnect: suspended, and goes on (E10)")
    func suspendedByDisconnect() {
        var test = TestStation.online(settings: [
            .stopTxOnEVSideDisconnect: "false", .txStopPoint: "Authorized",
        ])
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.unplugVehicle()
        #expect(test.steps.last == "Updated/EVCommunicationLost")
        #expect(test.notices.last?.chargingState == .idle)
        #expect(test.target().holdPlug, "E10.FR.01")
        test.plug()
        #expect(test.steps.last == "Updated/CablePluggedIn")
        test.vehicle(wants: true)
        #expect(test.notices.last?.chargingState == .charging)
    }

    @Test("a fixed cable that is not plugged in again in time ends it (E10.FR.02)")
    func fixedCableTimeout() {
        let evse = EVSEConfiguration(connectors: [
            ConnectorConfiguration(type: "cType1", hasFixedCable: true, hasLock: false)
        ])
        var test = TestStation.online(
            evses: [evse],
            settings: [
                .stopTxOnEVSideDisconnect: "false", .txStopPoint: "Authorized",
                .evConnectionTimeOut: "30",
            ])
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.unplug()
        test.run(seconds: 31)
        #expect(test.steps.last == "Ended/EVConnectTimeout")
        #expect(test.notices.last?.stoppedReason == .timeout)
    }

    @Test("a latched fault ends it as an abnormal condition, a passing one suspends (E06.FR.16)")
    func faults() {
        var test = TestStation.online()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.places[0].faults.raise(.underVoltage)
        test.look()
        #expect(test.notices.last?.chargingState == .suspendedEVSE)
        #expect(test.connectorStates.last == .faulted)
        test.places[0].faults.clear(.underVoltage)
        test.look()
        test.look()
        #expect(test.notices.last?.chargingState == .charging)
        #expect(test.connectorStates.last == .occupied)
        test.places[0].latched.raise(.contactorWelded)
        test.look()
        #expect(test.steps.last == "Ended/AbnormalCondition")
        #expect(test.notices.last?.stoppedReason == .other)
    }

    @Test("emergency stop has its own reason")
    func emergencyStop() {
        var test = TestStation.online()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.places[0].faults.raise(.emergencyStop)
        test.look()
        #expect(test.notices.last?.stoppedReason == .emergencyStop)
        test.places[0].faults.clear(.emergencyStop)
        test.look()
        #expect(!test.target().energyGranted)
    }

    @Test("without authorisation the plug is enough, with an empty token (C02.FR.01)")
    func noAuthorization() {
        var test = TestStation.online(settings: [.authEnabled: "false"])
        test.plug()
        #expect(test.notices.first?.token?.kind == .noAuthorization)
        #expect(test.notices.first?.token?.text == "")
        #expect(test.target().energyGranted)
    }

    @Test("the status of a transaction: running, over, never heard of (E14)")
    func status() throws {
        var test = TestStation.online()
        test.plug()
        test.tap(answer: TestStation.accepted)
        let id = try #require(test.notices.first?.transaction)
        #expect(test.station.status(of: id) == .ongoing)
        test.tap()
        #expect(test.station.status(of: id) == .ended)
        #expect(test.station.status(of: TransactionID("x")) == .unknown)
    }

    @Test("a cut of the supply: values of its begin and its end, and charging goes on")
    func supplyInterrupted() {
        var test = TestStation.online()
        test.measure()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.places[0].faults.raise(.powerLoss)
        test.look()
        #expect(test.notices.last?.chargingState == .suspendedEVSE)
        #expect(test.notices.last?.meter.first?.values.first?.context == .interruptionBegin)
        test.places[0].faults.clear(.powerLoss)
        test.look()
        test.look()
        #expect(test.notices.last?.chargingState == .charging)
        #expect(test.notices.last?.meter.first?.values.first?.context == .interruptionEnd)
    }

    @Test("a device that fails outside the loop takes its EVSE out of service while it does")
    func deviceFault() throws {
        let evse = try #require(EVSEID(1))
        var test = TestStation.online()
        test.plug()
        test.tap(answer: TestStation.accepted)
        for holds in [true, true, false] {
            test.act { station, now in
                station.deviceFault(
                    .ioFault, device: "io-1", evse: evse, holds: holds, detail: "no reply", at: now)
            }
            #expect(test.target().energyGranted != holds)
        }
        #expect(test.connectorStates == [.occupied, .faulted, .occupied])
    }

    @Test("service clears latched faults through the loop")
    func clearFaults() throws {
        let evse = try #require(EVSEID(1))
        var test = TestStation.online()
        test.act { $0.clearFaults(of: evse, at: $1) }
        #expect(test.target().clearRequests == 1)
    }
}
