import COpenSSL
import Glibc

/// Certificates of one run of a plant, so that simulated hardware speaks TLS without anybody making files for it: one
/// root that issues a cabinet's and a dispenser's.
struct PlantCertificates {
    /// Files are called like this with endings after it.
    let path: String

    var roots: String { "\(path).roots.pem" }
    var cabinet: CabinetTLS.Files {
        .init(certificate: "\(path).cabinet.pem", key: "\(path).cabinet.key")
    }

    /// Writes `roots.pem`, and `pem` and `key` of `cabinet` and `dispenser`.
    init(at path: String) throws(WireError) {
        self.path = path
        let root = try Authority(path)
        try Self.write(roots, 0o644) { PEM_write_X509($0, root.certificate) }
        for name in ["cabinet", "dispenser"] {
            guard let key = Self.key() else { throw Self.failure(path) }
            defer { EVP_PKEY_free(key) }
            guard
                let certificate = Self.certificate(
                    name, of: key, by: root.key, issuer: root.certificate)
            else { throw Self.failure(path) }
            defer { X509_free(certificate) }
            try Self.write("\(path).\(name).pem", 0o644) { PEM_write_X509($0, certificate) }
            try Self.write("\(path).\(name).key", 0o600) {
                PEM_write_PrivateKey($0, key, nil, nil, 0, nil, nil)
            }
        }
    }

    /// Who issues them.
    private final class Authority {
        let key: OpaquePointer
        let certificate: OpaquePointer

        init(_ path: String) throws(WireError) {
            guard let key = PlantCertificates.key() else { throw PlantCertificates.failure(path) }
            guard
                let certificate = PlantCertificates.certificate(
                    "plant", of: key, by: key, issuer: nil)
            else {
                EVP_PKEY_free(key)
                throw PlantCertificates.failure(path)
            }
            (self.key, self.certificate) = (key, certificate)
        }
        deinit {
            X509_free(certificate)
            EVP_PKEY_free(key)
        }
    }

    private static func failure(_ path: String) -> WireError {
        WireError(path, "making certificates", EIO)
    }

    /// A key of the curve that every TLS library knows: P-256.
    private static func key() -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
            EVP_PKEY_keygen(context, &key) == 1
        else { return nil }
        return key
    }

    /// - Parameter issuer: `nil` makes a root.
    private static func certificate(
        _ name: String, of key: OpaquePointer, by signer: OpaquePointer, issuer: OpaquePointer?
    ) -> OpaquePointer? {
        guard let certificate = X509_new() else { return nil }
        // MBSTRING_ASC, a macro that cannot be imported.
        let ascii: Int32 = 0x1001
        // Chosen: a plant lives less than a year; an hour for clocks that differ.
        let year = 365 * 86_400
        let subject = X509_get_subject_name(certificate)
        let isMade =
            X509_set_version(certificate, 2) == 1
            && ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int.random(in: 1 ... .max)) == 1
            && X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nil
            && X509_gmtime_adj(X509_getm_notAfter(certificate), year) != nil
            && X509_NAME_add_entry_by_txt(subject, "CN", ascii, name, -1, -1, 0) == 1
            && X509_set_issuer_name(
                certificate, issuer.map { X509_get_subject_name($0) } ?? subject) == 1
            && X509_set_pubkey(certificate, key) == 1
            && (issuer != nil || makeRoot(certificate))
            && X509_sign(certificate, signer, EVP_sha256()) > 0
        guard isMade else {
            X509_free(certificate)
            return nil
        }
        return certificate
    }

    private static func makeRoot(_ certificate: OpaquePointer) -> Bool {
        guard
            let constraint = X509V3_EXT_conf_nid(
                nil, nil, NID_basic_constraints, "critical,CA:TRUE")
        else { return false }
        defer { X509_EXTENSION_free(constraint) }
        return X509_add_ext(certificate, constraint, -1) == 1
    }

    private static func write(
        _ path: String, _ mode: mode_t, _ body: (UnsafeMutablePointer<FILE>) -> Int32
    ) throws(WireError) {
        // Left over from another run, whoever could read it then.
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw WireError(path, "writing", errno) }
        guard let file = fdopen(descriptor, "w") else {
            let reason = errno
            close(descriptor)
            throw WireError(path, "writing", reason)
        }
        let isWritten = body(file) == 1
        guard fclose(file) == 0, isWritten else { throw WireError(path, "writing", EIO) }
    }
}

extension CabinetTLS {
    /// With certificates of this run, beside the file that says where the cabinet listens.
    package convenience init?(
        _ security: PlantPlan.Cabinet.Security, at file: String
    ) throws(WireError) {
        guard security != .plain else { return nil }
        let certificates = try PlantCertificates(at: file)
        var files = certificates.cabinet
        if security == .mutualTLS { files.roots = certificates.roots }
        do throws(Problem) {
            try self.init(files)
        } catch {
            throw WireError(file, "serving TLS with certificates of its own", EIO)
        }
    }
}
