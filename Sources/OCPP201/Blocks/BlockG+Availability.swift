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
        call(request, callClass)
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
            reference = EVSEReference(
                Int(evse.number), connector: facts.report201.tier == .connector ? 1 : nil)
        }
        event.component = Component(facts.report201.component, evse: reference)
        event.variable = Variable(facts.report201.variable)
        event.trigger = .alerting
        event.actualValue = notice.holds ? "true" : "false"
        event.cleared = notice.holds ? nil : true
        event.techCode = facts.minimumRequiredErrorCode ?? "\(notice.fault)"
        let detail = notice.detail.isEmpty ? facts.text : notice.detail
        event.techInfo = String(detail.prefix(500))
        event.timestamp = carryTime(notice.time)
        event.transactionId =
            domain.transactions.first { $0.evse == notice.evse && $0.evse != nil }?.id.text
        send(event, callClass)
    }

    private mutating func send(_ event: NotifyEventRequest.Event, _ callClass: CallClass) {
        var event = event
        eventID = eventID == Int(Int32.max) ? 1 : eventID + 1
        event.eventId = eventID
        var request = NotifyEventRequest()
        request.generatedAt = event.timestamp
        request.seqNo = 0
        request.eventData = [event]
        call(request, callClass)
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
