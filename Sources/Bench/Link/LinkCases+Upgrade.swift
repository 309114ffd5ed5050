import Foundation
import JSON
import LoopbackServer

extension LinkCases {
    private static func answers(
        _ id: String, _ what: String, _ answer: String, _ reasons: [String],
        securityEvent: String? = nil
    ) -> LinkCase {
        LinkCase(
            id: id, what: what, moment: .arrival,
            expectation: .ends(reasons, securityEvent: securityEvent)
        ) { peer, _ in
            _ = try peer.readRequest()
            try peer.write(Array(answer.utf8))
            usleep(100_000)
            return false
        }
    }

    /// What answers the upgrade.
    static var upgrade: [LinkCase] {
        let refused = ["refused-by-server"]
        let broken = ["refused-by-server", "unreachable", "connection-lost"]
        let switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        return [
            answers(
                "401", "status 401: the password is refused",
                "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", refused,
                securityEvent: "FailedToAuthenticateAtCsms"),
            answers(
                "403", "status 403: the station is refused",
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", refused,
                securityEvent: "FailedToAuthenticateAtCsms"),
            answers(
                "404", "status 404: the station is not known there",
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", refused),
            answers(
                "503", "status 503 with a page",
                "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater", refused),
            answers(
                "200", "status 200: a web page",
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<a/>",
                refused),
            answers(
                "301", "a redirect to another host",
                "HTTP/1.1 301 Moved\r\nLocation: ws://192.0.2.1/x\r\nContent-Length: 0\r\n\r\n",
                refused),
            answers(
                "307", "a redirect to the same server",
                "HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", refused),
            answers(
                "garbage", "bytes that are no HTTP", "\u{1}\u{2}\u{3}SSH-2.0-x\r\n\r\n", broken),
            answers("short", "half a status line, then the end", "HTTP/1.1 10", broken),
            answers("no-accept", "101 without Sec-WebSocket-Accept", switching + "\r\n", broken),
            answers(
                "wrong-accept", "101 with another's Sec-WebSocket-Accept",
                switching + "Connection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"
                    + "Sec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n", broken),
            answers(
                "long-header", "a header of 200 kB",
                "HTTP/1.1 101 X\r\nX: " + String(repeating: "a", count: 200_000) + "\r\n\r\n",
                broken + ["timeout"]),
            answers(
                "many-headers", "20,000 headers",
                "HTTP/1.1 101 X\r\n" + String(repeating: "X-Y: z\r\n", count: 20_000) + "\r\n",
                broken + ["timeout"]),
            .ends(
                "no-subprotocol", "no subprotocol is chosen", at: .arrival, "subprotocol-refused"
            ) { peer, _ in
                try peer.accept(subprotocol: nil)
                _ = peer.hasInput(withinMilliseconds: 1000)
                return false
            },
            .ends(
                "other-subprotocol", "a subprotocol that was not offered", at: .arrival,
                "subprotocol-refused"
            ) { peer, _ in
                try peer.accept(subprotocol: "ocpp1.5")
                _ = peer.hasInput(withinMilliseconds: 1000)
                return false
            },
            .ends("end-at-once", "accepted and ended", at: .arrival, "unreachable") { peer, _ in
                peer.close()
                return false
            },
            .ends("reset-at-once", "accepted and reset", at: .arrival, "unreachable") { peer, _ in
                peer.reset()
                return false
            },
            .ends(
                "no-answer", "the upgrade is never answered", at: .arrival, "timeout", limit: 45
            ) { peer, server in
                server.awaitClosing(peer, seconds: 40)
                return false
            },
            .survives("slow-answer", "the upgrade's answer in segments of one byte", at: .arrival) {
                peer, server in
                try peer.accept(byteByByte: true)
                try server.ask(peer, "GetLocalListVersion")
                return true
            },
            .survives(
                "eager", "a request in the segment that accepts the upgrade", at: .arrival
            ) { peer, server in
                let (id, text) = server.call("GetLocalListVersion")
                try peer.accept(followedBy: [0x81, UInt8(text.utf8.count)] + Array(text.utf8))
                _ = try server.awaitResult(peer, of: id)
                return true
            },
        ]
    }

    /// Trust and handshakes.
    static func tls(_ certificates: TestCertificates) -> [LinkCase] {
        @Sendable func identity(
            _ name: String, highest: Int? = nil, ciphers: String? = nil
        ) throws -> TLSIdentity {
            try TLSIdentity(
                chain: certificates.path("\(name).pem"), key: certificates.path("\(name).key"),
                highest: highest, cipherList: ciphers)
        }
        func handshake(
            _ id: String, _ what: String, _ reason: String, event: String,
            _ make: @escaping @Sendable () throws -> TLSIdentity
        ) -> LinkCase {
            LinkCase(
                id: id, what: what, isSecure: true, moment: .arrival,
                expectation: .ends([reason], securityEvent: event)
            ) { peer, _ in
                // The station ends the handshake: that it fails here is what is wanted.
                try? peer.startTLS(try make())
                return false
            }
        }
        func broken(
            _ id: String, _ what: String, _ bytes: [UInt8]?
        ) -> LinkCase {
            LinkCase.ends(id, what, at: .arrival, "tls-failure", "unreachable") { peer, _ in
                _ = peer.hasInput(withinMilliseconds: 2000)
                if let bytes { try peer.write(bytes) } else { peer.reset() }
                usleep(100_000)
                return false
            }.secure
        }
        let invalid = "InvalidCsmsCertificate"
        return [
            handshake(
                "expired", "certificate expired", "invalid-server-certificate", event: invalid
            ) { try identity("expired") },
            handshake(
                "other-host", "certificate of another host", "invalid-server-certificate",
                event: invalid
            ) { try identity("wronghost") },
            handshake(
                "unknown-root", "certificate of an unknown root", "invalid-server-certificate",
                event: invalid
            ) { try identity("stranger") },
            handshake(
                "self-signed", "a root as certificate of its own", "invalid-server-certificate",
                event: invalid
            ) { try identity("other") },
            handshake(
                "tls-1.1", "no newer version than TLS 1.1", "tls-version-refused",
                event: "InvalidTLSVersion"
            ) { try identity("server", highest: 0x0302) },
            handshake(
                "weak-cipher", "TLS 1.2 with a CBC suite only", "tls-cipher-suite-refused",
                event: "InvalidTLSCipherSuite"
            ) { try identity("server", highest: 0x0303, ciphers: "ECDHE-ECDSA-AES128-SHA") },
            broken("tls-reset", "reset after the client's hello", nil),
            broken("tls-end", "end after the client's hello", []),
            broken("tls-garbage", "bytes that are no TLS", Array(repeating: 0x2A, count: 200)),
            broken(
                "tls-http", "plain HTTP answers the client's hello",
                Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8)),
            broken(
                "tls-half", "half a server's hello, then the end",
                [0x16, 3, 3, 0, 0x7A, 2, 0, 0, 0x76, 3, 3] + Array(repeating: 9, count: 40)),
            LinkCase.survives("renewed", "another certificate of the same root", at: .arrival) {
                peer, server in
                try peer.startTLS(try identity("renewed"))
                try peer.accept()
                try server.ask(peer, "GetLocalListVersion")
                return true
            }.secure,
            LinkCase.survives("tls-1.2", "TLS 1.2 with a suite of the standard", at: .arrival) {
                peer, server in
                try peer.startTLS(
                    try identity(
                        "server", highest: 0x0303, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256"))
                try peer.accept()
                try server.ask(peer, "GetLocalListVersion")
                return true
            }.secure,
            LinkCase.ends("tls-truncated", "end of stream without TLS's own", "connection-lost") {
                peer, _ in
                peer.reset()
                return false
            }.secure,
            LinkCase.ends("tls-close-notify", "TLS ends, WebSocket does not", "connection-lost") {
                peer, _ in
                peer.close()
                return false
            }.secure,
            LinkCase.ends(
                "tls-no-handshake", "the handshake never goes on", at: .arrival, "timeout",
                limit: 45
            ) { peer, server in
                server.awaitClosing(peer, seconds: 40)
                return false
            }.secure,
        ]
    }
}
