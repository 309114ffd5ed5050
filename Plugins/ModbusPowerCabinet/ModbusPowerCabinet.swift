package import DriverKit
package import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// Works a simple cabinet: a heartbeat each way, what each outlet shall give, what it says of itself.
///
/// The cabinet switches off by itself where the heartbeat ends; a cabinet that does not take watchdog and fallback is
/// not used.
package actor ModbusPowerCabinet: BusDriver {
    private struct Outlet {
        var told: [UInt16]?
        var toldAt = Instant.zero
        var sequence: UInt16 = 0
        /// Looks in a row that found another command in force.
        var disobediences = 0
        var bestPower = 0.0
    }
    private let host: any DriverHost
    private let bus: ModbusBus
    private let dialogue: CabinetDialogue
    private let period: Milliseconds
    private let watchdog: Milliseconds
    private let maximumAge: Milliseconds
    private let firstOutlet: Int

    private var outlets: [Outlet]
    private var isActive = false
    private var isSetUp = false
    /// Why it may not be used; `nil` where nothing speaks against it.
    private var unfit: String?
    private var beat: UInt16 = 0
    private var lookedAt: Instant?
    private var dueAt = Instant.zero
    private var cabinetBeat: (count: UInt16, changedAt: Instant)?

    /// Chosen: what the loop wants is looked at this often.
    private static let attention = Milliseconds(20)
    /// A command is told again after so long: the outlet's own watchdog wants it (docs/power-cabinet-protocol.md, 4).
    private let renewal: Milliseconds
    private static let looksToFault = 5

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        let bus = try ModbusDevice.bus(of: host)
        let model: CabinetModel
        do throws(RegisterMapError) {
            model = try CabinetModels.load(configuration.text("model"))
        } catch {
            throw DriverError(
                .configuration, device: host.device, "\(error)", remedy: "Correct the model file.")
        }
        self.host = host
        self.bus = bus
        dialogue = CabinetDialogue(model: model, bus: bus, unit: ModbusUnit(configuration))
        period = configuration.quantity("poll-period")
        watchdog = ModbusPowerCabinetPlugin.watchdog(model, configuration)
        renewal = min(Milliseconds(1000), Milliseconds(watchdog.count / 3))
        maximumAge = configuration.quantity("max-age")
        firstOutlet = max(0, Int(configuration.number("first-outlet")) - 1)
        let count = max(1, min(host.sourceCount, model.mostOutlets - firstOutlet))
        outlets = Array(repeating: Outlet(), count: count)
    }

    // MARK: Lifecycle

    /// - Throws: `wrong-device` where another device answers, `refused` where it takes no watchdog. A silent one is
    ///   not an error here.
    package func configure() async throws(DriverError) {
        lookedAt = host.now()
        dueAt = .zero
        do throws(FieldBusError) {
            try await setUp()
        } catch {
            host.log(.warning, "cabinet does not answer yet", ["reason": error.what])
        }
        if let unfit { throw wrongDevice(unfit) }
    }

    package func activate() async throws(DriverError) { isActive = true }

    package func poll() async -> Milliseconds {
        let start = host.now()
        let isDue = start >= dueAt
        if isDue { dueAt = start + period }
        do throws(FieldBusError) {
            if isDue, !isSetUp { try await setUp() }
            if let unfit {
                judge(wrongDevice(unfit).what)
            } else if isSetUp {
                if isDue { try await dialogue.beat(nextBeat) }
                for index in outlets.indices { try await tell(index, start) }
                if isDue { try await look() }
            }
        } catch {
            for index in outlets.indices { outlets[index].told = nil }
            host.log(
                .debug, "exchange with the cabinet failed",
                ["code": error.code.rawValue, "reason": error.what])
            judge(error.what)
        }
        let now = host.now()
        let isBusy = outlets.indices.contains { host.sourceCommand($0).purpose != .none }
        return max(Milliseconds(1), isBusy ? min(dueAt - now, Self.attention) : dueAt - now)
    }

    /// Switches every outlet off.
    package func deactivate() async {
        guard isActive else { return }
        isActive = false
        guard isSetUp else { return }
        for index in outlets.indices {
            do throws(FieldBusError) {
                try await tell(index, host.now())
            } catch {
                // The cabinet's watchdog does it.
                host.log(.warning, "outlet was not switched off", ["reason": error.what])
            }
        }
    }

    package func cleanup() async {
        isActive = false
        forget()
        // Only here: a heartbeat that stands still is no life, however often the cabinet is set up anew.
        cabinetBeat = nil
        lookedAt = nil
    }

    private func forget() {
        isSetUp = false
        unfit = nil
        for index in outlets.indices {
            outlets[index].told = nil
            outlets[index].disobediences = 0
        }
    }

    private var nextBeat: UInt16 {
        beat &+= 1
        return beat
    }

    private func setUp() async throws(FieldBusError) {
        unfit = try await dialogue.identify()
        guard unfit == nil else { return }
        if let what = try await dialogue.secure(watchdog) {
            unfit = "does not take its \(what): nothing would switch it off without the station"
            return
        }
        isSetUp = true
        host.log(.info, "cabinet is set up", ["model": dialogue.model.name])
    }

    // MARK: Orders

    private func tell(_ index: Int, _ now: Instant) async throws(FieldBusError) {
        let command = host.sourceCommand(index)
        let reading = host.outletReading(index)
        let isFresh = command.at > .zero && now - command.at <= PowerSourceCommand.maximumAge
        let isWanted = isActive && isFresh && command.isOn
        let wanted = dialogue.model.words.map { word -> UInt16 in
            switch word {
            case .enable: isWanted ? 1 : 0
            case .purpose: isActive && isFresh ? UInt16(command.purpose.rawValue) : 0
            case .voltage:
                isWanted ? Self.register(command.voltage.double, dialogue.model.voltageScale) : 0
            case .current:
                isWanted ? Self.register(command.current.double, dialogue.model.currentScale) : 0
            case .flags:
                (reading.isPlugged ? 1 : 0) | (reading.isContactorClosed ? 2 : 0)
                    | (reading.isEmergencyStopPressed ? 4 : 0)
            case .stop: UInt16(command.stop.rawValue)
            case .sequence: 0
            }
        }
        guard outlets[index].told != wanted || now - outlets[index].toldAt >= renewal else {
            return
        }
        var words = wanted
        if outlets[index].told != wanted { outlets[index].sequence &+= 1 }
        if let place = dialogue.model.words.firstIndex(of: .sequence) {
            words[place] = outlets[index].sequence
        }
        try await dialogue.order(firstOutlet + index, words)
        outlets[index].told = wanted
        outlets[index].toldAt = now
    }

    /// Rounded down: never more than was wanted.
    private static func register(_ value: Double, _ scale: Double) -> UInt16 {
        // A small part of a step is the binary fraction's, and no less was wanted.
        UInt16(max(0, min(65_535, (value / scale + 1e-6).rounded(.down))))
    }

    // MARK: Looks

    private func look() async throws(FieldBusError) {
        let start = host.now()
        let station = try await dialogue.station()
        if hasRestarted(station, at: start) {
            host.log(.warning, "cabinet started anew", [:])
            return forget()
        }
        guard isAlive(station, at: start) else {
            return judge("the cabinet's heartbeat stands still")
        }
        var trouble = [String]()
        if station.isFaulty { trouble.append("the cabinet is faulty") }
        if station.alarms.contains(where: { $0 != 0 }) {
            let words = station.alarms.map { String($0, radix: 16, uppercase: true) }
            trouble.append("alarms \(words.joined(separator: " "))")
        }
        for index in outlets.indices {
            let seen = try await dialogue.outlet(firstOutlet + index)
            publish(index, seen, station, at: start)
            trouble += complaints(index, seen)
        }
        lookedAt = start
        host.fault(.powerCabinetLost, holds: false, "")
        host.fault(
            .powerModuleFault, holds: !trouble.isEmpty, trouble.joined(separator: "; "))
    }

    /// Its count went back: it has forgotten watchdog and commands, and is set up anew.
    private func hasRestarted(_ station: CabinetDialogue.Station, at now: Instant) -> Bool {
        guard let count = station.beat, let last = cabinetBeat, count &- last.count > 0x7FFF
        else { return false }
        cabinetBeat = (count, now)
        return true
    }

    private func isAlive(_ station: CabinetDialogue.Station, at now: Instant) -> Bool {
        guard let count = station.beat else { return true }
        if let last = cabinetBeat, last.count == count { return now - last.changedAt <= maximumAge }
        cabinetBeat = (count, now)
        return true
    }

    private func publish(
        _ index: Int, _ seen: CabinetDialogue.Outlet, _ station: CabinetDialogue.Station,
        at now: Instant
    ) {
        func number(_ field: CabinetModel.Field) -> Double { max(0, seen.numbers[field] ?? 0) }
        var sample = PowerSourceSample()
        sample.at = now
        sample.voltage = Volts(exactly: number(.voltage)) ?? .zero
        sample.current = Amperes(exactly: number(.current)) ?? .zero
        sample.maximumVoltage = Volts(exactly: number(.maximumVoltage)) ?? .zero
        sample.minimumVoltage = Volts(exactly: number(.minimumVoltage)) ?? .zero
        sample.maximumCurrent = Amperes(exactly: number(.maximumCurrent)) ?? .zero
        sample.maximumPower = Watts(exactly: number(.maximumPower)) ?? .zero
        sample.temperature = seen.numbers[.temperature].flatMap { Celsius(exactly: $0) }
        outlets[index].bestPower = max(outlets[index].bestPower, number(.maximumPower))
        sample.isDerated = seen.isDerated || number(.maximumPower) < outlets[index].bestPower
        sample.isOn = seen.isOn
        sample.isReady = station.isReady && seen.isAvailable && !seen.isFaulty && seen.fault == 0
        if seen.isFaulty || seen.fault != 0 { sample.faults.raise(.powerModuleFault) }
        host.publish(sample, source: index)
    }

    private func complaints(_ index: Int, _ seen: CabinetDialogue.Outlet) -> [String] {
        var words = [String]()
        if seen.isFaulty || seen.fault != 0 {
            let code = String(seen.fault, radix: 16, uppercase: true)
            words.append("outlet \(index + 1) fault \(code)")
        }
        guard let sequence = seen.sequence, dialogue.model.words.contains(.sequence) else {
            return words
        }
        let obeys = sequence == outlets[index].sequence || outlets[index].told == nil
        outlets[index].disobediences = obeys ? 0 : min(outlets[index].disobediences + 1, 1000)
        if outlets[index].disobediences >= Self.looksToFault {
            words.append("outlet \(index + 1) does not follow its commands")
            outlets[index].told = nil
        }
        return words
    }

    private func judge(_ reason: String) {
        guard let lookedAt, host.now() - lookedAt > maximumAge else { return }
        forget()
        host.fault(.powerCabinetLost, holds: true, reason)
    }

    private func wrongDevice(_ why: String) -> DriverError {
        DriverError(
            .wrongDevice, device: host.device, "\(dialogue.place) \(why)",
            remedy: "Correct model or address, or update the cabinet's software.")
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        do throws(FieldBusError) {
            if let why = try await dialogue.identify(evenAtRest: true) { unfit = why }
            return try await report()
        } catch {
            throw DriverError(error, device: host.device)
        }
    }

    private func report() async throws(FieldBusError) -> ProbeReport {
        let model = dialogue.model
        var report = ProbeReport(identity: "\(model.maker) \(model.title)")
        if let unfit { report.identity += "; \(unfit)" }
        let station = try await dialogue.station(evenAtRest: true)
        report.values.append(.init(name: "state", text: "\(station.state)"))
        for index in outlets.indices {
            let seen = try await dialogue.outlet(firstOutlet + index, evenAtRest: true)
            for field in CabinetModel.Field.allCases {
                guard let value = seen.numbers[field] else { continue }
                report.values.append(
                    .init(name: "outlet \(index + 1) \(field.rawValue)", text: "\(value)"))
            }
        }
        return report
    }
}
