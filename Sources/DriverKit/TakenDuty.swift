/// A guarantee of the control loop that a device gives in its place.
public struct TakenDuty: Hashable, Sendable {
    /// What somebody must guarantee at every outlet.
    public enum Duty: String, Hashable, Sendable, CaseIterable {
        /// Closes only with the vehicle in C or D, and with a good diode.
        case closing
        /// Opens when the vehicle leaves C and D, or the pilot is disturbed.
        case opening
        /// Opens at once when it is told.
        case stopping
        case residualCurrent = "residual-current"
        case weld
        case proximity
        case lock
        /// Reduces the current when nobody speaks to it any more.
        case fallback
    }
    public let duty: Duty
    /// How it is done, and how fast, with the source; empty: this device does not do it.
    public let how: String
    public init(_ duty: Duty, _ how: String) {
        self.duty = duty
        self.how = how
    }
}
