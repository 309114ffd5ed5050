internal import EVSEModel
internal import JSON

/// A record of the Open Charge Metering Format: `OCMF|{payload}|{signature}`.
///
/// Read only to judge it; what is sent on are the bytes that came, never what was understood of them.
/// Source: OCMF 1.4 (SAFE e.V.), sections "Payload" and "Signature".
package struct OCMFRecord: Hashable, Sendable {
    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    /// One reading; what it leaves out is as in the one before.
    package struct Reading: Hashable, Sendable {
        /// `2024-05-01T10:00:00,000+0200 S`.
        package var time: String
        /// B, C, X, E, L, R, A, P, S, T; empty where it is of no transaction.
        package var reason: String
        /// As written, with its decimals; empty where none was read.
        package var value: String
        package var register: String
        package var unit: String
        /// G where the value is good.
        package var status: String
        /// E, t, or both, where something was wrong before.
        package var errors: String

        /// U unknown, I informative, S synchronised, R relative; empty where the time does not say.
        package var timeState: String {
            let words = time.split(separator: " ")
            return words.count == 2 ? String(words[1]) : ""
        }
    }

    /// What was signed, byte for byte.
    package let payload: [UInt8]
    /// `T` (transaction) or `F` (fiscal), and a counter of its own for each.
    package let pagination: String
    /// Serial number of the meter.
    package let serial: String
    package let readings: [Reading]
    /// ECDSA-secp256r1-SHA256 where the record does not say.
    package let algorithm: String
    package let signature: [UInt8]

    /// Chosen: the longest record of a meter that is known here has 4062 bytes.
    package static let longest = 16_384
    private static let mostReadings = 1000

    package init(_ bytes: [UInt8]) throws(Problem) {
        guard bytes.count <= Self.longest else {
            throw Problem("\(bytes.count) bytes are no record")
        }
        let mark = Array("OCMF|".utf8)
        guard bytes.starts(with: mark) else { throw Problem("it does not begin with OCMF|") }
        // The payload's texts may hold a bar themselves, the signature's do not.
        guard let bar = bytes.lastIndex(of: UInt8(ascii: "|")), bar > mark.count else {
            throw Problem("it has no signature")
        }
        payload = Array(bytes[mark.count..<bar])
        let content = try Self.object(payload, "payload")
        let signing = try Self.object(Array(bytes[(bar + 1)...]), "signature")
        guard let pagination = content["PG"]?.string else { throw Problem("it has no pagination") }
        self.pagination = pagination
        serial = content["MS"]?.string ?? ""
        readings = try Self.readings(content["RD"])
        algorithm = signing["SA"]?.string ?? "ECDSA-secp256r1-SHA256"
        guard let data = signing["SD"]?.string else { throw Problem("it has no signature data") }
        let encoding = signing["SE"]?.string ?? "hex"
        guard encoding == "hex" || encoding == "base64" else {
            throw Problem("its signature is encoded as \(encoding)")
        }
        guard
            let signature = encoding == "hex"
                ? EVSEModel.bytes(hexadecimal: data) : EVSEModel.bytes(base64: data),
            !signature.isEmpty
        else { throw Problem("its signature is no \(encoding)") }
        self.signature = signature
    }

    private static func object(_ bytes: [UInt8], _ part: String) throws(Problem) -> JSONObject {
        guard let value = try? JSONValue(parsing: bytes), let object = value.object else {
            throw Problem("its \(part) is no JSON object")
        }
        return object
    }

    private static func readings(_ value: JSONValue?) throws(Problem) -> [Reading] {
        guard let list = value?.array, !list.isEmpty, list.count <= mostReadings else {
            throw Problem("it has no readings")
        }
        var readings = [Reading]()
        var last = Reading(
            time: "", reason: "", value: "", register: "", unit: "", status: "", errors: "")
        for item in list {
            guard let object = item.object else { throw Problem("a reading is no object") }
            last.time = object["TM"]?.string ?? last.time
            last.reason = object["TX"]?.string ?? last.reason
            last.value = number(object["RV"]) ?? last.value
            last.register = object["RI"]?.string ?? last.register
            last.unit = object["RU"]?.string ?? last.unit
            last.status = object["ST"]?.string ?? last.status
            last.errors = object["EF"]?.string ?? last.errors
            readings.append(last)
        }
        return readings
    }

    private static func number(_ value: JSONValue?) -> String? {
        if case .number(let number)? = value { return number.text }
        return value?.string
    }

    /// Number of the page; `nil` where the pagination is none.
    package var page: UInt64? {
        guard pagination.first == "T" || pagination.first == "F" else { return nil }
        return UInt64(pagination.dropFirst())
    }
}
