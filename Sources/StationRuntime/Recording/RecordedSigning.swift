import EVSEModel
import JSON

/// What meters sign, as JSON and back: bytes in Base64, exactly.
enum RecordedSigning {
    static func encode(_ report: SigningReport) -> JSONValue {
        switch report {
        case .begun(let id): ["begun": .string(id)]
        case .failed(let id, let reason): ["failed": .string(id), "reason": .string(reason)]
        case .record(let record):
            [
                "record": .string(base64(record.bytes)), "encoding": .string(record.encoding),
                "method": .string(record.method), "key": .string(base64(record.publicKey)),
                "of": JSONValue(record.transaction),
            ]
        }
    }

    static func report(_ value: JSONValue) throws(RecordingError) -> SigningReport {
        if let id = value["begun"]?.string { return .begun(transaction: id) }
        if let id = value["failed"]?.string, let reason = value["reason"]?.string {
            return .failed(transaction: id, reason: reason)
        }
        guard let data = value["record"]?.string.flatMap(bytes(base64:)),
            let encoding = value["encoding"]?.string, let method = value["method"]?.string,
            let key = value["key"]?.string.flatMap(bytes(base64:))
        else { throw RecordingError("\(value.text) is no report of signing") }
        return .record(
            SignedRecord(
                bytes: data, encoding: encoding, method: method, publicKey: key,
                transaction: value["of"]?.string))
    }

    static func encode(_ order: SigningOrder) -> JSONValue {
        let taken: JSONValue = order.taken.map { .string(String($0, radix: 16)) } ?? .null
        return switch order.wish {
        case .rest: ["wish": "rest", "taken": taken]
        case .end(let id): ["wish": "end", "transaction": .string(id), "taken": taken]
        case .run(let subject, let hasBegun):
            [
                "wish": "run", "transaction": .string(subject.transaction),
                "token": .string(subject.token), "kind": .string(subject.tokenKind),
                "chargePoint": .string(subject.chargePoint),
                "timeOffset": subject.timeOffset.map { JSONValue($0) } ?? .null,
                "hasBegun": .bool(hasBegun), "taken": taken,
            ]
        }
    }
}
