import Foundation

/// A protocol's document in `docs`, from which tests take what must be on the wire.
package enum ProtocolDocument {
    /// Test vectors of section 10 by their names: a line a frame, its bytes in hexadecimal.
    ///
    /// - Parameter name: the document's, without its ending.
    /// - Returns: none where there is no such document.
    package static func vectors(of name: String) -> [String: [UInt8]] {
        let file = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
            url.deletingLastPathComponent()
        }.appending(path: "docs/\(name).md")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        let section = text.components(separatedBy: "## 10. Test vectors").last ?? ""
        let block = section.components(separatedBy: "```").dropFirst().first ?? ""
        var vectors = [String: [UInt8]]()
        for line in block.split(separator: "\n") {
            let words = line.split(separator: " ")
            vectors[String(words[0])] = words.dropFirst().compactMap { UInt8($0, radix: 16) }
        }
        return vectors
    }
}
