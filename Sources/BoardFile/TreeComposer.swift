import Yams

/// Composes the tree from Yams' nodes.
///
/// Yams refuses a map with a key given twice, and says where the first of the two stands, not the
/// second. To report both and all else too, the first one's name is veiled in the text (its first
/// character replaced by one of Unicode's private ones, so that no column moves) until Yams accepts
/// it; the tree unveils it.
struct TreeComposer {
    struct Failure: Error {
        var position: SourcePosition
        var what: String
        var fix: String
    }
    /// Chosen: more repeated keys than this are one mistake, made by a program.
    private static let maximumVeils = 32
    private static let firstVeil: UInt32 = 0xE000

    private var text: String
    /// The characters behind the veils.
    private var veiled = [Unicode.Scalar]()
    private var nodes = 0
    private(set) var findings = [BoardFinding]()

    init(text: String) { self.text = text }

    mutating func compose() throws(Failure) -> BoardNode {
        guard !text.unicodeScalars.contains(where: { isVeil($0) }) else {
            throw Failure(
                position: SourcePosition(line: 1, column: 1),
                what: "the file contains characters of Unicode's private use area",
                fix: "remove them: no board needs them")
        }
        while true {
            do {
                guard let node = try Yams.Parser(yaml: text, encoding: .utf8).singleRoot() else {
                    return BoardNode(
                        content: .scalar("", isPlain: true),
                        position: SourcePosition(line: 1, column: 1))
                }
                return try convert(node, depth: 0)
            } catch let failure as Failure {
                throw failure
            } catch let error as YamlError {
                if case .duplicatedKeysInMapping(let keys, let context) = error {
                    try veil(at: context.mark, keys: keys)
                } else {
                    throw failure(error)
                }
            } catch {
                throw Failure(
                    position: SourcePosition(line: 1, column: 1), what: "not YAML: \(error)",
                    fix: "check the file's syntax")
            }
        }
    }

    private func isVeil(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= Self.firstVeil
            && scalar.value < Self.firstVeil + UInt32(Self.maximumVeils)
    }

    private mutating func veil(at mark: Mark, keys: [String]) throws(Failure) {
        let position = SourcePosition(line: mark.line, column: mark.column)
        let failure = Failure(
            position: position,
            what: "key \(BoardNode.shortened(keys.first ?? "")) is given twice in one map",
            fix: "keep one of them")
        guard veiled.count < Self.maximumVeils,
            let veil = Unicode.Scalar(Self.firstVeil + UInt32(veiled.count)),
            var index = index(of: mark)
        else { throw failure }
        if text.unicodeScalars[index] == "\"" || text.unicodeScalars[index] == "'" {
            index = text.unicodeScalars.index(after: index)
        }
        guard index < text.unicodeScalars.endIndex else { throw failure }
        let scalar = text.unicodeScalars[index]
        // Only where the veil hides the first character of the key itself.
        guard let key = keys.first, key.unicodeScalars.first == scalar else { throw failure }
        text.unicodeScalars.replaceSubrange(index...index, with: [veil])
        veiled.append(scalar)
    }

    private func index(of mark: Mark) -> String.Index? {
        var line = 1
        var column = 1
        for index in text.unicodeScalars.indices {
            if line == mark.line, column == mark.column { return index }
            let scalar = text.unicodeScalars[index]
            column += 1
            if scalar == "\n" {
                line += 1
                column = 1
            }
        }
        return nil
    }

    private func unveiled(_ text: String) -> String {
        guard !veiled.isEmpty, text.unicodeScalars.contains(where: isVeil) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let number = Int(scalar.value) - Int(Self.firstVeil)
            scalars.append(veiled.indices.contains(number) ? veiled[number] : scalar)
        }
        return String(scalars)
    }

    private mutating func convert(_ node: Node, depth: Int) throws(Failure) -> BoardNode {
        let position = SourcePosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        nodes += 1
        guard nodes <= BoardTree.maximumNodes else {
            throw Failure(
                position: position, what: "the file has more than \(BoardTree.maximumNodes) values",
                fix: "write fewer: a board has some hundreds")
        }
        guard depth <= BoardTree.maximumDepth else {
            throw Failure(
                position: position,
                what: "values nest deeper than \(BoardTree.maximumDepth) levels",
                fix: "a board has six: look for a bracket too many")
        }
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            return BoardNode(
                content: .scalar(unveiled(scalar.string), isPlain: isPlain), position: position)
        case .sequence(let sequence):
            var elements = [BoardNode]()
            for element in sequence { elements.append(try convert(element, depth: depth + 1)) }
            return BoardNode(content: .sequence(elements), position: position)
        case .mapping(let mapping):
            return BoardNode(
                content: .mapping(try entries(mapping, depth: depth)), position: position)
        case .alias:
            throw Failure(
                position: position, what: "a reference to an anchor that is not known here",
                fix: "write the value out")
        }
    }

    private mutating func entries(_ mapping: Node.Mapping, depth: Int) throws(Failure)
        -> [BoardNode.Entry]
    {
        var entries = [BoardNode.Entry]()
        for (key, value) in mapping {
            let value = try convert(value, depth: depth + 1)
            let mark = key.mark.map { SourcePosition(line: $0.line, column: $0.column) }
            let position = mark ?? value.position
            guard case .scalar(let scalar) = key else {
                throw Failure(
                    position: position, what: "a map's key is a list or a map",
                    fix: "use a text as key")
            }
            let text = unveiled(scalar.string)
            if let first = entries.first(where: { $0.key == text }) {
                findings.append(
                    BoardFinding(
                        severity: .error, position: position,
                        what: "key \(BoardNode.shortened(text)) is given twice, first in line "
                            + "\(first.keyPosition.line)",
                        fix: "keep one of them"))
                continue
            }
            entries.append(BoardNode.Entry(key: text, keyPosition: position, value: value))
        }
        return entries
    }

    private func failure(_ error: YamlError) -> Failure {
        func at(_ position: SourcePosition, _ context: YamlError.Context?, _ problem: String)
            -> Failure
        {
            let context = context.map { " (\($0.text) in line \($0.mark.line))" } ?? ""
            return Failure(
                position: position, what: "not YAML: \(unveiled(problem))\(context)",
                fix:
                    "check indentation (spaces, never tabs), colons, quotes and brackets up to here"
            )
        }
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            return at(SourcePosition(line: mark.line, column: mark.column), context, problem)
        case .reader(let problem, let offset, _, _):
            return at(position(ofCharacter: offset ?? 0), nil, problem)
        default:
            return Failure(
                position: SourcePosition(line: 1, column: 1), what: "not YAML",
                fix: "check the file's syntax")
        }
    }

    private func position(ofCharacter offset: Int) -> SourcePosition {
        var line = 1
        var column = 1
        for character in text.prefix(offset) {
            column += 1
            if character.isNewline {
                line += 1
                column = 1
            }
        }
        return SourcePosition(line: line, column: column)
    }
}
