internal import COpenSSL

extension OCMFRecord {
    /// - Parameter key: SubjectPublicKeyInfo in DER, or a point on the algorithm's curve as SEC 1 writes
    ///   it uncompressed (04, x, y).
    /// - Returns: what speaks against the signature, in words; `nil` where it is the key's.
    package func signatureProblem(key: [UInt8]) -> String? {
        let words = algorithm.split(separator: "-")
        guard words.count == 3, words[0] == "ECDSA", words[2] == "SHA256",
            let curve = Self.curves[String(words[1])]
        else { return "algorithm \(algorithm) is not known here" }
        guard let key = Self.key(key, curve: curve) else { return "the key is no public key" }
        defer { EVP_PKEY_free(key) }
        var name = [CChar](repeating: 0, count: 64)
        var length = 0
        guard EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1,
            OBJ_txt2nid(name) == OBJ_txt2nid(curve)
        else { return "the key is on another curve than \(algorithm)" }
        guard let context = EVP_MD_CTX_new() else { return "no memory" }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1 else {
            return "the key cannot verify"
        }
        let result = EVP_DigestVerify(
            context, signature, signature.count, payload, payload.count)
        ERR_clear_error()
        return result == 1 ? nil : "the signature is not the key's"
    }

    /// OCMF's names of curves, and OpenSSL's.
    private static let curves = [
        "secp192k1": "secp192k1", "secp256k1": "secp256k1", "secp192r1": "prime192v1",
        "secp256r1": "prime256v1", "secp384r1": "secp384r1",
        "brainpool256r1": "brainpoolP256r1", "brainpoolP256r1": "brainpoolP256r1",
        "brainpool384r1": "brainpoolP384r1", "brainpoolP384r1": "brainpoolP384r1",
    ]

    private static func key(_ bytes: [UInt8], curve: String) -> OpaquePointer? {
        if bytes.first == 0x04 { return point(bytes, curve: curve) }
        return bytes.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_PUBKEY(nil, &start, buffer.count)
        }
    }

    private static func point(_ bytes: [UInt8], curve: String) -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_fromdata_init(context) == 1 else { return nil }
        var name = Array(curve.utf8CString)
        var point = bytes
        var key: OpaquePointer?
        name.withUnsafeMutableBufferPointer { name in
            point.withUnsafeMutableBufferPointer { point in
                var parameters = [
                    OSSL_PARAM_construct_utf8_string("group", name.baseAddress, 0),
                    OSSL_PARAM_construct_octet_string("pub", point.baseAddress, point.count),
                    OSSL_PARAM_construct_end(),
                ]
                _ = EVP_PKEY_fromdata(context, &key, forecourt_pkey_public(), &parameters)
            }
        }
        ERR_clear_error()
        return key
    }
}
