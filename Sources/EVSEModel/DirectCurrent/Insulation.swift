/// What an insulation monitor (IEC 61557-8) last measured between the output and earth.
///
/// A sample whose `at` is zero was never taken.
@frozen public struct InsulationSample: BitwiseCopyable, Sendable {
    /// When the reply arrived.
    public var at = Instant.zero
    /// The lower of both poles' resistance; `nil` where the device has no valid value. A value that is "at
    /// least" so much is given as that much.
    public var resistance: Ohms? = nil
    /// Voltage between the poles, where it measures one.
    public var voltage: Volts? = nil
    /// Voltage of either pole to earth, where it measures them.
    public var positiveToEarth: Volts? = nil
    public var negativeToEarth: Volts? = nil
    /// The device itself is faulty: its values mean nothing.
    public var hasFault = false
    /// Its self-test runs now.
    public var isTesting = false
    /// Of ``InsulationCommand/selfTests``: the last one that ended, and how.
    public var selfTestAnswered: UInt32 = 0
    public var selfTestPassed = false
    @inlinable public init() {}
}

/// What the control loop wants of an insulation monitor.
@frozen public struct InsulationCommand: BitwiseCopyable, Equatable, Sendable {
    /// When the loop said so.
    public var at = Instant.zero
    /// It should measure; false lets another one measure (a vehicle's, or the other outlet's).
    public var isMeasuring = false
    /// Counts requests for a self-test; a loop that starts again counts from 0, so a driver forgets older
    /// answers when it sees a smaller number.
    public var selfTests: UInt32 = 0
    @inlinable public static var maximumAge: Milliseconds { Milliseconds(500) }
    @inlinable public init() {}
}
