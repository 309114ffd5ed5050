import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import ModbusPowerModule
import Plant
import RegisterMaps
import Testing

/// The driver against the plant's module, at the level of the line's bytes.
@Suite("Modbus power module", .serialized, .timeLimit(.minutes(3)))
struct ModbusModuleTests {
    @Test("it keeps to what every power module's driver keeps to")
    func conformance() async throws {
        let rig = try ModbusModuleRig()
        let violations = await PowerModuleConformance.violations(
            of: rig.underTest, at: rig, maximumAge: .seconds(15), watchdog: .seconds(3))
        #expect(violations == [])
        await rig.end()
    }

    @Test("what belongs together is written in one request, with a heartbeat that counts")
    func command() async throws {
        let rig = try ModbusModuleRig()
        try await rig.driver.configure()
        try await rig.driver.activate()
        rig.host.tellSource {
            $0.isOn = true
            $0.voltage = Volts(400)
            $0.current = Amperes(20)
        }
        await rig.poll(for: .seconds(1))
        let writes = rig.takeRequests().filter { $0[1] == 16 && $0[2] == 0 && $0[3] == 0x10 }
        let last = try #require(writes.last)
        // 0x0010, six registers: on, 400 000 mV, 20 000 mA, the heartbeat.
        #expect(
            Array(last[2..<17]) == [
                0, 0x10, 0, 6, 12, 0, 1, 0, 0x06, 0x1A, 0x80, 0, 0, 0x4E, 0x20,
            ])
        let beats = writes.map { UInt16($0[17]) << 8 | UInt16($0[18]) }
        #expect(zip(beats, beats.dropFirst()).allSatisfy { $1 == $0 &+ 1 })
        await rig.end()
    }

    @Test("its watchdog is set, and switches it off where nobody looks")
    func watchdog() async throws {
        let rig = try ModbusModuleRig(configuration: ["watchdog": .number(5000)])
        try await rig.driver.configure()
        try await rig.driver.activate()
        let request = rig.takeRequests().first { $0[1] == 16 && $0[3] == 0x16 }
        #expect(request.map { Array($0[7...8]) } == [0, 5])
        rig.host.tellSource {
            $0.isOn = true
            $0.voltage = Volts(400)
            $0.current = Amperes(20)
        }
        await rig.poll(for: .seconds(2))
        #expect(rig.stage.mode != .off)
        await rig.pass(.seconds(4))
        #expect(rig.stage.mode == .off)
        await rig.end()
    }

    @Test("a monitor within the module measures with a voltage there, and tests itself when asked")
    func insulation() async throws {
        let model = "forecourt-module-imd"
        let rig = try ModbusModuleRig(fitted: model, configuration: ["model": .text(model)])
        try await rig.driver.configure()
        try await rig.driver.activate()
        rig.change { $0.insulation = 250_000 }
        await rig.poll(for: .seconds(1))
        #expect(rig.host.insulationSamples.last?.at != nil)
        #expect(rig.host.insulationSamples.last?.resistance == nil, "nothing to measure with")
        rig.host.tellSource {
            $0.isOn = true
            $0.voltage = Volts(400)
            $0.current = Amperes(2)
        }
        await rig.poll(for: .seconds(2))
        #expect(rig.host.insulationSamples.last?.resistance == Ohms(250_000))
        rig.host.tellInsulation { $0.selfTests = 1 }
        await rig.poll(for: .seconds(1))
        let during = try #require(rig.host.insulationSamples.last)
        #expect(during.isTesting && during.resistance == nil && during.selfTestAnswered == 0)
        await rig.poll(for: .seconds(4))
        let after = try #require(rig.host.insulationSamples.last)
        #expect(after.selfTestAnswered == 1 && after.selfTestPassed && !after.isTesting)
        #expect(after.resistance == Ohms(250_000))
        // A loop that starts again counts from 0, and its first test is another one.
        rig.host.tellInsulation { $0.selfTests = 0 }
        await rig.poll(for: .seconds(1))
        #expect(rig.host.insulationSamples.last?.selfTestAnswered == 0)
        rig.host.tellInsulation { $0.selfTests = 1 }
        await rig.poll(for: .seconds(1))
        #expect(rig.host.insulationSamples.last?.selfTestAnswered == 0, "the old answer is none")
        await rig.poll(for: .seconds(4))
        #expect(rig.host.insulationSamples.last?.selfTestAnswered == 1)
        await rig.end()
    }

    @Test("a module without a monitor cannot be one, one with it can")
    func roles() {
        func roles(_ model: String) -> Set<Role> {
            ModbusPowerModulePlugin.roles(
                of: Configuration(device: "module-1", values: ["model": .text(model)]))
        }
        #expect(roles("forecourt-module") == [.powerModule])
        #expect(roles("forecourt-module-imd") == [.powerModule, .insulationMonitor])
    }

    @Test("another device than the model's is refused, and never told anything")
    func wrongDevice() async throws {
        let rig = try ModbusModuleRig()
        rig.raise(.exception, 2)
        let error = await #expect(throws: DriverError.self) { try await rig.driver.configure() }
        #expect(error?.code == .wrongDevice)
        #expect(rig.takeRequests().allSatisfy { $0[1] == 3 })
        await rig.end()
    }

    @Test("a probe shows what it is and what it says")
    func probe() async throws {
        let rig = try ModbusModuleRig()
        let report = try await rig.driver.probe()
        #expect(report.identity == "Forecourt power module, map 1")
        #expect(report.values.contains { $0.name == "maximum current" && $0.text == "133 A" })
        #expect(report.values.contains { $0.name == "status" && $0.text == "off" })
        #expect(
            rig.takeRequests().allSatisfy { $0[1] == 3 || $0[1] == 4 }, "a probe writes nothing")
        await rig.end()
    }
}

@Suite("Modbus power module: maps")
struct ModuleMapTests {
    @Test("every map that ships is read")
    func shipped() throws {
        for name in ModuleMaps.names { #expect(try ModuleMaps.load(name).name == name) }
    }

    @Test("a map with a mistake is refused, with its place")
    func mistakes() throws {
        let good = """
            format: 1
            maker: M
            title: T
            read-limit: 16
            maximum-gap: 4
            status: { table: input, at: 0, on: 0 }
            voltage: { table: input, at: 1, type: uint16, scale: 0.1 }
            current: { table: input, at: 2, type: uint16, scale: 0.1 }
            enable: { at: 0, on: 1, off: 0 }
            set-voltage: { at: 1, type: uint16, scale: 0.1 }
            set-current: { at: 2, type: float32, scale: 1 }
            """
        _ = try ModuleMap(yaml: good, name: "m", file: "m.yaml")
        for (from, to) in [
            ("on: 1, off: 0", "on: 1, off: 1"), ("at: 2, type: float32", "at: 1, type: float32"),
            ("uint16", "ascii"), ("scale: 0.1", "scale: 0"), ("enable:", "enabled:"),
            ("at: 2, type: float32", "at: 65535, type: float32"), ("format: 1", "format: 2"),
        ] {
            let bad = good.replacing(from, with: to)
            #expect(throws: RegisterMapError.self, "\(to)") {
                try ModuleMap(yaml: bad, name: "m", file: "m.yaml")
            }
        }
    }

    @Test("numbers are written within what their registers hold")
    func words() {
        func words(_ type: RegisterType, _ scale: Double, _ value: Double) -> [UInt16] {
            ModuleMap.Field(address: 0, type: type, scale: scale).words(value, .highFirst)
        }
        #expect(words(.uint16, 0.1, 400) == [4000])
        #expect(words(.uint16, 0.1, 1e9) == [0xFFFF])
        #expect(words(.uint16, 0.1, -5) == [0])
        #expect(words(.int16, 0.1, -5) == [0xFFCE])
        #expect(words(.uint32, 0.001, 750) == [0x000B, 0x71B0])
        #expect(words(.float32, 1, 400) == [0x43C8, 0])
    }

    @Test("what cannot be is refused before anything is energised")
    func check() {
        func issues(_ values: [String: ConfigurationValue]) -> [String] {
            var issues = ConfigurationIssues()
            let all: [String: ConfigurationValue] = [
                "model": .text("forecourt-module"), "address": .number(7),
                "poll-period": .number(250), "maximum-age": .number(15_000),
            ]
            let merged = all.merging(values) { $1 }
            ModbusPowerModulePlugin.check(
                Configuration(device: "module-1", values: merged), &issues)
            return issues.all.map(\.key)
        }
        #expect(issues([:]) == [])
        #expect(issues(["model": .text("nobody")]) == ["model"])
        #expect(issues(["watchdog": .number(500)]).contains("watchdog"))
        #expect(issues(["watchdog": .number(20_000)]) == ["maximum-age"])
        #expect(issues(["poll-period": .number(2000)]) == ["watchdog"])
    }
}
