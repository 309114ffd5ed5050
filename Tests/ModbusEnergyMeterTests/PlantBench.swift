import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import ModbusEnergyMeter
import Plant
import Synchronization

/// A simulated meter of the plant on a line of the test's, and the driver at its other end.
///
/// The line has no pace: a reply comes at once unless a fault makes it late. The driver's clock stands
/// still between polls; the bus's is real.
final class PlantBench: EnergyMeterConformance.FaultyRig {
    static let replyTimeout = Milliseconds(60)

    let line: PseudoTerminal
    let bus: ModbusBus
    let clock = ManualClock()
    let host: RecordingHost
    let meter: any BusDriver
    private let configuration: Configuration
    private let model: String
    private let voltage = 230.0
    private let currents: [Double]
    private struct Far {
        var world: PlantWorld
        var device: ModbusLine
        var wattHours = 1000.0
        var isEnded = false
    }
    private let far: Mutex<Far>

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
        far = Mutex(
            Far(
                world: PlantWorld(plan, at: .zero),
                device: ModbusLine(plan.buses[0], plan: plan)))
        line = try PseudoTerminal()
        bus = ModbusBus(
            name: "meters", serial: SerialSettings(path: line.path, baud: 115_200),
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
        Thread.detachNewThread { [self] in serve() }
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(meter, host: host) { [self] time in await pass(time) }
    }

    /// The clock goes on, and the meter counts what flows.
    private func pass(_ time: Milliseconds) async {
        clock.advance(by: time)
        let watts = power
        far.withLock { $0.wattHours += watts * Double(time.count) / 3_600_000 }
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
        far.withLock { $0.isEnded = true }
    }

    // MARK: What the suite asks for

    var truth: EnergyMeterConformance.MeterTruth {
        // Between the phases where the meter knows nothing else.
        let isDelta = model == "sunspec-204" || model == "sunspec-214"
        return .init(
            voltage: isDelta ? voltage * 1.7320508 : voltage, current: currents[0],
            power: power,
            energy: far.withLock { $0.wattHours },
            // Carlo Gavazzi's energies count in 100 Wh.
            energyStep: ["em340", "em24", "em24-e1"].contains(model) ? 50 : 1)
    }

    func count(_ energy: WattHours) async {
        far.withLock { $0.wattHours = energy.double }
        feed()
    }

    func answer(_ isAnswering: Bool) async { await suffer(isAnswering ? nil : .silent) }

    func suffer(_ fault: MeterBusFault?) async {
        far.withLock { far in
            _ = far.world.clearAll()
            guard let fault else { return }
            var request = FaultRequest(device: "meter-1", fault: Self.name(fault))
            request.value = Self.value(fault)
            _ = try? far.world.raise(request)
        }
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

    func raise(_ fault: String) {
        far.withLock {
            _ = try? $0.world.raise(FaultRequest(device: "meter-1", fault: fault))
        }
    }
    /// The bus lets a unit that was dead rest, in real time.
    func rest() async {
        if bus.health(of: 1).isDead { try? await Task.sleep(for: .milliseconds(20)) }
    }
    func clearFaults() { far.withLock { _ = $0.world.clearAll() } }

    // MARK: The far end

    private func feed() {
        far.withLock { far in
            far.world.feed(
                "meter-1", voltage: voltage, currents: currents, wattHours: far.wattHours)
        }
    }

    private func serve() {
        var now: Int64 = 0
        while !far.withLock({ $0.isEnded }) {
            let bytes = line.receive(milliseconds: 20)
            guard !bytes.isEmpty else { continue }
            // The silence after a frame has passed whenever bytes come: the master sends whole frames.
            now += 1_000_000_000
            let transmissions = far.withLock { far in
                far.device.receive(bytes, at: now, world: &far.world)
                let heard = far.device.deadline ?? now
                return far.device.transmissions(at: heard, world: &far.world)
            }
            var last: Int64?
            for transmission in transmissions {
                // Turn-around and the bytes' own time are nobody's subject here; faults' delays are.
                let delay =
                    last.map { transmission.notBefore - $0 }
                    ?? transmission.notBefore - now - 20_000_000
                if delay > 1_000_000 { usleep(UInt32(delay / 1000)) }
                line.send(transmission.bytes)
                last = transmission.notBefore
            }
        }
    }
}
