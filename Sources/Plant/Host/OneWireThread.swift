import CRealtime
import Foundation
import Synchronization

/// Shows the sensors of one 1-Wire line as the kernel does: a folder each, with the file `w1_slave`,
/// written anew four times a second.
final class OneWireThread: Sendable {
    private let folder: String
    private let bus: String
    private let host: PlantHost
    private let stopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    private static let interval: Int64 = 250_000_000

    init(_ bus: PlantPlan.SerialBus, folder: String, host: PlantHost) {
        self.bus = bus.name
        self.folder = folder
        self.host = host
    }

    func start() {
        show()
        let thread = Thread { [self] in
            while !stopping.load(ordering: .relaxed) {
                forecourt_sleep_until(forecourt_monotonic_nanoseconds() + Self.interval)
                show()
            }
            ended.signal()
        }
        thread.name = "plant-\(bus)"
        thread.start()
    }

    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        ended.wait()
    }

    private func show() {
        let sensors = host.with { world in
            let isPulled = world.faultsByDevice[bus]?.has(.absent) == true
            return world.evses.flatMap(\.connectors).flatMap { connector in
                zip(connector.temperatures, connector.temperatureFaults).compactMap {
                    heat, faults -> (name: String, text: String?)? in
                    guard case .oneWire(let part) = heat.plan.sensor, part.bus == bus else {
                        return nil
                    }
                    return (
                        part.name, isPulled ? nil : DS18B20.text(celsius: heat.celsius, faults)
                    )
                }
            }
        }
        for sensor in sensors { write(sensor.text, to: "\(folder)/\(sensor.name)") }
    }

    private func write(_ text: String?, to sensor: String) {
        guard let text else {
            try? FileManager.default.removeItem(atPath: sensor)
            return
        }
        try? FileManager.default.createDirectory(
            atPath: sensor, withIntermediateDirectories: true)
        // Under its name at once and whole.
        try? Data(text.utf8).write(
            to: URL(fileURLWithPath: sensor + "/w1_slave"), options: .atomic)
    }
}
