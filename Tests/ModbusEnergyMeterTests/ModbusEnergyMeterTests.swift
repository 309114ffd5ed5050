import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import ModbusEnergyMeter
import Synchronization
import Testing

/// The driver over a pseudo-terminal, against a slave made of raw bytes.
@Suite("Modbus energy meter on the wire", .timeLimit(.minutes(1)))
struct ModbusEnergyMeterTests {
    /// Answers reads of the registers that it has.
    private final class Slave: Sendable {
        enum Mood: Sendable { case well, silent, exception(UInt8), refusesGaps }
        let line: PseudoTerminal
        private let state: Mutex<(mood: Mood, registers: [Int: UInt16], isEnded: Bool)>
        let requests = Mutex([[UInt8]]())

        init(_ registers: [Int: UInt16]) throws {
            line = try PseudoTerminal()
            state = Mutex((.well, registers, false))
            Thread.detachNewThread { [self] in serve() }
        }
        func be(_ mood: Mood) { state.withLock { $0.mood = mood } }
        func set(_ address: Int, _ words: [UInt16]) {
            state.withLock {
                for (index, word) in words.enumerated() { $0.registers[address + index] = word }
            }
        }
        func end() { state.withLock { $0.isEnded = true } }

        private func serve() {
            var input = [UInt8]()
            while !state.withLock({ $0.isEnded }) {
                input += line.receive(milliseconds: 20)
                guard input.count >= 8 else { continue }
                let request = Array(input.prefix(8))
                input.removeFirst(8)
                requests.withLock { $0.append(request) }
                if let reply = reply(request) { line.send(withCRC(reply)) }
            }
        }
        private func reply(_ request: [UInt8]) -> [UInt8]? {
            let (mood, registers) = state.withLock { ($0.mood, $0.registers) }
            let start = Int(request[2]) * 256 + Int(request[3])
            let addresses = start..<start + Int(request[4]) * 256 + Int(request[5])
            switch mood {
            case .silent: return nil
            case .exception(let code): return [request[0], request[1] | 0x80, code]
            case .refusesGaps where addresses.contains { registers[$0] == nil }:
                return [request[0], request[1] | 0x80, 2]
            case .well, .refusesGaps:
                let words = addresses.map { registers[$0] ?? 0 }
                return [request[0], request[1], UInt8(words.count * 2)]
                    + words.flatMap { [UInt8($0 / 256), UInt8($0 % 256)] }
            }
        }
        private func withCRC(_ bytes: [UInt8]) -> [UInt8] {
            var value = 0xFFFF
            for byte in bytes {
                value ^= Int(byte)
                for _ in 1...8 { value = value % 2 == 1 ? (value / 2) ^ 0xA001 : value / 2 }
            }
            return bytes + [UInt8(value % 256), UInt8(value / 256)]
        }
    }

    private static func float(_ value: Float) -> [UInt16] {
        [UInt16(value.bitPattern >> 16), UInt16(truncatingIfNeeded: value.bitPattern)]
    }

    /// Registers of an SDM230 or, with three phases, an SDM630.
    private static func sdm(phases: Int) -> [Int: UInt16] {
        var registers = [Int: UInt16]()
        func put(_ address: Int, _ value: Float) {
            for (index, word) in float(value).enumerated() { registers[address + index] = word }
        }
        for phase in 0..<phases {
            put(0x00 + 2 * phase, 230 + Float(phase))
            put(0x06 + 2 * phase, 16)
            put(0x0C + 2 * phase, 3680)
        }
        let first = phases == 1
        put(first ? 0x18 : 0x3C, 12)
        put(first ? 0x1E : 0x3E, 0.99)
        if !first { put(0x34, 11_040) }
        put(0x46, 50)
        put(0x48, 12.5)
        put(0x4A, 0)
        return registers
    }

    private struct Bench {
        let slave: Slave
        let bus: ModbusBus
        let clock = ManualClock()
        let host: RecordingHost
        let meter: ModbusEnergyMeter

        init(_ registers: [Int: UInt16], model: String = "sdm230", timeout: Int64 = 1000) throws {
            slave = try Slave(registers)
            bus = ModbusBus(
                name: "meters", serial: SerialSettings(path: slave.line.path, baud: 115_200),
                settings: ModbusSettings(replyTimeout: Milliseconds(timeout), retries: 0))
            let clock = clock
            host = RecordingHost("meter-1", bus: bus) { clock.now }
            let driver = try ModbusEnergyMeterPlugin.make(
                Configuration(
                    device: "meter-1",
                    values: [
                        "address": .number(1), "model": .text(model),
                        "poll-period": .number(1000), "max-age": .number(5000),
                    ]), host: host)
            meter = try #require(driver as? ModbusEnergyMeter)
        }
        func poll() async { clock.advance(by: await meter.poll()) }
        func end() async {
            await meter.cleanup()
            await bus.close()
            slave.end()
        }
    }

    /// The far end as the conformance suite wants it.
    private struct Rig: EnergyMeterConformance.Rig {
        let slave: Slave
        func count(_ energy: WattHours) async {
            slave.set(0x48, ModbusEnergyMeterTests.float(Float(energy.double / 1000)))
        }
        func answer(_ isAnswering: Bool) async { slave.be(isAnswering ? .well : .silent) }
    }

    @Test("keeps to what every meter's driver does", arguments: ["sdm230", "sdm630"])
    func conformance(_ model: String) async throws {
        let bench = try Bench(
            Self.sdm(phases: model == "sdm230" ? 1 : 3), model: model, timeout: 40)
        let clock = bench.clock
        let violations = await EnergyMeterConformance.violations(
            of: DriverUnderTest(bench.meter, host: bench.host) { time in
                clock.advance(by: time)
                // The bus lets a unit that was dead rest, in real time.
                try? await Task.sleep(for: .milliseconds(20))
            }, at: Rig(slave: bench.slave), maximumAge: .seconds(5), slack: .seconds(600))
        #expect(violations == [])
        await bench.end()
    }

    @Test("an SDM230 is read with one request a period")
    func onePhase() async throws {
        let bench = try Bench(Self.sdm(phases: 1))
        try await bench.meter.configure()
        try await bench.meter.activate()
        for _ in 1...3 { await bench.poll() }
        #expect(bench.host.samples.count == 3)
        let sample = try #require(bench.host.samples.last)
        #expect(sample.phases == 1)
        #expect(sample.voltage[0] == Volts(230) && sample.current[0] == Amperes(16))
        #expect(sample.energyImport == WattHours(12_500))
        #expect(bench.host.faultEvents.isEmpty)
        let requests = bench.slave.requests.withLock { $0 }.map { Array($0.prefix(6)) }
        #expect(requests.first == [1, 3, 0xFC, 2, 0, 1], "its code is asked for once")
        #expect(requests.dropFirst().allSatisfy { $0 == [1, 4, 0, 0, 0, 0x4C] })
        await bench.end()
    }

    @Test("an SDM630 gives values for each phase")
    func threePhases() async throws {
        let bench = try Bench(Self.sdm(phases: 3), model: "sdm630")
        try await bench.meter.configure()
        await bench.poll()
        let sample = try #require(bench.host.samples.last)
        #expect(sample.phases == 3)
        #expect(sample.voltage[0] == Volts(230) && sample.voltage[2] == Volts(232))
        #expect(sample.power[1] == Watts(3680) && sample.totalPower == Watts(11_040))
        await bench.end()
    }

    @Test("a meter that refuses unused registers is read piecewise from then on")
    func refusesGaps() async throws {
        let bench = try Bench(Self.sdm(phases: 1))
        bench.slave.be(.refusesGaps)
        try await bench.meter.configure()
        for _ in 1...2 { await bench.poll() }
        #expect(bench.host.samples.count == 2)
        #expect(bench.host.samples.last?.energyImport == WattHours(12_500))
        #expect(bench.host.samples.last?.voltage[0] == Volts(230))
        let longReads = bench.slave.requests.withLock { $0.count { $0[5] == 0x4C } }
        #expect(longReads == 1)
        await bench.end()
    }

    @Test("a silent meter is a fault after max-age, once, and the fault ends with a reading")
    func lost() async throws {
        let bench = try Bench(Self.sdm(phases: 1), timeout: 15)
        try await bench.meter.configure()
        await bench.poll()
        let lastReading = bench.clock.now
        bench.slave.be(.silent)
        for _ in 1...12 { await bench.poll() }
        #expect(bench.host.faultEvents.map(\.fault) == [.meterLost])
        let raised = try #require(bench.host.faultEvents.first)
        #expect(raised.holds)
        #expect((5000...7000).contains((raised.at - lastReading).count))
        #expect(bench.host.faults[.meterLost]?.contains("Modbus address 1") == true)
        bench.slave.be(.well)
        // The bus lets a dead unit rest, in real time, for at most 5 s.
        let end = MonotonicClock.now() + .seconds(10)
        while bench.host.faults[.meterLost] != nil, MonotonicClock.now() < end {
            await bench.poll()
            usleep(20_000)
        }
        #expect(bench.host.faultEvents.map(\.holds) == [true, false])
        await bench.end()
    }

    @Test("a station starts with a silent meter, and says so after max-age")
    func silentAtStart() async throws {
        let bench = try Bench(Self.sdm(phases: 1), timeout: 15)
        bench.slave.be(.silent)
        try await bench.meter.configure()
        for _ in 1...8 { await bench.poll() }
        #expect(bench.host.samples.isEmpty)
        #expect(bench.host.faults[.meterLost] != nil)
        await bench.end()
    }

    @Test("an implausible register is left out, raised, and cleared when it is credible again")
    func implausible() async throws {
        let bench = try Bench(Self.sdm(phases: 1))
        try await bench.meter.configure()
        await bench.poll()
        bench.slave.set(0x48, Self.float(0.001))
        await bench.poll()
        #expect(bench.host.samples.last?.valid.contains(.energyImport) == false)
        #expect(bench.host.samples.last?.valid.contains(.current) == true)
        #expect(bench.host.faults[.meterImplausible]?.contains("backwards") == true)
        bench.slave.set(0x48, Self.float(12.501))
        await bench.poll()
        #expect(bench.host.faults.isEmpty)
        #expect(bench.host.samples.last?.energyImport == WattHours(12_501))
        await bench.end()
    }

    @Test(
        "a meter that answers with exceptions is lost, not dead", arguments: [1, 2, 4] as [UInt8])
    func exceptions(_ code: UInt8) async throws {
        let bench = try Bench(Self.sdm(phases: 1))
        bench.slave.be(.exception(code))
        try await bench.meter.configure()
        for _ in 1...8 { await bench.poll() }
        #expect(bench.host.faults[.meterLost]?.contains("exception \(code)") == true)
        #expect(!bench.bus.health(of: 1).isDead)
        await bench.end()
    }

    @Test("an EM340 is known by its serial number")
    func identification() async throws {
        var registers = [Int: UInt16]()
        for (index, pair) in ["AB", "12", "34", "56", "78", "9X", "\u{0}\u{0}"].enumerated() {
            let bytes = Array(pair.utf8)
            registers[0x5000 + index] = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        }
        registers[0x33] = 500
        registers[0x0B] = 341
        let bench = try Bench(registers, model: "em340")
        let report = try await bench.meter.probe()
        #expect(
            report.identity
                == "Carlo Gavazzi EM340, three phases, Modbus address 1 on bus meters, model-code 341, serial AB123456789X"
        )
        #expect(report.values.contains { $0.name == "frequency" && $0.text == "50 Hz" })
        await bench.end()
    }

    @Test("a probe shows decoded values beside their raw bytes")
    func probe() async throws {
        let bench = try Bench(Self.sdm(phases: 1))
        let report = try await bench.meter.probe()
        let voltage = try #require(report.values.first { $0.name == "voltage L1" })
        #expect(voltage.text == "230 V" && voltage.raw == "43 66 00 00")
        #expect(report.replyTimes.count == 1)
        await bench.end()
    }

    @Test("a probe of a silent meter says what to do")
    func silentProbe() async throws {
        let bench = try Bench([:], timeout: 15)
        bench.slave.be(.silent)
        do throws(DriverError) {
            _ = try await bench.meter.probe()
            Issue.record("probed a silent meter")
        } catch {
            #expect(error.code == .noReply)
            #expect(
                error.description.hasPrefix("meter-1: no reply from Modbus address 1 on bus meters")
            )
        }
        await bench.end()
    }

    @Test(
        "configurations that cannot work",
        arguments: [
            (["model": .text("sdm230"), "max-age": .number(1500)], ["max-age"]),
            (["model": .text("sdm999")], ["model"]),
            (
                ["reply-timeout": .number(400), "retries": .number(2)], ["reply-timeout"]
            ),
            (["reply-timeout": .number(300), "retries": .number(2)], []),
            (["inverted": .boolean(true)], []), ([:], []),
        ] as [([String: ConfigurationValue], [String])])
    func check(_ values: [String: ConfigurationValue], _ expected: [String]) {
        let standard: [String: ConfigurationValue] = [
            "address": .number(1), "model": .text("sdm230"), "poll-period": .number(1000),
            "max-age": .number(5000), "pause": .number(0), "inverted": .boolean(false),
        ]
        var issues = ConfigurationIssues()
        ModbusEnergyMeterPlugin.check(
            Configuration(device: "meter-1", values: standard.merging(values) { $1 }), &issues)
        #expect(issues.all.map(\.key) == expected)
    }

    @Test("the load on its bus is one request and its reply")
    func busLoad() {
        let load = ModbusEnergyMeterPlugin.busLoad(
            Configuration(
                device: "meter-1",
                values: [
                    "model": .text("sdm230"), "poll-period": .number(1000),
                    "max-age": .number(5000),
                ]))
        #expect(load?.exchanges == [.init(sent: 8, received: 157)])
        #expect(load?.period == .seconds(1))
    }
}
