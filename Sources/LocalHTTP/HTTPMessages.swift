package import JSON

/// A request whose body has been read whole.
package struct HTTPRequest: Sendable {
    /// In capitals.
    package let method: String
    /// Without its query, percent-decoded.
    package let path: String
    /// The header `Host`, with its port; empty where there was none.
    package let host: String
    /// The header `Origin`, which browsers set where a page asks; empty where there was none.
    package let origin: String
    package let body: [UInt8]
}

/// An answer, whole or as a stream.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case whole([UInt8])
        /// Runs until it returns, or is cancelled because the client is gone; each part that it gives to
        /// `send` goes out at once.
        case stream(@Sendable (_ send: @escaping @Sendable ([UInt8]) -> Void) async -> Void)
    }
    package let status: Int
    package let type: String
    package let body: Body

    /// - Parameter type: of the content, as in `text/html; charset=utf-8`.
    package init(_ status: Int, type: String, _ body: Body) {
        self.status = status
        self.type = type
        self.body = body
    }

    /// JSON and a line's end, which terminals like.
    package init(_ status: Int, _ json: JSONValue, type: String = "application/json") {
        self.init(status, type: type, .whole(json.bytes + [0x0A]))
    }

    /// Problem details as in RFC 9457.
    package static func problem(_ status: Int, _ title: String, _ detail: String) -> HTTPResponse {
        HTTPResponse(
            status,
            [
                "type": "about:blank", "title": .string(title), "status": JSONValue(status),
                "detail": .string(detail),
            ], type: "application/problem+json")
    }
}

/// Why a server cannot serve.
package struct HTTPServerError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

/// What a server takes from its clients.
package struct HTTPBounds: Sendable {
    /// Bytes of a request's body; longer ones are answered with 413.
    package var bodyBytes = 16_384
    /// Clients at a time; further ones wait to be accepted. Chosen.
    package var connections = 32
    /// Bytes of a stream that a client leaves unread before it is cut off. Chosen.
    package var unreadBytes = 1 << 20
    package init() {}
    package init(bodyBytes: Int) { self.bodyBytes = bodyBytes }
}
