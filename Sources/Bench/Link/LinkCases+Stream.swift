import JSON
import LoopbackServer

#if canImport(Glibc)
    import Glibc
#endif

/// Whoever closes reads first: bytes left unread would turn the end into a reset.
private func drain(_ peer: Peer, milliseconds: Int32 = 1500) {
    while peer.hasInput(withinMilliseconds: milliseconds), (try? peer.readByte()) != nil {}
}

extension LinkCases {
    /// How bytes arrive, or stop arriving.
    static var stream: [LinkCase] {
        [
            .ends("reset", "RST between two messages", "connection-lost") { peer, _ in
                peer.reset()
                return false
            },
            .ends("reset-in-frame", "RST in the middle of a frame", "connection-lost") {
                peer, _ in
                try peer.write([0x81, 100] + Array("[2,\"half".utf8))
                peer.reset()
                return false
            },
            .ends("end", "end of stream without a close frame", "connection-lost") { peer, _ in
                peer.close()
                return false
            },
            .ends("vanished", "the peer is gone without FIN", "connection-lost", limit: 12) {
                peer, _ in
                try peer.vanish()
                return false
            },
            .survives("bytewise", "a request in segments of one byte") { peer, server in
                var on: Int32 = 1
                setsockopt(
                    peer.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on,
                    socklen_t(MemoryLayout<Int32>.size))
                let (id, text) = server.call("GetLocalListVersion")
                for byte in [0x81, UInt8(text.utf8.count)] + Array(text.utf8) {
                    try peer.write([byte])
                    usleep(1000)
                }
                _ = try server.awaitResult(peer, of: id)
                return true
            },
            .survives("fragments", "a request in 20 fragments with pings and pongs between") {
                peer, server in
                let (id, text) = server.call("GetLocalListVersion")
                let bytes = Array(text.utf8)
                for (index, byte) in bytes.enumerated() {
                    try peer.send(
                        opcode: index == 0 ? 1 : 0, [byte], isFinal: index == bytes.count - 1)
                    if index % 3 == 0 { try peer.send(opcode: index % 2 == 0 ? 9 : 10, [7]) }
                }
                _ = try server.awaitResult(peer, of: id)
                return true
            },
            .survives("burst", "300 requests in one write") { peer, server in
                let calls = (0..<300).map { _ in server.call("GetLocalListVersion") }
                var bytes = [UInt8]()
                for (_, text) in calls {
                    bytes += [0x81, UInt8(text.utf8.count)] + Array(text.utf8)
                }
                try peer.write(bytes)
                _ = try server.awaitResult(peer, of: calls[299].id)
                return true
            },
            .survives("slow-reader", "the CSMS reads nothing for 3 s, then all", limit: 20) {
                peer, server in
                let last = try flood(peer, server, requests: 60)
                usleep(3_000_000)
                _ = try server.awaitResult(peer, of: last)
                return true
            },
            .ends(
                "never-reads", "the CSMS never reads again (zero window)", "send-queue-full",
                "ping-timeout", limit: 25
            ) { peer, server in
                _ = try? flood(peer, server, requests: 600)
                // The station's end waits behind what is not read: it cannot be seen from here.
                server.awaitClosing(peer, seconds: 12)
                return false
            },
        ]
    }

    /// Requests whose answers are long, without reading any of them.
    /// - Returns: the last one's id.
    private static func flood(
        _ peer: Peer, _ server: CampaignServer, requests: Int
    ) throws -> String {
        var size: Int32 = 65_536
        setsockopt(
            peer.descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        let item: JSONValue = [
            "component": ["name": "OCPPCommCtrlr"], "variable": ["name": "HeartbeatInterval"],
        ]
        var last = ""
        for _ in 0..<requests {
            let (id, text) = server.call(
                "GetVariables", ["getVariableData": .array(Array(repeating: item, count: 90))])
            try peer.send(text: text)
            last = id
        }
        return last
    }

    /// Which side ends, and with which code.
    static var closing: [LinkCase] {
        let proper: [Int] = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 3000, 4999]
        let codes = proper.map { code in
            LinkCase.ends("close-\(code)", "close frame with code \(code)", "closed-by-server") {
                peer, _ in
                try peer.send(opcode: 8, [UInt8(code >> 8), UInt8(code & 255)] + Array("bye".utf8))
                drain(peer)
                return false
            }
        }
        // RFC 6455, 7.4.1: never on the wire, or not registered; the station ends in either way.
        let improper = [0, 999, 1005, 1006, 1012, 1014, 1015, 2999, 5000, 65_535].map { code in
            LinkCase.ends(
                "close-\(code)", "close frame with code \(code), which is none to send",
                "closed-by-server", "connection-lost", "protocol-violation"
            ) { peer, _ in
                try peer.send(opcode: 8, [UInt8(code >> 8), UInt8(code & 255)])
                drain(peer)
                return false
            }
        }
        return codes + improper + [
            .ends("close-empty", "close frame without a code", "closed-by-server") { peer, _ in
                try peer.send(opcode: 8, [])
                drain(peer)
                return false
            },
            .ends(
                "close-one-byte", "close frame with half a code", "closed-by-server",
                "connection-lost", "protocol-violation"
            ) { peer, _ in
                try peer.send(opcode: 8, [3])
                drain(peer)
                return false
            },
            .ends("close-unanswered", "close frame, then silence", "closed-by-server") {
                peer, server in
                try peer.send(opcode: 8, [3, 232])
                server.awaitClosing(peer, seconds: 20)
                return false
            },
        ]
    }

    /// Frames that RFC 6455 forbids, or that are more than the station takes.
    static var framing: [LinkCase] {
        func violation(
            _ id: String, _ what: String, _ act: @escaping @Sendable (Peer) throws -> Void
        ) -> LinkCase {
            .ends(id, what, "protocol-violation", "connection-lost") { peer, _ in
                try? act(peer)
                drain(peer)
                return false
            }
        }
        return [
            violation("too-large", "a message of 2 MB in one frame") {
                try $0.send(opcode: 1, [UInt8](repeating: 0x20, count: 2 << 20))
            },
            violation("too-large-in-parts", "a message of 2 MB in fragments of 1 kB") { peer in
                for index in 0..<2048 {
                    try peer.send(
                        opcode: index == 0 ? 1 : 0, [UInt8](repeating: 0x20, count: 1024),
                        isFinal: false)
                }
            },
            violation("endless", "a frame that announces 2^62 bytes") { peer in
                try peer.write([0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0])
                for _ in 0..<2048 { try peer.write([UInt8](repeating: 0x20, count: 1024)) }
            },
            violation("binary", "a binary message") { try $0.send(opcode: 2, [1, 2, 3]) },
            violation("bad-utf8", "a text that is not UTF-8") {
                try $0.send(opcode: 1, [0x5B, 0xC3, 0x28, 0x5D])
            },
            violation("half-utf8", "a text that ends within a character") {
                try $0.send(opcode: 1, [0x5B, 0xE2, 0x82])
            },
            violation("fragmented-ping", "a ping in fragments") {
                try $0.send(opcode: 9, [1], isFinal: false)
            },
            violation("long-ping", "a ping of 126 bytes") {
                try $0.send(opcode: 9, [UInt8](repeating: 1, count: 126))
            },
            violation("masked", "a masked frame from a server") {
                try $0.write([0x81, 0x82, 1, 2, 3, 4, 0x5A, 0x5F])
            },
            violation("reserved-bit", "a frame with a reserved bit") {
                try $0.write([0xC1, 2, 0x5B, 0x5D])
            },
            violation("reserved-opcode", "a frame with a reserved opcode") {
                try $0.write([0x83, 2, 0x5B, 0x5D])
            },
            violation("lost-start", "a continuation without a start") {
                try $0.send(opcode: 0, [0x5B, 0x5D])
            },
            violation("two-starts", "a new message within a fragmented one") { peer in
                try peer.send(opcode: 1, [0x5B], isFinal: false)
                try peer.send(opcode: 1, [0x5B, 0x5D])
            },
            .survives("no-json", "texts that are no OCPP: refused or passed over") {
                peer, server in
                for text in ["", "null", "[]", "[9]", "[3,\"nobody\",{}]", "{\"a\":", "[2,\"x\"]"] {
                    try peer.send(text: text)
                }
                try server.ask(peer, "GetLocalListVersion")
                return true
            },
        ]
    }

    /// Pings and pongs.
    static var silence: [LinkCase] {
        [
            .ends("mute", "no ping is answered", "ping-timeout", limit: 15) { peer, server in
                server.awaitClosing(peer, seconds: 20)
                return false
            },
            .ends(
                "mute-but-talking", "half a frame a second and no pong", "ping-timeout",
                "connection-lost", limit: 40
            ) { peer, server in
                try peer.write([0x81, 126, 0x40, 0])
                // Each byte is heard; the message never ends.
                for _ in 0..<30 where !server.isClosing(peer) {
                    try? peer.write([0x20])
                    usleep(1_000_000)
                }
                return false
            },
            .survives("unasked-pongs", "a thousand pongs that nobody asked for") { peer, server in
                for index in 0..<1000 { try peer.send(opcode: 10, [UInt8(index & 255)]) }
                try server.ask(peer, "GetLocalListVersion")
                return true
            },
            .survives("many-pings", "a thousand pings at once") { peer, server in
                for index in 0..<1000 { try peer.send(opcode: 9, [UInt8(index & 255)]) }
                try server.ask(peer, "GetLocalListVersion")
                return true
            },
        ]
    }
}

extension CampaignServer {
    /// Does nothing until the station has ended the connection, or the time is over.
    func awaitClosing(_ peer: Peer, seconds: Int) {
        for _ in 0..<(seconds * 20) where !isClosing(peer) { usleep(50_000) }
    }

    /// The station has ended the connection, with bytes still unread or not.
    func isClosing(_ peer: Peer) -> Bool {
        // POLLRDHUP, which the C library shows only on request. Source: poll(2) of Linux.
        var entry = pollfd(fd: peer.descriptor, events: 0x2000, revents: 0)
        return poll(&entry, 1, 0) > 0
    }
}
