internal import Glibc

/// Where meter models come from: those built in, and files of the laboratory's own.
///
/// `FORECOURT_METER_MODELS` names folders (separated by colons) whose `NAME.yaml` files are further
/// models; they go before built-in ones of the same name.
package enum MeterModels {
    /// Files of `Models/`, compiled into the program so that it runs wherever it is copied.
    private static let builtIn: [(name: String, bytes: [UInt8])] = [
        ("em24", PackageResources.em24_yaml),
        ("em24-e1", PackageResources.em24_e1_yaml),
        ("em340", PackageResources.em340_yaml),
        ("em580", PackageResources.em580_yaml),
        ("sdm120", PackageResources.sdm120_yaml),
        ("sdm230", PackageResources.sdm230_yaml),
        ("sdm630", PackageResources.sdm630_yaml),
        ("sdm72d", PackageResources.sdm72d_yaml),
        ("sunspec-201", PackageResources.sunspec_201_yaml),
        ("sunspec-202", PackageResources.sunspec_202_yaml),
        ("sunspec-203", PackageResources.sunspec_203_yaml),
        ("sunspec-204", PackageResources.sunspec_204_yaml),
        ("sunspec-211", PackageResources.sunspec_211_yaml),
        ("sunspec-212", PackageResources.sunspec_212_yaml),
        ("sunspec-213", PackageResources.sunspec_213_yaml),
        ("sunspec-214", PackageResources.sunspec_214_yaml),
        ("wm3m4", PackageResources.wm3m4_yaml),
    ]

    /// Every model that ``load(_:)`` finds, in alphabetical order.
    package static var names: [String] {
        Set(builtIn.map(\.name) + folders.flatMap(modelNames)).sorted()
    }

    /// - Throws: ``MeterModelError`` where there is no such model, or its file is wrong.
    package static func load(_ name: String) throws(MeterModelError) -> MeterModel {
        guard isName(name) else {
            throw MeterModelError(
                file: name, line: 0, column: 0, what: "a model's name has a-z, 0-9 and dashes")
        }
        for folder in folders {
            let file = "\(folder)/\(name).yaml"
            guard let bytes = contents(of: file) else { continue }
            return try MeterModel(
                yaml: String(decoding: bytes, as: UTF8.self), name: name, file: file)
        }
        guard let model = builtIn.first(where: { $0.name == name }) else {
            throw MeterModelError(
                file: name, line: 0, column: 0,
                what: "no such meter model; known are \(names.joined(separator: ", "))")
        }
        return try MeterModel(
            yaml: String(decoding: model.bytes, as: UTF8.self), name: name, file: "\(name).yaml")
    }

    private static var folders: [String] {
        guard let value = getenv("FORECOURT_METER_MODELS") else { return [] }
        return String(cString: value).split(separator: ":").map(String.init)
    }

    private static func modelNames(in folder: String) -> [String] {
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
