/// One look at an EVSE controller: a device on a bus that owns control pilot and contactor.
///
/// A sample whose `at` is zero was never taken. What a controller does not tell is `unknown`.
@frozen public struct ControllerSample: BitwiseCopyable, Sendable {
    /// When the oldest of the replies arrived that it is made of.
    public var at = Instant.zero
    /// As the controller has filtered it.
    public var pilot = PilotState.unknown
    public var cable = CableRating.unknown
    public var contactor = ContactorFeedback.unknown
    public var bolt = Bolt.unknown
    /// What it offers on its pilot now, per phase; zero while it offers nothing.
    public var offered = Amperes.zero
    /// False where it does not tell what it offers.
    public var tellsOffered = false
    /// Inside the controller.
    public var temperature: Celsius? = nil
    /// What it reports itself; faults of the bus are the driver's to raise.
    public var faults = FaultSet()
    @inlinable public init() {}
}

/// What the control loop wants of an EVSE controller in a cycle.
@frozen public struct ControllerCommand: BitwiseCopyable, Equatable, Sendable {
    /// When the loop said so; zero where no loop runs.
    public var at = Instant.zero
    /// What the pilot may offer at most, per phase; zero is steady 12 V.
    public var offered = Amperes.zero
    /// False: open the contactor now, under load; true with nothing offered lets the vehicle end first.
    public var isEnabled = false
    /// Counts services that cleared latched faults: with a new number the controller's may end, too.
    /// `nil` while the loop hears no station, and so of no service.
    public var clears: UInt32? = nil
    @inlinable public init() {}

    /// What an EVSE's outputs mean to a controller.
    ///
    /// - Parameter connector: zero-based.
    @inlinable public init(
        _ outputs: EVSEOutputs, status: EVSEStatus, connector: Int, at: Instant
    ) {
        self.at = at
        let pilot = outputs.connectors[connector].pilot
        offered = pilot == .pwm ? status.offered : .zero
        isEnabled = pilot != .unavailable && (pilot == .pwm || outputs.contactorClosed)
        clears = status.clearAnswered
    }
}
