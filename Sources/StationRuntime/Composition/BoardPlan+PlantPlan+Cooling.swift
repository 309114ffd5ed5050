import BoardFile
import DriverKit
import EVSEModel
import Plant

/// What of a board's simulated hardware cools.
extension BoardPlan {
    /// A pump with its contacts, a fan, a sensor of what they cool.
    func addCooling(_ device: BoardDevice, to plant: inout PlantPlan) {
        let isShared = device.assignments.contains { $0.evse == nil }
        for evse in evses
        where device.serves(evse.id) || isShared && evse.id.index == 0 && device.place != nil {
            let number = Int(evse.id.number)
            if device.plugin.name == "gpio-cooling" {
                plant.directCurrent.coolers.append(cooler(device, number))
            }
            guard let place = device.place,
                let channel = self.number(device.configuration.line("channel"))
            else { continue }
            plant.directCurrent.coolingSensors.append(
                .init(
                    evse: number, isInCoolant: place == .coolantTemperature,
                    sensor: .init(
                        device: device.id.name, sensor: sensor(channel, device.configuration))))
        }
    }

    private func cooler(_ device: BoardDevice, _ evse: Int) -> PlantPlan.Cooler {
        let keys = device.configuration
        var cooler = PlantPlan.Cooler(device: device.id.name, evse: evse)
        cooler.pump = line(keys.line("pump-line"))
        cooler.flow = line(keys.line("flow-line"))
        if let channel = number(keys.line("flow-channel")) {
            let least = Double(keys.number("flow-minimum")) * 1000
            cooler.meter = .init(channel, atZero: 0, perUnit: least)
        }
        cooler.pressure = line(keys.line("pressure-line"))
        cooler.level = line(keys.line("level-line"))
        cooler.fan = line(keys.line("fan-line"))
        cooler.turning = line(keys.line("fan-feedback-line"))
        return cooler
    }
}

extension BoardDevice {
    /// Where an `iio-temperature` that is no contact's measures.
    var place: Role? {
        guard plugin.name == "iio-temperature" else { return nil }
        switch configuration.text("measures") {
        case "enclosure": return .enclosureTemperature
        case "coolant": return .coolantTemperature
        default: return nil
        }
    }
}
