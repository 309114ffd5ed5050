import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import ModbusEnergyMeter
import Plant
import PlantTestBench
import Synchronization

/// A simulated meter of the plant on a line of the test's, and the driver at its other end.
///
/// The driver's clock stands still between polls, and the meter is told what it sees; the bus's is real.
final class PlantBench: EnergyMeterConformance.FaultyRig {
    static let replyTimeout = Milliseconds(60)

    let line: SimulatedLine<ModbusLine>
    let bus: ModbusBus
    let clock = ManualClock()
    let host: RecordingHost
    let meter: any BusDriver
    private let configuration: Configuration
    private let model: String
    private let voltage = 230.0
    private let currents: [Double]
    private let wattHours = Mutex(1000.0)

    /// - Parameters:
    ///   - model: the plant's meter; one of three phases carries other currents on each.
    ///   - driven: the driver's model, where it is not the same.
    init(_ model: String, driven: String? = nil, signing: String = "off") throws {
        self.model = model
        let phases = try MeterModels.load(model).phases
        currents = Array([16.0, 15.0, 14.0].prefix(phases))
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        plan.buses = [.init(name: "meters", baud: 19_200)]
        plan.meters = [.init(device: "meter-1", bus: "meters", unit: 1, model: model, evse: 1)]
        line = try SimulatedLine(plan, ModbusLine(plan.buses[0], plan: plan), clock: clock)
        bus = ModbusBus(
            name: "meters", serial: SerialSettings(path: line.terminal.path, baud: 115_200),
            settings: ModbusSettings(replyTimeout: Self.replyTimeout, retries: 0))
        let clock = clock
        host = RecordingHost("meter-1", bus: bus) { clock.now }
        configuration = Configuration(
            device: "meter-1",
            values: [
                "address": .number(1), "model": .text(driven ?? model),
                "poll-period": .number(1000), "max-age": .number(5000),
                "signing": .text(signing),
            ])
        meter = try ModbusEnergyMeterPlugin.make(configuration, host: host)
        feed()
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(meter, host: host) { [self] time in await pass(time) }
    }

    /// The clock goes on, and the meter counts what flows.
    private func pass(_ time: Milliseconds) async {
        clock.advance(by: time)
        let watts = power
        wattHours.withLock { $0 += watts * Double(time.count) / 3_600_000 }
        feed()
        // The bus lets a unit that was dead rest, in real time.
        if bus.health(of: 1).isDead { try? await Task.sleep(for: .milliseconds(20)) }
    }

    private var power: Double {
        currents.reduce(0, +) * voltage * (model == "djsf1352-rn" ? 1 : 0.995)
    }

    func end() async {
        await meter.cleanup()
        await bus.close()
        line.end()
    }

    // MARK: What the suite asks for

    var truth: EnergyMeterConformance.MeterTruth {
        // Between the phases where the meter knows nothing else.
        let isDelta = model == "sunspec-204" || model == "sunspec-214"
        return .init(
            voltage: isDelta ? voltage * 1.7320508 : voltage, current: currents[0],
            power: power,
            energy: wattHours.withLock { $0 },
            // Carlo Gavazzi's energies count in 100 Wh.
            energyStep: ["em340", "em24", "em24-e1"].contains(model) ? 50 : 1)
    }

    func count(_ energy: WattHours) async {
        wattHours.withLock { $0 = energy.double }
        feed()
    }

    func answer(_ isAnswering: Bool) async { await suffer(isAnswering ? nil : .silent) }

    func suffer(_ fault: MeterBusFault?) async {
        line.clear()
        if let fault { line.raise(Self.name(fault), Self.value(fault), of: "meter-1") }
    }

    /// The plant's name for it.
    static func name(_ fault: MeterBusFault) -> String {
        switch fault {
        case .late: "slow"
        case .exception1, .exception2, .exception3, .exception4, .exception6: "exception"
        default: fault.rawValue
        }
    }

    static func value(_ fault: MeterBusFault) -> Double? {
        switch fault {
        case .late: Double(replyTimeout.count) * 1.8
        case .exception1: 1
        case .exception2: 2
        case .exception3: 3
        case .exception4: 4
        case .exception6: 6
        case .split: 5
        case .rollover: 0.5
        default: nil
        }
    }

    // MARK: Signing

    /// A driver that knows nothing of what the first one did.
    func anotherDriver() throws -> any SigningMeterDriver {
        let driver = try ModbusEnergyMeterPlugin.make(configuration, host: host)
        guard let signer = driver as? any SigningMeterDriver else {
            throw DriverError(.configuration, device: "meter-1", "it signs nothing", remedy: "")
        }
        return signer
    }

    func raise(_ fault: String) { line.raise(fault, of: "meter-1") }
    /// The bus lets a unit that was dead rest, in real time.
    func rest() async {
        if bus.health(of: 1).isDead { try? await Task.sleep(for: .milliseconds(20)) }
    }
    func clearFaults() { line.clear() }

    // MARK: The far end

    private func feed() {
        let energy = wattHours.withLock { $0 }
        line.world {
            $0.feed("meter-1", voltage: voltage, currents: currents, wattHours: energy)
        }
    }

}
