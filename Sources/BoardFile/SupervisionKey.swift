import DriverKit
import EVSEModel

/// A number of the control laws that a board file can set, and where it goes in the loop's plan.
struct SupervisionKey: Sendable {
    let key: ConfigurationKey
    let set: @Sendable (inout EVSEPlan, Int64) -> Void
    let get: @Sendable (EVSEPlan) -> Int64

    private static func quantity<Value: Quantity>(
        _ name: String, _ kind: ConfigurationKey.Kind,
        _ path: any WritableKeyPath<EVSEPlan, Value> & Sendable, _ help: String
    ) -> SupervisionKey {
        number(name, kind, help) { plan, raw in
            plan[keyPath: path] = Value(raw: Value.Raw(clamping: raw))
        } get: {
            Int64($0[keyPath: path].raw)
        }
    }

    private static func number(
        _ name: String, _ kind: ConfigurationKey.Kind, _ help: String,
        set: @escaping @Sendable (inout EVSEPlan, Int64) -> Void,
        get: @escaping @Sendable (EVSEPlan) -> Int64
    ) -> SupervisionKey {
        let value = get(EVSEPlan())
        let standard =
            switch kind {
            case .boolean: value == 0 ? "false" : "true"
            // A default outside the range means none.
            default:
                QuantityText(kind).flatMap { $0.range.contains(value) ? $0.describe(value) : nil }
            }
        return SupervisionKey(
            key: ConfigurationKey(name, kind, default: standard, help), set: set, get: get)
    }

    private static func duration(
        _ name: String, _ range: ClosedRange<Int64>,
        _ path: any WritableKeyPath<EVSEPlan, Milliseconds> & Sendable, _ help: String
    ) -> SupervisionKey {
        quantity(name, .duration(range), path, help)
    }

    /// Every number, in the order of the loop's plan. Ranges: what the laws can honour; where a
    /// standard bounds a value, the bound is the range's.
    static var all: [SupervisionKey] { station + pilot + actuators + protection }

    private static var station: [SupervisionKey] {
        [
            quantity(
                "safe-limit", .current(0...80_000), \.safeLimit,
                "Offered while the station process is silent or an input is stale; 0 A stops."),
            quantity(
                "minimum", .current(6000...80_000), \.minimum,
                "Smallest current that may be offered (IEC 61851-1 Table A.8: 6 A)."),
            duration(
                "safe-hold", 0...3_600_000, \.safeHold,
                "How long the safe limit holds before charging stops."),
            duration(
                "station-timeout", 200...60_000, \.stationTimeout,
                "Age of the station's heartbeat after which it is silent."),
            number(
                "miss-limit", .integer(1...32),
                "Missed deadlines within the window that make the station safe.",
                set: { $0.missLimit = Int32(clamping: $1) }, get: { Int64($0.missLimit) }),
            duration("miss-window", 10...60_000, \.missWindow, "The window of miss-limit."),
        ]
    }

    private static var pilot: [SupervisionKey] {
        [
            duration(
                "pilot-debounce", 1...500, \.pilotDebounce,
                "A pilot state holds this long before it counts. 100 ms are left to open in all."),
            duration(
                "unplug-debounce", 1...500, \.unplugDebounce,
                "State A holds this long before it counts."),
            duration(
                "close-debounce", 0...2500, \.closeDebounce,
                "Steady state C before the contactor closes (IEC 61851-1 seq. 4: 3 s in all)."),
            duration(
                "duty-interval", 5000...60_000, \.dutyInterval,
                "Least time between duty changes: a vehicle has 5 s to follow."),
            duration(
                "stop-timeout", 3000...10_000, \.stopTimeout,
                "PWM removed, vehicle still in C: then opened under load (seq. 10.2: 6 s)."),
            duration(
                "state-f-unlock-delay", 0...60_000, \.stateFUnlockDelay,
                "In state F the plug is unlocked only after this time."),
            duration(
                "state-f-minimum", 300...60_000, \.stateFMinimum,
                "Shortest state F after a fault while charging."),
            number(
                "shows-state-f", .boolean,
                "State F on the pilot while inoperative and no vehicle is connected.",
                set: { $0.showsStateF = $1 != 0 }, get: { $0.showsStateF ? 1 : 0 }),
        ]
    }

    private static var actuators: [SupervisionKey] {
        [
            number(
                "lock-attempts", .integer(1...20),
                "Strokes that a lock may make before it counts as failed.",
                set: { $0.lockAttempts = Int32(clamping: $1) }, get: { Int64($0.lockAttempts) }),
            duration(
                "lock-retry-pause", 100...60_000, \.lockRetryPause, "Pause between its strokes."),
            duration(
                "contactor-timeout", 20...5000, \.contactorTimeout,
                "From a command to the mirror contact's answer."),
            duration(
                "closing-interval", 0...600_000, \.closingInterval,
                "Least time between two closings, for the contactor's sake."),
            duration(
                "phase-pause", 5000...600_000, \.phasePause,
                "Nothing is offered for so long after the number of phases was changed."),
            duration(
                "phase-interval", 60_000...86_400_000, \.phaseInterval,
                "Least time between two changes of the number of phases."),
            number(
                "phase-changes-per-day", .integer(1...200),
                "Most changes of the number of phases in 24 hours.",
                set: { $0.phaseChangesPerDay = Int32(clamping: $1) },
                get: { Int64($0.phaseChangesPerDay) }),
            duration(
                "phase-down-dwell", 5000...3_600_000, \.phaseDownDwell,
                "How long three phases must lack the minimum before one is used."),
            duration(
                "phase-up-dwell", 5000...86_400_000, \.phaseUpDwell,
                "How long three phases must have it before they are used again."),
            duration(
                "self-test-timeout", 20...5000, \.selfTestTimeout,
                "From the test of the residual-current device to its trip, and to its end."),
            duration(
                "residual-current-retry", 0...86_400_000, \.residualCurrentRetry,
                "After a trip a new attempt is made not before this time."),
        ]
    }

    private static var protection: [SupervisionKey] {
        [
            duration(
                "over-current-grace", 6000...60_000, \.overCurrentGrace,
                "Over-current must last so long: a vehicle has 5 s to follow."),
            quantity(
                "over-current-margin", .percent(0...5000), \.overCurrentMargin,
                "Over-current is what exceeds the offer by this share,"),
            quantity(
                "over-current-offset", .current(0...5000), \.overCurrentOffset,
                "and by this current."),
            number(
                "phase-limit", .current(6000...400_000),
                "Limit of the wiring per phase that no rating tells; left out, there is none.",
                set: { $0.phaseLimit = Amperes(raw: Int32(clamping: $1)) },
                get: { Int64($0.phaseLimit.raw) }),
            quantity(
                "under-voltage", .percent(5000...9500), \.underVoltage,
                "Below this share of the feed's voltage the supply is faulty; charging stops."),
            quantity(
                "over-voltage", .percent(10_500...13_000), \.overVoltage,
                "Above this share of it, too."),
            duration(
                "voltage-grace", 0...60_000, \.voltageGrace, "How long it must be so."),
            duration(
                "voltage-recovery", 1000...3_600_000, \.voltageRecovery,
                "How long it must be within them again."),
            quantity(
                "derating-start", .temperature(0...1500), \.deratingStart,
                "From here the limit falls evenly,"),
            quantity(
                "derating-end", .temperature(0...1500), \.deratingEnd,
                "to derating-floor here."),
            quantity(
                "derating-floor", .current(6000...80_000), \.deratingFloor,
                "The limit at derating-end."),
            quantity(
                "temperature-stop", .temperature(0...1500), \.temperatureStop,
                "Charging stops at this temperature."),
        ]
    }
}
