package import DriverKit
package import EVSEModel
internal import FieldBus

/// The driver of one insulation monitor: looks at it, publishes what it measures, and has it test itself
/// and measure as the control loop wants.
package actor ModbusInsulationMonitor: BusDriver {
    private let host: any DriverHost
    private let bus: ModbusBus
    private let address: UInt8
    private let settings: MonitorSettings
    private let dialogue: any MonitorDialogue

    private var isSetUp = false
    private var wrong: String?
    private var identity = ""
    private var lookedAt: Instant?
    private var selfTest = SelfTestCourse()
    /// What it was told; `nil` where nobody knows.
    private var measures: Bool?
    private var problem: String?
    /// How often a setting was written in this driver's life.
    private var writes = [UInt16: Int]()

    /// Chosen: as of input/output cards' settings.
    private static let mostWrites = 5

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        let bus = try ModbusDevice.bus(of: host)
        self.host = host
        self.bus = bus
        let settings = MonitorSettings(configuration)
        self.settings = settings
        let unit = ModbusUnit(configuration)
        address = unit.address
        dialogue =
            switch settings.model {
            case .isocha425hv: BenderDialogue(bus, unit, settings)
            case .rn5893: DoldDialogue(bus, unit, settings)
            }
    }

    private var place: String { "Modbus address \(address) on bus \(bus.name)" }

    // MARK: Lifecycle

    /// - Throws: `wrong-device` where another device answers. A silent one is not an error here.
    package func configure() async throws(DriverError) {
        lookedAt = host.now()
        do throws(FieldBusError) {
            try await setUp()
        } catch {
            host.log(.warning, "insulation monitor does not answer yet", ["reason": error.what])
        }
        if let wrong { throw wrongDevice(wrong) }
    }

    package func activate() async throws(DriverError) {}

    package func poll() async -> Milliseconds {
        let start = host.now()
        lookedAt = lookedAt ?? start
        do throws(FieldBusError) {
            if !isSetUp { try await setUp() }
            if let wrong {
                judgeAge(wrong)
            } else {
                try await work()
            }
        } catch {
            host.log(
                .debug, "exchange with the insulation monitor failed",
                ["code": error.code.rawValue, "reason": error.what])
            note(selfTest.miss(at: host.now()))
            measures = nil
            judgeAge(error.what)
        }
        return max(Milliseconds(1), start + settings.period - host.now())
    }

    /// Lets another monitor measure, where the device can be told so.
    package func deactivate() async {
        guard isSetUp, wrong == nil else { return }
        do throws(FieldBusError) {
            try await dialogue.setMeasuring(false)
        } catch {
            host.log(.warning, "insulation monitor was not stopped", ["reason": error.what])
        }
        measures = nil
    }

    package func cleanup() async {
        isSetUp = false
        wrong = nil
        lookedAt = nil
        measures = nil
        problem = nil
        selfTest = SelfTestCourse()
    }

    // MARK: Setting up

    private func setUp() async throws(FieldBusError) {
        wrong = nil
        measures = nil
        switch try await dialogue.identify(evenAtRest: false) {
        case .isAnother(let why):
            wrong = why
            return
        case .fits(let words): identity = words
        }
        for setting in dialogue.settings { try await keep(setting) }
        isSetUp = true
        host.log(.info, "insulation monitor is set up", ["identity": identity])
    }

    /// Writes a setting where it differs, a few times in this driver's life at most: its memory wears out.
    /// A device that does not take it is used all the same, and that is told.
    private func keep(_ setting: MonitorSetting) async throws(FieldBusError) {
        do throws(FieldBusError) {
            guard try await dialogue.value(of: setting) != setting.value else { return }
            guard writes[setting.address, default: 0] < Self.mostWrites else { return }
            writes[setting.address, default: 0] += 1
            try await dialogue.write(setting)
            guard try await dialogue.value(of: setting) != setting.value else { return }
            host.log(
                .warning, "insulation monitor does not take a setting", ["setting": setting.name])
        } catch {
            guard error.code == .exception else { throw error }
            host.log(
                .warning, "insulation monitor refuses a setting",
                ["setting": setting.name, "reason": error.what])
        }
    }

    // MARK: One round

    private func work() async throws(FieldBusError) {
        let command = host.insulationCommand
        let isFresh =
            command.at > .zero && host.now() - command.at <= InsulationCommand.maximumAge
        // Nobody who says nothing wants a test. Measuring goes on: it harms nobody.
        if isFresh { try await obey(command) }
        let reading = try await dialogue.look(evenAtRest: false)
        let now = host.now()
        note(selfTest.see(reading, at: now))
        publish(reading, at: now)
    }

    private func obey(_ command: InsulationCommand) async throws(FieldBusError) {
        // Under a test the control word belongs to the test.
        if !selfTest.isUnderWay, measures != command.isMeasuring {
            try await dialogue.setMeasuring(command.isMeasuring)
            measures = command.isMeasuring
        }
        guard selfTest.shallStart(command.selfTests) else { return }
        do throws(FieldBusError) {
            if measures != true { try await dialogue.setMeasuring(true) }
            try await dialogue.startSelfTest()
            // It was told to measure with the test; what is wanted is told again behind it.
            measures = nil
            selfTest.started(at: host.now())
        } catch {
            selfTest.failed()
            note("it could not be started: \(error.what)")
            throw error
        }
    }

    private func publish(_ reading: MonitorReading, at now: Instant) {
        var sample = reading.sample(at: now)
        sample.isTesting = sample.isTesting || selfTest.isUnderWay
        if selfTest.isUnderWay { sample.resistance = nil }
        sample.selfTestAnswered = selfTest.answered
        sample.selfTestPassed = selfTest.hasPassed
        host.publish(sample)
        lookedAt = now
        if let found = reading.problem, found != problem {
            host.log(.warning, "insulation monitor has a fault", ["fault": found])
        }
        problem = reading.problem
        host.fault(.insulationMonitorLost, holds: problem != nil, problem ?? "")
    }

    private func note(_ why: String?) {
        guard let why else { return }
        host.log(.warning, "self-test of the insulation monitor failed", ["reason": why])
    }

    private func judgeAge(_ reason: String) {
        guard let lookedAt, host.now() - lookedAt > settings.maximumAge else { return }
        // Who comes back may be another one, or have forgotten its settings.
        isSetUp = false
        host.fault(.insulationMonitorLost, holds: true, reason)
    }

    private func wrongDevice(_ why: String) -> DriverError {
        DriverError(
            .wrongDevice, device: host.device, "\(place) \(why)",
            remedy: "Correct model or address; `forecourt scan` tells what answers.")
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        let outcome: Result<ProbeReport, DriverError>
        do throws(FieldBusError) {
            outcome = try await report()
        } catch {
            throw DriverError(error, device: host.device)
        }
        return try outcome.get()
    }

    private func report() async throws(FieldBusError) -> Result<ProbeReport, DriverError> {
        let words: String
        switch try await dialogue.identify(evenAtRest: true) {
        case .isAnother(let why): return .failure(wrongDevice(why))
        case .fits(let found): words = found
        }
        let title = type(of: dialogue).title
        var report = ProbeReport(identity: words.isEmpty ? title : "\(title), \(words)")
        let reading = try await dialogue.look(evenAtRest: true)
        func text(_ value: (some CustomStringConvertible)?) -> String {
            value.map { "\($0)" } ?? "no valid value"
        }
        report.values = [
            .init(name: "resistance", text: text(reading.resistance)),
            .init(name: "voltage", text: text(reading.voltage)),
            .init(name: "positive to earth", text: text(reading.positiveToEarth)),
            .init(name: "negative to earth", text: text(reading.negativeToEarth)),
            .init(name: "self-test", text: reading.isTesting ? "runs" : "none"),
            .init(name: "fault", text: reading.problem ?? "none"),
        ]
        return .success(report)
    }
}
