import COpenSSL
import CWebSockets

/// libwebsockets' side: owns the context and runs on the service thread only.
final class LinkService {
    let mailbox: LinkMailbox
    let bounds: LinkBounds
    let onEvent: @Sendable (LinkEvent) -> Void
    private(set) var context: OpaquePointer?
    private let protocols: UnsafeMutablePointer<lws_protocols>
    private let protocolName = Array("csms".utf8CString)
    private var connection: LinkConnection?
    /// Waits for `connection` to end.
    private var nextPlan: LinkPlan?
    /// Ended, but libwebsockets may still hold their memory until its service call returns.
    private var retired = [LinkConnection]()
    private var isShuttingDown = false

    init(
        mailbox: LinkMailbox, bounds: LinkBounds, onEvent: @escaping @Sendable (LinkEvent) -> Void
    ) {
        self.mailbox = mailbox
        self.bounds = bounds
        self.onEvent = onEvent
        protocols = .allocate(capacity: 2)
        protocols.initialize(repeating: lws_protocols(), count: 2)
    }

    deinit { protocols.deallocate() }

    func run() {
        protocolName.withUnsafeBufferPointer { name in
            protocols.pointee.name = name.baseAddress
            protocols.pointee.callback = linkCallback
            serve()
        }
    }

    private func serve() {
        lws_set_log_level(0, nil)  // reasons reach the owner as events; nothing is printed
        var information = lws_context_creation_info()
        information.port = -1  // CONTEXT_PORT_NO_LISTEN
        information.options =
            UInt64(LWS_SERVER_OPTION_EXPLICIT_VHOSTS)
            | UInt64(LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT)
        information.fd_limit_per_thread = 16
        information.user = Unmanaged.passUnretained(self).toOpaque()
        guard let context = lws_create_context(&information) else {
            refuseEverything()
            return
        }
        self.context = context
        let wake = WakeUp(context: context)
        mailbox.setWake { lws_cancel_service(wake.context) }
        while true {
            takeCommands()
            if connection == nil, let plan = nextPlan {
                nextPlan = nil
                dial(plan)
            }
            releaseRetired()
            if isShuttingDown, connection == nil { break }
            if lws_service(context, 0) < 0 { break }
        }
        mailbox.setWake(nil)
        lws_context_destroy(context)
        self.context = nil
    }

    /// Outside libwebsockets' callbacks: gives back what ended connections held.
    private func releaseRetired() {
        for connection in retired {
            if let vhost = connection.vhost { lws_vhost_destroy(vhost) }
            connection.vhost = nil
        }
        retired.removeAll()
    }

    /// Without a context (out of memory or descriptors) every dial fails, and says so.
    private func refuseEverything() {
        while true {
            for command in mailbox.takeCommands() {
                switch command {
                case .connect:
                    onEvent(.closed(LinkFailure(.configuration, "libwebsockets has no context")))
                case .shutdown: return
                case .close, .queueIsFull: break
                }
            }
            usleep(100_000)
        }
    }

    func takeCommands() {
        for command in mailbox.takeCommands() {
            switch command {
            case .connect(let plan):
                guard !isShuttingDown else { continue }
                dropNextPlan("replaced by another dial")
                nextPlan = plan
                end(code: 1000, reason: "dialling anew", .init(.closedByUs, "dialling anew"))
            case .close(let code, let reason):
                dropNextPlan(reason)
                end(code: code, reason: reason, .init(.closedByUs, reason, code: Int(code)))
            case .queueIsFull:
                end(
                    code: 1001, reason: "send queue full",
                    .init(.sendQueueFull, "more than \(bounds.queuedMessages) messages wait"))
            case .shutdown:
                isShuttingDown = true
                dropNextPlan("shutdown")
                end(code: 1001, reason: "station ends", .init(.closedByUs, "shutdown"))
            }
        }
        if let connection, connection.phase == .open, let wsi = connection.wsi,
            mailbox.hasMessages
        {
            lws_callback_on_writable(wsi)
        }
    }

    /// A dial that never began has its `closed`, too.
    private func dropNextPlan(_ reason: String) {
        guard nextPlan != nil else { return }
        nextPlan = nil
        onEvent(.closed(LinkFailure(.closedByUs, reason)))
    }

    // MARK: Dialling

    private func dial(_ plan: LinkPlan) {
        let connection: LinkConnection
        do throws(LinkFailure) {
            connection = try LinkConnection(plan: plan)
        } catch {
            onEvent(.closed(error))
            return
        }
        mailbox.dropMessages()
        self.connection = connection
        guard makeVhost(for: connection) else {
            finish(connection, LinkFailure(.configuration, "no virtual host: \(openSSLError())"))
            return
        }
        start(connection)
        // Some failures come back as a null return only, without a callback.
        if connection.wsi == nil, connection.phase == .dialling {
            finish(connection, connection.dialFailure(message: "the dial failed", httpStatus: 0))
        }
    }

    /// A virtual host of its own for each dial: it carries the TLS context.
    private func makeVhost(for connection: LinkConnection) -> Bool {
        var information = lws_context_creation_info()
        information.port = -1
        information.options =
            UInt64(LWS_SERVER_OPTION_EXPLICIT_VHOSTS)
            | UInt64(LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT)
            | UInt64(LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS)
        information.protocols = UnsafePointer(protocols)
        information.provided_client_ssl_ctx = connection.tls?.raw
        let seconds = max(1, (connection.plan.connectMilliseconds + 999) / 1000)
        information.connect_timeout_secs = UInt32(clamping: seconds)
        information.timeout_secs = UInt32(clamping: seconds)
        let vhost = "station".withCString { name in
            // An empty proxy keeps libwebsockets from taking `http_proxy` from the environment.
            "".withCString { proxy in
                information.vhost_name = name
                information.http_proxy_address = proxy
                return lws_create_vhost(context, &information)
            }
        }
        connection.vhost = vhost
        return vhost != nil
    }

    private func start(_ connection: LinkConnection) {
        let plan = connection.plan
        let url = connection.url
        var information = lws_client_connect_info()
        information.context = context
        information.port = url.port
        information.vhost = connection.vhost
        information.ietf_version_or_minus_one = -1
        information.opaque_user_data = Unmanaged.passUnretained(connection).toOpaque()
        information.retry_and_idle_policy = UnsafePointer(connection.policy)
        information.ssl_connection = Int32(LCCSCF_HTTP_NO_FOLLOW_REDIRECT.rawValue)
        if url.isSecure { information.ssl_connection |= Int32(LCCSCF_USE_SSL.rawValue) }
        if url.isIPv6 {
            // It would look for the address up to its first colon, as a name; ours looks for all.
            information.ssl_connection |= Int32(LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK.rawValue)
        }
        let list = plan.subprotocols.joined(separator: ",")
        let wsi = withCStrings([
            url.host, url.path(identity: plan.identity), url.hostHeader, list, "csms", "http/1.1",
        ]) { text in
            information.address = text[0]
            information.path = text[1]
            information.host = text[2]
            information.protocol = text[3]
            information.local_protocol_name = text[4]
            information.alpn = text[5]
            return withUnsafeMutablePointer(to: &connection.wsi) { early in
                information.pwsi = early
                return lws_client_connect_via_info(&information)
            }
        }
        guard connection.phase == .dialling else { return }  // failed inside the call
        connection.wsi = wsi
        connection.deadline = monotonicMicroseconds() + plan.connectMilliseconds * 1000
        if let wsi { _ = awaitAnswer(connection, wsi) }
    }

    // MARK: Ending

    /// Ends what there is, in order where it is open.
    private func end(code: UInt16, reason: String, _ failure: LinkFailure) {
        guard let connection, let wsi = connection.wsi else { return }
        switch connection.phase {
        case .dialling:
            connection.failure = failure
            lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, -1)  // LWS_TO_KILL_ASYNC
        case .open:
            connection.phase = .closing
            connection.failure = failure
            connection.closeCode = code
            connection.closeReason = reason
            // A peer that reads nothing keeps the connection from being writable: not for ever.
            lws_set_timer_usecs(wsi, isShuttingDown ? 400_000 : 3_000_000)
            lws_callback_on_writable(wsi)
        case .closing:
            if isShuttingDown { lws_set_timer_usecs(wsi, 400_000) }
        case .ended: break
        }
    }

    func finish(_ connection: LinkConnection, _ failure: LinkFailure) {
        guard connection.phase != .ended else { return }
        connection.phase = .ended
        if let wsi = connection.wsi { lws_set_opaque_user_data(wsi, nil) }
        connection.wsi = nil
        retired.append(connection)
        if self.connection === connection { self.connection = nil }
        mailbox.dropMessages()
        onEvent(.closed(failure))
        // Timers run at the start of a service call, which then waits for the sockets that are
        // left: without this, what comes next (a dial, the end) would wait with it.
        if let context { lws_cancel_service(context) }
    }
}

/// Crosses into the wake-up closure; valid while the mailbox holds that closure.
private struct WakeUp: @unchecked Sendable {
    // Sendable: lws_cancel_service is the one call that libwebsockets allows from any thread.
    let context: OpaquePointer
}

/// Calls with C strings that live during the call.
private func withCStrings<Result>(
    _ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> Result
) -> Result {
    func step(_ index: Int, _ pointers: [UnsafePointer<CChar>?]) -> Result {
        guard index < texts.count else { return body(pointers) }
        return texts[index].withCString { step(index + 1, pointers + [$0]) }
    }
    return step(0, [])
}
