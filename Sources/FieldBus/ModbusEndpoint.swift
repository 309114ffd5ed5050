public import DriverKit
public import EVSEModel

/// Where a Modbus line is, and its characters' shape.
public struct SerialSettings: Hashable, Sendable {
    /// The bit behind the data bits.
    public enum Parity: String, Hashable, Sendable, CaseIterable { case none, even, odd }

    /// Path of the device file; a symbolic link is followed at each opening.
    public var path: String
    /// Bits per second.
    public var baud: Int
    public var parity: Parity
    /// 1 or 2.
    public var stopBits: Int

    public init(path: String, baud: Int, parity: Parity = .none, stopBits: Int = 1) {
        self.path = path
        self.baud = baud
        self.parity = parity
        self.stopBits = stopBits
    }

    /// Time on the wire of this many characters: start bit, 8 data bits, parity, stop bits.
    public func microseconds(characters: Int) -> Int64 {
        let bits = 1 + 8 + (parity == .none ? 0 : 1) + stopBits
        return Int64(characters) * Int64(bits) * 1_000_000 / Int64(max(baud, 1))
    }

    /// Silence that ends a frame: 3.5 characters, 1.75 ms above 19200 baud.
    ///
    /// Source: Modbus over Serial Line V1.02, 2.5.1.1.
    var frameGapMicroseconds: Int64 {
        baud > 19200 ? 1750 : microseconds(characters: 7) / 2
    }
}

/// Where a Modbus peer listens: a device with Ethernet, or a gateway with a serial line behind it.
public struct SocketSettings: Hashable, Sendable {
    /// How the peer is found.
    public enum Place: Hashable, Sendable {
        /// A name or an address (IPv6 without brackets), and a port.
        case address(host: String, port: UInt16)
        /// A file with one line `HOST:PORT`, read for each connection: simulated hardware writes it.
        case file(String)
    }
    public var place: Place
    /// Longest time until a connection stands.
    public var connectTimeout: Milliseconds

    public init(_ place: Place, connectTimeout: Milliseconds = Milliseconds(2000)) {
        self.place = place
        self.connectTimeout = connectTimeout
    }

    public init(host: String, port: UInt16, connectTimeout: Milliseconds = Milliseconds(2000)) {
        self.init(.address(host: host, port: port), connectTimeout: connectTimeout)
    }
}

extension SocketSettings: CustomStringConvertible {
    public var description: String {
        switch place {
        case .address(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .file(let path): path
        }
    }
}

/// What a Modbus bus runs on.
public enum ModbusEndpoint: Hashable, Sendable {
    /// A serial line: frames with check sums, ended by silence.
    case serial(SerialSettings)
    /// Modbus TCP: frames with a header that numbers them.
    case tcp(SocketSettings)
    /// A serial line's frames through a gateway that passes bytes on as they are.
    case rtuOverTCP(SocketSettings)

    var isSocket: Bool {
        if case .serial = self { false } else { true }
    }
}

extension ModbusEndpoint: CustomStringConvertible {
    public var description: String {
        switch self {
        case .serial(let serial): serial.path
        case .tcp(let socket): "tcp:\(socket)"
        case .rtuOverTCP(let socket): "rtu-tcp:\(socket)"
        }
    }
}

/// How a Modbus bus behaves.
public struct ModbusSettings: Hashable, Sendable {
    /// Longest time to the first byte of a reply, where a unit has none of its own.
    public var replyTimeout: Milliseconds
    /// Tries after the first one.
    public var retries: Int
    /// Silence before each request, beyond the 3.5 characters of the standard.
    public var pause: Milliseconds
    /// The adapter hears its own sending: the request's bytes come back first.
    public var echoes: Bool
    /// Ask the kernel to switch the RS-485 driver; where the port cannot, its hardware does.
    public var switchesRS485: Bool

    public init(
        replyTimeout: Milliseconds = Milliseconds(500), retries: Int = 2,
        pause: Milliseconds = .zero, echoes: Bool = false, switchesRS485: Bool = false
    ) {
        self.replyTimeout = replyTimeout
        self.retries = retries
        self.pause = pause
        self.echoes = echoes
        self.switchesRS485 = switchesRS485
    }
}

extension SerialSettings {
    /// From the checked keys of a bus in a board file: `baud`, `parity`, `stop-bits`.
    public init(_ configuration: Configuration, path: String) {
        self.init(
            path: path, baud: Int(configuration.text("baud")) ?? 9600,
            parity: Parity(rawValue: configuration.text("parity")) ?? .none,
            stopBits: Int(configuration.text("stop-bits")) ?? 1)
    }
}

extension ModbusSettings {
    /// From the checked keys of a bus in a board file: `reply-timeout`, `retries`, `pause`, `echo`,
    /// `rs485`.
    public init(_ configuration: Configuration) {
        self.init(
            replyTimeout: configuration.quantity("reply-timeout"),
            retries: Int(configuration.number("retries")),
            pause: configuration.quantity("pause"), echoes: configuration.flag("echo"),
            switchesRS485: configuration.flag("rs485"))
    }
}
