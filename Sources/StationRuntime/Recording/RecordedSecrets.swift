import Charging
import JSON
import StationCore

/// Passwords that a recording must not hold: each is covered by asterisks of its length, in inputs
/// and outputs alike, so that a replay still gives the same bytes.
struct RecordedSecrets {
    private var secrets = [[UInt8]]()

    mutating func add(_ secret: String) {
        // As it stands in JSON text; what is shorter would cover half the file.
        let bytes = Array(JSONValue.string(secret).bytes.dropFirst().dropLast())
        guard bytes.count >= 6, !secrets.contains(bytes), secrets.count < 64 else { return }
        secrets.append(bytes)
    }

    /// A `PATH=VALUE` whose path names a password, with asterisks for its value.
    static func withoutPassword(_ setting: String) -> String {
        guard let equals = setting.firstIndex(of: "="),
            setting[..<equals].lowercased().hasSuffix("password")
        else { return setting }
        let value = setting[setting.index(after: equals)...]
        return setting[...equals] + String(repeating: "*", count: value.utf8.count)
    }

    /// A CSMS may set a password, and the store may hold one.
    mutating func learn(from input: StationInput) {
        switch input {
        case .link(.received(let bytes)):
            guard contains(bytes, Array("BasicAuthPassword".utf8)),
                let message = try? JSONValue(parsing: bytes)
            else { return }
            for item in message[3]?["setVariableData"]?.array ?? []
            where item["variable"]?["name"]?.string?.lowercased() == "basicauthpassword" {
                if let value = item["attributeValue"]?.string { add(value) }
            }
        case .started(let context):
            for (key, value) in context.stored[.settings] ?? []
            where key.lowercased().contains("basicauthpassword") {
                for text in strings(in: value) { add(text) }
            }
        default: break
        }
    }

    /// Covers every secret in the text.
    func cover(_ bytes: inout [UInt8]) {
        for secret in secrets {
            var start = 0
            while start + secret.count <= bytes.count {
                if bytes[start] == secret[0],
                    bytes[start..<start + secret.count].elementsEqual(secret)
                {
                    for index in start..<start + secret.count { bytes[index] = 0x2A }
                    start += secret.count
                } else {
                    start += 1
                }
            }
        }
    }

    private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        bytes.count >= part.count
            && (0...(bytes.count - part.count)).contains { start in
                bytes[start] == part[0] && bytes[start..<start + part.count].elementsEqual(part)
            }
    }

    private func strings(in text: String) -> [String] {
        guard let value = try? JSONValue(parsing: text) else { return [text] }
        switch value {
        case .string(let text): return [text]
        case .object(let object): return object.compactMap(\.value.string)
        default: return []
        }
    }
}
