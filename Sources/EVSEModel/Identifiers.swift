/// Bounds of one station. The process image has room for exactly this many.
public enum StationBounds {
    public static let evses = 4
    public static let connectorsPerEVSE = 4
    public static let temperaturesPerConnector = 4
    /// Input/output cards on buses.
    public static let cards = 4
    /// Power modules, and outlets of power cabinets.
    public static let powerSources = 16
}

/// An EVSE's number in OCPP's three-tier model: 1...4, never 0.
@frozen
public struct EVSEID: BitwiseCopyable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: UInt8
    /// `nil` outside 1...``StationBounds/evses``.
    @inlinable public init?(_ number: Int) {
        guard (1...StationBounds.evses).contains(number) else { return nil }
        self.number = UInt8(number)
    }
    /// From a zero-based index into the process image.
    @inlinable public init(index: Int) { number = UInt8(truncatingIfNeeded: index + 1) }
    /// Zero-based index into the process image.
    @inlinable public var index: Int { Int(number) - 1 }
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.number < b.number }
    public var description: String { String(number) }
}

/// A connector of an EVSE: both numbers start at 1.
@frozen
public struct ConnectorID: BitwiseCopyable, Hashable, Comparable, Sendable,
    CustomStringConvertible
{
    public let evse: EVSEID
    public let number: UInt8
    @inlinable public init?(evse: Int, connector: Int) {
        guard let evse = EVSEID(evse), (1...StationBounds.connectorsPerEVSE).contains(connector)
        else { return nil }
        self.evse = evse
        number = UInt8(connector)
    }
    @inlinable public init(evse: EVSEID, index: Int) {
        self.evse = evse
        number = UInt8(truncatingIfNeeded: index + 1)
    }
    /// Zero-based index among the connectors of its EVSE.
    @inlinable public var index: Int { Int(number) - 1 }
    @inlinable public static func < (a: Self, b: Self) -> Bool {
        (a.evse, a.number) < (b.evse, b.number)
    }
    /// `EVSE/connector`, as the command line and the rig write it.
    public var description: String { "\(evse)/\(number)" }
}

/// A device's name in its board file: letters, digits and dashes.
public struct DeviceID: Hashable, Comparable, Sendable, CustomStringConvertible,
    ExpressibleByStringLiteral
{
    public let name: String
    public init(_ name: String) { self.name = name }
    public init(stringLiteral name: String) { self.name = name }
    public static func < (a: Self, b: Self) -> Bool { a.name < b.name }
    public var description: String { name }
}
