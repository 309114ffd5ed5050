/// What a link tells its owner. After ``CSMSLink/connect(_:)`` there is exactly one `closed`,
/// sooner or later, unless the link is shut down first.
package enum LinkEvent: Hashable, Sendable {
    /// The upgrade was accepted with this subprotocol.
    case connected(subprotocol: String)
    /// One whole text message.
    case received([UInt8])
    /// Everything handed over with ``CSMSLink/send(_:)`` has left the process.
    case drained
    case closed(LinkFailure)
}

/// Why a dial failed or a connection ended.
package struct LinkFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The plan cannot be dialled: bad URL, unreadable certificate, key that does not fit.
        case configuration
        /// No such name, nobody listening, network unreachable.
        case unreachable
        /// No accepted upgrade within the plan's time.
        case timeout
        /// The server answered the upgrade with another HTTP status than 101.
        case refusedByServer = "refused-by-server"
        /// The server chose none of our subprotocols.
        case subprotocolRefused = "subprotocol-refused"
        /// Expired, unknown root, or made out to another host.
        case invalidServerCertificate = "invalid-server-certificate"
        case tlsVersionRefused = "tls-version-refused"
        case tlsCipherSuiteRefused = "tls-cipher-suite-refused"
        /// The server refused our certificate.
        case clientCertificateRefused = "client-certificate-refused"
        case tlsFailure = "tls-failure"
        case pingTimeout = "ping-timeout"
        case closedByServer = "closed-by-server"
        case closedByUs = "closed-by-us"
        /// Oversized, binary or otherwise impossible message.
        case protocolViolation = "protocol-violation"
        case sendQueueFull = "send-queue-full"
        /// Reset or end of stream without a close frame.
        case connectionLost = "connection-lost"
    }
    package var reason: Reason
    package var detail: String
    /// HTTP status, WebSocket close code, X509 verification error or TLS alert, as the reason says.
    package var code: Int?

    package init(_ reason: Reason, _ detail: String, code: Int? = nil) {
        self.reason = reason
        self.detail = detail
        self.code = code
    }
    package var description: String {
        let number = code.map { " (\($0))" } ?? ""
        return "\(reason.rawValue)\(number): \(detail)"
    }
}
