import CWebSockets

/// Writing, one piece a writeable callback. A connection carries one answer: a client on this machine
/// has the next connection at once, and libwebsockets 4.1 spins where requests follow one another fast.
extension HTTPService {
    func write(_ wsi: OpaquePointer) -> Int32 {
        guard let connection = connections[wsi], let exchange = connection.exchange else {
            return 0
        }
        switch exchange.phase {
        case .readingBody, .asked: return 0
        case .answering, .streaming:
            guard let response = exchange.response else { return writeBody(connection) }
            connection.exchange?.response = nil
            return writeHead(connection, response)
        }
    }

    private func writeHead(_ connection: HTTPConnection, _ response: HTTPResponse) -> Int32 {
        var length = UInt64.max  // LWS_ILLEGAL_HTTP_CONTENT_LEN: lasts until the connection ends
        if case .whole(let bytes) = response.body {
            length = UInt64(bytes.count)
            if connection.exchange?.method != "HEAD" { connection.exchange?.parts = [bytes] }
            connection.exchange?.isStreamAtEnd = true
        }
        guard let head = head(connection, response, length), send(head, connection.wsi) else {
            return -1
        }
        lws_callback_on_writable(connection.wsi)
        return 0
    }

    private func head(
        _ connection: HTTPConnection, _ response: HTTPResponse, _ length: UInt64
    ) -> [UInt8]? {
        let wsi = connection.wsi
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = buffer.withUnsafeMutableBufferPointer { buffer -> Int? in
            guard let start = buffer.baseAddress else { return nil }
            let end = start + buffer.count
            var next: UnsafeMutablePointer<UInt8>? = start
            let status = UInt32(response.status) | 1 << 30  // LWSAHH_FLAG_NO_SERVER_NAME
            guard
                lws_add_http_common_headers(wsi, status, response.type, length, &next, end) == 0,
                add("cache-control:", "no-store", wsi, &next, end),
                // libwebsockets says so by itself where there is no length.
                length == .max || add("connection:", "close", wsi, &next, end),
                lws_finalize_http_header(wsi, &next, end) == 0, let next
            else { return nil }
            return next - start
        }
        return count.map { Array(buffer.prefix($0)) }
    }

    private func add(
        _ name: String, _ value: String, _ wsi: OpaquePointer,
        _ next: inout UnsafeMutablePointer<UInt8>?, _ end: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        let bytes = Array(value.utf8)
        return lws_add_http_header_by_name(wsi, name, bytes, Int32(bytes.count), &next, end) == 0
    }

    private func writeBody(_ connection: HTTPConnection) -> Int32 {
        guard var exchange = connection.exchange else { return 0 }
        connection.exchange = nil  // no copy
        let part = exchange.parts.isEmpty ? nil : exchange.parts.removeFirst()
        exchange.partBytes -= part?.count ?? 0
        let isLast = exchange.parts.isEmpty && exchange.isStreamAtEnd
        connection.exchange = exchange
        if let part, !part.isEmpty, !send(part, connection.wsi) { return -1 }
        // libwebsockets sends what is left before it closes.
        if isLast { return -1 }
        if !exchange.parts.isEmpty { lws_callback_on_writable(connection.wsi) }
        return 0
    }

    /// What the socket does not take now libwebsockets keeps and sends later.
    private func send(_ bytes: [UInt8], _ wsi: OpaquePointer) -> Bool {
        let room = forecourt_lws_pre()
        var padded = [UInt8](repeating: 0, count: room)
        padded += bytes
        return padded.withUnsafeMutableBufferPointer { padded in
            guard let start = padded.baseAddress else { return false }
            return lws_write(wsi, start + room, bytes.count, LWS_WRITE_HTTP) >= 0
        }
    }
}
