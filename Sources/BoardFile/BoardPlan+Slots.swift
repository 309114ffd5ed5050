import DriverKit
package import EVSEModel

/// A cyclic driver in the loop: which device, for which EVSE and connector.
package struct BoardSlot: Hashable, Sendable {
    package var device: DeviceID
    /// Zero-based indices into the process image.
    package var evse: Int
    /// Of a link: the group that it connects instead.
    package var connector: Int
}

extension BoardPlan {
    /// The loop's drivers, in the order of EVSEs and connectors: a device with several jobs at one
    /// place is one driver; one that the whole station shares reads into every EVSE.
    package var slots: [BoardSlot] {
        var slots = [BoardSlot]()
        for evse in evses {
            let assigned = devices.filter { device in
                device.isCyclic && device.assignments.contains { $0.evse == evse.id }
            }
            for device in assigned {
                let connector = device.assignments.compactMap(\.connector).first
                let place = connector?.index ?? power.group(ofLink: device.id) ?? 0
                slots.append(
                    BoardSlot(device: device.id, evse: evse.id.index, connector: place))
            }
            for device in devices where device.isCyclic && isShared(device, by: evse) {
                slots.append(BoardSlot(device: device.id, evse: evse.id.index, connector: 0))
            }
        }
        return slots
    }

    /// An indicator that the station shares can show one EVSE only, the first.
    private func isShared(_ device: BoardDevice, by evse: BoardEVSE) -> Bool {
        device.assignments.contains {
            $0.evse == nil && ($0.role != .indicator || evse.id.index == 0)
        }
    }
}
