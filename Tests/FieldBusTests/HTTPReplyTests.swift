import EVSEModel
import FieldBus
import Testing

/// Replies of HTTP/1.1 as they come: whole, in pieces, broken (RFC 9112).
@Suite("HTTP replies")
struct HTTPReplyTests {
    private static let plain = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
    private static let chunked =
        "HTTP/1.1 201 Created\r\ntransfer-encoding: Chunked\r\n\r\n2;x=y\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"
    private static let interim =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\nContent-Length: 0\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(
        "whole, and byte by byte, it is the same",
        arguments: [
            (plain, 200, "body"), (chunked, 201, "body"), (interim, 404, ""), (empty, 204, ""),
        ])
    func pieces(_ text: String, _ status: Int, _ body: String) throws {
        var whole = HTTPReplyReader()
        let content = try #require(try whole.take(bytes(text)))
        #expect(content.status == status && content.body == bytes(body))
        var slow = HTTPReplyReader()
        var found: HTTPReplyReader.Content?
        for byte in bytes(text) where found == nil { found = try slow.take([byte]) }
        #expect(found == content)
    }

    @Test("a body without a length ends with the connection")
    func untilEnd() throws {
        var reader = HTTPReplyReader()
        #expect(try reader.take(bytes("HTTP/1.0 200 OK\r\n\r\nall of")) == nil)
        #expect(try reader.take(bytes(" it")) == nil)
        #expect(try reader.end().body == bytes("all of it"))
    }

    @Test(
        "one that breaks off is no reply", arguments: [plain, chunked, "HTTP/1.1 200 OK\r\nCont"])
    func broken(_ text: String) throws {
        for length in 1..<(text.utf8.count - 8) {
            var reader = HTTPReplyReader()
            #expect(try reader.take(Array(bytes(text).prefix(length))) == nil)
            #expect(throws: HTTPReplyReader.Problem.self) { try reader.end() }
        }
    }

    @Test(
        "what is no reply, or too long for one, is refused",
        arguments: [
            "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 9999 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n7fffffffffffffff\r\n",
        ])
    func refused(_ text: String) {
        var reader = HTTPReplyReader()
        #expect(throws: HTTPReplyReader.Problem.self) { _ = try reader.take(bytes(text)) }
    }

    @Test("nothing grows without a bound")
    func bounds() {
        var head = HTTPReplyReader()
        #expect(throws: HTTPReplyReader.Problem.self) {
            for _ in 0..<10_000 { _ = try head.take(bytes("x")) }
        }
        var body = HTTPReplyReader()
        #expect(throws: HTTPReplyReader.Problem.self) {
            _ = try body.take(bytes("HTTP/1.1 200 OK\r\n\r\n"))
            for _ in 0..<100 { _ = try body.take([UInt8](repeating: 0, count: 1000)) }
        }
    }

    @Test("a text in a query carries nothing that could end it")
    func encoding() {
        #expect(HTTPCall.encoded("Az09-._~") == "Az09-._~")
        #expect(HTTPCall.encoded("a b&ä\r\n") == "a%20b%26%C3%A4%0D%0A")
    }
}
