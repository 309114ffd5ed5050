import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

// How a power source follows what it is told: ramps, then constant voltage, current or power behind a diode.
//
// As seen from its busbar it is a voltage source with a small resistance, bounded by a current; the world
// finds the busbar's voltage at which all sources and loads agree, so that no step is too long for it.
extension PowerStage {
    /// Of its regulation, Ω. Chosen: half a volt at 100 A, by which equal modules share.
    static let droop = 0.005
    /// With which its current ends when it is switched off, s. Chosen: an inductor's, far below any message's.
    static let fallTime = 0.001
    /// Current falls so many times faster than it rises while it is on. Chosen.
    static let fallFactor = 5.0
    /// What an output capacitor that empties slowly can hold a busbar with, A. Chosen.
    static let residue = 1.0

    /// Moves the regulator by one step.
    /// - Parameters:
    ///   - busbar: voltage before the step.
    ///   - supplied: its mains are there.
    mutating func prepare(_ seconds: Double, now: Int64, busbar: Double, supplied: Bool) {
        isSupplied = supplied
        watch(now)
        if obeysAsOn(seconds) {
            follow(seconds, busbar)
        } else {
            letGo(seconds)
        }
    }

    private mutating func watch(_ now: Int64) {
        guard rating.watchdog > .zero else {
            isWatchdogOff = false
            return
        }
        let isSilent =
            now - heardAt.nanoseconds
            > Instant(milliseconds: rating.watchdog.raw)
            .nanoseconds
        // It comes back with the next message, which says again whether it shall be on.
        if !isSilent { isWatchdogOff = false } else if isOn { isWatchdogOff = true }
    }

    /// Whether it gives power, counting that it may ignore to be told off once.
    private mutating func obeysAsOn(_ seconds: Double) -> Bool {
        if isOn {
            wasOn = true
            ignoredFor = nil
            return gives
        }
        if wasOn {
            wasOn = false
            ignoredFor = ignoresOffFor == nil ? nil : 0
        }
        guard let ignored = ignoredFor, let most = ignoresOffFor, ignored < most, !isBroken,
            isSupplied
        else {
            if ignoredFor != nil { (ignoredFor, ignoresOffFor) = (nil, nil) }
            return false
        }
        ignoredFor = ignored + seconds
        return true
    }

    private mutating func follow(_ seconds: Double, _ busbar: Double) {
        let wanted =
            setVoltage <= 0
            ? 0 : min(max(setVoltage, rating.minimumVoltage), rating.maximumVoltage)
        // It starts from the voltage that it finds.
        if mode == .off { level = min(max(level, busbar), rating.maximumVoltage) }
        let step = rating.voltageRate * seconds
        level += min(max(wanted - level, -step), step)
        let current = min(max(setCurrent, 0), rating.maximumCurrent) * derating
        let rise = rating.currentRate * seconds
        ceiling += min(max(current - ceiling, -Self.fallFactor * rise), rise)
        let power = rating.maximumPower * derating / max(busbar, 50)
        limit = min(ceiling, power)
        mode = power < ceiling ? .power : .current
    }

    private mutating func letGo(_ seconds: Double) {
        mode = .off
        // Backward Euler: never below zero, whatever the step.
        ceiling *= Self.fallTime / (Self.fallTime + seconds)
        if ceiling < 1e-3 { ceiling = 0 }
        let constant = slowDischarge ?? 0.1
        level = min(level, voltage) * constant / (constant + seconds)
        limit = slowDischarge == nil ? ceiling : max(ceiling, Self.residue)
    }

    /// What it puts into a busbar of this voltage, A.
    func current(at busbar: Double) -> Double {
        min(max((level - busbar) / Self.droop, 0), limit)
    }
    /// How much less that is for each volt more, S.
    func slope(at busbar: Double) -> Double {
        let free = (level - busbar) / Self.droop
        return free > 0 && free < limit ? 1 / Self.droop : 0
    }

    /// The busbar's voltage was found.
    mutating func settle(_ seconds: Double, busbar: Double) {
        current = current(at: busbar)
        voltage = current > 0 ? busbar : level
        if mode != .off {
            if current <= 0 {
                mode = .blocked
            } else if current < limit {
                mode = .voltage
            }
        }
        // Chosen: 30 K over the room at full power, with a heat sink's minute.
        let share = rating.maximumPower > 0 ? current * voltage / rating.maximumPower : 0
        temperature += (35 + 30 * share - temperature) * seconds / (60 + seconds)
    }
}
