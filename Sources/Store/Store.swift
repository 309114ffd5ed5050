import EVSEModel
import GRDB

#if canImport(Glibc)
    import Glibc
#endif

/// What must survive a power cut: collections of keys and JSON texts, in one SQLite file.
///
/// A batch is one transaction, and is on disk when ``apply(_:)`` returns: write-ahead log with
/// `synchronous = FULL`. Every call blocks for the disk; one thread at a time uses the store.
package final class Store {
    /// A family of records; the name is its table and is never renamed.
    package struct Collection: Hashable, Sendable {
        package let name: String
        /// Most records that it may hold.
        package let bound: Int
        package init(name: String, bound: Int) {
            self.name = name
            self.bound = bound
        }
    }
    package enum Operation: Hashable, Sendable {
        case put(collection: String, key: String, value: String)
        case remove(collection: String, key: String)
        case clear(collection: String)
    }
    /// What happened while opening.
    package struct Opening: Hashable, Sendable {
        /// Where a damaged file was put, and what was wrong with it; nothing is ever deleted.
        package var setAside: String?
        package var damage: String?
        package init() {}
    }
    package let opening: Opening
    private let queue: DatabaseQueue
    private let tables: [String: Table]
    private var counts = [String: Int]()

    /// Pages of 4 KiB: 64 MiB. Chosen: many times what the collections' bounds come to.
    package static let standardPages = 16_384

    /// Opens or makes the file; checks it, and sets a damaged one aside.
    /// - Parameter maximumPages: bound of the file's size, in pages of 4 KiB.
    package init(
        path: String, collections: [Collection], maximumPages: Int = Store.standardPages
    ) throws(StoreError) {
        tables = Dictionary(
            collections.map { ($0.name, Table($0)) }, uniquingKeysWith: { first, _ in first })
        var opening = Opening()
        do {
            queue = try Self.open(path, collections, maximumPages)
        } catch let error where Self.isDamage(error) {
            opening.damage = "\(error)"
            opening.setAside = try Self.setAside(path)
            do {
                queue = try Self.open(path, collections, maximumPages)
            } catch { throw Self.translated(error, path) }
        } catch {
            throw Self.translated(error, path)
        }
        self.opening = opening
        do {
            counts = try queue.read { database in
                var counts = [String: Int]()
                for collection in collections {
                    counts[collection.name] = try Int.fetchOne(
                        database, sql: "SELECT count(*) FROM \(quoted(collection.name))")
                }
                return counts
            }
        } catch { throw Self.translated(error, path) }
    }

    /// Applies a batch in one durable step; on an error nothing of it has happened.
    package func apply(_ operations: [Operation]) throws(StoreError) {
        guard !operations.isEmpty else { return }
        do {
            counts = try queue.write { database in
                var counts = self.counts
                for operation in operations {
                    try self.apply(operation, to: database, &counts)
                }
                return counts
            }
        } catch { throw Self.translated(error, queue.path) }
    }

    /// Everything, per collection in order of its keys' bytes.
    package func load() throws(StoreError) -> [String: [(key: String, value: String)]] {
        do {
            return try queue.read { database in
                var all = [String: [(key: String, value: String)]]()
                for name in self.tables.keys {
                    let rows = try Row.fetchAll(
                        database, sql: "SELECT key, value FROM \(quoted(name)) ORDER BY key")
                    all[name] = rows.map { ($0[0], $0[1]) }
                }
                return all
            }
        } catch { throw Self.translated(error, queue.path) }
    }

    /// Writes the log back into the file and closes both. The store cannot be used afterwards.
    package func close() throws(StoreError) {
        do {
            _ = try queue.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try queue.close()
        } catch { throw Self.translated(error, queue.path) }
    }

    private func apply(
        _ operation: Operation, to database: Database, _ counts: inout [String: Int]
    ) throws {
        switch operation {
        case .put(let name, let key, let value):
            let table = try self.table(name)
            try database.cachedStatement(sql: table.update).execute(arguments: [key, value])
            guard database.changesCount == 0 else { return }
            guard counts[name, default: 0] < table.bound else {
                throw StoreError(
                    .bound, "\(name) already holds \(table.bound) records",
                    remedy: "records that are no longer needed must be removed first")
            }
            try database.cachedStatement(sql: table.insert).execute(arguments: [key, value])
            counts[name, default: 0] += 1
        case .remove(let name, let key):
            try database.cachedStatement(sql: try table(name).delete).execute(arguments: [key])
            counts[name, default: 0] -= database.changesCount
        case .clear(let name):
            try database.cachedStatement(sql: try table(name).clear).execute()
            counts[name] = 0
        }
    }

    private func table(_ name: String) throws(StoreError) -> Table {
        guard let table = tables[name] else {
            throw StoreError(
                .unknownCollection, "no collection is called \(name)",
                remedy: "name it when the store is opened")
        }
        return table
    }

    /// A collection's statements, made once: as keys they find what SQLite has compiled.
    private struct Table {
        let bound: Int
        let update: String
        let insert: String
        let delete: String
        let clear: String

        init(_ collection: Collection) {
            let name = quoted(collection.name)
            bound = collection.bound
            update = "UPDATE \(name) SET value = ?2 WHERE key = ?1"
            insert = "INSERT INTO \(name) (key, value) VALUES (?1, ?2)"
            delete = "DELETE FROM \(name) WHERE key = ?"
            clear = "DELETE FROM \(name)"
        }
    }
}
