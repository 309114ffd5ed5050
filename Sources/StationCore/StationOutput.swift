public import Charging
public import EVSEModel

/// What the core wants done. The shell carries a batch out in order.
public enum StationOutput: Sendable {
    case store(StoreOperation)
    /// One text message to the CSMS.
    case send([UInt8])
    case connect(ConnectionPlan)
    case disconnect(code: UInt16, reason: String)
    /// The whole target block of one EVSE, when it changed.
    case targets(EVSEID, EVSETargets)
    /// What the meter of an EVSE shall sign, when it changed.
    case signing(EVSEID, SigningOrder)
    /// What the vehicle at an EVSE may plan with, when it changed.
    case schedules(EVSEID, ScheduleOffer)
    /// Call back with ``StationInput/timer`` at this instant; replaces the earlier wish.
    case wake(at: Instant)
    /// The station shall restart: outputs safe first where `orderly`.
    case restart(orderly: Bool, reason: String)
    case log(CoreLogEntry)
}

/// How to dial the CSMS.
public struct ConnectionPlan: Hashable, Sendable {
    public var url: String
    public var identity: String
    /// In order of preference.
    public var subprotocols: [String]
    /// OCPP security profile, 0...3.
    public var securityProfile: UInt8
    /// Basic authentication's password; never logged or recorded.
    public var password: String?
    public var pingInterval: Milliseconds
    public var connectTimeout: Milliseconds
    public init(
        url: String, identity: String, subprotocols: [String], securityProfile: UInt8,
        password: String?, pingInterval: Milliseconds, connectTimeout: Milliseconds
    ) {
        self.url = url
        self.identity = identity
        self.subprotocols = subprotocols
        self.securityProfile = securityProfile
        self.password = password
        self.pingInterval = pingInterval
        self.connectTimeout = connectTimeout
    }
}

/// A fixed message plus metadata; never holds a token or a key.
public struct CoreLogEntry: Hashable, Sendable {
    public enum Level: String, Hashable, Sendable { case debug, info, warning, error }
    public var level: Level
    public var message: String
    public var metadata: [String: String]
    public init(_ level: Level, _ message: String, _ metadata: [String: String] = [:]) {
        self.level = level
        self.message = message
        self.metadata = metadata
    }
}
