import DriverKit
import DriverTestKit
import EVSEModel
import ModbusEnergyMeter
import Plant
import Testing

/// Every model that ships, against the plant's meter of that name, which knows nothing of it.
///
/// One after the other: reply times are real here.
@Suite("Meter models against simulated meters", .serialized, .timeLimit(.minutes(4)))
struct ModelConformanceTests {
    static let models = MeterModels.names

    @Test("the plant has a meter for every model")
    func everyModel() {
        #expect(Self.models.count >= 17)
        for name in Self.models {
            #expect(throws: Never.self) { try PlantBench(name) }
        }
    }

    @Test("keeps to the suite of the role meter, with every fault of its bus", arguments: models)
    func conformance(_ model: String) async throws {
        let bench = try PlantBench(model)
        let violations = await EnergyMeterConformance.faultViolations(
            of: bench.underTest, at: bench, slack: .seconds(600))
        #expect(violations == [])
        await bench.end()
    }

    @Test("reads, loses and finds the meter", arguments: ["em24", "wm3m4", "sunspec-203"])
    func lossAndReturn(_ model: String) async throws {
        let bench = try PlantBench(model)
        let violations = await EnergyMeterConformance.violations(
            of: bench.underTest, at: bench, maximumAge: .seconds(5), slack: .seconds(600))
        #expect(violations == [])
        await bench.end()
    }

    @Test(
        "the wrong map on the right brand is refused, and says why",
        arguments: [
            ("em24", "em340", "says model-code 71, which is no em340"),
            ("em340", "em24", "says model-code 341, which is no em24"),
            ("em340", "em24-e1", "says model-code 341, which is no em24-e1"),
            ("em340", "em580", "says signature-type refused, which is no em580"),
            ("sdm630", "sdm72d", "says meter-code 112, which is no sdm72d"),
            ("sdm72d", "sdm630", "says meter-code 137, which is no sdm630"),
            ("sdm630", "sdm230", "says meter-code 112, which is no sdm230"),
            ("sdm72d", "sdm120", "says meter-code 137, which is no sdm120"),
            ("em340", "wm3m4", "says model , which is no wm3m4"),
            ("sunspec-203", "sunspec-201", "has no block 201, but 1, 203, 64001"),
            ("sunspec-203", "sunspec-213", "has no block 213, but 1, 203, 64001"),
            ("sdm630", "sunspec-203", "does not say SunS at register 40000, 50000, 0"),
        ])
    func wrongMap(_ fitted: String, _ model: String, _ reason: String) async throws {
        let bench = try PlantBench(fitted, driven: model)
        var refusal: DriverError?
        // A reply that a busy machine makes late is no refusal: asked again.
        for _ in 1...5 where refusal == nil {
            do throws(DriverError) { try await bench.meter.configure() } catch { refusal = error }
        }
        #expect(refusal?.code == .wrongDevice)
        #expect(refusal?.what == "Modbus address 1 on bus meters \(reason)")
        for _ in 1...8 { bench.clock.advance(by: await bench.meter.poll()) }
        #expect(bench.host.samples.isEmpty)
        #expect(bench.host.faults[.meterLost]?.contains(reason) == true)
        await bench.end()
    }

    @Test("a meter that has no energy to tell for longer than max-age is a fault")
    func noEnergy() async throws {
        let bench = try PlantBench("em340")
        try await bench.meter.configure()
        bench.clock.advance(by: await bench.meter.poll())
        await bench.suffer(.noValue)
        for _ in 1...4 { bench.clock.advance(by: await bench.meter.poll()) }
        #expect(bench.host.faults.isEmpty)
        for _ in 1...4 { bench.clock.advance(by: await bench.meter.poll()) }
        #expect(
            bench.host.faults[.meterImplausible]?.contains("energy-import has no value for") == true
        )
        await bench.suffer(nil)
        bench.clock.advance(by: await bench.meter.poll())
        #expect(bench.host.faults.isEmpty)
        await bench.end()
    }

    @Test("a SunSpec meter says who it is", arguments: ["sunspec-201", "sunspec-214"])
    func sunSpecIdentity(_ model: String) async throws {
        let bench = try PlantBench(model)
        let report = try await bench.meter.probe()
        #expect(
            report.identity.hasSuffix(
                "maker Forecourt, model Plant \(model.suffix(3)), serial SS1"))
        await bench.end()
    }
}
