package import Charging
package import EVSEModel
package import StationCore

/// Everything that the core's thread reaches of the outside; the running station's, or a test's.
package protocol StationPorts: AnyObject {
    /// The monotonic clock.
    func now() -> Instant
    /// The system's wall clock; `nil` while it cannot be believed.
    func wallClock() -> UnixTime?
    /// One durable step; on an error nothing of it has happened.
    /// - Throws: the reason, for ``StationInput/storeFailed(_:)``.
    func apply(_ operations: [StoreOperation]) throws(StoreFailure)
    func send(_ message: [UInt8])
    /// What was sent so far leaves now, where the calling thread is the one that writes it: a durable
    /// step that comes next would hold it up.
    func flush()
    func connect(_ plan: ConnectionPlan)
    func disconnect(code: UInt16, reason: String)
    func restart(orderly: Bool, reason: String)
    func log(_ entry: CoreLogEntry)
    /// Copies the loop's newest image; false, and `image` means nothing, before its first cycle.
    func readLoop(into image: inout LoopImage) -> Bool
    /// Copies the loop's newest block about direct current; false where the board has none, or before its
    /// first cycle.
    func readDirect(into image: inout DCImage) -> Bool
    func publish(_ image: StationImage)
    /// What the meter of an EVSE shall sign from now on.
    func sign(_ order: SigningOrder, evse: EVSEID)
    /// What the vehicle at an EVSE may plan with from now on.
    func offer(_ offer: ScheduleOffer, evse: EVSEID)
    /// The latched faults of the image changed, by zero-based index of the EVSE.
    func latched(_ faults: [FaultSet])
}

extension StationPorts {
    /// No direct current.
    package func readDirect(into image: inout DCImage) -> Bool { false }
    /// No meter signs.
    package func sign(_ order: SigningOrder, evse: EVSEID) {}
    /// No vehicle plans.
    package func offer(_ offer: ScheduleOffer, evse: EVSEID) {}
}

/// Why records were not written.
package struct StoreFailure: Error {
    package let reason: String
    package init(reason: String) { self.reason = reason }
}
