package import DriverKit
package import EVSEModel
internal import FieldBus

/// Leads one power module on a CAN bus, and tells the control loop what it does.
///
/// A module that is silent is not told of until `maximum-age`, which is longer than the time after which it
/// switches itself off: until then it may still give power. One that comes back is off first, and identified
/// anew.
package actor CANPowerModule: BusDriver {
    private let host: any DriverHost
    private let bus: CANBus
    private let place: String
    private let maximumAge: Milliseconds
    private var course: ModuleCourse
    private var box: CANBus.Box?
    private var isActive = false
    /// Since when it counts as there although nothing was heard.
    private var awaitedSince = Instant.zero
    private var publishedAt = Instant.zero
    private var isLost = false
    private var loggedRefusal: String?
    /// Why nothing can be heard; `nil` where the bus is there.
    private var busProblem: String?

    /// Chosen: what the loop wants is sent within two of its cycles of 10 ms.
    private static let attention = Milliseconds(20)
    private static let rest = Milliseconds(50)

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        bus = try CANDevice.bus(of: host)
        self.host = host
        guard let family = ModuleFamilies.named(configuration.text("model")) else {
            throw DriverError(
                .configuration, device: host.device, "no such model",
                remedy: "Use one of \(ModuleFamilies.models.joined(separator: ", ")).")
        }
        let address = ModuleAddress(
            UInt8(clamping: configuration.number("address")),
            group: UInt8(clamping: configuration.number("group")))
        place = "module \(address.module) on bus \(bus.name)"
        maximumAge = configuration.quantity("maximum-age")
        course = ModuleCourse(
            family.init(address), overrides: CANPowerModulePlugin.overrides(configuration),
            period: configuration.quantity("poll-period"),
            alarmBits: configuration.has("alarm-bits")
                ? UInt32(clamping: configuration.number("alarm-bits")) : nil)
    }

    // MARK: Lifecycle

    /// Says off; a silent module is not an error here.
    package func configure() async throws(DriverError) {
        let now = host.now()
        course.forget()
        (awaitedSince, publishedAt, isLost) = (now, .zero, false)
        if box == nil { box = bus.attach(course.family.filters) }
        work(nil, at: now)
    }

    package func activate() async throws(DriverError) { isActive = true }

    package func poll() async -> Milliseconds {
        let now = host.now()
        work(wanted(at: now), at: now)
        judge(at: now)
        return course.isBusy(at: now) ? Self.attention : Self.rest
    }

    /// Says off until it is seen, for a tenth of a second.
    package func deactivate() async {
        isActive = false
        guard box != nil else { return }
        for _ in 0..<5 {
            course.repeatAll()
            work(nil, at: host.now())
            if course.isSeenOff { return }
            try? await Task.sleep(for: .milliseconds(20), clock: .continuous)
        }
        work(nil, at: host.now())
        guard !course.isSeenOff else { return }
        host.log(.warning, "module was not seen to be off", ["place": place])
    }

    package func cleanup() async {
        isActive = false
        if let box { bus.detach(box) }
        box = nil
        course.forget()
    }

    // MARK: A round

    /// `nil`: nobody wants anything.
    private func wanted(at now: Instant) -> PowerSourceCommand? {
        let command = host.sourceCommand(0)
        guard isActive, command.at > .zero,
            now - command.at <= PowerSourceCommand.maximumAge
        else { return nil }
        return command
    }

    private func work(_ command: PowerSourceCommand?, at now: Instant) {
        guard let box else { return }
        let frames = course.frames(command, at: now)
        do throws(FieldBusError) {
            for received in try bus.exchange(box, sending: frames, at: now) {
                for news in course.family.news(in: received.frame) {
                    course.take(news, at: received.at)
                }
            }
        } catch {
            course.repeatAll()
            host.log(
                .debug, "exchange with the module failed",
                ["code": error.code.rawValue, "reason": error.what])
            busProblem = error.what
            return
        }
        busProblem = nil
        publish()
    }
    private func publish() {
        let sample = course.sample()
        guard sample.at > publishedAt else { return }
        publishedAt = sample.at
        awaitedSince = sample.at
        host.publish(sample, source: 0)
    }

    private func judge(at now: Instant) {
        if now - awaitedSince > maximumAge, !isLost {
            isLost = true
            host.fault(.powerModuleLost, holds: true, busProblem ?? "\(place) does not answer")
            // What is believed of it from now on it says anew.
            course.forget()
            publishedAt = now
        } else if isLost, course.isSetUp {
            isLost = false
            host.fault(.powerModuleLost, holds: false, "")
        }
        guard !isLost else { return }
        let faults = course.faults + [course.disobedience(at: now)].compactMap { $0 }
        host.fault(
            .powerModuleFault, holds: !faults.isEmpty, faults.joined(separator: ", "))
        if let refusal = course.picture.refusal, refusal != loggedRefusal {
            loggedRefusal = refusal
            host.log(.warning, "module refuses", ["reason": refusal, "place": place])
        }
    }

    // MARK: Probe

    /// Asks everything and waits for what comes; says nothing that moves its output.
    package func probe() async throws(DriverError) -> ProbeReport {
        let own = bus.attach(course.family.filters)
        defer { bus.detach(own) }
        var picture = ModulePicture()
        var replies = [(frame: CANFrame, news: [ModuleNews])]()
        var times = [Int64]()
        let questions =
            course.family.identityQuestions + course.family.questions
            + course.family.slowQuestions
        do throws(FieldBusError) {
            let start = MonotonicClock.now()
            _ = try bus.exchange(own, sending: questions, at: host.now())
            // Chosen: 40 looks, 10 ms apart; a module answers within some milliseconds.
            for _ in 0..<40 {
                try? await Task.sleep(for: .milliseconds(10), clock: .continuous)
                for received in try bus.exchange(own, at: host.now()) {
                    let news = course.family.news(in: received.frame)
                    for each in news { picture.take(each, at: received.at) }
                    replies.append((received.frame, news))
                    times.append((MonotonicClock.now().nanoseconds - start.nanoseconds) / 1000)
                }
                if replies.count >= questions.count { break }
            }
        } catch {
            throw DriverError(error, device: host.device)
        }
        guard !replies.isEmpty else {
            throw DriverError(
                .noReply, device: host.device, "\(place) does not answer",
                remedy: "Check its supply, address, CAN_H, CAN_L, both 120 Ω ends and the bit rate."
            )
        }
        var report = ProbeReport(identity: course.facts.title, replyTimes: times)
        let words = picture.identityText()
        if !words.isEmpty { report.identity += ", \(words)" }
        for (frame, news) in replies {
            for each in news { report.values.append(each.shown(frame.description)) }
        }
        return report
    }
}

extension ModuleNews {
    /// As `forecourt probe` shows it, beside the frame.
    fileprivate func shown(_ raw: String) -> ProbeReport.Value {
        let (name, text): (String, String) =
            switch self {
            case .voltage(let value): ("voltage", "\(value)")
            case .current(let value): ("current", "\(value)")
            case .temperature(let value): ("temperature", "\(value)")
            case .available(let value): ("available current", "\(value)")
            case .mode(let mode): ("mode", mode == .high ? "high" : "low")
            case .identity(let name, let text): (name, text)
            case .refusal(let words): ("refusal", words)
            case .starting: ("state", "starts")
            case .switched(let isOn): ("output", isOn ? "on" : "off")
            case .limits(let limits): ("limits", limits.text)
            case .status(let status): ("status", status.text)
            }
        return ProbeReport.Value(name: name, text: text, raw: raw)
    }
}

extension ModuleLimits {
    fileprivate var text: String {
        [
            maximumVoltage.map { "up to \($0)" }, minimumVoltage.map { "from \($0)" },
            maximumCurrent.map { "\($0)" }, maximumPower.map { "\($0)" },
        ].compactMap { $0 }.joined(separator: ", ")
    }
}

extension ModuleStatus {
    fileprivate var text: String {
        let power = isOn.map { $0 ? "on" : "off" }
        let words = [power, isDerated ? "derated" : nil].compactMap { $0 } + faults
        return words.isEmpty ? "0x" + String(raw, radix: 16) : words.joined(separator: ", ")
    }
}
