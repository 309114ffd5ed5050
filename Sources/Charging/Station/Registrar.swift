package import EVSEModel

/// Where the station stands with its CSMS.
struct Registrar: Sendable {
    var bootReason: BootReason
    /// It registers anew without having started anew.
    var isReregistering = false
    var isLinkUp = false
    /// When the link was lost, or the start.
    var offlineSince: Instant
    var status: RegistrationStatus?
    /// A registration is on its way.
    var isAsking = false
    var attemptAt: Instant?
    var failures = 0
    var heartbeatAt: Instant?
    var lastHeartbeat: Instant

    init(bootReason: BootReason, at now: Instant) {
        self.bootReason = bootReason
        offlineSince = now
        lastHeartbeat = now
    }

    /// What is not the answer to a question of the CSMS may be sent (traps 1 and 2).
    var mayReport: Bool { isLinkUp && status == .accepted }

    /// Wait where the CSMS leaves it to us (B02.FR.07, trap 3). Chosen.
    static let ownInterval = Milliseconds.seconds(60)
    /// Waits after a registration without an answer, doubling. Chosen.
    static let retryMinimum = Milliseconds.seconds(15)
    static let retryMaximum = Milliseconds.seconds(300)
    /// A heartbeat at least this often keeps the clock right (G02.FR.07).
    static let longestHeartbeatGap = Milliseconds.seconds(86_400)
}

// MARK: Link and registration
extension ChargingStation {
    /// `nil` until the first answer since start.
    package var registration: RegistrationStatus? { registrar.status }
    package var isOnline: Bool { registrar.isLinkUp }
    /// Why the station started; what a first registration says.
    package var bootReason: BootReason { registrar.bootReason }

    package mutating func linkOpened(at now: Instant) {
        observeTime(now)
        guard !registrar.isLinkUp else { return }
        registrar.isLinkUp = true
        isNeedsUnsupported = false
        if registrar.status == .accepted {
            let threshold = Milliseconds.seconds(Int64(settings.integer(.offlineThreshold)))
            if self.now - registrar.offlineSince > threshold { forgetReports() }  // B04.FR.01
            scheduleHeartbeat()
        } else if registrar.attemptAt.map({ $0 <= self.now }) ?? true {
            askRegistration()
        }
        settle()
    }

    /// The next connection is by another network connection profile: its CSMS may be one that does not
    /// know this station, and nothing but a registration is said to it before it answers (B10.FR.10).
    package mutating func forgetRegistration(at now: Instant) {
        observeTime(now)
        guard registrar.status != nil else { return }
        registrar.status = nil
        registrar.isReregistering = true
        registrar.attemptAt = nil
        registrar.failures = 0
        emit(.registrationChanged(nil))
        settle()
    }

    package mutating func linkLost(at now: Instant) {
        observeTime(now)
        guard registrar.isLinkUp else { return }
        registrar.isLinkUp = false
        registrar.offlineSince = self.now
        registrar.heartbeatAt = nil
        if registrar.isAsking {
            registrar.isAsking = false
            registrar.attemptAt = nil
        }
        abandonQuestions()
        settle()
    }

    package mutating func registrationAnswered(_ answer: RegistrationAnswer, at now: Instant) {
        observeTime(now)
        registrar.isAsking = false
        registrar.failures = 0
        registrar.status = answer.status
        applyTime(answer.currentTime, source: .csms)
        let interval = answer.interval > .zero ? answer.interval : nil
        if answer.status == .accepted {
            registrar.attemptAt = nil
            if let interval { put(.heartbeatInterval, String(max(1, interval.raw / 1000))) }
            registrar.lastHeartbeat = self.now
            scheduleHeartbeat()
            forgetReports()  // B01.FR.05
        } else {
            registrar.heartbeatAt = nil
            registrar.attemptAt = self.now + (interval ?? Registrar.ownInterval)
        }
        emit(.registrationChanged(answer.status))
        settle()
    }

    /// The registration timed out or was answered with an error.
    package mutating func registrationUnanswered(at now: Instant) {
        observeTime(now)
        registrar.isAsking = false
        let factor = Int64(1) << Int64(min(registrar.failures, 5))
        registrar.failures += 1
        registrar.attemptAt =
            self.now
            + min(Milliseconds(Registrar.retryMinimum.raw * factor), Registrar.retryMaximum)
        settle()
    }

    package mutating func heartbeatAnswered(_ time: UnixTime, at now: Instant) {
        observeTime(now)
        registrar.lastHeartbeat = self.now
        applyTime(time, source: .csms)
        settle()
    }

    /// Any message was sent to the CSMS: the heartbeat may wait (G02.FR.05).
    package mutating func messageExchanged(at now: Instant) {
        observeTime(now)
        if registrar.heartbeatAt != nil { scheduleHeartbeat() }
    }

    /// Register again; refused once accepted (F06.FR.17).
    package mutating func triggerRegistration(at now: Instant) -> TriggerAnswer {
        observeTime(now)
        guard registrar.status != .accepted, registrar.isLinkUp else { return .rejected }
        registrar.isAsking = true
        registrar.attemptAt = nil
        emit(.registrationWanted(.triggered))
        return .accepted
    }

    package mutating func triggerHeartbeat(at now: Instant) -> TriggerAnswer {
        observeTime(now)
        emit(.heartbeatWanted)
        return .accepted
    }

    private mutating func askRegistration() {
        guard registrar.isLinkUp, !registrar.isAsking else { return }
        registrar.isAsking = true
        registrar.attemptAt = nil
        // There is no BootReason for a station that has not booted.
        emit(.registrationWanted(registrar.isReregistering ? .unknown : registrar.bootReason))
    }

    private mutating func scheduleHeartbeat() {
        let interval = settings.integer(.heartbeatInterval)
        let regular = interval > 0 ? now + .seconds(Int64(interval)) : nil
        let latest = registrar.lastHeartbeat + Registrar.longestHeartbeatGap
        registrar.heartbeatAt = min(regular ?? latest, max(latest, now))
    }

    mutating func registrarDue() {
        if let attempt = registrar.attemptAt, attempt <= now, registrar.isLinkUp {
            askRegistration()
        }
        if let due = registrar.heartbeatAt, due <= now, registrar.mayReport {
            registrar.lastHeartbeat = now
            emit(.heartbeatWanted)
            scheduleHeartbeat()
        }
    }

    /// The heartbeat setting changed.
    mutating func heartbeatIntervalChanged() {
        if registrar.mayReport { scheduleHeartbeat() }
    }
}

// MARK: Time
extension ChargingStation {
    /// Wall time of something that happened, in this run or an earlier one; `nil` while the time
    /// has never been known.
    package func wallTime(of time: EventTime) -> UnixTime? { clock.wallTime(of: time) }

    package mutating func setClock(_ time: UnixTime, source: TimeSource, at now: Instant) {
        observeTime(now)
        applyTime(time, source: source)
        settle()
    }

    /// Takes a time from a source that the settings allow; any is better than none.
    ///
    /// A time outside the calendar is nobody's: it changes nothing.
    mutating func applyTime(_ time: UnixTime, source: TimeSource) {
        guard time.isInCalendar else { return }
        // What no setting lists yields to what one does, whatever their ranks.
        let isBetter = isListed(source) && !isListed(clock.source)
        guard isListed(source) || clock.offset == nil || clock.source == .lastKnown,
            let adjustment = clock.set(time, source: source, at: now, outranks: isBetter)
        else { return }
        let threshold = Int64(settings.integer(.timeAdjustmentReportingThreshold)) * 1000
        storeClock()
        guard adjustment.magnitude > threshold.magnitude else { return }
        alignedAt = nil
        alignedEndedAt = nil
        emit(
            .security(
                SecurityNotice(
                    kind: .settingSystemTime, time: eventTime,
                    detail: "adjusted by \(adjustment) ms")))
    }

    /// ClockCtrlr.TimeSource names it (B01.FR.06, G02.FR.06).
    private func isListed(_ source: TimeSource) -> Bool {
        let listed = settings.members(.timeSource)
        return switch source {
        case .csms: listed.contains("Heartbeat")
        case .system: listed.contains("NTP") || listed.contains("RealTimeClock")
        case .lastKnown: false
        }
    }

    private mutating func storeClock() {
        guard let offset = clock.offset else { return }
        var record = Record()
        record.set("o", offset)
        record.set("s", clock.source.rawValue)
        store(.put(.facts, key: "clock.\(clock.run)", value: record.text))
        if clock.run > 16 { store(.remove(.facts, key: "clock.\(clock.run - 16)")) }
    }
}
