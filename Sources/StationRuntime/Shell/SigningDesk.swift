package import EVSEModel
import Synchronization

/// What each EVSE's meter shall sign: the core's thread lays it down, drivers' tasks look at it. It
/// holds one order for each, the newest.
package final class SigningDesk: Sendable {
    private let orders = Mutex([EVSEID: SigningOrder]())

    package init() {}

    func put(_ order: SigningOrder, evse: EVSEID) { orders.withLock { $0[evse] = order } }

    /// `nil` before the core has said anything.
    package subscript(evse: EVSEID) -> SigningOrder? { orders.withLock { $0[evse] } }
}
