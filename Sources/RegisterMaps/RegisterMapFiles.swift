internal import Glibc

/// Where register maps come from: those built into a plugin, and files of the laboratory's own.
///
/// An environment variable names folders (separated by colons) whose `NAME.yaml` files are further
/// maps; they go before built-in ones of the same name.
package struct RegisterMapFiles: Sendable {
    /// Files of the plugin's folder, compiled into the program so that it runs wherever it is copied.
    private let builtIn: [(name: String, bytes: [UInt8])]
    private let variable: String
    /// What one of them is called in errors: `meter model`.
    private let noun: String

    package init(
        _ noun: String, variable: String, builtIn: [(name: String, bytes: [UInt8])]
    ) {
        self.noun = noun
        self.variable = variable
        self.builtIn = builtIn
    }

    /// Every name that ``load(_:)`` finds, in alphabetical order.
    package var names: [String] {
        Set(builtIn.map(\.name) + folders.flatMap(Self.names)).sorted()
    }

    /// The text of one, and the file's name for errors.
    ///
    /// - Throws: ``RegisterMapError`` where there is no such file.
    package func load(
        _ name: String
    ) throws(RegisterMapError) -> (text: String, file: String) {
        guard Self.isName(name) else {
            throw RegisterMapError(
                file: name, line: 0, column: 0, what: "a model's name has a-z, 0-9 and dashes")
        }
        for folder in folders {
            let file = "\(folder)/\(name).yaml"
            guard let bytes = Self.contents(of: file) else { continue }
            return (String(decoding: bytes, as: UTF8.self), file)
        }
        guard let model = builtIn.first(where: { $0.name == name }) else {
            throw RegisterMapError(
                file: name, line: 0, column: 0,
                what: "no such \(noun); known are \(names.joined(separator: ", "))")
        }
        return (String(decoding: model.bytes, as: UTF8.self), "\(name).yaml")
    }

    private var folders: [String] {
        guard let value = getenv(variable) else { return [] }
        return String(cString: value).split(separator: ":").map(String.init)
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names = [String]()
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".yaml"), isName(String(name.dropLast(5))) {
                names.append(String(name.dropLast(5)))
            }
        }
        return names
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == 45
            }
    }

    /// Chosen: a register map of more than 64 kB is none.
    private static func contents(of file: String) -> [UInt8]? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65536)
        var count = 0
        while count < bytes.count {
            let more = bytes[count...].withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress, $0.count)
            }
            guard more > 0 else { break }
            count += more
        }
        return Array(bytes.prefix(count))
    }
}
