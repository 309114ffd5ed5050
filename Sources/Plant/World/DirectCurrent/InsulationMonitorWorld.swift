/// An insulation monitor between an output and earth: measures, tests itself, keeps settings.
///
/// Its supply is its own. The world's step gives it what is at its terminals.
package struct InsulationMonitorWorld: Sendable {
    /// What is at its terminals.
    package struct Terminals: Hashable, Sendable {
        /// Resistance of either pole to earth, Ω; infinite where there is none.
        package var positive = Double.infinity
        package var negative = Double.infinity
        /// Between the poles, V.
        package var voltage = 0.0
        package init() {}
        package init(positive: Double, negative: Double, voltage: Double) {
            self.positive = positive
            self.negative = negative
            self.voltage = voltage
        }

        /// Both poles' resistances side by side, which is what such a device measures.
        var parallel: Double {
            let conductance = 1 / max(1, positive) + 1 / max(1, negative)
            return conductance > 0 ? 1 / conductance : .infinity
        }
        /// What earth leaves of the voltage at either pole; the middle where nothing pulls it.
        var positiveShare: Double {
            guard positive.isFinite || negative.isFinite else { return 0.5 }
            guard positive.isFinite else { return 1 }
            guard negative.isFinite else { return 0 }
            return positive / max(1, positive + negative)
        }
    }
    package enum State: Hashable, Sendable {
        case starting, measuring, testing, stopped
    }
    package let plan: PlantPlan.InsulationMonitor
    package var terminals = Terminals()
    /// What it measured last.
    private(set) var measured = Terminals()
    package private(set) var state = State.starting
    /// What the bus is told: the state of a while ago where it is late.
    private(set) var shown = State.starting
    /// Its last self-test failed.
    private(set) var hasFailedTest = false
    /// Registers that outlive a start, and how often somebody wrote one: such memories wear out.
    var stored: [Int: UInt16]
    package internal(set) var storedWrites = 0
    package private(set) var selfTests = 0
    private var stateSince: Int64 = 0
    private var measuredAt: Int64?
    private var changes = [(at: Int64, state: State)]()
    private var wasRestarted = false

    /// From its supply to the first value, a self-test, and between two values. Chosen.
    static let startTime: Int64 = 2_000_000_000
    static let testTime: Int64 = 8_000_000_000
    private static let measuringTime: Int64 = 400_000_000

    init(_ plan: PlantPlan.InsulationMonitor) {
        self.plan = plan
        stored = InsulationFirmware(rawValue: plan.model)?.stored ?? [:]
    }

    mutating func step(now: Int64, faults: DeviceFaults) {
        if stateSince == 0 { stateSince = now }
        if faults.has(.restart), !wasRestarted {
            hasFailedTest = false
            enter(.starting, at: now)
        }
        wasRestarted = faults.has(.restart)
        switch state {
        case .starting where now - stateSince >= Self.startTime: enter(.measuring, at: now)
        case .testing where now - stateSince >= Self.testTime && !faults.has(.neverReady):
            hasFailedTest = faults.has(.selfTestFails)
            enter(.measuring, at: now)
        case .starting, .testing, .measuring, .stopped: break
        }
        // What made it fail is gone: it finds that by itself.
        if state == .measuring, !faults.has(.selfTestFails) { hasFailedTest = false }
        if state == .measuring, measuredAt.map({ now - $0 >= Self.measuringTime }) ?? true {
            measuredAt = now
            measured = terminals
        }
        let delay = Int64((faults.value(.stateLate) ?? 0) * 1_000_000)
        while let first = changes.first, first.at + delay <= now {
            shown = first.state
            changes.removeFirst()
        }
    }

    /// What it takes for the resistance, Ω.
    func resistance(_ faults: DeviceFaults) -> Double {
        faults.value(.resistance).map { $0 * 1000 } ?? measured.parallel
    }

    mutating func startTest(at now: Int64) {
        guard state == .measuring else { return }
        selfTests += 1
        hasFailedTest = false
        enter(.testing, at: now)
    }

    mutating func setMeasuring(_ isMeasuring: Bool, at now: Int64) {
        switch (state, isMeasuring) {
        case (.stopped, true): enter(.measuring, at: now)
        case (.measuring, false): enter(.stopped, at: now)
        default: break
        }
    }

    private mutating func enter(_ next: State, at now: Int64) {
        state = next
        stateSince = now
        measuredAt = nil
        // One that changes faster than it is looked at tells the newest.
        if changes.count >= 16 { changes.removeFirst() }
        changes.append((now, next))
    }
}

extension PlantWorld {
    /// Gives a monitor what is at its terminals directly: for a bench of monitors without outlets. Where
    /// its EVSE has an output, the world's step does.
    package mutating func feed(_ device: String, terminals: InsulationMonitorWorld.Terminals) {
        guard let index = insulationMonitors.firstIndex(where: { $0.plan.device == device }) else {
            return
        }
        insulationMonitors[index].terminals = terminals
    }
}
