import Charging
import EVSEModel
import StationCore
import StationRuntime
import Testing

/// The shell's rules around the core: order, durability, heartbeat, clocks.
struct StationEngineTests {
    let script = Script()
    let ports = ScriptedPorts()
    let engine: StationEngine

    init() {
        engine = StationEngine(machine: ScriptedMachine(script: script), ports: ports)
    }
    static func put(_ key: String) -> StationOutput { .store(.put(.facts, key: key, value: "1")) }
    static func granted(_ isGranted: Bool) -> StationOutput {
        var targets = EVSETargets()
        targets.energyGranted = isGranted
        targets.limit = Amperes(16)
        return .targets(EVSEID(index: 0), targets)
    }

    @Test("all writes of an input are one durable step, done before what follows the first of them")
    func order() {
        script.reaction = { _, _ in
            [
                .send(Array("1".utf8)), Self.put("a"), Self.granted(true), Self.put("b"),
                .send(Array("2".utf8)), .send(Array("3".utf8)), Self.put("c"),
            ]
        }
        engine.handle(.timer)
        #expect(ports.take() == ["send 1", "store 3", "send 2", "send 3"])
    }

    @Test("a reply that promises no write waits for none")
    func noWrite() {
        script.reaction = { _, _ in [.send(Array("1".utf8))] }
        engine.handle(.timer)
        #expect(ports.take() == ["send 1"])
    }

    @Test("a reply leaves before a write that it does not promise")
    func flush() {
        script.reaction = { _, _ in
            [.send(Array("reply".utf8)), Self.put("a"), .send(Array("2".utf8))]
        }
        engine.handle(.timer)
        #expect(ports.flushes == [1])  // after the reply, before the write
        #expect(ports.take() == ["send reply", "store 1", "send 2"])
    }

    @Test("what was to follow a failed write is not done, and the core hears of it")
    func failedWrite() {
        script.reaction = { input, _ in
            if case .storeFailed = input { return [Self.granted(false)] }
            if case .unsent(let bytes) = input { return [.send(Array("no ".utf8) + bytes)] }
            return [
                Self.put("a"), .send(Array("1".utf8)), Self.granted(true), .log(.init(.info, "x")),
                .wake(at: Instant(milliseconds: 5)),
            ]
        }
        ports.failures = 1
        engine.handle(.timer)
        #expect(ports.take() == ["store failed", "log x", "send no 1"])
        #expect(script.inputs.map(\.input.name) == ["timer", "storeFailed", "unsent"])
        #expect(ports.published.last?.evses[0].energyGranted == false)
    }

    @Test("a restart that follows a failed write is carried out: it is asked for once only")
    func failedWriteRestarts() {
        script.reaction = { input, _ in
            guard case .timer = input else { return [] }
            return [
                Self.put("a"), .send(Array("1".utf8)),
                .restart(orderly: true, reason: "remote reset"),
            ]
        }
        ports.failures = 1
        engine.handle(.timer)
        #expect(ports.take() == ["store failed", "restart remote reset"])
    }

    @Test("energy may be taken away although a write failed before")
    func failedWriteRevokes() {
        script.reaction = { input, _ in
            if case .storeFailed = input { return [] }
            return [Self.granted(true)]
        }
        engine.handle(.timer)
        #expect(ports.published.last?.evses[0].energyGranted == true)
        script.reaction = { input, _ in
            if case .storeFailed = input { return [] }
            return [Self.put("a"), Self.granted(false)]
        }
        ports.failures = 1
        engine.handle(.timer)
        #expect(ports.published.last?.evses[0].energyGranted == false)
    }

    @Test("a disk that stays full does not make the shell spin")
    func fullDisk() {
        script.reaction = { _, _ in [Self.put("a")] }
        ports.failures = .max
        engine.handle(.timer)
        #expect(script.inputs.count == 2)
        #expect(ports.take() == ["store failed"])
    }

    @Test("what could not be written is written first with the next attempt, in one step")
    func owed() {
        script.reaction = { input, _ in
            if case .storeFailed = input { return [Self.put("fault")] }
            if case .unsent = input { return [] }
            return [Self.put("a"), .send(Array("1".utf8))]
        }
        ports.failures = 1
        engine.handle(.timer)
        #expect(ports.take() == ["store failed"])
        engine.handle(.timer)
        #expect(ports.take() == ["store 3", "send 1"])
        #expect(
            ports.written.last == [
                .put(.facts, key: "a", value: "1"), .put(.facts, key: "fault", value: "1"),
                .put(.facts, key: "a", value: "1"),
            ])
    }

    @Test("what is owed is tried again after a while, although nothing new is to be written")
    func owedIsRetried() {
        script.reaction = { input, _ in
            if case .token = input { return [Self.put("a")] }
            return []
        }
        ports.failures = 1
        engine.handle(.token(TokenReading(reader: "r", text: "A", kind: "Local", evse: nil)))
        engine.handle(.timer)
        #expect(ports.take() == ["store failed"])
        ports.time = ports.time + OwedWrites.retryInterval
        engine.handle(.timer)
        #expect(ports.take() == ["store 1"])
        engine.handle(.timer)
        #expect(ports.take() == [])
    }

    @Test("a grant waits until everything is on disk, and is given then")
    func grantWaits() {
        script.reaction = { input, _ in
            if case .token = input { return [Self.put("a"), Self.granted(true)] }
            return []
        }
        ports.failures = 1
        engine.handle(.token(TokenReading(reader: "r", text: "A", kind: "Local", evse: nil)))
        #expect(ports.published.last?.evses[0].energyGranted == false)
        #expect(ports.published.last?.evses[0].limit == Amperes(16))
        ports.time = ports.time + OwedWrites.retryInterval
        engine.handle(.timer)
        #expect(ports.published.last?.evses[0].energyGranted == true)
    }

    @Test("a grant that was taken back while it waited is not given")
    func grantIsTakenBack() {
        script.reaction = { input, _ in
            if case .token = input { return [Self.put("a"), Self.granted(true)] }
            if case .clock = input { return [Self.granted(false)] }
            return []
        }
        ports.failures = 1
        engine.handle(.token(TokenReading(reader: "r", text: "A", kind: "Local", evse: nil)))
        engine.handle(.clock(UnixTime(milliseconds: 0)))
        ports.time = ports.time + OwedWrites.retryInterval
        engine.handle(.timer)
        #expect(ports.published.allSatisfy { !$0.evses[0].energyGranted })
    }

    @Test("targets are published at once, and the heartbeat at least every 50 ms")
    func heartbeat() {
        script.reaction = { _, _ in [Self.granted(true)] }
        engine.handle(.timer)
        #expect(ports.published.count == 1)
        #expect(ports.published[0].evses[0].limit == Amperes(16))
        for _ in 0..<10 {
            ports.time = ports.time + Milliseconds(10)
            engine.tick()
        }
        #expect(ports.published.count == 3)
        let beats = ports.published.map(\.heartbeat)
        #expect(beats == beats.sorted() && Set(beats).count == 3)
    }

    @Test("the core is called when it asked for it, and not before; the last wish counts")
    func timer() {
        script.reaction = { input, _ in
            if case .token = input {
                return [
                    .wake(at: Instant(milliseconds: 1100)), .wake(at: Instant(milliseconds: 1300)),
                ]
            }
            return []
        }
        engine.handle(.token(TokenReading(reader: "r", text: "A", kind: "Local", evse: nil)))
        for _ in 0..<40 {
            ports.time = ports.time + Milliseconds(10)
            engine.tick()
        }
        let timers = script.inputs.filter { $0.input.name == "timer" }
        #expect(timers.map(\.at) == [Instant(milliseconds: 1300)])
    }

    @Test("the core's time never runs backwards")
    func monotonic() {
        engine.handle(.timer)
        ports.time = Instant(milliseconds: 500)
        engine.handle(.timer)
        #expect(script.inputs.map(\.at) == [1000, 1000].map { Instant(milliseconds: $0) })
    }

    @Test("an image goes to the core when something changed, noise aside, and once a second")
    func image() {
        var image = LoopImage()
        image.evseCount = 1
        image.cycle = 1000
        ports.image = image
        func run(_ count: Int, _ change: (inout LoopImage) -> Void = { _ in }) -> Int {
            let before = script.inputs.filter { $0.input.name == "loop" }.count
            for _ in 0..<count {
                ports.time = ports.time + Milliseconds(10)
                image.cycle += 1
                image.at = ports.time
                change(&image)
                ports.image = image
                engine.tick()
            }
            return script.inputs.filter { $0.input.name == "loop" }.count - before
        }
        #expect(run(1) == 1)
        #expect(run(50) == 0)
        #expect(run(40) { $0.evses[0].inputs.connectors[0].pilotHigh.raw += 7 } == 0)
        #expect(run(1) { $0.evses[0].status.connectors[0].pilot = .b } == 1)
        #expect(run(1) { $0.evses[0].status.faults.raise(.emergencyStop) } == 1)
        #expect(run(1) { $0.evses[0].outputs.contactorClosed = true } == 1)
        #expect(run(1) { $0.stationIsSilent.toggle() } == 1)
        #expect(run(250) == 2)
    }

    @Test("a loop that has just started is heard once its signals have settled")
    func settling() {
        ports.wall = nil
        var image = LoopImage()
        image.evseCount = 1
        func heard(_ milliseconds: Int) -> Int {
            let before = script.inputs.count
            for _ in 0..<milliseconds / 10 {
                ports.time = ports.time + Milliseconds(10)
                image.cycle += 1
                image.at = ports.time
                ports.image = image
                engine.tick()
            }
            return script.inputs.count - before
        }
        image.process = 1
        #expect(heard(290) == 0)
        #expect(heard(100) == 1)
        image.process = 2
        image.cycle = 0
        image.starts = 1
        #expect(heard(290) == 0)
        image.evses[0].status.connectors[0].isPlugged = true
        #expect(heard(100) == 1)
    }

    @Test("a loop that shows no sign of life is a fault, until it does")
    func silentLoop() {
        var image = LoopImage()
        image.at = ports.time
        ports.image = image
        func faults() -> [Bool] {
            script.inputs.compactMap { entry in
                if case .deviceFault(let fault) = entry.input { fault.holds } else { nil }
            }
        }
        for _ in 0..<190 {
            ports.time = ports.time + Milliseconds(10)
            engine.tick()
        }
        #expect(faults() == [])
        for _ in 0..<50 {
            ports.time = ports.time + Milliseconds(10)
            engine.tick()
        }
        #expect(faults() == [true])
        image.at = ports.time
        ports.image = image
        engine.tick()
        #expect(faults() == [true, false])
    }

    @Test("a loop that never comes is a fault, too")
    func noLoop() {
        ports.wall = nil
        for _ in 0..<300 {
            ports.time = ports.time + Milliseconds(10)
            engine.tick()
        }
        #expect(script.inputs.filter { $0.input.name == "deviceFault" }.count == 1)
    }

    @Test("latched faults are kept when they change")
    func latched() {
        var image = LoopImage()
        image.cycle = 1000
        ports.image = image
        engine.tick()
        #expect(ports.take() == [])
        image.evses[0].status.latched = FaultSet(.contactorWelded)
        ports.image = image
        engine.tick()
        engine.tick()
        #expect(ports.take() == ["latched \(FaultSet(.contactorWelded).rawValue)"])
        image.evses[0].status.latched = FaultSet()
        ports.image = image
        engine.tick()
        #expect(ports.take() == ["latched 0"])
    }

    @Test("a step of the wall clock is an input, drift is not")
    func clock() {
        engine.start(stored: [:], isRestartOfProcess: false)
        func pass(_ seconds: Int, drift: Int64 = 0) {
            for _ in 0..<seconds {
                ports.time = ports.time + .seconds(1)
                ports.wall = ports.wall.map { $0 + Milliseconds(1000 + drift) }
                engine.tick()
            }
        }
        pass(10, drift: 40)
        #expect(!script.inputs.contains { $0.input.name == "clock" })
        ports.wall = ports.wall.map { $0 + .seconds(3600) }
        pass(2)
        #expect(script.inputs.filter { $0.input.name == "clock" }.count == 1)
        ports.wall = nil
        pass(2)
        #expect(script.inputs.filter { $0.input.name == "clock" }.count == 1)
    }

    @Test("a clock that becomes believable is an input")
    func firstClock() {
        ports.wall = nil
        engine.start(stored: [:], isRestartOfProcess: false)
        ports.time = ports.time + .seconds(5)
        engine.tick()
        ports.wall = UnixTime(milliseconds: 1_800_000_000_000)
        ports.time = ports.time + .seconds(5)
        engine.tick()
        #expect(
            script.inputs.map(\.input.name).filter { $0 != "deviceFault" } == ["started", "clock"])
    }

    @Test("once energy is withdrawn none is granted again")
    func withdrawn() {
        script.reaction = { _, _ in [Self.granted(true)] }
        engine.handle(.timer)
        engine.withdrawEnergy()
        #expect(ports.published.last?.evses[0].energyGranted == false)
        engine.handle(.timer)
        #expect(ports.published.last?.evses[0].energyGranted == false)
        #expect(ports.published.last?.evses[0].limit == Amperes(16))
    }
}
