import GRDB

#if canImport(Glibc)
    import Glibc
#endif

extension Store {
    static func open(
        _ path: String, _ collections: [Collection], _ maximumPages: Int
    ) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 1
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "PRAGMA max_page_count = \(maximumPages)")
            // 4 MiB of log at most, kept between checkpoints.
            try database.execute(sql: "PRAGMA journal_size_limit = 4194304")
            try database.execute(sql: "PRAGMA cache_size = -512")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let verdict = try queue.read { database in
            try String.fetchOne(database, sql: "PRAGMA integrity_check(1)")
        }
        guard verdict == "ok" else { throw Damage(verdict: verdict ?? "no verdict") }
        let migrator = migrator(collections)
        guard try !queue.read({ try migrator.hasBeenSuperseded($0) }) else {
            throw StoreError(
                .newer, "\(path) was written by a newer version of this program",
                remedy: "update this program, or give it another directory with --state")
        }
        try migrator.migrate(queue)
        return queue
    }

    /// One migration for each version of the schema, in order; none is ever changed afterwards.
    private static func migrator(_ collections: [Collection]) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1-collections") { database in
            for collection in collections { try makeTable(collection, in: database) }
        }
        // A collection that came later has its own step, so that older files get its table.
        for collection in collections {
            migrator.registerMigration("collection-\(collection.name)") { database in
                try makeTable(collection, in: database)
            }
        }
        return migrator
    }

    private static func makeTable(_ collection: Collection, in database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS \(quoted(collection.name)) \
                (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
                """)
    }

    /// The integrity check's first complaint.
    struct Damage: Error, CustomStringConvertible {
        let verdict: String
        var description: String { verdict }
    }

    static func isDamage(_ error: any Error) -> Bool {
        if error is Damage { return true }
        guard let error = error as? DatabaseError else { return false }
        return error.resultCode == .SQLITE_CORRUPT || error.resultCode == .SQLITE_NOTADB
    }

    /// Renames the file and its log; returns the file's new name.
    static func setAside(_ path: String) throws(StoreError) -> String {
        var target = path + ".damaged"
        var number = 1
        while access(target, F_OK) == 0 {
            number += 1
            target = "\(path).damaged-\(number)"
        }
        for suffix in ["-wal", "-shm"] { rename(path + suffix, target + suffix) }
        guard rename(path, target) == 0 else {
            throw StoreError(
                .inputOutput,
                "\(path) is damaged and cannot be renamed: \(String(cString: strerror(errno)))",
                remedy: "check the permissions of its directory")
        }
        return target
    }

    static func translated(_ error: any Error, _ path: String) -> StoreError {
        if let error = error as? StoreError { return error }
        guard let error = error as? DatabaseError else {
            return StoreError(.inputOutput, "\(path): \(error)", remedy: "check the disk")
        }
        if error.resultCode == .SQLITE_FULL {
            return StoreError(
                .full, "\(path): the disk or the store's bound is full",
                remedy: "free space on the disk that holds the state directory")
        }
        return StoreError(
            .inputOutput, "\(path): \(error.message ?? "SQLite result \(error.resultCode)")",
            remedy: "check the disk and the permissions of the state directory")
    }
}

/// An identifier as SQL writes it.
func quoted(_ name: String) -> String {
    "\"" + name.replacing("\"", with: "\"\"") + "\""
}
