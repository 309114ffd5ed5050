package import EVSEModel

/// What a cable check needs to know in a cycle.
package struct CableCheckConditions: BitwiseCopyable, Sendable {
    /// The output is known to be below ``DCPlan/safeVoltage``.
    package var isDead = false
    /// All that closing needs holds in this very sample: the plug locked where the board has a lock, the
    /// vehicle in C or D, all contactors measured open, nothing degraded.
    package var mayClose = false
    /// The connector's contactors are confirmed closed.
    package var isClosed = false
    package var voltage: Volts?
    package var current: Amperes?
    package var insulation = InsulationSample()
    package init() {}
}

/// The cable check: contactors close on a dead output, its voltage is raised with little current, and the
/// insulation is measured under it; then the output is emptied again.
///
/// ```
///  discharge ──► lock ──► close ──► raise ──► selfTest ──► measure ──► empty ──► passed
///      │           │        │         │           │           │          │
///      ▼           ▼        ▼         ▼           ▼           ▼          ▼
///  not dead    LockLaw  contactor  short, or   monitor   insulation,  not dead
///                          law     no voltage            or monitor
/// ```
/// Order, times and levels: IEC 61851-23:2023 as EVerest quotes it; `docs/dc.md` has the list.
package struct CableCheckLaw: BitwiseCopyable, Sendable {
    package enum Step: UInt8, BitwiseCopyable, Sendable {
        case discharge = 0
        case lock = 1
        case close = 2
        case raise = 3
        case selfTest = 4
        case measure = 5
        case empty = 6
        case passed = 7
    }
    package enum Failure: UInt8, BitwiseCopyable, Sendable {
        case none = 0
        case notDischarged = 1
        /// Current flows although the vehicle's contactors are open.
        case shorted = 2
        case voltageNotReached = 3
        case insulation = 4
        case monitor = 5
    }

    package private(set) var step = Step.discharge
    package private(set) var failure = Failure.none
    /// The voltage to test with.
    package private(set) var testVoltage = Volts.zero
    /// Self-tests of the monitor that were asked for since the loop started.
    package private(set) var selfTests: UInt32 = 0

    private var since = Instant.zero
    private var goodAt = Instant.zero
    private var lastSample = Instant.zero
    private var good: Int32 = 0
    private var sawLow = false
    private var short = Held()

    /// At or below this the output counts as shorted. IEC 61851-23:2023 as quoted: 110 Ω.
    package static var shortResistance: Ohms { Ohms(110) }
    /// ... for so long: the supply first charges capacitances. Chosen, within the second of the standard.
    package static var shortTime: Milliseconds { Milliseconds(500) }
    /// Below it a resistance means nothing. Chosen: what sensors for 500 A resolve.
    package static var leastCurrent: Amperes { Amperes(milliamperes: 500) }

    package init() {}

    /// As it was before any check; requests to the monitor go on counting.
    package var forgotten: Self {
        var law = Self()
        law.selfTests = selfTests
        return law
    }

    /// The contactors should be closed.
    package var wantsClosed: Bool { step >= .close }
    /// The sources should give the test voltage.
    package var wantsVoltage: Bool { step == .raise || step == .selfTest || step == .measure }

    package mutating func begin(_ voltage: Volts, at: Instant) {
        step = .discharge
        failure = .none
        testVoltage = voltage
        since = at
        short.update(false, at: at)
    }

    package mutating func step(_ now: CableCheckConditions, at: Instant, dc: DCPlan) {
        guard failure == .none else { return }
        if wantsVoltage { watchShort(now, at: at) }
        guard failure == .none else { return }
        switch step {
        case .discharge: wait(now.isDead, then: .lock, at: at, dc: dc)
        // What was dead when the lock began to move may not be any more.
        case .lock: if now.mayClose { enter(now.isDead ? .close : .discharge, at: at) }
        case .close: if now.isClosed { enter(.raise, at: at) }
        case .raise: raise(now, at: at, dc: dc)
        case .selfTest: test(now.insulation, at: at, dc: dc)
        case .measure: measure(now, at: at, dc: dc)
        case .empty: wait(now.isDead, then: .passed, at: at, dc: dc)
        case .passed: break
        }
    }

    private mutating func wait(_ isDead: Bool, then next: Step, at: Instant, dc: DCPlan) {
        if isDead {
            enter(next, at: at)
        } else if at >= since + dc.dischargeTimeout {
            failure = .notDischarged
        }
    }

    private mutating func watchShort(_ now: CableCheckConditions, at: Instant) {
        var isShort = false
        if let voltage = now.voltage, let current = now.current, current >= Self.leastCurrent {
            // Millivolts by milliamperes are ohms.
            isShort = Int64(voltage.raw) <= Int64(Self.shortResistance.raw) * Int64(current.raw)
        }
        short.update(isShort, at: at)
        if short.lasts(Self.shortTime, at: at) { failure = .shorted }
    }

    private func isReached(_ voltage: Volts?, within tolerance: Volts) -> Bool {
        guard let voltage else { return false }
        return voltage >= testVoltage - tolerance && voltage <= testVoltage + tolerance
    }

    private mutating func raise(_ now: CableCheckConditions, at: Instant, dc: DCPlan) {
        if isReached(now.voltage, within: dc.cableCheckTolerance) {
            guard dc.hasInsulationMonitor else { return enter(.empty, at: at) }
            if dc.hasInsulationSelfTest { selfTests &+= 1 }
            enter(dc.hasInsulationSelfTest ? .selfTest : .measure, at: at)
        } else if at >= since + dc.cableCheckRise {
            failure = .voltageNotReached
        }
    }

    private mutating func test(_ sample: InsulationSample, at: Instant, dc: DCPlan) {
        let isAnswered = sample.at > since && sample.selfTestAnswered == selfTests
        if isAnswered, sample.selfTestPassed {
            enter(.measure, at: at)
        } else if isAnswered || at >= since + dc.selfTestTimeout {
            failure = .monitor
        }
    }

    private mutating func measure(_ now: CableCheckConditions, at: Instant, dc: DCPlan) {
        let sample = now.insulation
        // Monitors mis-read while the voltage moves (EVerest/EVerest#2498).
        let isSteady = isReached(
            now.voltage, within: dc.cableCheckTolerance + dc.cableCheckTolerance)
        if sample.at > lastSample, sample.at > since {
            lastSample = sample.at
            judge(sample, isSteady: isSteady, at: at, dc: dc)
        }
        if good >= max(dc.insulationSamples, 1) { return enter(.empty, at: at) }
        let isWorn = at >= since + Milliseconds(dc.insulationTimeout.count * Int64(longest(dc)))
        if at >= goodAt + dc.insulationTimeout || isWorn {
            failure = sawLow ? .insulation : .monitor
        }
    }

    /// Waits of ``DCPlan/insulationTimeout`` that the whole measurement may take: one more than it
    /// needs, so that samples that are good in turns do not go on for ever.
    private func longest(_ dc: DCPlan) -> Int32 { min(max(dc.insulationSamples, 1), 100) + 1 }

    private mutating func judge(
        _ sample: InsulationSample, isSteady: Bool, at: Instant, dc: DCPlan
    ) {
        guard !sample.hasFault, !sample.isTesting, isSteady, let resistance = sample.resistance
        else {
            good = 0
            return
        }
        if resistance < dc.insulationMinimum {
            sawLow = true
            good = 0
        } else {
            good += 1
            goodAt = at
        }
    }

    private mutating func enter(_ next: Step, at: Instant) {
        step = next
        since = at
        goodAt = at
        good = 0
        sawLow = false
        short.update(false, at: at)
    }
}

extension CableCheckLaw.Step {
    static func >= (a: Self, b: Self) -> Bool { a.rawValue >= b.rawValue }
}
