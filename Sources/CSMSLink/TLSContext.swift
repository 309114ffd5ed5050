import COpenSSL

/// One OpenSSL client context, made by us rather than by libwebsockets: that keys its contexts by
/// file path and takes only one root from memory.
final class TLSContext {
    let raw: OpaquePointer
    /// What the handshake showed, as noted by OpenSSL's callbacks on the service thread.
    var lastAlert: Alert?
    /// The host is an IP address, which a client does not send as the server's name.
    /// Source: RFC 6066, 3.
    private var isAddress = false

    struct Alert {
        /// The description's number. Source: RFC 8446, 6.
        var number: Int
        var text: String
        var isFromServer: Bool
    }

    /// TLS 1.2 suites that the standard names, forward secret ones first.
    /// Source: OCPP 2.0.1 Part 2, A00.FR.318.
    static let cipherList =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"
        + "AES128-GCM-SHA256:AES256-GCM-SHA384"
    static let cipherSuites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"

    /// - Parameter host: a name or an IP address; the server's certificate must be made out to it.
    init(_ plan: LinkTLS, host: String) throws(LinkFailure) {
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw LinkFailure(.configuration, "no TLS context: \(openSSLError())")
        }
        raw = context
        try expect(host)
        forecourt_ssl_ctx_harden(context)
        guard forecourt_ssl_ctx_require_tls12(context) == 1,
            SSL_CTX_set_cipher_list(context, Self.cipherList) == 1,
            SSL_CTX_set_ciphersuites(context, Self.cipherSuites13) == 1
        else { throw LinkFailure(.configuration, "TLS options: \(openSSLError())") }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        try addRoots(plan.roots)
        if let certificate = plan.clientCertificate {
            guard let key = plan.clientKey else {
                throw LinkFailure(
                    .configuration, "security.clientCertificates without security.clientKeys")
            }
            try use(certificate: certificate, key: key, password: plan.keyPassword)
        }
        _ = forecourt_ssl_ctx_set_owner(context, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_info_callback(context) { ssl, place, value in
            guard let ssl, let owner = forecourt_ssl_owner(ssl) else { return }
            let context = Unmanaged<TLSContext>.fromOpaque(owner).takeUnretainedValue()
            // Before the first message: libwebsockets has set what it takes for the name.
            if place & SSL_CB_HANDSHAKE_START != 0, context.isAddress {
                forecourt_ssl_name_no_server(ssl)
            }
            guard place & SSL_CB_ALERT != 0 else { return }
            let number = Int(value & 0xFF)
            guard number != 0 else { return }  // close_notify
            let text = SSL_alert_desc_string_long(value).map { String(cString: $0) } ?? ""
            context.lastAlert = Alert(
                number: number, text: text, isFromServer: place & SSL_CB_READ != 0)
        }
    }

    deinit {
        _ = forecourt_ssl_ctx_set_owner(raw, nil)  // a connection may keep the context a little
        SSL_CTX_free(raw)
    }

    /// Whom the certificate must name. libwebsockets checks the same for names and IPv4; its check
    /// takes an IPv6 address for a name, so for that there is this one alone.
    private func expect(_ host: String) throws(LinkFailure) {
        guard let parameters = SSL_CTX_get0_param(raw) else {
            throw LinkFailure(.configuration, "no TLS parameters: \(openSSLError())")
        }
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        isAddress = X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1
        ERR_clear_error()  // a name is no address, which is an error to OpenSSL
        guard isAddress || X509_VERIFY_PARAM_set1_host(parameters, host, host.utf8.count) == 1
        else { throw LinkFailure(.configuration, "\(host) is no host: \(openSSLError())") }
    }

    private func addRoots(_ pem: [UInt8]) throws(LinkFailure) {
        guard let store = SSL_CTX_get_cert_store(raw) else {
            throw LinkFailure(.configuration, "no certificate store: \(openSSLError())")
        }
        let roots = certificates(in: pem)
        defer { for root in roots { X509_free(root) } }
        guard !roots.isEmpty else {
            throw LinkFailure(
                .configuration,
                "no PEM certificate among the trusted roots; see security.csmsRoots")
        }
        for root in roots where X509_STORE_add_cert(store, root) != 1 {
            throw LinkFailure(.configuration, "a trusted root is unusable: \(openSSLError())")
        }
    }

    private func use(
        certificate pem: [UInt8], key keyPEM: [UInt8], password: [UInt8]?
    ) throws(LinkFailure) {
        let chain = certificates(in: pem)
        guard let own = chain.first else {
            throw LinkFailure(.configuration, "security.clientCertificates holds no certificate")
        }
        let isUsable = SSL_CTX_use_certificate(raw, own) == 1
        X509_free(own)
        for certificate in chain.dropFirst()
        where forecourt_ssl_ctx_add_chain_certificate(raw, certificate) != 1 {
            X509_free(certificate)
        }
        guard isUsable else {
            throw LinkFailure(.configuration, "own certificate: \(openSSLError())")
        }
        guard let key = privateKey(in: keyPEM, password: password) else {
            throw LinkFailure(
                .configuration,
                "own key cannot be read; check security.clientKeys and security.keyPassword")
        }
        defer { EVP_PKEY_free(key) }
        guard SSL_CTX_use_PrivateKey(raw, key) == 1, SSL_CTX_check_private_key(raw) == 1 else {
            throw LinkFailure(
                .configuration, "own key does not fit own certificate: \(openSSLError())")
        }
    }
}

/// Every certificate of a PEM text; the caller frees them.
private func certificates(in pem: [UInt8]) -> [OpaquePointer] {
    var found = [OpaquePointer]()
    pem.withUnsafeBytes { bytes in
        guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else {
            return
        }
        while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) { found.append(certificate) }
        BIO_free(bio)
    }
    ERR_clear_error()  // the end of the text is an error to OpenSSL
    return found
}

private func privateKey(in pem: [UInt8], password: [UInt8]?) -> OpaquePointer? {
    var phrase = (password ?? []) + [0]  // never nil: OpenSSL would ask on the terminal
    return pem.withUnsafeBytes { bytes in
        phrase.withUnsafeMutableBytes { phrase in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else {
                return nil
            }
            defer { BIO_free(bio) }
            return PEM_read_bio_PrivateKey(bio, nil, nil, phrase.baseAddress)
        }
    }
}

/// The newest entry of OpenSSL's error queue, which is emptied.
func openSSLError() -> String {
    let code = ERR_peek_last_error()
    ERR_clear_error()
    guard code != 0, let reason = ERR_reason_error_string(code) else { return "no reason given" }
    return String(cString: reason)
}
