package import EVSEModel
import Foundation
package import JSON
import Synchronization

/// What the plant itself tells of its world, as it happens: the events of `GET /rig/v1/events`.
package final class PlantRecord: Sendable {
    /// One event; the instants are those of the machine's monotonic clock.
    package struct Event: Sendable {
        let at: Instant
        /// `contactor`, `pilot`, `duty`, `plugged`… as `docs/rig-api.yaml` names them.
        let kind: String
        let subject: String
        let fields: JSONValue

        package init(at: Instant, kind: String, subject: String, fields: JSONValue) {
            self.at = at
            self.kind = kind
            self.subject = subject
            self.fields = fields
        }
    }
    private let state = Mutex([Event]())
    private let socket: Int32
    /// Events of about three hours of one EVSE.
    private static let bound = 200_000

    /// Connects and reads on a thread of its own until ``stop()``.
    init(rig url: String) throws {
        guard let parts = URLComponents(string: url), let host = parts.host, let port = parts.port,
            let port = UInt16(exactly: port)
        else { throw BenchError("not a rig's address: \(url)") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(socket)
            throw BenchError("no connection to the rig at \(url)")
        }
        self.socket = socket
        let request = Array(
            "GET /rig/v1/events HTTP/1.1\r\nHost: \(host)\r\nAccept: text/event-stream\r\n\r\n".utf8
        )
        guard write(socket, request, request.count) == request.count else {
            throw BenchError("the rig at \(url) hangs up")
        }
        Thread.detachNewThread { [self] in read() }
    }

    var events: [Event] { state.withLock { $0 } }
    func events(from start: Int) -> [Event] { state.withLock { Array($0.dropFirst(start)) } }
    var count: Int { state.withLock { $0.count } }

    /// The first event from an index on that fits; `nil` where none came in time.
    func wait(
        from start: Int, within limit: Milliseconds, where fits: (Event) -> Bool
    ) async -> Event? {
        let deadline = MonotonicClock.now + limit
        var index = start
        while true {
            let new = events(from: index)
            if let found = new.first(where: fits) { return found }
            index += new.count
            guard MonotonicClock.now < deadline else { return nil }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    func stop() { shutdown(socket, Int32(SHUT_RDWR)) }

    private func read() {
        var rest = [UInt8]()
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &bytes, bytes.count, 0)
            guard count > 0 else { break }
            rest += bytes.prefix(count)
            while let end = rest.firstIndex(of: 10) {
                take(String(decoding: rest[..<end], as: UTF8.self))
                rest.removeFirst(end + 1)
            }
        }
        close(socket)
    }

    private func take(_ line: String) {
        guard line.hasPrefix("data: "),
            let value = try? JSONValue(
                parsing: line.dropFirst(6).trimmingCharacters(in: .whitespacesAndNewlines)),
            let kind = value["event"]?.string, let microseconds = value["at"]?.int64
        else { return }
        let event = Event(
            at: Instant(nanoseconds: microseconds * 1000), kind: kind,
            subject: value["subject"]?.string ?? "", fields: value)
        state.withLock { if $0.count < Self.bound { $0.append(event) } }
    }
}
