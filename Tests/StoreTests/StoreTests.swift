import Foundation
import Store
import Testing

/// What survives: one folder a test.
final class StoreTests {
    let folder: String
    var path: String { folder + "/station.sqlite" }
    static let collections = [
        Store.Collection(name: "message_queue", bound: 50),
        Store.Collection(name: "facts", bound: 5),
    ]

    init() throws {
        folder = NSTemporaryDirectory() + "/forecourt-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func open(pages: Int = 16_384) throws(StoreError) -> Store {
        try Store(path: path, collections: Self.collections, maximumPages: pages)
    }
    func facts(_ store: Store) throws -> [String: String] {
        let rows = try store.load()["facts"] ?? []
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.key, $0.value) })
    }

    @Test("records survive the store, in order of their keys")
    func survives() throws {
        var store = try open()
        try store.apply([
            .put(collection: "facts", key: "b", value: "2"),
            .put(collection: "facts", key: "a", value: #"{"ä":1}"#),
            .put(collection: "facts", key: "b", value: "3"),
            .put(collection: "message_queue", key: "1", value: "x"),
            .remove(collection: "message_queue", key: "1"),
            .remove(collection: "message_queue", key: "never there"),
        ])
        try store.close()
        store = try open()
        let rows = try store.load()["facts"] ?? []
        #expect(rows.map(\.key) == ["a", "b"])
        #expect(rows.map(\.value) == [#"{"ä":1}"#, "3"])
        #expect(try store.load()["message_queue"]?.isEmpty == true)
        #expect(store.opening == Store.Opening())
    }

    @Test("a batch that fails in the middle has not happened at all")
    func atomic() throws {
        let store = try open()
        try store.apply([.put(collection: "facts", key: "a", value: "1")])
        #expect(throws: StoreError.self) {
            try store.apply([
                .put(collection: "facts", key: "a", value: "2"), .clear(collection: "facts"),
                .put(collection: "no_such", key: "a", value: "2"),
            ])
        }
        #expect(try facts(store) == ["a": "1"])
    }

    @Test("a collection holds its bound and no more, also after a restart")
    func bound() throws {
        var store = try open()
        for number in 0..<5 {
            try store.apply([.put(collection: "facts", key: "\(number)", value: "")])
        }
        for _ in 0..<2 {
            let error = #expect(throws: StoreError.self) {
                try store.apply([.put(collection: "facts", key: "one more", value: "")])
            }
            #expect(error?.code == .bound)
            try store.apply([.put(collection: "facts", key: "3", value: "replaced")])
            try store.close()
            store = try open()
        }
        try store.apply([
            .remove(collection: "facts", key: "0"),
            .put(collection: "facts", key: "one more", value: ""),
        ])
        #expect(try facts(store).count == 5)
        try store.apply([
            .clear(collection: "facts"), .put(collection: "facts", key: "x", value: ""),
        ])
        #expect(try facts(store) == ["x": ""])
    }

    @Test("a copy taken at any moment of writing opens, and holds whole batches in order")
    func powerCut() throws {
        let store = try open()
        let stop = DispatchSemaphore(value: 0)
        let source = path
        let target = folder + "/cut"
        // The log is only appended to before its first checkpoint at 1000 pages, so that a copy of
        // file and log taken while the writer runs is what a power cut would leave.
        nonisolated(unsafe) var cuts = [[String: String]]()
        let copier = Thread {
            for number in 0..<25 {
                let copy = "\(target)-\(number).sqlite"
                try? FileManager.default.copyItem(atPath: source, toPath: copy)
                try? FileManager.default.copyItem(atPath: source + "-wal", toPath: copy + "-wal")
                if let frozen = try? Store(path: copy, collections: Self.collections),
                    frozen.opening.setAside == nil, let rows = try? frozen.load()["facts"]
                {
                    cuts.append(
                        Dictionary(uniqueKeysWithValues: rows.map { ($0.key, $0.value) }))
                }
                usleep(1000)
            }
            stop.signal()
        }
        copier.start()
        var number = 0
        while stop.wait(timeout: .now() + .microseconds(100)) == .timedOut {
            guard number < 800 else { continue }
            number += 1
            try store.apply([
                .put(collection: "facts", key: "a", value: "\(number)"),
                .put(collection: "facts", key: "b", value: "\(number)"),
            ])
        }
        #expect(cuts.count == 25)
        var last = 0
        for cut in cuts {
            #expect(cut["a"] == cut["b"])
            let value = Int(cut["a"] ?? "0") ?? -1
            #expect(value >= last)
            last = value
        }
    }

    // A batch here is one frame of the log: a page of 4096 bytes behind a header of 24.
    @Test(
        "a log that was torn off loses the torn batches only",
        arguments: [(0, "10"), (1, "9"), (13, "9"), (4119, "9"), (4120, "9"), (4121, "8")])
    func tornLog(bytes: Int, last: String) throws {
        let store = try open()
        for number in 1...10 {
            try store.apply([.put(collection: "facts", key: "a", value: "\(number)")])
        }
        let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
        let copy = folder + "/torn.sqlite"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try log.dropLast(bytes).write(to: URL(fileURLWithPath: copy + "-wal"))
        let torn = try Store(path: copy, collections: Self.collections)
        #expect(torn.opening.setAside == nil)
        #expect(try facts(torn)["a"] == last)
    }

    @Test(
        "a damaged file is set aside, kept and reported, and a new one begins",
        arguments: ["not a database at all", ""])
    func damaged(text: String) throws {
        let store = try open()
        for number in 0..<40 {
            try store.apply([
                .put(
                    collection: "message_queue", key: "\(number)",
                    value: String(repeating: "x", count: 1000))
            ])
        }
        try store.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        if text.isEmpty {  // pages of the tree overwritten
            for offset in 4096 * 3..<bytes.count - 4096 { bytes[offset] = 0xAA }
        } else {
            bytes = Data(text.utf8)
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        let again = try open()
        let aside = try #require(again.opening.setAside)
        #expect(again.opening.damage?.isEmpty == false)
        #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == bytes)
        #expect(try facts(again).isEmpty)
        try again.apply([.put(collection: "facts", key: "a", value: "1")])
    }

    @Test("a full store refuses, keeps what it has, and goes on once there is room")
    func full() throws {
        let store = try open(pages: 40)
        let filler = String(repeating: "x", count: 20_000)
        var failure: StoreError?
        var written = 0
        while failure == nil, written < 50 {
            do throws(StoreError) {
                try store.apply([
                    .put(collection: "message_queue", key: "\(written)", value: filler)
                ])
                written += 1
            } catch { failure = error }
        }
        #expect(failure?.code == .full)
        #expect(try store.load()["message_queue"]?.count == written)
        try store.apply([.clear(collection: "message_queue")])
        try store.apply([.put(collection: "message_queue", key: "0", value: filler)])
    }

    @Test("a state directory has one owner, and a dead owner none")
    func owner() throws {
        var lock: StateLock? = try StateLock(directory: folder)
        let error = #expect(throws: StoreError.self) { try StateLock(directory: self.folder) }
        #expect(error?.code == .owned)
        #expect(error?.what.contains("\(getpid())") == true)
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try StateLock(directory: folder)
        #expect(throws: StoreError.self) { try StateLock(directory: self.folder + "/none") }
    }

    @Test("a collection that a later version adds appears in an older file")
    func added() throws {
        try open().close()
        let more = Self.collections + [Store.Collection(name: "later", bound: 1)]
        let store = try Store(path: path, collections: more)
        try store.apply([.put(collection: "later", key: "a", value: "1")])
        #expect(try store.load()["later"]?.count == 1)
        try store.close()
        let error = #expect(throws: StoreError.self) { _ = try self.open() }
        #expect(error?.code == .newer)
    }
}
