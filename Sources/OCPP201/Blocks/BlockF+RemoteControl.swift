import Charging
import EVSEModel
import OCPPJ

// F: remote control
extension OCPP201Personality {
    mutating func requestStart(
        _ request: RequestStartTransactionRequest, _ registration: RegistrationStatus
    ) -> RequestStartTransactionRequest.Response {
        var response = RequestStartTransactionRequest.Response()
        // B02.FR.05 (trap 1)
        guard registration == .accepted else {
            response.statusInfo = StatusInfo("CSNotAccepted")
            return response
        }
        var target: EVSEID?
        if let number = request.evseId {
            guard let id = evse(number) else {
                response.statusInfo = StatusInfo("UnknownEvse")
                return response
            }
            target = id
        }
        let start = RemoteStart(
            remoteStartID: request.remoteStartId, token: request.idToken.domain,
            groupToken: request.groupIdToken?.domain, evse: target,
            profile: request.chargingProfile?.domain)
        switch domain.requestStart(start, at: now) {
        case .success(let accepted):
            response.status = .accepted
            response.transactionId = accepted.transaction?.text
        case .failure(let refusal): response.statusInfo = Self.info(refusal)
        }
        return response
    }

    mutating func requestStop(
        _ request: RequestStopTransactionRequest, _ registration: RegistrationStatus
    ) -> RequestStopTransactionRequest.Response {
        guard registration == .accepted else {
            return .init(.rejected, StatusInfo("CSNotAccepted"))
        }
        return switch domain.requestStop(TransactionID(request.transactionId), at: now) {
        case .success: .init(.accepted)
        case .failure(let refusal): .init(.rejected, Self.info(refusal))
        }
    }

    /// F05: answered when the bolt has moved, or has not.
    mutating func unlockConnector(
        _ request: UnlockConnectorRequest, _ incoming: IncomingCall
    ) -> Answer<UnlockConnectorRequest.Response> {
        guard let connector = connector(request.evseId, request.connectorId) else {
            return .now(.init(.unknownConnector))
        }
        switch domain.unlock(connector, at: now) {
        case .done(let result, let refusal): return .now(.init(result, Self.info(refusal)))
        case .attempting(let id):
            unlocks[id] = incoming.id
            return .later
        }
    }

    mutating func unlockFinished(_ id: RequestID, _ result: UnlockResult) {
        guard let callID = unlocks.removeValue(forKey: id) else { return }
        rpc.answer(callID, UnlockConnectorRequest.Response(result).object, at: now)
    }

    /// F06: what is accepted is sent after the answer, and with current information only.
    mutating func triggerMessage(_ request: TriggerMessageRequest) -> TriggerMessageRequest.Response
    {
        var target: EVSEID?
        if let number = request.evse?.id, number != 0 {
            target = evse(number)
            let isRelevant = [.meterValues, .transactionEvent, .statusNotification]
                .contains(request.requestedMessage)
            if target == nil, isRelevant { return .init(.rejected, StatusInfo("UnknownEvse")) }
        }
        let answer: TriggerAnswer
        switch request.requestedMessage {
        case .bootNotification: answer = domain.triggerRegistration(at: now)
        case .heartbeat: answer = domain.triggerHeartbeat(at: now)
        case .meterValues: answer = domain.triggerMeterValues(evse: target, at: now)
        case .transactionEvent: answer = domain.triggerTransaction(evse: target, at: now)
        case .statusNotification:
            // F06.FR.12: at connector level only.
            guard let place = request.evse, let number = place.connectorId,
                let connector = connector(place.id, number)
            else { return .init(.rejected, StatusInfo("MissingParam", "one connector is needed")) }
            answer = domain.triggerStatus(connector, at: now)
        case .firmwareStatusNotification:
            followUps.append(.firmwareStatus)
            answer = .accepted
        case .logStatusNotification:
            followUps.append(.logStatus)
            answer = .accepted
        case .signChargingStationCertificate, .signV2GCertificate, .signCombinedCertificate,
            .publishFirmwareStatusNotification:
            return .init(.notImplemented)
        }
        return .init(answer == .accepted ? .accepted : .rejected)
    }
}
