import COpenSSL
import Glibc

/// TLS as a simulated cabinet serves it: its certificate, and whom it trusts.
///
/// `@unchecked Sendable`: the context is set up once; making connections from it is safe on every thread (OpenSSL,
/// SSL_CTX_new(3)).
package final class CabinetTLS: @unchecked Sendable {
    /// Paths of PEM files.
    package struct Files: Hashable, Sendable {
        /// The chain, with the own certificate first.
        package var certificate: String
        package var key: String
        /// Who may have issued a dispenser's certificate; `nil` asks for none.
        package var roots: String?
        package init(certificate: String, key: String, roots: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.roots = roots
        }
    }
    /// A file that cannot be used, and why.
    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let context: OpaquePointer

    package init(_ files: Files) throws(Problem) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_server_method()) else {
            throw Problem(description: "no TLS context: \(Self.reason)")
        }
        self.context = context
        forecourt_ssl_ctx_harden(context)
        guard forecourt_ssl_ctx_require_tls12(context) == 1 else {
            throw Problem(description: "TLS 1.2 cannot be required: \(Self.reason)")
        }
        guard SSL_CTX_use_certificate_chain_file(context, files.certificate) == 1 else {
            throw Problem(
                description: "\(files.certificate) holds no usable certificate: \(Self.reason)")
        }
        guard SSL_CTX_use_PrivateKey_file(context, files.key, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_check_private_key(context) == 1
        else {
            throw Problem(
                description: "\(files.key) is no key of \(files.certificate): \(Self.reason)")
        }
        guard let roots = files.roots else { return }
        guard SSL_CTX_load_verify_locations(context, roots, nil) == 1 else {
            throw Problem(description: "\(roots) holds no usable roots: \(Self.reason)")
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }

    deinit { SSL_CTX_free(context) }

    /// The server's end of a connection; the caller frees it.
    func connection(on descriptor: Int32) -> OpaquePointer? {
        guard let connection = SSL_new(context) else { return nil }
        guard SSL_set_fd(connection, descriptor) == 1 else {
            SSL_free(connection)
            return nil
        }
        SSL_set_accept_state(connection)
        return connection
    }

    /// The library's last word, without its numbers.
    static var reason: String {
        let code = ERR_get_error()
        guard code != 0 else { return "no reason given" }
        guard let text = ERR_reason_error_string(code) else {
            return String(cString: strerror(Int32(truncatingIfNeeded: code & 0x7FFF_FFFF)))
        }
        return String(cString: text)
    }
}
