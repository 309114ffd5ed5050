import Charging
import EVSEModel
import Testing

/// What a driver is told, step by step.
@Suite("Display")
struct DisplayTests {
    private func shown(_ test: TestStation, _ evse: Int = 1) -> DisplayContent.EVSE {
        test.station.displayed(at: test.now)[evse - 1]
    }

    @Test("before the loop has said anything nothing is known")
    func start() {
        let test = TestStation()
        #expect(shown(test).state == .starting)
    }

    @Test("a session from the card to the empty outlet")
    func session() throws {
        var test = TestStation.online()
        test.measure()
        #expect(shown(test).state == .presentCard)
        test.tap()
        #expect(shown(test).state == .authorising)
        let question = try #require(test.questions.last)
        test.act { $0.authorizationAnswered(question.id, .info(TestStation.accepted), at: $1) }
        #expect(shown(test).state == .plugIn)
        #expect(shown(test).limit?.cause == .notGranted)
        test.plug()
        #expect(shown(test).state == .preparing)
        test.vehicle(wants: true)
        #expect(shown(test).state == .charging)
        test.run(seconds: 1800)
        let session = try #require(shown(test).session)
        #expect(session.power == Watts(7200))
        let delivered = try #require(session.energy)
        #expect(delivered > WattHours(3550) && delivered <= WattHours(3600))
        #expect(session.span.duration(at: test.now) >= .seconds(1800))
        #expect(session.span.duration(at: test.now) < .seconds(1810))
        test.vehicle(wants: false)
        #expect(shown(test).state == .suspendedByVehicle)
        test.tap()
        // Accepted to stop: what was delivered stays to be read while the plug is in.
        #expect(shown(test).state == .finished)
        #expect(shown(test).session?.energy == delivered)
        #expect(shown(test).session?.power == nil)
        let span = shown(test).session?.span
        test.run(seconds: 60)
        #expect(shown(test).session?.span == span, "a session that is over grows no longer")
        test.unplug()
        #expect(shown(test).state == .presentCard)
        #expect(shown(test).session == nil)
        #expect(shown(test).limit == nil)
    }

    @Test("a card that is refused is told, and forgotten after a moment")
    func refused() {
        var test = TestStation.online()
        test.tap(answer: TokenInfo(status: .blocked))
        #expect(shown(test).state == .rejected)
        test.run(seconds: 4)
        #expect(shown(test).state == .presentCard)
    }

    @Test("a new card at a finished session's plug begins with new figures")
    func nextSession() {
        var test = TestStation.online()
        test.measure()
        test.plug(ready: true)
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.run(seconds: 600)
        test.tap()
        #expect(shown(test).state == .finished)
        test.tap(TestStation.otherCard, answer: TestStation.accepted)
        #expect(shown(test).state != .finished)
        #expect(shown(test).session?.energy ?? .zero < WattHours(10))
    }

    @Test("of several faults the gravest is shown, and what it interrupts comes back")
    func faults() {
        var test = TestStation.online()
        test.plug(ready: true)
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        #expect(shown(test).state == .charging)
        test.places[0].faults.raise(.underVoltage)
        test.look()
        #expect(shown(test).state == .fault(.underVoltage))
        test.places[0].faults.raise(.groundLost)
        test.look()
        #expect(shown(test).state == .fault(.groundLost))
        test.places[0].faults = FaultSet()
        test.look()
        test.look()
        #expect(shown(test).state == .charging)
    }

    @Test("a lost meter or reader is no fault of the outlet")
    func deviceFaults() {
        var test = TestStation.online()
        test.act {
            $0.deviceFault(
                .readerLost, device: "reader-1", evse: EVSEID(1), holds: true, detail: "", at: $1)
        }
        #expect(shown(test).state == .presentCard)
    }

    @Test("out of service, where the operator wants it so")
    func outOfService() {
        var test = TestStation.online()
        test.act { station, now in
            _ = station.changeAvailability(
                EVSEID(1).map { .evse($0) } ?? .station, operative: false, at: now)
        }
        #expect(shown(test).state == .outOfService)
    }

    @Test("a limit below what can be offered pauses, and says whose limit")
    func suspendedByStation() {
        var test = TestStation.online()
        test.plug(ready: true)
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.run(seconds: 20)
        test.places[0].faults.raise(.meterLost)  // stops after its hold; the loop has let go
        test.places[0].energised = false
        test.places[0].pilot = .c
        var image = LoopImage()
        image.evseCount = 1
        image.at = test.now
        var status = EVSEStatus()
        status.connectors[0].isPlugged = true
        status.connectors[0].pilot = .c
        status.limitCause = .staleInput
        image.evses[0].status = status
        test.act { $0.observe(image, at: $1) }
        #expect(shown(test).state == .suspendedByStation)
        #expect(shown(test).limit == .init(.zero, .staleInput))
    }

    @Test("without authorisation the plug is enough, and that is what is said")
    func noAuthorization() {
        var test = TestStation.online(settings: [.authEnabled: "false"])
        #expect(shown(test).state == .plugIn)
        test.plug(ready: true)
        test.vehicle(wants: true)
        #expect(shown(test).state == .charging)
    }

    @Test("a reader that serves several: asked at all, then whichever is plugged in")
    func sharedReader() throws {
        var test = TestStation.online(evses: [EVSEConfiguration(), EVSEConfiguration()])
        test.tap(evse: nil)
        #expect(shown(test, 1).state == .authorising)
        #expect(shown(test, 2).state == .authorising)
        let question = try #require(test.questions.last)
        test.act { $0.authorizationAnswered(question.id, .info(TestStation.accepted), at: $1) }
        #expect(shown(test, 1).state == .selectOutlet)
        #expect(shown(test, 2).state == .selectOutlet)
        test.plug(2)
        #expect(shown(test, 1).state == .presentCard)
        #expect(shown(test, 2).state == .preparing)
    }

    @Test("the session's time goes on over a restart of the process and of the machine")
    func restart() throws {
        var test = TestStation.online()
        test.plug(ready: true)
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.run(seconds: 600)
        let before = try #require(shown(test).session?.span.duration(at: test.now))
        test.restart(ofProcess: true)
        let after = try #require(shown(test).session?.span.duration(at: test.now))
        #expect(after >= before && after < before + .seconds(10))
        test.restart(
            ofProcess: false,
            wallClock: TestStation.someTime + .seconds(3600))
        let later = try #require(shown(test).session?.span.duration(at: test.now))
        #expect(later > .seconds(3000) && later < .seconds(3700))
    }
}
