package import DriverKit
package import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// What is done with one EVSE controller, poll by poll: it is identified and set up, looked at, and told
/// what the control loop wants.
///
/// The loop decides; this passes on. A controller that does not answer is a fault after `max-age`,
/// no error of a poll. One that was lost, or that forgot what it was told (it started anew), is
/// identified and set up again before it is told anything.
///
/// Knows no thread and no bus: whoever made it calls it, one call at a time, and gives it the line.
package final class ControllerCourse {
    private let host: any DriverHost
    private let model: ControllerModel
    private let dialogue: ControllerDialogue
    private let period: Milliseconds
    private let maximumAge: Milliseconds
    private let responseTime: Milliseconds
    private let fallback: FallbackSettings?

    /// Why it is another device than the model's; `nil` where nothing speaks against it.
    private var wrong: String?
    private var identity = ""
    /// A of one count of its currents.
    private var scale: Double
    private var isSetUp = false
    /// What it must still read where it was told and has not started anew.
    private var told = Told()
    private var lastLook: Instant?
    private var difference = Difference()
    private var isEnding = false
    /// How often stored settings were written: their memory wears out.
    private var kept = [String: Int]()
    /// A stored setting was written and reads otherwise: looked at again with the next poll.
    private var isUntaken = false
    /// Chosen: writes of a stored setting that is not taken, in this driver's life.
    private static let mostWrites = 5

    private struct Told {
        var current: UInt16?
        var enable: UInt16?
    }
    /// Between what it was told to offer and what it offers.
    private struct Difference {
        var moreSince: Instant?
        var lessSince: Instant?
        var isLessTold = false
    }

    package init(
        _ model: ControllerModel, _ configuration: Configuration, host: any DriverHost,
        on line: any ControllerLine
    ) {
        self.model = model.placed(at: Int(configuration.number("controller")))
        self.host = host
        dialogue = ControllerDialogue(self.model, on: line)
        period = configuration.quantity("poll-period")
        maximumAge = configuration.quantity("max-age")
        responseTime = configuration.quantity("response-time")
        fallback = FallbackSettings(self.model, configuration)
        scale = model.current.scale
    }

    /// Silence after which the controller falls back by itself, and to what; `nil` where it never does.
    package var watchdog: (time: Milliseconds, current: Amperes)? {
        fallback.map { ($0.timeout, $0.current) }
    }

    // MARK: Lifecycle

    /// Identifies the controller and sets it up: watchdog, fallback and whatever its model asks for.
    ///
    /// - Throws: `wrong-device` where another device answers. A silent one is not an error here.
    package func configure() async throws(DriverError) {
        lastLook = host.now()
        isEnding = false
        do throws(FieldBusError) {
            try await setUp()
        } catch {
            host.log(.warning, "EVSE controller does not answer yet", ["reason": error.what])
        }
        if let wrongDevice { throw wrongDevice }
    }

    package func poll() async -> Milliseconds {
        let start = host.now()
        lastLook = lastLook ?? start
        do throws(FieldBusError) {
            if !isSetUp { try await setUp() }
            if isUntaken {
                isUntaken = false
                for setting in model.settings where setting.isNonVolatile {
                    try await keep(setting)
                }
            }
            if let wrongDevice {
                judgeAge(wrongDevice.what)
            } else {
                try await look()
            }
        } catch {
            host.log(
                .debug, "look at the EVSE controller failed",
                ["code": error.code.rawValue, "reason": error.what])
            judgeAge(error.what)
        }
        return max(Milliseconds(1), start + period - host.now())
    }

    /// Takes the offer away.
    package func deactivate() async {
        isEnding = true
        guard isSetUp, wrong == nil else { return }
        // Nobody polls any more: what goes wrong here stays wrong.
        for attempt in 1...3 {
            do throws(FieldBusError) {
                let (dump, _) = try await dialogue.read(evenAtRest: true)
                guard let sample = model.decode(dump, scale: scale) else { continue }
                return try await tell(ControllerCommand(), sample, dump)
            } catch {
                host.log(
                    .warning, "EVSE controller was not stopped",
                    ["reason": error.what, "attempt": "\(attempt)"])
            }
        }
    }

    package func cleanup() {
        isSetUp = false
        told = Told()
        difference = Difference()
        lastLook = nil
    }

    // MARK: Setting up

    private func setUp(evenAtRest: Bool = false) async throws(FieldBusError) {
        told = Told()
        try await identify(evenAtRest: evenAtRest)
        guard wrong == nil else { return }
        try await findScale()
        for setting in model.settings {
            if setting.isNonVolatile {
                try await keep(setting)
            } else {
                try await set(setting.register, to: setting.value, setting.name)
            }
        }
        if let fallback, let registers = model.fallback {
            try await set(
                registers.timeout,
                to: UInt16(clamping: Int(Double(fallback.timeout.count) / registers.timeoutScale)),
                "watchdog")
            let count = (fallback.current.double / registers.currentScale + 0.001).rounded(.down)
            try await set(registers.current, to: UInt16(clamping: Int(count)), "fallback-current")
        }
        guard wrong == nil else { return }
        isSetUp = true
        host.log(.info, "EVSE controller is set up", ["identity": identity])
    }

    private func identify(evenAtRest: Bool) async throws(FieldBusError) {
        (wrong, identity) = (nil, "")
        var found = [String]()
        for question in model.identities {
            do throws(FieldBusError) {
                let number = try await dialogue.number(question.register, evenAtRest: evenAtRest)
                guard let number, question.range.contains(number) else {
                    wrong = "says \(question.name) \(number ?? -1), which is no \(model.name)"
                    return
                }
                found.append("\(question.name) \(number)")
            } catch {
                guard error.code == .exception else { throw error }
                wrong = "refuses to say its \(question.name), so it is no \(model.name)"
                return
            }
        }
        identity = found.joined(separator: ", ")
    }

    private func findScale() async throws(FieldBusError) {
        scale = model.current.scale
        guard let fine = model.fine else { return }
        for condition in fine.conditions {
            let number = try await dialogue.number(condition.register)
            guard let number, number >= condition.least else { return }
        }
        scale = fine.scale
    }

    /// Writes to a memory that wears out: where it differs, and once in this driver's life. Where it is
    /// not taken, a few times.
    /// A controller that does not take the number is used all the same.
    private func keep(_ setting: ControllerModel.Setting) async throws(FieldBusError) {
        do throws(FieldBusError) {
            guard try await dialogue.number(setting.register) != Int64(setting.value) else {
                return
            }
            let writes = kept[setting.name, default: 0]
            guard writes < Self.mostWrites else {
                return host.log(
                    .warning, "EVSE controller's stored setting is not what was written",
                    ["setting": setting.name])
            }
            kept[setting.name] = writes + 1
            host.log(
                .info, "EVSE controller's stored setting is changed",
                ["setting": setting.name, "to": "\(setting.value)"])
            try await dialogue.write(setting.value, to: setting.register)
            // Taken: never again. One that has just started may confirm and do nothing.
            let isTaken = try await dialogue.number(setting.register) == Int64(setting.value)
            if isTaken { kept[setting.name] = Self.mostWrites }
            isUntaken = !isTaken
        } catch {
            guard error.code == .exception else { throw error }
            host.log(
                .warning, "EVSE controller refuses a setting",
                ["setting": setting.name, "reason": error.what])
        }
    }

    /// Writes a number once, where it differs; whoever does not take it is not used.
    private func set(
        _ register: ControllerRegister, to value: UInt16, _ name: String
    ) async throws(FieldBusError) {
        guard wrong == nil, try await dialogue.number(register) != Int64(value) else { return }
        host.log(
            .info, "EVSE controller's setting is changed", ["setting": name, "to": "\(value)"])
        try await dialogue.write(value, to: register)
        let now = try await dialogue.number(register)
        guard now != Int64(value) else { return }
        wrong = "does not take \(name) \(value), but keeps \(now ?? -1)"
    }

    private var wrongDevice: DriverError? {
        wrong.map {
            DriverError(
                .wrongDevice, device: host.device,
                "\(dialogue.line.place) \($0)",
                remedy: "Set the model that is fitted, or correct the address.")
        }
    }

    // MARK: Looking and telling

    private func look() async throws(FieldBusError) {
        // The oldest of several replies: a sample is no fresher than that.
        var oldest: Instant?
        var (dump, _) = try await dialogue.read { oldest = oldest ?? host.now() }
        guard var sample = model.decode(dump, scale: scale) else {
            return judgeAge("its state is none that \(model.name) knows")
        }
        if let forgotten = forgotten(dump) {
            host.log(.warning, "EVSE controller started anew", ["forgot": forgotten])
            isSetUp = false
            try await setUp()
            guard wrong == nil else { return }
            oldest = nil
            (dump, _) = try await dialogue.read { oldest = oldest ?? host.now() }
            guard let again = model.decode(dump, scale: scale) else { return }
            sample = again
        }
        sample.at = oldest ?? host.now()
        host.publish(sample)
        lastLook = host.now()
        host.fault(.controllerLost, holds: false, "")
        let command = currentCommand
        judge(sample, command)
        try await tell(command, sample, dump)
    }

    /// What it was told or set to and does not know any more: its defaults are back.
    private func forgotten(_ dump: ControllerDump) -> String? {
        func differs(_ register: ControllerRegister, _ value: UInt16?) -> Bool {
            guard let value, let number = model.number(register, in: dump) else { return false }
            return number != Int64(value)
        }
        if differs(model.current.register, told.current) { return "current" }
        if let enable = model.enable, differs(enable.register, told.enable) { return "enable" }
        for setting in model.settings where !setting.isNonVolatile {
            if differs(setting.register, setting.value) { return setting.name }
        }
        if let fallback, let registers = model.fallback {
            let time = UInt16(
                clamping: Int(Double(fallback.timeout.count) / registers.timeoutScale))
            if differs(registers.timeout, time) { return "watchdog" }
        }
        return nil
    }

    /// A loop that says nothing any more wants nothing offered: it starts so, too.
    private var currentCommand: ControllerCommand {
        let command = host.command
        let isFresh = host.now() - command.at <= ControllerCommand.maximumAge
        return isFresh && !isEnding ? command : ControllerCommand()
    }

    /// Writes what differs, and nothing else.
    private func tell(
        _ command: ControllerCommand, _ sample: ControllerSample, _ dump: ControllerDump
    ) async throws(FieldBusError) {
        let count = model.count(command.offered, scale: scale)
        let asks = sample.pilot.requestsEnergy || sample.contactor == .closed
        if let open = model.open {
            try await turn(open, on: !command.isEnabled && asks, dump)
        }
        guard let enable = model.enable else {
            return try await tell(count: count, dump)
        }
        // Such a controller has no current that says "none": it is not to charge.
        if count > 0 { try await tell(count: count, dump) }
        try await turn(enable, on: count > 0, dump)
        told.enable = count > 0 ? enable.on : enable.off
    }

    private func tell(count: UInt16, _ dump: ControllerDump) async throws(FieldBusError) {
        if model.number(model.current.register, in: dump) != Int64(count) {
            told.current = nil
            try await dialogue.write(count, to: model.current.register)
        }
        told.current = count
    }

    private func turn(
        _ button: ControllerModel.Switch, on: Bool, _ dump: ControllerDump
    ) async throws(FieldBusError) {
        let value = on ? button.on : button.off
        guard model.number(button.register, in: dump) != Int64(value) else { return }
        try await dialogue.write(value, to: button.register)
    }

    // MARK: Judging

    private func judgeAge(_ why: String) {
        guard let lastLook else { return }
        let age = host.now() - lastLook
        guard age > maximumAge else { return }
        isSetUp = false
        host.fault(.controllerLost, holds: true, "no look for \(age): \(why)")
    }

    /// What it offers against what it was told, once it had its time.
    private func judge(_ sample: ControllerSample, _ command: ControllerCommand) {
        guard sample.tellsOffered else { return }
        let now = host.now()
        let margin = Amperes(milliamperes: 500)
        let isMore = sample.offered > command.offered + margin
        let isLess =
            sample.pilot.isConnected
            && sample.offered + margin + (Amperes(exactly: scale) ?? .zero) < command.offered
        difference.moreSince = isMore ? difference.moreSince ?? now : nil
        difference.lessSince = isLess ? difference.lessSince ?? now : nil
        let disobeys = difference.moreSince.map { now - $0 > responseTime } ?? false
        host.fault(
            .controllerDisobeys, holds: disobeys,
            "offers \(sample.offered) where \(command.offered) was told")
        let isLesser = difference.lessSince.map { now - $0 > responseTime } ?? false
        if isLesser, !difference.isLessTold {
            host.log(
                .warning, "EVSE controller offers less than it was told",
                ["offers": "\(sample.offered)", "told": "\(command.offered)"])
        }
        difference.isLessTold = isLesser
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        do throws(FieldBusError) {
            try await identify(evenAtRest: true)
            if wrong == nil { try await findScale() }
            let (dump, replies) = try await dialogue.read(evenAtRest: true)
            return report(dump, replies)
        } catch {
            throw wrongDevice ?? DriverError(error, device: host.device)
        }
    }

    private func report(_ dump: ControllerDump, _ replies: [ModbusReply]) -> ProbeReport {
        var report = ProbeReport(
            identity: "\(model.maker) \(model.title), \(dialogue.line.place)"
                + (identity.isEmpty ? "" : ", \(identity)"))
        if let wrongDevice {
            report.values.append(.init(name: "problem", text: wrongDevice.what))
        }
        report.values += model.describe(dump, scale: scale)
        report.replyTimes = replies.map(\.microseconds)
        return report
    }
}
