import JSON
import LocalHTTP

/// Serves the rig API over HTTP/1.1.
package struct RigServer: Sendable {
    /// Where it listens.
    package let port: UInt16
    private let server: HTTPServer

    /// Listens, and serves from then on.
    /// - Parameter host: an IPv4 address, or `localhost`; port 0 takes a free one.
    /// - Throws: ``RigServerError`` where it cannot listen there.
    package init(_ api: RigAPI, host: String, port: UInt16) throws(RigServerError) {
        do throws(HTTPServerError) {
            server = try HTTPServer(
                host: host == "localhost" ? "127.0.0.1" : host, port: port,
                bounds: HTTPBounds(bodyBytes: RigAPI.bodyLimit)
            ) { request in
                Self.answer(request, api)
            }
        } catch {
            throw RigServerError(what: "the rig API \(error)")
        }
        self.port = server.port
    }

    package func stop() async { await server.stop() }

    private static func answer(_ request: HTTPRequest, _ api: RigAPI) -> HTTPResponse {
        do throws(RigProblem) {
            if case (.events, _) = try RigRoute.find(request.method, request.path) {
                return events(api)
            }
            return HTTPResponse(
                200, try api.respond(request.method, request.path, body: request.body))
        } catch {
            return HTTPResponse(error.status, error.json, type: "application/problem+json")
        }
    }

    /// Server-sent events: the state first, then every event as it happens.
    private static func events(_ api: RigAPI) -> HTTPResponse {
        let stream = api.host.hub.events()
        let first = "event: state\ndata: \(api.state().text)\n\n"
        let produce: @Sendable (@escaping @Sendable ([UInt8]) -> Void) async -> Void = { send in
            send(Array(first.utf8))
            for await event in stream {
                // A comment shows both ends that the other is still there.
                let text =
                    event.map { "event: \($0.kind.rawValue)\ndata: \($0.json.text)\n\n" } ?? ":\n\n"
                send(Array(text.utf8))
            }
        }
        return HTTPResponse(200, type: "text/event-stream", .stream(produce))
    }
}

package struct RigServerError: Error, Hashable, Sendable, CustomStringConvertible {
    package let what: String
    package var description: String { what }
}
