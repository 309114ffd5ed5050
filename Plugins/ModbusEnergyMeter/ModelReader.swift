internal import Yams

/// Reads one model file's nodes, each with its place for the error.
struct ModelReader {
    let file: String

    /// A mapping whose keys were checked.
    struct Map {
        let node: Node
        let entries: [String: Node]
        let reader: ModelReader

        subscript(key: String) -> Node? { entries[key] }

        func required(_ key: String) throws(MeterModelError) -> Node {
            guard let value = entries[key] else {
                throw reader.error(node, "\(key) is missing")
            }
            return value
        }
    }

    func map(_ node: Node, keys: [String]?) throws(MeterModelError) -> Map {
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

    func text(_ node: Node) throws(MeterModelError) -> String {
        guard case .scalar(let scalar) = node else { throw error(node, "one word is wanted here") }
        return scalar.string
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ node: Node
    ) throws(MeterModelError) -> Choice where Choice.RawValue == String {
        let text = try text(node)
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(node, "\(text) is none of \(known)")
        }
        return choice
    }

    /// Decimal, or hexadecimal with 0x.
    func integer(_ node: Node, in range: ClosedRange<Int64>) throws(MeterModelError) -> Int64 {
        let text = try text(node)
        let value =
            text.hasPrefix("0x") ? Int64(text.dropFirst(2), radix: 16) : Int64(text, radix: 10)
        guard let value, range.contains(value) else {
            throw error(
                node, "\(text) is no whole number in \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }

    func boolean(_ node: Node) throws(MeterModelError) -> Bool {
        let text = try text(node)
        guard text == "true" || text == "false" else {
            throw error(node, "\(text) is neither true nor false")
        }
        return text == "true"
    }

    func number(_ node: Node) throws(MeterModelError) -> Double {
        let text = try text(node)
        guard let value = Double(text), value.isFinite else {
            throw error(node, "\(text) is no number")
        }
        return value
    }

    /// The elements of a list; anything else is a list of one.
    func list(_ node: Node) -> [Node] {
        if case .sequence(let sequence) = node { Array(sequence) } else { [node] }
    }

    func error(_ node: Node, _ what: String) -> MeterModelError {
        MeterModelError(
            file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0, what: what)
    }
}
