import DriverKit
import EVSEModel
import SharedImage
import Synchronization

/// What drivers of vehicle communication, insulation monitors, power modules and cabinets see of the station.
///
/// Samples go to the loop through the shared image, commands come from there. Without a loop a command's time
/// is zero, which is older than any command may be.
extension DeviceHost {
    func publish(_ sample: VehicleSample) {
        if let evse { image.publish(sample, evse: evse) }
    }

    var vehicleCommand: VehicleCommand {
        guard let evse, let dc = image.dc() else { return VehicleCommand() }
        return dc.vehicleCommands[evse.index]
    }

    /// A power module that can measure the insulation does so for the loop where the board names it for that.
    func publish(_ sample: InsulationSample) {
        if let evse, isInsulationMonitor { image.publish(sample, evse: evse) }
    }

    var insulationCommand: InsulationCommand {
        guard let evse, isInsulationMonitor, let dc = image.dc() else {
            return InsulationCommand()
        }
        return dc.insulationCommands[evse.index]
    }

    var sourceCount: Int { sources.count }

    func publish(_ sample: PowerSourceSample, source: Int) {
        guard sources.indices.contains(source) else { return }
        image.publish(sample, source: sources[source])
    }

    func sourceCommand(_ source: Int) -> PowerSourceCommand {
        guard let number = number(source), let dc = image.dc() else { return PowerSourceCommand() }
        return dc.sourceCommands[number]
    }

    func outletReading(_ source: Int) -> OutletReading {
        guard let number = number(source), let dc = image.dc() else { return OutletReading() }
        let now = dc.sourceCommands[number].evse
        let outlet = fed.withLock { fed in
            if Int(now) < StationBounds.evses { fed[source] = now }
            return Int(fed[source])
        }
        if outlet < StationBounds.evses { return dc.outlets[outlet] }
        return evse.map { dc.outlets[$0.index] } ?? OutletReading()
    }

    /// A source's number in the image; `nil` where the device has none such.
    private func number(_ source: Int) -> Int? {
        guard sources.indices.contains(source),
            (0..<StationBounds.powerSources).contains(sources[source])
        else { return nil }
        return sources[source]
    }
}
