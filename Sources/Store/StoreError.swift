/// One call to the store that failed.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// Another process owns the state directory.
        case owned
        /// The disk, or the store's own bound, is full.
        case full
        /// A collection has as many records as it may hold.
        case bound
        /// The file was written by a newer version of this program.
        case newer
        case unknownCollection = "unknown-collection"
        case inputOutput = "input-output"
    }
    package let code: Code
    package let what: String
    package let remedy: String
    package init(_ code: Code, _ what: String, remedy: String) {
        self.code = code
        self.what = what
        self.remedy = remedy
    }
    package var description: String { "\(what). \(remedy)" }
}
