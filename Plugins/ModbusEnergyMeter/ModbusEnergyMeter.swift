package import DriverKit
package import EVSEModel
internal import FieldBus

/// Reads one meter at its period and publishes what it measured.
///
/// A meter that does not answer is no error of a poll: after `max-age` it is a fault (`meterLost`),
/// which ends with the next good reading. A station therefore starts with a silent meter too.
package actor ModbusEnergyMeter: BusDriver {
    private let host: any DriverHost
    private let bus: ModbusBus
    private let unit: ModbusUnit
    private let model: MeterModel
    private let period: Milliseconds
    private let maximumAge: Milliseconds
    private let isInverted: Bool

    private var blocks: [RegisterBlock]
    private var plausibility: MeterPlausibility
    private var isIdentified = false
    /// The last good reading, or the start of waiting for the first one.
    private var lastReading: Instant?
    private var identity = ""

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        guard let bus = host.bus as? ModbusBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no Modbus bus",
                remedy: "Name a bus of kind modbus-rtu.")
        }
        do throws(MeterModelError) {
            model = try MeterModels.load(configuration.text("model"))
        } catch {
            throw DriverError(
                .configuration, device: host.device, "\(error)", remedy: "Correct the model file.")
        }
        self.host = host
        self.bus = bus
        unit = ModbusUnit(
            UInt8(clamping: configuration.number("address")),
            replyTimeout: configuration.has("reply-timeout")
                ? configuration.quantity("reply-timeout") : nil,
            retries: configuration.has("retries") ? Int(configuration.number("retries")) : nil,
            pause: configuration.quantity("pause"))
        period = configuration.quantity("poll-period")
        maximumAge = configuration.quantity("max-age")
        isInverted = configuration.flag("inverted")
        blocks = ModbusEnergyMeterPlugin.plan(model)
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
        } catch {
            host.log(
                .debug, "meter reading failed",
                ["code": error.code.rawValue, "reason": error.what])
            judgeAge(error.what)
        }
        // Readings stay on their beat; one that took longer than a period is followed at once.
        return max(Milliseconds(1), start + period - host.now())
    }

    package func deactivate() async {}

    package func cleanup() async {
        isIdentified = false
        lastReading = nil
    }

    // MARK: Reading

    private func readOnce() async throws(FieldBusError) {
        if let wrongDevice { return judgeAge(wrongDevice.what) }
        let (dump, at, _) = try await readBlocks()
        var reading = model.decode(dump)
        plausibility.judge(&reading, at: at)
        host.publish(
            MeterSample(reading, phases: model.phases, isInverted: isInverted, at: at))
        lastReading = host.now()
        host.fault(.meterLost, holds: false, "")
        host.fault(
            .meterImplausible, holds: !reading.implausible.isEmpty,
            reading.implausible.map(\.detail).joined(separator: "; "))
    }

    private func readBlocks(
        evenAtRest: Bool = false
    ) async throws(FieldBusError) -> (RegisterDump, Instant, [ModbusReply]) {
        var dump = RegisterDump()
        var replies = [ModbusReply]()
        var at: Instant?
        do throws(FieldBusError) {
            for block in blocks {
                let reply = try await bus.read(
                    model.table, at: block.address, count: block.count, from: unit,
                    evenAtRest: evenAtRest)
                // The oldest of several replies: a sample is no fresher than that.
                at = at ?? host.now()
                dump.add(block, reply.registers)
                replies.append(reply)
            }
        } catch {
            // Some firmware refuses to read unused registers along: from now on without them.
            let exact = ModbusEnergyMeterPlugin.plan(model, maximumGap: 0)
            guard error.exception == 2 || error.exception == 3, exact != blocks else { throw error }
            host.log(
                .info, "meter refuses long reads; reading piecewise",
                ["reads": "\(exact.count)"])
            blocks = exact
            return try await readBlocks(evenAtRest: evenAtRest)
        }
        return (dump, at ?? host.now(), replies)
    }

    private func judgeAge(_ why: String) {
        guard let lastReading else { return }
        let age = host.now() - lastReading
        if age > maximumAge {
            host.fault(.meterLost, holds: true, "no reading for \(age): \(why)")
        }
    }

    // MARK: Identity

    private var wrongDevice: DriverError?

    /// Asks for what the model knows to ask; a meter that refuses the question stays anonymous.
    private func identify(evenAtRest: Bool = false) async throws(FieldBusError) {
        var found = [String]()
        wrongDevice = nil
        for question in model.identities {
            do throws(FieldBusError) {
                let reply = try await bus.read(
                    question.table, at: question.address, count: question.count, from: unit,
                    priority: .setup, evenAtRest: evenAtRest)
                found.append(answer(question, reply))
            } catch {
                guard error.code == .exception else { throw error }
            }
        }
        identity = found.joined(separator: ", ")
        isIdentified = wrongDevice == nil
    }

    private func answer(_ question: MeterModel.Identity, _ reply: ModbusReply) -> String {
        let answer = model.answer(question, reply.registers)
        if !answer.isExpected {
            wrongDevice = DriverError(
                .wrongDevice, device: host.device,
                "Modbus address \(unit.address) on bus \(bus.name) says \(answer.text), which is no \(model.name)",
                remedy: "Set the model that is fitted, or correct the address.")
        }
        return answer.text
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        do throws(FieldBusError) {
            try await identify(evenAtRest: true)
            let (dump, _, replies) = try await readBlocks(evenAtRest: true)
            return report(dump, replies)
        } catch {
            throw wrongDevice ?? DriverError(error, device: host.device)
        }
    }

    private func report(_ dump: RegisterDump, _ replies: [ModbusReply]) -> ProbeReport {
        var report = ProbeReport(
            identity:
                "\(model.maker) \(model.title), Modbus address \(unit.address) on bus \(bus.name)"
                + (identity.isEmpty ? "" : ", \(identity)"))
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
