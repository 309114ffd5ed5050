/// A family of records that survive a power cut. The raw value is its table: never renamed.
public enum StoreCollection: String, CaseIterable, Sendable, Hashable {
    case settings
    case transactions
    /// Transaction messages until confirmed, in order of their key.
    case messageQueue = "message_queue"
    case authorizationCache = "authorization_cache"
    case localList = "local_list"
    case chargingProfiles = "charging_profiles"
    case availability
    /// What the operator wants people to read.
    case operatorMessages = "operator_messages"
    case latchedFaults = "latched_faults"
    case meterRegisters = "meter_registers"
    /// Small facts of the station: boot reason, list version, last known wall-clock time.
    case facts

    /// Most records that the shell keeps; the domain keeps its own, smaller, bounds.
    public var bound: Int {
        switch self {
        case .messageQueue: 20_000
        case .authorizationCache, .localList: 20_000
        default: 2_000
        }
    }
}

/// One change of what survives. The shell applies all operations of one output batch in one
/// durable step, before it carries out any later output of that batch.
public enum StoreOperation: Hashable, Sendable {
    /// Inserts or replaces; the value is JSON text.
    case put(StoreCollection, key: String, value: String)
    case remove(StoreCollection, key: String)
    case clear(StoreCollection)
}

/// Everything that survived, as loaded at start: per collection, key and value in key order.
public typealias StoredRecords = [StoreCollection: [(key: String, value: String)]]
