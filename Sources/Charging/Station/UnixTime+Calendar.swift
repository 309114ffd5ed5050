package import EVSEModel

extension UnixTime {
    /// 0000-01-01 and the end of 9999-12-31, which is what RFC 3339 can write.
    package static let firstOfCalendar: Int64 = -62_167_219_200_000
    package static let lastOfCalendar: Int64 = 253_402_300_799_999

    /// RFC 3339 can write it.
    package var isInCalendar: Bool {
        (Self.firstOfCalendar...Self.lastOfCalendar).contains(milliseconds)
    }
}
