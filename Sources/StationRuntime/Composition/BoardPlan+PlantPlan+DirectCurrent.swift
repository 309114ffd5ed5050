import BoardFile
import DriverKit
import EVSEModel
import Plant

/// What a board's simulated hardware of direct current is.
extension BoardPlan {
    /// Sources, busbars and links; devices that are on wires of their own follow one by one.
    func addDirectCurrent(to plant: inout PlantPlan) {
        guard hasDirectCurrent else { return }
        plant.directCurrent.groups = power.groups.map {
            .init(evse: $0.feeds.map { Int($0.number) } ?? 0)
        }
        plant.directCurrent.sources = power.sources.map(simulated)
        plant.directCurrent.links = power.groups.indices.flatMap(links)
        for device in devices { addVehicleCommunication(device, to: &plant) }
        for device in devices { addInsulationMonitor(device, to: &plant) }
        for device in devices { addCabinet(device, to: &plant) }
        for device in devices { addCooling(device, to: &plant) }
    }

    // MARK: Outlets

    /// The busbar of an EVSE, and what senses it.
    func simulatedOutlet(_ evse: BoardEVSE) -> PlantPlan.DCOutlet? {
        guard evse.direct != nil else { return nil }
        var outlet = PlantPlan.DCOutlet()
        outlet.busVoltage = evse.devices[.busVoltage]?.first.flatMap(sensor)
        outlet.current = evse.devices[.outputCurrent]?.first.flatMap(sensor)
        return outlet
    }

    /// A connector's cable, its contactors and what senses it.
    func simulatedPlug(_ connector: BoardConnector) -> PlantPlan.DCPlug? {
        guard let direct = connector.direct else { return nil }
        let contactor = connector.devices[.contactor]?.first.flatMap { device($0) }
        var plug = PlantPlan.DCPlug(contactor: contactor.flatMap(simulatedContactor))
        plug.maximumCurrent = direct.maximumCurrent
        plug.outputVoltage = connector.devices[.outputVoltage]?.first.flatMap(sensor)
        return plug
    }

    /// Of `gpio-contactor`, whatever it switches.
    func simulatedContactor(_ device: BoardDevice) -> PlantPlan.Contactor? {
        let keys = device.configuration
        guard device.plugin.name == "gpio-contactor", let coil = line(keys.line("coil-line")) else {
            return nil
        }
        var contactor = PlantPlan.Contactor(device: device.id.name, coil: coil)
        contactor.mirror = line(keys.line("feedback-line"))
        contactor.mirrorKind =
            keys.text("feedback-kind") == "normally-open" ? .normallyOpen : .normallyClosed
        return contactor
    }

    /// Of `iio-voltage`. Volts or amperes = scale x (converter volts - zero); the plant wants the inverse.
    private func sensor(_ id: DeviceID) -> PlantPlan.Sensor? {
        guard let device = device(id), device.plugin.name == "iio-voltage",
            let channel = number(device.configuration.line("channel"))
        else { return nil }
        let scale = Double(device.configuration.number("scale")) / 1_000_000
        guard scale != 0 else { return nil }
        let zero = Double(device.configuration.number("zero")) * 1000
        return PlantPlan.Sensor(
            device: id.name, channel: .init(channel, atZero: zero, perUnit: 1_000_000 / scale))
    }

    // MARK: Power sources

    private func simulated(_ source: BoardSource) -> PlantPlan.PowerSource {
        let device = device(source.device)
        let keys = device?.configuration
        // A module's own address, or the cabinet's outlet.
        let unit =
            source.isCabinet
            ? Int(max(1, keys?.number("first-connector") ?? 1)) + source.outlet
            : Int(keys?.number("address") ?? 0)
        var model = keys?.text("model") ?? ""
        if source.isCabinet || model.isEmpty { model = device?.plugin.name.text ?? "" }
        var result = PlantPlan.PowerSource(
            device: source.device.name, bus: device?.bus ?? "", unit: unit, model: model,
            group: source.group)
        guard let rating = rating(of: source) else { return result }
        result.rating.maximumPower = rating.power.double
        if let voltage = rating.maximumVoltage { result.rating.maximumVoltage = voltage.double }
        if let voltage = rating.minimumVoltage { result.rating.minimumVoltage = voltage.double }
        if let current = rating.maximumCurrent { result.rating.maximumCurrent = current.double }
        return result
    }

    private func links(ofGroup index: Int) -> [PlantPlan.PowerLink] {
        power.groups[index].links.sorted { $0.key < $1.key }.compactMap { evse, id in
            guard let contactor = device(id).flatMap(simulatedContactor) else { return nil }
            return PlantPlan.PowerLink(
                group: index, evse: Int(evse.number), contactor: contactor)
        }
    }

    // MARK: Devices on wires

    private func addVehicleCommunication(_ device: BoardDevice, to plant: inout PlantPlan) {
        guard device.plugin.name == "serial-vehicle-communication", let bus = device.bus,
            let evse = device.evse
        else { return }
        plant.directCurrent.vehicleLinks.append(
            .init(
                device: device.id.name, bus: bus, evse: Int(evse.number),
                connectors: Int(max(1, device.configuration.number("connectors")))))
    }

    private func addInsulationMonitor(_ device: BoardDevice, to plant: inout PlantPlan) {
        guard device.plugin.name == "modbus-insulation-monitor", let bus = device.bus,
            let evse = device.evse
        else { return }
        plant.directCurrent.insulationMonitors.append(
            .init(
                device: device.id.name, bus: bus, unit: Int(device.configuration.number("address")),
                model: device.configuration.text("model"), evse: Int(evse.number)))
    }

    /// A cabinet's outlets are stages of the world, in the order of its own numbers.
    private func addCabinet(_ device: BoardDevice, to plant: inout PlantPlan) {
        let kinds: [PluginName: PlantPlan.Cabinet.Kind] = [
            "fusion-charge-cabinet": .fusionCharge, "modbus-power-cabinet": .modbus,
        ]
        guard let kind = kinds[device.plugin.name], let bus = device.bus,
            !device.powerSources.isEmpty
        else { return }
        var cabinet = PlantPlan.Cabinet(
            device: device.id.name, bus: bus, kind: kind, stages: device.powerSources)
        if device.configuration.has("address") {
            cabinet.unit = Int(device.configuration.number("address"))
        }
        if kind == .fusionCharge, device.configuration.has("tls-roots") {
            cabinet.security =
                device.configuration.has("tls-certificate") ? .mutualTLS : .tls
        }
        plant.cabinets.append(cabinet)
    }
}
