package import Charging
package import JSON

/// First line of a recording: enough to make the same core again.
package struct RecordingHeader {
    package static let format: Int64 = 1
    package var board: String
    /// Of the loop's plan.
    package var fingerprint: UInt64
    /// The board file's text, so that a trace needs no other file.
    package var boardText: String
    /// Overlays of the command line, in order, as `PATH=VALUE`; passwords are covered.
    package var settings: [String]
    /// The station's own, drawn at its first start.
    package var seed: IdentifierSeed
    /// Of this start.
    package var startSeed: UInt64
    /// The configured password, as asterisks of its length; empty where there was none.
    package var password: String

    package init(
        board: String, fingerprint: UInt64, boardText: String, settings: [String],
        seed: IdentifierSeed, startSeed: UInt64, password: String
    ) {
        self.board = board
        self.fingerprint = fingerprint
        self.boardText = boardText
        self.settings = settings
        self.seed = seed
        self.startSeed = startSeed
        self.password = password
    }

    package var json: JSONValue {
        [
            "format": JSONValue(Self.format), "board": .string(board),
            "fingerprint": .string(String(fingerprint, radix: 16)),
            "settings": .array(settings.map { .string($0) }),
            "seed": .array([
                .string(String(seed.high, radix: 16)), .string(String(seed.low, radix: 16)),
                .string(String(startSeed, radix: 16)),
            ]),
            "password": .string(password), "file": .string(boardText),
        ]
    }

    package init(_ value: JSONValue) throws(RecordingError) {
        guard let format = value["format"]?.int64 else {
            throw RecordingError("the first line is no header of a recording")
        }
        guard format == Self.format else {
            throw RecordingError("format \(format) is of another version of this program")
        }
        func number(_ value: JSONValue?) -> UInt64? {
            value?.string.flatMap { UInt64($0, radix: 16) }
        }
        guard let board = value["board"]?.string, let text = value["file"]?.string,
            let fingerprint = number(value["fingerprint"]),
            let settings = value["settings"]?.array, let high = number(value["seed"]?[0]),
            let low = number(value["seed"]?[1]), let startSeed = number(value["seed"]?[2]),
            let password = value["password"]?.string
        else { throw RecordingError("the header is not complete") }
        self.init(
            board: board, fingerprint: fingerprint, boardText: text,
            settings: settings.compactMap(\.string), seed: IdentifierSeed(high: high, low: low),
            startSeed: startSeed, password: password)
    }
}
