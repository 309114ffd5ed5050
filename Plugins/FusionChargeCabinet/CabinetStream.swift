internal import COpenSSL
internal import EVSEModel
internal import FieldBus
internal import Glibc

/// The connection to the cabinet: bytes in and out, plain or through TLS.
///
/// Not `Sendable`: it belongs to the bus's thread.
protocol CabinetStream: AnyObject {
    /// Bytes that are there; none where nothing is.
    func receive(until end: Instant) throws(StreamProblem) -> [UInt8]
    func send(_ bytes: [UInt8], until end: Instant) throws(StreamProblem)
}

/// Why a connection is over, or never came about.
struct StreamProblem: Error, Hashable {
    let what: String
    init(_ what: String) { self.what = what }
    init(_ failure: SocketStream.Failure) {
        what =
            switch failure {
            case .hungUp(0): "the cabinet closed the connection"
            case .hungUp(let number): "the connection broke: \(SystemNumber(value: number).text)"
            case .cannotConnect(let why): "no connection: \(why)"
            }
    }
}

final class PlainStream: CabinetStream {
    private let socket: SocketStream
    init(_ socket: SocketStream) { self.socket = socket }

    func receive(until end: Instant) throws(StreamProblem) -> [UInt8] {
        do throws(SocketStream.Failure) {
            return try socket.receive(until: end)
        } catch {
            throw StreamProblem(error)
        }
    }
    func send(_ bytes: [UInt8], until end: Instant) throws(StreamProblem) {
        do throws(SocketStream.Failure) {
            try socket.send(bytes, until: end)
        } catch {
            throw StreamProblem(error)
        }
    }
}

/// Files of the mutual authentication; paths.
struct TLSFiles: Hashable {
    /// PEM: who may have issued the cabinet's certificate.
    var roots: String
    /// PEM, the chain with the own certificate first, and its key; empty: the dispenser shows none.
    var certificate: String
    var key: String
}

/// TLS 1.2 or newer over a connection that stands. The cabinet's certificate must come from one of the roots; its
/// name is not compared, since cabinets are reached by addresses of a private network. Chosen, see the README.
final class SecuredStream: CabinetStream {
    private let socket: SocketStream
    private let context: OpaquePointer
    private let connection: OpaquePointer

    /// Shakes hands, or fails before `end`.
    init(_ socket: SocketStream, _ files: TLSFiles, until end: Instant) throws(StreamProblem) {
        let context = try Self.context(files)
        guard let connection = SSL_new(context) else {
            SSL_CTX_free(context)
            throw StreamProblem("no TLS connection: \(Self.reason)")
        }
        self.socket = socket
        self.context = context
        self.connection = connection
        guard SSL_set_fd(connection, socket.descriptor) == 1 else {
            throw StreamProblem("no TLS on the connection: \(Self.reason)")
        }
        while true {
            ERR_clear_error()
            let result = SSL_connect(connection)
            if result == 1 { return }
            guard try wait(result, "TLS handshake", until: end) else {
                throw StreamProblem("the TLS handshake took too long")
            }
        }
    }

    deinit {
        SSL_free(connection)
        SSL_CTX_free(context)
    }

    private static func context(_ files: TLSFiles) throws(StreamProblem) -> OpaquePointer {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw StreamProblem("no TLS context: \(reason)")
        }
        forecourt_ssl_ctx_harden(context)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        var why: String?
        if forecourt_ssl_ctx_require_tls12(context) != 1 {
            why = "TLS 1.2 cannot be required: \(reason)"
        } else if SSL_CTX_load_verify_locations(context, files.roots, nil) != 1 {
            why = "\(files.roots) holds no usable roots: \(reason)"
        } else if !files.certificate.isEmpty {
            if SSL_CTX_use_certificate_chain_file(context, files.certificate) != 1 {
                why = "\(files.certificate) holds no usable certificate: \(reason)"
            } else if SSL_CTX_use_PrivateKey_file(context, files.key, SSL_FILETYPE_PEM) != 1
                || SSL_CTX_check_private_key(context) != 1
            {
                why = "\(files.key) is no key of the certificate: \(reason)"
            }
        }
        if let why {
            SSL_CTX_free(context)
            throw StreamProblem(why)
        }
        return context
    }

    func receive(until end: Instant) throws(StreamProblem) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 512)
        while true {
            ERR_clear_error()
            let count = SSL_read(connection, &bytes, Int32(bytes.count))
            if count > 0 { return Array(bytes.prefix(Int(count))) }
            guard try wait(count, "TLS", until: end) else { return [] }
        }
    }

    func send(_ bytes: [UInt8], until end: Instant) throws(StreamProblem) {
        guard !bytes.isEmpty else { return }
        while true {
            ERR_clear_error()
            let count = SSL_write(connection, bytes, Int32(clamping: bytes.count))
            // Without partial writes all of it or nothing is taken.
            if count > 0 { return }
            guard try wait(count, "TLS", until: end) else {
                throw StreamProblem("the cabinet takes nothing")
            }
        }
    }

    /// Waits for what TLS wants of the socket.
    ///
    /// - Returns: whether it came in time.
    private func wait(
        _ result: Int32, _ what: String, until end: Instant
    ) throws(StreamProblem) -> Bool {
        let code = SSL_get_error(connection, result)
        let wanted: Int32
        switch code {
        case SSL_ERROR_WANT_READ: wanted = Int32(POLLIN)
        case SSL_ERROR_WANT_WRITE: wanted = Int32(POLLOUT)
        case SSL_ERROR_ZERO_RETURN: throw StreamProblem("the cabinet closed the connection")
        case SSL_ERROR_SYSCALL: throw StreamProblem("the connection broke during \(what)")
        default: throw StreamProblem("\(what): \(Self.reason)")
        }
        let left = (end.nanoseconds - MonotonicClock.now().nanoseconds + 999_999) / 1_000_000
        var entry = pollfd(fd: socket.descriptor, events: Int16(wanted), revents: 0)
        return poll(&entry, 1, Int32(clamping: max(0, left))) > 0
    }

    private static var reason: String {
        let code = ERR_get_error()
        guard code != 0 else { return "no reason given" }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        return text.withUnsafeBufferPointer { buffer in
            String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
