/// The board's regular expression: a line in, its token out.
package struct LinePattern {
    /// Why an expression cannot be used.
    package struct Failure: Error, Hashable, Sendable {
        package let what: String
        package let remedy: String
    }
    private let expression: Regex<AnyRegexOutput>

    /// - Throws: where the text is no regular expression, or has no group.
    package init(_ text: String) throws(Failure) {
        do {
            expression = try Regex(text)
        } catch {
            throw Failure(
                what: "\(text) is no regular expression: \(error)",
                remedy: "quote it in the board file, and escape what has a meaning: \\+ \\. \\(")
        }
        guard Self.groups(of: text) > 0 else {
            throw Failure(
                what: "\(text) has no group for the token",
                remedy: "put the token's part into parentheses: 'ID=([0-9A-F]+)'")
        }
    }

    /// The first group of a line that matches as a whole, where it is 1...36 characters long: what an
    /// OCPP IdToken can hold. `nil` otherwise.
    package func token(in line: String) -> String? {
        guard let match = try? expression.wholeMatch(in: line),
            match.output.count > 1, let found = match.output[1].substring
        else { return nil }
        return (1...36).contains(found.count) ? String(found) : nil
    }

    /// Groups that capture: opening parentheses that are neither escaped nor in a class, and that
    /// begin no other construct than a named group.
    private static func groups(of text: String) -> Int {
        var count = 0
        var isInClass = false
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "\\": _ = rest.popFirst()
            case "[": isInClass = true
            case "]": isInClass = false
            case "(" where !isInClass:
                let isNamed =
                    rest.hasPrefix("?<") && !rest.hasPrefix("?<=") && !rest.hasPrefix("?<!")
                if !rest.hasPrefix("?") || isNamed { count += 1 }
            default: break
            }
        }
        return count
    }
}
