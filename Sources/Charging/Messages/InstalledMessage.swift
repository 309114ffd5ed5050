package import EVSEModel

/// Raw values: OCPP's MessagePriorityEnumType.
package enum MessagePriority: String, Hashable, Sendable, CaseIterable {
    case alwaysFront = "AlwaysFront"
    case inFront = "InFront"
    case normalCycle = "NormalCycle"
}

/// While what a message is shown. Raw values: OCPP's MessageStateEnumType.
package enum MessageState: String, Hashable, Sendable, CaseIterable {
    case charging = "Charging"
    case faulted = "Faulted"
    case idle = "Idle"
    case unavailable = "Unavailable"
}

/// Raw values: OCPP's MessageFormatEnumType.
package enum MessageFormat: String, Hashable, Sendable, CaseIterable {
    case ascii = "ASCII"
    case html = "HTML"
    case uri = "URI"
    case utf8 = "UTF8"
}

/// A text of the operator's.
package struct MessageText: Hashable, Sendable {
    package var format: MessageFormat
    /// A tag of RFC 5646: `en-US`.
    package var language: String?
    /// At most 512 characters.
    package var text: String
    package init(format: MessageFormat, language: String? = nil, text: String) {
        self.format = format
        self.language = language
        self.text = text
    }
}

/// A message that the operator has set, with when and where it is to be read.
package struct InstalledMessage: Hashable, Sendable {
    /// The operator's own number.
    package var id: Int
    package var priority: MessagePriority
    /// Only in this state; `nil` in any.
    package var state: MessageState?
    package var start: UnixTime?
    package var end: UnixTime?
    /// Only during this one.
    package var transaction: TransactionID?
    /// Names of the displays that it is for; empty: all.
    package var displays: [String]
    package var content: MessageText
    package init(
        id: Int, priority: MessagePriority, state: MessageState? = nil, start: UnixTime? = nil,
        end: UnixTime? = nil, transaction: TransactionID? = nil, displays: [String] = [],
        content: MessageText
    ) {
        self.id = id
        self.priority = priority
        self.state = state
        self.start = start
        self.end = end
        self.transaction = transaction
        self.displays = displays
        self.content = content
    }

    /// Within its times. While the wall time is unknown only a message without any is: O01.FR.06
    /// and O01.FR.07 could not be kept otherwise.
    func isDue(at time: UnixTime?) -> Bool {
        if start == nil, end == nil { return true }
        guard let time else { return false }
        return start.map { $0 <= time } ?? true && end.map { time < $0 } ?? true
    }

    /// Both have a display in common.
    func shares(displaysOf other: Self) -> Bool {
        displays.isEmpty || other.displays.isEmpty
            || !Set(displays).isDisjoint(with: other.displays)
    }
}

/// Which messages are meant; all given conditions hold together.
package struct MessageFilter: Hashable, Sendable {
    /// Any of these ids; empty is any.
    package var ids: [Int]
    package var priority: MessagePriority?
    package var state: MessageState?
    package init(ids: [Int] = [], priority: MessagePriority? = nil, state: MessageState? = nil) {
        self.ids = ids
        self.priority = priority
        self.state = state
    }
    func matches(_ message: InstalledMessage) -> Bool {
        if !ids.isEmpty, !ids.contains(message.id) { return false }
        if let priority, priority != message.priority { return false }
        return state == nil || state == message.state
    }
}

/// Why a message was not taken.
package enum MessageRefusal: Error, Hashable, Sendable {
    case priorityNotSupported
    case formatNotSupported
    case unknownTransaction
    case rejected(Refusal)
}
