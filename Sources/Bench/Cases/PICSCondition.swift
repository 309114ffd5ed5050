/// When a case applies, written as the OCA's tables write it: feature ids joined by `and`, `or`,
/// `NOT` and brackets, comparisons as `HFS-8 > 1`, `M` for always.
package struct PICSCondition {
    /// A board's features: a flag, a number or a word each.
    package enum Feature: Equatable, Sendable { case flag(Bool), number(Int), word(String) }

    private let tokens: [String]

    package init(_ text: String) {
        var spaced = ""
        for character in text {
            spaced += character == "(" || character == ")" ? " \(character) " : String(character)
        }
        tokens = spaced.split(separator: " ").map(String.init)
    }

    /// - Throws: ``BenchError`` where the text is no condition.
    package func holds(with features: [String: Feature]) throws -> Bool {
        var reader = Reader(tokens: tokens, features: features)
        let value = try reader.alternatives()
        guard reader.isAtEnd else {
            throw BenchError("not a condition: \(tokens.joined(separator: " "))")
        }
        return value
    }

    private struct Reader {
        let tokens: [String]
        let features: [String: Feature]
        var place = 0

        init(tokens: [String], features: [String: Feature]) {
            self.tokens = tokens
            self.features = features
        }

        var isAtEnd: Bool { place == tokens.count }
        private var next: String? { isAtEnd ? nil : tokens[place] }
        private mutating func takes(_ word: String) -> Bool {
            guard next?.lowercased() == word else { return false }
            place += 1
            return true
        }

        mutating func alternatives() throws -> Bool {
            var value = try conjunction()
            while takes("or") { value = try conjunction() || value }
            return value
        }
        private mutating func conjunction() throws -> Bool {
            var value = try negation()
            while takes("and") { value = try negation() && value }
            return value
        }
        private mutating func negation() throws -> Bool {
            if takes("not") { return try !negation() }
            if takes("(") {
                let value = try alternatives()
                guard takes(")") else { throw BenchError("a bracket is not closed") }
                return value
            }
            guard let word = next else { throw BenchError("a condition ends too early") }
            place += 1
            if word == "M" { return true }
            if takes(">") {
                return try compare(word) { if case .number(let n) = $0 { n > $1 } else { false } }
            }
            if takes("==") {
                guard let wanted = next else { throw BenchError("nothing to compare with") }
                place += 1
                return features[word] == .word(wanted)
                    || features[word] == Int(wanted).map { .number($0) }
            }
            switch features[word] {
            case .flag(let flag)?: return flag
            case .number(let number)?: return number > 0
            case .word?: return true
            case nil: return false
            }
        }
        private mutating func compare(_ word: String, _ fits: (Feature, Int) -> Bool) throws -> Bool
        {
            guard let number = next.flatMap(Int.init) else {
                throw BenchError("\(word) is compared with no number")
            }
            place += 1
            return features[word].map { fits($0, number) } ?? false
        }
    }
}
