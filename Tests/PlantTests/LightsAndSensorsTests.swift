import EVSEModel
import JSON
import Plant
import Testing

@Suite("Lights, sensors and expanders of the plant")
struct LightsAndSensorsTests {
    private func lights(bits: Int, redFirst: Bool = false) -> (PlantWorld, LEDChainLine) {
        var plan = Wallbox.plan()
        plan.buses.append(.init(name: "lights", baud: 2_400_000))
        plan.lights = [.init(bus: "lights", count: 2, bitsPerBit: bits, redFirst: redFirst)]
        return (
            PlantWorld(plan, at: .zero),
            LEDChainLine(plan.buses[plan.buses.count - 1], place: 0, plan: plan)
        )
    }

    /// 24 bits as pulses, for two lights and one too many; then low for more than 280 µs.
    private func frame(_ words: [UInt32], bits: Int) -> [UInt8] {
        var wire = [Bool]()
        for word in words {
            for shift in (0..<24).reversed() {
                let isOne = word >> UInt32(shift) & 1 == 1
                let high = bits == 3 ? (isOne ? 2 : 1) : (isOne ? 3 : 1)
                wire += (0..<bits).map { $0 < high }
            }
        }
        wire += [Bool](repeating: false, count: 1024)
        return stride(from: 0, to: wire.count, by: 8).map { start in
            wire[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }

    @Test("a row shows what it took when the line rests, each light its own", arguments: [3, 4])
    func row(_ bits: Int) {
        var (world, line) = lights(bits: bits)
        let bytes = frame([0x00FF10, 0x800000, 0x123456], bits: bits)
        // In pieces, as a pseudo-terminal gives them.
        for start in stride(from: 0, to: bytes.count, by: 7) {
            line.receive(Array(bytes[start..<min(start + 7, bytes.count)]), at: 0, world: &world)
        }
        #expect(world.lightColours == [[0xFF0010, 0x008000]])
        let shown = world.state(time: "")["lights"]
        #expect(shown == [["bus": "lights", "colours": ["#FF0010", "#008000"]]])
    }

    @Test("a row whose first colour is red")
    func redFirst() {
        var (world, line) = lights(bits: 3, redFirst: true)
        line.receive(frame([0xFF0000], bits: 3), at: 0, world: &world)
        #expect(world.lightColours == [[0xFF0000, 0]])
    }

    @Test("a sensor's text, well and with each fault")
    func sensor() {
        func text(_ celsius: Double, _ fault: FaultKind? = nil) -> String? {
            DS18B20.text(
                celsius: celsius, fault.map { DeviceFaults([$0: 1]) } ?? DeviceFaults())
        }
        // The values of w1_therm.rst's example, and of the data sheet's table of temperatures.
        let good = "72 01 4b 46 7f ff 0e 10 57"
        #expect(text(23.125) == "\(good) : crc=57 YES\n\(good) t=23125\n")
        #expect(text(-10.125)?.hasPrefix("5e ff 4b 46 7f ff 02 10") == true)
        #expect(text(-10.125)?.hasSuffix(" t=-10125\n") == true)
        #expect(text(20, .garbled)?.contains(" NO\n") == true)
        #expect(text(20, .rebooted)?.hasSuffix(" t=85000\n") == true)
        #expect(text(20, .rebooted)?.hasPrefix("50 05 4b 46 7f ff 0c 10 1c") == true)
        #expect(
            text(20, .shorted)?.hasPrefix("00 00 00 00 00 00 00 00 00 : crc=00 YES") == true)
        #expect(text(20, .noValue)?.hasSuffix(" t=-127000\n") == true)
        #expect(text(20, .absent) == nil)
    }

    @Test("plans with lights, sensors, expanders and services cross as JSON")
    func plan() throws {
        var plan = Wallbox.plan()
        plan.evses[0].connectors[0].temperatures.append(
            .init(
                device: "temperature-3",
                sensor: .oneWire(.init(bus: "w1", name: "28-0316a2794aff", channel: 5))))
        plan.expanders = [.init(name: "expander", lines: [40, 41])]
        plan.lights = [.init(bus: "lights", count: 8, bitsPerBit: 4, redFirst: true)]
        var reader = PlantPlan.Reader(device: "reader-2", bus: "cards", kind: .pcsc)
        reader.name = "ACR122U"
        plan.readers.append(reader)
        for (name, transport) in [
            ("w1", PlantPlan.SerialBus.Transport.oneWire), ("lights", .lights), ("cards", .pcsc),
        ] {
            var bus = PlantPlan.SerialBus(name: name, baud: 9600)
            bus.transport = transport
            plan.buses.append(bus)
        }
        #expect(try PlantPlan(parsing: plan.encoded()) == plan)
    }
}
