import BoardFile
import DriverKit
import EVSEModel
import Testing

private enum TestDimmer: IdlePlugin {
    static var name: PluginName { "test-dimmer" }
    static var roles: Set<Role> { [.dimming] }
    static var keys: [ConfigurationKey] {
        [ConfigurationKey("line", .line(.digitalInput), required: true, "The contact.")]
    }
}

private enum TestPhases: IdlePlugin {
    static var name: PluginName { "test-phases" }
    static var roles: Set<Role> { [.phaseContactor] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey("coil-line", .line(.digitalOutput), required: true, "The coil."),
            ConfigurationKey("feedback-line", .line(.digitalInput), "The mirror contact."),
        ]
    }
    static func features(of configuration: Configuration) -> Set<DriverFeature> {
        configuration.has("feedback-line") ? [.contactorFeedback] : []
    }
}

@Suite("What bounds a board beside its breaker")
struct SupplyTests {
    private static let feed = "feed: { phases: 1, limit: 40 A }"

    private func report(_ edits: [(String, String)]) throws -> BoardReport {
        var text = goodBoard
        for (old, new) in edits {
            #expect(text.contains(old), "\(old)")
            text = text.replacing(old, with: new)
        }
        return BoardFile.report(
            bytes: Array(text.utf8), file: "board.yaml",
            plugins: testPlugins + [TestDimmer.self, TestPhases.self])
    }
    private var houseMeter: (String, String) {
        (
            "  meter-1: { plugin",
            "  meter-2: { plugin: test-meter, bus: meters, address: 2, model: sdm630, max-age: 9 s }\n"
                + "  meter-1: { plugin"
        )
    }
    /// Two meters at 9600 baud need more than a second's round.
    private let slower = ("reply-timeout: 200 ms", "reply-timeout: 100 ms")

    @Test("a meter behind the house's breaker")
    func house() throws {
        let report = try report([
            (
                Self.feed,
                "feed:\n  phases: 1\n  limit: 40 A\n  house: { meter: meter-2, limit: 35 A, fallback: 6 A, lag: 500 ms }"
            ),
            houseMeter, slower,
        ])
        #expect(report.text == "")
        let plan = try #require(report.plan)
        #expect(plan.feed.houseMeter == "meter-2")
        #expect(plan.device("meter-2")?.evse == nil)
        let house = plan.feed.supply.house
        #expect(house.isMeasured && house.limit == Amperes(35) && house.margin == Amperes(1))
        #expect(house.fallback == Amperes(6) && house.lag == Milliseconds(500))
        #expect(house.maxAge == .seconds(9) && house.raiseDwell == .seconds(30))
        let loop = try plan.loopPlan(.real)
        #expect(loop.feed.changes && loop.supply.house == house)
        #expect(loop.feed.phases == 1 && loop.feed.voltage == Volts(230))
        #expect(try plan.loopPlan(.real).fingerprint == loop.fingerprint)
    }

    @Test("dimming, energy manager and a contactor of L2 and L3")
    func local() throws {
        let report = try report([
            (
                Self.feed,
                "feed:\n  phases: 3\n  limit: 40 A\n  dimming: { power: 4.2 kW }\n"
                    + "  energy-manager: { port: 0, fallback-current: 8 A, timeout: 30 s }\n"
                    + "shared: { dimming: box-1 }"
            ),
            (
                "  rdc-1: {",
                "  box-1: { plugin: test-dimmer, bus: gpio, line: 9 }\n  contactor-2: { plugin: test-phases, bus: gpio, coil-line: 24, feedback-line: 25 }\n  rdc-1: {"
            ),
            (
                "contactor: contactor-1\n",
                "contactor: contactor-1\n      phase-contactor: contactor-2\n"
            ),
            ("model: sdm230", "model: sdm630"),
        ])
        #expect(report.text == "")
        let plan = try #require(report.plan)
        #expect(plan.feed.supply.dimming.bound == SupplyBound(power: Watts(4200)))
        let manager = try #require(plan.feed.energyManager)
        #expect((manager.address, manager.port, manager.clients) == ("127.0.0.1", 0, 2))
        #expect(plan.feed.supply.external.fallback == SupplyBound(current: Amperes(8)))
        let laws = try #require(plan.evses.first?.plan)
        #expect(laws.hasPhaseContactor && laws.hasPhaseContactorFeedback)
        #expect(laws.hasContactorFeedback, "of its own contactor")
        #expect(laws.phasePause == .seconds(10) && laws.phaseChangesPerDay == 24)
    }

    @Test(
        "what is wrong with them",
        arguments: [
            (
                "house: { meter: meter-1, limit: 35 A, fallback: 6 A }",
                "already serves the station"
            ),
            ("house: { meter: meter-9, limit: 35 A, fallback: 6 A }", "there is no device"),
            ("house: { meter: lock-1, limit: 35 A, fallback: 6 A }", "cannot fill the role meter"),
            ("house: { limit: 35 A, fallback: 6 A }", "feed.house has no meter"),
            (
                "house: { meter: meter-1, limit: 35 A, fallback: 40 A }",
                "feed.house.fallback: 40 A is above the house's breaker, 35 A"
            ),
            (
                "house: { meter: meter-1, limit: 6 A, margin: 6 A, fallback: 0 A }",
                "feed.house.margin: 6 A leaves nothing of 6 A"
            ),
            ("dimming: {}", "feed.dimming has neither current nor power"),
            ("dimming: { power: 4200 W }", "feed.dimming has no contact"),
            ("dimming: { power: 16 A }", "is not a power"),
            ("energy-manager: { timeout: 30 s }", "neither fallback-current nor fallback-power"),
            ("energy-manager: { fallback-current: 6 A, clients: 9 }", "is outside 1...8"),
            ("horse: {}", "unknown key horse in feed"),
        ])
    func wrong(_ map: String, _ finding: String) throws {
        let report = try report([(Self.feed, "feed:\n  phases: 1\n  limit: 40 A\n  \(map)")])
        #expect(report.text.contains(finding), "\(report.text)")
        #expect(report.plan == nil)
    }

    @Test("a contact that limits nothing, phases that are not there, a weld that nobody sees")
    func contacts() throws {
        let device = (
            "  rdc-1: {", "  box-1: { plugin: test-dimmer, bus: gpio, line: 9 }\n  rdc-1: {"
        )
        let shared = ("ocpp: {", "shared: { dimming: box-1 }\nocpp: {")
        #expect(try report([device, shared]).text.contains("nothing says what it limits"))
        let phases = (
            "  rdc-1: {",
            "  contactor-2: { plugin: test-phases, bus: gpio, coil-line: 24 }\n  rdc-1: {"
        )
        let role = (
            "contactor: contactor-1\n",
            "contactor: contactor-1\n      phase-contactor: contactor-2\n"
        )
        #expect(try report([phases, role]).text.contains("EVSE 1 has 1 of three phases"))
        let blind = try report([
            phases, role, ("phases: 1", "phases: 3"), ("      meter: meter-1\n", ""),
            ("  meter-1: { plugin: test-meter, bus: meters, address: 1, model: sdm230 }\n", ""),
            (
                "  meters: { plugin: modbus-rtu, port: ttyS1, baud: 9600, reply-timeout: 200 ms }\n",
                ""
            ),
        ])
        #expect(blind.text.contains("nothing would show that contactor-2 is welded"))
    }

    @Test("an EVSE without a meter hides what it draws from the house")
    func ownMeter() throws {
        let report = try report([
            (
                Self.feed,
                "feed:\n  phases: 1\n  limit: 40 A\n  house: { meter: meter-1, limit: 35 A, fallback: 6 A }"
            ),
            ("      meter: meter-1\n", ""),
        ])
        #expect(report.text.contains("EVSE 1 has no meter, and feed.house needs"))
    }
}
