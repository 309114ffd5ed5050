import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import FusionChargeCabinet
import Plant
import Testing

/// The driver at its sockets: a simulated cabinet on loopback. The driver's time is the test's; bytes on the loopback
/// take the machine's.
@Suite("FusionCharge: driver", .serialized, .timeLimit(.minutes(2)))
struct DriverTests {
    @Test("it connects, becomes ready, charges and stops")
    func session() async throws {
        let rig = try DriverRig()
        try await rig.start()
        #expect(await rig.charge())
        await rig.driver.deactivate()
        #expect(await Self.comes { !rig.bench.stages[0].isOn })
        await rig.end()
        rig.cabinet.stop()
        #expect(rig.host.faults.isEmpty)
    }

    static func comes(_ holds: () -> Bool) async -> Bool {
        let end = MonotonicClock.now() + .seconds(10)
        while !holds(), MonotonicClock.now() < end {
            try? await Task.sleep(for: .milliseconds(5))
        }
        return holds()
    }

    @Test("a cabinet that is gone is lost after max-age, and found again")
    func gone() async throws {
        let rig = try DriverRig()
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
        let rig = try DriverRig()
        try await rig.start()
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        rig.bench.act { $0.isModbusDead = true }
        #expect(await rig.poll { rig.host.faults[.powerCabinetLost] != nil })
        await rig.end()
        rig.cabinet.stop()
    }

    @Test("several dispensers on one cabinet know nothing of each other")
    func several() async throws {
        let (cabinet, bench) = try DriverRig.cabinet(outlets: 3)
        let rigs = try (0..<3).map {
            try DriverRig(at: (cabinet, bench), firstConnector: Int64($0 + 1))
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

    @Test("upgrading, derated, not available, refused in the middle: each is told, and ends")
    func conditions() async throws {
        let rig = try DriverRig()
        try await rig.start()
        #expect(await rig.charge())
        rig.bench.act { $0.mode = .upgrading }
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == false })
        #expect(await DriverTests.comes { !rig.bench.stages[0].isOn })
        #expect(rig.host.faults.isEmpty, "an upgrade is no fault")
        rig.bench.act { $0.mode = .running }
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        #expect(await rig.poll { rig.bench.stages[0].isOn })
        rig.bench.act { $0.derating = 0.25 }
        #expect(
            await rig.poll {
                let sample = rig.host.sourceSamples().last
                return sample?.isDerated == true && sample?.maximumPower == Watts(10_000)
            })
        rig.bench.act { $0.derating = 1 }
        #expect(await rig.poll { rig.host.sourceSamples().last?.isDerated == false })
        rig.bench.act { $0.unavailable = [0] }
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == false })
        #expect(await DriverTests.comes { !rig.bench.stages[0].isOn })
        rig.bench.act { $0.unavailable = [] }
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        rig.bench.act { $0.mode = .faulty }
        #expect(await rig.poll { rig.host.faults[.powerModuleFault]?.contains("faulty") == true })
        rig.bench.act { $0.mode = .running }
        #expect(await rig.poll { rig.host.faults.isEmpty })
        await rig.end()
        rig.cabinet.stop()
    }

    @Test("a reservation that is refused, and granted later")
    func refused() async throws {
        let rig = try DriverRig()
        rig.bench.act { $0.refuses = true }
        try await rig.start()
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        rig.host.setOutlet { $0.isPlugged = true }
        #expect(await rig.poll { rig.host.faults[.powerModuleFault]?.contains("refused") == true })
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == false })
        rig.bench.act { $0.refuses = false }
        #expect(await rig.poll { rig.host.faults.isEmpty })
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        await rig.end()
        rig.cabinet.stop()
    }

    @Test(
        "a cabinet that starts anew has forgotten everything: another key, and the session goes on")
    func restart() async throws {
        let rig = try DriverRig()
        try await rig.start()
        #expect(await rig.charge())
        rig.cabinet.stop()
        #expect(await rig.poll { rig.host.faults[.powerCabinetLost] != nil })
        let again = try CabinetThread(
            FusionCabinet(outlets: 2, seed: 2), owner: rig.bench, port: rig.cabinet.port)
        again.start()
        #expect(await rig.poll { rig.host.faults.isEmpty })
        #expect(await rig.poll { again.with { $0.outlets[0].requirement == 5 } })
        let (keys, rejected) = again.with { ($0.outlets[0].keys, $0.rejected) }
        #expect(keys == 1)
        // Frames with the forgotten key were under way; none comes later.
        let reports = again.with { $0.reports }
        #expect(await rig.poll { again.with { $0.reports } >= reports + 10 })
        #expect(again.with { $0.rejected } == rejected)
        await rig.end()
        again.stop()
    }

    @Test("one of two dispensers vanishes while the other charges, which notices nothing")
    func oneVanishes() async throws {
        let (cabinet, bench) = try DriverRig.cabinet()
        let first = try DriverRig(at: (cabinet, bench))
        let second = try DriverRig(at: (cabinet, bench), firstConnector: 2)
        for rig in [first, second] { try await rig.start() }
        #expect(await second.poll { second.host.sourceSamples().last?.isReady == true })
        #expect(await first.charge())
        #expect(cabinet.with { $0.dispenserCount } == 2)
        await second.end()
        #expect(await first.poll { cabinet.with { $0.dispenserCount } == 1 })
        #expect(bench.stages[0].isOn && first.host.faults.isEmpty)
        await first.end()
        cabinet.stop()
    }

    @Test("everything is told again within each second: a cabinet sees that the dispenser lives")
    func heartbeat() async throws {
        let rig = try DriverRig()
        try await rig.start()
        #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        let before = rig.cabinet.with { $0.reports }
        #expect(await rig.poll { rig.cabinet.with { $0.reports } >= before + 20 })
        #expect(rig.cabinet.with { $0.rejected } == 0)
        await rig.end()
        rig.cabinet.stop()
    }

    @Test("a probe tells what the cabinet wrote")
    func probe() async throws {
        let rig = try DriverRig()
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
