import DriverKit
import DriverTestKit
import EVSEModel
import ModbusInsulationMonitor
import Plant
import Testing

/// The driver against the plant's monitors, which know nothing of it.
///
/// One after the other: reply times are real here.
@Suite("Insulation monitors against simulated ones", .serialized, .timeLimit(.minutes(5)))
struct MonitorTests {
    private func terms(_ model: String) -> InsulationMonitorConformance.Terms {
        .init(
            maximumAge: .seconds(3), seesChanges: .seconds(3),
            highest: Ohms(model == "rn5893" ? 2_000_000 : 10_000_000), settings: 5)
    }

    @Test(
        "keeps to the suite of the role insulation-monitor", arguments: ["isocha425hv", "rn5893"])
    func conformance(_ model: String) async throws {
        let rig = try MonitorRig(model)
        await rig.pass(.seconds(3))
        let violations = await InsulationMonitorConformance.violations(
            of: rig.underTest, at: rig, terms: terms(model))
        #expect(violations == [])
        await rig.end()
    }

    @Test(
        "the wrong model is refused, and says why",
        arguments: [("isocha425hv", "rn5893"), ("rn5893", "isocha425hv")])
    func wrongModel(_ fitted: String, _ driven: String) async throws {
        let rig = try MonitorRig(fitted, driven: driven)
        await rig.pass(.seconds(3))
        var refusal: DriverError?
        // A reply that a busy machine makes late is no refusal: asked again.
        for _ in 1...5 where refusal == nil {
            do throws(DriverError) { try await rig.driver.configure() } catch { refusal = error }
        }
        #expect(refusal?.code == .wrongDevice)
        await rig.poll(for: .seconds(5))
        #expect(rig.host.insulationSamples.isEmpty)
        #expect(rig.host.faults[.insulationMonitorLost] != nil)
        await rig.end()
    }

    @Test("settings are written once, and only those that differ")
    func settings() async throws {
        let rig = try MonitorRig("isocha425hv")
        await rig.pass(.seconds(3))
        try await rig.driver.configure()
        // Prealarm, alarm and the faster cable check are others than the maker's.
        #expect(rig.monitor.storedWrites == 3)
        rig.raise("silent")
        await rig.poll(for: .seconds(8))
        rig.clear()
        await rig.poll(for: .seconds(90))
        #expect(rig.host.faults.isEmpty)
        #expect(rig.monitor.storedWrites == 3, "set up anew, and nothing differed")
        await rig.end()
    }

    @Test(
        "measuring ends where another monitor shall measure: by the control word, not by a setting")
    func stopping() async throws {
        let rig = try MonitorRig("rn5893")
        await rig.set(positive: 1e6, negative: 1e6, voltage: 400)
        await rig.pass(.seconds(3))
        try await rig.driver.configure()
        let writes = rig.monitor.storedWrites
        rig.host.tellInsulation { $0.isMeasuring = true }
        await rig.poll(for: .seconds(3))
        #expect(rig.monitor.state == .measuring)
        rig.host.tellInsulation { $0.isMeasuring = false }
        await rig.poll(for: .seconds(3))
        #expect(rig.monitor.state == .stopped)
        #expect(rig.host.insulationSamples.last?.resistance == nil)
        // A self-test needs it to measure; then it is let go again.
        rig.host.tellInsulation { $0.selfTests = 1 }
        await rig.poll(for: .seconds(20))
        #expect(rig.host.insulationSamples.last?.selfTestPassed == true)
        #expect(rig.monitor.state == .stopped)
        #expect(rig.monitor.storedWrites == writes)
        #expect(rig.host.faults.isEmpty)
        await rig.end()
    }

    @Test("one that may be switched off is, between sessions; else it measures on")
    func switchingOff() async throws {
        for switchesOff in [true, false] {
            let rig = try MonitorRig(
                "isocha425hv", configuration: ["switch-off": .boolean(switchesOff)])
            await rig.pass(.seconds(3))
            try await rig.driver.configure()
            rig.host.tellInsulation { $0.isMeasuring = false }
            await rig.poll(for: .seconds(3))
            #expect((rig.monitor.state == .stopped) == switchesOff)
            rig.host.tellInsulation { $0.isMeasuring = true }
            await rig.poll(for: .seconds(3))
            #expect(rig.monitor.state == .measuring)
            await rig.end()
        }
    }

    @Test("without a loop nothing is begun, and what it measures is told all the same")
    func deadLoop() async throws {
        let rig = try MonitorRig("isocha425hv")
        await rig.set(positive: 1e6, negative: 1e6, voltage: 400)
        await rig.pass(.seconds(3))
        try await rig.driver.configure()
        // The last that the loop said is old before it wants a test.
        await rig.poll(for: .seconds(1))
        rig.host.keepLoop(alive: false)
        await rig.pass(.seconds(1))
        rig.host.tellInsulation { $0.selfTests = 4 }
        await rig.poll(for: .seconds(5))
        #expect(rig.monitor.selfTests == 0)
        #expect(rig.host.insulationSamples.last?.resistance != nil)
        await rig.end()
    }

    @Test("a probe says what is fitted, and what it measures")
    func probe() async throws {
        let rig = try MonitorRig("isocha425hv")
        await rig.set(positive: 200_000, negative: 200_000, voltage: 400)
        await rig.pass(.seconds(3))
        let report = try await rig.driver.probe()
        #expect(report.identity == "Bender isoCHA425HV, isoCHA425HV, D451 version 501")
        #expect(report.values.first?.text == "100000 Ω")
        await rig.end()
    }
}
