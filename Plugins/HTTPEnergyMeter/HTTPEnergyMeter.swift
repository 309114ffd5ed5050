package import DriverKit
package import EVSEModel
internal import FieldBus

/// Reads one meter at its period, publishes what it measured, and has it sign transactions.
///
/// A meter that does not answer is no error of a poll: after `max-age` it is a fault (`meterLost`),
/// which ends with the next good reading. A station therefore starts with a silent meter too. One
/// that was lost is identified anew before it is believed: somebody may have replaced it.
package actor HTTPEnergyMeter: SigningMeterDriver {
    private let host: any DriverHost
    private let bus: HTTPBus
    private let talk: any MeterTalk
    private let serial: String
    private let period: Milliseconds
    private let maximumAge: Milliseconds

    private let signer: TransactionDialogue?
    private var imported = EnergyWatch()
    private var exported = EnergyWatch()
    private var identity: MeterIdentity?
    /// The last good reading, or the start of waiting for the first one.
    private var lastReading: Instant?
    /// The last one in which nothing was missing that a station needs.
    private var lastComplete: Instant?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        guard let bus = host.bus as? HTTPBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no bus of kind http",
                remedy: "Name a bus of kind http with the meter's address.")
        }
        self.host = host
        self.bus = bus
        let talk = HTTPEnergyMeterPlugin.talk(configuration, BusLine(bus: bus))
        self.talk = talk
        signer =
            HTTPEnergyMeterPlugin.features(of: configuration).isEmpty
            ? nil : TransactionDialogue(talk, HTTPEnergyMeterPlugin.limits(configuration))
        serial = configuration.text("serial-number")
        period = configuration.quantity("poll-period")
        maximumAge = configuration.quantity("max-age")
    }

    // MARK: Lifecycle

    /// - Throws: `wrong-device` where something else answers. A silent one is not an error here.
    package func configure() async throws(DriverError) {
        lastReading = host.now()
        do throws(MeterTrouble) {
            try await identify()
        } catch {
            host.log(.info, "meter is silent so far", ["reason": error.words])
        }
        if let wrongDevice { throw wrongDevice }
    }

    package func activate() async throws(DriverError) {}

    package func poll() async -> Milliseconds {
        let start = host.now()
        lastReading = lastReading ?? start
        do throws(MeterTrouble) {
            if !isIdentified { try await identify() }
            if let reading = try await readOnce() { try await sign(reading) }
        } catch {
            host.log(.debug, "meter reading failed", ["reason": error.words])
            judgeAge(error.words)
        }
        // Readings stay on their beat; one that took longer than a period is followed at once.
        let pause = max(Milliseconds(1), start + period - host.now())
        // Somebody waits for what is to be signed.
        return signer?.isSettled == false ? min(pause, Self.signingPause) : pause
    }

    /// Between two steps of signing, as makers' own examples repeat a request [S].
    package static let signingPause = Milliseconds(200)

    package func deactivate() async {}

    package func cleanup() async {
        identity = nil
        (lastReading, lastComplete) = (nil, nil)
    }

    // MARK: Signing

    package func order(_ order: SigningOrder) async { signer?.order = order }

    private func sign(_ reading: DirectReading) async throws(MeterTrouble) {
        guard let signer else { return }
        let report = try await signer.work(reading, at: host.now())
        host.fault(
            .signedValuesMissing, holds: signer.problem != nil,
            signer.problem.map { "signed record: \($0)" } ?? "")
        if let report { host.publish(report) }
    }

    // MARK: Reading

    /// - Returns: `nil` where another device answers.
    private func readOnce() async throws(MeterTrouble) -> DirectReading? {
        if let wrongDevice {
            judgeAge(wrongDevice.what)
            return nil
        }
        var reading = try await talk.read()
        let at = host.now()
        if let value = reading.imported,
            let why = imported.judge(value, watts: reading.watts, at: at)
        {
            reading.imported = nil
            reading.implausible.append("imported energy \(why)")
        }
        if let value = reading.exported,
            let why = exported.judge(value, watts: reading.watts.map { -$0 }, at: at)
        {
            reading.exported = nil
            reading.implausible.append("exported energy \(why)")
        }
        host.publish(MeterSample(reading, at: at))
        lastReading = at
        host.fault(.meterLost, holds: false, "")
        let problems = reading.implausible + missing(reading, at: at)
        host.fault(
            .meterImplausible, holds: !problems.isEmpty, problems.joined(separator: "; "))
        return reading
    }

    /// What a station needs and the meter has said nothing of for longer than `max-age`.
    private func missing(_ reading: DirectReading, at now: Instant) -> [String] {
        let absent = reading.missing
        guard !absent.isEmpty, let since = lastComplete else {
            lastComplete = now
            return []
        }
        guard now - since > maximumAge else { return [] }
        return absent.map { "\($0) has no value for \(now - since)" }
    }

    private func judgeAge(_ why: String) {
        guard let lastReading else { return }
        let age = host.now() - lastReading
        if age > maximumAge {
            identity = nil
            signer?.forget()
            host.fault(.meterLost, holds: true, "no reading for \(age): \(why)")
        }
    }

    // MARK: Identity

    private var isIdentified: Bool { identity.map { $0.wrong == nil } ?? false }

    private func identify() async throws(MeterTrouble) {
        var found = try await talk.identify(at: host.now())
        if found.wrong == nil, !serial.isEmpty, found.serial != serial {
            found.wrong = "has serial number \(found.serial), and \(serial) belongs here"
        }
        identity = found
    }

    private var wrongDevice: DriverError? {
        identity?.wrong.map {
            DriverError(
                .wrongDevice, device: host.device, "\(bus.socket) on bus \(bus.name) \($0)",
                remedy: "Set the model and serial number that are fitted, or correct the address.")
        }
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        do throws(MeterTrouble) {
            try await identify()
            if wrongDevice == nil { return report(try await talk.read()) }
        } catch {
            throw error.driverError(host.device)
        }
        throw wrongDevice
            ?? DriverError(
                .badReply, device: host.device, "no meter answers", remedy: "Check the address.")
    }

    private func report(_ reading: DirectReading) -> ProbeReport {
        let who = identity
        var report = ProbeReport(
            identity: "\(who?.title ?? ""), serial number \(who?.serial ?? "") at \(bus.socket)"
                + (who.map { $0.version.isEmpty ? "" : ", firmware \($0.version)" } ?? ""))
        let values: [(String, Double?, String)] = [
            ("voltage", reading.volts, "V"), ("current", reading.amperes, "A"),
            ("total-power", reading.watts, "W"), ("energy-import", reading.imported, "Wh"),
            ("energy-export", reading.exported, "Wh"),
        ]
        report.values = values.map { name, value, unit in
            .init(name: name, text: value.map { "\($0) \(unit)" } ?? "no credible value")
        }
        report.values += reading.implausible.map { .init(name: "problem", text: $0) }
        return report
    }
}

extension MeterTrouble {
    func driverError(_ device: DeviceID) -> DriverError {
        switch self {
        case .silent(let error): DriverError(error, device: device)
        case .refused(let what):
            DriverError(.refused, device: device, what, remedy: "See the meter's manual.")
        case .unclear(let what):
            DriverError(
                .badReply, device: device, what, remedy: "Check that the address is the meter's.")
        }
    }
}

/// A meter's address on its bus.
private struct BusLine: HTTPLine {
    let bus: HTTPBus
    func call(_ call: HTTPCall) async throws(FieldBusError) -> HTTPReply {
        try await bus.call(call)
    }
}
