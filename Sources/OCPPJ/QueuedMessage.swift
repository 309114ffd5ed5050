package import JSON

/// A message that must reach the CSMS although power or link fail: transaction messages, critical
/// security events.
package struct QueuedMessage: Hashable, Sendable {
    /// Position in the queue, and the record's key; assigned when queued, never reused.
    package internal(set) var sequence: UInt64 = 0
    package var action: String
    package var payload: JSONObject
    /// Messages of one group keep their order; empty stands alone. A transaction's id.
    package var group: String
    /// Messages of one place keep their order across groups; empty goes by the group alone. An EVSE:
    /// a transaction is not told before the one that took place there earlier.
    package var place: String
    /// May be dropped when memory runs low: intermediate updates, never a start or an end.
    package var isDroppable: Bool
    /// It stands alone and is never dropped: sent until the CSMS has answered (A04.FR.02). A transaction's
    /// messages are not, for the next ones wait behind them (E13.FR.04).
    package var isGuaranteed: Bool { group.isEmpty && place.isEmpty && !isDroppable }
    /// Sends that the CSMS did not accept so far.
    package internal(set) var failures = 0

    package init(
        action: String, payload: JSONObject, group: String, place: String = "", isDroppable: Bool
    ) {
        self.action = action
        self.payload = payload
        self.group = group
        self.place = place
        self.isDroppable = isDroppable
    }

    /// Sorts as text like ``sequence`` does as number.
    package var key: String {
        let digits = String(sequence)
        return String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
    }

    package var record: String {
        let value: JSONValue = [
            "action": .string(action), "group": .string(group), "place": .string(place),
            "droppable": .bool(isDroppable), "failures": JSONValue(failures),
            "payload": .object(payload),
        ]
        return value.text
    }

    /// Reads a stored record; `nil` where it is not one, whatever the text.
    package init?(key: String, record: String) {
        guard let sequence = UInt64(key), let value = try? JSONValue(parsing: record),
            let action = value["action"]?.string, let group = value["group"]?.string,
            let isDroppable = value["droppable"]?.bool, let failures = value["failures"]?.int,
            let payload = value["payload"]?.object,
            // Room to count on, also from a damaged record.
            (0...Int(Int32.max)).contains(failures), sequence < 1 << 62
        else { return nil }
        // A record of an earlier version has no place.
        self.init(
            action: action, payload: payload, group: group, place: value["place"]?.string ?? "",
            isDroppable: isDroppable)
        self.sequence = sequence
        self.failures = failures
    }
}

/// A change of what survives of the queue, to be made durable before what follows it.
package enum QueueOperation: Hashable, Sendable {
    case put(key: String, record: String)
    case remove(key: String)
    /// The record cannot be delivered: out of the queue, kept aside for inspection.
    case quarantine(key: String, record: String)
}
