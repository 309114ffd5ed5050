internal import COpenSSL

/// The key of a simulated meter: of a seed always the same one. OpenSSL signs with it.
struct SigningKey: Hashable, Sendable {
    enum Curve: Sendable {
        case brainpoolP384r1
        case secp256r1

        /// Bytes of a number below the curve's order.
        fileprivate var length: Int { self == .secp256r1 ? 32 : 48 }
        /// 1.3.36.3.3.2.8.1.1.11 and 1.2.840.10045.3.1.7 in DER.
        fileprivate var identifier: [UInt8] {
            switch self {
            case .brainpoolP384r1:
                [0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0B]
            case .secp256r1: [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
            }
        }
    }
    /// ECPrivateKey in DER (RFC 5915), without the public key.
    private let secret: [UInt8]
    /// SubjectPublicKeyInfo in DER.
    let subjectPublicKeyInfo: [UInt8]
    private let pointLength: Int

    /// The public point: 04, x, y.
    var point: [UInt8] { Array(subjectPublicKeyInfo.suffix(pointLength)) }

    init(seed: UInt64, on curve: Curve = .brainpoolP384r1) {
        var noise = Noise(seed: seed)
        var scalar = (0..<curve.length).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
        // Below the order of either curve, which begins with 8C and FF.
        scalar[0] &= 0x7F
        scalar[curve.length - 1] |= 1
        // Version 1, the number, and the curve.
        let identifier = curve.identifier
        let content: [UInt8] =
            [0x02, 0x01, 0x01, 0x04, UInt8(curve.length)] + scalar
            + [0xA0, UInt8(identifier.count)] + identifier
        secret = [0x30, UInt8(content.count)] + content
        pointLength = 1 + 2 * curve.length
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
