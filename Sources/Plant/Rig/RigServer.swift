import FlyingFox
import FlyingSocks
import Foundation
import JSON

/// Serves the rig API over HTTP/1.1.
package struct RigServer: Sendable {
    private let server: HTTPServer

    /// - Parameter host: an IPv4 address; port 0 takes a free one.
    /// - Throws: ``RigServerError`` where the address is none.
    package init(_ api: RigAPI, host: String, port: UInt16) throws(RigServerError) {
        let address: sockaddr_in
        do {
            address = try .inet(ip4: host == "localhost" ? "127.0.0.1" : host, port: port)
        } catch {
            throw RigServerError(what: "\(host) is no IPv4 address")
        }
        server = HTTPServer(
            address: address, logger: .disabled, handler: RigHandler(api: api))
    }

    /// Serves until cancelled.
    package func run() async throws(RigServerError) {
        do {
            try await server.run()
        } catch is CancellationError {
            return
        } catch {
            throw RigServerError(what: "the rig API cannot be served: \(error)")
        }
    }
    /// Waits until it listens.
    /// - Returns: its port.
    package func listening() async throws(RigServerError) -> UInt16 {
        do {
            try await server.waitUntilListening(timeout: 10)
        } catch {
            throw RigServerError(what: "the rig API does not listen: \(error)")
        }
        guard case .ip4(_, let port) = await server.listeningAddress else {
            throw RigServerError(what: "the rig API listens nowhere")
        }
        return port
    }
    package func stop() async { await server.stop(timeout: 1) }
}

package struct RigServerError: Error, Hashable, Sendable, CustomStringConvertible {
    package let what: String
    package var description: String { what }
}

/// One request: the API's answer, or the stream of events.
private struct RigHandler: HTTPHandler {
    let api: RigAPI

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        do throws(RigProblem) {
            if case (.events, _) = try RigRoute.find(request.method.rawValue, request.path) {
                return events()
            }
            let body = try await body(of: request)
            let value = try api.respond(request.method.rawValue, request.path, body: body)
            return response(200, "application/json", value.bytes)
        } catch {
            return response(error.status, "application/problem+json", error.json.bytes)
        }
    }

    private func body(of request: HTTPRequest) async throws(RigProblem) -> [UInt8] {
        if let count = request.bodySequence.count, count > RigAPI.bodyLimit {
            throw tooLong
        }
        var bytes = [UInt8]()
        do {
            for try await part in request.bodySequence {
                bytes += part
                if bytes.count > RigAPI.bodyLimit { break }
            }
        } catch {
            throw RigProblem(400, "The body ends too early", "\(error)")
        }
        if bytes.count > RigAPI.bodyLimit { throw tooLong }
        return bytes
    }
    private var tooLong: RigProblem {
        RigProblem(413, "The body is too long", "at most \(RigAPI.bodyLimit) bytes")
    }

    private func response(_ status: Int, _ type: String, _ body: [UInt8]) -> HTTPResponse {
        let phrases = [
            200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
            406: "Not Acceptable", 409: "Conflict", 413: "Payload Too Large",
            422: "Unprocessable Content",
        ]
        return HTTPResponse(
            statusCode: HTTPStatusCode(status, phrase: phrases[status] ?? "Error"),
            headers: [.contentType: type], body: Data(body + [0x0A]))
    }

    /// Server-sent events: the state first, then every event as it happens.
    private func events() -> HTTPResponse {
        let stream = api.host.hub.events()
        let first = "event: state\ndata: \(api.state().text)\n\n"
        return HTTPResponse(
            statusCode: .ok,
            headers: [.contentType: "text/event-stream", HTTPHeader("Cache-Control"): "no-store"],
            body: HTTPBodySequence(from: EventBytes(first: first, stream: stream)))
    }
}

/// The bytes of an event stream.
private struct EventBytes: AsyncBufferedSequence {
    typealias Element = UInt8
    let first: String
    let stream: AsyncStream<PlantEvent?>

    func makeAsyncIterator() -> Iterator {
        Iterator(buffer: Array(first.utf8)[...], events: stream.makeAsyncIterator())
    }

    struct Iterator: AsyncBufferedIteratorProtocol {
        var buffer: ArraySlice<UInt8>
        var events: AsyncStream<PlantEvent?>.Iterator

        mutating func next() async throws -> UInt8? {
            if buffer.isEmpty, !(await fill()) { return nil }
            return buffer.popFirst()
        }
        mutating func nextBuffer(suggested count: Int) async throws -> ArraySlice<UInt8>? {
            if buffer.isEmpty, !(await fill()) { return nil }
            defer { buffer = [] }
            return buffer
        }
        private mutating func fill() async -> Bool {
            guard let event = await events.next(isolation: #isolation) else { return false }
            // A comment shows both ends that the other is still there.
            let text =
                event.map { "event: \($0.kind.rawValue)\ndata: \($0.json.text)\n\n" } ?? ":\n\n"
            buffer = Array(text.utf8)[...]
            return true
        }
    }
}
