import Charging
import EVSEModel
import JSON
import OCPPJ

extension OCPP201Personality {
    /// Whether an answer promises that something was recorded: then the record comes first.
    enum Promise {
        case nothing
        case record
    }

    /// Answers one request of the CSMS, or sees to it that it is answered later.
    mutating func serve(_ incoming: IncomingCall) {
        // B03.FR.08; before the first answer the CSMS has not let us in either.
        guard let registration = domain.registration, registration != .rejected else {
            let error = RPCError(.securityError, "not accepted by the CSMS yet")
            return refuse(incoming, error)
        }
        switch incoming.action {
        case ResetRequest.action: answer(incoming, .record) { $0.reset($1) }
        case SetVariablesRequest.action: answer(incoming, .record) { $0.setVariables($1, incoming) }
        case GetVariablesRequest.action: answer(incoming) { $0.getVariables($1, incoming) }
        case GetBaseReportRequest.action: answer(incoming) { $0.getBaseReport($1) }
        case GetReportRequest.action: answer(incoming) { $0.getReport($1, incoming) }
        case SetNetworkProfileRequest.action: answer(incoming, .record) { $0.setNetworkProfile($1) }
        case ClearCacheRequest.action: answer(incoming, .record) { $0.clearCache($1) }
        case GetLocalListVersionRequest.action: answer(incoming) { $0.getLocalListVersion($1) }
        case SendLocalListRequest.action:
            answer(incoming, .record) { $0.sendLocalList($1, incoming) }
        case GetTransactionStatusRequest.action: answer(incoming) { $0.getTransactionStatus($1) }
        case RequestStartTransactionRequest.action:
            answer(incoming, .record) { $0.requestStart($1, registration) }
        case RequestStopTransactionRequest.action:
            answer(incoming) { $0.requestStop($1, registration) }
        case UnlockConnectorRequest.action: answer(incoming) { $0.unlockConnector($1, incoming) }
        case TriggerMessageRequest.action: answer(incoming) { $0.triggerMessage($1) }
        case ChangeAvailabilityRequest.action:
            answer(incoming, .record) { $0.changeAvailability($1) }
        case SetChargingProfileRequest.action:
            answer(incoming, .record) { $0.setChargingProfile($1) }
        case ClearChargingProfileRequest.action:
            answer(incoming, .record) { $0.clearChargingProfile($1) }
        case GetChargingProfilesRequest.action: answer(incoming) { $0.getChargingProfiles($1) }
        case GetCompositeScheduleRequest.action: answer(incoming) { $0.getCompositeSchedule($1) }
        case CostUpdatedRequest.action where hasDisplays:
            answer(incoming) { $0.costUpdated($1) }
        case SetDisplayMessageRequest.action where hasDisplays:
            answer(incoming, .record) { $0.setDisplayMessage($1) }
        case GetDisplayMessagesRequest.action where hasDisplays:
            answer(incoming) { $0.getDisplayMessages($1) }
        case ClearDisplayMessageRequest.action where hasDisplays:
            answer(incoming, .record) { $0.clearDisplayMessage($1) }
        case DataTransferRequest.action: answer(incoming) { $0.dataTransfer($1) }
        default:
            refuse(
                incoming,
                Self.knownActions.contains(incoming.action)
                    ? RPCError(.notSupported, "\(incoming.action) is not supported")
                    : RPCError(.notImplemented, "unknown action"))
        }
    }

    /// What a handler makes of a request.
    enum Answer<Response: Payload> {
        case now(Response)
        /// The hardware must act first; answered by the call's id.
        case later
        case error(RPCError)
    }

    private mutating func answer<R: Request>(
        _ incoming: IncomingCall, _ promise: Promise = .nothing,
        _ handler: (inout Self, R) -> Answer<R.Response>
    ) {
        let request: R
        do throws(CodecError) {
            request = try R(incoming.payload)
        } catch {
            return refuse(incoming, error.rpcError)
        }
        let result = handler(&self, request)
        // The response comes before what it causes (trap 17), and after what it promises.
        var caused = domain.takeOutputs()
        if promise == .record {
            for case .store(let operation) in caused { outputs.append(.store(operation)) }
            caused.removeAll { if case .store = $0 { true } else { false } }
        }
        switch result {
        case .now(let response): rpc.answer(incoming.id, response.object, at: now)
        case .error(let error): rpc.refuse(incoming.id, error, at: now)
        case .later: break
        }
        flushSends()
        for output in caused { carry(output, .solicited) }
        let waiting = followUps
        followUps = []
        for followUp in waiting { perform(followUp) }
    }

    private mutating func answer<R: Request>(
        _ incoming: IncomingCall, _ promise: Promise = .nothing,
        _ handler: (inout Self, R) -> R.Response
    ) {
        answer(incoming, promise) { personality, request in .now(handler(&personality, request)) }
    }

    private mutating func refuse(_ incoming: IncomingCall, _ error: RPCError) {
        rpc.refuse(incoming.id, error, at: now)
        log(.info, "request refused", ["action": incoming.action, "error": error.description])
    }

    private mutating func perform(_ followUp: FollowUp) {
        switch followUp {
        case .report(let requestID, let variables): sendReport(requestID, variables)
        case .chargingProfiles(let requestID, let profiles):
            reportChargingProfiles(requestID, profiles)
        case .displayMessages(let requestID, let messages):
            notifyDisplayMessages(requestID, messages)
        case .firmwareStatus: call(FirmwareStatusNotificationRequest(), .solicited)
        case .logStatus: call(LogStatusNotificationRequest(), .solicited)
        }
    }

    /// Every other action of 2.0.1 that a CSMS may ask of a station.
    private static let knownActions: Set<String> = [
        "CancelReservation", "CertificateSigned", "ClearDisplayMessage", "ClearVariableMonitoring",
        "CostUpdated", "CustomerInformation", "DeleteCertificate", "GetDisplayMessages",
        "GetInstalledCertificateIds", "GetLog", "GetMonitoringReport", "InstallCertificate",
        "PublishFirmware", "ReserveNow", "SetDisplayMessage", "SetMonitoringBase",
        "SetMonitoringLevel", "SetVariableMonitoring", "UnpublishFirmware", "UpdateFirmware",
        // Requests that only a station sends: known, and not for us.
        "Authorize", "BootNotification", "ClearedChargingLimit", "FirmwareStatusNotification",
        "Get15118EVCertificate", "GetCertificateStatus", "Heartbeat", "LogStatusNotification",
        "MeterValues", "NotifyChargingLimit", "NotifyCustomerInformation",
        "NotifyDisplayMessages", "NotifyEVChargingNeeds", "NotifyEVChargingSchedule",
        "NotifyEvent", "NotifyMonitoringReport", "NotifyReport",
        "PublishFirmwareStatusNotification", "ReportChargingProfiles",
        "ReservationStatusUpdate", "SecurityEventNotification", "SignCertificate",
        "StatusNotification", "TransactionEvent",
    ]

    /// The station's EVSE of a wire number; `nil` where it has none of it.
    func evse(_ number: Int) -> EVSEID? {
        guard let id = EVSEID(number), id.index < domain.configuration.evses.count else {
            return nil
        }
        return id
    }
    func connector(_ evseNumber: Int, _ number: Int) -> ConnectorID? {
        guard let id = evse(evseNumber),
            (1...domain.configuration.evses[id.index].connectors.count).contains(number)
        else { return nil }
        return ConnectorID(evse: evseNumber, connector: number)
    }
    static func info(_ refusal: Refusal?) -> StatusInfo? {
        refusal.map { StatusInfo($0.code.rawValue, $0.detail.isEmpty ? nil : $0.detail) }
    }
}
