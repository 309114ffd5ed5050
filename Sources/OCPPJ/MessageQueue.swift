package import EVSEModel

/// The persistent queue: order kept within a place or group, resends with growing gaps, bounded.
///
/// Source: OCPP 2.0.1 edition 3 part 2, E04.FR.07-08 (dropping), E13.FR.02-04 (resending).
package struct MessageQueue: Sendable {
    /// Messages above which droppable ones go. Chosen: about a week of one EVSE offline with
    /// an update every 15 minutes, four times over.
    package var softLimit = 3_000
    /// Messages above which nothing more is taken; the store's own bound.
    package var hardLimit = 20_000
    /// Times that one message may be in flight while the link breaks, before it is set aside:
    /// a peer that dies of a message would otherwise never get the ones behind it.
    package var linkLossLimit = 20

    private var messages: [QueuedMessage] = []
    private var nextSequence: UInt64 = 1
    /// When a lane that saw a failure may be tried again.
    private var pauses: [String: Instant] = [:]
    private var linkLosses: [UInt64: Int] = [:]

    package init() {}

    package var count: Int { messages.count }
    package func hasMessages(of group: String) -> Bool { messages.contains { $0.group == group } }
    /// Groups with messages waiting, in order.
    package var groups: [String] {
        var seen: [String] = []
        for message in messages where !seen.contains(message.group) { seen.append(message.group) }
        return seen
    }

    /// Takes over what survived; what cannot be read is quarantined (never retried).
    package mutating func load(_ records: [(key: String, value: String)]) -> [QueueOperation] {
        var operations: [QueueOperation] = []
        for (key, record) in records {
            guard let message = QueuedMessage(key: key, record: record),
                message.sequence >= nextSequence
            else {
                operations.append(.quarantine(key: key, record: record))
                continue
            }
            nextSequence = message.sequence + 1
            messages.append(message)
        }
        return operations
    }

    /// Appends a message; `nil` where even the hard limit is reached.
    package mutating func append(
        _ message: QueuedMessage, inFlight: UInt64?
    ) -> [QueueOperation]? {
        var operations: [QueueOperation] = []
        if messages.count >= softLimit { operations = thinOut(except: inFlight) }
        guard messages.count < hardLimit else { return nil }
        var message = message
        message.sequence = nextSequence
        nextSequence += 1
        messages.append(message)
        operations.append(.put(key: message.key, record: message.record))
        return operations
    }

    /// Drops the first, third, fifth... droppable message of each group (E04.FR.08).
    private mutating func thinOut(except inFlight: UInt64?) -> [QueueOperation] {
        var operations: [QueueOperation] = []
        var position: [String: Int] = [:]
        messages.removeAll { message in
            guard message.isDroppable, message.sequence != inFlight else { return false }
            position[message.group, default: 0] += 1
            guard position[message.group, default: 0] % 2 == 1 else { return false }
            operations.append(.remove(key: message.key))
            return true
        }
        return operations
    }

    /// The next message that may be sent: the oldest one whose place and group neither pause nor have
    /// an older message. A standing-alone message never waits for another.
    package func next(at now: Instant) -> QueuedMessage? {
        var waiting: Set<String> = []
        for message in messages {
            let lanes = lanes(of: message)
            let waits = lanes.contains { lane in
                waiting.contains(lane) || pauses[lane].map { now < $0 } ?? false
            }
            guard waits else { return message }
            waiting.formUnion(lanes)
        }
        return nil
    }

    /// When a waiting message becomes due; `nil` where none waits.
    package var nextDue: Instant? { pauses.values.min() }

    private func lanes(of message: QueuedMessage) -> [String] {
        let lanes = [message.place, message.group].filter { !$0.isEmpty }
        return lanes.isEmpty ? ["#\(message.sequence)"] : lanes
    }

    package func message(_ sequence: UInt64) -> QueuedMessage? {
        messages.first { $0.sequence == sequence }
    }

    /// The CSMS has the message.
    package mutating func confirm(_ sequence: UInt64) -> QueueOperation? {
        remove(sequence).map { .remove(key: $0.key) }
    }

    /// The CSMS did not accept it or did not answer: waits interval × number of sends, or, at
    /// the limit, is discarded and the next may go.
    package mutating func fail(
        _ sequence: UInt64, attempts: Int, interval: Milliseconds, at now: Instant
    ) -> (operation: QueueOperation, discarded: Bool)? {
        guard let index = messages.firstIndex(where: { $0.sequence == sequence }) else {
            return nil
        }
        messages[index].failures += 1
        let message = messages[index]
        guard message.failures < attempts else {
            _ = remove(sequence)
            return (.remove(key: message.key), true)
        }
        let pause = Milliseconds(interval.raw &* Int64(clamping: message.failures))
        for lane in lanes(of: message) { pauses[lane] = now + pause }
        return (.put(key: message.key, record: message.record), false)
    }

    /// The link broke while the message was in flight: no failure of the CSMS, unless it happens
    /// again and again.
    package mutating func interrupted(_ sequence: UInt64) -> QueueOperation? {
        linkLosses[sequence, default: 0] += 1
        guard linkLosses[sequence, default: 0] >= linkLossLimit, let message = remove(sequence)
        else { return nil }
        return .quarantine(key: message.key, record: message.record)
    }

    /// Forgets the pauses that are over.
    package mutating func expirePauses(at now: Instant) {
        if !pauses.isEmpty { pauses = pauses.filter { $0.value > now } }
    }

    private mutating func remove(_ sequence: UInt64) -> QueuedMessage? {
        guard let index = messages.firstIndex(where: { $0.sequence == sequence }) else {
            return nil
        }
        let message = messages.remove(at: index)
        for lane in lanes(of: message) { pauses[lane] = nil }
        linkLosses[sequence] = nil
        return message
    }
}
