import CWebSockets

/// What libwebsockets says, on the service thread. A result other than 0 closes.
func httpCallback(
    wsi: OpaquePointer?, reason: lws_callback_reasons, user: UnsafeMutableRawPointer?,
    input: UnsafeMutableRawPointer?, length: Int
) -> Int32 {
    guard let wsi, isOurs(reason), let context = lws_get_context(wsi),
        let owner = lws_context_user(context)
    else { return 0 }
    let service = Unmanaged<HTTPService>.fromOpaque(owner).takeUnretainedValue()
    switch reason {
    case LWS_CALLBACK_HTTP: return service.begin(wsi)
    case LWS_CALLBACK_HTTP_BODY: return service.addBody(wsi, input, length)
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return service.endBody(wsi)
    case LWS_CALLBACK_HTTP_WRITEABLE: return service.write(wsi)
    default:
        service.forget(wsi)
        return 0
    }
}

private func isOurs(_ reason: lws_callback_reasons) -> Bool {
    switch reason {
    case LWS_CALLBACK_HTTP, LWS_CALLBACK_HTTP_BODY, LWS_CALLBACK_HTTP_BODY_COMPLETION,
        LWS_CALLBACK_HTTP_WRITEABLE, LWS_CALLBACK_CLOSED_HTTP,
        LWS_CALLBACK_WSI_DESTROY:
        true
    default: false
    }
}

extension HTTPService {
    /// The head of a request has been read.
    func begin(_ wsi: OpaquePointer) -> Int32 {
        let connection = connections[wsi] ?? HTTPConnection(wsi: wsi)
        connections[wsi] = connection
        guard connection.exchange == nil, let target = target(wsi) else { return -1 }
        connection.exchange = HTTPExchange(
            id: newExchangeID(), method: target.method, path: target.path,
            host: header(wsi, WSI_TOKEN_HOST), origin: header(wsi, WSI_TOKEN_ORIGIN))
        guard header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING).isEmpty else {
            return refuse(connection, 411, "A length is needed", "chunks are not taken")
        }
        let length = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH)
        // Without a length there is no body (RFC 9112, 6.3).
        guard !length.isEmpty else { return ask(connection) }
        guard length.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(length) else {
            return refuse(connection, 400, "No length", "Content-Length is no number")
        }
        guard count > bounds.bodyBytes else { return count == 0 ? ask(connection) : 0 }
        connection.exchange?.isTooLong = true
        return count <= Self.passedOverBytes ? 0 : refuseLength(connection)
    }

    /// Of a body that is too long: read, so that its sender comes to read the answer. Chosen.
    private static let passedOverBytes = 1 << 20

    private func refuseLength(_ connection: HTTPConnection) -> Int32 {
        refuse(connection, 413, "The body is too long", "at most \(bounds.bodyBytes) bytes")
    }

    private func refuse(
        _ connection: HTTPConnection, _ status: Int, _ title: String, _ detail: String
    ) -> Int32 {
        lws_set_timeout(connection.wsi, PENDING_TIMEOUT_HTTP_CONTENT, 5)
        answer(connection, .problem(status, title, detail))
        return 0
    }

    func addBody(_ wsi: OpaquePointer, _ input: UnsafeMutableRawPointer?, _ length: Int) -> Int32 {
        guard let connection = connections[wsi], let exchange = connection.exchange,
            exchange.phase == .readingBody, !exchange.isTooLong, let input
        else { return 0 }
        guard exchange.body.count + length <= bounds.bodyBytes else { return -1 }
        connection.exchange?.body += UnsafeRawBufferPointer(start: input, count: length)
        return 0
    }

    /// Comes for an empty body as well, after the request's head.
    func endBody(_ wsi: OpaquePointer) -> Int32 {
        guard let connection = connections[wsi], let exchange = connection.exchange,
            exchange.phase == .readingBody
        else { return 0 }
        return exchange.isTooLong ? refuseLength(connection) : ask(connection)
    }

    // MARK: The request's head

    private func target(_ wsi: OpaquePointer) -> (method: String, path: String)? {
        var path: UnsafeMutablePointer<CChar>?
        var length: Int32 = 0
        let method = Int(lws_http_get_uri_and_method(wsi, &path, &length))
        guard let name = methods[method], let path else { return nil }
        let bytes = UnsafeRawBufferPointer(start: path, count: Int(length))
        return (name, String(decoding: bytes, as: UTF8.self))
    }

    private func header(_ wsi: OpaquePointer, _ token: lws_token_indexes) -> String {
        let length = Int(lws_hdr_total_length(wsi, token))
        guard length > 0 else { return "" }
        var text = [CChar](repeating: 0, count: length + 1)
        let count = Int(lws_hdr_copy(wsi, &text, Int32(text.count), token))
        guard count > 0 else { return "" }
        return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// libwebsockets' numbers of the methods that a request may have.
private let methods: [Int: String] = [
    LWSHUMETH_GET: "GET", LWSHUMETH_POST: "POST", LWSHUMETH_OPTIONS: "OPTIONS",
    LWSHUMETH_PUT: "PUT", LWSHUMETH_PATCH: "PATCH", LWSHUMETH_DELETE: "DELETE",
    LWSHUMETH_HEAD: "HEAD",
]
