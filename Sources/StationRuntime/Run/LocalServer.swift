import EVSEModel
import FlyingFox
import FlyingSocks
import Foundation
import JSON

/// The station's own local interface: `GET /local/v1/status`, `POST /local/v1/ocpp`,
/// `POST /local/v1/clear-faults`.
///
/// For programs on this machine. A web page that a browser here shows cannot reach it: requests
/// must name this machine as their host, and must not come from another origin.
struct LocalServer: Sendable {
    static let bodyLimit = 4096
    private let server: HTTPServer
    private let endPoint: EndPoint

    /// - Parameters:
    ///   - status: the status at this moment; `nil` once the station ends.
    ///   - setConnected: takes the OCPP link down or up; false once the station ends.
    ///   - clearFaults: service has repaired an EVSE; false once the station ends.
    init(
        _ endPoint: EndPoint, status: @escaping @Sendable () async -> LocalJSON?,
        setConnected: @escaping @Sendable (Bool) async -> Bool,
        clearFaults: @escaping @Sendable (EVSEID) async -> Bool
    ) throws(RunError) {
        let address: sockaddr_in
        do {
            address = try .inet(ip4: endPoint.host, port: endPoint.port)
        } catch {
            throw RunError(
                .usage, "\(endPoint.host) is no IPv4 address", remedy: "use --local 127.0.0.1:0")
        }
        self.endPoint = endPoint
        let handler = LocalHandler(
            host: endPoint.host, status: status, setConnected: setConnected,
            clearFaults: clearFaults)
        server = HTTPServer(address: address, logger: .disabled, handler: handler)
    }

    func run() async throws { try await server.run() }

    /// Waits until it listens; returns where.
    func listening() async throws(RunError) -> EndPoint {
        do {
            try await server.waitUntilListening(timeout: 10)
        } catch {
            throw RunError(
                .unavailable, "the local interface cannot listen on \(endPoint)",
                remedy: "give another --local HOST:PORT; port 0 takes a free one")
        }
        guard case .ip4(_, let port) = await server.listeningAddress else { return endPoint }
        return EndPoint(host: endPoint.host, port: port)
    }

    func stop() async { await server.stop(timeout: 1) }
}

private struct LocalHandler: HTTPHandler {
    let host: String
    let status: @Sendable () async -> LocalJSON?
    let setConnected: @Sendable (Bool) async -> Bool
    let clearFaults: @Sendable (EVSEID) async -> Bool

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard isFromHere(request) else {
            return problem(403, "Not from here", "the request names another host or origin")
        }
        switch (request.path, request.method) {
        case ("/local/v1/status", .GET):
            guard let status = await status() else { return ending }
            return response(200, status)
        case ("/local/v1/ocpp", .POST): return await setLink(request)
        case ("/local/v1/clear-faults", .POST): return await clear(request)
        case ("/local/v1/status", _), ("/local/v1/ocpp", _), ("/local/v1/clear-faults", _):
            return problem(
                405, "Method not allowed",
                "\(request.path) does not take \(request.method.rawValue)")
        default:
            return problem(
                404, "Not found",
                "there are GET /local/v1/status, POST /local/v1/ocpp and /local/v1/clear-faults")
        }
    }

    private func setLink(_ request: HTTPRequest) async -> HTTPResponse {
        switch await body(request) {
        case .failure(let refused): return refused.response
        case .success(let value):
            guard let object = value.object, let connected = object["connected"]?.bool,
                object.count == 1
            else {
                return problem(
                    422, "The body must be {\"connected\":true} or {\"connected\":false}",
                    value.text)
            }
            guard await setConnected(connected) else { return ending }
            return response(200, ["connected": .bool(connected)])
        }
    }

    private func clear(_ request: HTTPRequest) async -> HTTPResponse {
        switch await body(request) {
        case .failure(let refused): return refused.response
        case .success(let value):
            guard let object = value.object, let number = object["evse"]?.int,
                let evse = EVSEID(number), object.count == 1
            else { return problem(422, "The body must be {\"evse\":NUMBER}", value.text) }
            guard await clearFaults(evse) else { return ending }
            return response(200, ["evse": LocalJSON(number)])
        }
    }

    /// Why a body is not taken.
    private struct Refused: Error {
        let response: HTTPResponse
    }

    private func body(_ request: HTTPRequest) async -> Result<LocalJSON, Refused> {
        let tooLong = problem(
            413, "The body is too long", "at most \(LocalServer.bodyLimit) bytes")
        if let count = request.bodySequence.count, count > LocalServer.bodyLimit {
            return .failure(Refused(response: tooLong))
        }
        guard let body = try? await request.bodyData, body.count <= LocalServer.bodyLimit else {
            return .failure(Refused(response: tooLong))
        }
        do throws(JSONError) {
            return .success(try LocalJSON(parsing: Array(body)))
        } catch {
            return .failure(Refused(response: problem(400, "The body is no JSON", "\(error)")))
        }
    }

    private var ending: HTTPResponse {
        problem(503, "The station is ending", "it takes no further requests")
    }

    /// Names that a program on this machine uses for it; guards against a page whose name was made
    /// to resolve to this machine.
    private func isFromHere(_ request: HTTPRequest) -> Bool {
        let names = ["127.0.0.1", "localhost", "[::1]", host]
        if let header = request.headers[.host], !names.contains(Self.name(of: header[...])) {
            return false
        }
        guard let origin = request.headers[HTTPHeader("Origin")] else { return true }
        guard let scheme = origin.firstRange(of: "://") else { return false }
        return names.contains(Self.name(of: origin[scheme.upperBound...]))
    }
    /// A host without its port.
    private static func name(of authority: Substring) -> String {
        guard let colon = authority.lastIndex(of: ":"), authority.last != "]" else {
            return authority.lowercased()
        }
        return authority[..<colon].lowercased()
    }

    private func problem(_ status: Int, _ title: String, _ detail: String) -> HTTPResponse {
        response(
            status,
            [
                "type": "about:blank", "title": .string(title), "status": LocalJSON(status),
                "detail": .string(detail),
            ], type: "application/problem+json")
    }
    private func response(
        _ status: Int, _ value: LocalJSON, type: String = "application/json"
    ) -> HTTPResponse {
        let phrases = [
            200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
            405: "Method Not Allowed", 413: "Payload Too Large", 422: "Unprocessable Content",
            503: "Service Unavailable",
        ]
        return HTTPResponse(
            statusCode: HTTPStatusCode(status, phrase: phrases[status] ?? "Error"),
            headers: [.contentType: type], body: Data(value.bytes + [10]))
    }
}
