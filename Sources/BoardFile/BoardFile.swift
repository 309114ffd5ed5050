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
        let bytes = try read(file)
        return report(
            bytes: bytes, file: file, settings: settings, plugins: plugins, findBase: base)
    }

    /// A board as one file, joined with those that it extends; nothing of it is checked.
    ///
    /// - Throws: `not-found`, `unreadable`; the latter with every finding where it is no board.
    package static func joinedText(file: String) throws(BoardFileError) -> String {
        let (root, findings) = BoardTree.parse(try read(file))
        var composition = BoardExtension(file: file, findBase: base)
        guard let joined = root.flatMap({ composition.compose($0) }) else {
            let report = BoardReport(file: file, findings: findings + composition.findings)
            throw BoardFileError(.unreadable, report.text, remedy: "")
        }
        return joined.yaml
    }

    private static func read(_ file: String) throws(BoardFileError) -> [UInt8] {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            defer { try? handle.close() }
            // One byte more than is read, so that the bound can be seen to be passed.
            return Array(try handle.read(upToCount: BoardTree.maximumBytes + 1) ?? Data())
        } catch {
            let exists = FileManager.default.fileExists(atPath: file)
            throw BoardFileError(
                exists ? .unreadable : .notFound,
                exists ? "\(file) cannot be read" : "there is no board file \(file)",
                remedy: exists ? "Check its permissions" : "forecourt boards lists those that ship")
        }
    }

    /// The board that a file extends: a path as seen from that file's folder, or the name of a board
    /// beside it or of one that ships.
    private static func base(
        _ name: String, of file: String
    ) throws(BoardFileError) -> (file: String, bytes: [UInt8]) {
        let folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
        let isPath = name.contains("/") || name.hasSuffix(".yaml")
        let beside = "\(folder)../\(name)/board.yaml"
        let found =
            if isPath {
                try BoardLocator(folders: []).find(name.hasPrefix("/") ? name : folder + name)
            } else if !folder.isEmpty, FileManager.default.fileExists(atPath: beside) {
                BoardLocator.plain(beside)
            } else {
                try BoardLocator.shipped().find(name)
            }
        return (found, try read(found))
    }

    /// As ``report(file:settings:plugins:)``, of a file's bytes.
    ///
    /// - Parameter findBase: the path and the bytes of the board that the file extends, by its name
    ///   there; without it, boards that extend another are refused.
    package static func report(
        bytes: [UInt8], file: String, settings: [String] = [],
        plugins: [any DriverPlugin.Type],
        findBase:
            @escaping (_ name: String, _ file: String) throws(BoardFileError) -> (
                file: String, bytes: [UInt8]
            ) = { name, _ throws(BoardFileError) in
                throw BoardFileError(
                    .notFound, "there is no board \"\(BoardNode.shortened(name))\" here",
                    remedy: "Join the two files first")
            }
    ) -> BoardReport {
        var (root, findings) = BoardTree.parse(bytes)
        var plan: BoardPlan?
        var composition = BoardExtension(file: file, findBase: findBase)
        root = root.flatMap { composition.compose($0) }
        findings += composition.findings
        if var tree = root {
            var reader = BoardReader(plugins: plugins)
            reader.plan.file = file
            reader.plan.extendedFiles = Array(composition.files.dropFirst())
            reader.plan.text =
                composition.files.count > 1 ? tree.yaml : String(decoding: bytes, as: UTF8.self)
            findings += Overlay(plugins: plugins).apply(settings, to: &tree)
            reader.read(tree)
            reader.checkAcross()
            findings += reader.findings
            if !findings.contains(where: { $0.severity == .error }) {
                reader.finish()
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
