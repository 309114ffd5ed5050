import Charging
package import EVSEModel

/// Store operations that could not be carried out, in order: they go first in every later attempt.
///
/// Bounded by the records that there are: of each record only the last operation counts.
package struct OwedWrites {
    /// A write is tried again after this time, beside the attempts that new operations make.
    /// Chosen: a disk that is full is not asked in vain every few milliseconds.
    package static let retryInterval = Milliseconds.seconds(5)

    private(set) var operations = [StoreOperation]()
    /// When the last attempt failed.
    private(set) var failedAt = Instant.zero
    var isEmpty: Bool { operations.isEmpty }

    /// The operations together with new ones.
    func with(_ more: [StoreOperation]) -> [StoreOperation] {
        isEmpty ? more : operations + more
    }

    /// An attempt failed at this instant; these were to be written after those that were owed.
    mutating func add(_ more: [StoreOperation], at now: Instant) {
        failedAt = now
        for operation in more { add(operation) }
    }
    private mutating func add(_ operation: StoreOperation) {
        switch operation {
        case .put(let collection, let key, _), .remove(let collection, let key):
            operations.removeAll { $0.concerns(collection, key) }
        case .clear(let collection): operations.removeAll { $0.collection == collection }
        }
        operations.append(operation)
    }

    /// Everything is on disk.
    mutating func settle() { operations.removeAll() }

    /// Whether it is time to try again without new operations.
    func isDue(at now: Instant) -> Bool { !isEmpty && now - failedAt >= Self.retryInterval }
}

extension StoreOperation {
    fileprivate var collection: StoreCollection {
        switch self {
        case .put(let collection, _, _), .remove(let collection, _), .clear(let collection):
            collection
        }
    }
    /// Sets this very record; the emptying of a collection stays, whatever follows it.
    fileprivate func concerns(_ collection: StoreCollection, _ key: String) -> Bool {
        switch self {
        case .put(collection, key, _), .remove(collection, key): true
        default: false
        }
    }
}
