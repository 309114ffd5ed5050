import Charging
import EVSEModel
import Foundation
import LoopGuarantees
import Simulation
import Store
import Testing

/// The virtual disk promises what the real store does, and no more.
struct VirtualDiskTests {
    private static let collections: [StoreCollection] = [.facts, .transactions, .messageQueue]

    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "virtual-disk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
    private func open(_ folder: URL) throws -> Store {
        try Store(
            path: folder.appendingPathComponent("store.sqlite").path,
            collections: StoreCollection.allCases.map {
                Store.Collection(name: $0.rawValue, bound: $0.bound)
            })
    }
    private static func real(_ operation: StoreOperation) -> Store.Operation {
        switch operation {
        case .put(let collection, let key, let value):
            .put(collection: collection.rawValue, key: key, value: value)
        case .remove(let collection, let key): .remove(collection: collection.rawValue, key: key)
        case .clear(let collection): .clear(collection: collection.rawValue)
        }
    }
    private func batch(_ random: inout SplitMix) -> [StoreOperation] {
        (0..<random.within(1...6)).map { _ in
            let collection = Self.collections[random.below(Self.collections.count)]
            // Keys whose order by bytes differs from the order of their letters.
            let key = ["a", "B", "ä", "Z", "1/1", "10", "2", "e\u{301}", "é"][random.below(9)]
            return switch random.below(8) {
            case 0: .clear(collection)
            case 1, 2: .remove(collection, key: key)
            default: .put(collection, key: key, value: "{\"n\":\(random.below(100))}")
            }
        }
    }

    @Test("after any batches and starts both hold the same records in the same order")
    func sameAsStore() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SplitMix(seed: seed)
            let folder = try folder()
            defer { try? FileManager.default.removeItem(at: folder) }
            var store = try open(folder)
            var disk = VirtualDisk()
            for _ in 0..<random.within(1...25) {
                let operations = batch(&random)
                try store.apply(operations.map(Self.real))
                try disk.apply(operations)
                if random.once(in: 6) {
                    try store.close()
                    store = try open(folder)
                }
            }
            let real = try store.load()
            let virtual = disk.stored
            for collection in StoreCollection.allCases {
                let one = (real[collection.rawValue] ?? []).map { "\($0.key)=\($0.value)" }
                let other = (virtual[collection] ?? []).map { "\($0.key)=\($0.value)" }
                #expect(one == other, "seed \(seed), \(collection.rawValue)")
            }
        }
    }

    @Test("a batch that fails has not happened at all")
    func allOrNothing() throws {
        var disk = VirtualDisk()
        try disk.apply([.put(.facts, key: "a", value: "1")])
        disk.isFull = true
        #expect(throws: DiskFailure.self) {
            try disk.apply([
                .put(.facts, key: "a", value: "2"), .remove(.facts, key: "a"),
            ])
        }
        #expect(disk.records[.facts] == ["a": "1"])
        disk.isFull = false
        disk.failures = 1
        #expect(throws: DiskFailure.self) { try disk.apply([.clear(.facts)]) }
        #expect(disk.records[.facts] == ["a": "1"])
        try disk.apply([.clear(.facts)])
        #expect(disk.isEmpty)
    }
}
