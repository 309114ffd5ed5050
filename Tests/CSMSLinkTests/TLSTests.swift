import CSMSLink
import Foundation
import LoopbackServer
import Testing

/// Certificates of one test run, made with the `openssl` program.
struct Certificates {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(
            path:
                "forecourt-tls-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try makeRoot("root")
        try makeRoot("other")
        try issue("server", by: "root", names: "DNS:localhost,IP:127.0.0.1")
        try issue("wronghost", by: "root", names: "DNS:csms.example")
        try issue("stranger", by: "other", names: "DNS:localhost,IP:127.0.0.1")
        try issue("expired", by: "root", names: "DNS:localhost,IP:127.0.0.1", days: "-1")
        try issue("client", by: "root", names: "DNS:CS-1")
        try issue("badclient", by: "other", names: "DNS:CS-1")
        try openssl(
            ["ec", "-aes128", "-passout", "pass:geheim"]
                + ["-in", path("client.key"), "-out", path("locked.key")])
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }
    func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }
    func remove() { try? FileManager.default.removeItem(at: folder) }

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

/// OCPP 2.0.1 Part 2, A00: security profiles 2 and 3.
@Suite(.serialized)
final class TLSTests {
    let certificates: Certificates
    let log = EventLog()
    let link: CSMSLink

    init() throws {
        certificates = try Certificates()
        let log = log
        link = CSMSLink { log.note($0) }
    }
    deinit {
        link.shutdown()
        certificates.remove()
    }

    func server(
        _ name: String, clientRoots: String? = nil, tlsVersion: Int? = nil
    ) throws -> TestServer {
        try TestServer(
            certificate: (
                certificates.path("\(name).pem"), certificates.path("\(name).key"),
                clientRoots.map { certificates.path("\($0).pem") }
            ), tlsVersion: tlsVersion
        ) { peer in
            try peer.accept()
            while true { try peer.send(text: try peer.readText()) }
        }
    }
    func tls() throws -> LinkTLS { LinkTLS(roots: try certificates.bytes("root.pem")) }

    @Test("a server that a trusted root vouches for is spoken to, by name and by address")
    func trusted() throws {
        let server = try server("server")
        for host in ["localhost", "127.0.0.1"] {
            link.connect(.to(server, host: host, tls: try tls()))
            #expect(try log.next() == .connected(subprotocol: "ocpp2.0.1"))
            link.send(Array("hello".utf8))
            #expect(try log.next() == .received(Array("hello".utf8)))
            link.close(code: 1000, reason: "")
            _ = try log.closure()
        }
    }

    @Test(
        "a certificate that is expired, unknown or another host's is refused",
        arguments: [("expired", 10), ("stranger", 20), ("wronghost", 62)])
    func refused(name: String, code: Int) throws {
        let server = try server(name)
        link.connect(.to(server, host: "localhost", tls: try tls()))
        let failure = try log.closure()
        #expect(failure.reason == .invalidServerCertificate)
        // An unknown issuer is 20 or 21, as the chain is built. Source: openssl-verify(1).
        #expect(failure.code == code || (code == 20 && failure.code == 21))
    }

    @Test("several roots in one bundle are all trusted, and new roots count at the next dial")
    func bundle() throws {
        let stranger = try server("stranger")
        link.connect(.to(stranger, host: "localhost", tls: try tls()))
        #expect(try log.closure().reason == .invalidServerCertificate)
        let both = try certificates.bytes("root.pem") + certificates.bytes("other.pem")
        link.connect(.to(stranger, host: "localhost", tls: LinkTLS(roots: both)))
        #expect(try log.next() == .connected(subprotocol: "ocpp2.0.1"))
    }

    @Test("profile 3 presents the station's certificate, with a key that a password opens")
    func clientCertificate() throws {
        let server = try server("server", clientRoots: "root")
        var own = try tls()
        own.clientCertificate = try certificates.bytes("client.pem")
        own.clientKey = try certificates.bytes("locked.key")
        own.keyPassword = Array("geheim".utf8)
        link.connect(.to(server, host: "localhost", tls: own))
        #expect(try log.next() == .connected(subprotocol: "ocpp2.0.1"))
        link.close(code: 1000, reason: "")
        _ = try log.closure()
        own.keyPassword = Array("falsch".utf8)
        link.connect(.to(server, host: "localhost", tls: own))
        #expect(try log.closure().reason == .configuration)
        own.keyPassword = nil
        link.connect(.to(server, host: "localhost", tls: own))
        #expect(try log.closure().reason == .configuration)
        own.clientKey = try certificates.bytes("server.key")
        link.connect(.to(server, host: "localhost", tls: own))
        #expect(try log.closure().reason == .configuration)
    }

    @Test("a server that refuses our certificate, or misses it, is reported as that")
    func clientCertificateRefused() throws {
        let server = try server("server", clientRoots: "root")
        link.connect(.to(server, host: "localhost", tls: try tls()))
        #expect(try log.closure().reason == .clientCertificateRefused)
        var own = try tls()
        own.clientCertificate = try certificates.bytes("badclient.pem")
        own.clientKey = try certificates.bytes("badclient.key")
        link.connect(.to(server, host: "localhost", tls: own))
        #expect(try log.closure().reason == .clientCertificateRefused)
    }

    @Test("a server that knows TLS 1.1 only is refused")
    func oldVersion() throws {
        let server = try server("server", tlsVersion: 0x0302)
        link.connect(.to(server, host: "localhost", tls: try tls()))
        let failure = try log.closure()
        #expect(failure.reason == .tlsVersionRefused)
    }

    @Test("roots without a certificate are a configuration failure")
    func noRoots() throws {
        for roots in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            link.connect(
                LinkPlan(
                    url: "wss://localhost:1/", identity: "A", subprotocols: ["ocpp2.0.1"],
                    tls: LinkTLS(roots: Array(roots.utf8))))
            #expect(try log.closure().reason == .configuration)
        }
    }

    @Test("a plain server behind wss is a TLS failure")
    func plainServer() throws {
        let server = try TestServer { peer in
            try peer.write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        }
        link.connect(.to(server, host: "localhost", tls: try tls()))
        let reason = try log.closure().reason
        #expect(reason == .tlsFailure || reason == .tlsVersionRefused)
    }
}
