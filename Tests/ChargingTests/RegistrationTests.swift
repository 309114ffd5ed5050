import Charging
import EVSEModel
import Testing

@Suite("Registration, clock and link")
struct RegistrationTests {
    private func answer(_ status: RegistrationStatus, seconds: Int64 = 0) -> RegistrationAnswer {
        RegistrationAnswer(
            status: status, interval: .seconds(seconds), currentTime: TestStation.someTime)
    }

    private func count(_ test: TestStation, _ matches: (DomainEvent) -> Bool) -> Int {
        test.events.filter(matches).count
    }
    private func registrations(_ test: TestStation) -> Int {
        count(test) { if case .registrationWanted = $0 { true } else { false } }
    }
    private func heartbeats(_ test: TestStation) -> Int { count(test) { $0 == .heartbeatWanted } }

    @Test("accepted: every connector is reported and heartbeats begin (B01.FR.04, B01.FR.05)")
    func accepted() {
        var test = TestStation(evses: [EVSEConfiguration(), EVSEConfiguration()])
        test.look()
        #expect(test.connectorStates.isEmpty)
        test.act { $0.linkOpened(at: $1) }
        #expect(test.events.contains(.registrationWanted(.powerUp)))
        #expect(test.connectorStates.isEmpty)
        test.act { $0.registrationAnswered(answer(.accepted, seconds: 10), at: $1) }
        #expect(test.connectorStates == [.available, .available])
        #expect(test.station.setting(.heartbeatInterval) == "10")
        test.forget()
        test.run(seconds: 35)
        #expect(heartbeats(test) == 3)
    }

    @Test(
        "pending: nothing unsolicited, remote start refused, asked again after the interval (trap 1)"
    )
    func pending() {
        var test = TestStation()
        test.act { $0.linkOpened(at: $1) }
        test.act { $0.registrationAnswered(answer(.pending, seconds: 30), at: $1) }
        test.look()
        test.forget()
        test.plug()
        test.run(seconds: 29)
        #expect(test.connectorStates.isEmpty)
        #expect(registrations(test) == 0)
        test.act { station, now in
            let result = station.requestStart(
                RemoteStart(remoteStartID: 1, token: TestStation.card), at: now)
            #expect(!result.isAccepted)
            let stop = station.requestStop(TransactionID("x"), at: now)
            #expect(!stop.isAccepted)
        }
        test.run(seconds: 2)
        #expect(registrations(test) == 1)
    }

    @Test("interval 0 without acceptance: an own wait, no flood (B02.FR.07, trap 3)")
    func ownInterval() {
        var test = TestStation()
        test.act { $0.linkOpened(at: $1) }
        test.act { $0.registrationAnswered(answer(.rejected), at: $1) }
        test.forget()
        test.run(seconds: 50)
        #expect(registrations(test) == 0)
        test.run(seconds: 20)
        #expect(registrations(test) == 1)
    }

    @Test("a reconnection does not shorten the wait (B02.FR.04)")
    func reconnectWhilePending() {
        var test = TestStation()
        test.act { $0.linkOpened(at: $1) }
        test.act { $0.registrationAnswered(answer(.rejected, seconds: 60), at: $1) }
        test.forget()
        test.run(seconds: 5)
        test.goOffline()
        test.act { $0.linkOpened(at: $1) }
        #expect(registrations(test) == 0)
        test.run(seconds: 56)
        #expect(registrations(test) == 1)
    }

    @Test("an unanswered registration is repeated, less and less often (trap 28)")
    func unanswered() {
        var test = TestStation()
        test.act { $0.linkOpened(at: $1) }
        test.forget()
        for _ in 0..<3 {
            test.act { $0.registrationUnanswered(at: $1) }
            test.run(seconds: 61)
        }
        #expect(registrations(test) == 3)
    }

    @Test("a triggered registration is refused once accepted (F06.FR.17, trap 17)")
    func triggered() {
        var test = TestStation()
        test.act { $0.linkOpened(at: $1) }
        test.act { $0.registrationAnswered(answer(.pending, seconds: 600), at: $1) }
        test.act { #expect($0.triggerRegistration(at: $1) == .accepted) }
        #expect(test.events.last == .registrationWanted(.triggered))
        test.act { $0.registrationAnswered(answer(.accepted, seconds: 60), at: $1) }
        test.act { #expect($0.triggerRegistration(at: $1) == .rejected) }
    }

    @Test(
        "after a short time offline only changes are reported, after a long one all (B04, trap 4)")
    func offlineThreshold() {
        let evses = [EVSEConfiguration(), EVSEConfiguration()]
        var test = TestStation.online(evses: evses, settings: [.offlineThreshold: "60"])
        test.goOffline()
        test.plug(2)
        test.run(seconds: 30)
        test.goOnline()
        #expect(test.connectorStates == [.occupied])
        test.forget()
        test.goOffline()
        test.run(seconds: 61)
        test.goOnline()
        #expect(test.connectorStates == [.available, .occupied])
    }

    @Test("other messages put the heartbeat off, but not beyond a day (G02.FR.05, G02.FR.07)")
    func heartbeatPause() {
        var test = TestStation.online()
        for _ in 0..<20 {
            test.run(seconds: 100)
            test.act { $0.messageExchanged(at: $1) }
        }
        #expect(heartbeats(test) == 0)
        for _ in 0..<1500 {
            test.now = test.now + .seconds(60)
            test.act { $0.messageExchanged(at: $1) }
            test.act { $0.advance(to: $1) }
        }
        #expect(heartbeats(test) == 1)
    }

    @Test("what happened before the time was known is dated when it is (trap 32)")
    func lateTime() throws {
        var test = TestStation()
        test.look()
        test.plug()
        test.tap()
        let early = EventTime(run: 1, instant: test.now)
        #expect(test.station.wallTime(of: early) == nil)
        test.run(seconds: 100)
        test.goOnline()
        let dated = try #require(test.station.wallTime(of: early))
        #expect(TestStation.someTime - dated == .seconds(100))
    }

    @Test("an earlier boot's records keep their date after a restart (trap 32)")
    func earlierBoot() throws {
        var test = TestStation.online()
        let event = EventTime(run: 1, instant: test.now)
        let before = try #require(test.station.wallTime(of: event))
        test.restart(ofProcess: false)
        #expect(test.station.wallTime(of: event) == before)
        #expect(test.station.currentTime(at: test.now) == nil)
        test.restart(ofProcess: true)
        #expect(test.station.wallTime(of: event) == before)
    }

    @Test("a restarted process of the same boot knows the time at once")
    func sameBoot() throws {
        var test = TestStation.online()
        let before = try #require(test.station.currentTime(at: test.now))
        test.restart(ofProcess: true)
        #expect(test.station.currentTime(at: test.now) == before + .seconds(2))
        #expect(test.station.bootReason == .watchdog)
    }

    @Test("a time that agrees changes no date: what is sent again after a restart says the same")
    func agreement() throws {
        var test = TestStation.online()
        let event = EventTime(run: 1, instant: test.now)
        let before = try #require(test.station.wallTime(of: event))
        func hear(_ error: Milliseconds) throws {
            let time = try #require(test.station.currentTime(at: test.now)) + error
            test.act { station, now in station.heartbeatAnswered(time, at: now) }
        }
        try hear(Milliseconds(1))
        try hear(Milliseconds(-400))
        #expect(test.station.wallTime(of: event) == before)
        try hear(Milliseconds(600))
        #expect(test.station.wallTime(of: event) == before + Milliseconds(600))
        test.restart(ofProcess: true)
        #expect(test.station.wallTime(of: event) == before + Milliseconds(600))
    }

    @Test("the CSMS's time outranks the machine's; a large step is a security event")
    func ranks() {
        var test = TestStation.online(settings: [.timeSource: "Heartbeat,RealTimeClock"])
        let before = test.station.currentTime(at: test.now)
        test.act { station, now in
            station.setClock(UnixTime(milliseconds: 0), source: .system, at: now)
        }
        #expect(test.station.currentTime(at: test.now) == before)
        test.act { station, now in
            station.heartbeatAnswered(TestStation.someTime + .seconds(3600), at: now)
        }
        #expect(test.station.currentTime(at: test.now) == TestStation.someTime + .seconds(3600))
        let isReported = test.events.contains { event in
            if case .security(let notice) = event {
                notice.kind == .settingSystemTime
            } else {
                false
            }
        }
        #expect(isReported)
    }

    @Test("where the time is the machine's alone the CSMS does not set it (B01.FR.06)")
    func sources() throws {
        var test = TestStation(settings: [.timeSource: "NTP"])
        test.act { $0.setClock(TestStation.someTime + .seconds(50), source: .system, at: $1) }
        test.goOnline()
        test.act { $0.heartbeatAnswered(TestStation.someTime, at: $1) }
        #expect(
            test.station.currentTime(at: test.now) == TestStation.someTime + .seconds(50))
        // The CSMS's is better than none, and makes room for the machine's as soon as that is told.
        var late = TestStation(settings: [.timeSource: "NTP"])
        late.goOnline()
        #expect(late.station.currentTime(at: late.now) == TestStation.someTime)
        late.act { $0.setClock(TestStation.someTime + .seconds(50), source: .system, at: $1) }
        #expect(
            late.station.currentTime(at: late.now) == TestStation.someTime + .seconds(50))
    }

    @Test("the boot reason says why: power, reset, crash (B01.FR.09, trap 15)")
    func bootReasons() {
        var test = TestStation.online()
        #expect(test.station.bootReason == .powerUp)
        test.act { #expect($0.reset(.immediate, evse: nil, at: $1) == .accepted) }
        #expect(test.events.contains(.restartWanted(.remoteReset(scheduled: false))))
        test.restart(ofProcess: true)
        #expect(test.station.bootReason == .remoteReset)
        test.restart(ofProcess: true)
        #expect(test.station.bootReason == .watchdog)
    }
}
