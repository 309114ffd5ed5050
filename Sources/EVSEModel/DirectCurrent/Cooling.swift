/// What a contact or a sensor of a cooling unit says.
@frozen public enum CoolingSign: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
    /// None is wired.
    case absent = 0
    case good = 1
    /// It says that something is wrong, or it says nothing.
    case bad = 2
}

/// What was sensed of an EVSE's cooling in this cycle.
@frozen public struct CoolingInputs: BitwiseCopyable, Hashable, Sendable {
    /// The coolant flows; means something while the pump runs.
    public var flow = CoolingSign.absent
    /// Its pressure is within its bounds; as ``flow``.
    public var pressure = CoolingSign.absent
    /// There is enough of it.
    public var level = CoolingSign.absent
    /// The fan turns; means something while it is told to.
    public var fan = CoolingSign.absent
    /// Of the coolant; `nil` as ``ConnectorInputs/temperatures``.
    public var temperature: Celsius? = nil
    @inlinable public init() {}
}

/// How an EVSE's cables are cooled by a liquid, and its enclosure by a fan. No public text gives numbers for
/// the units that stations buy: where nothing else is said the numbers are chosen.
@frozen public struct CoolingPlan: BitwiseCopyable, Hashable, Sendable {
    /// A pump moves a liquid through the cables.
    public var isFitted = false
    /// Flow and pressure must be good so long after the pump was started.
    public var startTime = Milliseconds.seconds(5)
    /// They, or the level, may be bad for so long: cables heat up over minutes, switches flutter.
    public var grace = Milliseconds.seconds(2)
    /// The pump goes on for so long after the last session: the heat is still in the copper.
    public var afterRun = Milliseconds.seconds(120)
    /// A pump that found no flow is tried again so often.
    public var retry = Milliseconds.seconds(60)
    /// Coolant of this temperature cools no more. Below the boiling point of water with glycol, and above what
    /// a radiator in the sun reaches.
    public var temperatureStop = Celsius(70)

    public var hasFan = false
    /// The fan starts with the enclosure at this temperature, or with this share of the output's power,
    public var fanStart = Celsius(40)
    public var fanLoad = Percent(30)
    /// and stops this much below it, with the power below two thirds of that,
    public var fanHysteresis = Celsius(5)
    /// after this time at least.
    public var fanRun = Milliseconds.seconds(30)
    @inlinable public init() {}
}
