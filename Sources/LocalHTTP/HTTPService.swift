import CWebSockets

#if canImport(Glibc)
    import Glibc
#endif

/// libwebsockets' side: owns the context. Made and told to listen on one thread, then used on the
/// service thread only.
final class HTTPService {
    let bounds: HTTPBounds
    let handler: HTTPServer.Handler
    let mailbox: HTTPMailbox
    var connections = [OpaquePointer: HTTPConnection]()
    private var context: OpaquePointer?
    private let protocols: UnsafeMutablePointer<lws_protocols>
    private var isStopping = false
    private var nextExchange = 0
    private static let name: StaticString = "local"

    init(bounds: HTTPBounds, mailbox: HTTPMailbox, handler: @escaping HTTPServer.Handler) {
        self.bounds = bounds
        self.mailbox = mailbox
        self.handler = handler
        protocols = .allocate(capacity: 2)
        protocols.initialize(repeating: lws_protocols(), count: 2)
        protocols.pointee.name = Self.nameCharacters
        protocols.pointee.callback = httpCallback
    }

    deinit { protocols.deallocate() }

    /// Lives as long as the program, and ends with a zero.
    private static var nameCharacters: UnsafePointer<CChar> {
        UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// - Returns: the port.
    func listen(host: String, port: UInt16) throws(HTTPServerError) -> UInt16 {
        try ListeningPlace.check(host: host, port: port)
        lws_set_log_level(0, nil)  // what matters comes back as a result
        var information = lws_context_creation_info()
        information.port = -1  // CONTEXT_PORT_NO_LISTEN
        information.options = UInt64(LWS_SERVER_OPTION_EXPLICIT_VHOSTS)
        // The listening socket, the pipe that wakes, and what libwebsockets keeps for itself.
        information.fd_limit_per_thread = UInt32(bounds.connections + 8)
        information.user = Unmanaged.passUnretained(self).toOpaque()
        guard let context = lws_create_context(&information) else {
            throw HTTPServerError(description: "libwebsockets has no context")
        }
        guard let vhost = vhost(context, host, port),
            let listening = UInt16(exactly: lws_get_vhost_listen_port(vhost)), listening > 0
        else {
            lws_context_destroy(context)
            throw HTTPServerError(description: "cannot listen on \(host):\(port)")
        }
        self.context = context
        return listening
    }

    private func vhost(
        _ context: OpaquePointer, _ host: String, _ port: UInt16
    ) -> OpaquePointer? {
        var information = lws_context_creation_info()
        information.port = Int32(port)
        information.protocols = UnsafePointer(protocols)
        information.options = UInt64(LWS_SERVER_OPTION_DISABLE_IPV6)
        information.timeout_secs = 10  // Chosen: for a client that stops in the middle of a request
        information.vhost_name = Self.nameCharacters
        return host.withCString { host in
            information.iface = host
            return lws_create_vhost(context, &information)
        }
    }

    /// Serves until told to stop; then the context is gone.
    func run() {
        guard let context else { return }
        let wake = WakeUp(context: context)
        mailbox.begin { lws_cancel_service(wake.context) }
        takePosts()
        while !isStopping || isAnswering {
            guard lws_service(context, 0) >= 0 else { break }
            passOver()
            takePosts()
        }
        mailbox.end()
        for connection in connections.values { connection.exchange?.task?.cancel() }
        lws_context_destroy(context)
        self.context = nil
    }

    private var isAnswering: Bool {
        connections.values.contains { $0.exchange?.phase == .answering }
    }

    // MARK: From the handlers

    private func takePosts() {
        for post in mailbox.take() {
            switch post {
            case .answer(let id, let response): answer(id, response)
            case .part(let id, let bytes): add(bytes, to: id)
            case .endOfStream(let id):
                guard let connection = connection(of: id) else { continue }
                connection.exchange?.isStreamAtEnd = true
                lws_callback_on_writable(connection.wsi)
            case .stop: isStopping = true
            }
        }
    }

    private func connection(of exchange: Int) -> HTTPConnection? {
        connections.values.first { $0.exchange?.id == exchange }
    }

    private func answer(_ id: Int, _ response: HTTPResponse) {
        guard let connection = connection(of: id) else { return }
        answer(connection, response)
    }

    /// The answer goes out with the next writeable callbacks.
    func answer(_ connection: HTTPConnection, _ response: HTTPResponse) {
        connection.exchange?.response = response
        connection.exchange?.phase = .answering
        if case .stream = response.body { connection.exchange?.phase = .streaming }
        lws_callback_on_writable(connection.wsi)
    }

    private func add(_ bytes: [UInt8], to id: Int) {
        guard let connection = connection(of: id), var exchange = connection.exchange else {
            return
        }
        connection.exchange = nil  // no copy
        exchange.parts.append(bytes)
        exchange.partBytes += bytes.count
        let isTooMuch = exchange.partBytes > bounds.unreadBytes
        connection.exchange = exchange
        if isTooMuch {
            end(connection)
        } else {
            lws_callback_on_writable(connection.wsi)
        }
    }

    // MARK: To the handlers

    /// libwebsockets reads nothing of a client that is being answered, and returns from each wait while
    /// there is something to read: more than the request, or the end.
    private func passOver() {
        var bytes = [UInt8](repeating: 0, count: 1024)
        for connection in connections.values {
            guard let exchange = connection.exchange, exchange.phase != .readingBody else {
                continue
            }
            let socket = lws_get_socket_fd(connection.wsi)
            if recv(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT)) == 0 { end(connection) }
        }
    }

    private func end(_ connection: HTTPConnection) {
        lws_set_timeout(connection.wsi, PENDING_TIMEOUT_USER_OK, -1)  // LWS_TO_KILL_ASYNC
    }

    func newExchangeID() -> Int {
        nextExchange += 1
        return nextExchange
    }

    /// The request is complete: the handler has it from now on.
    /// - Returns: 0, what callbacks give to go on.
    func ask(_ connection: HTTPConnection) -> Int32 {
        guard let exchange = connection.exchange else { return 0 }
        connection.exchange?.phase = .asked
        lws_set_timeout(connection.wsi, NO_PENDING_TIMEOUT, 0)
        let (id, request) = (exchange.id, exchange.request)
        connection.exchange?.task = Task { [handler, mailbox] in
            let response = await handler(request)
            mailbox.post(.answer(id, response))
            guard case .stream(let produce) = response.body else { return }
            await produce { mailbox.post(.part(id, $0)) }
            mailbox.post(.endOfStream(id))
        }
        return 0
    }

    func forget(_ wsi: OpaquePointer) {
        connections.removeValue(forKey: wsi)?.exchange?.task?.cancel()
    }
}

/// Crosses into the wake-up closure; valid while the mailbox holds that closure.
private struct WakeUp: @unchecked Sendable {
    // Sendable: lws_cancel_service is the one call that libwebsockets allows from any thread.
    let context: OpaquePointer
}
