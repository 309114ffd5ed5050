/// The guarantees that the loop gives alone, whatever core, network or plugin do.
package enum Guarantee: Int, CaseIterable, Sendable {
    /// The contactor closes only with the vehicle in C or D for long enough, PWM and diode good,
    /// plug locked, cable credible, energy granted, station alive, mirror contact open.
    case closesOnlyWhenAsked
    /// ... and right after a passed self-test of the residual-current device.
    case closesOnlyAfterSelfTest
    /// ... and without a latched or other stopping fault.
    case closesOnlyWithoutFault
    case closingInterval
    /// Leaving C/D opens in the same cycle.
    case leavingOpens
    /// Emergency stop, residual-current trip, supply, earth, enclosure, tilt, water open in the
    /// same cycle.
    case hazardOpens
    case overTemperatureOpens
    /// A pilot without samples or a missing diode opens within the debounce.
    case pilotFaultOpens
    case stoppingFaultOpens
    /// What a changed duty offers is at most the least of all limits; a lower limit is followed
    /// at the latest when the duty may change again.
    case offerWithinLimits
    case offerAtLeastMinimum
    case dutyInterval
    /// A grant that ends removes PWM at once and opens within the stop time-out.
    case stopsWithoutGrant
    /// Silent station, stale meter, missed deadlines: stopped after the hold time.
    case stopsAfterHold
    case overCurrentOpens
    /// Never released unless the contactor is measured open.
    case unlocksOnlyWhenOpen
    case weldIsLatched
    /// Latched faults end by service only, the weld with the contactor measured open.
    case latchedUntilCleared
    case safeUntilHeard
    /// L2 and L3 are switched only while the contactor of all phases is commanded and measured open and
    /// nothing is offered, and nothing is offered for the pause after it.
    case switchesPhasesDead
    /// ... at most once in the interval, and so many times a day.
    case phaseInterval
    /// The test input is never pressed while the contactor is closed.
    case testsOnlyWhenOpen
    /// An EVSE controller is offered nothing unless all holds that the loop itself would close on:
    /// plug locked, cable credible, energy granted, station alive, no fault.
    case offersOnlyWhenReady
    /// ... and is switched off when it goes on offering more than it was told.
    case disobedienceStops
}
