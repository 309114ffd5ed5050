import CSMSLink
import Foundation
import LoopbackServer
import Testing

/// OCPP 2.0.1 Part 2, A00: security profiles 2 and 3.
@Suite(.serialized)
final class TLSTests {
    let certificates: TestCertificates
    let log = EventLog()
    let link: CSMSLink

    init() throws {
        certificates = try TestCertificates()
        let log = log
        link = CSMSLink { log.note($0) }
    }
    deinit {
        link.shutdown()
        certificates.remove()
    }

    func server(
        _ name: String, clientRoots: String? = nil, tlsVersion: Int? = nil, isIPv6: Bool = false
    ) throws -> TestServer {
        try TestServer(
            certificate: (
                certificates.path("\(name).pem"), certificates.path("\(name).key"),
                clientRoots.map { certificates.path("\($0).pem") }
            ), tlsVersion: tlsVersion, isIPv6: isIPv6
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

    @Test("an IPv6 address is checked against the certificate's addresses")
    func addressOfVersion6() throws {
        let good = try server("server", isIPv6: true)
        link.connect(.to(good, host: "[::1]", tls: try tls()))
        #expect(try log.next() == .connected(subprotocol: "ocpp2.0.1"))
        link.close(code: 1000, reason: "")
        _ = try log.closure()
        let other = try server("ipv4only", isIPv6: true)
        link.connect(.to(other, host: "[::1]", tls: try tls()))
        let failure = try log.closure()
        #expect(failure.reason == .invalidServerCertificate)
        #expect(failure.code == 64)  // X509_V_ERR_IP_ADDRESS_MISMATCH
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
