import DriverKit
import DriverTestKit
import EVSEModel
import FramedSerial
import Plant
import SafetyMCU
import Testing

/// The driver against the plant's controller, which knows nothing of it but the protocol's document.
@Suite("Safety controller against a simulated one", .serialized, .timeLimit(.minutes(4)))
struct SafetyConformanceTests {
    private let terms = EVSEControllerConformance.Terms(
        maximumAge: .seconds(1), responseTime: .seconds(8), watchdog: .seconds(1), fallback: .zero,
        opensAtOnce: true)

    @Test("keeps to the suite of the role evse-controller")
    func conformance() async throws {
        let bench = try SafetyBench()
        let violations = await EVSEControllerConformance.violations(
            of: bench.underTest, at: bench, terms: terms, slack: .seconds(20))
        #expect(violations == [])
        await bench.end()
    }

    @Test("and with every fault of its line")
    func lineFaults() async throws {
        let bench = try SafetyBench()
        let violations = await EVSEControllerConformance.faultViolations(
            of: bench.underTest, at: bench, terms: terms, faults: SafetyBench.busFaults,
            slack: .seconds(20))
        #expect(violations == [])
        await bench.end()
    }

    @Test("a silent station: nothing offered after the silence limit, and open 6 s later at most")
    func silentStation() async throws {
        let bench = try SafetyBench()
        try await bench.charge()
        #expect(bench.truth.isClosed)
        await bench.pass(Milliseconds(900))
        #expect(bench.truth.offered == Amperes(milliamperes: 15_900))
        await bench.pass(Milliseconds(150))
        #expect(bench.truth.offered == .zero)
        await bench.pass(.seconds(7))
        #expect(!bench.truth.isClosed)
        #expect(bench.safety.mode == .safe)
        // The vehicle still asks. Nothing begins by itself.
        await bench.pass(.seconds(20))
        #expect(!bench.truth.isClosed)
        let asked = bench.heard.count
        await bench.run(.seconds(5))
        #expect(bench.truth.isClosed)
        // A refused command, then HELLO and SETUP, before the next command.
        let kinds = bench.heard[asked...].prefix(4).map { $0[1] }
        #expect(kinds == [3, 1, 2, 3])
        await bench.end()
    }

    @Test("a silent controller: lost, commanded nothing more, and a handshake before anything else")
    func silentController() async throws {
        let bench = try SafetyBench()
        try await bench.charge()
        bench.raise("silent")
        await bench.run(Milliseconds(900))
        #expect(bench.host.faults[.controllerLost] == nil)
        await bench.run(Milliseconds(300))
        #expect(bench.host.faults[.controllerLost] != nil)
        let asked = bench.heard.count
        await bench.run(.seconds(1))
        #expect(bench.heard[asked...].allSatisfy { $0[1] == 1 }, "only HELLO")
        bench.clear()
        await bench.run(.seconds(8))
        #expect(bench.host.faults.isEmpty)
        #expect(bench.truth.isClosed)
        await bench.end()
    }

    @Test("a controller that starts anew is known by its boot, and gets a new session")
    func restart() async throws {
        let bench = try SafetyBench()
        try await bench.charge()
        await bench.restart()
        #expect(!bench.truth.isClosed)
        await bench.run(.seconds(8))
        #expect(bench.truth.isClosed)
        #expect(bench.safety.boots == 2)
        #expect(bench.host.logLines.contains { $0.contains("started anew") })
        #expect(bench.host.faultEvents.isEmpty, "it was away for less than max-age")
        await bench.end()
    }

    @Test("stale frames move nothing: of this session, of an earlier one, of an earlier handshake")
    func replays() async throws {
        let bench = try SafetyBench()
        try await bench.charge()
        func framed(_ frame: [UInt8]) -> [UInt8] { [0] + frame + [0] }
        let permit = try #require(bench.heard.last)
        let setup = try #require(bench.heard.first { $0[1] == 2 || $0[2] == 2 && $0[0] == 1 })
        bench.host.order(.zero, isEnabled: false)
        await bench.run(.seconds(1))
        #expect(!bench.truth.isClosed)
        func reason(_ frame: [UInt8]) -> SafetyRefusal.Reason? {
            var frames = FrameSplitter(longestPayload: SafetyPacket.longestPayload)
            frames.append(bench.replay(framed(frame)))
            guard let packet = frames.next().flatMap({ SafetyPacket($0) }), packet.kind == .refusal
            else { return nil }
            return SafetyRefusal(packet.payload)?.reason
        }
        #expect(reason(permit) == .sequence)
        #expect(reason(setup) == .challenge)
        // Stale permissions do not keep it awake either.
        for _ in 1...20 {
            await bench.pass(Milliseconds(60))
            #expect(reason(permit) != nil)
        }
        #expect(bench.safety.mode == .safe)
        #expect(reason(permit) == .noSession)
        await bench.run(.seconds(1))
        #expect(reason(permit) == .noSession, "another session has begun")
        #expect(!bench.truth.isClosed)
        await bench.end()
    }

    @Test(
        "whoever tells a state that does not live is silent",
        arguments: ["stuck", "stuck-sequence"])
    func frozen(_ fault: String) async throws {
        let bench = try SafetyBench(configuration: ["poll-period": .number(100)])
        try await bench.charge()
        bench.raise(fault)
        await bench.run(.seconds(2))
        #expect(bench.host.faults[.controllerLost] != nil)
        await bench.run(.seconds(8))
        #expect(!bench.truth.isClosed, "nobody commands it any more")
        bench.clear()
        await bench.run(.seconds(8))
        #expect(bench.host.faults.isEmpty)
        #expect(bench.truth.isClosed)
        await bench.end()
    }

    @Test("a controller of another version is refused by name, and told nothing")
    func otherVersion() async throws {
        let bench = try SafetyBench()
        bench.raise("other-version", 2)
        await bench.pass(.seconds(1))
        bench.host.order(Amperes(16))
        var refusal: DriverError?
        do throws(DriverError) { try await bench.controller.configure() } catch { refusal = error }
        #expect(refusal?.code == .wrongDevice)
        let what = refusal?.what ?? ""
        #expect(what.contains("speaks version 2.0 of the protocol, the station 1.0"), "\(what)")
        await bench.run(.seconds(2))
        #expect(bench.heard.allSatisfy { $0[1] == 1 })
        #expect(bench.host.faults[.controllerLost]?.contains("version 2.0") == true)
        await bench.end()
    }

    @Test("a controller without what the board counts on is refused")
    func missing() async throws {
        let bench = try SafetyBench(hasResidualCurrent: false)
        await bench.pass(.seconds(1))
        var refusal: DriverError?
        do throws(DriverError) { try await bench.controller.configure() } catch { refusal = error }
        #expect(refusal?.code == .wrongDevice)
        #expect(refusal?.what.contains("smooth DC residual current") == true)
        await bench.end()
    }
}
