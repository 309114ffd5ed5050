import EVSEModel
import JSON
import LocalHTTP

/// The station's own local interface: `GET /local/v1/status`, `POST /local/v1/ocpp`,
/// `POST /local/v1/clear-faults`.
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
    ///   - setConnected: takes the OCPP link down or up; false once the station ends.
    ///   - clearFaults: service has repaired an EVSE; false once the station ends.
    init(
        _ endPoint: EndPoint, evses: Int, status: @escaping @Sendable () async -> JSONValue?,
        setConnected: @escaping @Sendable (Bool) async -> Bool,
        clearFaults: @escaping @Sendable (EVSEID) async -> Bool
    ) throws(RunError) {
        let handler = LocalHandler(
            host: endPoint.host, evses: evses, status: status, setConnected: setConnected,
            clearFaults: clearFaults)
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
    let setConnected: @Sendable (Bool) async -> Bool
    let clearFaults: @Sendable (EVSEID) async -> Bool

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard isFromHere(request) else {
            return .problem(403, "Not from here", "the request names another host or origin")
        }
        switch (request.path, request.method) {
        case ("/local/v1/status", "GET"):
            guard let status = await status() else { return ending }
            return HTTPResponse(200, status)
        case ("/local/v1/ocpp", "POST"): return await setLink(request)
        case ("/local/v1/clear-faults", "POST"): return await clear(request)
        case ("/local/v1/status", _), ("/local/v1/ocpp", _), ("/local/v1/clear-faults", _):
            return .problem(
                405, "Method not allowed",
                "\(request.path) does not take \(request.method)")
        default:
            return .problem(
                404, "Not found",
                "there are GET /local/v1/status, POST /local/v1/ocpp and /local/v1/clear-faults")
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
            guard await setConnected(connected) else { return ending }
            return HTTPResponse(200, ["connected": .bool(connected)])
        }
    }

    private func clear(_ request: HTTPRequest) async -> HTTPResponse {
        switch body(request) {
        case .failure(let refused): return refused.response
        case .success(let value):
            guard let object = value.object, let number = object["evse"]?.int,
                let evse = EVSEID(number), object.count == 1
            else { return .problem(422, "The body must be {\"evse\":NUMBER}", value.text) }
            guard evse.index < evses else {
                return .problem(404, "No such EVSE", "the board has EVSE 1 to \(evses)")
            }
            guard await clearFaults(evse) else { return ending }
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
