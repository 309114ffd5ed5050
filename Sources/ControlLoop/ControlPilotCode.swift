package import EVSEModel

/// Current that a duty cycle of the control pilot offers, and back.
///
/// Integers all the way: a duty's 0.01 % is 6 mA on the lower branch and 25 mA on the upper one.
/// Source: IEC 61851-1:2017 Table A.8.
package enum ControlPilotCode {
    /// Least current that can be offered.
    package static var least: Amperes { Amperes(6) }
    /// Greatest current that can be offered.
    package static var greatest: Amperes { Amperes(80) }

    /// Duty that offers a current.
    ///
    /// Rounded down, so that what the vehicle reads never exceeds `current`. Between 51 A, where
    /// the lower branch ends, and 52.5 A, where the upper one begins, it offers 51 A.
    ///
    /// - Returns: `nil` below ``least``; the duty of ``greatest`` above it.
    package static func duty(offering current: Amperes) -> Percent? {
        let milliamperes = min(current.raw, greatest.raw)
        guard milliamperes >= least.raw else { return nil }
        if milliamperes <= 51_000 { return Percent(raw: milliamperes / 6) }
        return Percent(raw: max(8500, 6400 + milliamperes / 25))
    }

    /// Highest current that a vehicle may draw at a duty; `nil` where the duty offers none (0 %,
    /// 100 %, the 5 % that asks for ISO 15118, and what lies between).
    package static func current(at duty: Percent) -> Amperes? {
        switch duty.raw {
        case 800..<1000: least
        case 1000...8500: Amperes(milliamperes: duty.raw * 6)
        case 8501...9600: Amperes(milliamperes: (duty.raw - 6400) * 25)
        case 9601...9700: greatest
        default: nil
        }
    }
}
