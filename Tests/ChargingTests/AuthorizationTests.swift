import Charging
import EVSEModel
import Testing

@Suite("Authorisation")
struct AuthorizationTests {
    private let group = IdToken("FLEET", .central)

    private func listed(
        _ test: inout TestStation, _ token: IdToken, _ status: AuthorizationStatus
    ) {
        test.act { station, now in
            let result = station.updateLocalList(
                .full, version: 1,
                entries: [LocalListEntry(token: token, info: TokenInfo(status: status))], at: now)
            #expect(result == .accepted)
        }
    }

    /// Puts a token into the cache by one short session.
    private func cached(_ test: inout TestStation, _ info: TokenInfo) {
        test.tap(answer: info)
        if info.status == .accepted { test.tap() }
        test.run(seconds: 1)
        test.forget()
    }

    struct Offline: Sendable {
        var listed: AuthorizationStatus?
        var cached: AuthorizationStatus?
        var settings: [SettingKey: String]
        var starts: Bool
    }
    static let offlineCases = [
        Offline(settings: [:], starts: false),
        Offline(settings: [.offlineTxForUnknownID: "true"], starts: true),
        Offline(listed: .accepted, settings: [:], starts: true),
        Offline(listed: .accepted, settings: [.localAuthorizeOffline: "false"], starts: false),
        Offline(listed: .blocked, settings: [.offlineTxForUnknownID: "true"], starts: false),
        Offline(cached: .accepted, settings: [:], starts: true),
        Offline(cached: .accepted, settings: [.cacheEnabled: "false"], starts: false),
        Offline(cached: .invalid, settings: [.offlineTxForUnknownID: "true"], starts: false),
        Offline(listed: .blocked, cached: .accepted, settings: [:], starts: false),
        Offline(listed: .accepted, cached: .invalid, settings: [:], starts: true),
    ]

    @Test(
        "offline: list before cache before unknown (C13, C15.FR.08, trap 13)",
        arguments: offlineCases)
    func offline(_ entry: Offline) {
        var test = TestStation.online(settings: entry.settings)
        if let status = entry.cached { cached(&test, TokenInfo(status: status)) }
        if let status = entry.listed { listed(&test, TestStation.card, status) }
        test.goOffline()
        test.plug()
        test.tap()
        #expect(test.questions.isEmpty)
        #expect(test.target().energyGranted == entry.starts)
        if entry.starts { #expect(test.notices.allSatisfy { $0.isOffline }, "trap 6") }
    }

    struct Online: Sendable {
        var listed: AuthorizationStatus?
        var cached: AuthorizationStatus?
        var settings: [SettingKey: String]
        var asks: Bool
        var starts: Bool
    }
    static let onlineCases = [
        Online(settings: [:], asks: true, starts: false),
        Online(listed: .accepted, settings: [:], asks: true, starts: false),
        Online(
            listed: .accepted, settings: [.localPreAuthorize: "true"], asks: false, starts: true),
        Online(
            cached: .accepted, settings: [.localPreAuthorize: "true"], asks: false, starts: true),
        Online(
            cached: .invalid, settings: [.localPreAuthorize: "true"], asks: true, starts: false),
        Online(
            cached: .invalid, settings: [.cacheDisablePostAuthorize: "true"], asks: false,
            starts: false),
        Online(
            listed: .blocked, settings: [.listDisablePostAuthorize: "true"], asks: false,
            starts: false),
        Online(
            listed: .blocked, cached: .accepted, settings: [.localPreAuthorize: "true"],
            asks: true, starts: false),
        Online(
            settings: [.disableRemoteAuthorization: "true"], asks: false, starts: false),
        Online(
            listed: .accepted, settings: [.disableRemoteAuthorization: "true"], asks: false,
            starts: true),
    ]

    @Test("online: when the CSMS is asked (C10.FR.03, C12, C14, trap 12)", arguments: onlineCases)
    func online(_ entry: Online) {
        var settings = entry.settings
        let disablesAsking = settings.removeValue(forKey: .disableRemoteAuthorization)
        var test = TestStation.online(settings: settings)
        if let status = entry.cached { cached(&test, TokenInfo(status: status)) }
        if let status = entry.listed { listed(&test, TestStation.card, status) }
        if let disablesAsking {
            test.act { _ = $0.set(.disableRemoteAuthorization, disablesAsking, at: $1) }
        }
        test.plug()
        test.tap()
        #expect(!test.questions.isEmpty == entry.asks)
        #expect(test.target().energyGranted == entry.starts)
    }

    @Test("a refused token starts nothing")
    func refused() {
        var test = TestStation.online()
        test.plug()
        test.tap(answer: TokenInfo(status: .invalid))
        #expect(test.notices.isEmpty)
        #expect(!test.target().energyGranted)
        #expect(test.target().indication == .rejected)
    }

    @Test("no answer from the CSMS: the offline rules decide")
    func unanswered() {
        for unknown in [true, false] {
            var test = TestStation.online(settings: [.offlineTxForUnknownID: String(unknown)])
            test.plug()
            test.tap()
            let id = test.questions[0].id
            test.act { $0.authorizationAnswered(id, .unanswered, at: $1) }
            #expect(test.target().energyGranted == unknown)
            test.act { $0.authorizationAnswered(id, .info(TestStation.accepted), at: $1) }
            #expect(test.target().energyGranted == unknown, "a late answer changes nothing")
        }
    }

    @Test("a link lost while asking decides offline")
    func linkLostWhileAsking() {
        var test = TestStation.online(settings: [.offlineTxForUnknownID: "true"])
        test.plug()
        test.tap()
        test.goOffline()
        #expect(test.target().energyGranted)
        #expect(test.notices.first?.isOffline == true)
    }

    @Test("a token that is good for another EVSE only is refused here (C01.FR.21)")
    func otherEVSE() throws {
        let evse = try #require(EVSEID(2))
        var test = TestStation.online(evses: [EVSEConfiguration(), EVSEConfiguration()])
        let info = TokenInfo(status: .accepted, evses: [evse])
        test.plug(1)
        test.tap(evse: 1, answer: info)
        #expect(!test.target(1).energyGranted)
        test.plug(2)
        test.tap(evse: 2, answer: info)
        #expect(test.target(2).energyGranted)
    }

    @Test("at a shared reader it waits for one of its own outlets, over a restart, too (C01.FR.21)")
    func otherEVSEAtSharedReader() throws {
        let evse = try #require(EVSEID(2))
        var test = TestStation.online(
            evses: [EVSEConfiguration(), EVSEConfiguration()],
            settings: [.txStartPoint: "Authorized"])
        test.tap(evse: nil, answer: TokenInfo(status: .accepted, evses: [evse]))
        test.restart(ofProcess: true)
        test.look()
        test.plug(1)
        #expect(!test.target(1).energyGranted)
        test.unplug(1)
        test.plug(2)
        #expect(test.target(2).energyGranted)
    }

    @Test("a token that is good for none of the EVSEs is good for nothing here (C01.FR.20, FR.21)")
    func noEVSE() {
        for evse in [1, nil] {
            var test = TestStation.online(
                evses: [EVSEConfiguration(), EVSEConfiguration()],
                settings: [.txStartPoint: "Authorized"])
            test.tap(evse: evse, answer: TokenInfo(status: .accepted, evses: []))
            #expect(test.notices.isEmpty)
        }
    }

    @Test("Central and NoAuthorization are never cached (C02.FR.03, C03.FR.02, trap 13)")
    func neverCached() throws {
        for kind in [IdToken.Kind.central, .noAuthorization] {
            var test = TestStation.online()
            test.plug()
            test.act { station, now in
                let result = station.requestStart(
                    RemoteStart(remoteStartID: 7, token: IdToken("ABC", kind)), at: now)
                #expect(result.isAccepted)
            }
            #expect(test.questions.isEmpty, "C05.FR.01")
            let notice = try #require(test.notices.first)
            test.act { station, now in
                station.transactionAnswered(
                    notice.transaction, sequence: notice.sequence, info: TestStation.accepted,
                    at: now)
            }
            #expect(test.station.cacheCount == 0)
        }
    }

    @Test(
        "a cached token expires by its date or by its life time (C10.FR.08, C10.FR.10, C10.FR.13)")
    func expiry() {
        let dated = TokenInfo(
            status: .accepted, cacheExpiry: TestStation.someTime + .seconds(100))
        for (info, settings) in [
            (dated, [:]), (TestStation.accepted, [SettingKey.cacheLifeTime: "100"]),
        ] {
            var test = TestStation.online(settings: settings)
            cached(&test, info)
            test.run(seconds: 200)
            test.goOffline()
            test.plug()
            test.tap()
            #expect(!test.target().energyGranted)
        }
    }

    @Test("a full cache forgets by its policy, tokens that are not accepted first (C10.FR.07)")
    func replacement() {
        let tokens = (1...4).map { IdToken("CARD\($0)", .iso14443) }
        // Used: 1 twice, 2 once, 3 once but last. The fourth pushes one out.
        for (policy, victim) in [("LRU", 2), ("LFU", 2), ("FIFO", 1)] {
            var bounds = StationLimits()
            bounds.cacheEntries = 3
            var test = TestStation.online(settings: [.cachePolicy: policy], bounds: bounds)
            for index in [0, 1, 2] { use(tokens[index], &test) }
            for index in [0, 0, 2] { use(tokens[index], &test) }
            use(tokens[3], &test)
            #expect(test.station.cacheCount == 3)
            #expect(test.records[.authorizationCache]?.count == 3)
            let kept = test.records[.authorizationCache]?.keys.map { $0 } ?? []
            #expect(!kept.contains("ISO14443:card\(victim)"), "\(policy) kept \(kept)")
        }
    }

    private func use(_ token: IdToken, _ test: inout TestStation) {
        test.tap(token, answer: TestStation.accepted)
        test.tap(token)
        test.run(seconds: 1)
    }

    @Test("clearing the cache: refused where it is disabled (C11)")
    func clear() {
        var test = TestStation.online()
        cached(&test, TestStation.accepted)
        #expect(test.station.cacheCount == 1)
        test.act { station, now in
            let result = station.clearCache(at: now)
            #expect(result.isAccepted)
        }
        #expect(test.station.cacheCount == 0)
        #expect(test.records[.authorizationCache] == nil)
        test.act { station, now in
            let set = station.set(.cacheEnabled, "false", at: now)
            #expect(set == .accepted)
            let result = station.clearCache(at: now)
            #expect(!result.isAccepted)
        }
    }

    @Test("a master pass stops everything and starts nothing (C16, C12.FR.09, trap 13)")
    func masterPass() {
        let evses = [EVSEConfiguration(), EVSEConfiguration()]
        let master = IdToken("MASTER", .iso14443)
        let info = TokenInfo(status: .accepted, groupToken: IdToken("BOSS", .central))
        var test = TestStation.online(evses: evses, settings: [.masterPassGroupID: "BOSS"])
        test.plug(1)
        test.tap(master, evse: 1, answer: info)
        #expect(test.notices.isEmpty)
        for (evse, token) in [(1, TestStation.card), (2, TestStation.otherCard)] {
            test.plug(evse)
            test.tap(token, evse: evse, answer: TestStation.accepted)
        }
        #expect(test.target(1).energyGranted && test.target(2).energyGranted)
        test.forget()
        test.tap(master, evse: 1)
        #expect(test.steps == ["Ended/StopAuthorized", "Ended/StopAuthorized"])
        #expect(test.notices.allSatisfy { $0.stoppedReason == .masterPass })
    }

    @Test(
        "refused after an offline start: StopTxOnInvalidId ends it (C15.FR.04, E05.FR.10, trap 11)")
    func refusedAfterwards() throws {
        var test = TestStation.online(settings: [
            .offlineTxForUnknownID: "true", .stopTxOnInvalidID: "true",
            .maxEnergyOnInvalidID: "500",
        ])
        test.goOffline()
        test.plug(ready: true)
        test.tap()
        test.look()
        let notice = try #require(test.notices.first { $0.token != nil })
        test.goOnline()
        test.act { station, now in
            station.transactionAnswered(
                notice.transaction, sequence: notice.sequence,
                info: TokenInfo(status: .invalid), at: now)
        }
        #expect(test.steps.last == "Ended/Deauthorized")
        #expect(test.notices.last?.stoppedReason == .deAuthorized)
        #expect(test.notices.last?.isOffline == false)
        #expect(test.target().holdPlug, "E05.FR.11: until its owner comes")
        test.tap()
        #expect(!test.target().holdPlug)
    }

    @Test("refused, the books stay open by their stop point, energy stops (E05.FR.09)")
    func refusedWithoutEnd() throws {
        var test = TestStation.online(settings: [.txStopPoint: "EVConnected"])
        test.plug(ready: true)
        test.tap(answer: TestStation.accepted)
        test.look()
        let notice = try #require(test.notices.first { $0.token != nil })
        test.act { station, now in
            station.transactionAnswered(
                notice.transaction, sequence: notice.sequence,
                info: TokenInfo(status: .blocked), at: now)
        }
        #expect(test.steps.last == "Updated/Deauthorized")
        test.look()
        #expect(test.notices.last?.chargingState == .evConnected)
        #expect(!test.target().energyGranted)
        #expect(test.target().holdPlug)
        test.tap(answer: TokenInfo(status: .blocked))
        #expect(!test.target().holdPlug, "refused again, its owner gets the cable all the same")
    }

    @Test(
        "refused with MaxEnergyOnInvalidId: energy up to it, then SuspendedEVSE (E05.FR.02, FR.03)")
    func energyLimit() throws {
        for limit in [0, 500] {
            var test = TestStation.online(settings: [
                .stopTxOnInvalidID: "false", .maxEnergyOnInvalidID: String(limit),
            ])
            test.measure()
            test.plug(ready: true)
            test.tap(answer: TestStation.accepted)
            test.look()
            let notice = try #require(test.notices.first { $0.token != nil })
            test.act { station, now in
                station.transactionAnswered(
                    notice.transaction, sequence: notice.sequence,
                    info: TokenInfo(status: .invalid), at: now)
            }
            test.look()
            #expect(test.target().energyGranted == (limit > 0))
            test.run(seconds: 400)  // 7.2 kW: 2 Wh a second
            #expect(!test.target().energyGranted)
            #expect(test.notices.last?.chargingState == .suspendedEVSE)
            #expect(test.notices.last?.kind == .updated)
            #expect(test.places[0].energy <= WattHours(Int64(limit) + 3))
        }
    }

    @Test("a shared reader: the card waits for the cable, values come when it is known (trap 9)")
    func sharedReader() throws {
        let evses = [EVSEConfiguration(), EVSEConfiguration()]
        var test = TestStation.online(evses: evses, settings: [.txStartPoint: "Authorized"])
        test.measure()
        test.tap(evse: nil, answer: TestStation.accepted)
        let started = try #require(test.notices.first)
        #expect(started.kind == .started)
        #expect(started.connector == nil)
        #expect(started.meter.isEmpty)
        test.plug(2)
        #expect(test.notices.last?.connector == ConnectorID(evse: 2, connector: 1))
        #expect(test.notices.last?.transaction == started.transaction)
        #expect(test.target(2).energyGranted)
        test.vehicle(2, wants: true)
        let charging = try #require(test.notices.last)
        #expect(charging.chargingState == .charging)
        #expect(charging.meter.first?.values.first?.context == .transactionBegin, "E01.FR.17")
        #expect(test.notices.map(\.sequence) == Array(0..<test.notices.count))
    }

    @Test(
        "a shared reader: a group's card ends the group's session, unless a cable waits for it (C09.FR.03)"
    )
    func sharedReaderGroup() throws {
        let info = TokenInfo(status: .accepted, groupToken: group)
        for (isCached, isWaiting) in [(false, false), (true, false), (false, true), (true, true)] {
            let evses = [EVSEConfiguration(), EVSEConfiguration()]
            var test = TestStation.online(
                evses: evses,
                settings: [.txStartPoint: "Authorized", .cacheEnabled: isCached ? "true" : "false"])
            if isCached {
                // Known from an earlier session.
                test.plug(2)
                test.tap(TestStation.otherCard, evse: nil, answer: info)
                test.tap(TestStation.otherCard, evse: nil)
                test.unplug(2)
            }
            test.plug(1)
            test.tap(evse: nil, answer: info)
            #expect(test.target(1).energyGranted)
            if isWaiting { test.plug(2) }
            test.forget()
            test.tap(TestStation.otherCard, evse: nil, answer: info)
            #expect(test.target(1).energyGranted == isWaiting, "\(isCached) \(isWaiting)")
            #expect(test.target(2).energyGranted == isWaiting, "\(isCached) \(isWaiting)")
        }
    }

    @Test("a group's card finds its group's session among those of a shared reader (C09.FR.03)")
    func sharedReaderOfTwoGroups() {
        func info(_ group: String) -> TokenInfo {
            TokenInfo(status: .accepted, groupToken: IdToken(group, .central))
        }
        var test = TestStation.online(
            evses: [EVSEConfiguration(), EVSEConfiguration()], settings: [.cacheEnabled: "false"])
        test.plug(1)
        test.tap(TestStation.card, evse: nil, answer: info("ONE"))
        test.plug(2)
        test.tap(TestStation.otherCard, evse: nil, answer: info("TWO"))
        test.tap(IdToken("55667788", .iso14443), evse: nil, answer: info("TWO"))
        #expect(test.target(1).energyGranted)
        #expect(!test.target(2).energyGranted)
    }

    @Test("local list updates: all or nothing, versions, doubles, removals (D01)")
    func localList() {
        var test = TestStation.online()
        let one = LocalListEntry(token: TestStation.card, info: TestStation.accepted)
        let two = LocalListEntry(token: TestStation.otherCard, info: TestStation.accepted)
        let gone = LocalListEntry(token: TestStation.card, info: nil)
        func update(
            _ kind: LocalListUpdate, _ version: Int, _ entries: [LocalListEntry]
        ) -> LocalListResult {
            var result = LocalListResult.accepted
            test.act {
                result = $0.updateLocalList(kind, version: version, entries: entries, at: $1)
            }
            return result
        }
        #expect(test.station.localListVersion == 0)
        #expect(update(.full, 5, [one]) == .accepted)
        #expect(update(.differential, 5, [two]) == .versionMismatch, "D01.FR.19")
        #expect(update(.differential, 6, [two]) == .accepted)
        #expect(test.station.localListCount == 2)
        #expect(update(.full, 7, [one, one]) != .accepted, "D01.FR.06")
        #expect(update(.full, 7, [gone]) != .accepted)
        #expect(test.station.localListVersion == 6)
        #expect(update(.differential, 7, [gone]) == .accepted, "D01.FR.17")
        #expect(test.station.localListCount == 1)
        test.restart(ofProcess: false)
        #expect(test.station.localListVersion == 7)
        #expect(test.station.localListCount == 1)
        #expect(update(.full, 3, []) == .accepted, "D01.FR.04")
        #expect(test.station.localListCount == 0)
    }
}
