import Foundation

/// Finds board files: by path, or by name among the boards that ship.
package struct BoardLocator: Sendable {
    /// Folders that hold one folder for each board, in the order of search.
    package var folders: [String]

    /// - Parameter folders: see ``shipped(environment:executable:directory:)``.
    package init(folders: [String]) { self.folders = folders }

    /// Where boards are looked for: the folders of `FORECOURT_BOARDS` (separated by colons), then
    /// `../share/forecourt/boards` beside the executable, then a `Boards` folder of the project's
    /// sources in or above the current directory or the executable's.
    package static func shipped(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        executable: String? = nil,
        directory: String = FileManager.default.currentDirectoryPath
    ) -> BoardLocator {
        var folders = (environment["FORECOURT_BOARDS"] ?? "").split(separator: ":").map(String.init)
        let executable =
            executable
            ?? (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let programs = executable.map { parent($0) }
        if let programs { folders.append(parent(programs) + "/share/forecourt/boards") }
        for start in [directory, programs].compactMap(\.self) {
            var folder = start
            while true {
                // A folder of that name alone could be anybody's.
                if isFile(folder + "/Package.swift"), isFolder(folder + "/Boards") {
                    folders.append(folder + "/Boards")
                    break
                }
                guard folder.count > 1 else { break }
                folder = parent(folder)
            }
        }
        var seen = Set<String>()
        return BoardLocator(folders: folders.filter { seen.insert($0).inserted })
    }

    /// The names of all boards found, sorted.
    package var names: [String] {
        var names = Set<String>()
        for folder in folders {
            let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            names.formUnion(entries.filter { Self.isFile("\(folder)/\($0)/board.yaml") })
        }
        return names.sorted()
    }

    /// The board file that somebody means by a name, a folder or a file.
    ///
    /// - Throws: `not-found`, with the nearest name.
    package func find(_ board: String) throws(BoardFileError) -> String {
        if Self.isFile(board) { return board }
        if Self.isFolder(board), Self.isFile(board + "/board.yaml") {
            return board.hasSuffix("/") ? board + "board.yaml" : board + "/board.yaml"
        }
        if !board.isEmpty, !board.contains("/") {
            for folder in folders where Self.isFile("\(folder)/\(board)/board.yaml") {
                return Self.shortest("\(folder)/\(board)/board.yaml")
            }
        }
        let shown = BoardNode.shortened(board)
        if Self.isFolder(board) {
            throw BoardFileError(
                .notFound, "the folder \(shown) has no board.yaml",
                remedy: "Name a board file, or a folder that holds a board.yaml")
        }
        throw BoardFileError(
            .notFound, "there is no board \"\(shown)\"",
            remedy: names.isEmpty
                ? "No boards were found in \(folders.joined(separator: ", ")): set FORECOURT_BOARDS "
                    + "to a folder that has them, or name a board's own folder"
                : Suggestion.fix(for: board, among: names, noun: "board"))
    }

    /// As seen from the current directory, where it lies below it: messages read better.
    private static func shortest(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath + "/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }

    /// The path without `FOLDER/..`, so that one file has one name.
    static func plain(_ path: String) -> String {
        var parts = [Substring]()
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            if part == "..", let last = parts.last, !["..", ".", ""].contains(last) {
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }
    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }
    private static func isFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && !isFolder.boolValue
    }
}
