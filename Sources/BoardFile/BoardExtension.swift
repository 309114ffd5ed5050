import Yams

/// Lays a board over the one that it `extends`, before anything of either is checked.
///
/// Maps are joined key by key; a map that names another `plugin` takes the place of the base's whole
/// map, since the old driver's keys mean nothing to the new one; texts and lists take the place of the
/// base's; `null` removes what the base has. A base may extend another board itself.
struct BoardExtension {
    /// Finds the board that a file extends.
    ///
    /// - Parameters: the name or path as it stands in the file, and the file.
    /// - Returns: the path by which messages name the base, and its bytes.
    typealias FindBase =
        (_ name: String, _ file: String) throws(BoardFileError) -> (
            file: String, bytes: [UInt8]
        )

    /// Chosen: a variant of a variant of a board is the most that anybody can still read.
    static let maximumDepth = 3

    let findBase: FindBase
    private(set) var findings = [BoardFinding]()
    /// The files that were joined, the board's own first.
    private(set) var files: [String]

    init(file: String, findBase: @escaping FindBase) {
        files = [file]
        self.findBase = findBase
    }

    /// The board with everything that it inherits; `nil` where a base cannot be had, which is reported.
    mutating func compose(_ board: BoardNode) -> BoardNode? {
        guard let entry = board.entries?.first(where: { $0.key == "extends" }) else { return board }
        for key in ["format", "board"] where board[key] == nil {
            report(
                entry.keyPosition, "a board that extends another needs its own \(key)",
                fix: key == "format" ? "add format: \(BoardKeys.format)" : "give the variant a name"
            )
        }
        guard let name = entry.value.scalar, !entry.value.isEmpty else {
            report(
                entry.value.position, "extends: \(entry.value.shown) names no board",
                fix: "name one board, or the path of its file as seen from this one")
            return nil
        }
        guard files.count <= Self.maximumDepth else {
            report(
                entry.value.position,
                "extends: \(BoardNode.shortened(name)) is the \(files.count). board in a row",
                fix:
                    "extend a board that stands by itself; at most \(Self.maximumDepth) are followed"
            )
            return nil
        }
        var own = board
        own.content = .mapping((board.entries ?? []).filter { $0.key != "extends" })
        guard let base = readBase(name, entry.value.position) else { return nil }
        return join(base, own)
    }

    private mutating func readBase(_ name: String, _ position: SourcePosition) -> BoardNode? {
        let base: (file: String, bytes: [UInt8])
        do {
            base = try findBase(name, files.last ?? "")
        } catch {
            report(position, "extends: \(error.what)", fix: error.remedy)
            return nil
        }
        guard !files.contains(base.file) else {
            report(
                position, "extends: \(base.file) extends itself by way of this file",
                fix: "extend a board that does not extend this one")
            return nil
        }
        files.append(base.file)
        let (root, problems) = BoardTree.parse(base.bytes)
        findings += problems.map { problem in
            var problem = problem
            problem.position.file = base.file
            return problem
        }
        guard let root else { return nil }
        guard root.entries != nil else {
            report(
                position, "extends: \(base.file) is \(root.shown), not a board",
                fix: "name a board file")
            return nil
        }
        return compose(root.placed { $0.file = base.file })
    }

    // MARK: Joining

    private mutating func join(_ base: BoardNode, _ own: BoardNode) -> BoardNode {
        guard let inherited = base.entries, let changes = own.entries,
            !namesAnotherPlugin(base, own)
        else {
            var node = own
            node.position.replaced = base.position.place
            return node
        }
        var entries = inherited
        for change in changes {
            let index = entries.firstIndex { $0.key == change.key }
            switch (index, change.value.isNull) {
            case (let index?, true): entries.remove(at: index)
            case (nil, true):
                report(
                    change.value.position,
                    "\(BoardNode.shortened(change.key)): null removes what the extended board has, "
                        + "which \(base.position.file ?? "it") has not",
                    fix: Suggestion.fix(
                        for: change.key, among: inherited.map(\.key), noun: "key"))
            case (let index?, false):
                entries[index] = BoardNode.Entry(
                    key: change.key, keyPosition: change.keyPosition,
                    value: join(entries[index].value, change.value))
            case (nil, false): entries.append(change)
            }
        }
        return BoardNode(content: .mapping(entries), position: own.position)
    }

    private func namesAnotherPlugin(_ base: BoardNode, _ own: BoardNode) -> Bool {
        guard let old = base["plugin"]?.scalar, let new = own["plugin"]?.scalar else {
            return false
        }
        return old != new
    }

    private mutating func report(_ position: SourcePosition, _ what: String, fix: String) {
        findings.append(
            BoardFinding(severity: .error, position: position, what: what, fix: fix))
    }
}

extension BoardNode {
    /// The tree with every position changed.
    func placed(_ change: (inout SourcePosition) -> Void) -> BoardNode {
        var node = self
        change(&node.position)
        switch node.content {
        case .scalar: break
        case .sequence(let elements):
            node.content = .sequence(elements.map { $0.placed(change) })
        case .mapping(let entries):
            node.content = .mapping(
                entries.map { entry in
                    var position = entry.keyPosition
                    change(&position)
                    return Entry(
                        key: entry.key, keyPosition: position, value: entry.value.placed(change))
                })
        }
        return node
    }
    /// YAML's null, written out.
    var isNull: Bool {
        if case .scalar(let text, true) = content { text == "null" || text == "~" } else { false }
    }

    /// The tree as a file of its own.
    var yaml: String { (try? Yams.serialize(node: yamsNode)) ?? "" }

    private var yamsNode: Node {
        switch content {
        case .scalar(let text, let isPlain):
            // Everything is a text to the reader; quotes only tell "" from nothing.
            Node(text, .implicit, isPlain ? .plain : .doubleQuoted)
        case .sequence(let elements): Node(elements.map(\.yamsNode), .implicit, .flow)
        case .mapping(let entries):
            Node(entries.map { (Node($0.key), $0.value.yamsNode) }, .implicit, .block)
        }
    }
}
