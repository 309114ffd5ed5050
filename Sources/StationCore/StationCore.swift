import Charging
public import EVSEModel
import OCPP201

/// All of charging and OCPP as one state machine without clock, socket, file or task.
///
/// The shell calls ``handle(_:at:into:)`` with what happened and carries the outputs out in order.
/// The same configuration, seed and inputs always give the same outputs. Not thread-safe: one
/// owner.
public struct StationCore: Sendable {
    package let configuration: StationCoreConfiguration
    private var personality: OCPP201Personality?
    private var connection: ConnectionManager
    private let seed: UInt64
    private var lastWake: Instant?
    private var restart: PendingRestart?
    /// The link is kept down by hand or by a shutdown.
    private var isHeldDown = false
    /// We closed the connection to dial again at once.
    private var isRedialing = false
    private var lastSendAt: Instant?
    private var isDrained = true
    private var lastClosure: LinkClosure?
    /// Causes that a security event told of since the last connection.
    private var toldCauses: Set<LinkClosure.Cause> = []
    private var storeFailedAt: Instant?
    /// The profile of the newest dial, and that of the last connection.
    private var dialledProfile: NetworkConnectionProfile?
    private var lastProfile: NetworkConnectionProfile?
    private var subprotocol: String?

    private struct PendingRestart {
        var cause: RestartCause
        /// Messages that go out first get this long.
        var deadline: Instant
    }
    /// How long a restart waits for the end of its transactions to be delivered. B12.FR.05: what
    /// is not confirmed by then is sent after the restart. Chosen: two round trips of a slow modem.
    private static let restartGrace = Milliseconds.seconds(5)
    /// What is overdue is looked at again after this long, not in a busy loop.
    private static let shortestWake = Milliseconds(20)
    /// A storage fault ends after this long without another failed write.
    private static let storeRecovery = Milliseconds.seconds(60)

    /// - Parameter seed: makes message ids and random waits; must differ from start to start.
    package init(configuration: StationCoreConfiguration, seed: UInt64) {
        self.configuration = configuration
        self.seed = seed
        connection = ConnectionManager(seed: seed ^ 0x5DEE_CE66_D1CE_4E5B)
    }

    /// Takes one input and appends everything that follows from it, in order.
    public mutating func handle(
        _ input: StationInput, at now: Instant, into outputs: inout [StationOutput]
    ) {
        // It follows every message, and matters to nobody but a restart that waits.
        if case .link(.drained) = input, restart == nil {
            isDrained = true
            return
        }
        if case .started(let context) = input {
            start(context, at: now, into: &outputs)
        } else if personality != nil {
            take(input, at: now, into: &outputs)
        } else {
            outputs.append(.log(CoreLogEntry(.error, "input before the start is ignored")))
            return
        }
        // Whatever came, what is due by now is done: a timer cannot be starved by other inputs.
        if let due = personality?.nextWake, due <= now {
            personality?.perform(at: now) { $0.advance(to: now) }
        }
        carryOut(at: now, into: &outputs)
        storeRecovered(at: now)
        dial(at: now, into: &outputs)
        restartIfQuiet(at: now, into: &outputs)
        carryOut(at: now, into: &outputs)
        askForWake(input, at: now, into: &outputs)
    }

    private mutating func askForWake(
        _ input: StationInput, at now: Instant, into outputs: inout [StationOutput]
    ) {
        // The wish that has come is used up, whatever comes next.
        if case .timer = input { lastWake = nil }
        guard var wake = nextWake else {
            lastWake = nil
            return
        }
        if wake <= now {
            if let lastWake, lastWake > now { return }
            wake = now + Self.shortestWake
        }
        if wake != lastWake { outputs.append(.wake(at: wake)) }
        lastWake = wake
    }

    /// When ``StationInput/timer`` is wanted at the latest; `nil` for never.
    public var nextWake: Instant? {
        var wake = personality?.nextWake
        func consider(_ instant: Instant?) {
            if let instant { wake = wake.map { min($0, instant) } ?? instant }
        }
        consider(connection.nextWake)
        if let restart {
            consider(restart.deadline)
            if let lastSendAt, !isDrained { consider(lastSendAt + .seconds(1)) }
        }
        consider(storeFailedAt.map { $0 + Self.storeRecovery })
        return wake
    }

    private mutating func start(
        _ context: StartContext, at now: Instant, into outputs: inout [StationOutput]
    ) {
        personality = OCPP201Personality(
            station: configuration.compiled, description: configuration.identity,
            profiles: configuration.connection.profiles,
            provisionedSecurityProfile: configuration.connection.provisionedSecurityProfile,
            factory: configuration.variables, stored: context.stored, wallClock: context.wallClock,
            isRestartOfProcess: context.isRestartOfProcess, ended: context.authorizationsEnded,
            seed: seed, at: now)
        applySettings()
        connection.start(at: now)
    }

    private mutating func take(
        _ input: StationInput, at now: Instant, into outputs: inout [StationOutput]
    ) {
        switch input {
        case .started: break
        case .loop(let image): personality?.perform(at: now) { $0.observe(image, at: now) }
        case .direct(let evse, let vehicle, let status):
            personality?.perform(at: now) { $0.observe(vehicle, status, of: evse, at: now) }
        case .meter(let evse, let sample):
            personality?.measured(sample, of: evse, at: now)
        case .signing(let evse, let report):
            personality?.signed(report, of: evse, at: now)
        case .vehiclePlan(let evse, let plan):
            personality?.perform(at: now) { $0.observe(plan, of: evse, at: now) }
        case .token(let reading): present(reading, at: now, into: &outputs)
        case .choice(let evse, _):
            personality?.perform(at: now) { $0.outletChosen(evse, at: now) }
        case .deviceFault(let fault):
            personality?.perform(at: now) {
                $0.deviceFault(
                    fault.fault, device: fault.device, evse: fault.evse, holds: fault.holds,
                    detail: fault.detail, at: now)
            }
        case .link(let link): take(link, at: now, into: &outputs)
        case .timer: personality?.perform(at: now) { $0.advance(to: now) }
        case .clock(let time):
            personality?.perform(at: now) { $0.setClock(time, source: .system, at: now) }
        case .unsent(let bytes): personality?.unsent(bytes, at: now)
        case .storeFailed(let reason):
            outputs.append(.log(CoreLogEntry(.error, "store failed", ["reason": reason])))
            storeFailedAt = now
            // What must be on disk before it is sent may not be there.
            personality?.holdQueue(true, at: now)
            personality?.perform(at: now) { $0.storeFailed(reason, at: now) }
        case .local(.setConnected(let isWanted)):
            isHeldDown = !isWanted
            isWanted ? connection.start(at: now) : takeDown(at: now, into: &outputs)
        case .local(.clearFaults(let evse)):
            personality?.perform(at: now) { $0.clearFaults(of: evse, at: now) }
        case .local(.acceptMeter(let evse)):
            personality?.perform(at: now) { $0.acceptMeter(of: evse, at: now) }
        case .local(.shutdown):
            personality?.perform(at: now) { $0.prepareShutdown(at: now) }
            carryOut(at: now, into: &outputs)
            isHeldDown = true
            takeDown(at: now, into: &outputs)
        }
    }

    private mutating func present(
        _ reading: TokenReading, at now: Instant, into outputs: inout [StationOutput]
    ) {
        guard let kind = IdToken.Kind(rawValue: reading.kind),
            reading.text.unicodeScalars.count <= 36
        else {
            outputs.append(
                .log(CoreLogEntry(.warning, "token is no identifier", ["reader": reading.reader])))
            return
        }
        let token = IdToken(reading.text, kind)
        personality?.perform(at: now) {
            $0.tokenPresented(token, reader: reading.reader, evse: reading.evse, at: now)
        }
    }

    // MARK: Link

    private mutating func take(
        _ link: LinkInput, at now: Instant, into outputs: inout [StationOutput]
    ) {
        switch link {
        case .connected(let subprotocol):
            guard !isHeldDown else {
                outputs.append(.disconnect(code: 1000, reason: "taken down"))
                return
            }
            guard !connection.isConnected else { return }
            guard configuration.connection.subprotocols.contains(subprotocol) else {
                // Part 4, 3.1.2: without a common version there is nothing to say.
                outputs.append(.disconnect(code: 1002, reason: "no common subprotocol"))
                outputs.append(
                    .log(CoreLogEntry(.error, "wrong subprotocol", ["got": subprotocol])))
                return
            }
            self.subprotocol = subprotocol
            lastClosure = nil
            toldCauses = []
            isRedialing = false
            isDrained = true
            connection.connected(at: now)
            rememberProfile(at: now)
            personality?.linkOpened(at: now)
        case .received(let bytes):
            guard connection.isConnected else { return }
            personality?.received(bytes, at: now)
        case .drained: isDrained = true
        case .closed(let closure): closed(closure, at: now, into: &outputs)
        }
    }

    private mutating func closed(
        _ closure: LinkClosure, at now: Instant, into outputs: inout [StationOutput]
    ) {
        outputs.append(
            .log(
                CoreLogEntry(
                    .info, "link closed",
                    ["cause": closure.cause.rawValue, "detail": closure.detail])))
        let wasConnected = connection.isConnected
        connection.closed(immediately: isRedialing, at: now)
        isRedialing = false
        isDrained = true
        if wasConnected { personality?.linkLost(at: now) }
        // Once until a connection succeeds, also where dials fail by turns: the queue keeps them all
        // (note of A00.FR.316).
        if toldCauses.insert(closure.cause).inserted {
            switch closure.cause {
            case .invalidServerCertificate:
                personality?.securityEvent(.invalidCSMSCertificate, closure.detail, at: now)
            case .invalidTLSVersion:  // A00.FR.316, A00.FR.419
                personality?.securityEvent(.invalidTLSVersion, closure.detail, at: now)
            case .invalidTLSCipherSuite:  // A00.FR.323
                personality?.securityEvent(.invalidTLSCipherSuite, closure.detail, at: now)
            case .credentialsRefused:
                personality?.securityEvent(.failedToAuthenticateAtCSMS, closure.detail, at: now)
            default: break
            }
        }
        lastClosure = closure
    }

    /// The link goes down and stays so until it is wanted again.
    private mutating func takeDown(at now: Instant, into outputs: inout [StationOutput]) {
        guard connection.state != .down else { return }
        let wasConnected = connection.isConnected
        connection.stop()
        outputs.append(.disconnect(code: 1000, reason: "taken down"))
        if wasConnected { personality?.linkLost(at: now) }
    }

    private mutating func dial(at now: Instant, into outputs: inout [StationOutput]) {
        guard let profiles = personality?.profiles,
            let profile = connection.dial(profiles, at: now)
        else { return }
        dialledProfile = profile
        let domain = personality?.domain
        let password = domain?.setting(.basicAuthPassword) ?? ""
        let usesPassword = profile.securityProfile == 1 || profile.securityProfile == 2
        outputs.append(
            .connect(
                ConnectionPlan(
                    url: profile.url, identity: configuration.connection.identity,
                    subprotocols: configuration.connection.subprotocols,
                    securityProfile: profile.securityProfile,
                    password: usesPassword && !password.isEmpty ? password : nil,
                    pingInterval: .seconds(
                        Int64(domain?.setting(.webSocketPingInterval) ?? "") ?? 30),
                    connectTimeout: configuration.connection.connectTimeout)))
    }

    /// What the device model says of the connection follows what was reached.
    private mutating func rememberProfile(at now: Instant) {
        guard let profile = dialledProfile else { return }
        let slot = profile.slot
        if let last = lastProfile, last != profile {
            personality?.perform(at: now) { $0.forgetRegistration(at: now) }
        }
        lastProfile = profile
        let domain = personality?.domain
        if domain?.setting(.activeNetworkProfile) != String(slot) {
            personality?.perform(at: now) {
                $0.setInternally(.activeNetworkProfile, String(slot), at: now)
                $0.setInternally(
                    .messageTimeout, String(profile.messageTimeout.count / 1000), at: now)
            }
        }
        let current = UInt8(domain?.setting(.securityProfile) ?? "") ?? 0
        if profile.securityProfile > current {
            personality?.securityProfileReached(profile.securityProfile, at: now)
        }
    }

    private mutating func applySettings() {
        guard let domain = personality?.domain else { return }
        func integer(_ key: SettingKey, _ fallback: Int64) -> Int64 {
            Int64(domain.setting(key)) ?? fallback
        }
        connection.rules = ConnectionManager.Rules(
            waitMinimum: .seconds(max(1, integer(.retryBackOffWaitMinimum, 5))),
            repeatTimes: Int(integer(.retryBackOffRepeatTimes, 5)),
            randomRange: .seconds(integer(.retryBackOffRandomRange, 10)),
            attemptsPerProfile: Int(integer(.networkProfileConnectionAttempts, 3)),
            priority: domain.setting(.networkConfigurationPriority).split(separator: ",")
                .compactMap { Int($0) },
            securityProfile: UInt8(clamping: integer(.securityProfile, 0)),
            connectTimeout: configuration.connection.connectTimeout)
    }

    // MARK: Outputs

    private mutating func carryOut(at now: Instant, into outputs: inout [StationOutput]) {
        for output in personality?.takeOutputs() ?? [] {
            switch output {
            case .store(let operation): outputs.append(.store(operation))
            case .send(let bytes):
                outputs.append(.send(bytes))
                lastSendAt = now
                isDrained = false
            case .targets(let evse, let targets): outputs.append(.targets(evse, targets))
            case .signing(let evse, let order): outputs.append(.signing(evse, order))
            case .schedules(let evse, let offer): outputs.append(.schedules(evse, offer))
            case .restart(let cause):
                restart = restart ?? PendingRestart(cause: cause, deadline: now + Self.restartGrace)
            case .settingsChanged(let keys): settingsChanged(keys, into: &outputs)
            case .registrationChanged(let status):
                outputs.append(
                    .log(
                        CoreLogEntry(
                            .info, "registration changed",
                            ["status": status?.rawValue ?? "none"])))
            case .log(let entry):
                outputs.append(
                    .log(
                        CoreLogEntry(
                            CoreLogEntry.Level(rawValue: entry.level.rawValue) ?? .info,
                            entry.message, entry.metadata)))
            }
        }
    }

    private mutating func settingsChanged(
        _ keys: [SettingKey], into outputs: inout [StationOutput]
    ) {
        applySettings()
        // A01.FR.04: the new password is used from the next connection on, which comes at once.
        if keys.contains(.basicAuthPassword), connection.isConnected {
            isRedialing = true
            outputs.append(.disconnect(code: 1000, reason: "password changed"))
        }
    }

    private mutating func restartIfQuiet(at now: Instant, into outputs: inout [StationOutput]) {
        guard let pending = restart, let personality else { return }
        let isDelivered =
            !connection.isConnected
            || (personality.queueLength == 0 && !personality.hasCallInFlight
                && personality.waitingCalls == 0)
        let hasLeft = isDrained || lastSendAt.map { now >= $0 + .seconds(1) } ?? true
        guard (isDelivered && hasLeft) || now >= pending.deadline else { return }
        restart = nil
        isHeldDown = true
        takeDown(at: now, into: &outputs)
        let reason =
            switch pending.cause {
            case .remoteReset(let isScheduled): isScheduled ? "scheduled reset" : "remote reset"
            case .localReset: "local reset"
            }
        outputs.append(.restart(orderly: true, reason: reason))
    }

    private mutating func storeRecovered(at now: Instant) {
        guard let failed = storeFailedAt, now >= failed + Self.storeRecovery else { return }
        storeFailedAt = nil
        personality?.holdQueue(false, at: now)
        personality?.perform(at: now) { $0.storeRecovered(at: now) }
    }
}

// MARK: What is seen
extension StationCore {
    /// What displays show now; `nil` before the start.
    public func display(at now: Instant) -> DisplayContent? {
        personality.map {
            let evses = $0.domain.displayed(at: now)
            return DisplayContent(
                evses: evses, isOffline: !connection.isConnected,
                messages: $0.domain.displayedMessages(evses, at: now))
        }
    }

    /// The station as the local status API shows it.
    public func snapshot(at now: Instant) -> StationSnapshot {
        StationSnapshot(
            configuration, personality, connection, subprotocol: subprotocol,
            lastClosure: lastClosure, at: now)
    }
}
