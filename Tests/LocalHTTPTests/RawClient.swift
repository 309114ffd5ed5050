import Foundation

/// Writes bytes and reads answers over one connection, blocking.
final class RawClient {
    struct Answer: Equatable {
        var status = 0
        var headers = [String: String]()
        var body = ""
    }
    private let descriptor: Int32
    private var buffer = [UInt8]()

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(text: "no connection") }
    }
    deinit { leave() }
    private var isOpen = true

    func leave() {
        if isOpen { close(descriptor) }
        isOpen = false
    }

    struct Failure: Error { let text: String }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(text: "cannot send") }
            rest = rest.dropFirst(count)
        }
    }

    /// False at the end of the connection.
    private func fill() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        buffer += bytes.prefix(count)
        return true
    }

    func isAtEnd() -> Bool { buffer.isEmpty && !fill() }

    /// Reads until a text has come; returns all up to its end.
    func read(upTo mark: String) throws -> String {
        let mark = Array(mark.utf8)
        while true {
            if let end = buffer.firstRange(of: mark)?.upperBound {
                defer { buffer.removeFirst(end) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            guard fill() else {
                throw Failure(text: "ended after \(String(decoding: buffer, as: UTF8.self))")
            }
        }
    }

    func head() throws -> Answer {
        var answer = Answer()
        var lines = try read(upTo: "\r\n\r\n").components(separatedBy: "\r\n")
        answer.status = Int(lines.removeFirst().split(separator: " ")[1]) ?? 0
        for line in lines where !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            answer.headers[parts[0].lowercased()] =
                parts[1].trimmingCharacters(in: .whitespaces)
        }
        return answer
    }

    func answer() throws -> Answer {
        var answer = try head()
        let count = Int(answer.headers["content-length"] ?? "") ?? 0
        while buffer.count < count {
            guard fill() else { throw Failure(text: "the body ends early") }
        }
        answer.body = String(decoding: buffer.prefix(count), as: UTF8.self)
        buffer.removeFirst(count)
        return answer
    }
}
