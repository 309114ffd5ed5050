import Foundation

/// A small HTTP/1.1 server for programs on this machine: libwebsockets in one service thread.
///
/// For pages of JSON and streams of events. It speaks no TLS; a server that faces a network belongs
/// behind a proxy that does.
package final class HTTPServer: Sendable {
    package typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse
    /// Where it listens.
    package let port: UInt16
    private let mailbox: HTTPMailbox
    private let ended: AsyncStream<Void>

    /// Listens, and serves from then on.
    /// - Parameters:
    ///   - host: an IPv4 address of this machine.
    ///   - port: 0 takes a free one.
    ///   - handler: called for each request on Swift's concurrent executor; cancelled where the client
    ///     leaves before the answer.
    /// - Throws: ``HTTPServerError`` where it cannot listen there.
    package init(
        host: String, port: UInt16, bounds: HTTPBounds = HTTPBounds(), handler: @escaping Handler
    ) throws(HTTPServerError) {
        let mailbox = HTTPMailbox()
        let service = HTTPService(bounds: bounds, mailbox: mailbox, handler: handler)
        self.mailbox = mailbox
        self.port = try service.listen(host: host, port: port)
        let (ended, end) = AsyncStream<Void>.makeStream()
        self.ended = ended
        let handed = HandedOver(service: service)
        let thread = Thread {
            handed.service.run()
            end.finish()
        }
        thread.name = "local-http"
        thread.start()
    }

    /// Ends the streams, sends the answers that are ready, and stops listening. A second call returns
    /// at once or with the first.
    package func stop() async {
        mailbox.post(.stop)
        for await _ in ended {}
    }
}

/// Crosses from the thread that made it to the one that runs it, once.
private struct HandedOver: @unchecked Sendable {
    // Sendable: its maker does not touch it after the thread has started.
    let service: HTTPService
}

/// libwebsockets keeps a server alive that could not bind, and tries again; here that is an error
/// with its reason.
enum ListeningPlace {
    static func check(host: String, port: UInt16) throws(HTTPServerError) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw HTTPServerError(description: "\(host) is no IPv4 address")
        }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let isFree = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                // Two sockets that may share an address conflict only once they listen.
                bind(descriptor, $0, size) == 0 && listen(descriptor, 1) == 0
            }
        }
        guard isFree else {
            throw HTTPServerError(
                description: "cannot listen on \(host):\(port): \(String(cString: strerror(errno)))"
            )
        }
    }
}
