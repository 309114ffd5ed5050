import BoardFile
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import LoopRuntime

/// The meter against a load that somebody knows: right phase, right sign, right scale.
extension Bringup {
    func walkMeter(_ evse: BoardEVSE) async throws {
        guard let meter = evse.devices[.meter]?.first.flatMap({ board.device($0) }),
            let contactor = evse.devices[.contactor]?.first.flatMap({ board.device($0) }),
            contactor.isCyclic
        else { return }
        let title = "\(meter.id) against a load"
        try begin(
            title, "a load of known power at EVSE \(evse.id); the contactor closes for five seconds"
        )
        guard let load = dialogue.number("the load's power in W"), load > 0 else {
            return report.add(title, .skipped)
        }
        guard try mayMove(title, "This energises the outlet of EVSE \(evse.id)") else { return }
        let readings: [Double]
        do {
            readings = try await energised(contactor) { try await self.power(of: meter) }
        } catch {
            dialogue.say("   \(error)")
            return report.add(title, .failed, ["\(error)"])
        }
        guard let last = readings.last else {
            return report.add(title, .failed, ["the meter gives no power"])
        }
        let note = "\(Int(last.rounded())) W measured, \(Int(load.rounded())) W said"
        dialogue.say("   \(note)")
        // Chosen: the person's word and a heater's tolerance, not the meter's class.
        report.add(title, abs(last - load) <= max(50, load / 10) ? .passed : .failed, [note])
    }

    /// Runs the body five times, a second apart, with the contactor closed; it is open afterwards.
    private func energised(
        _ contactor: BoardDevice, _ body: () async throws -> Double?
    ) async throws -> [Double] {
        let probe = try bench.lines(of: contactor)
        defer { probe.release() }
        try probe.set("coil-line=on")
        var readings = [Double]()
        for _ in 0..<5 where !Interruption.isRequested {
            await Interruption.sleep(seconds: 1)
            if let reading = try await body() { readings.append(reading) }
        }
        return readings
    }

    /// The meter's total active power in watts, or the sum of its phases; `nil` where it gives none.
    private func power(of device: BoardDevice) async throws -> Double? {
        let driver = try bench.driver(of: device)
        let values = try await driver.probe().values
        await driver.cleanup()
        _ = bench.wires.take()
        func watts(_ value: ProbeReport.Value) -> Double? {
            value.text.hasSuffix(" W") ? Double(value.text.dropLast(2)) : nil
        }
        if let total = values.first(where: { $0.name == "total-power" }) {
            return watts(total)
        }
        let phases = values.filter { $0.name.hasPrefix("power L") }.compactMap(watts)
        return phases.isEmpty ? nil : phases.reduce(0, +)
    }
}
