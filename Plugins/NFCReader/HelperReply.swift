/// What the helper said.
package enum HelperReply: Hashable, Sendable {
    case ready(name: String)
    case none
    /// UID in upper-case hexadecimal: 4, 7, 8 or 10 bytes. Beside it what the card says of itself: SAK
    /// and ATQA of a PN532; the kind and the answer to reset of a PC/SC reader.
    case card(identifier: String, kind: String, answer: String)
    case error(code: String, text: String)

    /// `nil` for a line that is none of the protocol's.
    package init?(line: String) {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        switch words.first {
        case "ready":
            self = .ready(name: words.dropFirst().joined(separator: " "))
        case "none" where words.count == 1:
            self = .none
        case "card":
            guard words.count == 4, [8, 14, 16, 20].contains(words[1].utf8.count),
                words[1].utf8.allSatisfy(isHexadecimal)
            else { return nil }
            self = .card(identifier: words[1], kind: words[2], answer: words[3])
        case "error":
            guard words.count >= 2 else { return nil }
            self = .error(code: words[1], text: words.dropFirst(2).joined(separator: " "))
        default: return nil
        }
    }
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...70).contains(byte)
}
