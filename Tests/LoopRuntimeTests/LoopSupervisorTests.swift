import CRealtime
import EVSEModel
import Glibc
import LoopRuntime
import SharedImage
import SimulatedChip
import Synchronization
import Testing

/// A state directory with a plan, a chip and the real `forecourt-loop`.
private final class Scene {
    let folder = TemporaryFolder()
    let chip: SimulatedChip
    let image: SharedImage
    let plan: LoopPlan
    let events = Events()
    private var beat: UInt64 = 1

    /// What supervisors reported.
    final class Events: Sendable {
        private let all = Mutex([LoopSupervisor.Event]())
        func append(_ event: LoopSupervisor.Event) { all.withLock { $0.append(event) } }
        var list: [LoopSupervisor.Event] { all.withLock { $0 } }
    }

    init(change: (inout LoopPlan) -> Void = { _ in }) throws {
        chip = try SimulatedChip(path: folder.file("chip"), create: true)
        var world = World(chip: chip)
        world.settle()
        image = try SharedImage(path: folder.file("loop.image"), create: true)
        var plan = wallboxPlan(chip: folder.file("chip"))
        plan.orphanTimeout = .seconds(20)  // nothing outlives a test that fails
        change(&plan)
        self.plan = plan
        try plan.store(to: folder.file("loop.plan"))
    }

    func supervisor(change: (inout LoopSupervisor.Settings) -> Void = { _ in }) throws
        -> LoopSupervisor
    {
        var settings = LoopSupervisor.Settings(
            executable: LoopSupervisor.program(named: "forecourt-loop"),
            plan: folder.file("loop.plan"), image: folder.file("loop.image"),
            fingerprint: plan.fingerprint)
        change(&settings)
        return try LoopSupervisor(settings, image: image) { [events] in events.append($0) }
    }

    func publishHeartbeat() {
        beat += 1
        var station = StationImage()
        station.heartbeat = beat
        image.publish(station)
    }

    /// Waits for what other processes do; the time is a bound, not a measure.
    func wait(seconds: Double = 10, until holds: () -> Bool) -> Bool {
        for _ in 0..<Int(seconds * 500) {
            if holds() { return true }
            publishHeartbeat()
            usleep(2000)
        }
        return holds()
    }
    func isAlive(_ process: Int32) -> Bool { kill(process, 0) == 0 }
}

@Suite("Supervisor and the real loop process", .serialized)
struct LoopSupervisorTests {
    @Test("it starts a loop that cycles, and ends it with its outputs released")
    func startsAndEnds() throws {
        let scene = try Scene()
        let supervisor = try scene.supervisor()
        try supervisor.start()
        #expect(scene.wait { supervisor.process != nil })
        let process = try #require(supervisor.process)
        #expect(scene.events.list == [.started(process: process, starts: 1)])
        #expect(scene.chip.owner == process)
        #expect(scene.image.loop()?.process == process)
        #expect(LoopLock.owner(ofImage: scene.folder.file("loop.image")) == process)
        // A session of its own: it must not get the terminal's signals or die with the station.
        #expect(getsid(process) == process)
        let cycle = scene.image.loop()?.cycle ?? 0
        #expect(scene.wait { (scene.image.loop()?.cycle ?? 0) > cycle + 20 })
        #expect(scene.image.timing().cycles > 20)
        supervisor.stop(endLoop: true)
        #expect(scene.events.list.last == .stopped(process: process))
        #expect(scene.chip.owner == 0)
        #expect(!scene.isAlive(process))
        #expect(supervisor.process == nil)
    }

    @Test("a killed loop is noticed and replaced at once, and the new one counts its starts")
    func restarts() throws {
        let scene = try Scene()
        let supervisor = try scene.supervisor()
        try supervisor.start()
        #expect(scene.wait { supervisor.process != nil })
        let first = try #require(supervisor.process)
        let killedAt = forecourt_monotonic_nanoseconds()
        kill(first, SIGKILL)
        #expect(scene.wait { scene.events.list.count > 1 })
        let noticed = forecourt_monotonic_nanoseconds() - killedAt
        // 100 ms is the promise; the bound leaves room for a machine that is busy with tests.
        #expect(noticed < 1_000_000_000)
        #expect(scene.wait { supervisor.process.map { $0 != first } ?? false })
        let second = try #require(supervisor.process)
        #expect(
            scene.events.list == [
                .started(process: first, starts: 1),
                .died(process: first, reason: "it was ended by signal 9 (Killed)"),
                .started(process: second, starts: 2),
            ])
        #expect(scene.image.loop()?.starts == 2)
        supervisor.stop(endLoop: true)
    }

    @Test("a loop that hangs is killed and replaced")
    func hangs() throws {
        let scene = try Scene()
        let supervisor = try scene.supervisor { $0.stallTimeout = Milliseconds(500) }
        try supervisor.start()
        #expect(scene.wait { supervisor.process != nil })
        let first = try #require(supervisor.process)
        kill(first, SIGSTOP)
        #expect(scene.wait { supervisor.process.map { $0 != first } ?? false })
        #expect(!scene.isAlive(first))
        #expect(
            scene.events.list.contains(
                .died(process: first, reason: "it made no cycle for 500 ms and was killed")))
        supervisor.stop(endLoop: true)
    }

    @Test("a loop outlives a supervisor that lets go, and the next one adopts it")
    func adopts() throws {
        let scene = try Scene()
        let first = try scene.supervisor()
        try first.start()
        #expect(scene.wait { first.process != nil })
        let process = try #require(first.process)
        first.stop(endLoop: false)
        #expect(scene.isAlive(process))
        let second = try scene.supervisor()
        try second.start()
        #expect(scene.wait { second.process != nil })
        #expect(second.process == process)
        #expect(scene.events.list.last == .adopted(process: process))
        #expect(scene.image.loop()?.starts == 1)
        kill(process, SIGKILL)
        #expect(scene.wait { second.process.map { $0 != process } ?? false })
        #expect(scene.image.loop()?.starts == 2)
        second.stop(endLoop: true)
    }

    @Test("a loop of another plan is ended in order before the new one starts")
    func replaces() throws {
        let scene = try Scene()
        let first = try scene.supervisor()
        try first.start()
        #expect(scene.wait { first.process != nil })
        let old = try #require(first.process)
        first.stop(endLoop: false)
        var changed = scene.plan
        changed.fingerprint += 1
        try changed.store(to: scene.folder.file("loop.plan"))
        let second = try scene.supervisor { $0.fingerprint = changed.fingerprint }
        try second.start()
        #expect(scene.wait { second.process != nil })
        let new = try #require(second.process)
        #expect(!scene.isAlive(old) && new != old)
        #expect(
            scene.events.list.suffix(2) == [
                .replaced(process: old), .started(process: new, starts: 1),
            ])
        second.stop(endLoop: true)
    }

    @Test("a loop that cannot start is tried again with pauses, and what it said is reported")
    func failsToStart() throws {
        let scene = try Scene { $0.lines[0].offset = 99 }
        let supervisor = try scene.supervisor {
            $0.firstPause = Milliseconds(20)
            $0.longestPause = Milliseconds(40)
        }
        try supervisor.start()
        #expect(scene.wait { scene.events.list.count >= 4 })
        supervisor.stop(endLoop: true)
        var pauses = [Milliseconds]()
        for case .startFailed(let reason, let pause) in scene.events.list {
            #expect(reason.contains("99: no such line"))
            pauses.append(pause)
        }
        #expect(
            pauses.prefix(4) == [.zero, Milliseconds(20), Milliseconds(40), Milliseconds(40)])
    }

    @Test("a program that is not there is reported, not waited for")
    func noProgram() throws {
        let scene = try Scene()
        let supervisor = try scene.supervisor { $0.executable = "/nonexistent/forecourt-loop" }
        try supervisor.start()
        #expect(scene.wait { !scene.events.list.isEmpty })
        supervisor.stop(endLoop: true)
        guard case .startFailed(let reason, _)? = scene.events.list.first else {
            Issue.record("reported \(scene.events.list)")
            return
        }
        #expect(reason.contains("No such file"))
    }

    @Test("a second loop on one image is refused while the first goes on")
    func oneLoopAnImage() throws {
        let scene = try Scene()
        let supervisor = try scene.supervisor()
        try supervisor.start()
        #expect(scene.wait { supervisor.process != nil })
        let process = try #require(supervisor.process)
        let status = run(["forecourt-loop", "loop.plan", "loop.image"], in: scene)
        #expect(status == LoopError.Code.busy.rawValue)
        #expect(scene.folder.read("said").contains("another loop runs on it, process \(process)"))
        #expect(scene.chip.owner == process)
        supervisor.stop(endLoop: true)
    }

    @Test("wrong command lines and files end with their status and say what to do")
    func refusals() throws {
        let scene = try Scene()
        let cases: [([String], LoopError.Code, String)] = [
            ([], .usage, "expected PLAN and IMAGE"),
            (["loop.plan"], .usage, "expected PLAN and IMAGE"),
            (["loop.plan", "loop.image", "more"], .usage, "got 3 arguments"),
            (["--fast", "loop.image"], .usage, "see --help"),
            (["none.plan", "loop.image"], .plan, "no such plan"),
            (["chip", "loop.image"], .plan, "another build"),
        ]
        for (arguments, code, text) in cases {
            #expect(run(["forecourt-loop"] + arguments, in: scene) == code.rawValue)
            #expect(scene.folder.read("said").contains(text))
        }
        #expect(run(["forecourt-loop", "--help"], in: scene) == 0)
        scene.folder.write("junk", to: "loop.latched")
        #expect(
            run(["forecourt-loop", "loop.plan", "loop.image"], in: scene)
                == LoopError.Code.plan.rawValue)
        #expect(scene.folder.read("said").contains("latched faults is damaged"))
    }

    /// Runs a program to its end with names taken in the scene's folder; stderr goes to `said`.
    private func run(_ arguments: [String], in scene: Scene) -> Int32 {
        let names = arguments.dropFirst().map {
            $0.contains(".") || $0 == "chip" ? scene.folder.file($0) : $0
        }
        var pointers = ([LoopSupervisor.program(named: arguments[0])] + names).map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var process: pid_t = 0
        guard let path = pointers[0],
            forecourt_spawn_session(path, &pointers, scene.folder.file("said"), &process) == 0
        else { return -1 }
        let descriptor = forecourt_pidfd_open(process)
        defer { close(descriptor) }
        guard forecourt_wait_readable(descriptor, -1, 10_000) != 0 else {
            kill(process, SIGKILL)
            return -2
        }
        return forecourt_reap(process)
    }
}
