package import Charging

/// The store's disk in virtual time: what is durable, and what fails.
///
/// It promises what `Store` promises: a batch is durable when ``apply(_:)`` returns, or nothing of
/// it has happened; records come back in the order of their keys' bytes. A property test holds the
/// two together.
package struct VirtualDisk: Sendable {
    package private(set) var records = [StoreCollection: [String: String]]()
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
            case .put(let collection, let key, let value):
                let isNew = next[collection]?[key] == nil
                guard !isNew || next[collection]?.count ?? 0 < collection.bound else {
                    failedWrites += 1
                    throw DiskFailure(reason: "\(collection.rawValue) is full")
                }
                next[collection, default: [:]][key] = value
            case .remove(let collection, let key): next[collection]?[key] = nil
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
                .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { ($0.key, $0.value) }
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
