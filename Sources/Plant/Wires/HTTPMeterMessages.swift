import JSON

/// One request to a simulated meter with an HTTP interface.
struct HTTPMeterRequest {
    var method: String
    /// Without its query.
    var path: String
    /// Percent-decoded.
    var query: [String: String]
    var json: JSONValue?

    init(method: String, target: String, body: [UInt8]) {
        self.method = method
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts.first ?? "")
        query = [:]
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let words = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(words[0])] = Self.decoded(words.count > 1 ? words[1] : "")
        }
        json = body.isEmpty ? nil : try? JSONValue(parsing: body)
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes = [UInt8]()
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Milliseconds since 1970 of `2024-03-05T12:00:00,000+0000` or `2024-03-05T12:00:00.000Z`; only UTC
    /// is taken, as the station says it.
    static func unix(_ text: String) -> Int64? {
        let digits = text.utf8.map { (48...57).contains($0) ? Int64($0) - 48 : -1 }
        guard digits.count >= 20, text.hasSuffix("Z") || text.hasSuffix("+0000") else { return nil }
        func number(_ start: Int, _ count: Int) -> Int64? {
            let part = digits[start..<start + count]
            return part.contains(-1) ? nil : part.reduce(0) { $0 * 10 + $1 }
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        // Days of a date: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let ofEra = shifted % 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
        return (days * 86_400 + hour * 3600 + minute * 60 + second) * 1000
    }
}

/// What such a meter answers.
struct HTTPMeterAnswer {
    var status: Int
    var type: String
    var body: [UInt8]

    static func json(_ status: Int, _ value: JSONValue) -> Self {
        Self(status: status, type: "application/json", body: value.bytes)
    }
    static func text(_ status: Int, _ bytes: [UInt8]) -> Self {
        Self(status: status, type: "text/plain", body: bytes)
    }

    /// A measured number as the faults let it be.
    static func number(_ value: Double, _ digits: Int, _ faults: DeviceFaults) -> JSONValue {
        if faults.has(.noValue) { return .null }
        if faults.has(.maximum) { return 1e15.json }
        let power = [1.0, 10, 100, 1000][min(digits, 3)]
        let scaled = (faults.has(.zero) ? 0 : value) * power
        return .number(JSONNumber(Int64(exactly: scaled.rounded()) ?? 0, fractionDigits: digits))
    }
}

extension Double {
    var json: JSONValue { JSONNumber(self).map(JSONValue.number) ?? .null }
}
