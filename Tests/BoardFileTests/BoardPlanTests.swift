import BoardFile
import DriverKit
import EVSEModel
import JSON
import Testing

@Suite("A checked plan")
struct BoardPlanTests {
    private func plan(_ settings: [String] = [], _ edits: [(String, String)] = []) throws
        -> BoardPlan
    {
        let report = check(try #require(edited(edits)), settings)
        #expect(report.text == "")
        return try #require(report.plan)
    }

    @Test("what the file says arrives")
    func values() throws {
        let plan = try plan()
        #expect(plan.name == "table")
        #expect(plan.feed.limit == Amperes(40))
        #expect(plan.loop.period == Milliseconds(10))
        #expect(plan.bus("meters")?.configuration.quantity("reply-timeout") == Milliseconds(200))
        #expect(plan.bus("meters")?.realPath == "/dev/ttyS1")
        let evse = try #require(plan.evses.first)
        #expect(evse.plan.rating == Amperes(32))
        #expect(evse.plan.safeLimit == Amperes(6))
        #expect(evse.plan.lockMask == 1 && evse.plan.proximityMask == 1)
        #expect(evse.plan.hasContactorFeedback && evse.plan.hasMeter)
        #expect(evse.plan.hasResidualCurrentDevice && !evse.plan.hasVentilation)
        #expect(evse.connectors.first?.type == "sType2")
        #expect(evse.connectors.first?.devices[.temperature] == ["heat-1"])
        #expect(evse.devices[.reader] == ["reader-1"])
        #expect(plan.device("meter-1")?.evse == EVSEID(1))
        #expect(plan.device("meter-1")?.isCyclic == false)
        #expect(plan.supports("C-09.2") && !plan.supports("C-09.1"))
        #expect(plan.features["HFS-8"] == .number(1))
    }

    @Test("a station without a word about itself has what the laws' defaults say")
    func defaults() throws {
        let plan = try plan([], [("supervision:\n  safe-limit: 6 A\n", "")])
        let laws = try #require(plan.evses.first?.plan)
        let standard = EVSEPlan()
        #expect(laws.safeHold == standard.safeHold)
        #expect(laws.overCurrentMargin == standard.overCurrentMargin)
        #expect(laws.temperatureStop == standard.temperatureStop)
        #expect(laws.phaseLimit == standard.phaseLimit)
        #expect(laws.showsStateF == standard.showsStateF)
    }

    @Test("an EVSE's own supervision wins over the station's")
    func supervision() throws {
        let plan = try plan([
            "supervision.safe-hold=20 s", "evses.1.supervision.safe-hold=5 s",
            "supervision.shows-state-f=false", "supervision.over-current-margin=12.5 %",
        ])
        let laws = try #require(plan.evses.first?.plan)
        #expect(laws.safeHold == .seconds(5))
        #expect(!laws.showsStateF)
        #expect(laws.overCurrentMargin.raw == 1250)
    }

    @Test("the laws learn stroke and sample age from lock and meter")
    func fromDevices() throws {
        let plan = try plan(["devices.lock-1.stroke-time=0.8 s", "devices.meter-1.max-age=3 s"])
        #expect(plan.evses.first?.plan.strokeTime == Milliseconds(800))
        #expect(plan.evses.first?.plan.meterMaxAge == .seconds(3))
    }

    @Test("keys that nothing reads yet are taken, and said to be read by nothing")
    func ahead() throws {
        let report = check(
            goodBoard, ["ocpp.keys.HeartbeatInterval=60", "security.v2gRoots=v2g.pem"])
        #expect(
            report.findings.map(\.what) == [
                "ocpp.keys: nothing in this release reads it",
                "security.v2gRoots: nothing in this release reads it",
            ])
        let plan = try #require(report.plan)
        #expect(plan.ocpp.keys.map { "\($0.key)=\($0.value)" } == ["HeartbeatInterval=60"])
        #expect(plan.security.v2gRoots == "v2g.pem")
    }

    @Test("options on the command line are laid over the file, the last one counts")
    func overlay() throws {
        let plan = try plan([
            "evses.1.connectors.1.limit=16000 mA", "evses.1.connectors.1.limit=20 A",
            "station.vendor=Somebody", "ocpp.version=1.6", "ocpp.securityProfile=1",
            "ocpp.variables.OCPPCommCtrlr.MessageTimeout[Default]=30",
            "ocpp.variables.TxCtrlr.TxStartPoint=EVConnected,Authorized",
            "security.password=secret",
            "devices.lock-1.feedback-line={ line: 26, active-low: true }",
            """
            ocpp.networkProfiles=[{"configurationSlot":2,"connectionData":{"ocppCsmsUrl":\
            "ws://csms/ocpp","securityProfile":1,"messageTimeout":10,"ocppInterface":"Wired0",\
            "ocppTransport":"JSON","ocppVersion":"OCPP20"}}]
            """,
        ])
        #expect(plan.evses.first?.plan.rating == Amperes(20))
        #expect(plan.station.vendor == "Somebody")
        #expect(plan.ocpp.version == "1.6")
        let variables = plan.ocpp.variables.map {
            "\($0.component).\($0.variable)[\($0.instance ?? "-")]=\($0.value)"
        }
        #expect(
            variables == [
                "OCPPCommCtrlr.MessageTimeout[Default]=30",
                "TxCtrlr.TxStartPoint[-]=EVConnected,Authorized",
            ])
        #expect(plan.security.password == "secret")
        let profile = try #require(plan.ocpp.networkProfiles.first)
        #expect(profile.slot == 2 && profile.url == "ws://csms/ocpp")
        #expect(profile.messageTimeout == .seconds(10))
        let lock = try #require(plan.device("lock-1"))
        let feedback = try #require(plan.boardLine(lock.configuration.line("feedback-line")))
        #expect(feedback.number == 26 && feedback.isActiveLow)
    }

    @Test("the loop's plan has each line with its interface, and each driver with its place")
    func loopPlan() throws {
        let loop = try plan().loopPlan(.real)
        #expect(loop.lineCount == 12 && loop.slotCount == 7)
        #expect(loop.evseCount == 1 && loop.period == Milliseconds(10))
        let lines = (0..<Int(loop.lineCount)).map { loop.lines[$0] }
        let pwm = try #require(lines.first { $0.kind == .pwmOutput })
        #expect(pwm.access == .pwmClass && pwm.parameter == 1_000_000 && pwm.safeValue == 0)
        #expect(pwm.path.text == "/sys/class/pwm/pwmchip0")
        let coil = try #require(lines.first { $0.offset == 22 })
        #expect(coil.kind == .digitalOutput && coil.path.text == "/dev/gpiochip0")
        let slots = (0..<Int(loop.slotCount)).map { loop.slots[$0] }
        #expect(slots.map(\.device.text).sorted().first == "contactor-1")
        #expect(slots.allSatisfy { $0.evse == 0 && $0.connector == 0 })
        let lock = try #require(slots.first { $0.device.text == "lock-1" })
        #expect(lock.plan(as: IdleDriver.Plan.self)?.cycles == 60)
    }

    @Test("how the feed is shared reaches the loop's plan")
    func feed() throws {
        let loop = try plan([
            "feed.sharing=priority", "feed.raise-dwell=5 s", "feed.resume-dwell=90 s",
            "feed.turn=600 s", "feed.longest-wait=3600 s", "evses.1.phase-rotation=TRS",
            "evses.1.priority=3",
        ]).loopPlan(.real)
        #expect(loop.feed.limit == Amperes(40) && loop.feed.policy == .priority)
        #expect(loop.feed.raiseDwell == .seconds(5) && loop.feed.resumeDwell == .seconds(90))
        #expect(loop.feed.turn == .seconds(600) && loop.feed.longestWait == .seconds(3600))
        #expect(loop.evses[0].phaseRotation == 2 && loop.evses[0].priority == 3)
    }

    @Test("a plan's fingerprint tells plans apart, and is the same for the same board")
    func fingerprint() throws {
        let first = try plan().loopPlan(.real).fingerprint
        #expect(try plan().loopPlan(.real).fingerprint == first)
        // What the loop does not see leaves it alone.
        #expect(try plan(["station.vendor=Other"]).loopPlan(.real).fingerprint == first)
        for setting in [
            "evses.1.connectors.1.limit=31 A", "control-cycle=5 ms", "supervision.safe-hold=1 s",
            "devices.lock-1.stroke-time=700 ms", "devices.rdc-1.line=6", "loop.priority=70",
            "devices.stop-1.line={ line: 16, active-low: true }", "buses.gpio.chip=gpiochip1",
            "devices.meter-1.max-age=4 s", "feed.sharing=priority", "feed.turn=600 s",
            "evses.1.phase-rotation=STR", "evses.1.priority=3",
        ] {
            #expect(try plan([setting]).loopPlan(.real).fingerprint != first, "\(setting)")
        }
    }

    @Test("simulated lines keep their number where it fits, and never share one")
    func simulated() throws {
        let more = "  more: { plugin: gpio-chip, chip: gpiochip1 }\n  pwm: {"
        let plan = try plan(
            ["devices.stop-1.line={ bus: more, line: 5 }", "devices.rdc-1.line=200"],
            [("  pwm: {", more)])
        let digital = plan.lines.filter {
            $0.kind == .digitalInput || $0.kind == .digitalOutput
        }
        let numbers = digital.compactMap(\.simulatedNumber)
        #expect(numbers.count == digital.count && Set(numbers).count == numbers.count)
        #expect(numbers.allSatisfy { $0 < 64 })
        #expect(digital.first { $0.device == "stop-1" }?.simulatedNumber == 5)
        #expect(digital.first { $0.device == "rdc-1" }?.simulatedNumber == 0)
        #expect(digital.first { $0.key == "coil-line" }?.simulatedNumber == 22)
        let loop = try plan.loopPlan(.simulated(wires: "/tmp/w"))
        #expect(loop.lines[0].path.text == "/tmp/w/chip")
        #expect(loop.orphanTimeout > .zero)
        #expect(plan.bus("meters").map { plan.path(of: $0, .simulated(wires: "w")) } == "w/meters")
    }

    @Test("the machine's watchdog is the real loop's to feed, never a simulated one's")
    func hardwareWatchdog() throws {
        let plan = try plan(
            ["loop.watchdog-line={ bus: gpio, line: 25 }"],
            [("supervision:", "loop: { watchdog: /dev/watchdog1 }\nsupervision:")])
        let (real, simulated) = (
            try plan.loopPlan(.real), try plan.loopPlan(.simulated(wires: "/tmp/w"))
        )
        #expect(real.watchdog.text == "/dev/watchdog1")
        #expect(simulated.watchdog.text == "")
        #expect(real.watchdogLine.isPresent && simulated.watchdogLine == real.watchdogLine)
    }

    @Test("a path that the loop's plan has no room for is refused with its length")
    func longPath() throws {
        let plan = try plan()
        let wires = String(repeating: "x", count: FixedText.capacity)
        do throws(BoardFileError) {
            _ = try plan.loopPlan(.simulated(wires: wires))
            Issue.record("a path that is too long was taken")
        } catch {
            #expect(error.code == .capacity)
            #expect(error.what.contains("room for \(FixedText.capacity - 1)"))
        }
    }

    @Test("a device that the whole station shares reads into every EVSE")
    func shared() throws {
        let second = """
              2:
                connectors: { 1: { type: s309-1P-16A, limit: 8 A, pilot: pilot-2 } }
                devices: { contactor: contactor-2, residual-current: rdc-2, meter: meter-2 }
            shared: { emergency-stop: stop-1, reader: reader-1 }
            ocpp:
            """
        let devices = """
              pilot-2: { plugin: test-pilot, bus: adc, pwm: { bus: pwm, line: 1 }, high: 4, low: 5 }
              contactor-2: { plugin: test-contactor, bus: gpio, coil-line: 2 }
              rdc-2: { plugin: test-inputs, bus: gpio, line: 3 }
              meter-2: { plugin: test-meter, bus: meters, address: 2, model: sdm230 }
            evses:
            """
        let plan = try plan(
            [],
            [
                ("      emergency-stop: stop-1\n", ""), ("      reader: reader-1\n", ""),
                ("evses:", devices), ("ocpp:", second), ("HFS-8: 1", "HFS-8: 2"),
            ])
        let stops = plan.slots.filter { $0.device == "stop-1" }
        #expect(stops.map(\.evse) == [0, 1])
        #expect(plan.device("reader-1")?.evse == nil)
        #expect(plan.slots.first { $0.device == "pilot-2" }?.evse == 1)
        #expect(plan.evses.map(\.plan.hasContactorFeedback) == [true, false])
    }

    @Test("every number of the control laws can be set, and its default is its own text")
    func everyLaw() throws {
        let keys = try #require(
            BoardSchema(plugins: []).json["$defs"]?["supervision"]?["properties"]?.object)
        #expect(keys.count >= 28)
        for member in keys {
            guard let standard = member.value["default"] else { continue }
            let text = standard.string ?? standard.text
            let plan = try plan(["supervision.\(member.name)=\(text)"])
            #expect(plan.evses.count == 1)
        }
    }
}
