package import EVSEModel

/// Watches that the supply, as the meter shows it, stays within what vehicle and station stand.
///
/// A phase far below its limit while the contactor is open is not judged: meters behind the
/// contactor show nothing then, and a supply that is gone has an input of its own.
package struct VoltageLaw: BitwiseCopyable, Sendable {
    /// Share of the nominal voltage below which an open circuit is taken for no supply. Chosen.
    package static var absent: Percent { Percent(50) }

    package private(set) var isOver = false
    package private(set) var isUnder = false
    private var over = Held()
    private var under = Held()
    private var good = Held()

    package init() {}

    /// - Parameter phases: that are switched through; a meter behind the contactors shows nothing on
    ///   the others.
    package mutating func step(
        _ meter: MeterSample, phases: Int = 3, isSupplying: Bool, isFresh: Bool, at: Instant,
        plan: EVSEPlan
    ) {
        // Without a fresh value nothing new is known: stale meters stop charging by another law.
        guard isFresh, meter.valid.contains(.voltage) else { return }
        let least = Self.share(plan.underVoltage, of: plan.nominalVoltage)
        let most = Self.share(plan.overVoltage, of: plan.nominalVoltage)
        let none = Self.share(Self.absent, of: plan.nominalVoltage)
        var isAbove = false
        var isBelow = false
        for phase in 0..<Int(min(max(meter.phases, 1), 3)) {
            let voltage = meter.voltage[phase]
            if voltage > most { isAbove = true }
            let mustBeThere = isSupplying && phase < max(phases, 1)
            if voltage < least, mustBeThere || voltage > none { isBelow = true }
        }
        over.update(isAbove, at: at)
        under.update(isBelow, at: at)
        good.update(!isAbove && !isBelow, at: at)
        if over.lasts(plan.voltageGrace, at: at) { isOver = true }
        if under.lasts(plan.voltageGrace, at: at) { isUnder = true }
        if good.lasts(plan.voltageRecovery, at: at) {
            isOver = false
            isUnder = false
        }
    }

    private static func share(_ share: Percent, of voltage: Volts) -> Volts {
        Volts(raw: Int32(clamping: Int64(voltage.raw) * Int64(share.raw) / 10_000))
    }
}
