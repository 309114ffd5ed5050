import EVSEModel

/// The operator's messages, in the order in which they were set.
struct MessageBook: Sendable {
    private struct Entry: Sendable {
        /// Grows with each that is set: turns keep their order across restarts.
        var number: Int64
        var message: InstalledMessage
    }
    private var entries: [Entry] = []

    init(stored: [(key: String, value: String)]) {
        for (_, value) in stored {
            guard let record = Record(value), let message = InstalledMessage(record) else {
                continue
            }
            entries.append(Entry(number: record.int64("n") ?? 0, message: message))
        }
        entries.sort { ($0.number, $0.message.id) < ($1.number, $1.message.id) }
    }

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    var installed: [InstalledMessage] { entries.map(\.message) }

    /// When the first of them is over; `nil` for never.
    var firstEnd: UnixTime? { entries.compactMap(\.message.end).min() }

    /// Messages in whose place this one comes: the one of its id (O06.FR.01), and where it is always
    /// in front any other that is (O01.FR.16, O02.FR.18).
    private func isReplaced(_ old: InstalledMessage, by new: InstalledMessage) -> Bool {
        if old.id == new.id { return true }
        return old.priority == .alwaysFront && new.priority == .alwaysFront
            && new.shares(displaysOf: old)
    }

    /// How many there would be.
    func count(with message: InstalledMessage) -> Int {
        entries.count { !isReplaced($0.message, by: message) } + 1
    }

    mutating func put(_ message: InstalledMessage) -> [StoreOperation] {
        let replaced = installed.filter { isReplaced($0, by: message) }.map(\.id)
        var operations: [StoreOperation] = replaced.filter { $0 != message.id }
            .map { .remove(.operatorMessages, key: String($0)) }
        entries.removeAll { replaced.contains($0.message.id) }
        let number = (entries.last?.number ?? 0) + 1
        entries.append(Entry(number: number, message: message))
        var record = message.record
        record.set("n", number)
        operations.append(
            .put(.operatorMessages, key: String(message.id), value: record.text))
        return operations
    }

    mutating func remove(where condition: (InstalledMessage) -> Bool) -> [StoreOperation] {
        let removed = entries.map(\.message).filter(condition)
        guard !removed.isEmpty else { return [] }
        entries.removeAll { condition($0.message) }
        return removed.map { .remove(.operatorMessages, key: String($0.id)) }
    }
}

extension InstalledMessage {
    var record: Record {
        var record = Record()
        record.set("id", id)
        record.set("p", priority.rawValue)
        record.set("s", state?.rawValue)
        record.set("f", start)
        record.set("t", end)
        record.set("tx", transaction?.text)
        if !displays.isEmpty {
            record.set(
                "d",
                displays.map { name in
                    var record = Record()
                    record.set("n", name)
                    return record
                })
        }
        record.set("k", content.format.rawValue)
        record.set("l", content.language)
        record.set("m", content.text)
        return record
    }
    init?(_ record: Record) {
        guard let id = record.int("id"), let priority: MessagePriority = record.raw("p"),
            let format: MessageFormat = record.raw("k"), let text = record.string("m")
        else { return nil }
        self.init(
            id: id, priority: priority, state: record.raw("s"), start: record.unixTime("f"),
            end: record.unixTime("t"),
            transaction: record.string("tx").map(TransactionID.init(_:)),
            displays: record.records("d").compactMap { $0.string("n") },
            content: MessageText(format: format, language: record.string("l"), text: text))
    }
}
