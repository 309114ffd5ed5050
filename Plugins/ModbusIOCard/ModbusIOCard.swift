package import DriverKit
package import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// Reads one card's inputs, switches its outputs as the control loop wants them, and sees that they are
/// switched so.
///
/// Outputs are written where they change, and where the card reads otherwise: it may have started anew, or
/// somebody else works it. A card that does not answer is a fault after `max-age`; it is identified and set
/// up anew before it is believed again. Where no loop says what it wants, everything is off.
package actor ModbusIOCard: BusDriver {
    private let host: any DriverHost
    private let bus: ModbusBus
    private let dialogue: CardDialogue
    private let period: Milliseconds
    private let maximumAge: Milliseconds
    private let watchdog: Milliseconds?

    private var isSetUp = false
    /// Why it is another device than the model's; `nil` where nothing speaks against it.
    private var wrong: String?
    private var identity = ""
    /// What its outputs were last told; `nil` while nobody knows what they are.
    private var told: UInt32?
    /// Of the last good look.
    private var lookedAt: Instant?
    private var dueAt = Instant.zero
    /// Looks in a row that found outputs otherwise than told.
    private var differences = 0
    private var toldAgainAt = Instant.zero
    /// Writes to memories that wear out, by address, in this driver's life.
    private var worn = [UInt16: Int]()

    /// What the loop wants is looked at this often: a copy of a few bytes. Chosen: a lamp that blinks twice a
    /// second is seen to.
    private static let attention = Milliseconds(50)
    /// Chosen: one look may fall into a card's start; three in a row do not.
    private static let differencesToFault = 3
    /// Chosen: how often a card that does not obey is told again.
    private static let patience = Milliseconds.seconds(5)
    /// Chosen: as of EVSE controllers' settings.
    private static let mostWrites = 5

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        let bus = try ModbusDevice.bus(of: host)
        let model: CardModel
        do throws(RegisterMapError) {
            model = try CardModels.load(configuration.text("model"))
        } catch {
            throw DriverError(
                .configuration, device: host.device, "\(error)", remedy: "Correct the model file.")
        }
        self.host = host
        self.bus = bus
        period = configuration.quantity("poll-period")
        maximumAge = configuration.quantity("max-age")
        watchdog = ModbusIOCardPlugin.watchdog(model, configuration)
        let unit = ModbusUnit(configuration, pause: model.pause)
        dialogue = CardDialogue(
            model, unit, on: bus, outputs: ModbusIOCardPlugin.outputs(model, configuration),
            inputs: ModbusIOCardPlugin.inputs(model, configuration))
    }

    // MARK: Lifecycle

    /// - Throws: `wrong-device` where another device answers. A silent one is not an error here.
    package func configure() async throws(DriverError) {
        lookedAt = host.now()
        dueAt = .zero
        do throws(FieldBusError) {
            try await setUp()
        } catch {
            host.log(.warning, "card does not answer yet", ["reason": error.what])
        }
        if let wrong { throw wrongDevice(wrong) }
    }

    package func activate() async throws(DriverError) {}

    package func poll() async -> Milliseconds {
        let start = host.now()
        let wanted = wantedLevels(at: start)
        let isDue = start >= dueAt
        guard isDue || (told != nil && told != wanted) else { return rest(at: start) }
        if isDue { dueAt = start + period }
        do throws(FieldBusError) {
            if !isSetUp { try await setUp() }
            if let wrong {
                judgeAge(wrongDevice(wrong).what)
            } else if isDue {
                try await look(wanted)
            } else {
                try await tell(wanted)
            }
        } catch {
            told = nil
            host.log(
                .debug, "exchange with the card failed",
                ["code": error.code.rawValue, "reason": error.what])
            judgeAge(error.what)
        }
        return rest(at: host.now())
    }

    /// Switches everything off.
    package func deactivate() async {
        guard isSetUp, wrong == nil else { return }
        // Nobody polls any more: what goes wrong here stays wrong.
        for attempt in 1...3 {
            do throws(FieldBusError) {
                try await dialogue.write(0, before: nil, evenAtRest: true)
                told = 0
                return
            } catch {
                host.log(
                    .warning, "card was not switched off",
                    ["reason": error.what, "attempt": "\(attempt)"])
            }
        }
    }

    package func cleanup() async {
        forget()
        lookedAt = nil
    }

    private func forget() {
        isSetUp = false
        told = nil
        differences = 0
    }

    private func rest(at now: Instant) -> Milliseconds {
        let left = max(Milliseconds(1), dueAt - now)
        return dialogue.outputCount > 0 ? min(left, Self.attention) : left
    }

    // MARK: Setting up

    private func setUp() async throws(FieldBusError) {
        (told, wrong) = (nil, nil)
        switch try await dialogue.identify() {
        case .isAnother(let why):
            wrong = why
            return
        case .fits(let words): identity = words
        }
        for setting in dialogue.model.settings {
            try await keep(
                setting.value, at: setting.address, setting.name, wears: setting.isNonVolatile)
        }
        if let watchdog, let register = dialogue.model.watchdog {
            try await keep(
                UInt16(clamping: watchdog.count / register.scale), at: register.address, "watchdog",
                wears: register.isNonVolatile)
        }
        isSetUp = true
        host.log(.info, "card is set up", ["identity": identity])
    }

    /// Writes a setting where it differs; to a memory that wears out a few times in this driver's life at
    /// most. A card that does not take it is used all the same, and that is told.
    private func keep(
        _ value: UInt16, at address: UInt16, _ name: String, wears: Bool
    ) async throws(FieldBusError) {
        do throws(FieldBusError) {
            guard try await dialogue.setting(at: address) != value else { return }
            let writes = worn[address, default: 0]
            if wears {
                guard writes < Self.mostWrites else { return }
                worn[address] = writes + 1
            }
            try await dialogue.set(address, to: value)
            guard try await dialogue.setting(at: address) != value else { return }
            host.log(.warning, "card does not take a setting", ["setting": name])
        } catch {
            guard error.code == .exception else { throw error }
            host.log(
                .warning, "card refuses a setting", ["setting": name, "reason": error.what])
        }
    }

    // MARK: Looks

    private func wantedLevels(at now: Instant) -> UInt32 {
        let wanted = host.wantedOutputs
        guard wanted.at > .zero, now - wanted.at <= CardOutputs.maximumAge else { return 0 }
        let count = UInt32(dialogue.outputCount)
        return count >= 32 ? wanted.levels : wanted.levels & ((1 << count) - 1)
    }

    private func look(_ wanted: UInt32) async throws(FieldBusError) {
        let start = host.now()
        let inputs = try await dialogue.readInputs()?.levels
        if let inputs { host.publish(CardSample(inputs: inputs, at: start)) }
        if told != wanted { try await tell(wanted) }
        if let read = try await dialogue.readOutputs()?.levels { try await judge(read, wanted) }
        // A card without inputs shows by its outputs that it is there.
        if inputs == nil { host.publish(CardSample(inputs: 0, at: start)) }
        lookedAt = start
        host.fault(.cardLost, holds: false, "")
    }

    private func tell(_ wanted: UInt32) async throws(FieldBusError) {
        try await dialogue.write(wanted, before: told)
        told = wanted
    }

    /// What the outputs are, beside what they were told.
    private func judge(_ read: UInt32, _ wanted: UInt32) async throws(FieldBusError) {
        guard read != wanted else {
            differences = 0
            return host.fault(.cardDisobeys, holds: false, "")
        }
        differences = min(differences + 1, 1000)
        let now = host.now()
        if differences >= Self.differencesToFault {
            let place = (read ^ wanted).trailingZeroBitCount
            let isOn = read >> UInt32(place) & 1 == 1
            host.fault(
                .cardDisobeys, holds: true,
                "output \(place) is \(isOn ? "on" : "off") where \(isOn ? "off" : "on") was told")
            guard now - toldAgainAt >= Self.patience else { return }
        } else {
            host.log(.info, "card's outputs were changed by something else", [:])
        }
        toldAgainAt = now
        told = read
        try await tell(wanted)
    }

    private func judgeAge(_ reason: String) {
        guard let lookedAt, host.now() - lookedAt > maximumAge else { return }
        forget()
        host.fault(.cardLost, holds: true, reason)
    }

    private func wrongDevice(_ why: String) -> DriverError {
        DriverError(
            .wrongDevice, device: host.device, "\(dialogue.place) \(why)",
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
        var report = ProbeReport(identity: "\(dialogue.model.maker) \(dialogue.model.title)")
        switch try await dialogue.identify(evenAtRest: true) {
        case .isAnother(let why): return .failure(wrongDevice(why))
        case .fits(let words): if !words.isEmpty { report.identity += ", \(words)" }
        }
        if let (levels, reply) = try await dialogue.readInputs(evenAtRest: true) {
            report.add("input", levels, dialogue.inputCount, reply)
        }
        if let (levels, reply) = try await dialogue.readOutputs(evenAtRest: true) {
            report.add("output", levels, dialogue.outputCount, reply)
        }
        return .success(report)
    }
}

extension ProbeReport {
    fileprivate mutating func add(
        _ noun: String, _ levels: UInt32, _ count: Int, _ reply: ModbusReply
    ) {
        for place in 0..<count {
            values.append(
                .init(
                    name: "\(noun) \(place)", text: levels >> UInt32(place) & 1 == 1 ? "on" : "off")
            )
        }
        replyTimes.append(reply.microseconds)
    }
}
