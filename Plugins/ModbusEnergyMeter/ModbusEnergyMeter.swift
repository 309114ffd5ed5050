package import DriverKit
package import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// Reads one meter at its period and publishes what it measured.
///
/// A meter that does not answer is no error of a poll: after `max-age` it is a fault (`meterLost`),
/// which ends with the next good reading. A station therefore starts with a silent meter too. One
/// that was lost is identified anew before it is believed: somebody may have replaced it.
package actor ModbusEnergyMeter: SigningMeterDriver {
    private let host: any DriverHost
    private let bus: ModbusBus
    private let model: MeterModel
    private let period: Milliseconds
    private let maximumAge: Milliseconds
    private let isInverted: Bool

    private let meter: MeterDialogue
    private let signer: SigningDialogue?
    private var plausibility: MeterPlausibility
    private var isIdentified = false
    /// The last good reading, or the start of waiting for the first one.
    private var lastReading: Instant?
    /// The last one in which nothing was missing that a station needs.
    private var lastComplete: Instant?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        let bus = try ModbusDevice.bus(of: host)
        do throws(RegisterMapError) {
            model = try MeterModels.load(configuration.text("model"))
        } catch {
            throw DriverError(
                .configuration, device: host.device, "\(error)", remedy: "Correct the model file.")
        }
        self.host = host
        self.bus = bus
        let unit = ModbusUnit(configuration)
        meter = MeterDialogue(model, unit, on: bus)
        signer =
            ModbusEnergyMeterPlugin.features(of: configuration).isEmpty
            ? nil : SigningDialogue(model, on: BusSigningLine(bus: bus, unit: unit))
        period = configuration.quantity("poll-period")
        maximumAge = configuration.quantity("max-age")
        isInverted = configuration.flag("inverted")
        plausibility = MeterPlausibility(model)
    }

    // MARK: Lifecycle

    /// Identifies the meter where its model allows.
    ///
    /// - Throws: `wrong-device` where another meter answers. A silent one is not an error here.
    package func configure() async throws(DriverError) {
        lastReading = host.now()
        do throws(FieldBusError) {
            try await identify()
        } catch {
            host.log(.warning, "meter does not answer yet", ["reason": error.what])
        }
        if let wrong = wrongDevice { throw wrong }
    }

    package func activate() async throws(DriverError) {}

    package func poll() async -> Milliseconds {
        let start = host.now()
        lastReading = lastReading ?? start
        do throws(FieldBusError) {
            if !isIdentified { try await identify() }
            try await readOnce()
            try await sign()
        } catch {
            host.log(
                .debug, "meter reading failed",
                ["code": error.code.rawValue, "reason": error.what])
            judgeAge(error.what)
        }
        // Readings stay on their beat; one that took longer than a period is followed at once.
        let pause = max(Milliseconds(1), start + period - host.now())
        // Somebody waits for what is to be signed.
        return signer?.isSettled == false ? min(pause, Self.signingPause) : pause
    }

    /// Between two steps of signing. Chosen: a driver in front of the station does not notice.
    package static let signingPause = Milliseconds(200)

    // MARK: Signing

    package func order(_ order: SigningOrder) async { signer?.order = order }

    private func sign() async throws(FieldBusError) {
        guard let signer, wrongDevice == nil else { return }
        let report = try await signer.work(at: host.now())
        host.fault(
            .signedValuesMissing, holds: signer.problem != nil,
            signer.problem.map { "signed record: \($0)" } ?? "")
        if let report { host.publish(report) }
    }

    package func deactivate() async {}

    package func cleanup() async {
        isIdentified = false
        (lastReading, lastComplete) = (nil, nil)
    }

    // MARK: Reading

    private func readOnce() async throws(FieldBusError) {
        if let wrongDevice { return judgeAge(wrongDevice.what) }
        let wasPiecewise = meter.readsPiecewise
        // The oldest of several replies: a sample is no fresher than that.
        var oldest: Instant?
        let (dump, _) = try await meter.read { oldest = oldest ?? host.now() }
        if meter.readsPiecewise, !wasPiecewise {
            host.log(.info, "meter refuses long reads; reading piecewise", [:])
        }
        let at = oldest ?? host.now()
        var reading = model.decode(dump)
        plausibility.judge(&reading, at: at)
        host.publish(
            MeterSample(reading, phases: model.phases, isInverted: isInverted, at: at))
        lastReading = host.now()
        host.fault(.meterLost, holds: false, "")
        let problems = reading.implausible.map(\.detail) + missing(reading, at: at)
        host.fault(
            .meterImplausible, holds: !problems.isEmpty, problems.joined(separator: "; "))
    }

    /// What a station needs and the meter has said nothing of for longer than `max-age`.
    private func missing(_ reading: MeterReading, at now: Instant) -> [String] {
        let absent = MeterQuantity.required.filter { reading.values[$0] == nil }
        guard !absent.isEmpty, let since = lastComplete ?? lastReading else {
            lastComplete = now
            return []
        }
        lastComplete = since
        guard now - since > maximumAge else { return [] }
        return absent.map { "\($0.rawValue) has no value for \(now - since)" }
    }

    private func judgeAge(_ why: String) {
        guard let lastReading else { return }
        let age = host.now() - lastReading
        if age > maximumAge {
            isIdentified = false
            signer?.forget()
            host.fault(.meterLost, holds: true, "no reading for \(age): \(why)")
        }
    }

    // MARK: Identity

    private func identify(evenAtRest: Bool = false) async throws(FieldBusError) {
        try await meter.identify(evenAtRest: evenAtRest)
        isIdentified = meter.wrong == nil
    }

    private var wrongDevice: DriverError? {
        meter.wrong.map {
            DriverError(
                .wrongDevice, device: host.device,
                "Modbus address \(meter.unit.address) on bus \(bus.name) \($0)",
                remedy: "Set the model that is fitted, or correct the address.")
        }
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        do throws(FieldBusError) {
            try await identify(evenAtRest: true)
            let (dump, replies) = try await meter.read(evenAtRest: true)
            return report(dump, replies)
        } catch {
            throw wrongDevice ?? DriverError(error, device: host.device)
        }
    }

    private func report(_ dump: RegisterDump, _ replies: [ModbusReply]) -> ProbeReport {
        var report = ProbeReport(
            identity:
                "\(model.maker) \(model.title), Modbus address \(meter.unit.address) on bus \(bus.name)"
                + (meter.identity.isEmpty ? "" : ", \(meter.identity)"))
        if let wrongDevice {
            report.values.append(.init(name: "problem", text: wrongDevice.what))
        }
        report.values += model.describe(dump).map {
            .init(name: $0.name, text: $0.text, raw: $0.raw)
        }
        report.replyTimes = replies.map(\.microseconds)
        return report
    }
}

/// A meter's address on a bus.
private struct BusSigningLine: SigningLine {
    let bus: ModbusBus
    let unit: ModbusUnit
    func exchange(_ request: ModbusRequest) async throws(FieldBusError) -> ModbusReply {
        try await bus.exchange(request, with: unit)
    }
}
