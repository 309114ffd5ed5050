package import Charging

// I: costs; O: display messages.

package struct CostUpdatedRequest: Request {
    package static let action = "CostUpdated"
    package typealias Response = EmptyResponse
    package var totalCost = Thousandths(0)
    package var transactionId = ""
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("totalCost", &totalCost)
        try fields.field("transactionId", &transactionId, limit: 36)
    }
}

package struct MessageInfo: Payload {
    package var display: Component?
    package var id = 0
    package var priority = MessagePriority.normalCycle
    package var state: MessageState?
    package var startDateTime: DateTime?
    package var endDateTime: DateTime?
    package var transactionId: String?
    package var message = MessageContent()
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("display", &display)
        try fields.field("id", &id)
        try fields.field("priority", &priority)
        try fields.field("state", &state)
        try fields.field("startDateTime", &startDateTime)
        try fields.field("endDateTime", &endDateTime)
        try fields.field("transactionId", &transactionId, limit: 36)
        try fields.field("message", &message)
    }
}

package struct SetDisplayMessageRequest: Request {
    package static let action = "SetDisplayMessage"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case notSupportedMessageFormat = "NotSupportedMessageFormat"
        case rejected = "Rejected"
        case notSupportedPriority = "NotSupportedPriority"
        case notSupportedState = "NotSupportedState"
        case unknownTransaction = "UnknownTransaction"
    }
    package typealias Response = StatusResponse<Status>
    package var message = MessageInfo()
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("message", &message)
    }
}

package struct GetDisplayMessagesRequest: Request {
    package static let action = "GetDisplayMessages"
    package typealias Response = StatusResponse<KnownStatus>
    package var id: [Int] = []
    package var requestId = 0
    package var priority: MessagePriority?
    package var state: MessageState?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("id", &id, 0...10_000)
        try fields.field("requestId", &requestId)
        try fields.field("priority", &priority)
        try fields.field("state", &state)
    }
}

package struct ClearDisplayMessageRequest: Request {
    package static let action = "ClearDisplayMessage"
    package typealias Response = StatusResponse<KnownStatus>
    package var id = 0
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("id", &id)
    }
}

/// GetDisplayMessagesStatusEnumType and ClearMessageStatusEnumType.
package enum KnownStatus: String, WireEnum {
    case accepted = "Accepted"
    case unknown = "Unknown"
}

package struct NotifyDisplayMessagesRequest: Request {
    package static let action = "NotifyDisplayMessages"
    package typealias Response = EmptyResponse
    package var requestId = 0
    package var tbc: Bool?
    package var messageInfo: [MessageInfo] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("messageInfo", &messageInfo, 0...1024)
        try fields.field("requestId", &requestId)
        try fields.field("tbc", &tbc)
    }
}
