/// Dates as meters want them set, in UTC.
enum CalendarText {
    /// `2024-03-05T12:00:00.000Z`, as RFC 3339 writes it.
    static func internet(_ unix: Int64) -> String {
        let parts = Parts(unix)
        return "\(parts.date)T\(parts.time).\(parts.fraction)Z"
    }

    /// `2024-03-05T12:00:00,000+0000`, as OCMF writes it.
    static func ocmf(_ unix: Int64) -> String {
        let parts = Parts(unix)
        return "\(parts.date)T\(parts.time),\(parts.fraction)+0000"
    }

    private struct Parts {
        var date: String
        var time: String
        var fraction: Substring

        /// - Parameter unix: milliseconds since 1970, not before it.
        init(_ unix: Int64) {
            let unix = max(0, unix)
            let (days, rest) = (unix / 86_400_000, unix % 86_400_000)
            // Days to a date: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
            let shifted = days + 719_468
            let era = shifted / 146_097
            let ofEra = shifted % 146_097
            let years = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
            let ofYear = ofEra - (365 * years + years / 4 - years / 100)
            let shiftedMonth = (5 * ofYear + 2) / 153
            let day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
            let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
            let year = years + era * 400 + (month <= 2 ? 1 : 0)
            func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
            let seconds = rest / 1000
            date = "\(year)-\(two(month))-\(two(day))"
            time = "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
            fraction = String(rest % 1000 + 1000).dropFirst()
        }
    }
}
