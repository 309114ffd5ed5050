package import EVSEModel
import Synchronization

/// What vehicles are offered: the core's thread lays it down, drivers' tasks look at it. It holds one offer
/// for each EVSE, the newest.
package final class ScheduleDesk: Sendable {
    private let offers = Mutex([EVSEID: ScheduleOffer]())

    package init() {}

    func put(_ offer: ScheduleOffer, evse: EVSEID) { offers.withLock { $0[evse] = offer } }

    /// `nil` before the core has said anything.
    package subscript(evse: EVSEID) -> ScheduleOffer? { offers.withLock { $0[evse] } }
}
