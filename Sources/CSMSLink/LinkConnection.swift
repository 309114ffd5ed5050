import CWebSockets

/// One dial and what becomes of it. Lives on the service thread, until libwebsockets has said
/// CLOSED or CLIENT_CONNECTION_ERROR for it.
final class LinkConnection {
    enum Phase {
        case dialling
        case open
        /// Our close frame is asked for or under way.
        case closing
        case ended
    }
    let plan: LinkPlan
    let url: LinkURL
    let tls: TLSContext?
    var phase = Phase.dialling
    var wsi: OpaquePointer?
    var vhost: OpaquePointer?
    /// Why it will have ended, where we know before libwebsockets says so.
    var failure: LinkFailure?
    /// What was queued before our close goes out before it; not where the queue itself is why.
    var sendsQueue: Bool {
        failure?.reason != .sendQueueFull && failure?.reason != .protocolViolation
    }
    var closeCode: UInt16 = 1000
    var closeReason = ""
    var subprotocol = ""
    var received = [UInt8]()
    /// Of the dial, in microseconds of the monotonic clock.
    var deadline: Int64 = 0
    /// Room for libwebsockets' header, then the message that is being written.
    private var out = [UInt8]()
    var lastHeard: Int64 = 0
    var isDrainedReported = true
    /// Read by libwebsockets as long as the connection lives.
    let policy: UnsafeMutablePointer<lws_retry_bo_t>

    init(plan: LinkPlan) throws(LinkFailure) {
        self.plan = plan
        url = try LinkURL(plan.url)
        switch (url.isSecure, plan.tls) {
        case (true, let tls?): self.tls = try TLSContext(tls, host: url.host)
        case (false, nil): tls = nil
        case (true, nil):
            throw LinkFailure(.configuration, "a wss URL needs trusted roots: security.csmsRoots")
        case (false, _?):
            throw LinkFailure(.configuration, "the security profile demands TLS: use a wss URL")
        }
        policy = .allocate(capacity: 1)
        policy.initialize(to: lws_retry_bo_t())
        policy.pointee.secs_since_valid_ping = plan.pingSeconds
        // 0 switches the whole check off; otherwise it must be larger than the ping's own.
        policy.pointee.secs_since_valid_hangup =
            plan.pingSeconds == 0 ? 0 : plan.pingSeconds &+ max(1, plan.pongSeconds)
    }

    deinit {
        policy.deinitialize(count: 1)
        policy.deallocate()
    }

    /// Writes one text message. False where the connection cannot be used any more.
    func write(_ message: [UInt8], to wsi: OpaquePointer) -> Bool {
        let space = forecourt_lws_pre()
        out.removeAll(keepingCapacity: true)
        out.append(contentsOf: repeatElement(0, count: space))
        out += message
        return out.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            return lws_write(wsi, base + space, message.count, LWS_WRITE_TEXT) >= 0
        }
    }

    /// What a failed dial was, from everything that was noted on the way.
    func dialFailure(message: String, httpStatus: Int) -> LinkFailure {
        if let failure { return failure }
        if let alert = tls?.lastAlert {
            let who = alert.isFromServer ? "the server's" : "our"
            let detail = "\(who) TLS alert: \(alert.text)"
            // Source: RFC 8446, 6.2 (alert numbers).
            switch alert.number {
            case 70: return LinkFailure(.tlsVersionRefused, detail, code: alert.number)
            case 40, 71: return LinkFailure(.tlsCipherSuiteRefused, detail, code: alert.number)
            case _
            where alert.isFromServer && [41, 42, 43, 44, 45, 46, 48, 116].contains(alert.number):
                return LinkFailure(.clientCertificateRefused, detail, code: alert.number)
            default: return LinkFailure(.tlsFailure, detail, code: alert.number)
            }
        }
        if httpStatus != 0, httpStatus != 101 {
            return LinkFailure(
                .refusedByServer, "the server answered with HTTP status \(httpStatus)",
                code: httpStatus)
        }
        if message.hasPrefix("HS: PROTOCOL") {  // one that was not offered
            return LinkFailure(.subprotocolRefused, message)
        }
        if message.hasPrefix("HS:") { return LinkFailure(.refusedByServer, message) }
        if message.contains("SSL") { return LinkFailure(.tlsFailure, message) }
        if message.contains("imed out") || message.contains("imeout") {
            return LinkFailure(.timeout, message)
        }
        return LinkFailure(.unreachable, message.isEmpty ? "nobody answers" : message)
    }

    /// Why an open connection ended without our or the server's close frame.
    func lossFailure(now: Int64) -> LinkFailure {
        if let failure { return failure }
        let silence = (now - lastHeard) / 1_000_000
        // libwebsockets looks once a second, and counts from its own reading of the clock.
        if plan.pingSeconds > 0, silence + 1 >= Int64(policy.pointee.secs_since_valid_hangup) {
            return LinkFailure(
                .pingTimeout, "no pong within \(plan.pongSeconds) s; silent for \(silence) s")
        }
        return LinkFailure(.connectionLost, "the connection ended without a close frame")
    }
}
