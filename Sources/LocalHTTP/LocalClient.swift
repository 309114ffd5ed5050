package import JSON

#if canImport(Glibc)
    import Glibc
#endif

/// A small blocking client of what ``HTTPServer`` serves (a station's local interface, a rig): one request
/// a connection.
package struct LocalClient: Sendable {
    package let host: String
    package let port: UInt16

    /// - Parameter url: `http://HOST:PORT` or `HOST:PORT`.
    package init(url: String) throws(LocalClientError) {
        var rest = url[...]
        if rest.hasPrefix("http://") { rest = rest.dropFirst(7) }
        while rest.last == "/" { rest = rest.dropLast() }
        guard let colon = rest.lastIndex(of: ":"),
            let port = UInt16(rest[rest.index(after: colon)...]),
            colon > rest.startIndex
        else { throw LocalClientError("\(url) is no address: write http://HOST:PORT") }
        host = String(rest[..<colon])
        self.port = port
    }

    /// - Returns: the body of a 2xx answer.
    /// - Throws: the problem's detail, or why there was no answer.
    package func call(
        _ method: String, _ path: String, _ body: JSONValue? = nil
    ) throws(LocalClientError) -> JSONValue {
        let (status, value) = try exchange(method, path, body)
        guard (200..<300).contains(status) else {
            let detail = value["detail"]?.string ?? value["title"]?.string ?? "refused"
            throw LocalClientError(detail, status: status)
        }
        return value
    }

    /// - Returns: status and body, whatever the status; `null` for an empty body.
    /// - Throws: why there was no answer, or none in JSON.
    package func exchange(
        _ method: String, _ path: String, _ body: JSONValue? = nil
    ) throws(LocalClientError) -> (status: Int, body: JSONValue) {
        let connection = try open(method, path, body)
        var bytes = [UInt8]()
        while let part = try connection.readBody() { bytes += part }
        if bytes.isEmpty { return (connection.status, .null) }
        do {
            let value = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: 16 << 20))
            return (connection.status, value)
        } catch {
            throw LocalClientError("\(host):\(port) answered \(connection.status) without JSON")
        }
    }

    /// Follows a rig's stream of events: name and data of each.
    /// - Parameter each: false ends it.
    package func events(_ each: (String, JSONValue) -> Bool) throws(LocalClientError) {
        let connection = try open("GET", "/rig/v1/events", nil)
        guard connection.status == 200 else {
            throw LocalClientError("the rig gives no events", status: connection.status)
        }
        var buffer = [UInt8]()
        while let part = try connection.readBody() {
            buffer += part
            while let end = Self.blankLine(in: buffer) {
                let block = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end + 2)
                guard let (name, value) = Self.event(block) else { continue }
                if !each(name, value) { return }
            }
        }
    }

    private static func blankLine(in bytes: [UInt8]) -> Int? {
        bytes.indices.dropLast().first { bytes[$0] == 0x0A && bytes[$0 + 1] == 0x0A }
    }
    private static func event(_ block: String) -> (String, JSONValue)? {
        var name = "message"
        var data: String?
        for line in block.split(separator: "\n") {
            if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
            if line.hasPrefix("data: ") { data = String(line.dropFirst(6)) }
        }
        let limits = JSONLimits(bytes: 16 << 20)
        guard let data, let value = try? JSONValue(parsing: Array(data.utf8), limits: limits) else {
            return nil
        }
        return (name, value)
    }

    private func open(
        _ method: String, _ path: String, _ body: JSONValue?
    ) throws(LocalClientError) -> LocalExchange {
        let bytes = body?.bytes ?? []
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\nConnection: close\r\n"
        if body != nil { head += "Content-Type: application/json\r\n" }
        head += "Content-Length: \(bytes.count)\r\n\r\n"
        return try LocalExchange(host: host, port: port, request: Array(head.utf8) + bytes)
    }
}

package struct LocalClientError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// Of the answer; 0 where there was none.
    package let status: Int
    init(_ description: String, status: Int = 0) {
        self.description = description
        self.status = status
    }
}

/// One request and its answer over a socket of its own.
private final class LocalExchange {
    private(set) var status = 0
    private let socket: Int32
    private var buffer = [UInt8]()
    /// Bytes left of a body of known length, or of the chunk being read; `nil` reads to the end.
    private var left: Int?
    private var isChunked = false
    private var isDone = false

    init(host: String, port: UInt16, request: [UInt8]) throws(LocalClientError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let list else {
            throw LocalClientError("\(host) is no host")
        }
        defer { freeaddrinfo(list) }
        var connected: Int32 = -1
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let address = next, connected < 0 {
            let candidate = Glibc.socket(
                address.pointee.ai_family, Int32(SOCK_STREAM.rawValue), 0)
            if candidate >= 0 {
                if connect(candidate, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 {
                    connected = candidate
                } else {
                    close(candidate)
                }
            }
            next = address.pointee.ai_next
        }
        socket = connected
        guard connected >= 0 else {
            throw LocalClientError(
                "nothing answers at \(host):\(port): \(String(cString: strerror(errno)))")
        }
        var rest = request[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(connected, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw LocalClientError("the server hung up") }
            rest = rest.dropFirst(count)
        }
        try readHead()
    }
    deinit { if socket >= 0 { close(socket) } }

    private func fill() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = recv(socket, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        buffer += bytes.prefix(count)
        return true
    }
    private func line() throws(LocalClientError) -> String {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = buffer[..<end].filter { $0 != 0x0D }
                buffer.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            guard buffer.count < 65_536, fill() else {
                throw LocalClientError("the server hung up in mid-answer")
            }
        }
    }
    private func readHead() throws(LocalClientError) {
        let words = try line().split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else {
            throw LocalClientError("what answers is no HTTP server")
        }
        self.status = status
        while case let header = try line().lowercased(), !header.isEmpty {
            let value = header.drop { $0 != ":" }.dropFirst().drop { $0 == " " }
            if header.hasPrefix("content-length:") { left = Int(value) }
            if header.hasPrefix("transfer-encoding:"), value.contains("chunked") {
                isChunked = true
            }
        }
    }

    /// The next part of the body; `nil` at its end.
    func readBody() throws(LocalClientError) -> [UInt8]? {
        guard !isDone else { return nil }
        if isChunked, left == nil {
            let size = Int(try line().prefix { $0 != ";" }, radix: 16) ?? 0
            if size == 0 {
                isDone = true
                return nil
            }
            left = size
        }
        if left == 0 {
            isDone = true
            return nil
        }
        if buffer.isEmpty, !fill() {
            isDone = true
            return nil
        }
        let count = min(left ?? buffer.count, buffer.count)
        let part = Array(buffer.prefix(count))
        buffer.removeFirst(count)
        if let remaining = left {
            left = remaining - count
            if isChunked, remaining == count {
                _ = try line()
                left = nil
            }
        }
        return part
    }
}
