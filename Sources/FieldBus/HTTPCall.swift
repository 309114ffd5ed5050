public import EVSEModel

/// One request of HTTP/1.1 to a device.
public struct HTTPCall: Hashable, Sendable {
    public enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
    }
    public var method: Method
    /// With its query, percent-encoded: `/v1/legal?transactionId=4711`.
    public var path: String
    /// JSON; empty where the request has none.
    public var body: [UInt8]

    public init(_ method: Method, _ path: String, body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.body = body
    }

    /// A text as it may stand in a path or a query (RFC 3986, 2.3): all but unreserved characters
    /// are encoded.
    public static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result = [UInt8]()
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.append(byte)
            default:
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// - Parameter host: as the header `Host` names the device.
    package func bytes(host: String) -> [UInt8] {
        var head = "\(method.rawValue) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
        head += "Accept: */*\r\n"
        if method != .get {
            head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
        }
        return Array((head + "\r\n").utf8) + body
    }
}

/// What a device answered, whole.
public struct HTTPReply: Hashable, Sendable {
    /// 200...599; a status that says "no" is an answer, not an error of the bus.
    public var status: Int
    public var body: [UInt8]
    /// When its last byte had arrived.
    public var at: Instant
    /// From the request's last byte to the reply's.
    public var microseconds: Int64

    public init(status: Int, body: [UInt8], at: Instant = .zero, microseconds: Int64 = 0) {
        self.status = status
        self.body = body
        self.at = at
        self.microseconds = microseconds
    }
}
