internal import COpenSSL
internal import EVSEModel
internal import FieldBus
internal import Glibc

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
    private let roots: String
    /// Nothing more may be said on it, not even the end.
    private var isBroken = false

    /// Shakes hands, or fails before `end`.
    init(_ socket: SocketStream, _ files: TLSFiles, until end: Instant) throws(StreamProblem) {
        Self.blockBrokenPipes()
        let context = try Self.context(files)
        guard let connection = SSL_new(context) else {
            SSL_CTX_free(context)
            throw StreamProblem("no TLS connection: \(Self.reason)")
        }
        self.socket = socket
        self.context = context
        self.connection = connection
        roots = files.roots
        guard SSL_set_fd(connection, socket.descriptor) == 1 else {
            throw StreamProblem("no TLS on the connection: \(Self.reason)")
        }
        while true {
            ERR_clear_error()
            let result = SSL_connect(connection)
            if result == 1 { return }
            guard try wait(result, until: end) else {
                throw StreamProblem("the TLS handshake took too long")
            }
        }
    }

    deinit {
        // The peer is told that this is the end and no cut; its answer is not waited for.
        if !isBroken { SSL_shutdown(connection) }
        SSL_free(connection)
        SSL_CTX_free(context)
    }

    /// The library writes without MSG_NOSIGNAL. Of the bus's thread, which alone works with connections; the write says
    /// by itself that the peer is gone.
    private static func blockBrokenPipes() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
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
            why = "tls-roots: \(files.roots) holds no usable roots: \(reason)"
        } else if !files.certificate.isEmpty {
            if SSL_CTX_use_certificate_chain_file(context, files.certificate) != 1 {
                why =
                    "tls-certificate: \(files.certificate) holds no usable certificate: \(reason)"
            } else if SSL_CTX_use_PrivateKey_file(context, files.key, SSL_FILETYPE_PEM) != 1
                || SSL_CTX_check_private_key(context) != 1
            {
                why = "tls-key: \(files.key) is no key of the certificate: \(reason)"
            }
        }
        if let why {
            SSL_CTX_free(context)
            throw StreamProblem(why, remedy: "Put a PEM file there that the station may read.")
        }
        return context
    }

    func receive(until end: Instant) throws(StreamProblem) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 512)
        while true {
            ERR_clear_error()
            let count = SSL_read(connection, &bytes, Int32(bytes.count))
            if count > 0 { return Array(bytes.prefix(Int(count))) }
            guard try wait(count, until: end) else { return [] }
        }
    }

    func send(_ bytes: [UInt8], until end: Instant) throws(StreamProblem) {
        guard !bytes.isEmpty else { return }
        while true {
            ERR_clear_error()
            let count = SSL_write(connection, bytes, Int32(clamping: bytes.count))
            // Without partial writes all of it or nothing is taken.
            if count > 0 { return }
            guard try wait(count, until: end) else {
                throw StreamProblem("the cabinet takes nothing")
            }
        }
    }

    /// Waits for what TLS wants of the socket.
    ///
    /// - Returns: whether it came in time.
    private func wait(_ result: Int32, until end: Instant) throws(StreamProblem) -> Bool {
        let wanted: Int32
        switch SSL_get_error(connection, result) {
        case SSL_ERROR_WANT_READ: wanted = Int32(POLLIN)
        case SSL_ERROR_WANT_WRITE: wanted = Int32(POLLOUT)
        case SSL_ERROR_ZERO_RETURN: throw StreamProblem("the cabinet closed the connection")
        case SSL_ERROR_SYSCALL:
            isBroken = true
            throw Self.hungUp
        default:
            isBroken = true
            throw problem
        }
        let left = (end.nanoseconds - MonotonicClock.now().nanoseconds + 999_999) / 1_000_000
        var entry = pollfd(fd: socket.descriptor, events: Int16(wanted), revents: 0)
        return poll(&entry, 1, Int32(clamping: max(0, left))) > 0
    }

    // MARK: What went wrong, in words

    /// Reasons from here on are alerts that the peer sent: SSL_AD_REASON_OFFSET of OpenSSL.
    private static let alerts: Int32 = 1000

    private static let hungUp = StreamProblem(
        "the cabinet hung up within TLS",
        remedy: "Check that TLS is switched on in the cabinet, and its log.")

    private var problem: StreamProblem {
        let verdict = SSL_get_verify_result(connection)
        if verdict != Int(X509_V_OK) {
            let text = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? ""
            return StreamProblem(
                "the cabinet's certificate is not accepted: \(text)",
                remedy: "Compare it with \(roots), and the station's clock with the dates in it.")
        }
        let code = ERR_peek_error()
        switch ERR_GET_REASON(code) {
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: return Self.hungUp
        case SSL_R_WRONG_VERSION_NUMBER:
            return StreamProblem(
                "the cabinet answers without TLS",
                remedy: "Leave tls-roots out, or switch TLS on in the cabinet.")
        case Self.alerts..<(Self.alerts + 256):
            return StreamProblem(
                "the cabinet refused TLS: \(Self.reason)",
                remedy: "Check that it trusts the issuer of tls-certificate.")
        default: return StreamProblem("TLS failed: \(Self.reason)")
        }
    }

    /// The library's last word, without its numbers.
    private static var reason: String {
        let code = ERR_get_error()
        guard code != 0 else { return "no reason given" }
        if let text = ERR_reason_error_string(code) { return String(cString: text) }
        // Errors of the system have no text there.
        let isSystem = code & 0x8000_0000 != 0
        return isSystem
            ? String(cString: strerror(Int32(truncatingIfNeeded: code & 0x7FFF_FFFF)))
            : "error \(code)"
    }
}
