import ArgumentParser

/// `HOST:PORT` of a local server; port 0 takes a free one.
struct EndPoint: ExpressibleByArgument, Hashable, Sendable, CustomStringConvertible {
    var host: String
    var port: UInt16

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"),
            let port = UInt16(argument[argument.index(after: colon)...])
        else { return nil }
        let host = argument[..<colon]
        self.init(
            host: host.isEmpty || host == "localhost" ? "127.0.0.1" : String(host), port: port)
    }
    var description: String { "\(host):\(port)" }
    var url: String { "http://\(self)" }
    /// Reachable from this machine only.
    var isLoopback: Bool { host.hasPrefix("127.") }

    static var allValueStrings: [String] { ["127.0.0.1:0"] }
}
