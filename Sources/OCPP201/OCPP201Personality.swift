package import Charging
package import EVSEModel
import JSON
import OCPPJ

/// OCPP 2.0.1 between the domain and the RPC endpoint: translates what the domain reports into
/// messages, and what the CSMS asks into commands of the domain. It decides nothing about charging.
///
/// The owner calls ``perform(at:_:)`` with what happened and takes ``takeOutputs()``. Handlers of
/// the CSMS's requests are in `Blocks`, one file per functional block.
package struct OCPP201Personality: Sendable {
    /// What an own call was for.
    enum CallContext: Sendable {
        case boot
        case heartbeat
        case authorize(RequestID)
        case connector(ConnectorID)
        case externalLimit(ExternalSource)
        case chargingNeeds(EVSEID)
        case vehicleSchedule(EVSEID)
        /// Nothing follows from the answer.
        case report(String)
    }
    /// What is done after a request was answered.
    enum FollowUp {
        case report(requestID: Int, [DeviceVariable])
        case chargingProfiles(requestID: Int, [InstalledProfile])
        case displayMessages(requestID: Int, [InstalledMessage])
        case firmwareStatus
        case logStatus
    }

    package internal(set) var domain: ChargingStation
    var rpc: RPCEndpoint<CallContext>
    let description: StationDescription
    package let deviceModel: DeviceModel
    var now: Instant
    var outputs: [PersonalityOutput] = []
    var followUps: [FollowUp] = []
    /// Unlock attempts of the hardware whose requests wait for their answer.
    var unlocks: [RequestID: String] = [:]
    /// Last state told per connector, so that only changes make a NotifyEvent.
    var told: [ConnectorID: ConnectorState] = [:]
    /// Event ids, and sequence of NotifyEvent messages.
    var eventID = 0
    /// Power measured last, for the device model.
    var power: [EVSEID: Watts] = [:]
    /// Network connection profiles by slot: the factory's, then the CSMS's.
    package internal(set) var profiles: [Int: NetworkConnectionProfile]
    /// The highest security profile for which there are a root and a certificate.
    let provisionedSecurityProfile: UInt8
    /// The queue's messages may not be on disk: none of them is sent.
    private var isQueueHeld = false
    /// Counts quarantined records, so that they stay bounded.
    var quarantined = 0

    package init(
        station: StationConfiguration, description: StationDescription,
        profiles: [NetworkConnectionProfile], provisionedSecurityProfile: UInt8,
        factory: [VariableName: String], stored: StoredRecords, wallClock: UnixTime?,
        isRestartOfProcess: Bool, ended: [UInt32]?, seed: UInt64, at now: Instant
    ) {
        self.description = description
        self.now = now
        self.provisionedSecurityProfile = provisionedSecurityProfile
        domain = ChargingStation(
            configuration: station, stored: stored, wallClock: wallClock,
            isRestartOfProcess: isRestartOfProcess, ended: ended, at: now)
        rpc = RPCEndpoint(seed: seed)
        self.profiles = Dictionary(profiles.map { ($0.slot, $0) }) { first, _ in first }
        let slots = Set(self.profiles.keys).union([1, 2, 3]).sorted()
        deviceModel = DeviceModel(station, description, slots: slots, factory: factory)
        loadProfiles(stored[.facts] ?? [])
        rpc.load(stored[.messageQueue] ?? [])
        applySettings()
        settle()
    }

    package mutating func takeOutputs() -> [PersonalityOutput] {
        defer { outputs = [] }
        return outputs
    }

    /// Lets the domain know what happened, then carries its consequences through.
    package mutating func perform(
        at now: Instant, _ body: (inout ChargingStation) -> Void
    ) {
        self.now = now
        body(&domain)
        settle()
    }

    package mutating func linkOpened(at now: Instant) {
        self.now = now
        rpc.linkUp(at: now)
        domain.linkOpened(at: now)
        settle()
    }
    package mutating func linkLost(at now: Instant) {
        self.now = now
        unlocks.removeAll()
        rpc.linkDown(at: now)
        domain.linkLost(at: now)
        settle()
    }
    package mutating func received(_ bytes: [UInt8], at now: Instant) {
        self.now = now
        rpc.receive(bytes, at: now)
        settle()
    }
    /// A message was not sent, because what must be on disk before it could not be written.
    package mutating func unsent(_ bytes: [UInt8], at now: Instant) {
        self.now = now
        rpc.unsent(bytes, at: now)
        settle()
    }
    package mutating func measured(_ sample: MeterSample, of evse: EVSEID, at now: Instant) {
        if sample.valid.contains(.power) { power[evse] = sample.totalPower }
        perform(at: now) { $0.observe(sample, of: evse, at: now) }
    }

    /// What the meter of an EVSE tells of what it signs.
    package mutating func signed(_ report: SigningReport, of evse: EVSEID, at now: Instant) {
        perform(at: now) { $0.observe(report, of: evse, at: now) }
    }

    /// Something that concerns security happened outside the domain.
    package mutating func securityEvent(
        _ kind: SecurityNotice.Kind, _ detail: String, at now: Instant
    ) {
        self.now = now
        report(SecurityNotice(kind: kind, time: domain.eventTime(at: now), detail: detail))
        settle()
    }

    /// Holds back the queue's messages, or lets them go.
    package mutating func holdQueue(_ isHeld: Bool, at now: Instant) {
        self.now = now
        isQueueHeld = isHeld
        settle()
    }

    /// Earliest instant at which ``perform(at:_:)`` with `advance` is wanted.
    package var nextWake: Instant? {
        let wakes = (domain.nextWake, rpc.nextWake)
        if let charging = wakes.0, let messages = wakes.1 { return min(charging, messages) }
        return wakes.0 ?? wakes.1
    }
    package var queueLength: Int { rpc.queueLength }
    package var waitingCalls: Int { rpc.waitingLength }
    package var hasCallInFlight: Bool { rpc.hasCallInFlight }
    package var lastReceived: Instant? { rpc.lastReceived }

    /// Carries outputs of the domain and events of the endpoint through until both are quiet.
    mutating func settle() {
        while true {
            rpc.gate = gate
            rpc.pump(at: now)
            let reported = domain.takeOutputs()
            for output in reported { carry(output, .ordinary) }
            let events = rpc.takeEvents()
            for event in events { handle(event) }
            if reported.isEmpty, events.isEmpty { return }
        }
    }

    /// Which calls may pass: B01.FR.08, B02.FR.02, B03.FR.02 (traps 1 and 2).
    private var gate: CallGate {
        switch domain.registration {
        case .accepted: isQueueHeld ? CallGate(.boot, .solicited, .ordinary) : .open
        case .pending: CallGate(.boot, .solicited)
        case .rejected, nil: CallGate(.boot)
        }
    }

    func carryTime(_ time: EventTime) -> DateTime {
        .time(wallTime(of: time))
    }
    /// The wall time; where even now nobody knows it, the time since the machine started.
    func wallTime(of time: EventTime) -> UnixTime {
        domain.wallTime(of: time)
            ?? UnixTime(milliseconds: time.instant.nanoseconds / 1_000_000)
    }

    mutating func applySettings() {
        func integer(_ key: SettingKey, _ fallback: Int) -> Int {
            Int(domain.setting(key)) ?? fallback
        }
        rpc.settings.messageTimeout = .seconds(Int64(max(1, integer(.messageTimeout, 30))))
        rpc.settings.attempts = max(1, integer(.messageAttempts, 5))
        rpc.settings.attemptInterval = .seconds(Int64(integer(.messageAttemptInterval, 10)))
    }

    // MARK: Events of the endpoint

    mutating func handle(_ event: RPCEvent<CallContext>) {
        switch event {
        case .send(let bytes): outputs.append(.send(bytes))
        case .sendQueued(let id, let message):
            let payload = DateTime.resolve(message.payload) { wallTime(of: $0) }
            let frame = Frame.call(id: id, action: message.action, payload: payload)
            outputs.append(.send(frame.bytes))
        case .store(let operation): store(operation)
        case .call(let call): serve(call)
        case .answered(let context, let result, let isLate):
            answered(context, result, isLate: isLate)
        case .delivered(let message, let payload):
            domain.messageExchanged(at: now)
            delivered(message, payload)
        case .notAccepted(let message, let error, let discarded):
            outputs.append(
                .log(
                    DomainLog(
                        discarded ? .error : .warning,
                        discarded
                            ? "message discarded: not accepted by the CSMS"
                            : "message not accepted by the CSMS",
                        ["action": message.action, "error": error?.codeText ?? "no answer"])))
        case .dropped(let reason):
            outputs.append(.log(DomainLog(.warning, "frame dropped", ["reason": reason])))
        }
    }

    private mutating func store(_ operation: QueueOperation) {
        switch operation {
        case .put(let key, let record):
            outputs.append(.store(.put(.messageQueue, key: key, value: record)))
        case .remove(let key): outputs.append(.store(.remove(.messageQueue, key: key)))
        case .quarantine(let key, let record):
            let entry: JSONValue = ["key": .string(key), "record": .string(record)]
            outputs.append(
                .store(.put(.facts, key: "quarantine/\(quarantined % 16)", value: entry.text)))
            outputs.append(.store(.remove(.messageQueue, key: key)))
            quarantined += 1
            outputs.append(.log(DomainLog(.error, "queued message set aside", ["key": key])))
        }
    }

    private mutating func answered(
        _ context: CallContext, _ result: Result<JSONObject, CallFailure>, isLate: Bool
    ) {
        if case .success = result { domain.messageExchanged(at: now) }
        if case .failure(.error(let error)) = result {
            outputs.append(
                .log(DomainLog(.warning, "CALLERROR received", ["error": error.description])))
        }
        switch context {
        case .boot: bootAnswered(result)
        case .heartbeat: heartbeatAnswered(result)
        case .authorize(let id) where !isLate: authorizeAnswered(id, result)
        case .connector(let connector):
            if isLost(result) { domain.connectorReportLost(connector) }
        case .externalLimit(let source): if isLost(result) { domain.externalLimitLost(source) }
        case .chargingNeeds(let evse): chargingNeedsAnswered(evse, result)
        case .vehicleSchedule(let evse): vehicleScheduleAnswered(evse, result)
        case .authorize, .report: break
        }
    }

    /// It went down with the link: nobody knows whether the CSMS has it.
    private func isLost(_ result: Result<JSONObject, CallFailure>) -> Bool {
        if case .failure(.linkLost) = result { return true }
        return false
    }

    /// Reads an answer; a malformed one counts as none and is logged.
    mutating func read<Response: Payload>(
        _ type: Response.Type, _ result: Result<JSONObject, CallFailure>
    ) -> Response? {
        guard case .success(let object) = result else { return nil }
        do throws(CodecError) {
            return try Response(object, isLenient: true)
        } catch {
            outputs.append(
                .log(
                    DomainLog(
                        .warning, "malformed answer",
                        ["message": "\(Response.self)", "error": error.description])))
            return nil
        }
    }

    mutating func call<R: Request>(_ request: R, _ callClass: CallClass, _ context: CallContext) {
        rpc.call(R.action, request.object, callClass, context: context, at: now)
    }
    mutating func call<R: Request>(_ request: R, _ callClass: CallClass) {
        call(request, callClass, .report(R.action))
    }
}

extension OCPP201Personality {
    /// Carries out what the endpoint has to send so far, before anything that comes next.
    mutating func flushSends() {
        for event in rpc.takeEvents() { handle(event) }
    }
}
