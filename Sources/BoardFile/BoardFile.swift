package import DriverKit
import EVSEModel
import Foundation

/// Reads board files: YAML in, a checked plan out. Opens no hardware.
package enum BoardFile {
    /// Reads and checks a board.
    ///
    /// - Parameters:
    ///   - file: path of the file; messages name it so.
    ///   - settings: `--set` options, `PATH=VALUE`, laid over the file in order.
    ///   - plugins: the drivers that this program has.
    /// - Returns: every finding, and the plan where none is an error.
    /// - Throws: `not-found`, `unreadable`.
    package static func report(
        file: String, settings: [String] = [], plugins: [any DriverPlugin.Type]
    ) throws(BoardFileError) -> BoardReport {
        let bytes: [UInt8]
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            defer { try? handle.close() }
            // One byte more than is read, so that the bound can be seen to be passed.
            bytes = Array(try handle.read(upToCount: BoardTree.maximumBytes + 1) ?? Data())
        } catch {
            let exists = FileManager.default.fileExists(atPath: file)
            throw BoardFileError(
                exists ? .unreadable : .notFound,
                exists ? "\(file) cannot be read" : "there is no board file \(file)",
                remedy: exists ? "Check its permissions" : "forecourt boards lists those that ship")
        }
        return report(bytes: bytes, file: file, settings: settings, plugins: plugins)
    }

    /// As ``report(file:settings:plugins:)``, of a file's bytes.
    package static func report(
        bytes: [UInt8], file: String, settings: [String] = [],
        plugins: [any DriverPlugin.Type]
    ) -> BoardReport {
        var (root, findings) = BoardTree.parse(bytes)
        var plan: BoardPlan?
        if var tree = root {
            findings += Overlay(plugins: plugins).apply(settings, to: &tree)
            root = tree
            var reader = BoardReader(plugins: plugins)
            reader.read(tree)
            reader.checkAcross()
            findings += reader.findings
            if !findings.contains(where: { $0.severity == .error }) {
                reader.finish()
                reader.plan.file = file
                plan = reader.plan
            }
        }
        // A stable sort: findings at one place stay in the order of the checks.
        let sorted = findings.enumerated().sorted {
            ($0.element.position, $0.offset) < ($1.element.position, $1.offset)
        }.map(\.element)
        return BoardReport(file: file, findings: sorted, plan: plan)
    }
}
