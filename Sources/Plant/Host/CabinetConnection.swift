import COpenSSL
import Glibc

/// One dispenser's connection to a simulated cabinet, plain or through TLS, never waiting. Closed with its last
/// reference.
///
/// Not `Sendable`: it belongs to the cabinet's thread.
final class CabinetConnection {
    enum Outcome: Equatable {
        case bytes([UInt8])
        case nothing
        /// It is over; why, in words, where that is worth one.
        case end(String?)
    }

    let descriptor: Int32
    private let tls: OpaquePointer?
    /// The handshake is done, or there is none.
    private(set) var isOpen: Bool
    private var isBroken = false

    /// - Parameter descriptor: of a connection that stands; it is the connection's from now on, also where this fails.
    init?(_ descriptor: Int32, _ tls: CabinetTLS?) {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        var yes: Int32 = 1
        _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes,
            socklen_t(MemoryLayout<Int32>.size))
        self.descriptor = descriptor
        isOpen = tls == nil
        guard let tls else {
            self.tls = nil
            return
        }
        guard let connection = tls.connection(on: descriptor) else {
            close(descriptor)
            return nil
        }
        self.tls = connection
    }

    deinit {
        if let tls {
            if isOpen, !isBroken { SSL_shutdown(tls) }
            SSL_free(tls)
        }
        close(descriptor)
    }

    /// Goes on with the handshake.
    ///
    /// - Returns: ``Outcome/nothing`` while it lasts and when it is done.
    func shakeHands() -> Outcome {
        guard let tls, !isOpen else { return .nothing }
        ERR_clear_error()
        let result = SSL_accept(tls)
        guard result != 1 else {
            isOpen = true
            return .nothing
        }
        return outcome(of: result, tls)
    }

    func receive() -> Outcome {
        var bytes = [UInt8](repeating: 0, count: 2048)
        guard let tls else {
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            if count < 0 { return errno == EAGAIN || errno == EINTR ? .nothing : .end(nil) }
            return count == 0 ? .end(nil) : .bytes(Array(bytes.prefix(count)))
        }
        ERR_clear_error()
        let count = SSL_read(tls, &bytes, Int32(bytes.count))
        return count > 0 ? .bytes(Array(bytes.prefix(Int(count)))) : outcome(of: count, tls)
    }

    /// - Returns: whether all of it was taken; what does not take a few hundred bytes is no dispenser.
    func send(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return true }
        guard let tls else {
            let count = Glibc.send(
                descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            return count == bytes.count
        }
        ERR_clear_error()
        return SSL_write(tls, bytes, Int32(clamping: bytes.count)) > 0
    }

    private func outcome(of result: Int32, _ tls: OpaquePointer) -> Outcome {
        switch SSL_get_error(tls, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .nothing
        case SSL_ERROR_ZERO_RETURN: return .end(nil)
        case SSL_ERROR_SYSCALL:
            isBroken = true
            return .end(isOpen ? nil : "it hung up within the TLS handshake")
        default:
            isBroken = true
            // Who hangs up without a word of goodbye has hung up.
            if isOpen, ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING {
                return .end(nil)
            }
            let verdict = SSL_get_verify_result(tls)
            guard verdict != Int(X509_V_OK) else { return .end("TLS failed: \(CabinetTLS.reason)") }
            let text = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? ""
            return .end("its certificate is not accepted: \(text)")
        }
    }
}
