import BoardFile
import Foundation
import Yams

/// The features that a board's file claims, by PICS id.
struct BoardFeatures {
    let features: [String: PICSCondition.Feature]

    /// - Parameter board: a name below `Boards`, a folder or a file.
    init(board: String) throws {
        let file = try BoardLocator.shipped().find(board)
        guard let root = try Yams.compose(yaml: try BoardFile.joinedText(file: file)),
            let features = root["features"]?.mapping
        else { throw BenchError("\(file) claims no features") }
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
}
