/// Cuts one reply of HTTP/1.1 out of the bytes of a connection, however they come.
///
/// Bounded: a head of ``headLimit`` bytes, a body of ``bodyLimit``. A body ends as its head says, by
/// length or in chunks, else with the connection (RFC 9112, 6.3). Interim replies (1xx) are passed over.
package struct HTTPReplyReader {
    package struct Problem: Error, Hashable {
        /// In words.
        package let what: String
        static func malformed(_ what: String) -> Self { Self(what: what) }
    }
    package struct Content: Hashable {
        package var status: Int
        package var body: [UInt8]
    }

    /// Chosen: no meter says as much of itself.
    package static let headLimit = 8192
    /// Chosen: sixteen times the longest record of a meter that is known here.
    package static let bodyLimit = 65_536

    private enum Framing {
        case length(Int)
        case chunks
        case untilEnd
    }
    private var buffer = [UInt8]()
    private var head: (status: Int, framing: Framing)?
    private var body = [UInt8]()

    package init() {}

    /// Bytes that came without making a reply; for a wire's tap.
    package var partial: [UInt8] { buffer }

    /// - Returns: the reply, once it is whole; what follows it is nobody's.
    package mutating func take(_ bytes: [UInt8]) throws(Problem) -> Content? {
        buffer += bytes
        while head == nil {
            guard let end = headEnd() else {
                guard buffer.count <= Self.headLimit else {
                    throw .malformed("a head of more than \(Self.headLimit) bytes")
                }
                return nil
            }
            let text = String(decoding: buffer[..<end], as: UTF8.self)
            buffer.removeFirst(end + 4)
            let found = try Self.parse(text)
            if found.status >= 200 { head = found }
        }
        guard let head else { return nil }
        switch head.framing {
        case .length(let length):
            guard buffer.count >= length else { return nil }
            return Content(status: head.status, body: Array(buffer.prefix(length)))
        case .chunks:
            return try takeChunks() ? Content(status: head.status, body: body) : nil
        case .untilEnd:
            guard buffer.count <= Self.bodyLimit else { throw Self.tooLong }
            return nil
        }
    }

    /// The peer has closed the connection.
    ///
    /// - Returns: the reply whose end that is.
    package mutating func end() throws(Problem) -> Content {
        guard let head else {
            throw .malformed(
                buffer.isEmpty ? "not a byte" : "broken off after \(buffer.count) bytes of its head"
            )
        }
        guard case .untilEnd = head.framing else {
            throw .malformed("broken off after \(buffer.count + body.count) bytes of its body")
        }
        return Content(status: head.status, body: buffer)
    }

    // MARK: Head

    /// Where the blank line begins.
    private func headEnd() -> Int? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard buffer.count >= 4 else { return nil }
        return (0...min(buffer.count - 4, Self.headLimit)).first {
            buffer[$0] == 13 && buffer[$0..<$0 + 4].elementsEqual(mark)
        }
    }

    private static func parse(
        _ text: String
    ) throws(Problem) -> (status: Int, framing: Framing) {
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3,
            let status = Int(words[1]), (100...599).contains(status)
        else { throw .malformed("it does not begin as a reply of HTTP/1.1 does") }
        var framing = Framing.untilEnd
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            if name == "transfer-encoding", value.lowercased().hasSuffix("chunked") {
                framing = .chunks
            } else if name == "content-length", case .untilEnd = framing {
                framing = .length(try length(value))
            }
        }
        // These have no body, whatever their head says (RFC 9110, 15.3.5 and 15.4.5).
        return (status, status == 204 || status == 304 ? .length(0) : framing)
    }

    private static func length(_ value: some StringProtocol) throws(Problem) -> Int {
        let digits = value.prefix { $0.isASCII && $0.isNumber }
        guard let length = Int(digits), !digits.isEmpty else {
            throw .malformed("its length is no number")
        }
        guard length <= bodyLimit else { throw tooLong }
        return length
    }

    private static var tooLong: Problem { .malformed("a body of more than \(bodyLimit) bytes") }

    // MARK: Chunks

    /// - Returns: the last chunk was among them.
    private mutating func takeChunks() throws(Problem) -> Bool {
        while let line = lineEnd() {
            let size = String(decoding: buffer[..<line], as: UTF8.self)
                .prefix { $0 != ";" && $0 != " " }
            guard let count = Int(size, radix: 16), count >= 0 else {
                throw .malformed("a chunk whose size is no number")
            }
            guard count <= Self.bodyLimit - body.count else { throw Self.tooLong }
            // Trailers after the last chunk say nothing that is wanted.
            guard count > 0 else { return true }
            guard buffer.count >= line + 2 + count + 2 else { return false }
            body += buffer[(line + 2)..<(line + 2 + count)]
            buffer.removeFirst(line + 2 + count + 2)
        }
        guard buffer.count <= 1024 else { throw .malformed("a chunk without a size") }
        return false
    }

    private func lineEnd() -> Int? {
        buffer.indices.dropLast().first { buffer[$0] == 13 && buffer[$0 + 1] == 10 }
    }
}
