public import DriverKit
public import EVSEModel

/// One exchange on a bus that failed.
public struct FieldBusError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What to switch on; logs and probes show the raw value.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The port does not exist, cannot be opened or set up; or is waiting to be tried again.
        case openFailed = "open-failed"
        /// Another process holds the port.
        case inUse = "in-use"
        /// Not a byte within the reply time.
        case noReply = "no-reply"
        /// Bytes that are no valid reply to this request: CRC, length, function, unit.
        case badReply = "bad-reply"
        /// The device answered with a Modbus exception.
        case exception
        /// The port went away under us (adapter unplugged); it is opened again by itself.
        case hungUp = "hung-up"
        /// The unit has failed repeatedly and is asked again only later.
        case resting
        case queueFull = "queue-full"
        case closed
        /// Our own mistake: a request that no device could answer.
        case invalidRequest = "invalid-request"
    }
    public let code: Code
    public let bus: String
    /// What happened, with address and number.
    public let what: String
    public let remedy: String
    /// The exception code (1...11) with ``Code/exception``.
    public let exception: UInt8?

    public init(
        _ code: Code, bus: String, _ what: String, remedy: String, exception: UInt8? = nil
    ) {
        self.code = code
        self.bus = bus
        self.what = what
        self.remedy = remedy
        self.exception = exception
    }

    public var description: String { "\(what). \(remedy)" }

    static func closed(bus: String) -> Self {
        Self(.closed, bus: bus, "bus \(bus) is closed", remedy: "The station is stopping.")
    }
    static func queueFull(bus: String, _ capacity: Int) -> Self {
        Self(
            .queueFull, bus: bus, "\(capacity) requests already wait on bus \(bus)",
            remedy: "Poll less often, or move devices to another bus.")
    }
}

extension DriverError {
    /// A driver's view of an exchange that failed.
    public init(_ error: FieldBusError, device: DeviceID) {
        let code: Code =
            switch error.code {
            case .openFailed, .hungUp, .closed: .inputOutput
            case .inUse, .queueFull: .busy
            case .noReply, .resting: .noReply
            case .badReply: .badReply
            case .exception: .refused
            case .invalidRequest: .configuration
            }
        self.init(code, device: device, error.what, remedy: error.remedy)
    }
}
