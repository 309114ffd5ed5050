import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import FusionChargeCabinet
import Plant
import Testing

/// The driver at its sockets: a simulated cabinet on loopback. The driver's time is the test's; bytes on the loopback
/// take the machine's.
@Suite("FusionCharge: driver", .serialized, .timeLimit(.minutes(2)))
struct DriverTests {
    final class Rig: Sendable {
        let bench: ResistorBench
        let cabinet: CabinetThread
        let clock = ManualClock()
        let bus: ModbusBus
        let host: RecordingHost
        let driver: any BusDriver

        init(
            outlets: Int = 1, at cabinet: (CabinetThread, ResistorBench)? = nil,
            firstConnector: Int64 = 1, _ configuration: [String: ConfigurationValue] = [:]
        ) throws {
            let clock = clock
            if let cabinet {
                (self.cabinet, bench) = cabinet
            } else {
                bench = ResistorBench(
                    outlets: max(2, outlets), rating: .init(), load: 10,
                    clock: { MonotonicClock.now().nanoseconds })
                self.cabinet = try CabinetThread(
                    FusionCabinet(outlets: max(2, outlets)), owner: bench)
                self.cabinet.start()
            }
            bus = ModbusBus(
                name: "cabinet",
                endpoint: .tcp(SocketSettings(host: "127.0.0.1", port: self.cabinet.port)))
            host = RecordingHost("cabinet-1", bus: bus) { clock.now }
            host.setSourceCount(outlets)
            let values: [String: ConfigurationValue] = [
                "power-channel": .text("udp"), "first-connector": .number(firstConnector),
                "connector-type": .text("ccs1"), "signed": .boolean(true),
                "silence-limit": .number(3000), "max-age": .number(1000),
                "maximum-current": .number(500_000), "maximum-power": .number(480_000_000),
                "software-version": .text("test"), "protocol-version": .number(1),
            ]
            driver = try FusionChargeCabinetPlugin.make(
                Configuration(device: "cabinet-1", values: values.merging(configuration) { $1 }),
                host: host)
        }

        func start() async throws {
            try await driver.configure()
            try await driver.activate()
        }
        /// Polls until it holds; the driver's clock follows the machine's, since the far end has that.
        func poll(until holds: () -> Bool) async -> Bool {
            let end = MonotonicClock.now() + .seconds(20)
            var last = MonotonicClock.now()
            while MonotonicClock.now() < end {
                let pause = await driver.poll()
                if holds() { return true }
                try? await Task.sleep(for: .milliseconds(min(5, pause.count)))
                let now = MonotonicClock.now()
                clock.advance(by: now - last)
                last = last + (now - last)
            }
            return false
        }
        func end() async {
            await driver.deactivate()
            await driver.cleanup()
            await bus.close()
        }
    }

    @Test("it connects, becomes ready, charges and stops")
    func session() async throws {
        let rig = try Rig()
        try await rig.start()
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        rig.host.setOutlet { $0.isPlugged = true }
        #expect(await rig.poll { rig.cabinet.with { $0.outlets[0].requirement == 1 } })
        rig.host.tellSource {
            $0.isOn = true
            $0.purpose = .transfer
            $0.voltage = Volts(400)
            $0.current = Amperes(30)
        }
        rig.host.setOutlet { $0.phase = .transfer }
        #expect(await rig.poll { (rig.bench.stages.first?.voltage ?? 0) > 250 })
        await rig.driver.deactivate()
        #expect(await Self.comes { !rig.bench.stages[0].isOn })
        await rig.end()
        rig.cabinet.stop()
        #expect(rig.host.faults.isEmpty)
    }

    private static func comes(_ holds: () -> Bool) async -> Bool {
        let end = MonotonicClock.now() + .seconds(10)
        while !holds(), MonotonicClock.now() < end {
            try? await Task.sleep(for: .milliseconds(5))
        }
        return holds()
    }

    @Test("a cabinet that is gone is lost after max-age, and found again")
    func gone() async throws {
        let rig = try Rig()
        try await rig.start()
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        rig.bench.act { $0.isGone = true }
        #expect(await rig.poll { rig.host.faults[.powerCabinetLost] != nil })
        rig.bench.act { $0.isGone = false }
        #expect(await rig.poll { rig.host.faults[.powerCabinetLost] == nil })
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        await rig.end()
        rig.cabinet.stop()
    }

    @Test("a cabinet whose connection stands but that asks nothing is lost")
    func silent() async throws {
        let rig = try Rig()
        try await rig.start()
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        rig.bench.act { $0.isModbusDead = true }
        #expect(await rig.poll { rig.host.faults[.powerCabinetLost] != nil })
        await rig.end()
        rig.cabinet.stop()
    }

    @Test("several dispensers on one cabinet know nothing of each other")
    func several() async throws {
        let bench = ResistorBench(
            outlets: 3, rating: .init(), load: 10, clock: { MonotonicClock.now().nanoseconds })
        let cabinet = try CabinetThread(FusionCabinet(outlets: 3), owner: bench)
        cabinet.start()
        let rigs = try (0..<3).map {
            try Rig(at: (cabinet, bench), firstConnector: Int64($0 + 1))
        }
        for rig in rigs {
            try await rig.start()
            #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        }
        #expect(cabinet.with { $0.dispenserCount } == 3)
        rigs[1].host.setOutlet { $0.isPlugged = true }
        #expect(await rigs[1].poll { cabinet.with { $0.outlets[1].requirement == 1 } })
        #expect(cabinet.with { $0.outlets[0].keys == 0 && $0.outlets[2].keys == 0 })
        for rig in rigs { await rig.end() }
        cabinet.stop()
    }

    @Test("a probe tells what the cabinet wrote")
    func probe() async throws {
        let rig = try Rig()
        let report = try await rig.driver.probe()
        #expect(report.identity.contains("plant 1.0"))
        #expect(report.values.contains { $0.name == "mode" && $0.text == "runs" })
        await rig.end()
        rig.cabinet.stop()
    }

    @Test("what a configuration must say")
    func check() {
        func issues(_ values: [String: ConfigurationValue]) -> [String] {
            var issues = ConfigurationIssues()
            FusionChargeCabinetPlugin.check(
                Configuration(device: "c", values: values), &issues)
            return issues.all.map(\.key)
        }
        #expect(issues(["power-channel": .text("ethernet")]) == ["interface"])
        #expect(issues(["power-channel": .text("udp")]) == [])
        #expect(
            issues([
                "power-channel": .text("ethernet"), "interface": .text("eth1"),
                "udp-port": .number(502),
            ]) == ["udp-port"])
        #expect(
            issues(["power-channel": .text("udp"), "tls-key": .text("a")]) == ["tls-key"])
        #expect(
            issues([
                "power-channel": .text("udp"), "tls-key": .text("a"), "tls-certificate": .text("b"),
            ]) == ["tls-roots"])
    }
}
