internal import Glibc

/// Where languages come from: those built in, and files of the operator's own.
///
/// `FORECOURT_LANGUAGES` names a folder whose `CODE.json` files are further languages; they go before
/// built-in ones of the same code. The station's programs and its checks see the same.
package enum Languages {
    /// Files of `Languages/`, compiled into the program so that it runs wherever it is copied.
    static let builtIn: [(code: String, bytes: [UInt8])] = [
        ("de", PackageResources.de_json),
        ("en", PackageResources.en_json),
        ("es", PackageResources.es_json),
        ("fr", PackageResources.fr_json),
        ("nl", PackageResources.nl_json),
    ]
    /// Bytes of a file that are read. Chosen: many times what the longest language needs.
    private static let longestFile = 65_536

    /// Every language that ``load(_:)`` finds, in alphabetical order.
    package static var codes: [String] {
        Set(builtIn.map(\.code) + ownCodes).sorted()
    }

    /// - Throws: where there is none of that code, or its file is wrong.
    package static func load(_ code: String) throws(LanguageError) -> Language {
        if ownCodes.contains(code), let folder, let bytes = contents(of: "\(folder)/\(code).json") {
            return try Language(code: code, json: bytes)
        }
        guard let language = builtIn.first(where: { $0.code == code }) else {
            throw LanguageError(
                file: "\(code).json",
                what: "no such language; known are \(codes.joined(separator: ", "))")
        }
        return try Language(code: code, json: language.bytes)
    }

    private static var folder: String? {
        getenv("FORECOURT_LANGUAGES").map { String(cString: $0) }
    }

    private static var ownCodes: [String] {
        guard let folder, let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var codes = [String]()
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(".json") else { continue }
            let code = String(name.dropLast(5))
            if isCode(code) { codes.append(code) }
        }
        return codes
    }

    /// `de`, `pt-BR`: no part of a path.
    private static func isCode(_ text: String) -> Bool {
        (2...8).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                    || $0 == UInt8(ascii: "-")
            }
    }

    private static func contents(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: longestFile)
        var count = 0
        while count < bytes.count {
            let part = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { read(descriptor, $0 + count, buffer.count - count) } ?? 0
            }
            guard part > 0 else { break }
            count += part
        }
        return Array(bytes.prefix(count))
    }
}
