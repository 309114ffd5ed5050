import DriverKit
import DriverTestKit
import EVSEModel
import FramedSerial
import Plant
import SerialVehicleCommunication
import Testing

/// The driver against the plant's module, which knows nothing of it but the protocol's document.
@Suite("Vehicle communication against a simulated module", .serialized, .timeLimit(.minutes(4)))
struct SECCConformanceTests {
    @Test("keeps to the suite of the role vehicle-communication")
    func conformance() async throws {
        let bench = try SECCBench()
        await bench.pass(.seconds(1))
        let violations = await VehicleCommunicationConformance.violations(
            of: bench.underTest, at: bench, maximumAge: .seconds(1))
        #expect(violations == [])
        await bench.end()
    }

    @Test("a silent station: the vehicle is told to stop at once after the silence limit")
    func silentStation() async throws {
        let bench = try SECCBench()
        try await bench.start()
        #expect(bench.module.told.isAvailable)
        await bench.pass(Milliseconds(900))
        #expect(bench.module.told.stop == .none)
        await bench.pass(Milliseconds(200))
        #expect(bench.module.told.stop == .emergency)
        #expect(!bench.module.told.isAvailable)
        // And again behind a handshake only.
        let asked = bench.heard.count
        await bench.run(Milliseconds(300))
        #expect(bench.module.told.stop == .none)
        #expect(bench.heard[asked...].prefix(3).compactMap(Self.kind) == [3, 1, 2])
        await bench.end()
    }

    @Test("a vehicle that falls silent while it charges ages, whatever the module says")
    func silentVehicle() async throws {
        let bench = try SECCBench()
        var sample = VehicleSample()
        sample.stage = .transfer
        sample.protocolUsed = .din70121
        sample.session = 1
        await bench.say(sample)
        try await bench.start()
        let heard = try #require(bench.host.vehicleSamples.last)
        #expect(bench.clock.now - heard.at <= Milliseconds(100))
        bench.fallSilent()
        let silence = bench.clock.now
        for _ in 1...10 {
            _ = await bench.driver.poll()
            bench.passInSilence(Milliseconds(50))
        }
        let last = try #require(bench.host.vehicleSamples.last)
        #expect(last.at <= silence)
        #expect(bench.host.faults.isEmpty, "the module is well")
        await bench.end()
    }

    @Test("the module's own faults are the station's, warnings are not, a failed vehicle is none")
    func moduleFaults() async throws {
        let bench = try SECCBench()
        try await bench.start()
        bench.raise("error-state")
        await bench.run(Milliseconds(200))
        #expect(bench.host.faults[.vehicleCommunication] == "module: protocol stack")
        bench.clear()
        await bench.run(Milliseconds(200))
        #expect(bench.host.faults.isEmpty)
        var sample = VehicleSample()
        sample.stage = .failed
        sample.session = 2
        sample.hasError = true
        await bench.say(sample)
        await bench.run(Milliseconds(200))
        #expect(bench.host.faults.isEmpty)
        #expect(bench.host.vehicleSamples.last?.stage == .failed)
        await bench.end()
    }

    @Test("a module of another version is refused by name, and told nothing")
    func otherVersion() async throws {
        let bench = try SECCBench()
        bench.raise("other-version", 2)
        await bench.pass(.seconds(1))
        let refusal = await Self.refusal(bench)
        #expect(refusal?.code == .wrongDevice)
        let what = refusal?.what ?? ""
        #expect(what.contains("speaks version 2.0 of the protocol, the station 1.0"), "\(what)")
        await bench.run(.seconds(2))
        #expect(bench.heard.compactMap(Self.kind).allSatisfy { $0 == 1 })
        #expect(bench.host.faults[.vehicleCommunication]?.contains("version 2.0") == true)
        await bench.end()
    }

    @Test("a module with fewer connectors than the board is refused")
    func connectors() async throws {
        let bench = try SECCBench(connectors: 1)
        await bench.pass(.seconds(1))
        let refusal = await Self.refusal(bench)
        #expect(refusal?.what.contains("serves 1 connectors, the board has 2") == true)
        await bench.end()
    }

    @Test("only what the board allows is allowed")
    func protocols() async throws {
        let bench = try SECCBench(configuration: ["protocols": .texts(["din70121", "chademo"])])
        try await bench.start()
        // DIN SPEC 70121 and CHAdeMO, wake-up, renegotiation, schedules.
        let begins = bench.host.logLines.first { $0.contains("begins a session") } ?? ""
        #expect(
            begins.contains("allowed=din70121, chademo, wake-up, renegotiation, schedules"),
            "\(begins)")
        await bench.end()
    }

    @Test("stale frames move nothing, and do not keep the module awake")
    func replays() async throws {
        let bench = try SECCBench()
        try await bench.start()
        let command = try #require(bench.heard.last)
        let setup = try #require(bench.heard.first { Self.kind($0) == 2 })
        func reason(_ frame: [UInt8]) -> SECCRefusal.Reason? {
            var frames = FrameSplitter(longestPayload: SECCMessage.longestPayload)
            frames.append(bench.replay([0] + frame + [0]))
            guard let packet = frames.next(), packet.kind == SECCMessage.refusal.rawValue else {
                return nil
            }
            return SECCRefusal(packet.payload)?.reason
        }
        #expect(reason(command) == .sequence)
        #expect(reason(setup) == .challenge)
        for _ in 1...20 {
            await bench.pass(Milliseconds(60))
            #expect(reason(command) != nil)
        }
        #expect(reason(command) == .noSession)
        #expect(bench.module.told.stop == .emergency)
        await bench.end()
    }

    @Test("a probe says who is there, and ends the vehicle's session in order")
    func probe() async throws {
        let bench = try SECCBench()
        await bench.pass(.seconds(1))
        let report = try await bench.driver.probe()
        #expect(report.identity.hasSuffix("simulated 0.1.0, serial SECC-1, protocol 1.0"))
        #expect(report.values.contains { $0.name == "stage" && $0.text == "none" })
        #expect(bench.module.told.stop == .normal)
        await bench.end()
    }

    private static func refusal(_ bench: SECCBench) async -> DriverError? {
        do throws(DriverError) { try await bench.driver.configure() } catch { return error }
        return nil
    }
    /// Of a frame without its delimiters.
    private static func kind(_ frame: [UInt8]) -> UInt8? { Framing.unstuffed(frame)?.first }
}
