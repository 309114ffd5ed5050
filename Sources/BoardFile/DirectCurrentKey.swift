import DriverKit
import EVSEModel

/// A number of the direct-current laws that a board file can set, and where it goes in the loop's plan.
///
/// Defaults are those of ``DCPlan``, whose sources are there; [Q] and [U] as in `docs/dc.md`.
struct DirectCurrentKey: Sendable {
    let key: ConfigurationKey
    let set: @Sendable (inout DCPlan, Int64) -> Void
    let get: @Sendable (DCPlan) -> Int64

    /// The map within `supervision`.
    static let section = "direct-current"
    static let help = "Times and limits of direct-current sessions."

    private static func quantity<Value: Quantity>(
        _ name: String, _ kind: ConfigurationKey.Kind,
        _ path: any WritableKeyPath<DCPlan, Value> & Sendable, _ help: String
    ) -> DirectCurrentKey {
        let get: @Sendable (DCPlan) -> Int64 = { Int64($0[keyPath: path].raw) }
        let value = get(DCPlan())
        return DirectCurrentKey(
            key: ConfigurationKey(
                name, kind, default: QuantityText(kind).map { $0.describe(value) }, help),
            set: { $0[keyPath: path] = Value(raw: Value.Raw(clamping: $1)) }, get: get)
    }

    private static func duration(
        _ name: String, _ range: ClosedRange<Int64>,
        _ path: any WritableKeyPath<DCPlan, Milliseconds> & Sendable, _ help: String
    ) -> DirectCurrentKey {
        quantity(name, .duration(range), path, help)
    }

    private static func count(
        _ name: String, _ range: ClosedRange<Int64>,
        _ path: any WritableKeyPath<DCPlan, Int32> & Sendable, _ help: String
    ) -> DirectCurrentKey {
        DirectCurrentKey(
            key: ConfigurationKey(
                name, .integer(range), default: "\(DCPlan()[keyPath: path])", help),
            set: { $0[keyPath: path] = Int32(clamping: $1) }, get: { Int64($0[keyPath: path]) })
    }

    /// Every number, in the order of the session.
    static var all: [DirectCurrentKey] {
        communication + cableCheck + insulation + preCharge + transfer + stop + sources + cooling
    }

    private static var communication: [DirectCurrentKey] {
        [
            duration(
                "vehicle-max-age", 200...5000, \.vehicleMaxAge,
                "Age of the vehicle's word after which the link counts as lost."),
            duration(
                "setup-timeout", 18_000...600_000, \.setupTimeout,
                "From the pilot's offer to a session; then the vehicle is woken (ISO 15118-2: 18 s after SLAC [S])."
            ),
            count(
                "wake-ups", 0...10, \.wakeUps,
                "Attempts to wake a vehicle without a session when energy becomes available."),
            duration(
                "wake-up-delay", 1000...60_000, \.wakeUpDelay,
                "Before an attempt: the vehicle may come back by itself."),
            duration(
                "wake-up-steady", 3000...30_000, \.wakeUpSteady,
                "State B1 in each attempt (ISO 15118-3: 3 s at least [U])."),
            duration(
                "wake-up-state-f", 4000...30_000, \.wakeUpStateF,
                "State F in the last attempt (ISO 15118-3: 4 s at least [U])."),
            count(
                "link-retries", 0...10, \.linkRetries,
                "Sessions that a vehicle may begin anew after its link was lost."),
            quantity(
                "minimum-current", .current(0...50_000), \.minimumCurrent,
                "With less than this the vehicle is told to stop."),
        ]
    }

    private static var cableCheck: [DirectCurrentKey] {
        [
            quantity(
                "safe-voltage", .voltage(10_000...60_000), \.safeVoltage,
                "At or below it the output counts as dead (IEC 61851-23: 60 V [Q])."),
            duration(
                "discharge-timeout", 1000...120_000, \.dischargeTimeout,
                "Wait for the output to be dead before the cable check, and after it."),
            duration(
                "contactor-timeout", 50...10_000, \.contactorTimeout,
                "From a command to the contactors' answer (IEC 61851-23: 5 s [Q])."),
            quantity(
                "cable-check-current", .current(100...5000), \.cableCheckCurrent,
                "Limit of the source in the cable check (2 A [S])."),
            quantity(
                "cable-check-tolerance", .voltage(1000...50_000), \.cableCheckTolerance,
                "How near its voltage must come (10 V [S])."),
            duration(
                "cable-check-rise", 1000...60_000, \.cableCheckRise,
                "How long that may take: longer means a short circuit (10 s [S])."),
            duration(
                "self-test-timeout", 1000...120_000, \.selfTestTimeout,
                "For the insulation monitor's self-test (30 s [S])."),
        ]
    }

    private static var insulation: [DirectCurrentKey] {
        [
            count(
                "insulation-samples", 1...50, \.insulationSamples,
                "Good measurements in a row that the cable check needs."),
            duration(
                "insulation-timeout", 500...60_000, \.insulationTimeout,
                "Wait for each of them (5 s [S])."),
            quantity(
                "insulation-minimum", .resistance(10_000...1_000_000), \.insulationMinimum,
                "Below it is a fault (IEC 61851-23:2023: 100 kΩ [Q])."),
            quantity(
                "insulation-warning", .resistance(0...2_000_000), \.insulationWarning,
                "Below it vehicle and CSMS are told, and charging goes on; 0 Ω: never."),
            duration(
                "insulation-grace", 0...10_000, \.insulationGrace,
                "How long it may be below the minimum in charging."),
            duration(
                "insulation-max-age", 500...30_000, \.insulationMaxAge,
                "Age of a measurement after which nothing is known; left out, the monitor's own max-age."
            ),
        ]
    }

    private static var preCharge: [DirectCurrentKey] {
        [
            quantity(
                "precharge-current", .current(100...5000), \.preChargeCurrent,
                "Limit of the source in precharge (IEC 61851-23 CC.6.1: 2 A [Q])."),
            quantity(
                "precharge-tolerance", .voltage(1000...50_000), \.preChargeTolerance,
                "How near the vehicle's voltage it must come (20 V [U])."),
            duration(
                "precharge-timeout", 1000...60_000, \.preChargeTimeout,
                "How long that may take; vehicles wait about 7 s [U]."),
        ]
    }

    private static var transfer: [DirectCurrentKey] {
        [
            quantity(
                "rise-rate", .current(1000...500_000), \.riseRate,
                "Rise of the current in a second (20 A at least [U])."),
            quantity(
                "fall-rate", .current(20_000...5_000_000), \.fallRate,
                "Fall of the current in a second in an orderly stop (100 A at least [U])."),
            quantity(
                "over-current-margin", .percent(0...5000), \.overCurrentMargin,
                "Over-current is what exceeds the order by this share,"),
            quantity(
                "over-current-offset", .current(0...50_000), \.overCurrentOffset,
                "and by this current,"),
            duration(
                "over-current-grace", 10...10_000, \.overCurrentGrace, "for so long."),
            duration(
                "over-voltage-grace", 10...400, \.overVoltageGrace,
                "Above the trip voltage for so long is an emergency (IEC 61851-23 CC.6.2: 400 ms [Q])."
            ),
            quantity(
                "voltage-spread", .voltage(5000...200_000), \.voltageSpread,
                "Sensors of one output may differ so much,"),
            duration(
                "voltage-spread-grace", 500...300_000, \.voltageSpreadGrace,
                "for so long (50 V, 30 s [S])."),
        ]
    }

    private static var stop: [DirectCurrentKey] {
        [
            quantity(
                "break-current", .current(100...20_000), \.breakCurrent,
                "Contactors open below it, unless it is an emergency (5 A [U])."),
            duration(
                "stop-timeout", 1000...60_000, \.stopTimeout,
                "An orderly stop that takes longer becomes a hard one (20 s [S])."),
            duration(
                "emergency-opening", 0...100, \.emergencyOpening,
                "In an emergency the contactors open after so long, whatever the current."),
            duration(
                "weld-timeout", 500...60_000, \.weldTimeout,
                "How long an opened connector may hold voltage before it counts as welded."),
        ]
    }

    private static var cooling: [DirectCurrentKey] {
        [
            duration(
                "cooling-start", 500...60_000, \.cooling.startTime,
                "Flow and pressure of a cable's coolant must be good so long after the pump's start."
            ),
            duration(
                "cooling-grace", 100...30_000, \.cooling.grace,
                "How long they, or the level, may be bad before the cable counts as not cooled."),
            duration(
                "cooling-after-run", 0...3_600_000, \.cooling.afterRun,
                "How long the pump goes on after the last session."),
            duration(
                "cooling-retry", 10_000...3_600_000, \.cooling.retry,
                "How often a pump that moved nothing is tried again."),
            quantity(
                "coolant-stop", .temperature(300...1200), \.cooling.temperatureStop,
                "Coolant of this temperature cools no more."),
            quantity(
                "fan-start", .temperature(0...900), \.cooling.fanStart,
                "The fan runs from this temperature of the enclosure on,"),
            quantity(
                "fan-hysteresis", .temperature(10...300), \.cooling.fanHysteresis,
                "until it is cooler by this,"),
            quantity(
                "fan-load", .percent(0...10_000), \.cooling.fanLoad,
                "or while this share of the output's power is given,"),
            duration(
                "fan-run", 0...3_600_000, \.cooling.fanRun, "and for so long at least."),
        ]
    }

    private static var sources: [DirectCurrentKey] {
        [
            duration(
                "source-max-age", 500...60_000, \.sourceMaxAge,
                "Age of a power source's word after which it is lost."),
            duration(
                "source-start", 1000...120_000, \.sourceStart,
                "How long one may take to give power once it is told to."),
        ]
    }
}
