package import EVSEModel

extension ChargingStation {
    /// The wall time at an instant of this boot; `nil` while unknown.
    package func currentTime(at instant: Instant) -> UnixTime? { clock.now(instant) }
    /// An instant of this boot, for a record.
    package func eventTime(at instant: Instant) -> EventTime { clock.event(at: instant) }
}
