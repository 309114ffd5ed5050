import JSON

/// What a browser with the station's page open has on its screen: events of the page's stream in,
/// rows of text out. Without socket or clock.
///
/// Source: docs/displays.md, the page's stream. It shares no code with the page or its server.
package struct BrowserScreen: Sendable {
    /// Rows in the order of the page.
    package private(set) var lines = [String]()
    /// Of the content that is shown; what the page sends back.
    package private(set) var revision: Int?
    /// What the page says by itself when the station is gone.
    package private(set) var goneLines = [String]()
    private var buffer = [UInt8]()
    private var isPastHead = false
    /// Bytes of one event. Chosen: several times what four EVSEs have to say.
    static let longestEvent = 65_536

    package init() {}

    /// Takes bytes of the stream, its HTTP head included.
    ///
    /// - Returns: a new content has come. `nil`: this is no stream of a page.
    package mutating func receive(_ bytes: [UInt8]) -> Bool? {
        buffer += bytes
        guard buffer.count <= Self.longestEvent else { return nil }
        if !isPastHead {
            guard let end = Self.end(of: buffer, [0x0D, 0x0A, 0x0D, 0x0A]) else { return false }
            let head = String(decoding: buffer[..<end], as: UTF8.self)
            buffer.removeFirst(end)
            guard head.hasPrefix("HTTP/1.1 200"), head.contains("text/event-stream") else {
                return nil
            }
            isPastHead = true
        }
        var isNew = false
        while let end = Self.end(of: buffer, [0x0A, 0x0A]) {
            let block = String(decoding: buffer[..<end], as: UTF8.self)
            buffer.removeFirst(end)
            isNew = take(block) || isNew
        }
        return isNew
    }

    private static func end(of bytes: [UInt8], _ mark: [UInt8]) -> Int? {
        guard bytes.count >= mark.count else { return nil }
        for start in 0...(bytes.count - mark.count)
        where bytes[start..<start + mark.count].elementsEqual(mark) { return start + mark.count }
        return nil
    }

    private mutating func take(_ block: String) -> Bool {
        for line in block.split(separator: "\n") where line.hasPrefix("data: ") {
            guard let content = try? JSONValue(parsing: Array(line.dropFirst(6).utf8)),
                let number = content["revision"]?.int
            else { continue }
            let isNew = number != revision
            revision = number
            lines = Self.rows(of: content)
            goneLines = ["goneTitle", "goneDetail"].compactMap { content["words"]?[$0]?.string }
            return isNew
        }
        return false
    }

    private static func rows(of content: JSONValue) -> [String] {
        let evses = content["evses"]?.array ?? []
        var rows = [String]()
        func add(_ text: String?) { if let text, !text.isEmpty { rows.append(text) } }
        add(content["message"]?.string)
        for evse in evses {
            if evses.count > 1 { add(evse["name"]?.string) }
            add(evse["title"]?.string)
            for name in ["energy", "power", "duration", "charge", "remaining", "cost"] {
                guard let value = evse[name]?.string, !value.isEmpty else { continue }
                add("\(content["words"]?[name]?.string ?? "") \(value)")
            }
            for name in ["detail", "personal", "limit", "code"] { add(evse[name]?.string) }
        }
        add(content["notice"]?.string)
        return rows
    }
}
