import DriverKit
import DriverTestKit
import EVSEModel
import Plant
import SafetyMCU
import Testing

/// What a controller finds, and what is found of a controller that does not keep to the protocol.
@Suite("Faults of a safety controller", .serialized, .timeLimit(.minutes(4)))
struct SafetyFaultTests {
    private func sample(_ bench: SafetyBench) throws -> ControllerSample {
        try #require(bench.host.controllerSamples.last)
    }

    @Test(
        "a residual current opens without being asked, and its kind is told", arguments: [8.0, 0])
    func trip(_ milliamperes: Double) async throws {
        let bench = try SafetyBench()
        try await bench.charge()
        bench.raise("trip", milliamperes)
        await bench.pass(Milliseconds(150))
        #expect(!bench.truth.isClosed)
        await bench.run(Milliseconds(200))
        #expect(try sample(bench).faults.contains(.residualCurrentTrip))
        #expect(try sample(bench).contactor == .open)
        let detail = try #require(bench.host.faults[.residualCurrentTrip])
        #expect(detail.contains(milliamperes > 0 ? "trippedByDC, DC 8.0 mA" : "trippedByAC"))
        // It stays until the vehicle has left.
        bench.clear()
        await bench.run(.seconds(10))
        #expect(!bench.truth.isClosed)
        await bench.unplug()
        await bench.run(.seconds(2))
        #expect(bench.host.faults.isEmpty)
        #expect(try sample(bench).faults.isEmpty)
        await bench.end()
    }

    @Test("a failed self-test never closes, outlives a start, and ends by service")
    func selfTest() async throws {
        let bench = try SafetyBench()
        bench.raise("self-test-fails")
        try await bench.charge()
        #expect(!bench.truth.isClosed)
        #expect(try sample(bench).faults.contains(.residualCurrentSelfTest))
        #expect(try sample(bench).pilot == .f)
        await bench.restart()
        await bench.run(.seconds(3))
        #expect(bench.safety.latched == 1 << 9)
        bench.clear()
        bench.host.clearFaults()
        await bench.run(.seconds(8))
        #expect(bench.safety.latched == 0)
        #expect(bench.truth.isClosed)
        #expect(bench.host.logLines.contains { $0.contains("cleared") })
        await bench.end()
    }

    @Test("a weld is latched, and ends by service only when the contact is open")
    func weld() async throws {
        let bench = try SafetyBench()
        try await bench.charge()
        bench.raise("welded")
        bench.host.order(.zero, isEnabled: false)
        await bench.run(.seconds(1))
        #expect(try sample(bench).faults.contains(.contactorWelded))
        #expect(try sample(bench).contactor == .closed)
        #expect(bench.safety.latch == 1)
        bench.host.clearFaults()
        await bench.run(.seconds(1))
        #expect(bench.safety.latched == 1 << 4, "the contact is still closed")
        bench.clear()
        await bench.run(.seconds(1))
        #expect(bench.safety.latched == 1 << 4, "nobody has cleared it since")
        bench.host.clearFaults()
        await bench.run(.seconds(1))
        #expect(bench.safety.latched == 0)
        await bench.end()
    }

    @Test(
        "what it finds reaches the loop in the loop's words",
        arguments: [
            ("shorted", Fault.pilotFault), ("diode-shorted", .diodeFault),
            ("hot", .overTemperature), ("pressed", .emergencyStop), ("error-state", .powerLoss),
        ])
    func words(_ name: String, _ fault: Fault) async throws {
        let bench = try SafetyBench()
        try await bench.charge()
        bench.raise(name)
        await bench.run(.seconds(1))
        #expect(try sample(bench).faults.contains(fault))
        #expect(!bench.truth.isClosed)
        await bench.end()
    }

    @Test("contacts that never close are the controller's to find")
    func stuckOpen() async throws {
        let bench = try SafetyBench()
        bench.raise("stuck-open")
        try await bench.charge()
        #expect(try sample(bench).faults.contains(.contactorDidNotClose))
        await bench.end()
    }

    @Test(
        "disobedience is a fault, opens, and lasts until the vehicle has left",
        arguments: [
            ("tells-other", "says that it was told end"), ("offers-other", "offers 31.9 A"),
            ("obeys-late", "offers"), ("stays-closed", "is closed although"),
        ])
    func disobeys(_ name: String, _ words: String) async throws {
        let bench = try SafetyBench()
        try await bench.charge()
        #expect(bench.host.faults.isEmpty)
        bench.raise(name)
        if name == "obeys-late" { bench.host.order(Amperes(10)) }
        if name == "stays-closed" { bench.host.order(.zero, isEnabled: false) }
        await bench.run(.seconds(1))
        #expect(bench.host.faults[.controllerDisobeys]?.contains(words) == true)
        #expect(try sample(bench).faults.contains(.controllerDisobeys))
        bench.clear()
        bench.host.order(Amperes(16))
        await bench.run(.seconds(8))
        #expect(bench.host.faults[.controllerDisobeys] != nil, "the same vehicle is still there")
        #expect(!bench.truth.isClosed)
        await bench.unplug()
        await bench.run(.seconds(2))
        #expect(bench.host.faults.isEmpty)
        await bench.plug()
        await bench.run(.seconds(6))
        #expect(bench.truth.isClosed)
        await bench.end()
    }

    @Test("the cable's rating bounds the offer at a socket outlet, and is told")
    func cable() async throws {
        let bench = try SafetyBench(fixedCable: false)
        try await bench.charge(Amperes(32))
        let sample = try sample(bench)
        #expect(sample.cable.limit != nil)
        #expect(bench.truth.offered <= (sample.cable.limit ?? .zero))
        await bench.end()
    }

    @Test("probe tells who it is and what it senses, and permits nothing")
    func probe() async throws {
        let bench = try SafetyBench()
        await bench.pass(.seconds(1))
        let report = try await bench.controller.probe()
        #expect(report.identity.contains("simulated 0.1.0, serial SIM-1, protocol 1.0"))
        let values = Dictionary(report.values.map { ($0.name, $0.text) }) { $1 }
        #expect(values["pilot"]?.hasPrefix("A, 12 V") == true, "\(values)")
        #expect(values["contactor"] == "coil off, sensed open")
        #expect(values["has"]?.contains("DC residual current") == true)
        #expect(bench.safety.mode == .ready)
        await bench.end()
    }
}
