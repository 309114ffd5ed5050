package import EVSEModel
internal import RegisterMaps

/// Watches what a meter's counters do from poll to poll.
///
/// A counter that begins again at 0, where its model says that it does, goes on counting here: the
/// values that come out of this grow for as long as the station runs.
///
/// A register that runs backwards, leaps further than the meter could have measured, or stands
/// still while it reports power is not believed: the value is left out, the fault raised, until the
/// register is credible again with respect to its last good value. Nobody bills from a register
/// that was set back; what a replaced meter shows counts after a restart of the station.
package struct MeterPlausibility: Sendable {
    private struct Counter {
        /// Turns of the register included.
        var value: Double
        /// What the register's turns add up to, in Wh.
        var turns = 0.0
        /// What may have flowed since the register last moved, in Wh: it may show at once, as a meter
        /// may write its register once a minute only.
        var allowance = 0.0
        /// Energy that the reported power says has flowed since the register last moved, in Wh.
        var owed = 0.0
        var lastPoll: Instant
    }
    private let model: MeterModel
    private var counters = [MeterQuantity: Counter]()

    package init(_ model: MeterModel) { self.model = model }

    /// Takes incredible counters out of `reading` and notes why.
    package mutating func judge(_ reading: inout MeterReading, at now: Instant) {
        for quantity in [MeterQuantity.energyImport, .energyExport] {
            guard let value = reading.values[quantity]?.first else { continue }
            let problem = judge(
                quantity, value, reading.counters[quantity],
                power: power(of: reading, quantity), at: now)
            if let problem {
                reading.values[quantity] = nil
                reading.implausible.append(.init(quantity, "\(quantity.rawValue) \(problem)"))
            } else if let turns = counters[quantity]?.turns {
                reading.values[quantity] = [value + turns]
            }
        }
    }

    private mutating func judge(
        _ quantity: MeterQuantity, _ shown: Double, _ count: MeterReading.Counter?, power: Double?,
        at now: Instant
    ) -> String? {
        guard var counter = counters[quantity], let register = model.registers[quantity]?.first
        else {
            counters[quantity] = Counter(value: shown, lastPoll: now)
            return nil
        }
        let step =
            count?.step ?? register.type.step(at: shown / register.scale) * register.scale
        var value = shown + counter.turns
        let hours = Double((now - counter.lastPoll).count) / 3_600_000
        counter.lastPoll = now
        defer { counters[quantity] = counter }
        // Chosen: a tenth above the ranges' power since the last poll, where nobody knows what flowed;
        // half more than the reported power before it; and two steps of the register.
        let unknown = model.highestPower * 1.1 * hours
        let most = counter.value + counter.allowance + unknown + 2 * step
        counter.allowance += power.map { max(0, $0) * 1.5 * hours } ?? unknown
        if value < counter.value - step, let wrap = count?.wrap, value + wrap <= most {
            // It began again: what is credible after one turn is one.
            counter.turns += wrap
            value += wrap
        }
        guard value >= counter.value - step else {
            return "ran backwards from \(rounded(counter.value)) to \(rounded(value)) Wh"
        }
        guard value <= most else {
            return "leapt from \(rounded(counter.value)) to \(rounded(value)) Wh"
        }
        if value > counter.value {
            (counter.value, counter.allowance, counter.owed) = (value, 0, 0)
        } else {
            counter.owed += max(0, power ?? 0) * hours
        }
        // Chosen: 50 Wh or 20 steps without a movement: above any meter's own start-up threshold.
        guard counter.owed < max(50, 20 * step) else {
            return "stands still at \(rounded(value)) Wh although \(rounded(power ?? 0)) W flow"
        }
        return nil
    }

    /// Power in the counter's direction; `nil` where the meter gives none.
    private func power(of reading: MeterReading, _ quantity: MeterQuantity) -> Double? {
        let total =
            reading.values[.totalPower]?.first ?? reading.values[.power]?.reduce(0, +)
        return total.map { quantity == .energyExport ? -$0 : $0 }
    }
}
