import DriverKit
import EVSEModel
import Foundation
import Glibc
import LoopRuntime
import SimulatedChip
import Testing

/// A plan of these lines and nothing else.
private func plan(_ lines: [LinePlan]) -> LoopPlan {
    var plan = LoopPlan()
    plan.lineCount = UInt16(lines.count)
    for (index, line) in lines.enumerated() { plan.lines[index] = line }
    return plan
}

private func line(
    _ kind: LineKind, _ access: LineAccess, _ offset: UInt16, at path: String,
    change: (inout LinePlan) -> Void = { _ in }
) -> LinePlan {
    var line = LinePlan()
    line.kind = kind
    line.access = access
    line.offset = offset
    line.path = FixedText(path) ?? FixedText()
    change(&line)
    return line
}

@Suite("Line bank")
struct LineBankTests {
    let folder = TemporaryFolder()

    // MARK: Simulated chip

    private func chip() throws -> SimulatedChip {
        try SimulatedChip(path: folder.file("chip"), create: true)
    }
    private func simulated(
        _ kind: LineKind, _ offset: UInt16, change: (inout LinePlan) -> Void = { _ in }
    ) -> LinePlan {
        line(kind, .simulatedChip, offset, at: folder.file("chip"), change: change)
    }

    @Test("an active-low line is turned round at the pin, in both directions and when released")
    func activeLow() throws {
        let chip = try chip()
        chip.setSensed(1, 0)
        let bank = try LineBank(
            plan: plan([
                simulated(.digitalOutput, 0) { $0.activeLow = true },
                simulated(.digitalInput, 1) { $0.activeLow = true },
                simulated(.pwmOutput, 0) { $0.activeLow = true },
            ]))
        #expect(chip.driven(0) == 1)
        #expect(chip.duty(0) == 10_000)
        #expect(bank.sample() && bank.values[1] == 1)
        bank.values[0] = 1
        bank.values[2] = 2500
        #expect(bank.drive())
        #expect((chip.driven(0), chip.duty(0)) == (0, 7500))
        bank.release()
        #expect((chip.driven(0), chip.duty(0), chip.isOutput(0)) == (1, 10_000, false))
    }

    @Test("a safe value other than zero is driven at start and at the end")
    func safeValue() throws {
        let chip = try chip()
        let bank = try LineBank(
            plan: plan([simulated(.digitalOutput, 5) { $0.safeValue = 1 }]))
        #expect((chip.driven(5), chip.isOutput(5)) == (1, true))
        bank.values[0] = 0
        _ = bank.drive()
        #expect(chip.driven(5) == 0)
        bank.release()
        #expect(chip.driven(5) == 1)
        bank.release()
    }

    @Test("a bouncing input counts when it stayed for its debounce time")
    func debounce() throws {
        let chip = try chip()
        let bank = try LineBank(
            plan: plan([simulated(.digitalInput, 3) { $0.debounceMicroseconds = 30_000 }]))
        func sample(_ level: Int32) -> Int32 {
            chip.setSensed(3, level)
            _ = bank.sample()
            return bank.values[0]
        }
        #expect([1, 0, 1, 1, 0].map(sample) == [0, 0, 0, 0, 0])
        #expect([1, 1, 1].map(sample) == [0, 0, 1])
        #expect([0, 0, 1, 0, 0, 0].map(sample) == [1, 1, 1, 1, 1, 0])
    }

    @Test("a missing chip, and a line that a chip has not, say where and what to do")
    func missing() throws {
        let error = #expect(throws: LoopError.self) {
            try LineBank(plan: plan([simulated(.digitalInput, 3)]))
        }
        #expect(error?.code == .missing)
        #expect(error?.place == folder.file("chip"))
        _ = try chip()
        let outside = #expect(throws: LoopError.self) {
            try LineBank(plan: plan([simulated(.analogInput, 32)]))
        }
        #expect(outside?.code == .missing)
        #expect(outside?.description.contains("0...31") == true)
    }

    // MARK: PWM class, on a folder laid out as sysfs has it

    private func pwm(_ change: (inout LinePlan) -> Void = { _ in }) -> LinePlan {
        line(.pwmOutput, .pwmClass, 2, at: folder.path) {
            $0.parameter = 1_000_000
            change(&$0)
        }
    }
    private func makePWM() {
        folder.makeFolder("pwm2")
        for file in ["duty_cycle", "period", "enable"] { folder.write("0", to: "pwm2/\(file)") }
    }

    @Test("a PWM channel gets its period, its safe duty and is enabled; a duty is nanoseconds")
    func pwmClass() throws {
        makePWM()
        let bank = try LineBank(plan: plan([pwm()]))
        #expect(folder.read("pwm2/period") == "1000000")
        #expect(folder.read("pwm2/enable") == "1")
        #expect(folder.read("pwm2/duty_cycle") == "0")
        bank.values[0] = 2667
        #expect(bank.drive())
        #expect(folder.read("pwm2/duty_cycle") == "266700")
        // Unchanged values are not written again.
        folder.write("untouched", to: "pwm2/duty_cycle")
        #expect(bank.drive())
        #expect(folder.read("pwm2/duty_cycle") == "untouched")
        bank.release()
        #expect(folder.read("pwm2/duty_cycle").hasPrefix("0"))
    }

    @Test("a PWM chip without the channel is an error that names the export file")
    func pwmMissing() {
        let error = #expect(throws: LoopError.self) { try LineBank(plan: plan([pwm()])) }
        #expect(error?.code == .missing)
        #expect(error?.place == folder.file("export"))
    }

    @Test("a PWM line without a period is refused")
    func pwmPeriod() {
        makePWM()
        let error = #expect(throws: LoopError.self) {
            try LineBank(plan: plan([pwm { $0.parameter = 0 }]))
        }
        #expect(error?.code == .plan)
    }

    // MARK: IIO, on a folder laid out as sysfs has it

    private func channel(_ number: UInt16) -> LinePlan {
        line(.analogInput, .industrialIO, number, at: folder.path)
    }

    @Test("a converter's steps become microvolts by its own scale, or the common one, and offset")
    func industrialIO() throws {
        folder.write("2048\n", to: "in_voltage0_raw")
        folder.write("0.805664062\n", to: "in_voltage_scale")
        folder.write("-100\n", to: "in_voltage1_raw")
        folder.write("2.5\n", to: "in_voltage1_scale")
        folder.write("140\n", to: "in_voltage1_offset")
        let bank = try LineBank(plan: plan([channel(0), channel(1)]))
        #expect(bank.sample())
        #expect(bank.values[0] == 1_650_000)
        #expect(bank.values[1] == 100_000)
        folder.write("4095", to: "in_voltage0_raw")
        #expect(bank.sample())
        #expect(bank.values[0] == 3_299_194)
    }

    @Test(
        "a reading that is no number is no sample, and the others still are",
        arguments: ["", "x", "-", "99999999999999999999", "2000000000"])
    func industrialIOGarbage(text: String) throws {
        folder.write("1", to: "in_voltage0_raw")
        folder.write("7", to: "in_voltage3_raw")
        folder.write("1000", to: "in_voltage_scale")
        let bank = try LineBank(plan: plan([channel(0), channel(3)]))
        folder.write(text, to: "in_voltage0_raw")
        #expect(!bank.sample())
        #expect(bank.values[0] == Lines.noSample)
        #expect(bank.values[1] == 7_000_000)
    }

    @Test("a converter without the channel or without a scale is an error that names the file")
    func industrialIOMissing() {
        let missing = #expect(throws: LoopError.self) { try LineBank(plan: plan([channel(0)])) }
        #expect(missing?.place == folder.file("in_voltage0_raw"))
        folder.write("1", to: "in_voltage0_raw")
        let scale = #expect(throws: LoopError.self) { try LineBank(plan: plan([channel(0)])) }
        #expect(scale?.place == folder.file("in_voltage0_scale"))
    }

    // MARK: GPIO character device: what can be seen without one; the rest is the guest's test

    @Test("a GPIO chip that is not there, or is no GPIO chip, is an error that names it")
    func gpioMissing() {
        for path in [folder.file("gpiochip0"), "/dev/null"] {
            let error = #expect(throws: LoopError.self) {
                try LineBank(plan: plan([line(.digitalInput, .gpioCharacterDevice, 0, at: path)]))
            }
            #expect(error?.place == path)
        }
    }
}

@Suite("Plan and record files")
struct PlanFileTests {
    let folder = TemporaryFolder()

    @Test("a plan reads back as it was stored")
    func roundTrip() throws {
        let path = folder.file("loop.plan")
        let stored = wallboxPlan(chip: folder.file("chip"))
        try stored.store(to: path)
        let plan = try LoopPlan.load(from: path)
        #expect(plan.fingerprint == stored.fingerprint)
        #expect(plan.slotCount == stored.slotCount)
        #expect(plan.lines[17].path.text == folder.file("chip"))
    }

    @Test("a plan of which one bit changed is refused: it is flat memory")
    func damagedPlan() throws {
        let path = folder.file("loop.plan")
        try wallboxPlan(chip: folder.file("chip")).store(to: path)
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        for offset in stride(from: 0, to: good.count, by: 97) {
            var bad = good
            bad[offset] ^= 0x40
            try bad.write(to: URL(fileURLWithPath: path))
            #expect(throws: LoopError.self, "byte \(offset)") { try LoopPlan.load(from: path) }
        }
        try (good + [0]).write(to: URL(fileURLWithPath: path))
        #expect(throws: LoopError.self) { try LoopPlan.load(from: path) }
    }

    @Test("no plan, half a plan, another build's plan and one beyond its bounds are refused")
    func badPlans() throws {
        let path = folder.file("loop.plan")
        #expect(throws: LoopError.self) { try LoopPlan.load(from: path) }
        folder.write("FCPLAN", to: "loop.plan")
        #expect(throws: LoopError.self) { try LoopPlan.load(from: path) }
        let changes: [(inout LoopPlan) -> Void] = [
            { $0.magic += 1 }, { $0.size += 1 }, { $0.evseCount = 0 }, { $0.evseCount = 5 },
            { $0.lineCount = 97 }, { $0.slotCount = 33 }, { $0.period = .zero },
            { $0.period = Milliseconds(101) }, { $0.priority = 0 },
        ]
        for change in changes {
            var plan = wallboxPlan(chip: "chip")
            change(&plan)
            try plan.store(to: path)
            let error = #expect(throws: LoopError.self) { try LoopPlan.load(from: path) }
            #expect(error?.code == .plan)
        }
    }

    @Test("latched faults read back, a missing record is none, a damaged one is refused")
    func latched() throws {
        let path = LatchedFaults.path(besideImage: folder.file("loop.image"))
        #expect(path == folder.file("loop.latched"))
        #expect(try LatchedFaults.load(from: path) == LatchedFaults())
        let faults = LatchedFaults([FaultSet(), FaultSet(.contactorWelded)])
        try faults.store(to: path)
        #expect(try LatchedFaults.load(from: path) == faults)
        var bytes = Array("x".utf8)
        for offset in [0, 16, 40] {
            try faults.store(to: path)
            let descriptor = open(path, O_WRONLY)
            #expect(pwrite(descriptor, &bytes, 1, off_t(offset)) == 1)
            close(descriptor)
            #expect(throws: LoopError.self) { try LatchedFaults.load(from: path) }
        }
        try faults.store(to: path)
        #expect(truncate(path, 47) == 0)
        #expect(throws: LoopError.self) { try LatchedFaults.load(from: path) }
    }

    @Test("a lock is held once, names its owner, and is free again when released")
    func lock() throws {
        let image = folder.file("loop.image")
        #expect(LoopLock.owner(ofImage: image) == nil)
        let lock = try LoopLock(image: image)
        #expect(LoopLock.owner(ofImage: image) == getpid())
        let error = #expect(throws: LoopError.self) { try LoopLock(image: image) }
        #expect(error?.code == .busy)
        #expect(error?.what.contains("\(getpid())") == true)
        lock.release()
        #expect(LoopLock.owner(ofImage: image) == nil)
    }

    @Test("a watchdog is fed at most once a second, only while cycles go on, and closed with V")
    func watchdog() throws {
        let path = folder.file("watchdog")
        folder.write("", to: "watchdog")
        var watchdog = try Watchdog(path: path)
        var cycle: Int32 = 0
        for tenth in 0..<50 {  // five seconds, the loop stuck after three
            if tenth < 30 { cycle += 10 }
            watchdog.feed(cycle: cycle, at: Instant(milliseconds: Int64(tenth) * 100))
        }
        watchdog.close()
        // Fed at 0, 1, 2 and 3 s: the cycle that ended at 2.9 s is the last that counts.
        #expect(folder.read("watchdog") == "\0\0\0\0V")
        #expect(throws: LoopError.self) { _ = try Watchdog(path: folder.file("none/watchdog")) }
    }
}
