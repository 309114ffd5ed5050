import Charging
import EVSEModel
import Testing

@Suite("Power cuts and restarts")
struct RestartTests {
    private func charging(_ settings: [SettingKey: String] = [:]) -> TestStation {
        var test = TestStation.online(settings: settings)
        test.measure()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.run(seconds: 20)
        return test
    }

    @Test("a new process finishes the same transaction; nothing twice, nothing lost (trap 30)")
    func processRestart() throws {
        var test = charging()
        let before = try #require(test.notices.last)
        test.forget()
        test.restart(ofProcess: true)
        #expect(test.target().energyGranted, "a charging car is not interrupted")
        #expect(test.target().holdPlug)
        test.places[0].energised = true
        test.look()
        #expect(test.notices.isEmpty)
        test.goOnline()
        test.run(seconds: 5)
        test.tap()
        let ended = try #require(test.notices.last)
        #expect(ended.kind == .ended)
        #expect(ended.transaction == before.transaction)
        #expect(ended.sequence == before.sequence + 1)
        #expect(ended.token == TestStation.card, "its stopping token, as ever")
        #expect(ended.timeSpentCharging ?? 0 >= 20)
    }

    @Test(
        "an authorisation that ended while the disk was full does not come back with a new process")
    func endedUnwritten() {
        var test = charging()
        let records = test.records
        test.tap()
        #expect(test.steps.last?.hasPrefix("Ended") == true)
        test.undoRecords(to: records)
        test.forget()
        test.restart(ofProcess: true)
        test.goOnline()
        test.look()
        #expect(test.steps == ["Ended/AbnormalCondition"])
        #expect(!test.target().energyGranted)
    }

    @Test("one that was renewed since comes back")
    func renewed() {
        var test = charging()
        test.tap()
        test.unplug()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.forget()
        test.restart(ofProcess: true)
        test.goOnline()
        test.look()
        #expect(!test.steps.contains { $0.hasPrefix("Ended") })
        #expect(test.target().energyGranted)
    }

    @Test("after a power cut charging resumes when the car is still there")
    func powerCut() throws {
        var test = charging()
        let before = try #require(test.notices.last)
        test.restart(ofProcess: false)
        test.forget()
        test.places[0].pilot = .unknown
        test.look()
        #expect(test.notices.isEmpty, "nothing is known of the vehicle yet")
        test.places[0].pilot = .b
        test.measure()
        test.look()
        #expect(test.steps == ["Updated/ChargingStateChanged"])
        #expect(test.notices.last?.chargingState == .evConnected)
        #expect(test.notices.last?.sequence == before.sequence + 1)
        #expect(test.notices.last?.meter.first?.values.first?.context == .interruptionEnd)
        #expect(test.notices.last?.isOffline == true)
        test.vehicle(wants: true)
        #expect(test.notices.last?.chargingState == .charging)
        #expect(test.notices.allSatisfy { $0.token == nil }, "E03.FR.01: told before the cut")
    }

    @Test("after a power cut without the car it ends as PowerLoss")
    func powerCutAndGone() throws {
        var test = charging()
        test.restart(ofProcess: false)
        test.forget()
        test.places[0].pilot = .a
        test.places[0].isPlugged = false
        test.look()
        #expect(test.steps == ["Ended/EVCommunicationLost"])
        #expect(test.notices.last?.stoppedReason == .powerLoss)
        #expect(test.records[.transactions]?.isEmpty ?? true)
        #expect(!test.target().energyGranted)
    }

    @Test(
        "a card that waited for a vehicle when the power went charges nobody's that came since",
        arguments: [1, nil] as [Int?])
    func powerCutBeforeTheVehicle(evse: Int?) {
        for ofProcess in [false, true] {
            var test = TestStation.online(settings: [.txStartPoint: "Authorized"])
            test.tap(evse: evse, answer: TestStation.accepted)
            test.restart(ofProcess: ofProcess)
            test.forget()
            test.places[0].isPlugged = true
            test.places[0].pilot = .b
            test.measure()
            test.look()
            // A process that starts anew knows that the time has not passed.
            #expect(test.target().energyGranted == ofProcess)
            if !ofProcess {
                #expect(test.records[.transactions]?.isEmpty ?? true)
            }
        }
    }

    @Test("collected values and the profile of the transaction survive")
    func kept() throws {
        var test = charging([.sampledTxEndedInterval: "5"])
        let id = try #require(test.notices.first?.transaction)
        test.act { station, now in
            var profile = ChargingProfile(
                id: 1, stackLevel: 0, purpose: .tx, kind: .relative, transaction: id,
                schedules: [
                    ChargingSchedule(
                        id: 1, unit: .amperes, periods: [SchedulePeriod(start: 0, limit: 11_000)])
                ])
            profile.validTo = nil
            let result = station.install(profile, evse: EVSEID(1), at: now)
            #expect(result.isAccepted)
        }
        test.restart(ofProcess: true)
        test.look()
        #expect(test.target().limit == Amperes(11))
        test.tap()
        let meter = try #require(test.notices.last?.meter)
        #expect(meter.count >= 5)
        #expect(meter.first?.values.first?.context == .transactionBegin)
        #expect(test.station.profiles(ProfileFilter()).isEmpty)
    }

    @Test("a deauthorised transaction comes back deauthorised, its plug held for its owner")
    func deauthorised() throws {
        var test = charging([.txStopPoint: "EVConnected"])
        let notice = try #require(test.notices.first { $0.token != nil })
        test.act { station, now in
            station.transactionAnswered(
                notice.transaction, sequence: notice.sequence,
                info: TokenInfo(status: .blocked), at: now)
        }
        test.look()
        test.restart(ofProcess: true)
        test.look()
        #expect(!test.target().energyGranted)
        #expect(test.target().holdPlug)
        #expect(test.station.transactions.map(\.id) == [notice.transaction])
    }

    @Test("identifiers are UUID-shaped and never come twice, also over restarts (E01.FR.08)")
    func identifiers() {
        var test = TestStation.online(settings: [.txStartPoint: "Authorized"])
        var seen: Set<String> = []
        for round in 0..<60 {
            test.forget()
            test.tap(answer: TestStation.accepted)
            let text = test.notices.first?.transaction.text ?? ""
            #expect(text.utf8.count == 36)
            #expect(text.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
            #expect(text.dropFirst(14).first == "4")
            #expect(seen.insert(text).inserted)
            test.tap()
            if round % 10 == 9 {
                test.restart(ofProcess: round % 20 == 9)
                test.look()
                test.goOnline()
            }
        }
    }

    @Test("broken records are dropped, the rest counts (trap 31)")
    func brokenRecords() throws {
        let stored: StoredRecords = [
            .settings: [
                ("AuthCtrlr.Enabled", "{\"v\":\"maybe\"}"), ("NoSuch", "{}"),
                ("OCPPCommCtrlr.OfflineThreshold", "{\"v\":\"5\"}"),
            ],
            .transactions: [("1", "not json"), ("1.0", "{}"), ("lobby", "[]")],
            .authorizationCache: [("x", "{}")],
            .localList: [("#version", "{}"), ("y", "null")],
            .chargingProfiles: [("1", "{\"p\":{}}")],
            .availability: [("7", "{}"), ("a/b", "{\"inoperative\":true}")],
            .meterRegisters: [("9", "{\"wh\":1}"), ("1", "{}")],
            .facts: [("boot", "1"), ("clock.x", "{}"), ("ids", "{\"n\":-4}")],
        ]
        var test = TestStation()
        test.station = ChargingStation(
            configuration: test.configuration, stored: stored, wallClock: nil,
            isRestartOfProcess: true, at: test.now)
        test.collect()
        #expect(test.station.setting(.offlineThreshold) == "5")
        #expect(test.station.setting(.authEnabled) == "true")
        test.look()
        test.goOnline()
        #expect(test.connectorStates == [.available])
    }
}
