package import Charging
package import EVSEModel

/// What a protocol personality wants done, in order; the same for every version.
package enum PersonalityOutput: Sendable {
    case store(StoreOperation)
    case send([UInt8])
    case targets(EVSEID, EVSETargets)
    case signing(EVSEID, SigningOrder)
    case schedules(EVSEID, ScheduleOffer)
    /// All that had to be recorded is in the outputs before it.
    case restart(RestartCause)
    /// Settings that the link may depend on.
    case settingsChanged([SettingKey])
    /// The registration state changed: nothing to do, for status and logs.
    case registrationChanged(RegistrationStatus?)
    case log(DomainLog)
}
