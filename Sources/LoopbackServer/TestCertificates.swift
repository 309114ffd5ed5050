package import Foundation

/// Certificates of one run, made with the `openssl` program: two roots (`root`, `other`), and what
/// they vouch for, rightly or not.
package struct TestCertificates: Sendable {
    package let folder: URL

    package init() throws {
        folder = FileManager.default.temporaryDirectory.appending(
            path:
                "forecourt-tls-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try makeRoot("root")
        try makeRoot("other")
        try issue("server", by: "root", names: "DNS:localhost,IP:127.0.0.1,IP:::1")
        try issue("renewed", by: "root", names: "DNS:localhost,IP:127.0.0.1,IP:::1")
        try issue("ipv4only", by: "root", names: "DNS:localhost,IP:127.0.0.1")
        try issue("wronghost", by: "root", names: "DNS:csms.example")
        try issue("stranger", by: "other", names: "DNS:localhost,IP:127.0.0.1")
        try issue("expired", by: "root", names: "DNS:localhost,IP:127.0.0.1", days: "-1")
        try issue("client", by: "root", names: "DNS:CS-1")
        try issue("badclient", by: "other", names: "DNS:CS-1")
        try openssl(
            ["ec", "-aes128", "-passout", "pass:geheim"]
                + ["-in", path("client.key"), "-out", path("locked.key")])
    }

    package func path(_ name: String) -> String { folder.appending(path: name).path }
    package func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }
    package func remove() { try? FileManager.default.removeItem(at: folder) }

    private func makeRoot(_ name: String) throws {
        try openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
                + ["-keyout", path("\(name).key"), "-out", path("\(name).pem")]
                + ["-subj", "/CN=\(name)", "-days", "30"])
    }
    private func issue(
        _ name: String, by issuer: String, names: String, days: String = "30"
    ) throws {
        let extensions = folder.appending(path: "\(name).ext")
        try Data("subjectAltName=\(names)\n".utf8).write(to: extensions)
        try openssl(
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
                + ["-keyout", path("\(name).key"), "-out", path("\(name).csr")]
                + ["-subj", "/CN=\(name)"])
        try openssl(
            ["x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(issuer).pem")]
                + ["-CAkey", path("\(issuer).key"), "-CAcreateserial", "-days", days]
                + ["-extfile", extensions.path, "-out", path("\(name).pem")])
    }
    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw TestFailure("openssl \(arguments.joined(separator: " "))")
        }
    }
}
