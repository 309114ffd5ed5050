import Yams

/// A parsed board file: YAML's structure with positions, nothing interpreted yet.
struct BoardNode: Sendable {
    enum Content: Sendable {
        /// A text, and whether it stood there without quotes.
        case scalar(String, isPlain: Bool)
        case sequence([BoardNode])
        case mapping([Entry])
    }
    struct Entry: Sendable {
        var key: String
        var keyPosition: SourcePosition
        var value: BoardNode
    }
    var content: Content
    var position: SourcePosition

    var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }
    var scalar: String? { if case .scalar(let text, _) = content { text } else { nil } }
    var elements: [BoardNode]? {
        if case .sequence(let elements) = content { elements } else { nil }
    }
    subscript(key: String) -> BoardNode? { entries?.first { $0.key == key }?.value }
    /// A key with nothing behind it.
    var isEmpty: Bool {
        if case .scalar(let text, true) = content { text.isEmpty || text == "~" } else { false }
    }
    /// `a map`, `a list`, `"16 A"`: what stands there, for messages.
    var shown: String {
        switch content {
        case .scalar: isEmpty ? "nothing" : "\"\(Self.shortened(scalar ?? ""))\""
        case .sequence: "a list"
        case .mapping: "a map"
        }
    }
    /// Bounded, and on one line: messages quote what others wrote.
    static func shortened(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(60) {
            shown.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? "�" : scalar)
        }
        return text.unicodeScalars.count > 60 ? shown + "…" : shown
    }
}

/// Reads YAML within bounds: a hostile file costs an error, not memory or time.
enum BoardTree {
    static let maximumBytes = 128 * 1024
    static let maximumDepth = 24
    static let maximumNodes = 20_000
    /// References to anchors. With so few, the worst file expands to a few hundred times itself.
    static let maximumAliases = 16

    /// Parses a file's bytes.
    ///
    /// - Returns: the tree, or the findings that make it unusable. Keys given twice are findings
    ///   beside a tree, which keeps the first.
    static func parse(_ bytes: [UInt8]) -> (root: BoardNode?, findings: [BoardFinding]) {
        func failure(_ line: Int, _ column: Int, _ what: String, _ fix: String)
            -> (BoardNode?, [BoardFinding])
        {
            let position = SourcePosition(line: line, column: column)
            return (
                nil, [BoardFinding(severity: .error, position: position, what: what, fix: fix)]
            )
        }
        guard bytes.count <= maximumBytes else {
            return failure(
                1, 1, "the file has \(bytes.count) bytes, a board has at most \(maximumBytes)",
                "split nothing: a board of this size is a mistake; look for generated content")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return failure(1, 1, "the file is not UTF-8", "save it as UTF-8")
        }
        let aliases = aliasCount(bytes)
        guard aliases <= maximumAliases else {
            return failure(
                1, 1,
                "\(aliases) references to anchors (*name), at most \(maximumAliases) are read",
                "write the values out")
        }
        var composer = TreeComposer(text: text)
        do throws(TreeComposer.Failure) {
            let root = try composer.compose()
            return (root, composer.findings)
        } catch {
            return failure(error.position.line, error.position.column, error.what, error.fix)
        }
    }

    /// Parses a value of the command line that is a list or a map (YAML's flow style, which JSON is).
    static func parse(value: String, option: String) -> (root: BoardNode?, problem: String?) {
        let (root, findings) = parse(Array(value.utf8))
        if let problem = findings.first { return (nil, problem.what) }
        return (root?.placed { $0 = SourcePosition(option: option) }, nil)
    }

    /// Asterisks before a name: at least as many as there are references, since quoted text and
    /// comments count too.
    private static func aliasCount(_ bytes: [UInt8]) -> Int {
        zip(bytes, bytes.dropFirst()).count { star, next in
            star == UInt8(ascii: "*")
                && (next >= 0x80 || next == UInt8(ascii: "-") || next == UInt8(ascii: "_")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(next & 0xDF))
        }
    }
}
