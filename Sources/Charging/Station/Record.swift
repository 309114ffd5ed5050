import EVSEModel
import JSON

/// Reading and writing stored records: JSON objects with short, stable member names.
struct Record {
    private(set) var object = JSONObject()

    init() {}
    /// `nil` where the text is not a JSON object.
    init?(_ text: String) {
        guard let value = try? JSONValue(parsing: Array(text.utf8)), let object = value.object
        else { return nil }
        self.object = object
    }
    init(_ object: JSONObject) { self.object = object }

    var text: String { JSONValue.object(object).text }
    var value: JSONValue { .object(object) }

    mutating func set(_ name: String, _ value: String?) {
        object[name] = value.map(JSONValue.string)
    }
    mutating func set(_ name: String, _ value: Int64?) {
        object[name] = value.map { JSONValue($0) }
    }
    mutating func set(_ name: String, _ value: Int?) { object[name] = value.map { JSONValue($0) } }
    mutating func set(_ name: String, _ value: Bool) { object[name] = value ? .bool(true) : nil }
    mutating func set(_ name: String, _ value: UnixTime?) { set(name, value?.milliseconds) }
    mutating func set(_ name: String, _ value: Record?) { object[name] = value?.value }
    mutating func set(_ name: String, _ values: [Record]) {
        object[name] = .array(values.map(\.value))
    }
    mutating func set(_ name: String, _ value: EventTime?) {
        set(
            name,
            value.map { time in
                var record = Record()
                record.set("b", Int64(time.run))
                record.set("i", time.instant.nanoseconds)
                return record
            })
    }

    func string(_ name: String) -> String? { object[name]?.string }
    /// Whole numbers are read within bounds that leave room to count on: a damaged record must not
    /// be the last straw for a sum. `nil` beyond, as for a number that is missing.
    func int64(_ name: String) -> Int64? {
        guard let value = object[name]?.int64, value.magnitude < 1 << 62 else { return nil }
        return value
    }
    /// Within 32 bits, as every integer of OCPP is.
    func int(_ name: String) -> Int? {
        object[name]?.int64.flatMap { Int32(exactly: $0) }.map { Int($0) }
    }
    func bool(_ name: String) -> Bool { object[name]?.bool ?? false }
    func unixTime(_ name: String) -> UnixTime? {
        int64(name).map(UnixTime.init(milliseconds:)).flatMap { $0.isInCalendar ? $0 : nil }
    }
    func record(_ name: String) -> Record? { object[name]?.object.map(Record.init(_:)) }
    func records(_ name: String) -> [Record] {
        (object[name]?.array ?? []).compactMap { $0.object.map(Record.init(_:)) }
    }
    func raw<Value: RawRepresentable<String>>(_ name: String) -> Value? {
        string(name).flatMap(Value.init(rawValue:))
    }
    func eventTime(_ name: String) -> EventTime? {
        guard let record = record(name), let run = record.int64("b").flatMap(UInt32.init(exactly:)),
            let instant = record.int64("i")
        else { return nil }
        return EventTime(run: run, instant: Instant(nanoseconds: instant))
    }
}
