import Charging
import EVSEModel
import JSON
import OCPPJ

// E: transactions
extension OCPP201Personality {
    /// On disk and in the queue before anything else happens.
    mutating func enqueue(_ notice: TransactionNotice) {
        var request = TransactionEventRequest()
        request.eventType = notice.kind
        request.timestamp = .event(notice.time)
        request.triggerReason = notice.trigger
        request.seqNo = notice.sequence
        request.offline = notice.isOffline
        request.numberOfPhasesUsed = notice.phasesUsed
        // The wire knows whole amperes only.
        request.cableMaxCurrent = notice.cableMaxCurrent.map { Int($0.raw / 1000) }
        request.reservationId = notice.reservationID
        request.transactionInfo.transactionId = notice.transaction.text
        request.transactionInfo.chargingState = notice.chargingState
        request.transactionInfo.timeSpentCharging = notice.timeSpentCharging
        request.transactionInfo.stoppedReason = notice.stoppedReason
        request.transactionInfo.remoteStartId = notice.remoteStartID
        request.evse = notice.connector.map {
            EVSEReference(Int($0.evse.number), connector: Int($0.number))
        }
        request.idToken = notice.token.map(WireIdToken.init)
        request.meterValue = notice.meter.compactMap(WireMeterValue.init)
        enqueue(
            request, group: notice.transaction.text, place: notice.evse.map { "EVSE \($0)" } ?? "",
            isDroppable: Self.isDroppable(notice))
    }

    /// E04.FR.07: updates that carry nothing but values.
    private static func isDroppable(_ notice: TransactionNotice) -> Bool {
        guard notice.kind == .updated, notice.token == nil, notice.remoteStartID == nil else {
            return false
        }
        return notice.trigger == .meterValuePeriodic || notice.trigger == .meterValueClock
    }

    mutating func delivered(_ message: QueuedMessage, _ payload: JSONObject) {
        guard message.action == TransactionEventRequest.action,
            let transaction = message.payload["transactionInfo"]?["transactionId"]?.string,
            let sequence = message.payload["seqNo"]?.int
        else { return }
        let response = read(TransactionEventRequest.Response.self, .success(payload))
        domain.transactionAnswered(
            TransactionID(transaction), sequence: sequence, info: response?.idTokenInfo?.domain,
            cost: response?.totalCost?.raw, personal: response?.updatedPersonalMessage?.domain,
            at: now)
    }

    /// E14 (trap 18): without an id only the queue is asked.
    func getTransactionStatus(
        _ request: GetTransactionStatusRequest
    ) -> GetTransactionStatusRequest.Response {
        var response = GetTransactionStatusRequest.Response()
        guard let id = request.transactionId else {
            response.messagesInQueue = rpc.queuedGroups.contains {
                !$0.isEmpty && $0 != Self.eventGroup
            }
            return response
        }
        response.ongoingIndicator = domain.status(of: TransactionID(id)) == .ongoing
        response.messagesInQueue = !id.isEmpty && rpc.hasQueuedMessages(of: id)
        return response
    }
}
