public import EVSEModel

/// A driver of vehicle communication that carries schedules between station and vehicle.
///
/// The station gives it the newest offer with ``offer(_:)`` and polls it as any driver. What every such
/// driver keeps to:
///
/// - An offer is a state, not an event: it may come again, and may be the vehicle's already.
/// - One of another session than the vehicle's is kept from it.
/// - A plan is published once for each offer that the vehicle has taken, with its host.
/// - Schedules bind nobody but the vehicle: what it may have now is told with every command.
public protocol SchedulingDriver: BusDriver {
    /// Takes the newest offer, without I/O: the next polls carry it out.
    func offer(_ offer: ScheduleOffer) async
}
