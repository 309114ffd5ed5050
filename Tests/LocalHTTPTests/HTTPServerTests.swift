import Foundation
import JSON
import LocalHTTP
import Synchronization
import Testing

@Suite("HTTP for programs on this machine", .timeLimit(.minutes(2)))
struct HTTPServerTests {
    /// Answers with what it was asked.
    private func echo(_ bounds: HTTPBounds = HTTPBounds(bodyBytes: 100)) throws -> HTTPServer {
        try HTTPServer(host: "127.0.0.1", port: 0, bounds: bounds) { request in
            HTTPResponse(
                200,
                .string(
                    [
                        request.method, request.path, request.host, request.origin,
                        String(decoding: request.body, as: UTF8.self),
                    ].joined(separator: "|")))
        }
    }

    /// Runs blocking code on a thread of its own.
    private func blocking<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    @Test("methods, paths, headers and bodies arrive")
    func requests() async throws {
        let server = try echo()
        let port = server.port
        try await blocking {
            let cases: [(String, String)] = [
                ("GET /a HTTP/1.1\r\nHost: here:1\r\n\r\n", "GET|/a|here:1||"),
                (
                    "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
                    "POST|/b|h||hello"
                ),
                ("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "POST|/c|h||"),
                ("PUT /d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", "PUT|/d|h||hi"),
                ("PUT /e HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "PUT|/e|h||"),
                ("DELETE /f/1 HTTP/1.1\r\nHost: h\r\n\r\n", "DELETE|/f/1|h||"),
                (
                    "GET /g%20g?x=1 HTTP/1.1\r\nHost: h\r\nOrigin: http://evil\r\n\r\n",
                    "GET|/g g|h|http://evil|"
                ),
            ]
            for (request, expected) in cases {
                let client = try RawClient(port: port)
                try client.send(request)
                let answer = try client.answer()
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "application/json")
                #expect(answer.body == "\"\(expected)\"\n")
                #expect(answer.headers["connection"] == "close")
                #expect(client.isAtEnd())
            }
        }
        await server.stop()
    }

    @Test("a POST without a length has no body, as curl -X POST sends it")
    func postWithoutLength() async throws {
        let server = try echo()
        let port = server.port
        try await blocking {
            let client = try RawClient(port: port)
            try client.send("POST /x HTTP/1.1\r\nHost: h\r\n\r\n")
            let answer = try client.answer()
            #expect(answer.body == "\"POST|/x|h||\"\n")
            #expect(answer.headers["connection"] == "close")
            #expect(client.isAtEnd())
        }
        await server.stop()
    }

    @Test("HEAD gets the head only; HTTP/1.0 gets one answer")
    func headAndOldClients() async throws {
        let server = try echo()
        let port = server.port
        try await blocking {
            let client = try RawClient(port: port)
            try client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.head().headers["content-length"] == "14")
            #expect(client.isAtEnd())
            let old = try RawClient(port: port)
            try old.send("GET /z HTTP/1.0\r\n\r\n")
            #expect(try old.answer().body == "\"GET|/z|||\"\n")
            #expect(old.isAtEnd())
        }
        await server.stop()
    }

    @Test("a body in pieces; of two requests in one packet the first is answered")
    func pieces() async throws {
        let server = try echo()
        let port = server.port
        try await blocking {
            let client = try RawClient(port: port)
            for byte in "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello" {
                try client.send(String(byte))
            }
            #expect(try client.answer().body == "\"POST|/b|h||hello\"\n")
            #expect(client.isAtEnd())
            let impatient = try RawClient(port: port)
            try impatient.send(
                "GET /c HTTP/1.1\r\nHost: h\r\n\r\nGET /d HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try impatient.answer().body == "\"GET|/c|h||\"\n")
        }
        await server.stop()
    }

    @Test(
        "what cannot be taken is answered, and ends the connection",
        arguments: [
            ("Content-Length: 101\r\n\r\n" + String(repeating: "x", count: 101), 413),
            ("Content-Length: 400000\r\n\r\n" + String(repeating: "x", count: 400_000), 413),
            ("Content-Length: 99999999999\r\n\r\n", 413), ("Content-Length: -1\r\n\r\n", 400),
            ("Content-Length: 999999999999999999999999\r\n\r\n", 400),
            ("Content-Length: five\r\n\r\n", 400),
            ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 411),
        ])
    func refusals(rest: String, status: Int) async throws {
        let server = try echo()
        let port = server.port
        try await blocking {
            let client = try RawClient(port: port)
            try client.send("POST /x HTTP/1.1\r\nHost: h\r\n" + rest)
            let answer = try client.answer()
            #expect(answer.status == status)
            #expect(answer.headers["content-type"] == "application/problem+json")
            let next = try RawClient(port: port)
            try next.send("GET /y HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try next.answer().status == 200)
        }
        await server.stop()
    }

    @Test("bytes that are no HTTP end their connection only")
    func noise() async throws {
        let server = try echo()
        let port = server.port
        try await blocking {
            for noise in [
                "\u{16}\u{03}\u{01}\r\n\r\n", "BREW /pot HTTP/1.1\r\n\r\n", "\r\n\r\n\r\n",
                "GET\r\n\r\n", "GET x HTTP/1.1\r\n\r\n",
                "GET /" + String(repeating: "y", count: 100_000) + " HTTP/1.1\r\n\r\n",
            ] {
                let client = try RawClient(port: port)
                try? client.send(noise)
            }
            let next = try RawClient(port: port)
            try next.send("GET /y HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try next.answer().status == 200)
        }
        await server.stop()
    }

    @Test("a long answer arrives whole")
    func longAnswer() async throws {
        let text = String(repeating: "0123456789", count: 500_000)
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
            HTTPResponse(200, .string(text))
        }
        let port = server.port
        try await blocking {
            for _ in 0..<2 {
                let client = try RawClient(port: port)
                try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try client.answer().body == "\"\(text)\"\n")
            }
        }
        await server.stop()
    }

    @Test("more clients than may connect are served one after the other")
    func manyClients() async throws {
        var bounds = HTTPBounds()
        bounds.connections = 4
        let server = try echo(bounds)
        let port = server.port
        try await blocking {
            for _ in 0..<40 {
                let client = try RawClient(port: port)
                try client.send("GET /y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                #expect(try client.answer().status == 200)
            }
        }
        await server.stop()
    }

    @Test("a stream's parts go out as they come, and its end ends the connection")
    func stream() async throws {
        let (parts, more) = AsyncStream<String>.makeStream()
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
            HTTPResponse(
                200, type: "text/event-stream",
                .stream { send in for await part in parts { send(Array(part.utf8)) } })
        }
        let port = server.port
        try await blocking {
            let client = try RawClient(port: port)
            try client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
            let head = try client.head()
            #expect(head.headers["content-type"] == "text/event-stream")
            #expect(head.headers["content-length"] == nil)
            #expect(head.headers["connection"] == "close")
            for number in 0..<100 {
                more.yield("part \(number)\n")
                #expect(try client.read(upTo: "\n") == "part \(number)\n")
            }
            more.finish()
            #expect(client.isAtEnd())
        }
        await server.stop()
    }

    @Test(
        "a handler, and a stream, is cancelled where its client leaves", arguments: [true, false])
    func clientLeaves(inStream: Bool) async throws {
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let (cancelled, cancel) = AsyncStream<Void>.makeStream()
        let wait: @Sendable () async -> Void = {
            begin.finish()
            await withTaskCancellationHandler {
                let (never, hold) = AsyncStream<Void>.makeStream()
                for await _ in never {}
                withExtendedLifetime(hold) {}
            } onCancel: {
                cancel.finish()
            }
        }
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
            guard inStream else {
                await wait()
                return HTTPResponse(200, [:])
            }
            return HTTPResponse(200, type: "text/event-stream", .stream { _ in await wait() })
        }
        let client = try RawClient(port: server.port)
        try client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
        for await _ in begun {}
        client.leave()
        for await _ in cancelled {}
        await server.stop()
    }

    @Test("stopping ends the streams and frees the port")
    func stopping() async throws {
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
            HTTPResponse(
                200, type: "text/event-stream",
                .stream { send in
                    send([0x61, 0x0A])
                    let (never, hold) = AsyncStream<Void>.makeStream()
                    for await _ in never {}
                    withExtendedLifetime(hold) {}
                })
        }
        let port = server.port
        let client = try RawClient(port: port)
        try client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.read(upTo: "a\n").hasSuffix("a\n"))
        await server.stop()
        await server.stop()
        #expect(client.isAtEnd())
        let next = try HTTPServer(host: "127.0.0.1", port: port) { _ in HTTPResponse(200, [:]) }
        #expect(next.port == port)
        await next.stop()
    }

    @Test("a place where it cannot listen is an error that says why")
    func places() async throws {
        let server = try echo()
        #expect(throws: HTTPServerError.self) {
            try HTTPServer(host: "somewhere", port: 0) { _ in HTTPResponse(200, [:]) }
        }
        let taken = #expect(throws: HTTPServerError.self) {
            try HTTPServer(host: "127.0.0.1", port: server.port) { _ in HTTPResponse(200, [:]) }
        }
        #expect(taken?.description.contains("in use") == true)
        #expect(throws: HTTPServerError.self) {
            try HTTPServer(host: "203.0.113.1", port: 0) { _ in HTTPResponse(200, [:]) }
        }
        await server.stop()
    }
}
