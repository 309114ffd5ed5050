import DriverKit
import DriverTestKit
import EVSEModel
import Testing

@Suite("A display's lifecycle")
struct DisplayLifecycleTests {
    private let clock = ManualClock()
    private let host: RecordingHost

    init() {
        let clock = clock
        host = RecordingHost("display-1", bus: nil) { clock.now }
    }

    private func content(_ state: DisplayContent.State) -> DisplayContent {
        DisplayContent(evses: [.init(EVSEID(index: 0), state)])
    }

    @Test("what is to be seen: the newest content while it is active, that nothing can be had else")
    func contents() {
        var lifecycle = DisplayLifecycle(host)
        lifecycle.show(content(.charging))
        #expect(lifecycle.content == content(.charging).closed)
        lifecycle.activate()
        #expect(lifecycle.content == content(.charging))
        lifecycle.show(content(.finished))
        #expect(lifecycle.content == content(.finished))
        let wasActive = lifecycle.deactivate()
        #expect(wasActive)
        #expect(lifecycle.content == content(.finished).closed)
        let isActiveAgain = lifecycle.deactivate()
        #expect(!isActiveAgain, "it was said once")
    }

    @Test("a panel that fails is tried once a second, and lost after more than five")
    func loss() throws {
        var lifecycle = DisplayLifecycle(host)
        lifecycle.configure()
        let start = clock.now
        var tries = [Milliseconds]()
        while clock.now < start + .seconds(8) {
            if let pause = lifecycle.pause(at: clock.now) {
                #expect(pause > .zero && pause <= DisplayPromise.refresh)
                clock.advance(by: pause)
            } else {
                tries.append(clock.now - start)
                lifecycle.failed("nobody answers", code: "no-reply", at: clock.now)
                clock.advance(by: DisplayPromise.refresh)
            }
        }
        #expect(tries == (0..<8).map { Milliseconds.seconds($0) })
        let lost = try #require(host.faultEvents.first)
        #expect(host.faultEvents.count == 1)
        #expect(lost.fault == .displayLost && lost.holds)
        #expect(lost.at - start == .seconds(6), "the first try after five seconds")
        #expect(host.faults[.displayLost] == "nobody answers")
        #expect(host.logLines.count == 8)
        lifecycle.answered(at: clock.now)
        #expect(host.faults.isEmpty)
        clock.advance(by: .seconds(5))
        lifecycle.failed("gone again", code: "no-reply", at: clock.now)
        #expect(host.faults.isEmpty, "it answered five seconds ago")
    }

    @Test("trying begins with the start, or with the first poll; a rest begins anew")
    func beginning() {
        var lifecycle = DisplayLifecycle(host)
        clock.advance(by: .seconds(60))
        var pause = lifecycle.pause(at: clock.now)
        #expect(pause == nil)
        lifecycle.failed("nobody answers", code: "no-reply", at: clock.now)
        #expect(host.faults.isEmpty, "nobody tried before")
        lifecycle.cleanup()
        pause = lifecycle.pause(at: clock.now)
        #expect(pause == nil, "the pause is over with the rest")
        clock.advance(by: .seconds(60))
        lifecycle.cleanup()
        lifecycle.configure()
        clock.advance(by: .seconds(5))
        lifecycle.configure()
        clock.advance(by: .seconds(1))
        lifecycle.missed("nobody answers", at: clock.now)
        #expect(host.faults[.displayLost] != nil, "a second start is no new beginning")
    }

    @Test("a display that speaks by itself has patience of its own, and no pauses")
    func patience() {
        var lifecycle = DisplayLifecycle(host, lostAfter: .seconds(10))
        lifecycle.configure()
        clock.advance(by: .seconds(10))
        lifecycle.missed("no browser", at: clock.now)
        #expect(host.faults.isEmpty)
        let pause = lifecycle.pause(at: clock.now)
        #expect(pause == nil)
        clock.advance(by: Milliseconds(1))
        lifecycle.missed("no browser", at: clock.now)
        #expect(host.faults[.displayLost] == "no browser")
    }
}
