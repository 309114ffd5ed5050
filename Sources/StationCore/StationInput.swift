public import Charging
public import EVSEModel

/// Everything that can happen to the station core. With the instant of each, a recorded list of
/// these replays a station's life exactly.
public enum StationInput: Sendable {
    /// First input: what survived, and the system's clock where it can be believed.
    case started(StartContext)
    /// The loop's image changed (or a second passed). By reference: it is kilobytes large, and every
    /// other input would be copied as if it were, too.
    indirect case loop(LoopImage)
    /// What the vehicle at a DC EVSE said and where its session is changed (or a second passed). The image
    /// of the same cycle comes after it, and only then it takes effect: both together are one look.
    indirect case direct(EVSEID, VehicleSample, DCStatus)
    case meter(EVSEID, MeterSample)
    /// What the meter of an EVSE tells of what it signs.
    case signing(EVSEID, SigningReport)
    /// What the vehicle at an EVSE has made of the schedules that it was offered.
    case vehiclePlan(EVSEID, VehiclePlan)
    case token(TokenReading)
    /// Somebody said at a device which outlet they mean.
    case choice(EVSEID, device: String)
    /// A device outside the loop raised or cleared a fault.
    case deviceFault(DeviceFault)
    case link(LinkInput)
    /// ``StationOutput/wake(at:)`` has come.
    case timer
    /// The system's wall clock was read or stepped.
    case clock(UnixTime)
    /// A message was not sent, because what was to be on disk before it could not be written.
    case unsent([UInt8])
    /// A batch could not be written; what was to follow it was not done.
    case storeFailed(String)
    case local(LocalCommand)
}

public struct StartContext: Sendable {
    public var stored: StoredRecords
    public var wallClock: UnixTime?
    /// The machine has run on since the last start: monotonic time goes on, and this is no power-up.
    public var isRestartOfProcess: Bool
    /// ``EVSETargets/authorizationsEnded`` of each EVSE, as the loop has had them last; `nil` where
    /// it shows none.
    public var authorizationsEnded: [UInt32]?
    public init(
        stored: StoredRecords, wallClock: UnixTime?, isRestartOfProcess: Bool,
        authorizationsEnded: [UInt32]? = nil
    ) {
        self.stored = stored
        self.wallClock = wallClock
        self.isRestartOfProcess = isRestartOfProcess
        self.authorizationsEnded = authorizationsEnded
    }
}

/// A token at a reader, before the core knows what it is good for.
public struct TokenReading: Hashable, Sendable {
    public var reader: String
    public var text: String
    /// OCPP 2.0.1 IdTokenEnumType spelling; the domain's token kinds use the same words.
    public var kind: String
    /// EVSE that the reader belongs to; `nil` where it serves several.
    public var evse: EVSEID?
    public init(reader: String, text: String, kind: String, evse: EVSEID?) {
        self.reader = reader
        self.text = text
        self.kind = kind
        self.evse = evse
    }
}

public struct DeviceFault: Hashable, Sendable {
    public var device: String
    public var evse: EVSEID?
    public var fault: Fault
    public var holds: Bool
    public var detail: String
    public init(device: String, evse: EVSEID?, fault: Fault, holds: Bool, detail: String) {
        self.device = device
        self.evse = evse
        self.fault = fault
        self.holds = holds
        self.detail = detail
    }
}

public enum LinkInput: Sendable {
    case connected(subprotocol: String)
    /// One whole text message.
    case received([UInt8])
    /// The connection ended or a dial failed; the reason is for logs and security events.
    case closed(LinkClosure)
    /// Everything handed over with ``StationOutput/send(_:)`` has left the process.
    case drained
}

public struct LinkClosure: Hashable, Sendable {
    public enum Cause: String, Hashable, Sendable {
        case dialFailed = "dial-failed"
        /// The server answered, but not as a CSMS that knows this station does.
        case refusedByServer = "refused-by-server"
        /// The server refused the station's password or certificate.
        case credentialsRefused = "credentials-refused"
        case invalidServerCertificate = "invalid-server-certificate"
        /// The server knows no TLS version, or no cipher suite, that is good enough.
        case invalidTLSVersion = "invalid-tls-version"
        case invalidTLSCipherSuite = "invalid-tls-cipher-suite"
        case tlsFailure = "tls-failure"
        case pingTimeout = "ping-timeout"
        case closedByServer = "closed-by-server"
        case closedByUs = "closed-by-us"
        case connectionLost = "connection-lost"
    }
    public var cause: Cause
    public var detail: String
    public init(_ cause: Cause, detail: String) {
        self.cause = cause
        self.detail = detail
    }
}

public enum LocalCommand: Hashable, Sendable {
    /// False takes the OCPP link down and keeps it down until true.
    case setConnected(Bool)
    /// The process is about to end in order.
    case shutdown
    /// Service: latched faults of an EVSE are cleared where their cause is gone.
    case clearFaults(EVSEID)
    /// Service: an EVSE's meter was replaced; what its register shows now is where it begins.
    case acceptMeter(EVSEID)
}
