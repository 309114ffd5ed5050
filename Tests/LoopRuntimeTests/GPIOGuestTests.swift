import CRealtime
import DriverKit
import EVSEModel
import FieldBus
import Glibc
import LoopRuntime
import SharedImage
import SimulatedChip
import Synchronization
import Testing

/// The far side of a `gpio-sim` chip, in sysfs. Only `Scripts/gpio-guest` offers one.
struct SimulatedDevice: FarSide, Sendable {
    /// The character device.
    let chip: String
    private let far: String

    init?() {
        guard let chip = getenv("FORECOURT_GPIO_CHIP"), let far = getenv("FORECOURT_GPIO_FAR")
        else { return nil }
        self.chip = String(cString: chip)
        self.far = String(cString: far)
    }
    static var isOffered: Bool { SimulatedDevice() != nil }

    func isDriven(_ line: LineID) -> Bool {
        let descriptor = open("\(far)/sim_gpio\(line.index)/value", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var byte: UInt8 = 0
        return read(descriptor, &byte, 1) == 1 && byte == UInt8(ascii: "1")
    }
    func set(_ line: LineID, _ isHigh: Bool) {
        let descriptor = open("\(far)/sim_gpio\(line.index)/pull", O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        _ = (isHigh ? "pull-up" : "pull-down").withCString { write(descriptor, $0, strlen($0)) }
    }

    /// The digital lines of a plan on this chip instead of the one in memory.
    func wire(_ plan: inout LoopPlan) {
        for index in 0..<Int(plan.lineCount) {
            let kind = plan.lines[index].kind
            guard kind == .digitalInput || kind == .digitalOutput else { continue }
            plan.lines[index].access = .gpioCharacterDevice
            plan.lines[index].path = FixedText(chip) ?? FixedText()
        }
    }
    /// Lets go of what a test pulled, so that the next one starts with quiet lines.
    func rest() { for index in 0..<32 { set(LineID(UInt16(index)), false) } }
}

/// The same loop, laws and drivers as everywhere, with every digital line on a kernel's GPIO
/// character device. In the guest only: `make guest`.
@Suite(
    "GPIOGuest: a real character device", .serialized,
    .enabled(if: SimulatedDevice.isOffered, "runs in the guest of Scripts/gpio-guest"))
struct GPIOGuestTests {
    let device: SimulatedDevice

    init() throws {
        device = try #require(SimulatedDevice())
        device.rest()
    }

    private func stepper() throws -> Stepper {
        try Stepper(digital: device) { device.wire(&$0) }
    }
    private func line(
        _ kind: LineKind, _ offset: UInt16, change: (inout LinePlan) -> Void = { _ in }
    ) -> LinePlan {
        var line = LinePlan()
        line.kind = kind
        line.offset = offset
        line.path = FixedText(device.chip) ?? FixedText()
        change(&line)
        return line
    }
    private func bank(_ lines: [LinePlan]) throws -> LineBank {
        var plan = LoopPlan()
        plan.lineCount = UInt16(lines.count)
        for (index, line) in lines.enumerated() { plan.lines[index] = line }
        return try LineBank(plan: plan)
    }

    @Test("outputs read back at the pin, active-low and safe values included")
    func outputs() throws {
        let bank = try bank([
            line(.digitalOutput, 0), line(.digitalOutput, 1) { $0.activeLow = true },
            line(.digitalOutput, 2) { $0.safeValue = 1 },
        ])
        func pins() -> [Bool] { (0..<3).map { device.isDriven(LineID($0)) } }
        #expect(pins() == [false, true, true])
        for index in 0..<3 { bank.values[index] = index == 2 ? 0 : 1 }
        #expect(bank.drive())
        #expect(pins() == [true, false, false])
        bank.release()
        // Released lines float to what is wired to them.
        #expect(pins() == [false, false, false])
    }

    @Test("inputs follow the pin, active-low and both biases included")
    func inputs() throws {
        let bank = try bank([
            line(.digitalInput, 3), line(.digitalInput, 4) { $0.activeLow = true },
            line(.digitalInput, 5) { $0.bias = 1 }, line(.digitalInput, 6) { $0.bias = 2 },
        ])
        for level in [false, true, false] {
            for pin in UInt16(3)...6 { device.set(LineID(pin), level) }
            #expect(bank.sample())
            let wanted: Int32 = level ? 1 : 0
            #expect((0..<4).map { bank.values[$0] } == [wanted, 1 - wanted, wanted, wanted])
        }
    }

    @Test("a line that is not on the chip is refused with the chip's range")
    func missing() {
        let error = #expect(throws: LoopError.self) { try bank([line(.digitalInput, 32)]) }
        #expect(error?.code == .missing)
        #expect(error?.what == "no such line, the chip has 0...31")
    }

    @Test("a display's lines are driven, refused while others have them, and given back")
    func worked() throws {
        func bus(_ offsets: [Int]) -> (GPIOBus, [LineID]) {
            let lines = offsets.enumerated().map { (LineID(UInt16($0)), $1) }
            let bus = GPIOBus(
                name: "gpio", place: .device(device.chip),
                lines: Dictionary(
                    uniqueKeysWithValues: lines.map {
                        ($0.0, GPIOBus.Line(offset: $0.1, isActiveLow: $0.1 == 11))
                    }))
            return (bus, lines.map(\.0))
        }
        let (display, lines) = bus([12, 11, 10])
        func pins() -> [Bool] { [12, 11, 10].map { device.isDriven(LineID($0)) } }
        var outputs: (any GPIOOutputs)? = try display.request(lines)
        #expect(pins() == [false, true, false])
        try outputs?.set([true, true, false])
        #expect(pins() == [true, false, false])
        let error = #expect(throws: FieldBusError.self) { try display.request(lines) }
        #expect(error?.code == .inUse && error?.what.contains("in use by forecourt") == true)
        // The loop has other lines of the same chip at the same time.
        let bank = try bank([line(.digitalOutput, 13)])
        bank.values[0] = 1
        #expect(bank.drive() && device.isDriven(LineID(13)))
        outputs = nil
        _ = try self.bank([line(.digitalInput, 12), line(.digitalInput, 11)])
        let (none, wanted) = bus([32])
        #expect(throws: FieldBusError.self) { try none.request(wanted) }
        display.close()
        none.close()
    }

    @Test("a line in use is refused with its user's name, and free again once released")
    func inUse() throws {
        let first = try bank([line(.digitalOutput, 7), line(.digitalInput, 8)])
        for kind in [LineKind.digitalInput, .digitalOutput] {
            let error = #expect(throws: LoopError.self) {
                try bank([line(.digitalInput, 9), line(kind, 7)])
            }
            #expect(error?.code == .busy)
            #expect(error?.place == "\(device.chip) line 7")
            #expect(error?.what == "in use by forecourt-loop")
        }
        // The refused ones have let go of what they had got.
        _ = try bank([line(.digitalInput, 9)])
        first.release()
        _ = try bank([line(.digitalInput, 7)])
    }

    @Test("a session: locked, tested, energised; the coil falls within two cycles of C to B")
    func charges() throws {
        let stepper = try stepper()
        stepper.charge()
        #expect(stepper.evse.status.phase == .energised)
        #expect(stepper.evse.status.connectors[0].bolt == .engaged)
        #expect(device.isDriven(Wire.coil))
        stepper.world.level = 9
        let cycles = try #require(stepper.cycles(within: 1) { $0.coil == 0 })
        #expect(cycles <= 2)
    }

    @Test("a jammed bolt: three full strokes, a fault, and the contactor stays open")
    func jam() throws {
        let stepper = try stepper()
        stepper.world.boltIsJammed = true
        stepper.station.evses[0].limit = Amperes(16)
        stepper.station.evses[0].energyGranted = true
        stepper.run(1)
        stepper.world.plug(level: 6)
        var strokes = 0
        var wasMoving = false
        var hasClosed = false
        for _ in 0..<1500 {
            stepper.step()
            let isMoving = device.isDriven(Wire.engage) && !device.isDriven(Wire.release)
            if isMoving, !wasMoving { strokes += 1 }
            wasMoving = isMoving
            hasClosed = hasClosed || stepper.coil == 1
        }
        #expect(strokes == 3)
        #expect(!hasClosed)
        #expect(stepper.evse.status.allFaults.contains(.lockFailedToLock))
    }

    @Test(
        "a mirror contact within the contactor's time is accepted, a later one is a fault",
        arguments: [(10, true), (40, false)])
    func lateMirror(delay: Int, isAccepted: Bool) throws {
        let stepper = try stepper()
        stepper.world.mirrorDelay = delay
        stepper.charge()
        #expect((stepper.evse.status.phase == .energised) == isAccepted)
        #expect(
            stepper.evse.status.allFaults.contains(.contactorDidNotClose) == !isAccepted)
    }

    @Test("an edge storm on the emergency stop: every cycle has its samples, the last level counts")
    func edgeStorm() throws {
        let stepper = try stepper()
        stepper.charge()
        let edges = withStorm(on: Wire.emergencyStop, count: 1000) {
            for _ in 0..<200 {
                // The world stands still: only the storm moves lines.
                #expect(stepper.engine.cycle(at: stepper.tick()) == .none)
            }
            #expect(!stepper.evse.status.faults.contains(.ioFault))
        }
        #expect(edges == 1000)
        // The storm ended pressed, whatever was seen of it.
        _ = stepper.engine.cycle(at: stepper.tick())
        #expect(stepper.evse.inputs.emergencyStopPressed)
        #expect(!device.isDriven(Wire.coil))
    }

    /// Toggles a line from another thread while `body` runs; the last level is low.
    ///
    /// - Returns: how many edges there were when it ended.
    private func withStorm(on line: LineID, count: Int, body: () -> Void) -> Int {
        final class Storm: Sendable {
            let edges = Atomic<Int>(0)
            let hasEnded = Atomic<Bool>(false)
            let count: Int
            let line: LineID
            let device: SimulatedDevice
            init(count: Int, line: LineID, device: SimulatedDevice) {
                self.count = count
                self.line = line
                self.device = device
            }
        }
        let storm = Storm(count: count, line: line, device: device)
        let failure = forecourt_start_thread(
            { context in
                guard let context else { return }
                let storm = Unmanaged<Storm>.fromOpaque(context).takeRetainedValue()
                for edge in 0..<storm.count {
                    storm.device.set(storm.line, edge % 2 == 0)
                    storm.edges.wrappingAdd(1, ordering: .releasing)
                }
                storm.hasEnded.store(true, ordering: .releasing)
            }, Unmanaged.passRetained(storm).toOpaque())
        #expect(failure == 0)
        body()
        for _ in 0..<10_000 where !storm.hasEnded.load(ordering: .acquiring) { usleep(1000) }
        return storm.edges.load(ordering: .acquiring)
    }

    @Test("the kernel releases the lines of a killed loop, and the next loop gets them")
    func killed() throws {
        let folder = TemporaryFolder()
        let chip = try SimulatedChip(path: folder.file("chip"), create: true)
        var world = World(chip: chip, digital: device)
        world.settle()
        // Released, this line is high: what the loop drives can be told from what is wired.
        device.set(Wire.coil, true)
        var plan = wallboxPlan(chip: folder.file("chip"))
        plan.orphanTimeout = .seconds(60)
        device.wire(&plan)
        try plan.store(to: folder.file("loop.plan"))
        let image = try SharedImage(path: folder.file("loop.image"), create: true)
        let supervisor = try LoopSupervisor(
            LoopSupervisor.Settings(
                executable: LoopSupervisor.program(named: "forecourt-loop"),
                plan: folder.file("loop.plan"), image: folder.file("loop.image"),
                fingerprint: plan.fingerprint), image: image, report: { _ in })
        try supervisor.start()
        func wait(until holds: () -> Bool) -> Bool {
            for _ in 0..<15_000 {
                if holds() { return true }
                usleep(1000)
            }
            return false
        }
        #expect(wait { supervisor.process != nil })
        #expect(!device.isDriven(Wire.coil))
        let first = try #require(supervisor.process)
        let error = #expect(throws: LoopError.self) { try bank([line(.digitalOutput, 7)]) }
        #expect(error?.what == "in use by forecourt-loop")
        supervisor.stop(endLoop: false)
        kill(first, SIGKILL)
        #expect(wait { device.isDriven(Wire.coil) })
        let second = try LoopSupervisor(
            LoopSupervisor.Settings(
                executable: LoopSupervisor.program(named: "forecourt-loop"),
                plan: folder.file("loop.plan"), image: folder.file("loop.image"),
                fingerprint: plan.fingerprint), image: image, report: { _ in })
        try second.start()
        #expect(wait { second.process != nil })
        #expect(!device.isDriven(Wire.coil))
        #expect(image.loop()?.starts == 2)
        second.stop(endLoop: true)
        #expect(device.isDriven(Wire.coil))
    }
}
