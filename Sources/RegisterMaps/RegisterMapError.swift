/// What is wrong with a register map's file, and where.
package struct RegisterMapError: Error, Hashable, Sendable, CustomStringConvertible {
    package let file: String
    /// 1-based; 0 where the whole file is meant.
    package let line: Int
    package let column: Int
    package let what: String

    package var description: String {
        line == 0 ? "\(file): \(what)" : "\(file):\(line):\(column): \(what)"
    }
}
