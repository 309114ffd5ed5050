import BoardFile
import DriverKit
import EVSEModel
import Plant
import StationRuntime

// What the board says of devices that are watched.
extension SimulatedStation {
    /// - Returns: `nil` where an EVSE has no safety controller.
    func watch(safetyControllerOf place: Int) -> SafetyWatch? {
        guard let plan = world.evses[place].safety?.plan,
            let device = laboratory.composition.board.devices.first(where: {
                $0.id.name == plan.device
            })
        else { return nil }
        return SafetyWatch(
            place, device: plan.device,
            silence: device.configuration.quantity("silence-limit"),
            maximumAge: evsePlans[place].controllerMaxAge)
    }

    /// Meters that sign, with their EVSEs and their indices among the plant's.
    var signingMeters: [(evse: EVSEID, meter: Int, isRequired: Bool)] {
        laboratory.composition.board.devices.compactMap { device in
            let features = device.plugin.features(of: device.configuration)
            guard features.contains(.signedRecords), let evse = device.evse,
                let meter = world.meters.firstIndex(where: { $0.plan.device == device.id.name })
            else { return nil }
            return (evse, meter, features.contains(.signingRequired))
        }
    }

    /// Nothing in the plant keeps the contactor of an EVSE from opening.
    func contactorIsHealthy(_ place: Int) -> Bool {
        guard let device = world.evses[place].contactor?.plan.device else { return false }
        return world.faultsByDevice[device]?.isEmpty ?? true
    }
}

extension StationComposition {
    /// Names of meters that sign.
    var signingMeters: [String] {
        board.devices.filter {
            $0.plugin.features(of: $0.configuration).contains(.signedRecords)
        }.map(\.id.name)
    }
}
