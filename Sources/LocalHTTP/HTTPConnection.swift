/// One client's connection; used on the service thread only.
final class HTTPConnection {
    let wsi: OpaquePointer
    /// The request being read or answered.
    var exchange: HTTPExchange?

    init(wsi: OpaquePointer) { self.wsi = wsi }
}

/// A request and its answer.
struct HTTPExchange {
    enum Phase: Hashable {
        case readingBody
        /// The handler has it.
        case asked
        /// The head is written, then parts of the body.
        case answering
        case streaming
    }
    let id: Int
    let method: String
    let path: String
    let host: String
    let origin: String
    /// The body is read for nobody.
    var isTooLong = false
    var phase = Phase.readingBody
    var body = [UInt8]()
    var response: HTTPResponse?
    /// Of a stream, not yet given to the socket.
    var parts = [[UInt8]]()
    var partBytes = 0
    var isStreamAtEnd = false
    var task: Task<Void, Never>?

    var request: HTTPRequest {
        HTTPRequest(method: method, path: path, host: host, origin: origin, body: body)
    }
}
