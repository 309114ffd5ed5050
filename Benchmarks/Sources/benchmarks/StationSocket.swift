import CWebSockets
import Glibc

/// What keeps a benchmark from measuring.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits on loopback for stations to dial.
final class Listener {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        let descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard bound else { throw BenchmarkError("no port to listen on: errno \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
    }
    deinit { close(descriptor) }

    /// The next station that dials, after its handshake.
    func accept(withinSeconds limit: Int) throws -> StationSocket {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(limit * 1000)) > 0 else {
            throw BenchmarkError("nobody dialled within \(limit) s")
        }
        let connection = Glibc.accept(descriptor, nil, nil)
        guard connection >= 0 else { throw BenchmarkError("accept: errno \(errno)") }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        return try StationSocket(connection)
    }
}

/// The server's end of one WebSocket (RFC 6455) without TLS: blocking calls on one descriptor, so
/// that what is measured is the station and not an event loop of ours.
final class StationSocket {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var start = 0
    private var end = 0
    private var out = [UInt8]()

    init(_ descriptor: Int32) throws {
        self.descriptor = descriptor
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        try shakeHands()
    }
    deinit { close(descriptor) }

    private func shakeHands() throws {
        var request = ""
        while !request.hasSuffix("\r\n\r\n") {
            if start == end { try fill() }
            request += String(decoding: buffer[start..<end], as: UTF8.self)
            start = end
        }
        let lines = request.split(separator: "\r\n")
        func header(_ name: String) -> String? {
            lines.first { $0.lowercased().hasPrefix(name + ":") }
                .map { $0.dropFirst(name.count + 1).drop { $0 == " " } }.map(String.init)
        }
        guard let key = header("sec-websocket-key") else {
            throw BenchmarkError("not a WebSocket handshake: \(lines.first ?? "")")
        }
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var hash = [UInt8](repeating: 0, count: 20)
        lws_SHA1(text, text.count, &hash)
        var encoded = [CChar](repeating: 0, count: 32)
        hash.withUnsafeBytes {
            _ = lws_b64_encode_string(
                $0.bindMemory(to: CChar.self).baseAddress, 20, &encoded, 32)
        }
        let accept = String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        try write(
            Array(
                """
                HTTP/1.1 101 Switching Protocols\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Accept: \(accept)\r
                Sec-WebSocket-Protocol: ocpp2.0.1\r
                \r\n
                """.utf8))
    }

    /// Sends one text message: one frame, one system call.
    func send(_ text: [UInt8]) throws { try send(opcode: 1, text) }

    private func send(opcode: UInt8, _ payload: [UInt8]) throws {
        out.removeAll(keepingCapacity: true)
        out.append(0x80 | opcode)
        if payload.count < 126 {
            out.append(UInt8(payload.count))
        } else {
            out += [126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        }
        out += payload
        try write(out)
    }

    private func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw BenchmarkError("the station has gone: errno \(errno)") }
            sent += count
        }
    }

    /// The next text message; answers pings on the way.
    func receive() throws -> [UInt8] {
        var message = [UInt8]()
        while true {
            try need(2)
            let isFinal = buffer[start] & 0x80 != 0
            let opcode = buffer[start] & 15
            var size = Int(buffer[start + 1] & 127)
            var header = 2
            if size >= 126 {
                header = size == 126 ? 4 : 10
                try need(header)
                size = buffer[(start + 2)..<(start + header)].reduce(0) { $0 << 8 | Int($1) }
            }
            guard buffer[start + 1] & 0x80 != 0, size < 1 << 22 else {
                throw BenchmarkError("a frame that no client may send")
            }
            try need(header + 4 + size)
            let mask = start + header
            let payload = mask + 4
            for index in 0..<size { buffer[payload + index] ^= buffer[mask + index & 3] }
            let bytes = buffer[payload..<(payload + size)]
            start = payload + size
            switch opcode {
            case 9: try send(opcode: 10, Array(bytes))
            case 8: throw BenchmarkError("the station closed the connection")
            case 0, 1:
                message += bytes
                if isFinal { return message }
            default: break
            }
        }
    }

    /// Whether something arrives within the time.
    func hasInput(withinMilliseconds limit: Int32) -> Bool {
        if start < end { return true }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, limit) > 0
    }

    private func need(_ count: Int) throws { while end - start < count { try fill() } }

    private func fill() throws {
        if start == end {
            start = 0
            end = 0
        } else if end == buffer.count {
            buffer.removeSubrange(..<start)
            end -= start
            start = 0
            buffer += [UInt8](repeating: 0, count: 1 << 17)
        }
        let count = buffer.withUnsafeMutableBytes {
            read(descriptor, $0.baseAddress.map { $0 + end }, $0.count - end)
        }
        guard count > 0 else {
            throw BenchmarkError(
                count == 0 ? "the station hung up" : "no message within 30 s (errno \(errno))")
        }
        end += count
    }
}
