import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import FusionChargeCabinet
import Plant

/// The driver and the simulated cabinet at their sockets. The driver's time is the test's and follows the machine's, since
/// the far end has that.
final class DriverRig: Sendable {
    let bench: ResistorBench
    let cabinet: CabinetThread
    let clock = ManualClock()
    let bus: ModbusBus
    let host: RecordingHost
    let driver: any BusDriver

    /// - Parameters:
    ///   - cabinet: one that serves already; `nil` makes one.
    ///   - place: where the driver looks for it; `nil`: where it is.
    init(
        outlets: Int = 1, at cabinet: (CabinetThread, ResistorBench)? = nil,
        place: SocketSettings? = nil, firstConnector: Int64 = 1,
        _ configuration: [String: ConfigurationValue] = [:]
    ) throws {
        let clock = clock
        (self.cabinet, bench) = try cabinet ?? Self.cabinet(outlets: max(2, outlets))
        bus = ModbusBus(
            name: "cabinet",
            endpoint: .tcp(
                place ?? SocketSettings(host: "127.0.0.1", port: self.cabinet.port)))
        host = RecordingHost("cabinet-1", bus: bus) { clock.now }
        host.setSourceCount(outlets)
        let values: [String: ConfigurationValue] = [
            "power-channel": .text("udp"), "first-connector": .number(firstConnector),
            "connector-type": .text("ccs1"), "signed": .boolean(true),
            "silence-limit": .number(3000), "max-age": .number(1000),
            "maximum-current": .number(500_000), "maximum-power": .number(480_000_000),
            "software-version": .text("test"), "protocol-version": .number(1),
        ]
        driver = try FusionChargeCabinetPlugin.make(
            Configuration(device: "cabinet-1", values: values.merging(configuration) { $1 }),
            host: host)
    }

    /// A cabinet that serves, with a resistor at each outlet.
    static func cabinet(
        outlets: Int = 2, interface: String? = nil, tls: CabinetTLS? = nil, file: String? = nil
    ) throws -> (CabinetThread, ResistorBench) {
        let bench = ResistorBench(
            outlets: outlets, rating: .init(), load: 10,
            clock: { MonotonicClock.now().nanoseconds })
        let cabinet = try CabinetThread(
            FusionCabinet(outlets: outlets), owner: bench, interface: interface, tls: tls,
            file: file)
        cabinet.start()
        return (cabinet, bench)
    }

    func start() async throws {
        try await driver.configure()
        try await driver.activate()
    }
    /// Polls until it holds.
    func poll(until holds: () -> Bool) async -> Bool {
        let end = MonotonicClock.now() + .seconds(20)
        var last = MonotonicClock.now()
        while MonotonicClock.now() < end {
            let pause = await driver.poll()
            if holds() { return true }
            try? await Task.sleep(for: .milliseconds(min(5, pause.count)))
            let now = MonotonicClock.now()
            clock.advance(by: now - last)
            last = last + (now - last)
        }
        return false
    }
    func end() async {
        await driver.deactivate()
        await driver.cleanup()
        await bus.close()
    }
    /// Plugged in, reserved, and at the given set point.
    func charge(_ voltage: Int32 = 400, _ current: Int32 = 30) async -> Bool {
        guard await poll(until: { host.sourceSamples().last?.isReady == true }) else {
            return false
        }
        host.setOutlet { $0.isPlugged = true }
        guard await poll(until: { cabinet.with { $0.outlets[0].requirement == 1 } }) else {
            return false
        }
        host.tellSource {
            $0.isOn = true
            $0.purpose = .transfer
            $0.voltage = Volts(voltage)
            $0.current = Amperes(current)
        }
        host.setOutlet { $0.phase = .transfer }
        return await poll(until: { (bench.stages.first?.voltage ?? 0) > 250 })
    }
}
