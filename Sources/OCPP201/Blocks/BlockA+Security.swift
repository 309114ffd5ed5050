import Charging
import OCPPJ

// A: security
extension OCPP201Personality {
    /// Critical events reach the CSMS whatever happens (A04.FR.02); the others are only logged.
    mutating func report(_ notice: SecurityNotice) {
        log(.info, "security event", ["event": notice.kind.rawValue])
        guard notice.kind.isCritical else { return }
        var request = SecurityEventNotificationRequest()
        request.type = notice.kind.rawValue
        request.timestamp = .event(notice.time)
        request.techInfo = notice.detail.isEmpty ? nil : String(notice.detail.prefix(255))
        enqueue(request, group: "", isDroppable: false)
    }

    mutating func enqueue<R: Request>(
        _ request: R, group: String, place: String = "", isDroppable: Bool
    ) {
        let message = QueuedMessage(
            action: R.action, payload: request.object, group: group, place: place,
            isDroppable: isDroppable)
        if !rpc.enqueue(message, at: now) {
            log(.error, "message queue is full: message lost", ["action": R.action])
        }
        flushSends()
    }
}
