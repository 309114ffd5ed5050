import EVSEModel
import JSON
import LocalHTTP
import StationCore

/// The station's own local interface: `GET /local/v1/status`, `POST /local/v1/ocpp`,
/// `POST /local/v1/clear-faults`, `POST /local/v1/accept-meter`.
///
/// For programs on this machine. A web page that a browser here shows cannot reach it: requests
/// must name this machine as their host, and must not come from another origin.
struct LocalServer: Sendable {
    static let bodyLimit = 4096
    /// Where it listens.
    let endPoint: EndPoint
    private let server: HTTPServer

    /// Listens, and serves from then on.
    /// - Parameters:
    ///   - evses: how many EVSEs the board has.
    ///   - status: the status at this moment; `nil` once the station ends.
    ///   - send: hands the station a command; false once it ends.
    init(
        _ endPoint: EndPoint, evses: Int, status: @escaping @Sendable () async -> JSONValue?,
        send: @escaping @Sendable (LocalCommand) async -> Bool
    ) throws(RunError) {
        let handler = LocalHandler(host: endPoint.host, evses: evses, status: status, send: send)
        do throws(HTTPServerError) {
            server = try HTTPServer(
                host: endPoint.host, port: endPoint.port,
                bounds: HTTPBounds(bodyBytes: Self.bodyLimit), handler: handler.answer)
        } catch {
            throw RunError(
                .unavailable, "the local interface \(error)",
                remedy: "give another --local HOST:PORT, as in 127.0.0.1:0; port 0 takes a free one"
            )
        }
        self.endPoint = EndPoint(host: endPoint.host, port: server.port)
    }

    func stop() async { await server.stop() }
}

private struct LocalHandler: Sendable {
    let host: String
    let evses: Int
    let status: @Sendable () async -> JSONValue?
    let send: @Sendable (LocalCommand) async -> Bool

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard isFromHere(request) else {
            return .problem(403, "Not from here", "the request names another host or origin")
        }
        switch (request.path, request.method) {
        case ("/local/v1/status", "GET"):
            guard let status = await status() else { return ending }
            return HTTPResponse(200, status)
        case ("/local/v1/ocpp", "POST"): return await setLink(request)
        case ("/local/v1/clear-faults", "POST"): return await serve(request) { .clearFaults($0) }
        case ("/local/v1/accept-meter", "POST"): return await serve(request) { .acceptMeter($0) }
        case ("/local/v1/status", _), ("/local/v1/ocpp", _), ("/local/v1/clear-faults", _),
            ("/local/v1/accept-meter", _):
            return .problem(
                405, "Method not allowed",
                "\(request.path) does not take \(request.method)")
        default:
            return .problem(
                404, "Not found",
                "there are GET /local/v1/status, and POST /local/v1/ocpp, /local/v1/clear-faults and "
                    + "/local/v1/accept-meter")
        }
    }

    private func setLink(_ request: HTTPRequest) async -> HTTPResponse {
        switch body(request) {
        case .failure(let refused): return refused.response
        case .success(let value):
            guard let object = value.object, let connected = object["connected"]?.bool,
                object.count == 1
            else {
                return .problem(
                    422, "The body must be {\"connected\":true} or {\"connected\":false}",
                    value.text)
            }
            guard await send(.setConnected(connected)) else { return ending }
            return HTTPResponse(200, ["connected": .bool(connected)])
        }
    }

    /// What service has done at an EVSE.
    private func serve(
        _ request: HTTPRequest, _ command: (EVSEID) -> LocalCommand
    ) async -> HTTPResponse {
        switch body(request) {
        case .failure(let refused): return refused.response
        case .success(let value):
            guard let object = value.object, let number = object["evse"]?.int,
                let evse = EVSEID(number), object.count == 1
            else { return .problem(422, "The body must be {\"evse\":NUMBER}", value.text) }
            guard evse.index < evses else {
                return .problem(404, "No such EVSE", "the board has EVSE 1 to \(evses)")
            }
            guard await send(command(evse)) else { return ending }
            return HTTPResponse(200, ["evse": JSONValue(number)])
        }
    }

    /// Why a body is not taken.
    private struct Refused: Error {
        let response: HTTPResponse
    }

    private func body(_ request: HTTPRequest) -> Result<JSONValue, Refused> {
        do throws(JSONError) {
            return .success(try JSONValue(parsing: request.body))
        } catch {
            return .failure(Refused(response: .problem(400, "The body is no JSON", "\(error)")))
        }
    }

    private var ending: HTTPResponse {
        .problem(503, "The station is ending", "it takes no further requests")
    }

    /// Names that a program on this machine uses for it; guards against a page whose name was made
    /// to resolve to this machine.
    private func isFromHere(_ request: HTTPRequest) -> Bool {
        let names = ["127.0.0.1", "localhost", "[::1]", host]
        if !request.host.isEmpty, !names.contains(Self.name(of: request.host[...])) { return false }
        guard !request.origin.isEmpty else { return true }
        guard let scheme = request.origin.firstRange(of: "://") else { return false }
        return names.contains(Self.name(of: request.origin[scheme.upperBound...]))
    }
    /// A host without its port.
    private static func name(of authority: Substring) -> String {
        guard let colon = authority.lastIndex(of: ":"), authority.last != "]" else {
            return authority.lowercased()
        }
        return authority[..<colon].lowercased()
    }
}
