import COpenSSL
import Foundation

/// A server on loopback that does to its peers what a script says.
package final class TestServer: @unchecked Sendable {
    // Sendable: after init only the server's own thread and the descriptor's close touch it.
    package let port: UInt16
    private let listener: Int32
    private let tls: OpaquePointer?

    /// - Parameters:
    ///   - readTimeout: in seconds, after which a read ends the script; 0 waits without end.
    ///   - isConcurrent: each peer has a thread of its own; otherwise one is served after the other.
    ///   - script: called for every accepted connection, which closes when it returns.
    package init(
        certificate: (chain: String, key: String, clientRoots: String?)? = nil,
        tlsVersion: Int? = nil, isIPv6: Bool = false, readTimeout: Int = 20,
        isConcurrent: Bool = false,
        script: @escaping @Sendable (Peer) throws -> Void
    ) throws {
        signal(SIGPIPE, SIG_IGN)
        let listener = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        guard let port = isIPv6 ? Self.listenIPv6(listener) : Self.listenIPv4(listener) else {
            throw TestFailure("cannot listen on loopback")
        }
        self.port = port
        if let certificate {
            let context = SSL_CTX_new(TLS_server_method())
            guard SSL_CTX_use_certificate_chain_file(context, certificate.chain) == 1,
                SSL_CTX_use_PrivateKey_file(context, certificate.key, SSL_FILETYPE_PEM) == 1
            else { throw TestFailure("server certificate unusable") }
            if let roots = certificate.clientRoots {
                SSL_CTX_load_verify_locations(context, roots, nil)
                SSL_CTX_set_verify(
                    context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
            }
            if let tlsVersion {
                SSL_CTX_set_security_level(context, 0)
                SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, 0, nil)
                SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, tlsVersion, nil)
            }
            tls = context
        } else {
            tls = nil
        }
        let secure = tls.map { SendablePointer(raw: $0) }
        Thread {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else {
                    // Here and not in deinit: a number given back while a script still runs would
                    // be the next server's, and this thread would accept that one's peers.
                    Glibc.close(listener)
                    if let secure { SSL_CTX_free(secure.raw) }
                    return
                }
                var limit = timeval(tv_sec: readTimeout, tv_usec: 0)
                setsockopt(
                    descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit,
                    socklen_t(MemoryLayout<timeval>.size))
                let serve = { @Sendable in
                    guard let peer = Peer(descriptor: descriptor, tls: secure?.raw) else { return }
                    try? script(peer)
                    peer.close()
                }
                if isConcurrent { Thread(block: serve).start() } else { serve() }
            }
        }.start()
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// - Returns: a free port of 127.0.0.1.
    private static func listenIPv4(_ listener: Int32) -> UInt16? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return listens(listener, &address) ? UInt16(bigEndian: address.sin_port) : nil
    }
    /// - Returns: a free port of ::1.
    private static func listenIPv6(_ listener: Int32) -> UInt16? {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        return listens(listener, &address) ? UInt16(bigEndian: address.sin6_port) : nil
    }
    private static func listens<Address>(_ listener: Int32, _ address: inout Address) -> Bool {
        var size = socklen_t(MemoryLayout<Address>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, size) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, pointer, &size) == 0
            }
        }
    }
}

/// Certificate, key and rules with which a server speaks TLS.
package struct TLSIdentity: Sendable {
    let context: SendablePointer

    /// - Parameters:
    ///   - highest: the newest protocol version, as OpenSSL's number; `nil` any.
    ///   - cipherList: OpenSSL's names of the TLS 1.2 suites; `nil` the library's own.
    /// - Throws: where the files are no certificate and key that fit.
    package init(
        chain: String, key: String, highest: Int? = nil, cipherList: String? = nil
    ) throws {
        let context = SSL_CTX_new(TLS_server_method())
        guard let context, SSL_CTX_use_certificate_chain_file(context, chain) == 1,
            SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1
        else { throw TestFailure("server certificate unusable") }
        if let highest {
            SSL_CTX_set_security_level(context, 0)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, 0, nil)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, highest, nil)
        }
        if let cipherList, SSL_CTX_set_cipher_list(context, cipherList) != 1 {
            throw TestFailure("no cipher suite of \(cipherList)")
        }
        self.context = SendablePointer(raw: context)
    }
}

struct SendablePointer: @unchecked Sendable {
    // Sendable: OpenSSL's contexts count their references atomically.
    let raw: OpaquePointer
}

package struct TestFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The server's end of one connection; used by the server's thread only.
package final class Peer {
    package let descriptor: Int32
    private var ssl: OpaquePointer?
    private var isClosed = false

    init?(descriptor: Int32, tls: OpaquePointer?) {
        self.descriptor = descriptor
        guard tls == nil || secure(tls) else {
            // Unread bytes would turn the close into a reset, which overtakes the alert.
            shutdown(descriptor, Int32(SHUT_WR))
            var bytes = [UInt8](repeating: 0, count: 1024)
            while read(descriptor, &bytes, bytes.count) > 0 {}
            Glibc.close(descriptor)
            return nil
        }
    }

    /// The server's part of a TLS handshake; false where it failed.
    private func secure(_ tls: OpaquePointer?) -> Bool {
        let ssl = SSL_new(tls)
        SSL_set_fd(ssl, descriptor)
        guard SSL_accept(ssl) == 1 else {
            ERR_clear_error()
            SSL_free(ssl)
            return false
        }
        self.ssl = ssl
        return true
    }

    /// Begins TLS on a plain connection, as whom and how is chosen for each.
    ///
    /// - Throws: where the client does not finish the handshake.
    package func startTLS(_ identity: TLSIdentity) throws {
        guard secure(identity.context.raw) else { throw TestFailure("no TLS handshake") }
    }

    /// Bytes are there to be read, or the stream has ended, within the time.
    package func hasInput(withinMilliseconds limit: Int32) -> Bool {
        if let ssl, SSL_pending(ssl) > 0 { return true }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, limit) > 0
    }

    /// The connection is gone from this machine without a word to the other side, as when a server
    /// loses its power and starts anew.
    ///
    /// - Throws: where the process may not do that (CAP_NET_ADMIN).
    package func vanish() throws {
        var on: Int32 = 1
        // Source: tcp(7) of Linux, TCP_REPAIR: closing such a socket sends nothing.
        guard
            setsockopt(
                descriptor, Int32(IPPROTO_TCP), 19, &on, socklen_t(MemoryLayout<Int32>.size)) == 0
        else { throw TestFailure("this process may not make a connection vanish") }
        isClosed = true
        Glibc.close(descriptor)
    }

    package func close() {
        guard !isClosed else { return }
        isClosed = true
        if let ssl {
            SSL_shutdown(ssl)
            SSL_free(ssl)
        }
        Glibc.close(descriptor)
    }

    /// Ends the connection from another thread, without a word of the protocol above: whoever reads it
    /// finds its end.
    package func cut() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Ends the connection with a reset.
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        isClosed = true
        Glibc.close(descriptor)
    }

    package func readByte() throws -> UInt8 {
        var byte: UInt8 = 0
        let count =
            if let ssl { Int(SSL_read(ssl, &byte, 1)) } else { read(descriptor, &byte, 1) }
        guard count == 1 else { throw TestFailure("end of stream") }
        return byte
    }
    package func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { rest in
                if let ssl {
                    Int(SSL_write(ssl, rest.baseAddress, Int32(rest.count)))
                } else {
                    Glibc.write(descriptor, rest.baseAddress, rest.count)
                }
            }
            guard count > 0 else { throw TestFailure("peer gone") }
            rest = rest.dropFirst(count)
        }
    }

    /// Request line and headers, names in lower case.
    package func readRequest() throws -> (line: String, headers: [String: String]) {
        var bytes = [UInt8]()
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) { bytes.append(try readByte()) }
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let first = String(lines.removeFirst())
        var headers = [String: String]()
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return (first, headers)
    }

    /// Reads the upgrade and accepts it; returns the request.
    ///
    /// - Parameters:
    ///   - byteByByte: the answer goes out in segments of one byte, a millisecond apart.
    ///   - next: frames that go out with the answer's last bytes.
    @discardableResult
    package func accept(
        subprotocol: String? = "ocpp2.0.1", byteByByte: Bool = false, followedBy next: [UInt8] = []
    ) throws -> (line: String, headers: [String: String]) {
        let request = try readRequest()
        let key = request.headers["sec-websocket-key", default: ""]
        var digest = [UInt8](repeating: 0, count: 20)
        let source = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        EVP_Digest(source, source.count, &digest, nil, EVP_sha1(), nil)
        var answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: \(Data(digest).base64EncodedString())\r\n"
        if let subprotocol { answer += "Sec-WebSocket-Protocol: \(subprotocol)\r\n" }
        let bytes = Array((answer + "\r\n").utf8) + next
        guard byteByByte else {
            try write(bytes)
            return request
        }
        var on: Int32 = 1
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        for byte in bytes {
            try write([byte])
            usleep(1000)
        }
        return request
    }

    /// One frame of the client, unmasked.
    package func readFrame() throws -> (opcode: UInt8, payload: [UInt8], isFinal: Bool) {
        let first = try readByte()
        let second = try readByte()
        var length = Int(second & 0x7F)
        let extra = length == 126 ? 2 : length == 127 ? 8 : 0
        if extra > 0 {
            length = 0
            for _ in 0..<extra { length = length << 8 | Int(try readByte()) }
        }
        guard second & 0x80 != 0 else { throw TestFailure("client frames must be masked") }
        let mask = [try readByte(), try readByte(), try readByte(), try readByte()]
        var payload = [UInt8]()
        for index in 0..<length { payload.append(try readByte() ^ mask[index & 3]) }
        return (first & 0x0F, payload, first & 0x80 != 0)
    }
    /// The next text message, pings answered on the way.
    package func readText() throws -> String {
        while true {
            let frame = try readFrame()
            switch frame.opcode {
            case 1: return String(decoding: frame.payload, as: UTF8.self)
            case 8: throw TestFailure("closed")
            case 9: try send(opcode: 10, frame.payload)
            default: break
            }
        }
    }
    package func send(opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true) throws {
        var frame = [opcode | (isFinal ? 0x80 : 0)]
        switch payload.count {
        case ..<126: frame.append(UInt8(payload.count))
        case ..<65_536: frame += [126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            frame.append(127)
            for shift in stride(from: 56, through: 0, by: -8) {
                frame.append(UInt8(truncatingIfNeeded: payload.count >> shift))
            }
        }
        try write(frame + payload)
    }
    package func send(text: String) throws { try send(opcode: 1, Array(text.utf8)) }
    /// Blocks until the client is gone.
    package func waitForEnd() { while (try? readByte()) != nil {} }
}
