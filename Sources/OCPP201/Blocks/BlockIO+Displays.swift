import Charging
import EVSEModel
import JSON
import OCPPJ

// I: tariff and cost; O: display messages
extension OCPP201Personality {
    /// Without a display there is nothing to show a message or a price on.
    var hasDisplays: Bool { !domain.configuration.displays.isEmpty }

    /// I02.FR.02: there is one answer, whatever becomes of it.
    mutating func costUpdated(_ request: CostUpdatedRequest) -> CostUpdatedRequest.Response {
        let transaction = TransactionID(request.transactionId)
        if !domain.costUpdated(request.totalCost.raw, of: transaction, at: now) {
            log(.info, "cost of a transaction that is not here")
        }
        return .init()
    }

    mutating func setDisplayMessage(
        _ request: SetDisplayMessageRequest
    ) -> SetDisplayMessageRequest.Response {
        let info = request.message
        var displays: [String] = []
        if let component = info.display {
            guard let found = self.displays(component) else {  // O01.FR.22
                return .init(.rejected, StatusInfo("NotFound", "no such display"))
            }
            displays = found
        }
        let message = InstalledMessage(
            id: info.id, priority: info.priority, state: info.state,
            start: info.startDateTime?.unixTime, end: info.endDateTime?.unixTime,
            transaction: info.transactionId.map { TransactionID($0) }, displays: displays,
            content: info.message.domain)
        switch domain.setMessage(message, at: now) {
        case .success: return .init(.accepted)
        case .failure(.priorityNotSupported): return .init(.notSupportedPriority)
        case .failure(.formatNotSupported): return .init(.notSupportedMessageFormat)
        case .failure(.unknownTransaction): return .init(.unknownTransaction)
        case .failure(.rejected(let refusal)): return .init(.rejected, Self.info(refusal))
        }
    }

    /// The displays that a component of the device model names; empty where it names all of them, and
    /// `nil` where it names none.
    private func displays(_ component: Component) -> [String]? {
        guard component.name.lowercased() == DeviceModel.display.lowercased() else { return nil }
        let all = domain.configuration.displays
        let meant = all.filter { display in
            let isNamed =
                (component.instance ?? "").isEmpty
                || DeviceModel.same(component.instance, display.name)
            return isNamed && (component.evse == nil || component.evse?.id == number(display))
        }
        if meant.isEmpty { return nil }
        return meant.count == all.count ? [] : meant.map(\.name)
    }
    private func number(_ display: DisplayConfiguration) -> Int? {
        display.evse.map { Int($0.number) }
    }

    mutating func getDisplayMessages(
        _ request: GetDisplayMessagesRequest
    ) -> GetDisplayMessagesRequest.Response {
        let found = domain.messages(
            MessageFilter(ids: request.id, priority: request.priority, state: request.state))
        // O03.FR.06, O04.FR.02, O04.FR.07
        guard !found.isEmpty else { return .init(.unknown) }
        followUps.append(.displayMessages(requestID: request.requestId, found))
        return .init(.accepted)
    }

    /// O03.FR.03, O03.FR.04: pages, tbc in all but the last.
    mutating func notifyDisplayMessages(_ requestID: Int, _ messages: [InstalledMessage]) {
        // Chosen: a page of the longest messages stays well below what a small CSMS takes at once.
        let size = 10
        for start in stride(from: 0, to: messages.count, by: size) {
            var request = NotifyDisplayMessagesRequest()
            request.requestId = requestID
            request.tbc = start + size < messages.count
            request.messageInfo = messages[start..<min(start + size, messages.count)].map(info)
            call(request, .solicited)
        }
    }

    private func info(_ message: InstalledMessage) -> MessageInfo {
        var info = MessageInfo()
        info.id = message.id
        info.priority = message.priority
        info.state = message.state
        info.startDateTime = message.start.map(DateTime.time)
        info.endDateTime = message.end.map(DateTime.time)
        info.transactionId = message.transaction?.text
        info.message = MessageContent(message.content)
        // Several of many have no name of their own: the first stands for them.
        if let name = message.displays.first {
            let display = domain.configuration.displays.first { $0.name == name }
            info.display = DeviceModel.component(display ?? DisplayConfiguration(name: name))
        }
        return info
    }

    mutating func clearDisplayMessage(
        _ request: ClearDisplayMessageRequest
    ) -> ClearDisplayMessageRequest.Response {
        .init(domain.clearMessage(request.id, at: now) ? .accepted : .unknown)
    }
}

extension MessageContent {
    var domain: MessageText { MessageText(format: format, language: language, text: content) }
    init(_ text: MessageText) {
        format = text.format
        language = text.language
        content = text.text
    }
}
