import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import ModbusPowerCabinet
import Plant
import RegisterMaps
import Synchronization
import Testing

/// The driver against the plant's simple cabinet behind a Modbus TCP peer on loopback. The cabinet's time is the
/// test's, as the driver's is.
private final class Rig: Sendable {
    let clock: ManualClock
    let server: ModbusFarEnd
    let bus: ModbusBus
    let host: RecordingHost
    let driver: any BusDriver

    /// - Parameter other: whose cabinet and clock it shares; `nil` makes its own.
    init(
        outlets: Int = 1, beside other: Rig? = nil,
        _ configuration: [String: ConfigurationValue] = [:]
    ) throws {
        let clock = other?.clock ?? ManualClock()
        self.clock = clock
        server = try other?.server ?? ModbusFarEnd(outlets: max(2, outlets)) { clock.now }
        bus = ModbusBus(
            name: "cabinet", endpoint: .tcp(SocketSettings(host: "127.0.0.1", port: server.port)),
            settings: ModbusSettings(replyTimeout: Milliseconds(100), retries: 0))
        host = RecordingHost("cabinet-1", bus: bus) { clock.now }
        host.setSourceCount(outlets)
        let values: [String: ConfigurationValue] = [
            "address": .number(1), "model": .text("forecourt"), "first-outlet": .number(1),
            "poll-period": .number(100), "max-age": .number(1000), "pause": .number(0),
        ]
        driver = try ModbusPowerCabinetPlugin.make(
            Configuration(device: "cabinet-1", values: values.merging(configuration) { $1 }),
            host: host)
    }
    func start() async throws {
        try await driver.configure()
        try await driver.activate()
    }
    func poll(for time: Milliseconds) async {
        let end = clock.now + time
        while clock.now < end {
            let pause = await driver.poll()
            clock.advance(by: max(Milliseconds(1), pause))
            server.step()
            if bus.health(of: 1).isDead { try? await Task.sleep(for: .milliseconds(20)) }
        }
    }
    /// Both at work on one cabinet.
    static func poll(_ rigs: [Rig], for time: Milliseconds) async {
        guard let first = rigs.first else { return }
        let end = first.clock.now + time
        while first.clock.now < end {
            for rig in rigs { _ = await rig.driver.poll() }
            first.clock.advance(by: Milliseconds(20))
            first.server.step()
        }
    }
    func pass(_ time: Milliseconds) {
        clock.advance(by: time)
        server.step()
    }
    func want(_ purpose: PowerSourceCommand.Purpose, _ voltage: Int32, _ current: Int32) {
        host.tellSource {
            $0.isOn = purpose != .none
            $0.purpose = purpose
            $0.voltage = Volts(voltage)
            $0.current = Amperes(current)
        }
    }
    func end() async {
        await driver.cleanup()
        await bus.close()
        server.stop()
    }
}

/// A Modbus TCP server with the simulated cabinet behind it.
private final class ModbusFarEnd: ModbusRegisters {
    private struct State {
        var cabinet: SimpleCabinet
        var stages: [PowerStage]
    }
    private let state: Mutex<State>
    private let server = Mutex<ModbusServer?>(nil)
    private let clock: @Sendable () -> Instant

    init(outlets: Int, clock: @escaping @Sendable () -> Instant) throws {
        self.clock = clock
        state = Mutex(
            State(
                cabinet: SimpleCabinet(outlets: outlets),
                stages: Array(repeating: PowerStage(rating: .init()), count: outlets)))
        let made = try ModbusServer(address: "127.0.0.1", port: 0, clients: 4, registers: self)
        server.withLock { $0 = made }
        step()
    }
    var port: UInt16 { server.withLock { $0?.port ?? 0 } }
    func stop() {
        server.withLock {
            $0?.stop()
            $0 = nil
        }
    }
    func step() {
        let now = clock().nanoseconds
        state.withLock { $0.cabinet.step(at: now, stages: &$0.stages) }
    }
    func act(_ change: @Sendable (inout CabinetBehaviour) -> Void) {
        state.withLock { change(&$0.cabinet.behaviour) }
        step()
    }
    /// Nothing of what it was told is left; connections stay, as at a gateway.
    func restart() {
        state.withLock { state in
            state.cabinet = SimpleCabinet(outlets: state.cabinet.outlets.count)
        }
        step()
    }
    var cabinet: SimpleCabinet { state.withLock { $0.cabinet } }
    var stages: [PowerStage] { state.withLock { $0.stages } }

    private func ask(_ request: [UInt8]) throws(ModbusException) -> [UInt8] {
        let now = clock().nanoseconds
        let reply = state.withLock { state in
            let reply = state.cabinet.reply(to: request, stages: state.stages)
            state.cabinet.step(at: now, stages: &state.stages)
            return reply
        }
        guard let reply else { throw .serverDeviceFailure }
        if reply[0] & 0x80 != 0 {
            throw ModbusException(rawValue: reply[1]) ?? .serverDeviceFailure
        }
        return reply
    }
    func read(start: UInt16, count: Int) throws(ModbusException) -> [UInt16] {
        let reply = try ask([3] + two(Int(start)) + two(count))
        return (0..<count).map { UInt16(reply[2 + 2 * $0]) << 8 | UInt16(reply[3 + 2 * $0]) }
    }
    func write(start: UInt16, values: [UInt16]) throws(ModbusException) {
        if values.count == 1 {
            _ = try ask([6] + two(Int(start)) + two(Int(values[0])))
        } else {
            let data = values.flatMap { two(Int($0)) }
            _ = try ask(
                [16] + two(Int(start)) + two(values.count) + [UInt8(data.count)] + data)
        }
    }
    private func two(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }
}

@Suite("Modbus power cabinet", .serialized, .timeLimit(.minutes(2)))
struct PowerCabinetTests {
    @Test("it sets watchdog and fallback, and says what the cabinet can")
    func start() async throws {
        let rig = try Rig(["watchdog": .number(600)])
        try await rig.start()
        await rig.poll(for: .seconds(1))
        #expect(rig.server.cabinet.watchdog == 600)
        let sample = try #require(rig.host.sourceSamples().last)
        #expect(sample.isReady && !sample.isOn && sample.maximumVoltage == Volts(1000))
        #expect(sample.minimumVoltage == Volts(150) && sample.maximumCurrent == Amperes(133))
        #expect(sample.maximumPower == Watts(40_000) && sample.temperature == Celsius(35))
        #expect(rig.host.faults.isEmpty)
        await rig.end()
    }

    @Test("what the loop wants is told, rounded down, and switched off at the end")
    func order() async throws {
        let rig = try Rig()
        try await rig.start()
        rig.want(.transfer, 400, 25)
        rig.host.tellSource { $0.current = Amperes(milliamperes: 25_199) }
        await rig.poll(for: .seconds(1))
        #expect(rig.server.stages[0].isOn && rig.server.stages[0].setVoltage == 400)
        #expect(rig.server.stages[0].setCurrent == 25.1)
        #expect(rig.host.sourceSamples().last?.isOn == true)
        await rig.driver.deactivate()
        rig.server.step()
        #expect(!rig.server.stages[0].isOn)
        await rig.end()
    }

    @Test("a pause is no limit of zero: enable and current are told apart")
    func pause() async throws {
        let rig = try Rig()
        try await rig.start()
        rig.want(.transfer, 400, 0)
        await rig.poll(for: .seconds(1))
        #expect(
            rig.server.cabinet.outlets[0].isEnabled && rig.server.cabinet.outlets[0].current == 0)
        rig.host.tellSource { $0.isOn = false }
        await rig.poll(for: .seconds(1))
        #expect(!rig.server.cabinet.outlets[0].isEnabled)
        await rig.end()
    }

    @Test("a loop that is silent switches off")
    func loopDead() async throws {
        let rig = try Rig()
        try await rig.start()
        rig.want(.transfer, 400, 25)
        await rig.poll(for: .seconds(1))
        rig.host.keepLoop(alive: false)
        await rig.poll(for: .seconds(1))
        #expect(!rig.server.stages[0].isOn)
        await rig.end()
    }

    @Test("without the station's heartbeat the cabinet switches off by itself")
    func watchdog() async throws {
        let rig = try Rig()
        try await rig.start()
        rig.want(.transfer, 400, 25)
        await rig.poll(for: .seconds(1))
        #expect(rig.server.stages[0].isOn)
        rig.pass(Milliseconds(1100))
        #expect(!rig.server.stages[0].isOn && rig.server.cabinet.outlets[0].hasFallenBack)
        // A station that comes back tells it anew.
        await rig.poll(for: .seconds(2))
        #expect(rig.server.stages[0].isOn)
        await rig.end()
    }

    @Test("two stations on one cabinet: the heartbeat of one does not keep the other's outlet on")
    func twoStations() async throws {
        let first = try Rig()
        let second = try Rig(beside: first, ["first-outlet": .number(2)])
        try await first.start()
        try await second.start()
        first.want(.transfer, 400, 25)
        second.want(.transfer, 300, 10)
        await Rig.poll([first, second], for: .seconds(3))
        #expect(first.server.stages[0].isOn && first.server.stages[1].isOn)
        #expect(first.server.stages[1].setVoltage == 300)
        // The second station is gone without a word.
        await Rig.poll([first], for: .seconds(2))
        #expect(first.server.stages[0].isOn && !first.server.stages[1].isOn)
        #expect(first.server.cabinet.outlets[1].hasFallenBack)
        #expect(!first.server.cabinet.outlets[0].hasFallenBack && first.host.faults.isEmpty)
        // It comes back, and with it its outlet.
        await Rig.poll([first, second], for: .seconds(3))
        #expect(first.server.stages[0].isOn && first.server.stages[1].isOn)
        await second.end()
        await first.end()
    }

    @Test("a cabinet that starts anew in a session has its watchdog set again, and goes on")
    func restart() async throws {
        let rig = try Rig(["watchdog": .number(700)])
        try await rig.start()
        rig.want(.transfer, 400, 25)
        await rig.poll(for: .seconds(1))
        #expect(rig.server.cabinet.watchdog == 700 && rig.server.stages[0].isOn)
        rig.server.restart()
        #expect(!rig.server.stages[0].isOn && rig.server.cabinet.watchdog == 1000)
        await rig.poll(for: .seconds(2))
        #expect(rig.server.cabinet.watchdog == 700 && rig.server.stages[0].isOn)
        #expect(rig.host.faults.isEmpty)
        await rig.end()
    }

    @Test("a cabinet that refuses an outlet is not ready, and takes it again")
    func refuses() async throws {
        let rig = try Rig()
        try await rig.start()
        rig.want(.transfer, 400, 25)
        await rig.poll(for: .seconds(1))
        rig.server.act { $0.refuses = true }
        await rig.poll(for: Milliseconds(300))
        #expect(rig.host.sourceSamples().last?.isReady == false && !rig.server.stages[0].isOn)
        rig.server.act { $0.refuses = false }
        await rig.poll(for: Milliseconds(300))
        #expect(rig.host.sourceSamples().last?.isReady == true && rig.server.stages[0].isOn)
        await rig.end()
    }

    @Test("a heartbeat that stands still is a cabinet that is lost, and comes back")
    func frozen() async throws {
        let rig = try Rig()
        try await rig.start()
        await rig.poll(for: .seconds(1))
        rig.server.act { $0.isFrozen = true }
        await rig.poll(for: .seconds(3))
        #expect(rig.host.faults[.powerCabinetLost]?.contains("heartbeat") == true)
        rig.server.act { $0.isFrozen = false }
        await rig.poll(for: .seconds(1))
        #expect(rig.host.faults.isEmpty)
        await rig.end()
    }

    @Test("a cabinet that does not answer is lost")
    func silent() async throws {
        let rig = try Rig()
        try await rig.start()
        await rig.poll(for: .seconds(1))
        rig.server.act { $0.isModbusDead = true }
        await rig.poll(for: .seconds(3))
        #expect(rig.host.faults[.powerCabinetLost] != nil)
        await rig.end()
    }

    @Test("upgrading, faulty, derated, an outlet that is not there")
    func conditions() async throws {
        let rig = try Rig()
        try await rig.start()
        await rig.poll(for: .seconds(1))
        rig.server.act { $0.mode = .upgrading }
        await rig.poll(for: Milliseconds(300))
        #expect(rig.host.sourceSamples().last?.isReady == false && rig.host.faults.isEmpty)
        rig.server.act { $0.mode = .faulty }
        await rig.poll(for: Milliseconds(300))
        #expect(rig.host.faults[.powerModuleFault]?.contains("faulty") == true)
        rig.server.act {
            $0.mode = .running
            $0.derating = 0.5
        }
        await rig.poll(for: Milliseconds(300))
        #expect(rig.host.sourceSamples().last?.isDerated == true && rig.host.faults.isEmpty)
        #expect(rig.host.sourceSamples().last?.maximumPower == Watts(20_000))
        rig.server.act { $0.unavailable = [0] }
        await rig.poll(for: Milliseconds(300))
        #expect(rig.host.sourceSamples().last?.isReady == false)
        await rig.end()
    }

    @Test("two outlets are two sources")
    func twoOutlets() async throws {
        let rig = try Rig(outlets: 2)
        try await rig.start()
        rig.host.tellSource(1) {
            $0.isOn = true
            $0.purpose = .preCharge
            $0.voltage = Volts(300)
            $0.current = Amperes(2)
        }
        await rig.poll(for: .seconds(1))
        #expect(!rig.server.stages[0].isOn && rig.server.stages[1].isOn)
        #expect(rig.host.sourceSamples(0).last?.isOn == false)
        #expect(rig.host.sourceSamples(1).last?.isOn == true)
        await rig.end()
    }

    @Test("a probe shows every number")
    func probe() async throws {
        let rig = try Rig()
        let report = try await rig.driver.probe()
        #expect(
            report.values.contains { $0.name == "outlet 1 maximum-voltage" && $0.text == "1000.0" })
        await rig.end()
    }

    @Test("maps are read or refused with a place")
    func models() throws {
        #expect(CabinetModels.names == ["forecourt"])
        let model = try CabinetModels.load("forecourt")
        #expect(model.address(model.command, of: 1) == 0x0260 && model.readWidth == 12)
        let wrong = ["", "format: 2", "format: 1\nmaker: a\ntitle: b\nunknown: 1"]
        for text in wrong {
            #expect(throws: RegisterMapError.self) {
                try CabinetModel(yaml: text, name: "m", file: "m.yaml")
            }
        }
    }

    @Test("what a configuration must say")
    func check() {
        func issues(_ values: [String: ConfigurationValue]) -> [String] {
            var issues = ConfigurationIssues()
            let all: [String: ConfigurationValue] = [
                "model": .text("forecourt"), "poll-period": .number(100), "max-age": .number(2000),
                "first-outlet": .number(1),
            ]
            ModbusPowerCabinetPlugin.check(
                Configuration(device: "c", values: all.merging(values) { $1 }), &issues)
            return issues.all.map(\.key)
        }
        #expect(issues([:]) == [])
        #expect(issues(["watchdog": .number(200)]) == ["watchdog"])
        #expect(issues(["watchdog": .number(20_000)]) == ["watchdog"])
        #expect(issues(["max-age": .number(200)]) == ["max-age"])
        #expect(issues(["first-outlet": .number(9)]) == ["first-outlet"])
        #expect(issues(["model": .text("none")]) == ["model"])
    }
}
