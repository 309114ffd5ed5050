import DriverKit
import DriverTestKit
import EVSEController
import EVSEModel
import FieldBus
import Testing

/// Every model that ships, against the plant's controller of that name, which knows nothing of it.
///
/// One after the other: reply times are real here.
@Suite("EVSE controllers against simulated ones", .serialized, .timeLimit(.minutes(4)))
struct ControllerConformanceTests {
    static let models = ControllerModels.names

    private func terms(_ bench: ControllerBench) -> EVSEControllerConformance.Terms {
        .init(
            maximumAge: .seconds(5), responseTime: .seconds(10),
            watchdog: bench.model.fallback?.standard, fallback: .zero,
            opensAtOnce: bench.model.open != nil || bench.model.enable != nil)
    }

    @Test("keeps to the suite of the role evse-controller", arguments: models)
    func conformance(_ model: String) async throws {
        let bench = try ControllerBench(model)
        let violations = await EVSEControllerConformance.violations(
            of: bench.underTest, at: bench, terms: terms(bench), slack: .seconds(600))
        #expect(violations == [])
        await bench.end()
    }

    @Test("and with every fault of its bus", arguments: models)
    func busFaults(_ model: String) async throws {
        let bench = try ControllerBench(model)
        let violations = await EVSEControllerConformance.faultViolations(
            of: bench.underTest, at: bench, terms: terms(bench), slack: .seconds(600))
        #expect(violations == [])
        await bench.end()
    }

    @Test(
        "another model's map is refused, and nothing is written",
        arguments: [("simpleevse-wb", "heidelberg-ec"), ("heidelberg-ec", "simpleevse-wb")])
    func wrongMap(_ fitted: String, _ driven: String) async throws {
        let bench = try ControllerBench(fitted, driven: driven)
        await bench.pass(.seconds(5))
        bench.host.order(Amperes(16))
        var refusal: DriverError?
        // A reply that a busy machine makes late is no refusal: asked again.
        for _ in 1...5 where refusal == nil {
            do throws(DriverError) { try await bench.controller.configure() } catch {
                refusal = error
            }
        }
        #expect(refusal?.code == .wrongDevice)
        await bench.poll(8)
        #expect(bench.host.controllerSamples.isEmpty)
        #expect(bench.host.faults[.controllerLost] != nil)
        #expect(bench.truth.storedWrites == 0)
        await bench.end()
    }

    @Test("a current other than told is a fault, more of it at least")
    func differs() async throws {
        let bench = try ControllerBench("simpleevse-wb")
        await bench.pass(.seconds(5))
        try await bench.controller.configure()
        await bench.plug()
        bench.host.order(Amperes(10))
        await bench.poll(15)
        #expect(bench.host.faults.isEmpty)
        bench.raise("offers-other", 25)
        await bench.poll(8)
        #expect(bench.host.faults.isEmpty, "it has its time to follow")
        await bench.poll(6)
        #expect(bench.host.faults[.controllerDisobeys] == "offers 25 A where 10 A was told")
        #expect(bench.host.controllerSamples.last?.offered == Amperes(25))
        await bench.suffer(nil)
        await bench.poll(2)
        #expect(bench.host.faults.isEmpty)
        bench.raise("offers-other", 7)
        await bench.poll(15)
        #expect(bench.host.faults.isEmpty)
        #expect(
            bench.host.logLines.count { $0.contains("offers less than it was told") } == 1)
        await bench.end()
    }

    @Test("what the controller reports reaches the loop")
    func reports() async throws {
        let bench = try ControllerBench("simpleevse-wb")
        await bench.pass(.seconds(5))
        try await bench.controller.configure()
        await bench.plug()
        bench.host.order(Amperes(10))
        await bench.poll(10)
        #expect(bench.host.controllerSamples.last?.contactor == .closed)
        bench.raise("trip")
        await bench.poll(3)
        let sample = try #require(bench.host.controllerSamples.last)
        #expect(sample.faults.contains(.residualCurrentTrip))
        #expect(sample.faults.contains(.controllerFault))
        #expect(sample.contactor == .open)
        #expect(!bench.truth.isClosed)
        await bench.end()
    }

    static let findings = ["error-state", "trip", "shorted", "open", "diode-shorted"]

    @Test(
        "whatever it finds by itself is told as more than a vehicle that charges",
        arguments: models, findings)
    func ownFindings(_ model: String, _ fault: String) async throws {
        let bench = try ControllerBench(model)
        await bench.pass(.seconds(5))
        try await bench.controller.configure()
        await bench.plug()
        bench.host.order(Amperes(10))
        await bench.poll(12)
        #expect(bench.truth.isClosed)
        bench.raise(fault)
        await bench.poll(4)
        #expect(!bench.truth.isClosed)
        let sample = try #require(bench.host.controllerSamples.last)
        #expect(sample.contactor == .open)
        let looksWell = sample.pilot == .b || sample.pilot == .c
        #expect(!looksWell || !sample.faults.isEmpty)
        // It forgets its trouble when the vehicle has been away.
        await bench.suffer(nil)
        await bench.unplug()
        await bench.poll(3)
        await bench.plug()
        await bench.poll(12)
        #expect(bench.truth.isClosed)
        #expect(bench.host.controllerSamples.last?.faults.isEmpty == true)
        await bench.end()
    }

    @Test("a state that is stuck is told as it is; the next true one follows", arguments: models)
    func stuckState(_ model: String) async throws {
        let bench = try ControllerBench(model)
        await bench.pass(.seconds(5))
        try await bench.controller.configure()
        await bench.plug()
        bench.host.order(Amperes(10))
        await bench.poll(12)
        bench.raise("state-stuck")
        await bench.unplug()
        await bench.poll(3)
        #expect(!bench.truth.isClosed)
        #expect(bench.host.controllerSamples.last?.pilot == .c)
        await bench.suffer(nil)
        await bench.poll(3)
        #expect(bench.host.controllerSamples.last?.pilot == .a)
        await bench.end()
    }

    @Test("a weld that the controller finds is told")
    func weld() async throws {
        let bench = try ControllerBench("heidelberg-ec")
        await bench.pass(.seconds(5))
        try await bench.controller.configure()
        await bench.plug()
        bench.host.order(Amperes(10))
        await bench.poll(12)
        bench.raise("welded")
        bench.host.order(.zero, isEnabled: false)
        await bench.poll(15)
        #expect(bench.truth.isClosed)
        #expect(bench.host.controllerSamples.last?.faults.contains(.controllerFault) == true)
        await bench.end()
    }

    @Test("a slow reply does not slow the contactor of the simulated controller")
    func slowReplies() async throws {
        let bench = try ControllerBench("simpleevse-wb")
        await bench.pass(.seconds(5))
        try await bench.controller.configure()
        await bench.plug()
        bench.host.order(Amperes(10))
        await bench.poll(10)
        #expect(bench.truth.isClosed)
        bench.raise("slow", 20_000)
        await bench.unplug()
        #expect(!bench.truth.isClosed)
        await bench.end()
    }

    @Test("a controller that obeys late offers as before until then")
    func obeysLate() async throws {
        let bench = try ControllerBench("simpleevse-wb")
        await bench.pass(.seconds(5))
        try await bench.controller.configure()
        await bench.plug()
        bench.host.order(Amperes(16))
        await bench.poll(5)
        #expect(bench.truth.offered == Amperes(16))
        bench.raise("obeys-late", 8000)
        bench.host.order(Amperes(8))
        await bench.poll(6)
        #expect(bench.truth.offered == Amperes(16))
        await bench.poll(6)
        #expect(bench.truth.offered == Amperes(8))
        #expect(bench.host.faults.isEmpty, "within its time to follow")
        await bench.end()
    }

    @Test("hundredths of an ampere where the controller is set to count them")
    func fine() async throws {
        let bench = try ControllerBench("simpleevse-wb")
        await bench.pass(.seconds(5))
        // Bit 7 of 2005: register 1000 counts 0.01 A from firmware 17 on.
        _ = try await bench.bus.exchange(
            .writeRegisters(at: 2005, [0x0280]), with: ModbusUnit(1))
        try await bench.controller.configure()
        await bench.plug()
        bench.host.order(Amperes(milliamperes: 12_500))
        await bench.poll(12)
        #expect(bench.truth.isClosed)
        #expect(bench.truth.offered == Amperes(milliamperes: 12_500))
        #expect(bench.host.controllerSamples.last?.offered == Amperes(milliamperes: 12_500))
        #expect(bench.host.faults.isEmpty)
        await bench.end()
    }

    @Test("a setting that wears out is written once, and not again when somebody changes it back")
    func stored() async throws {
        let bench = try ControllerBench("simpleevse-wb")
        await bench.pass(.seconds(5))
        for _ in 1...3 {
            try await bench.controller.configure()
            await bench.controller.cleanup()
        }
        #expect(bench.truth.storedWrites == 1)
        await bench.end()
    }

    @Test("the watchdog and the fallback are the board's")
    func fallback() async throws {
        let bench = try ControllerBench(
            "heidelberg-ec",
            configuration: ["watchdog": .number(8000), "fallback-current": .number(6000)])
        await bench.pass(.seconds(5))
        try await bench.controller.configure()
        await bench.plug()
        bench.host.order(Amperes(16))
        await bench.poll(10)
        #expect(bench.truth.offered == Amperes(16))
        await bench.suffer(.silent)
        await bench.pass(.seconds(7))
        #expect(bench.truth.offered == Amperes(16))
        await bench.pass(.seconds(2))
        #expect(bench.truth.offered == Amperes(6))
        await bench.end()
    }
}
