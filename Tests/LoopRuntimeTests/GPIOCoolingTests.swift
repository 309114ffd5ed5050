import DriverKit
import EVSEModel
import GPIOCooling
import IIOTemperature
import Testing

@Suite("GPIO cooling")
struct GPIOCoolingTests {
    private func line(_ index: UInt16) -> ConfigurationValue { .lines([LineID(index)]) }
    private var all: [String: ConfigurationValue] {
        [
            "pump-line": line(0), "flow-line": line(1), "pressure-line": line(2),
            "level-line": line(3), "fan-line": line(4), "fan-feedback-line": line(5),
        ]
    }

    @Test("contacts that conduct are good, those that do not and those without a sample are bad")
    func contacts() {
        var bench = Bench(GPIOCoolingPlugin.self, all)
        for level in [0, 1, Lines.noSample] {
            for index in [1, 2, 3, 5] { bench.values[index] = level }
            bench.read()
            let expected = level == 1 ? CoolingSign.good : .bad
            #expect(bench.inputs.cooling.flow == expected)
            #expect(bench.inputs.cooling.pressure == expected)
            #expect(bench.inputs.cooling.level == expected)
            #expect(bench.inputs.cooling.fan == expected)
        }
    }

    @Test("what is not wired is absent, and pump and fan follow the loop")
    func outputs() {
        var bench = Bench(GPIOCoolingPlugin.self, ["pump-line": line(0), "fan-line": line(4)])
        bench.read()
        #expect(bench.inputs.cooling == CoolingInputs())
        bench.outputs.pumpRuns = true
        bench.write()
        #expect(bench.values[0] == 1 && bench.values[4] == 0)
        bench.outputs.fanRuns = true
        bench.outputs.pumpRuns = false
        bench.write()
        #expect(bench.values[0] == 0 && bench.values[4] == 1)
    }

    @Test("a flow meter counts from its least voltage on")
    func meter() {
        var bench = Bench(
            GPIOCoolingPlugin.self,
            ["pump-line": line(0), "flow-channel": line(1), "flow-minimum": .number(1200)])
        for (microvolts, sign) in [
            (1_199_000, CoolingSign.bad), (1_200_000, .good), (Lines.noSample, .bad),
        ] as [(Int32, CoolingSign)] {
            bench.values[1] = microvolts
            bench.read()
            #expect(bench.inputs.cooling.flow == sign)
        }
    }

    @Test("its roles and what shows that it works follow from its lines")
    func roles() {
        func configuration(_ keys: String...) -> Configuration {
            Configuration(
                device: "it", values: all.filter { keys.contains($0.key) })
        }
        let pump = configuration("pump-line", "level-line")
        #expect(GPIOCoolingPlugin.roles(of: pump) == [.cooling])
        #expect(GPIOCoolingPlugin.features(of: pump) == [])
        let both = configuration("pump-line", "flow-line", "fan-line")
        #expect(GPIOCoolingPlugin.roles(of: both) == [.cooling, .fan])
        #expect(GPIOCoolingPlugin.features(of: both) == [.coolingFeedback])
    }

    @Test("a sensor in the coolant and one in the enclosure are no contact's")
    func sensors() {
        let linear: [String: ConfigurationValue] = [
            "channel": line(0), "position": .number(1), "minimum": .number(-400),
            "maximum": .number(1500), "sensor": .text("linear"), "slope": .number(10_000_000),
            "zero": .number(500),
        ]
        var coolant = Bench(
            IIOTemperaturePlugin.self, linear.merging(["measures": .text("coolant")]) { $1 })
        coolant.values[0] = 900_000
        coolant.read()
        #expect(coolant.inputs.cooling.temperature == Celsius(40))
        #expect(coolant.inputs.connectors[0].temperatures[0] == nil)
        var enclosure = Bench(
            IIOTemperaturePlugin.self, linear.merging(["measures": .text("enclosure")]) { $1 })
        enclosure.values[0] = 800_000
        enclosure.read()
        #expect(enclosure.inputs.enclosureTemperature == Celsius(30))
    }
}
