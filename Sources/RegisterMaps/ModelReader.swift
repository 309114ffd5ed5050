package import Yams

/// Reads one model file's nodes, each with its place for the error.
package struct ModelReader {
    package let file: String

    package init(file: String) { self.file = file }

    /// The file's top node.
    package func root(of yaml: String) throws(RegisterMapError) -> Node {
        let root: Node?
        do {
            root = try compose(yaml: yaml)
        } catch {
            throw RegisterMapError(file: file, line: 0, column: 0, what: "\(error)")
        }
        guard let root else {
            throw RegisterMapError(file: file, line: 0, column: 0, what: "the file is empty")
        }
        return root
    }

    /// A mapping whose keys were checked.
    package struct Map {
        package let node: Node
        package let entries: [String: Node]
        let reader: ModelReader

        package subscript(key: String) -> Node? { entries[key] }

        package func required(_ key: String) throws(RegisterMapError) -> Node {
            guard let value = entries[key] else {
                throw reader.error(node, "\(key) is missing")
            }
            return value
        }
    }

    package func map(_ node: Node, keys: [String]?) throws(RegisterMapError) -> Map {
        guard case .mapping(let mapping) = node else { throw error(node, "a map is wanted here") }
        var entries = [String: Node]()
        for (key, value) in mapping {
            let name = try text(key)
            guard keys?.contains(name) ?? true else {
                throw error(
                    key, "unknown key \(name); known are \(keys?.joined(separator: ", ") ?? "")")
            }
            guard entries.updateValue(value, forKey: name) == nil else {
                throw error(key, "\(name) stands here twice")
            }
        }
        return Map(node: node, entries: entries, reader: self)
    }

    package func text(_ node: Node) throws(RegisterMapError) -> String {
        guard case .scalar(let scalar) = node else { throw error(node, "one word is wanted here") }
        return scalar.string
    }

    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ node: Node
    ) throws(RegisterMapError) -> Choice where Choice.RawValue == String {
        let text = try text(node)
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(node, "\(text) is none of \(known)")
        }
        return choice
    }

    /// Decimal, or hexadecimal with 0x.
    package func integer(_ node: Node, in range: ClosedRange<Int64>) throws(RegisterMapError)
        -> Int64
    {
        let text = try text(node)
        let value =
            text.hasPrefix("0x") ? Int64(text.dropFirst(2), radix: 16) : Int64(text, radix: 10)
        guard let value, range.contains(value) else {
            throw error(
                node, "\(text) is no whole number in \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }

    package func boolean(_ node: Node) throws(RegisterMapError) -> Bool {
        let text = try text(node)
        guard text == "true" || text == "false" else {
            throw error(node, "\(text) is neither true nor false")
        }
        return text == "true"
    }

    package func number(_ node: Node) throws(RegisterMapError) -> Double {
        let text = try text(node)
        guard let value = Double(text), value.isFinite else {
            throw error(node, "\(text) is no number")
        }
        return value
    }

    /// The elements of a list; anything else is a list of one.
    package func list(_ node: Node) -> [Node] {
        if case .sequence(let sequence) = node { Array(sequence) } else { [node] }
    }

    package func error(_ node: Node, _ what: String) -> RegisterMapError {
        RegisterMapError(
            file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0, what: what)
    }
}
