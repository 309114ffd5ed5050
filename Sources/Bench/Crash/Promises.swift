/// What a station has promised its CSMS to keep, as far as the CSMS can know.
///
/// A request whose answer never came leaves doubt: the change may have been made or not, and either
/// is right until the station shows which. One that was answered leaves none.
package struct Promise<Value: Hashable & Sendable & CustomStringConvertible>: Sendable {
    let what: String
    private(set) var possible: [Value]

    package init(_ what: String, _ value: Value) {
        self.what = what
        possible = [value]
    }
    /// About to be asked for.
    package mutating func asked(_ value: Value) {
        if !possible.contains(value) { possible.append(value) }
    }
    package mutating func accepted(_ value: Value) { possible = [value] }
    /// Answered with a refusal: it must not have happened, unless it was so before.
    package mutating func refused(_ value: Value) {
        if possible.count > 1 { possible.removeAll { $0 == value } }
    }
    /// - Returns: what is wrong with what the station shows; `nil` where nothing is.
    package mutating func shown(_ value: Value?) -> String? {
        guard let value else { return "\(what) is gone; it should be \(text)" }
        guard possible.contains(value) else { return "\(what) is \(value), it should be \(text)" }
        possible = [value]
        return nil
    }
    private var text: String { possible.map(\.description).joined(separator: " or ") }
}
