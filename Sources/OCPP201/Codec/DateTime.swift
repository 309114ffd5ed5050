package import Charging
package import EVSEModel
package import JSON
import OCPPJ

/// A `dateTime` field: a point in wall time, or one that is translated when the message leaves.
package enum DateTime: FieldValue, Hashable {
    case time(UnixTime)
    /// The wall time need not be known when a message is queued, and may be corrected before it
    /// is sent: the text is made by ``resolve(_:_:)`` at the last moment.
    case event(EventTime)

    package init(json: JSONValue, limit: Int, isLenient: Bool) throws(CodecError) {
        guard case .string(let text) = json else {
            throw CodecError.type(json.kind, expected: "string")
        }
        guard let time = UnixTime(rfc3339: text) else {
            throw CodecError(.propertyConstraintViolation, "not a date and time of RFC 3339")
        }
        self = .time(time)
    }

    package var json: JSONValue {
        switch self {
        case .time(let time): .string(time.rfc3339)
        case .event(let event): .string("@\(event.run)/\(event.instant.nanoseconds)")
        }
    }

    package init() { self = .time(UnixTime(milliseconds: 0)) }
    /// The wall time; `nil` for an event that is yet to be translated.
    package var unixTime: UnixTime? { if case .time(let time) = self { time } else { nil } }

    /// Replaces every event time below `value` by its wall time.
    package static func resolve(
        _ value: JSONValue, _ wallTime: (EventTime) -> UnixTime
    ) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map { resolve($0, wallTime) })
        case .object(let object): return .object(resolve(object, wallTime))
        default: return value
        }
    }
    package static func resolve(
        _ object: JSONObject, _ wallTime: (EventTime) -> UnixTime
    ) -> JSONObject {
        var result = JSONObject()
        for member in object {
            if ["timestamp", "generatedAt"].contains(member.name),
                let event = member.value.string.flatMap(EventTime.init(placeholder:))
            {
                result[member.name] = .string(wallTime(event).rfc3339)
            } else {
                result[member.name] = resolve(member.value, wallTime)
            }
        }
        return result
    }
}

extension EventTime {
    /// From `@run/nanoseconds`.
    fileprivate init?(placeholder text: String) {
        guard text.first == "@", let slash = text.firstIndex(of: "/"),
            let run = UInt32(text[text.index(after: text.startIndex)..<slash]),
            let nanoseconds = Int64(text[text.index(after: slash)...])
        else { return nil }
        self.init(run: run, instant: Instant(nanoseconds: nanoseconds))
    }
}

extension UnixTime {
    /// `2026-11-21T08:00:55.123Z`; beyond the calendar its first or last millisecond.
    package var rfc3339: String {
        let milliseconds = min(max(self.milliseconds, Self.firstOfCalendar), Self.lastOfCalendar)
        let days = (milliseconds >= 0 ? milliseconds : milliseconds - 86_399_999) / 86_400_000
        let time = milliseconds - days * 86_400_000
        let (year, month, day) = Self.civil(days: days)
        func digits(_ value: Int64, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
            + "T\(digits(time / 3_600_000, 2)):\(digits(time / 60_000 % 60, 2))"
            + ":\(digits(time / 1000 % 60, 2)).\(digits(time % 1000, 3))Z"
    }

    /// RFC 3339 with any offset and any number of fraction digits; a leap second counts as the
    /// second before. `nil` for anything else.
    package init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40 else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), bytes[4] == UInt8(ascii: "-"), let month = number(5..<7),
            bytes[7] == UInt8(ascii: "-"), let day = number(8..<10),
            [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[10]),
            let hour = number(11..<13), bytes[13] == UInt8(ascii: ":"),
            let minute = number(14..<16), bytes[16] == UInt8(ascii: ":"),
            let second = number(17..<19), (1...12).contains(month), hour <= 23, minute <= 59,
            second <= 60, day >= 1, day <= Self.days(in: month, of: year)
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            var scale: Int64 = 100
            let start = index
            while index < bytes.count, let digit = number(index..<index + 1) {
                fraction += digit * scale
                scale /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard index < bytes.count else { return nil }
        var offset: Int64 = 0
        switch bytes[index] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            guard index + 1 == bytes.count else { return nil }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard index + 6 == bytes.count, bytes[index + 3] == UInt8(ascii: ":"),
                let hours = number(index + 1..<index + 3),
                let minutes = number(index + 4..<index + 6), hours <= 23, minutes <= 59
            else { return nil }
            offset = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
        default: return nil
        }
        let days = Self.days(year: year, month: month, day: day)
        let seconds = days * 86_400 + (hour * 60 + minute - offset) * 60 + min(second, 59)
        self.init(milliseconds: seconds * 1000 + fraction)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
    /// Days since 1970-01-01 of a date in the proleptic Gregorian calendar, years counted from
    /// March so that the leap day comes last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * shifted + 2) / 5 + 1
        )
    }
}
