package import DriverKit
package import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// Leads one power module on Modbus, and tells the control loop what it does.
///
/// Off first, then who it is, then as the loop wants; what is wanted is told when it changes and with each
/// look, which feeds the module's watchdog. One that is silent counts until `maximum-age`, which is longer
/// than its watchdog; one that comes back is off first, and identified anew.
package actor ModbusPowerModule: BusDriver {
    private let host: any DriverHost
    private let bus: ModbusBus
    private let dialogue: ModuleDialogue
    private let period: Milliseconds
    private let maximumAge: Milliseconds
    private let watchdog: Milliseconds?
    private let overrides: PowerSourceLimits

    private var isSetUp = false
    private var isActive = false
    private var wrong: String?
    private var limits: PowerSourceLimits
    private var told: ModuleDialogue.Command?
    private var heartbeat: UInt16 = 0
    private var monitor = ModuleMonitor()
    /// What the status last said of the output.
    private var isSeenOn: Bool?
    private var heardAt = Instant.zero
    private var isLost = false
    private var dueAt = Instant.zero
    private var wantedSince = Instant.zero

    /// Chosen: what the loop wants is told within two of its cycles and a request.
    private static let attention = Milliseconds(20)
    private static let rest = Milliseconds(50)
    /// Chosen: as of modules on CAN.
    private static let obedience = Milliseconds.seconds(3)
    private static let startTime = Milliseconds.seconds(10)

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        let bus = try ModbusDevice.bus(of: host)
        let map: ModuleMap
        do throws(RegisterMapError) {
            map = try ModuleMaps.load(configuration.text("model"))
        } catch {
            throw DriverError(
                .configuration, device: host.device, "\(error)", remedy: "Correct the model file.")
        }
        self.host = host
        self.bus = bus
        dialogue = ModuleDialogue(map, ModbusUnit(configuration, pause: map.pause), on: bus)
        period = configuration.quantity("poll-period")
        maximumAge = configuration.quantity("maximum-age")
        watchdog = ModbusPowerModulePlugin.watchdog(map, configuration)
        overrides = PowerSourceLimits(configuration)
        limits = overrides
    }

    // MARK: Lifecycle

    /// - Throws: `wrong-device` where another device answers. A silent one is not an error here.
    package func configure() async throws(DriverError) {
        forget()
        (heardAt, dueAt, isLost) = (host.now(), .zero, false)
        do throws(FieldBusError) {
            try await setUp()
        } catch {
            host.log(.warning, "module does not answer yet", ["reason": error.what])
        }
        if let wrong { throw wrongDevice(wrong) }
    }

    package func activate() async throws(DriverError) { isActive = true }

    package func poll() async -> Milliseconds {
        let now = host.now()
        let wanted = wanted(at: now)
        let isDue = now >= dueAt
        let mustTell = isSetUp && (told != wanted || !wanted.isOn && isSeenOn == true)
        guard isDue || mustTell else { return pause(at: now) }
        if isDue { dueAt = now + period }
        if wanted.isOn != told?.isOn { wantedSince = now }
        do throws(FieldBusError) {
            if !isSetUp { try await setUp() }
            if isSetUp { try await work(wanted, at: now) }
            if let wrong { judgeAge(wrongDevice(wrong).what) }
        } catch {
            // What arrived of it nobody knows.
            told = nil
            host.log(
                .debug, "exchange with the module failed",
                ["code": error.code.rawValue, "reason": error.what])
            judgeAge(error.what)
        }
        return pause(at: host.now())
    }

    /// Says off until it is seen.
    package func deactivate() async {
        isActive = false
        guard wrong == nil else { return }
        for _ in 1...3 {
            do throws(FieldBusError) {
                try await tell(ModuleDialogue.Command(), evenAtRest: true)
                let reading = try await dialogue.measure(evenAtRest: true)
                if !has(dialogue.map.status.on, reading.status) { return }
            } catch {
                host.log(.warning, "module was not switched off", ["reason": error.what])
            }
        }
    }

    package func cleanup() async {
        isActive = false
        forget()
    }

    private func forget() {
        isSetUp = false
        (told, isSeenOn, wrong) = (nil, nil, nil)
    }

    private func pause(at now: Instant) -> Milliseconds {
        min(max(Milliseconds(1), dueAt - now), isSeenOn == true ? Self.attention : Self.rest)
    }

    // MARK: Setting up

    private func setUp() async throws(FieldBusError) {
        wrong = try await dialogue.identify()
        guard wrong == nil else { return }
        try await tell(ModuleDialogue.Command())
        if let watchdog, let register = dialogue.map.watchdog {
            try await dialogue.set(
                register.address, to: UInt16(clamping: watchdog.count / register.scale))
        }
        let told = try await dialogue.capabilities()
        limits = PowerSourceLimits(told).within(overrides)
        let reading = try await dialogue.measure()
        isSeenOn = has(dialogue.map.status.on, reading.status)
        monitor.begin(after: reading.answered)
        // Until it is off nothing else is said to it.
        guard isSeenOn == false else { return }
        isSetUp = true
        host.log(.info, "module is set up", ["place": dialogue.place])
    }

    private func wrongDevice(_ why: String) -> DriverError {
        DriverError(
            .wrongDevice, device: host.device, "\(dialogue.place) \(why)",
            remedy: "Correct model or address.")
    }

    // MARK: A round

    private func wanted(at now: Instant) -> ModuleDialogue.Command {
        let command = host.sourceCommand(0)
        guard isActive, isSetUp, command.isOn, command.at > .zero,
            now - command.at <= PowerSourceCommand.maximumAge
        else { return ModuleDialogue.Command() }
        let voltage = min(command.voltage, limits.maximumVoltage ?? command.voltage)
        guard voltage > .zero, voltage >= limits.minimumVoltage ?? .zero else {
            return ModuleDialogue.Command()
        }
        let current = min(max(.zero, command.current), limits.maximumCurrent ?? command.current)
        return ModuleDialogue.Command(isOn: true, voltage: voltage, current: current)
    }

    private func tell(
        _ command: ModuleDialogue.Command, evenAtRest: Bool = false
    ) async throws(FieldBusError) {
        heartbeat &+= 1
        try await dialogue.tell(command, heartbeat: heartbeat, evenAtRest: evenAtRest)
        told = command
    }

    private func work(
        _ wanted: ModuleDialogue.Command, at start: Instant
    ) async throws(FieldBusError) {
        try await tell(wanted)
        try await test()
        let reading = try await dialogue.measure()
        watchInsulation(reading, at: start)
        let bits = dialogue.map.status
        let isOn = has(bits.on, reading.status)
        isSeenOn = isOn
        var faults = bits.faults.filter { has($0.key, reading.status) }
            .sorted { $0.key < $1.key }.map(\.value)
        var sample = PowerSourceSample()
        sample.at = start
        sample.voltage = reading.voltage
        sample.current = reading.current
        sample.temperature = reading.temperature
        sample.isOn = isOn
        sample.isReady = faults.isEmpty && bits.ready.map { has($0, reading.status) } ?? true
        sample.isDerated = bits.derated.map { has($0, reading.status) } ?? false
        sample.maximumVoltage = limits.maximumVoltage ?? .zero
        sample.minimumVoltage = limits.minimumVoltage ?? .zero
        sample.maximumCurrent = limits.maximumCurrent ?? .zero
        sample.maximumPower = limits.maximumPower ?? .zero
        sample.faults.set(.powerModuleFault, !faults.isEmpty)
        host.publish(sample, source: 0)
        heardAt = start
        if isLost {
            isLost = false
            host.fault(.powerModuleLost, holds: false, "")
        }
        if let words = disobedience(wanted, sample, at: start) { faults.append(words) }
        host.fault(.powerModuleFault, holds: !faults.isEmpty, faults.joined(separator: ", "))
    }

    // MARK: Insulation

    /// Starts a self-test of the monitor within, where the loop wants another one.
    private func test() async throws(FieldBusError) {
        guard let insulation = dialogue.map.insulation else { return }
        let command = host.insulationCommand
        guard command.at > .zero, host.now() - command.at <= InsulationCommand.maximumAge,
            let number = monitor.start(command.selfTests)
        else { return }
        try await dialogue.set(insulation.selfTest, to: number)
        monitor.started(number)
    }

    private func watchInsulation(_ reading: ModuleDialogue.Reading, at start: Instant) {
        guard let insulation = dialogue.map.insulation else { return }
        monitor.see(
            reading.answered, passed: has(insulation.passed, reading.status))
        var sample = InsulationSample()
        sample.at = start
        sample.voltage = reading.voltage
        sample.hasFault = has(insulation.faulty, reading.status)
        sample.isTesting = has(insulation.testing, reading.status) || monitor.isUnderWay
        if has(insulation.valid, reading.status), !sample.isTesting, !sample.hasFault {
            // A value beyond what can be told is at least that.
            sample.resistance = reading.insulation.flatMap {
                Ohms(exactly: min($0, Double(Int32.max)))
            }
        }
        sample.selfTestAnswered = monitor.answered
        sample.selfTestPassed = monitor.hasPassed
        host.publish(sample)
        // Nobody asks one that the board does not use.
        let isUsed = host.insulationCommand.at > .zero
        host.fault(
            .insulationMonitorLost, holds: isUsed && sample.hasFault,
            sample.hasFault ? "the module's monitor says that it is faulty" : "")
    }

    private func disobedience(
        _ wanted: ModuleDialogue.Command, _ sample: PowerSourceSample, at now: Instant
    ) -> String? {
        let time = now - wantedSince
        if !wanted.isOn {
            return sample.isOn && time > Self.obedience ? "told off and still on" : nil
        }
        guard time > Self.startTime else { return nil }
        if !sample.isOn { return "told on and still off" }
        let isMute =
            sample.voltage.raw < wanted.voltage.raw / 2 && sample.current < Amperes(1)
            && wanted.current >= Amperes(1)
        return isMute ? "on and gives \(sample.voltage) of \(wanted.voltage)" : nil
    }

    private func has(_ bit: Int, _ status: UInt16) -> Bool { status >> UInt16(bit) & 1 == 1 }

    private func judgeAge(_ reason: String) {
        guard host.now() - heardAt > maximumAge else { return }
        forget()
        guard !isLost else { return }
        isLost = true
        host.fault(.powerModuleLost, holds: true, reason)
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
        if let why = try await dialogue.identify(evenAtRest: true) {
            return .failure(wrongDevice(why))
        }
        let can = try await dialogue.capabilities(evenAtRest: true)
        let reading = try await dialogue.measure(evenAtRest: true)
        var report = ProbeReport(
            identity: "\(dialogue.map.maker) \(dialogue.map.title)",
            replyTimes: reading.replyTimes)
        func add(_ name: String, _ value: (some Quantity)?) {
            if let value { report.values.append(.init(name: name, text: "\(value)")) }
        }
        add("voltage", reading.voltage)
        add("current", reading.current)
        add("temperature", reading.temperature)
        let raw = String(reading.status, radix: 16, uppercase: true)
        let bits = dialogue.map.status
        let words = bits.faults.filter { has($0.key, reading.status) }.sorted { $0.key < $1.key }
        let power = has(bits.on, reading.status) ? "on" : "off"
        report.values.append(
            .init(
                name: "status", text: ([power] + words.map(\.value)).joined(separator: ", "),
                raw: raw))
        add("maximum voltage", can.maximumVoltage)
        add("minimum voltage", can.minimumVoltage)
        add("maximum current", can.maximumCurrent)
        add("maximum power", can.maximumPower)
        return .success(report)
    }
}

/// What a module can do and what the board leaves of it; `nil` where nobody has said.
struct PowerSourceLimits: Hashable, Sendable {
    var maximumVoltage: Volts?
    var minimumVoltage: Volts?
    var maximumCurrent: Amperes?
    var maximumPower: Watts?

    init(_ configuration: Configuration) {
        func value<Value: Quantity>(_ key: String) -> Value? {
            configuration.has(key) ? configuration.quantity(key) : nil
        }
        maximumVoltage = value("maximum-voltage")
        minimumVoltage = value("minimum-voltage")
        maximumCurrent = value("maximum-current")
        maximumPower = value("maximum-power")
    }
    init(_ told: ModuleDialogue.Capabilities) {
        maximumVoltage = told.maximumVoltage
        minimumVoltage = told.minimumVoltage
        maximumCurrent = told.maximumCurrent
        maximumPower = told.maximumPower
    }

    /// The narrower of both.
    func within(_ others: Self) -> Self {
        func least<Value: Comparable>(_ a: Value?, _ b: Value?) -> Value? {
            guard let a, let b else { return a ?? b }
            return min(a, b)
        }
        var result = self
        result.maximumVoltage = least(maximumVoltage, others.maximumVoltage)
        result.maximumCurrent = least(maximumCurrent, others.maximumCurrent)
        result.maximumPower = least(maximumPower, others.maximumPower)
        if let floor = others.minimumVoltage {
            result.minimumVoltage = max(floor, minimumVoltage ?? .zero)
        }
        return result
    }
}
