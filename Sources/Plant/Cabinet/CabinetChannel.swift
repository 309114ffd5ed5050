/// What a cabinet's wire heard for one of its outlets, for whoever looks at the plant.
package struct CabinetChannel: Hashable, Sendable {
    /// What the last order was for.
    package enum Purpose: String, Hashable, Sendable, CaseIterable {
        case none, reserve, cableCheck, preCharge, transfer
    }
    /// A dispenser speaks for it now.
    package var isServed = false
    package var purpose = Purpose.none
    /// Orders that came since the plant began, and those that are missing in their numbering.
    package var orders = 0
    package var lost = 0
    /// It is off for want of a heartbeat; cabinets with a fallback of their own only.
    package var hasFallenBack = false
    package init() {}
}

extension FusionCabinet {
    /// Its outlets as whoever looks at the plant sees them.
    package var channels: [CabinetChannel] {
        outlets.map { outlet in
            var channel = CabinetChannel()
            channel.isServed = outlet.dispenser != nil
            channel.purpose =
                switch outlet.requirement {
                case 1: .reserve
                case 2, 3: .cableCheck
                case 4: .preCharge
                case 5: .transfer
                default: .none
                }
            channel.orders = outlet.frames
            channel.lost = outlet.lostFrames
            return channel
        }
    }
}

extension SimpleCabinet {
    /// Its outlets as whoever looks at the plant sees them.
    package var channels: [CabinetChannel] {
        outlets.map { outlet in
            var channel = CabinetChannel()
            channel.isServed = hearsStation
            channel.purpose =
                switch outlet.purpose {
                case 1: .reserve
                case 2: .cableCheck
                case 3: .preCharge
                case 4: .transfer
                default: .none
                }
            channel.orders = outlet.orders
            channel.hasFallenBack = outlet.hasFallenBack
            return channel
        }
    }
}
