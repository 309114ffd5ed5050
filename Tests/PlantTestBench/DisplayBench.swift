package import DriverKit
package import DriverTestKit
package import EVSEModel
import FieldBus
import Foundation
package import Plant

/// A display's driver at the wire of the plant's panel. The driver's clock is the test's; the line has
/// its own pace.
package final class DisplayBench<Display: DisplayDriver>: DisplayConformance.Rig {
    package static var device: DeviceID { "display-1" }
    package let plant: RunningPlant
    package let clock = ManualClock()
    package let host: RecordingHost
    package let display: Display
    /// What the suite breaks so that the panel answers nothing.
    private let muteFault: String?
    private let folder: String

    /// - Parameters:
    ///   - muteFault: a fault of the panel, as the rig names it; `nil` where it never says anything.
    ///   - panel: the plant's panel.
    ///   - serialBus: the line that it is on; `nil`: lines of the chip.
    ///   - bus: the driver's end of that line, given the folder of the wires.
    package init(
        _ panel: PlantPlan.Display, on serialBus: PlantPlan.SerialBus?, muteFault: String?,
        bus: (_ wires: String) throws -> any Sendable, driver: (RecordingHost) throws -> Display
    ) throws {
        folder = NSTemporaryDirectory() + "/panel-\(UUID().uuidString.prefix(8))"
        self.muteFault = muteFault
        var plan = PlantPlan(
            board: "bench", wires: folder + "/wires", registers: folder + "/registers")
        plan.buses = serialBus.map { [$0] } ?? []
        plan.displays = [panel]
        plant = try RunningPlant(plan)
        let clock = clock
        host = RecordingHost(Self.device, bus: try bus(folder + "/wires")) { clock.now }
        display = try driver(host)
    }

    package func end() async {
        await display.cleanup()
        (host.bus as? I2CBus)?.close()
        (host.bus as? GPIOBus)?.close()
        plant.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: The panel

    package var lines: [String] { plant.host.with { $0.displays[0].lines } }
    package func raise(_ fault: String, _ value: Double? = nil, count: Int? = nil) {
        var request = FaultRequest(device: Self.device.name, fault: fault)
        request.value = value
        request.count = count
        _ = try? plant.host.act { [request] world throws(PlantRefusal) in
            try world.raise(request)
        }
    }
    /// A finger on the key of an outlet.
    package func touch(_ outlet: Int) throws {
        try plant.host.act { world throws(PlantRefusal) in
            try world.touch(Self.device.name, outlet: outlet)
        }
    }
    package func clear() {
        _ = try? plant.host.act { world throws(PlantRefusal) in world.clearAll() }
    }
    /// Real time for the plant to notice something by itself, five seconds at most.
    package func settle(until condition: () -> Bool) {
        let end = PlantHost.now() + .seconds(5)
        while !condition(), PlantHost.now() < end { usleep(5000) }
    }

    package func shown() async -> [String] { lines }
    package func answer(_ isAnswering: Bool) async {
        if isAnswering { clear() } else if let muteFault { raise(muteFault) }
    }
    package func restart() async {
        raise("rebooted")
        settle { lines.isEmpty }
        clear()
    }

    // MARK: The driver

    package func polls(_ count: Int) async {
        for _ in 0..<count { clock.advance(by: await display.poll()) }
    }
    /// Polls until the panel shows it, forty times at most: how many an update takes is the machine's affair.
    package func polls(until isShown: ([String]) -> Bool) async {
        for _ in 0..<40 where !isShown(lines) { await polls(1) }
    }

    package static func content(_ state: DisplayContent.State) -> DisplayContent {
        DisplayContent(evses: [.init(EVSEID(index: 0), state)])
    }

    /// - Returns: what the driver did against the contract of all displays.
    package func violations(
        recovery: Milliseconds = DisplayPromise.lossIsToldWithin
    ) async -> [String] {
        let test = DriverUnderTest(display, host: host) { self.clock.advance(by: $0) }
        return await DisplayConformance.violations(
            of: test, at: self, answers: muteFault != nil, recovery: recovery)
    }

    /// The panel is unplugged while it shows something, and plugged in again after its content changed.
    /// - Returns: what went wrong.
    package func unplugging(shows text: String, of content: DisplayContent) async throws -> [String]
    {
        var problems = [String]()
        try await display.activate()
        await display.show(Self.content(.charging))
        await polls(2)
        raise("absent")
        settle { lines.isEmpty }
        if !lines.isEmpty { problems.append("without power it shows \(lines)") }
        await display.show(content)
        await polls(60)
        if host.faults[.displayLost] == nil { problems.append("its loss is not told") }
        clear()
        // The plant makes the port anew in its own time.
        for _ in 0..<100 where host.faults[.displayLost] != nil {
            await polls(4)
            usleep(50_000)
        }
        await polls(4)
        if !host.faults.isEmpty { problems.append("back, and still \(host.faults)") }
        let isRead = lines.contains { $0.trimmingCharacters(in: .whitespaces) == text }
        if !isRead { problems.append("back it shows \(lines)") }
        return problems
    }
}
