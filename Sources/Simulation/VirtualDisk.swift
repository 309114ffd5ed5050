package import Charging

/// The store's disk in virtual time: what is durable, and what fails.
///
/// It promises what `Store` promises: a batch is durable when ``apply(_:)`` returns, or nothing of
/// it has happened; records come back in the order of their keys' bytes. A property test holds the
/// two together.
package struct VirtualDisk: Sendable {
    package private(set) var records = [StoreCollection: [RecordKey: String]]()
    /// No space is left: every write fails.
    package var isFull = false
    /// So many writes fail, then they succeed again.
    package var failures = 0
    package private(set) var writes = 0
    package private(set) var failedWrites = 0

    package init() {}

    /// - Throws: why nothing was written.
    package mutating func apply(_ operations: [StoreOperation]) throws(DiskFailure) {
        writes += 1
        guard !isFull, failures == 0 else {
            failures = max(0, failures - 1)
            failedWrites += 1
            throw DiskFailure(reason: isFull ? "no space is left" : "input/output error")
        }
        var next = records
        for operation in operations {
            switch operation {
            case .put(let collection, let text, let value):
                let key = RecordKey(text)
                let isNew = next[collection]?[key] == nil
                guard !isNew || next[collection]?.count ?? 0 < collection.bound else {
                    failedWrites += 1
                    throw DiskFailure(reason: "\(collection.rawValue) is full")
                }
                next[collection, default: [:]][key] = value
            case .remove(let collection, let key): next[collection]?[RecordKey(key)] = nil
            case .clear(let collection): next[collection] = nil
            }
        }
        records = next
    }

    /// What a process finds that starts now.
    package var stored: StoredRecords {
        var stored = StoredRecords()
        for collection in StoreCollection.allCases {
            stored[collection] = (records[collection] ?? [:])
                .sorted { $0.key.text.utf8.lexicographicallyPrecedes($1.key.text.utf8) }
                .map { ($0.key.text, $0.value) }
        }
        return stored
    }

    package func count(_ collection: StoreCollection) -> Int { records[collection]?.count ?? 0 }
    package var isEmpty: Bool { records.values.allSatisfy(\.isEmpty) }
}

/// Why a write did not happen.
package struct DiskFailure: Error {
    package let reason: String
}

/// A record's key as a database compares it: byte by byte, where texts that look the same differ.
package struct RecordKey: Hashable, Sendable, ExpressibleByStringLiteral {
    package let text: String
    package init(_ text: String) { self.text = text }
    package init(stringLiteral text: String) { self.text = text }
    package static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
