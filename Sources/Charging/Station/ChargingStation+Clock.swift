package import EVSEModel

extension ChargingStation {
    /// The wall time at an instant of this boot; `nil` while unknown.
    package func currentTime(at instant: Instant) -> UnixTime? {
        wallTime(of: EventTime(run: 0, instant: instant))
    }
}
