import CANPowerModule
import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Plant
import Testing

/// The driver against the plant's modules, at the level of the bus's frames.
@Suite("CAN power module", .serialized, .timeLimit(.minutes(3)))
struct ModuleTests {
    @Test(
        "it keeps to what every power module's driver keeps to, whatever the family",
        arguments: ModuleFamilies.models)
    func conformance(_ model: String) async throws {
        let rig = try ModuleRig(model)
        let violations = await PowerModuleConformance.violations(
            of: rig.underTest, at: rig, maximumAge: .seconds(15))
        #expect(violations == [])
        await rig.end()
    }

    @Test("every family that a board can name has a simulated module")
    func simulated() {
        #expect(CANUnits.models == ModuleFamilies.models.sorted())
    }

    private func want(_ rig: ModuleRig, _ volts: Int32, _ purpose: PowerSourceCommand.Purpose) {
        rig.host.tellSource {
            $0.purpose = purpose
            $0.isOn = purpose == .preCharge || purpose == .transfer
            $0.voltage = Volts(volts)
            $0.current = Amperes(20)
        }
    }

    @Test("a mode is changed before anything is asked for, and nothing is lost to it later")
    func plannedMode() async throws {
        let rig = try ModuleRig("uugreenpower")
        // 8 A at 800 V: less than the 20 A that it may give.
        rig.load(100)
        try await rig.start()
        await rig.poll(for: .seconds(2))
        want(rig, 800, .reserve)
        // Off for two seconds, selected, two seconds more.
        await rig.poll(for: .seconds(5))
        want(rig, 800, .preCharge)
        await rig.poll(for: .seconds(2))
        #expect(abs(rig.stage.voltage - 800) < 2)
        want(rig, 400, .transfer)
        var lowest = Double.infinity
        for _ in 0..<40 {
            await rig.poll(for: Milliseconds(100))
            lowest = min(lowest, rig.stage.voltage)
        }
        #expect(abs(lowest - 400) < 2, "the high mode is kept while power flows")
        await rig.end()
    }

    @Test("in low mode nothing above 500 V is asked for while power flows")
    func lowMode() async throws {
        let rig = try ModuleRig("uugreenpower")
        try await rig.start()
        await rig.poll(for: .seconds(2))
        want(rig, 450, .preCharge)
        await rig.poll(for: .seconds(2))
        want(rig, 600, .transfer)
        for _ in 0..<60 {
            await rig.poll(for: Milliseconds(100))
            #expect(rig.stage.voltage > 445 && rig.stage.voltage < 502)
        }
        await rig.end()
    }

    @Test("a rating of the board narrows what the module says")
    func overrides() async throws {
        let rig = try ModuleRig(
            "infypower-v1.13",
            configuration: [
                "maximum-voltage": .number(500_000), "maximum-current": .number(30_000),
            ])
        try await rig.start()
        await rig.poll(for: .seconds(2))
        let sample = try #require(rig.host.sourceSamples().last)
        #expect(sample.maximumVoltage == Volts(500) && sample.maximumCurrent == Amperes(30))
        #expect(sample.minimumVoltage == Volts(150) && sample.maximumPower == Watts(40_000))
        want(rig, 900, .transfer)
        await rig.poll(for: .seconds(3))
        #expect(abs(rig.stage.voltage - 500) < 2)
        await rig.end()
    }

    @Test("voltage and current that are not told make the module lost, whatever else it says")
    func missingTelemetry() async throws {
        let rig = try ModuleRig("winline")
        try await rig.start()
        await rig.poll(for: .seconds(2))
        rig.raise(.noValue)
        await rig.poll(for: .seconds(1))
        let known = rig.host.sourceSamples().count
        await rig.poll(for: .seconds(16))
        #expect(rig.host.sourceSamples().count == known)
        #expect(rig.host.faults[.powerModuleLost] != nil)
        await rig.end()
    }

    @Test(
        "an address that two modules have is a fault in the module's own words",
        arguments: ["infypower-v1.13", "infypower-beg", "dpm1000"])
    func repeatedAddress(_ model: String) async throws {
        let rig = try ModuleRig(model)
        try await rig.start()
        await rig.poll(for: .seconds(2))
        rig.raise(.idRepeated)
        await rig.poll(for: .seconds(1))
        #expect(rig.host.faults[.powerModuleFault] == "id repeated")
        await rig.end()
    }

    @Test("a module that gives less says so")
    func derating() async throws {
        let rig = try ModuleRig("dpm1000")
        try await rig.start()
        rig.change { $0.derating = 0.5 }
        await rig.poll(for: .seconds(2))
        #expect(rig.host.sourceSamples().last?.isDerated == true)
        #expect(rig.host.sourceSamples().last?.isReady == true)
        await rig.end()
    }

    @Test("frames that are spoilt are never believed", arguments: ModuleFamilies.models)
    func spoilt(_ model: String) async throws {
        let rig = try ModuleRig(model)
        try await rig.start()
        want(rig, 400, .transfer)
        await rig.poll(for: .seconds(8))
        for fault in [FaultKind.garbled, .truncated] {
            rig.raise(fault)
            await rig.poll(for: .seconds(2))
            for sample in rig.host.sourceSamples() {
                #expect((Volts(-50)...Volts(2500)).contains(sample.voltage))
                #expect((Amperes(-50)...Amperes(1000)).contains(sample.current))
            }
        }
        await rig.end()
    }

    @Test("the module's own watchdog switches it off when the bus is gone, and it stays off")
    func watchdog() async throws {
        let rig = try ModuleRig("infypower-v1.13")
        try await rig.start()
        want(rig, 400, .transfer)
        await rig.poll(for: .seconds(4))
        #expect(rig.stage.mode != .off)
        try rig.plug(false)
        await rig.poll(for: .seconds(9))
        #expect(rig.stage.mode != .off, "ten seconds are not over")
        await rig.poll(for: .seconds(8))
        #expect(rig.stage.mode == .off)
        #expect(rig.host.faults[.powerModuleLost] != nil)
        await rig.end()
    }

    @Test("what nobody leads is left alone, and another module's frames are not taken")
    func neighbours() async throws {
        let rig = try ModuleRig(
            "winline", others: [(4, "winline"), (5, "dpm1000"), (3, "infypower-v1.13")])
        try await rig.start()
        want(rig, 400, .transfer)
        await rig.poll(for: .seconds(4))
        #expect(abs(rig.stage.voltage - 400) < 2)
        for stage in rig.stages.dropFirst() { #expect(stage.mode == .off && !stage.isOn) }
        await rig.end()
    }

    @Test("nothing is said twice as often as it has to be")
    func pace() async throws {
        let rig = try ModuleRig("infypower-v1.13")
        try await rig.start()
        want(rig, 400, .transfer)
        await rig.poll(for: .seconds(4))
        _ = rig.takeHeard()
        await rig.poll(for: .seconds(10))
        // Four rounds a second with two questions, one slow one in eight rounds, set-points each second.
        let count = rig.takeHeard().count
        #expect((85...105).contains(count), "\(count) frames in 10 s")
        await rig.end()
    }

    @Test("a probe shows identity, frames and what they say, and switches nothing")
    func probe() async throws {
        let rig = try ModuleRig("huawei-r100040gx")
        async let report = rig.driver.probe()
        for _ in 0..<100 {
            rig.pass(Milliseconds(5))
            try? await Task.sleep(for: .milliseconds(2))
        }
        let found = try await report
        #expect(found.identity.contains("hardware 3, DC/DC 1.2, PFC 3.4"))
        #expect(found.values.contains { $0.name == "voltage" && $0.text == "0 V" })
        #expect(found.values.allSatisfy { $0.raw.contains("#") })
        #expect(!rig.stage.isOn)
        await rig.end()
    }

    @Test("a probe of nobody says what to look at")
    func probeOfNobody() async throws {
        let rig = try ModuleRig("dpm1000")
        rig.raise(.absent)
        let error = await #expect(throws: DriverError.self) { try await rig.driver.probe() }
        #expect(error?.code == .noReply)
        await rig.end()
    }

    @Test("what no module can be configured to is refused before anything is energised")
    func check() {
        func issues(_ values: [String: ConfigurationValue]) -> [String] {
            var issues = ConfigurationIssues()
            let all: [String: ConfigurationValue] = [
                "model": .text("huawei-r100040gx"), "address": .number(1), "group": .number(0),
                "poll-period": .number(250), "maximum-age": .number(15_000),
            ]
            let merged = all.merging(values) { $1 }
            CANPowerModulePlugin.check(
                Configuration(device: "module-1", values: merged), &issues)
            return issues.all.map(\.key)
        }
        #expect(issues([:]) == [])
        #expect(issues(["address": .number(0)]) == ["address"])
        #expect(issues(["group": .number(2)]) == ["group"])
        #expect(issues(["model": .text("uugreenpower"), "group": .number(2)]) == [])
        #expect(issues(["maximum-age": .number(10_000)]) == ["maximum-age"])
        #expect(
            issues(["minimum-voltage": .number(500_000), "maximum-voltage": .number(400_000)])
                == ["minimum-voltage"])
    }
}
