internal import COpenSSL

/// The key of a simulated meter, on brainpoolP384r1: of a seed always the same one. OpenSSL signs with it.
struct SigningKey: Hashable, Sendable {
    /// ECPrivateKey in DER (RFC 5915), without the public key.
    private let secret: [UInt8]
    /// SubjectPublicKeyInfo in DER.
    let subjectPublicKeyInfo: [UInt8]

    /// The public point: 04, x, y.
    var point: [UInt8] { Array(subjectPublicKeyInfo.suffix(97)) }

    init(seed: UInt64) {
        var noise = Noise(seed: seed)
        var scalar = (0..<48).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
        // Below the order of the curve, which begins with 8C.
        scalar[0] &= 0x7F
        scalar[47] |= 1
        // Version 1, the number, and the curve 1.3.36.3.3.2.8.1.1.11.
        secret =
            [0x30, 0x42, 0x02, 0x01, 0x01, 0x04, 0x30] + scalar
            + [0xA0, 0x0B, 0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0B]
        guard let key = Self.load(secret) else {
            subjectPublicKeyInfo = []
            return
        }
        defer { EVP_PKEY_free(key) }
        let length = i2d_PUBKEY(key, nil)
        var bytes = [UInt8](repeating: 0, count: max(0, Int(length)))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            _ = i2d_PUBKEY(key, &start)
        }
        subjectPublicKeyInfo = bytes
    }

    private static func load(_ secret: [UInt8]) -> OpaquePointer? {
        secret.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_AutoPrivateKey(nil, &start, buffer.count)
        }
    }

    /// - Returns: an ECDSA signature of the SHA-256, in DER; empty where OpenSSL refuses.
    func sign(_ message: [UInt8]) -> [UInt8] {
        guard let key = Self.load(secret) else { return [] }
        defer { EVP_PKEY_free(key) }
        guard let context = EVP_MD_CTX_new() else { return [] }
        defer { EVP_MD_CTX_free(context) }
        var length = 0
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, nil, &length, message, message.count) == 1
        else { return [] }
        var signature = [UInt8](repeating: 0, count: length)
        guard EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else {
            return []
        }
        return Array(signature.prefix(length))
    }
}
