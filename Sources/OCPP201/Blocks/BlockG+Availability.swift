import Charging
import EVSEModel
import OCPPJ

// G: availability; N: events
extension OCPP201Personality {
    /// G01: the status, and for a change also the event of the connector's AvailabilityState.
    mutating func report(_ notice: ConnectorNotice, _ callClass: CallClass) {
        let connector = notice.connector
        var request = StatusNotificationRequest()
        request.timestamp = carryTime(notice.time)
        request.connectorStatus = notice.state
        request.evseId = Int(connector.evse.number)
        request.connectorId = Int(connector.number)
        call(request, callClass, .connector(connector))
        let previous = told.updateValue(notice.state, forKey: connector)
        guard let previous, previous != notice.state else { return }
        var event = NotifyEventRequest.Event()
        event.component = Component(
            "Connector",
            evse: EVSEReference(Int(connector.evse.number), connector: Int(connector.number)))
        event.variable = Variable("AvailabilityState")
        event.actualValue = notice.state.rawValue
        event.timestamp = request.timestamp
        send(event, callClass)
    }

    /// A fault as the event of the component-variable that it belongs to.
    mutating func report(_ notice: FaultNotice, _ callClass: CallClass) {
        let facts = notice.fault.facts
        var event = NotifyEventRequest.Event()
        var reference: EVSEReference?
        if let evse = notice.evse, facts.report201.tier != .station {
            let connector = domain.activeConnector(of: evse).map { Int($0.number) } ?? 1
            reference = EVSEReference(
                Int(evse.number), connector: facts.report201.tier == .connector ? connector : nil)
        }
        event.component = Component(facts.report201.component, evse: reference)
        event.variable = Variable(facts.report201.variable)
        event.trigger = .alerting
        event.actualValue = notice.holds ? "true" : "false"
        event.cleared = notice.holds ? nil : true
        event.techCode = facts.minimumRequiredErrorCode ?? "\(notice.fault)"
        let detail = notice.detail.isEmpty ? facts.text : notice.detail
        event.techInfo = String(detail.prefix(500))
        event.transactionId =
            domain.transactions.first { $0.evse == notice.evse && $0.evse != nil }?.id.text
        if rpc.isLinked, domain.registration == .accepted {
            event.timestamp = carryTime(notice.time)
            call(request(for: event), callClass)
        } else if Int(facts.severity) <= Int(domain.setting(.offlineQueuingSeverity)) ?? 0 {
            // N07.FR.04. The oldest go first where memory runs low; the time may be known later.
            event.timestamp = .event(notice.time)
            enqueue(request(for: event), group: Self.eventGroup, isDroppable: true)
        }
    }
    /// Queued events keep their order among themselves. No transaction's id is like this.
    static let eventGroup = "#events"

    private mutating func send(_ event: NotifyEventRequest.Event, _ callClass: CallClass) {
        call(request(for: event), callClass)
    }

    private mutating func request(for event: NotifyEventRequest.Event) -> NotifyEventRequest {
        var event = event
        eventID = eventID == Int(Int32.max) ? 1 : eventID + 1
        event.eventId = eventID
        var request = NotifyEventRequest()
        request.generatedAt = event.timestamp
        request.seqNo = 0
        request.eventData = [event]
        return request
    }

    mutating func changeAvailability(
        _ request: ChangeAvailabilityRequest
    ) -> ChangeAvailabilityRequest.Response {
        let scope: AvailabilityScope
        if let place = request.evse {
            guard let id = evse(place.id) else {
                return .init(.rejected, StatusInfo("UnknownEvse"))
            }
            if let number = place.connectorId {
                guard let connector = connector(place.id, number) else {
                    return .init(.rejected, StatusInfo("UnknownConnectorId"))
                }
                scope = .connector(connector)
            } else {
                scope = .evse(id)
            }
        } else {
            scope = .station
        }
        let isOperative = request.operationalStatus == .operative
        return switch domain.changeAvailability(scope, operative: isOperative, at: now) {
        case .accepted: .init(.accepted)
        case .scheduled: .init(.scheduled)
        case .rejected(let refusal): .init(.rejected, Self.info(refusal))
        }
    }
}
