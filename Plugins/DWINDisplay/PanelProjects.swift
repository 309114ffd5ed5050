internal import Glibc

/// Where panels' projects come from: the one that is built in, and files of the laboratory's own.
///
/// `FORECOURT_PANELS` names a folder whose `NAME.json` files are further projects.
package enum PanelProjects {
    private static let longestFile = 65_536

    package static var names: [String] { Set(["standard"] + ownNames).sorted() }

    package static func load(_ name: String) throws(PanelProjectError) -> PanelProject {
        if let folder, ownNames.contains(name), let bytes = contents(of: "\(folder)/\(name).json") {
            return try PanelProject(name: name, json: bytes)
        }
        guard name == "standard" else {
            throw PanelProjectError(
                file: "\(name).json",
                what: "there is no such panel; known are \(names.joined(separator: ", "))")
        }
        return try PanelProject(name: name, json: PackageResources.standard_json)
    }

    private static var folder: String? {
        getenv("FORECOURT_PANELS").map { String(cString: $0) }
    }

    private static var ownNames: [String] {
        guard let folder, let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names = [String]()
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(".json"), !name.hasPrefix(".") else { continue }
            names.append(String(name.dropLast(5)))
        }
        return names
    }

    private static func contents(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: longestFile)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }
}
