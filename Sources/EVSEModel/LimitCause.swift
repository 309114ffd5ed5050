/// Who limits the offered current now.
@frozen public enum LimitCause: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
    /// Nothing is offered: no session that may have energy.
    case notGranted = 0
    case boardRating = 1
    case cableRating = 2
    /// The limit that the station core granted: charging profiles and local limits.
    case stationLimit = 3
    case temperature = 4
    case groupShare = 5
    case phaseLimit = 6
    /// The station process is silent: the board's safe value holds.
    case stationSilent = 7
    /// A needed input (meter, temperature, external limit) is too old: the safe value holds.
    case staleInput = 8
    case missedDeadlines = 9
    case fault = 10
    case vehicle = 11
    /// What the house's breaker leaves, or the fallback while its meter is silent.
    case houseLimit = 12
    /// The grid's operator dims the station by a contact.
    case dimming = 13
    /// An energy manager's limit, or the fallback while it is silent.
    case externalLimit = 14
    /// The number of phases is being changed: nothing is offered for a while.
    case phaseSwitch = 15
    /// DC: what the EVSE's output is made for, at this voltage.
    case outputRating = 16
    /// DC: what the power sources that feed it can give now.
    case powerSource = 17
    /// DC: the connector with its cable.
    case connectorRating = 18
    /// DC: the current is on its way up.
    case ramp = 19
}
