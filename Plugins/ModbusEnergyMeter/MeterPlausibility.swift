package import EVSEModel

/// Watches what a meter's counters do from poll to poll.
///
/// A register that runs backwards, leaps further than the meter could have measured, or stands
/// still while it reports power is not believed: the value is left out, the fault raised, until the
/// register is credible again with respect to its last good value. Nobody bills from a register
/// that was set back; what a replaced meter shows counts after a restart of the station.
package struct MeterPlausibility: Sendable {
    private struct Counter {
        var value: Double
        /// When the register last moved: what flowed since then may show at once.
        var movedAt: Instant
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
            guard let problem = judge(quantity, value, power: power(of: reading, quantity), at: now)
            else { continue }
            reading.values[quantity] = nil
            reading.implausible.append(.init(quantity, "\(quantity.rawValue) \(problem)"))
        }
    }

    private mutating func judge(
        _ quantity: MeterQuantity, _ value: Double, power: Double, at now: Instant
    ) -> String? {
        guard var counter = counters[quantity], let register = model.registers[quantity]?.first
        else {
            counters[quantity] = Counter(value: value, movedAt: now, lastPoll: now)
            return nil
        }
        let step = register.type.step(at: value / register.scale) * register.scale
        let hours = Double((now - counter.movedAt).count) / 3_600_000
        // Chosen: a tenth above the ranges' power, and two steps of the register.
        let most = counter.value + model.highestPower * 1.1 * hours + 2 * step
        defer { counters[quantity] = counter }
        guard value >= counter.value - step else {
            return "ran backwards from \(rounded(counter.value)) to \(rounded(value)) Wh"
        }
        guard value <= most else {
            return "leapt from \(rounded(counter.value)) to \(rounded(value)) Wh"
        }
        let sinceLastPoll = Double((now - counter.lastPoll).count) / 3_600_000
        counter.lastPoll = now
        if value > counter.value {
            (counter.value, counter.movedAt, counter.owed) = (value, now, 0)
        } else {
            counter.owed += max(0, power) * sinceLastPoll
        }
        // Chosen: 50 Wh or 20 steps without a movement: above any meter's own start-up threshold.
        guard counter.owed < max(50, 20 * step) else {
            return "stands still at \(rounded(value)) Wh although \(rounded(power)) W flow"
        }
        return nil
    }

    /// Power in the counter's direction.
    private func power(of reading: MeterReading, _ quantity: MeterQuantity) -> Double {
        let total =
            reading.values[.totalPower]?.first ?? reading.values[.power]?.reduce(0, +) ?? 0
        return quantity == .energyExport ? -total : total
    }
}
