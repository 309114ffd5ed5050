import EVSEModel

/// What the station knows of tokens by itself: the local list, and the cache of earlier answers.
struct TokenStore: Sendable {
    struct CacheEntry: Sendable {
        var token: IdToken
        var info: TokenInfo
        /// When it was last used, where the wall time was known.
        var lastUsed: UnixTime?
        var uses: Int
        /// Order of insertion and of use; grows with each.
        var inserted: Int64
        var used: Int64
    }
    /// What is known, and from where.
    struct Knowledge: Sendable {
        enum Origin: Sendable { case list, cache }
        var info: TokenInfo
        var origin: Origin
    }

    private(set) var cache: [String: CacheEntry] = [:]
    private(set) var list: [String: LocalListEntry] = [:]
    private(set) var listVersion = 0
    private var counter: Int64 = 0
    /// The store holds records of the cache, readable or not.
    private var isCacheStored = false

    // MARK: Records

    static let versionKey = "#version"

    init(cache: [(key: String, value: String)], list: [(key: String, value: String)]) {
        isCacheStored = !cache.isEmpty
        for (key, value) in cache {
            guard let record = Record(value), let token = IdToken(record.record("t")),
                let info = TokenInfo(record.record("i"))
            else { continue }
            let entry = CacheEntry(
                token: token, info: info, lastUsed: record.unixTime("u"),
                uses: record.int("n") ?? 0, inserted: record.int64("o") ?? 0,
                used: record.int64("r") ?? 0)
            counter = max(counter, entry.inserted, entry.used)
            self.cache[key] = entry
        }
        for (key, value) in list {
            guard let record = Record(value) else { continue }
            if key == Self.versionKey {
                listVersion = record.int("v") ?? 0
            } else if let token = IdToken(record.record("t")) {
                self.list[key] = LocalListEntry(token: token, info: TokenInfo(record.record("i")))
            }
        }
    }

    private static func put(_ key: String, _ entry: CacheEntry) -> StoreOperation {
        var record = Record()
        record.set("t", entry.token.record)
        record.set("i", entry.info.record)
        record.set("u", entry.lastUsed)
        record.set("n", entry.uses)
        record.set("o", entry.inserted)
        record.set("r", entry.used)
        return .put(.authorizationCache, key: key, value: record.text)
    }

    // MARK: Look-up

    /// - Parameters:
    ///   - lifeTime: seconds after the last use; 0 is without end.
    ///   - time: wall time; `nil` while unknown, when nothing expires.
    func knowledge(
        of token: IdToken, useList: Bool, useCache: Bool, lifeTime: Int, time: UnixTime?
    ) -> Knowledge? {
        if useList, let entry = list[token.key], let info = entry.info {
            return Knowledge(info: info, origin: .list)
        }
        guard useCache, token.kind.isCacheable, var entry = cache[token.key] else { return nil }
        if isExpired(entry, lifeTime: lifeTime, time: time) { entry.info.status = .expired }
        return Knowledge(info: entry.info, origin: .cache)
    }

    private func isExpired(_ entry: CacheEntry, lifeTime: Int, time: UnixTime?) -> Bool {
        guard let time else { return false }
        if let expiry = entry.info.cacheExpiry { return time >= expiry }
        guard lifeTime > 0, let lastUsed = entry.lastUsed else { return false }
        return time - lastUsed >= .seconds(Int64(lifeTime))
    }

    // MARK: Cache

    /// Remembers an answer of the CSMS (C10.FR.01, C10.FR.04, C10.FR.05).
    mutating func remember(
        _ token: IdToken, _ info: TokenInfo, capacity: Int, policy: String, time: UnixTime?
    ) -> [StoreOperation] {
        guard token.kind.isCacheable, capacity > 0 else { return [] }
        var operations: [StoreOperation] = []
        counter += 1
        if var entry = cache[token.key] {
            entry.info = info
            entry.lastUsed = time ?? entry.lastUsed
            cache[token.key] = entry
        } else {
            while cache.count >= capacity, let victim = victim(policy) {
                cache[victim] = nil
                operations.append(.remove(.authorizationCache, key: victim))
            }
            cache[token.key] = CacheEntry(
                token: token, info: info, lastUsed: time, uses: 0, inserted: counter, used: counter)
        }
        if let entry = cache[token.key] { operations.append(Self.put(token.key, entry)) }
        isCacheStored = true
        return operations
    }

    /// A cached token was presented: its life time starts anew (C10.FR.08).
    mutating func use(_ token: IdToken, time: UnixTime?) -> [StoreOperation] {
        guard var entry = cache[token.key] else { return [] }
        counter += 1
        entry.uses += 1
        entry.used = counter
        entry.lastUsed = time ?? entry.lastUsed
        cache[token.key] = entry
        return [Self.put(token.key, entry)]
    }

    /// Which entry makes room: one that is not accepted first (C10.FR.07), then by the policy.
    private func victim(_ policy: String) -> String? {
        func rank(_ entry: CacheEntry) -> (Int, Int64, Int64) {
            let accepted = entry.info.status == .accepted ? 1 : 0
            return switch policy {
            case "LFU": (accepted, Int64(entry.uses), entry.used)
            case "FIFO": (accepted, entry.inserted, entry.inserted)
            default: (accepted, entry.used, entry.inserted)
            }
        }
        return cache.min { rank($0.value) < rank($1.value) }?.key
    }

    /// A batch was not written: what the store holds may differ from what was asked of it.
    mutating func storeFailed() { isCacheStored = true }

    /// Nothing is written where nothing is stored.
    mutating func clearCache() -> [StoreOperation] {
        defer { isCacheStored = false }
        cache = [:]
        return isCacheStored ? [.clear(.authorizationCache)] : []
    }

    // MARK: Local list

    /// All or nothing (D01).
    mutating func update(
        _ kind: LocalListUpdate, version: Int, entries: [LocalListEntry], capacity: Int,
        perUpdate: Int
    ) -> (result: LocalListResult, operations: [StoreOperation]) {
        guard version > 0 else { return (.failed("version must be above 0"), []) }
        guard Set(entries.map(\.token.key)).count == entries.count else {
            return (.failed("a token is listed twice"), [])
        }
        guard entries.count <= perUpdate else {
            return (.failed("\(entries.count) entries, at most \(perUpdate) at once"), [])
        }
        var new = list
        var operations: [StoreOperation] = []
        switch kind {
        case .full:
            guard entries.allSatisfy({ $0.info != nil }) else {
                return (.failed("an entry of a full list has no information"), [])
            }
            new = [:]
            operations.append(.clear(.localList))
        case .differential:
            guard version > listVersion else { return (.versionMismatch, []) }
        }
        for entry in entries {
            let key = entry.token.key
            new[key] = entry.info == nil ? nil : entry
            if let info = entry.info {
                var record = Record()
                record.set("t", entry.token.record)
                record.set("i", info.record)
                operations.append(.put(.localList, key: key, value: record.text))
            } else {
                operations.append(.remove(.localList, key: key))
            }
        }
        guard new.count <= capacity else {
            return (.failed("\(new.count) entries, at most \(capacity)"), [])
        }
        list = new
        listVersion = version
        var record = Record()
        record.set("v", version)
        operations.append(.put(.localList, key: Self.versionKey, value: record.text))
        return (.accepted, operations)
    }
}
