import Charging
import EVSEModel
import Testing

@Suite("Commands")
struct CommandTests {
    private func change(
        _ test: inout TestStation, _ scope: AvailabilityScope, _ operative: Bool
    ) -> AvailabilityAnswer {
        var answer = AvailabilityAnswer.accepted
        test.act { answer = $0.changeAvailability(scope, operative: operative, at: $1) }
        return answer
    }
    private func charging(
        evses: [EVSEConfiguration] = [EVSEConfiguration()], _ settings: [SettingKey: String] = [:]
    ) -> TestStation {
        var test = TestStation.online(evses: evses, settings: settings)
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.forget()
        return test
    }

    // MARK: Availability

    @Test("idle places switch at once and stay so over a restart (G03, G04, B01.FR.07)")
    func availability() throws {
        let evse = try #require(EVSEID(1))
        let connector = try #require(ConnectorID(evse: 1, connector: 1))
        for scope in [AvailabilityScope.station, .evse(evse), .connector(connector)] {
            var test = TestStation.online()
            #expect(change(&test, scope, false) == .accepted)
            #expect(test.connectorStates == [.unavailable])
            #expect(!test.target().available)
            #expect(change(&test, scope, false) == .accepted, "G03.FR.03")
            test.plug()
            test.tap(answer: TestStation.accepted)
            #expect(!test.target().energyGranted)
            test.unplug()
            test.restart(ofProcess: false)
            test.look()
            test.forget()
            test.goOnline()
            #expect(test.connectorStates == [.unavailable])
            #expect(change(&test, scope, true) == .accepted)
            #expect(test.connectorStates.last == .available)
            #expect(test.target().available)
        }
    }

    @Test("during a transaction it is scheduled; the idle EVSE goes at once (G04.FR.06, trap 16)")
    func scheduled() {
        var test = charging(evses: [EVSEConfiguration(), EVSEConfiguration()])
        #expect(change(&test, .station, false) == .scheduled)
        #expect(test.connectorStates == [.unavailable])
        #expect(test.target(1).energyGranted)
        #expect(!test.target(2).available)
        test.tap()
        #expect(test.steps.last == "Ended/StopAuthorized")
        #expect(test.connectorStates == [.unavailable], "occupied until the cable is gone")
        test.unplug()
        #expect(test.connectorStates == [.unavailable, .unavailable], "G01.FR.05")
        #expect(test.events.contains(.availabilityChanged(.station, operative: false)))
        #expect(!test.target(1).available)
    }

    @Test("a scheduled change can be taken back")
    func takenBack() {
        var test = charging()
        #expect(change(&test, .station, false) == .scheduled)
        #expect(change(&test, .station, true) == .accepted)
        test.tap()
        test.unplug()
        #expect(test.connectorStates.last == .available)
    }

    @Test("what is scheduled waits on over a restart; the car goes on charging (G03.FR.05, FR.08)")
    func scheduledOverRestart() {
        var test = charging()
        #expect(change(&test, .station, false) == .scheduled)
        test.restart(ofProcess: true)
        test.places[0].energised = true
        test.look()
        test.goOnline()
        test.run(seconds: 5)
        #expect(test.target().energyGranted)
        #expect(test.connectorStates.last == .occupied)
        test.unplug()
        #expect(test.connectorStates.last == .unavailable)
        #expect(!test.target().available)
    }

    @Test("a change that still waits is scheduled when it is asked for again (G03.FR.03, FR.05)")
    func scheduledTwice() {
        var test = charging()
        #expect(change(&test, .station, false) == .scheduled)
        #expect(change(&test, .station, false) == .scheduled)
        test.unplug()
        #expect(change(&test, .station, false) == .accepted)
    }

    @Test("taking back the station's change leaves the EVSE's to wait for its transaction")
    func scheduledOnTwoLevels() throws {
        let evse = try #require(EVSEID(1))
        var test = charging()
        #expect(change(&test, .evse(evse), false) == .scheduled)
        #expect(change(&test, .station, false) == .scheduled)
        #expect(change(&test, .station, true) == .accepted)
        #expect(test.target().energyGranted)
        #expect(test.connectorStates.isEmpty, "still occupied")
        test.unplug()
        #expect(test.connectorStates.last == .unavailable, "the EVSE's own change")
    }

    @Test("unknown places are rejected")
    func unknownPlace() throws {
        let evse = try #require(EVSEID(3))
        let connector = try #require(ConnectorID(evse: 1, connector: 2))
        var test = TestStation.online()
        for scope in [AvailabilityScope.evse(evse), .connector(connector)] {
            guard case .rejected = change(&test, scope, false) else {
                Issue.record("\(scope) was not rejected")
                continue
            }
        }
    }

    // MARK: Remote start and stop

    private func start(
        _ test: inout TestStation, token: IdToken = TestStation.card, evse: Int? = 1
    ) -> Result<RemoteStartAccepted, Refusal> {
        var result = Result<RemoteStartAccepted, Refusal>.failure(Refusal(.unspecified, ""))
        test.act {
            result = $0.requestStart(
                RemoteStart(remoteStartID: 42, token: token, evse: evse.flatMap(EVSEID.init)),
                at: $1)
        }
        return result
    }

    @Test("a remote start reports its trigger and id once (F02.FR.01, F02.FR.21, trap 10)")
    func remoteStart() throws {
        for point in ["Authorized", "PowerPathClosed", "EVConnected"] {
            var test = TestStation.online(settings: [
                .authorizeRemoteStart: "false", .txStartPoint: point,
            ])
            #expect(start(&test).isAccepted)
            test.plug()
            let first = try #require(test.notices.first)
            #expect(first.trigger == .remoteStart)
            #expect(first.remoteStartID == 42)
            #expect(first.token == TestStation.card)
            test.vehicle(wants: true)
            #expect(test.notices.dropFirst().allSatisfy { $0.remoteStartID == nil })
        }
    }

    @Test("with AuthorizeRemoteStart the CSMS is asked first (F01.FR.01)")
    func authorizedRemoteStart() {
        var test = TestStation.online()
        test.plug()
        #expect(start(&test).isAccepted)
        #expect(test.notices.isEmpty)
        #expect(test.questions.last?.token == TestStation.card)
        let id = test.questions[0].id
        test.act { $0.authorizationAnswered(id, .info(TestStation.accepted), at: $1) }
        #expect(test.steps == ["Started/RemoteStart"])
    }

    @Test("a running transaction that nobody authorised is named and joined (F01.FR.13, FR.25)")
    func joined() throws {
        var test = TestStation.online(settings: [
            .authorizeRemoteStart: "false", .txStartPoint: "EVConnected",
        ])
        test.plug()
        let running = try #require(test.notices.first?.transaction)
        #expect(try start(&test).get().transaction == running)
        #expect(test.steps == ["Started/CablePluggedIn", "Updated/RemoteStart"])
        #expect(test.notices.last?.remoteStartID == 42)
    }

    @Test("refused: in use, out of service, faulted, unknown (F01.FR.23, F01.FR.24)")
    func refusedStart() throws {
        var test = charging()
        #expect(start(&test, token: TestStation.otherCard).refusal?.code == .txInProgress)
        #expect(start(&test, evse: nil).refusal != nil)
        #expect(start(&test, evse: 2).refusal?.code == .unknownEVSE)
        var faulted = TestStation.online()
        faulted.places[0].faults.raise(.groundLost)
        faulted.look()
        #expect(start(&faulted).refusal != nil)
        var gone = TestStation.online()
        #expect(change(&gone, .station, false) == .accepted)
        #expect(start(&gone).refusal != nil)
    }

    @Test("without an EVSE the plugged one is taken, else a free one (F01.FR.20)")
    func chosenEVSE() {
        let evses = [EVSEConfiguration(), EVSEConfiguration()]
        var test = TestStation.online(evses: evses, settings: [.authorizeRemoteStart: "false"])
        test.plug(2)
        #expect(start(&test, evse: nil).isAccepted)
        #expect(test.target(2).energyGranted)
        #expect(start(&test, token: TestStation.otherCard, evse: nil).isAccepted)
        test.plug(1)
        #expect(test.target(1).energyGranted)
    }

    @Test(
        "a remote stop ends it as Remote, or when the cable goes (F03.FR.02, F03.FR.03, F04.FR.03)")
    func remoteStop() throws {
        for (point, steps) in [
            ("Authorized", ["Ended/RemoteStop"]),
            (
                "EVConnected",
                [
                    "Updated/RemoteStop", "Updated/ChargingStateChanged",
                    "Ended/EVCommunicationLost",
                ]
            ),
        ] {
            var test = charging([.txStopPoint: point])
            let id = try #require(test.station.transactions.first?.id)
            test.act { station, now in
                let unknown = station.requestStop(TransactionID("?"), at: now)
                #expect(unknown.refusal?.code == .txNotFound, "F03.FR.08")
                let result = station.requestStop(id, at: now)
                #expect(result.isAccepted)
            }
            test.look()
            #expect(!test.target().energyGranted)
            test.unplug()
            #expect(test.steps == steps)
            #expect(test.notices.last?.stoppedReason == .remote)
        }
    }

    // MARK: Unlock

    private func unlock(_ test: inout TestStation, connector: Int = 1) throws -> UnlockAnswer {
        let connector = try #require(ConnectorID(evse: 1, connector: connector))
        var answer = UnlockAnswer.done(.unknownConnector, nil)
        test.act { answer = $0.unlock(connector, at: $1) }
        return answer
    }
    private func unlocked(_ test: TestStation) -> [UnlockResult] {
        test.events.compactMap { event in
            if case .unlockFinished(_, let result) = event { result } else { nil }
        }
    }

    @Test("an unlock is attempted also without a cable, with the lock's own result (F05, trap 19)")
    func unlock() throws {
        for works in [true, false] {
            var test = TestStation.online()
            test.places[0].unlockWorks = works
            guard case .attempting = try unlock(&test) else {
                Issue.record("not attempted")
                continue
            }
            #expect(test.target().unlockRequests == 1)
            test.look()
            #expect(unlocked(test) == [works ? .unlocked : .unlockFailed])
        }
    }

    @Test("refused: authorised transaction, fixed cable, unknown connector (F05.FR.02, FR.03)")
    func refusedUnlock() throws {
        var test = charging()
        #expect(try unlock(&test) == .done(.ongoingAuthorizedTransaction, nil))
        #expect(try unlock(&test, connector: 2) == .done(.unknownConnector, nil))
        var fixed = TestStation.online(evses: [
            EVSEConfiguration(connectors: [
                ConnectorConfiguration(type: "cType1", hasFixedCable: true, hasLock: false)
            ])
        ])
        guard case .done(.unlockFailed, let refusal?) = try unlock(&fixed) else {
            Issue.record("a fixed cable was unlocked")
            return
        }
        #expect(refusal.code == .fixedCable)
    }

    @Test("a lock that never answers fails in time (trap 28)")
    func silentLock() throws {
        var test = TestStation.online()
        _ = try unlock(&test)
        test.now = test.now + .seconds(16)
        test.act { $0.advance(to: $1) }
        #expect(unlocked(test) == [.unlockFailed])
    }

    // MARK: Reset

    @Test("an immediate reset ends transactions first, without a token (B12.FR.04, trap 15)")
    func immediateReset() throws {
        var test = charging()
        test.act { #expect($0.reset(.immediate, evse: nil, at: $1) == .accepted) }
        let ended = try #require(test.notices.last)
        #expect(ended.kind == .ended)
        #expect(ended.trigger == .resetCommand)
        #expect(ended.stoppedReason == .immediateReset)
        #expect(ended.token == nil)
        #expect(test.events.last == .restartWanted(.remoteReset(scheduled: false)))
    }

    @Test("a reset on idle waits for the transactions and lets none begin (B12.FR.01, FR.03)")
    func idleReset() {
        var test = charging(evses: [EVSEConfiguration(), EVSEConfiguration()])
        test.act { #expect($0.reset(.onIdle, evse: nil, at: $1) == .scheduled) }
        #expect(test.connectorStates == [.unavailable], "the one that is free")
        test.plug(2)
        test.tap(TestStation.otherCard, evse: 2, answer: TestStation.accepted)
        #expect(!test.target(2).energyGranted)
        #expect(!test.events.contains(.restartWanted(.remoteReset(scheduled: false))))
        test.tap()
        #expect(test.events.contains(.restartWanted(.remoteReset(scheduled: true))))
    }

    @Test("one EVSE alone is reset only where the board can (B11.FR.08, FR.09)")
    func evseReset() throws {
        let evse = try #require(EVSEID(1))
        var test = TestStation.online()
        test.act { station, now in
            guard case .rejected = station.reset(.immediate, evse: evse, at: now) else {
                Issue.record("not rejected")
                return
            }
        }
        var configuration = EVSEConfiguration()
        configuration.canReset = true
        var able = charging(evses: [configuration])
        able.act { #expect($0.reset(.immediate, evse: evse, at: $1) == .accepted) }
        #expect(able.steps.last == "Ended/ResetCommand")
        #expect(able.connectorStates.last == .unavailable)
        able.run(seconds: 5)
        #expect(able.events.contains(.evseRestarted(evse)))
        #expect(able.connectorStates.last == .occupied)
    }

    @Test("resets of two EVSEs wait each for its own transaction (B12.FR.01, B12.FR.07)")
    func evseResets() throws {
        let (first, second) = (try #require(EVSEID(1)), try #require(EVSEID(2)))
        var able = EVSEConfiguration()
        able.canReset = true
        var test = charging(evses: [able, able])
        test.act { #expect($0.reset(.onIdle, evse: first, at: $1) == .scheduled) }
        test.tap(TestStation.otherCard, evse: 2, answer: TestStation.accepted)
        test.plug(2)
        #expect(test.target(2).energyGranted, "the other EVSE serves on")
        test.act { #expect($0.reset(.immediate, evse: second, at: $1) == .accepted) }
        test.run(seconds: 5)
        #expect(test.events.contains(.evseRestarted(second)))
        #expect(!test.events.contains(.evseRestarted(first)))
        test.tap()
        test.run(seconds: 5)
        #expect(test.events.contains(.evseRestarted(first)))
    }

    @Test("while a reset waits no plug begins a transaction, too (B12.FR.03)")
    func idleResetAndPlug() {
        var test = TestStation.online(
            evses: [EVSEConfiguration(), EVSEConfiguration()],
            settings: [.txStartPoint: "EVConnected"])
        test.plug()
        test.act { #expect($0.reset(.onIdle, evse: nil, at: $1) == .scheduled) }
        test.forget()
        test.plug(2)
        #expect(test.notices.isEmpty)
        test.unplug()
        #expect(test.events.contains(.restartWanted(.remoteReset(scheduled: true))))
    }

    // MARK: Settings

    @Test("settings check their values and say what is wrong")
    func settings() {
        let cases: [(SettingKey, String, SettingResult)] = [
            (.heartbeatInterval, "60", .accepted),
            (.heartbeatInterval, "-1", .refused(.tooLow)),
            (.heartbeatInterval, "86401", .refused(.tooHigh)),
            (.heartbeatInterval, "1.5", .refused(.invalid)),
            (.heartbeatInterval, "+5", .refused(.invalid)),
            (.heartbeatInterval, "", .refused(.invalid)),
            (.authEnabled, "TRUE", .accepted),
            (.authEnabled, "yes", .refused(.invalid)),
            (.cachePolicy, "LFU", .accepted),
            (.cachePolicy, "lfu", .refused(.invalid)),
            (.txStartPoint, "EVConnected,Authorized", .accepted),
            (.txStartPoint, "ParkingBayOccupancy", .refused(.invalid)),
            (.txStartPoint, "Authorized,Authorized", .refused(.invalid)),
            (.txStartPoint, "", .refused(.invalid)),
            (.txStopPoint, " EVConnected , Authorized ", .accepted),
            (.sampledTxUpdatedMeasurands, "", .accepted),
            (.masterPassGroupID, String(repeating: "x", count: 37), .refused(.tooLong)),
            (.limitChangeSignificance, "2.5", .accepted),
            (.limitChangeSignificance, "2.5000", .refused(.invalid)),
            (.networkConfigurationPriority, "1,2", .accepted),
            (.networkConfigurationPriority, "a", .refused(.invalid)),
            (.securityProfile, "2", .refused(.readOnly)),
        ]
        for (key, value, expected) in cases {
            var test = TestStation.online()
            test.act { station, now in
                let result = station.set(key, value, at: now)
                #expect(result == expected, "\(key.rawValue)=\(value)")
            }
            if case .refused = expected { #expect(test.outputs.isEmpty) }
        }
    }

    @Test("what the CSMS sets survives, a factory value counts below it, a fixed one stays")
    func kept() {
        var test = TestStation(settings: [.offlineThreshold: "77"])
        #expect(test.station.setting(.offlineThreshold) == "77")
        test.act { #expect($0.set(.offlineThreshold, "99", at: $1) == .accepted) }
        test.act { #expect($0.set(.txStopPoint, " EVConnected ", at: $1) == .accepted) }
        #expect(test.station.setting(.txStopPoint) == "EVConnected", "canonical")
        test.configuration.fixedSettings = [.txStartPoint]
        test.restart(ofProcess: false)
        #expect(test.station.setting(.offlineThreshold) == "99")
        #expect(test.station.mutability(of: .txStartPoint) == .readOnly)
        test.act {
            #expect($0.set(.txStartPoint, "Authorized", at: $1) == .refused(.readOnly))
        }
    }

    @Test("a value that waits for a restart can be taken back before it (B05.FR.10)")
    func takenBackSetting() {
        var test = TestStation.online()
        let before = test.station.setting(.webSocketPingInterval)
        test.act { #expect($0.set(.webSocketPingInterval, "11", at: $1) == .needsRestart) }
        #expect(test.station.setting(.webSocketPingInterval) == before)
        test.act { #expect($0.set(.webSocketPingInterval, before, at: $1) == .needsRestart) }
        test.restart(ofProcess: true)
        #expect(test.station.setting(.webSocketPingInterval) == before)
    }

    @Test("every setting's default is a value of its own type")
    func defaults() {
        for key in SettingKey.allCases {
            let result = ChargingStation.check(key, key.definition.defaultValue)
            #expect(result.isAccepted, "\(key.rawValue)")
        }
    }
}
