import Foundation
import Yams

/// The features that a board's file claims, by PICS id.
struct BoardFeatures {
    let features: [String: PICSCondition.Feature]

    /// - Parameter board: a name below `Boards`, a folder or a file.
    init(board: String) throws {
        guard let file = Self.file(of: board) else {
            throw BenchError("there is no board \(board); look below Boards, or give a path")
        }
        let text = try String(contentsOf: file, encoding: .utf8)
        guard let root = try Yams.compose(yaml: text),
            let features = root["features"]?.mapping
        else { throw BenchError("\(file.path) claims no features") }
        var found = [String: PICSCondition.Feature]()
        for (key, value) in features {
            guard let id = key.string else { continue }
            if let flag = value.bool {
                found[id] = .flag(flag)
            } else if let number = value.int {
                found[id] = .number(number)
            } else if let word = value.string {
                found[id] = .word(word)
            }
        }
        self.features = found
    }

    private static func file(of board: String) -> URL? {
        let manager = FileManager.default
        var candidates = [URL(fileURLWithPath: board)]
        if let boards = ProcessInfo.processInfo.environment["FORECOURT_BOARDS"] {
            candidates.append(URL(fileURLWithPath: boards).appendingPathComponent(board))
        }
        var folder = StationUnderTest.programs
        candidates.append(folder.appendingPathComponent("../share/forecourt/boards/\(board)"))
        for _ in 0..<6 {
            candidates.append(folder.appendingPathComponent("Boards/\(board)"))
            folder.deleteLastPathComponent()
        }
        for candidate in candidates {
            var isFolder: ObjCBool = false
            guard manager.fileExists(atPath: candidate.path, isDirectory: &isFolder) else {
                continue
            }
            return isFolder.boolValue ? candidate.appendingPathComponent("board.yaml") : candidate
        }
        return nil
    }
}
