/// The guarantees that the loop gives alone for a DC EVSE, whatever core, network, vehicle or plugin do.
package enum DCGuarantee: Int, CaseIterable, Sendable {
    /// Contactors close only on a dead output, with all others measured open.
    case closesOnlyDead
    /// ... with the vehicle in C or D, fresh, waiting for its cable check, granted, the station heard,
    /// nothing degraded.
    case closesOnlyWhenAsked
    /// ... with the plug locked where the board has a lock.
    case closesOnlyLocked
    /// ... and without a latched or other stopping fault.
    case closesOnlyWithoutFault
    /// Never two connectors at once; the one in use alone communicates.
    case oneConnectorAtATime
    /// Sources are asked for something only with the contactors commanded closed on a vehicle that is there.
    case powersOnlyClosed
    /// Emergency stop, supply, earth, enclosure, tilt, water: sources off in the same cycle, contactors
    /// open within ``DCPlan/emergencyOpening``.
    case hazardCuts
    /// ... and so do a pilot that leaves C and D and a vehicle that is silent.
    case lostVehicleCuts
    /// ... and every fault whose rule is `immediate`.
    case stoppingFaultCuts
    /// More than the current of the checks only after a good cable check and a matched precharge.
    case energyOnlyAfterChecks
    /// The set current is never above any limit of the same cycle; in an orderly stop it only falls.
    case withinLimits
    case withinVoltages
    case riseSlope
    /// Contactors open under more than the break current in an emergency only, or after the time-out.
    case breaksLoadOnlyInEmergency
    /// A grant that ends, or a limit of nothing: open within the stop's time-out.
    case stopsWithoutGrant
    /// Silent station, stale meter, missed deadlines: stopped after the hold time.
    case stopsAfterHold
    case insulationStops
    case overVoltageStops
    case overCurrentStops
    case overTemperatureStops
    /// A cable whose cooling shows no sign of working for the times of the plan carries what it bears
    /// without, or nothing.
    case uncooledDerates
    /// A session is over only with the output below 60 V and contactors open, or with a fault that says
    /// that it is not; and with its reason.
    case endsSafe
    case unlocksOnlyDead
    case weldIsLatched
    case latchedUntilCleared
    case safeUntilHeard
    /// The vehicle is told of a good check or a matched voltage only where there was one, and never of
    /// more than the ratings.
    case tellsTruth
}
