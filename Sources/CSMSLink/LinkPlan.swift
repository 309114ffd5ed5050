/// How to reach the CSMS: everything that one dial needs.
package struct LinkPlan: Hashable, Sendable {
    /// `ws://` or `wss://`, as configured; the identity is appended to its path.
    package var url: String
    /// The station's identity: percent-encoded into the path, and the user of basic authentication.
    package var identity: String
    /// In order of preference; the server must choose one of them.
    package var subprotocols: [String]
    /// Password for HTTP basic authentication; `nil` sends none.
    package var password: String?
    /// Needed for `wss`, refused for `ws`.
    package var tls: LinkTLS?
    /// Seconds between pings; 0 sends none.
    package var pingSeconds: UInt16
    /// A pong must come within this time after a ping.
    package var pongSeconds: UInt16
    /// From the dial to the accepted upgrade; the whole of it.
    package var connectMilliseconds: Int64

    package init(
        url: String, identity: String, subprotocols: [String], password: String? = nil,
        tls: LinkTLS? = nil, pingSeconds: UInt16 = 60, pongSeconds: UInt16 = 10,
        connectMilliseconds: Int64 = 30_000
    ) {
        self.url = url
        self.identity = identity
        self.subprotocols = subprotocols
        self.password = password
        self.tls = tls
        self.pingSeconds = pingSeconds
        self.pongSeconds = pongSeconds
        self.connectMilliseconds = connectMilliseconds
    }
}

/// Certificates for one dial, as PEM text in memory: what a file held when the dial began, so that
/// replacing a file takes effect at the next dial and never half-way.
package struct LinkTLS: Hashable, Sendable {
    /// Trusted roots; nothing else is trusted, the operating system's store included.
    package var roots: [UInt8]
    /// Own certificate first, then its chain; `nil` presents none (security profiles 0 to 2).
    package var clientCertificate: [UInt8]?
    package var clientKey: [UInt8]?
    package var keyPassword: [UInt8]?

    package init(
        roots: [UInt8], clientCertificate: [UInt8]? = nil, clientKey: [UInt8]? = nil,
        keyPassword: [UInt8]? = nil
    ) {
        self.roots = roots
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.keyPassword = keyPassword
    }
}

/// Bounds of one link, chosen for a station of a few EVSEs.
package struct LinkBounds: Sendable {
    /// Largest message that is accepted; a longer one ends the connection with code 1009.
    package var receivedBytes = 1_048_576
    /// Messages and bytes that may wait to be sent: a CSMS may ask thousands of things at once.
    package var queuedMessages = 4096
    package var queuedBytes = 4_194_304
    package init() {}
}
