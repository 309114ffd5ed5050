import EVSEModel
import JSON

/// Compares each message's `offline` with what the network did at its timestamp (trap 6: not
/// "delivered late"). Silent where the station's clock is not to be trusted.
struct OfflineWatch {
    private var changes = [(at: Int64, isUp: Bool)]()
    private let isUsable: Bool

    init(_ script: Script) { isUsable = !script.hasClockTrouble }

    mutating func note(_ station: SimulatedStation) {
        guard isUsable, changes.last?.isUp != station.link.isUp else { return }
        changes.append((station.instant, station.link.isUp))
    }

    func judge(_ payload: JSONValue, _ station: SimulatedStation) -> String? {
        guard isUsable, let text = payload["timestamp"]?.string,
            let milliseconds = Self.milliseconds(text)
        else { return nil }
        let at = (milliseconds - SimulatedStation.epoch) * 1_000_000
        // Near a change both are right: what is said depends on who noticed first.
        let margin: Int64 = 3_000_000_000
        guard at > SimulatedStation.start,
            !changes.contains(where: { abs($0.at - at) < margin }),
            let last = changes.last(where: { $0.at <= at })
        else { return nil }
        let isOffline = payload["offline"]?.bool ?? false
        guard isOffline == last.isUp else { return nil }
        return "number \(payload["seqNo"]?.int ?? -1) of \(text) says offline \(isOffline), the "
            + "link was \(last.isUp ? "up" : "down")"
    }

    /// RFC 3339 in UTC with milliseconds or without.
    static func milliseconds(_ text: String) -> Int64? {
        let digits = text.utf8.map { Int64($0) - 48 }
        guard digits.count >= 20, text.utf8.last == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64 {
            range.reduce(0) { $0 * 10 + digits[$1] }
        }
        let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let seconds = number(11..<13) * 3600 + number(14..<16) * 60 + number(17..<19)
        let fraction = digits.count >= 24 ? number(20..<23) : 0
        return ((days - 719_468) * 86_400 + seconds) * 1000 + fraction
    }
}
