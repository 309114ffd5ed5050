package import EVSEModel

/// Quantities and durations as a language writes them.
extension Language {
    /// A number of thousandths with so many digits behind the decimal mark, cut rather than rounded up:
    /// a display never shows energy that was not delivered.
    func number(thousandths value: Int64, digits: Int) -> String {
        let magnitude = value.magnitude
        var unit: UInt64 = 1000
        for _ in 0..<digits { unit /= 10 }
        let cut = magnitude / max(1, unit)
        var scale: UInt64 = 1
        for _ in 0..<digits { scale *= 10 }
        let sign = value < 0 && cut > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(cut) }
        let fraction = String(cut % scale)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(sign)\(cut / scale)\(self["decimal"])\(zeros)\(fraction)"
    }

    /// `12.34 kWh`; `12,34 kWh`. A no-break space keeps number and unit together.
    package func text(_ energy: WattHours) -> String {
        number(thousandths: energy.raw / 1000, digits: 2) + "\u{A0}kWh"
    }
    /// `7.4 kW`.
    package func text(_ power: Watts) -> String {
        number(thousandths: power.raw / 1000, digits: 1) + "\u{A0}kW"
    }
    /// `16 A`, `7.5 A`.
    package func text(_ current: Amperes) -> String {
        let digits = current.raw % 1000 == 0 ? 0 : 1
        return number(thousandths: Int64(current.raw), digits: digits) + "\u{A0}A"
    }
    /// `62 %`: whole ones, as vehicles tell them.
    package func text(_ share: Percent) -> String {
        let thousandths = Int64(share.raw) * 1000 / Int64(Percent.rawPerUnit)
        return number(thousandths: thousandths, digits: 0) + "\u{A0}%"
    }
    /// Hours and minutes, below an hour minutes, below a minute seconds.
    package func text(_ duration: Milliseconds) -> String {
        let seconds = max(0, duration.raw / 1000)
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        let key = hours > 0 ? "hours" : minutes > 0 ? "minutes" : "seconds"
        return fill(
            "duration.\(key)",
            [("h", "\(hours)"), ("m", "\(minutes)"), ("s", "\(seconds % 60)")])
    }
    /// `€3.20`, `3,20 €`.
    package func text(_ money: DisplayContent.Money) -> String {
        let amount = number(thousandths: money.thousandths, digits: 2)
        return fill(
            "money",
            [("amount", amount), ("currency", Self.symbols[money.currency] ?? money.currency)])
    }
    private static let symbols = ["EUR": "€", "GBP": "£", "USD": "$"]

    /// `1:23` for displays with no room for words: hours and minutes.
    package func clock(_ duration: Milliseconds) -> String {
        let minutes = max(0, duration.raw / 60_000)
        return "\(minutes / 60):\(minutes % 60 < 10 ? "0" : "")\(minutes % 60)"
    }
}
