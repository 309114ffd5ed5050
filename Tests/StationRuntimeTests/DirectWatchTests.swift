import EVSEModel
import StationCore
import StationRuntime
import Testing

/// What of direct current reaches the core, and when.
@Suite("Direct current reaches the core")
struct DirectWatchTests {
    private let script = Script()
    private let ports = ScriptedPorts()
    private let engine: StationEngine

    init() {
        engine = StationEngine(machine: ScriptedMachine(script: script), ports: ports)
        var image = LoopImage()
        image.evseCount = 2
        image.cycle = 1000
        image.at = ports.time
        ports.image = image
        var direct = DCImage()
        direct.vehicles[1].at = ports.time
        ports.direct = direct
    }

    /// Lets ten milliseconds pass.
    /// - Returns: the names of the inputs that came of it.
    private func tick(_ change: (inout DCImage, inout LoopImage) -> Void = { _, _ in }) -> [String]
    {
        ports.time = ports.time + Milliseconds(10)
        var (direct, image) = (ports.direct ?? DCImage(), ports.image ?? LoopImage())
        image.at = ports.time
        change(&direct, &image)
        (ports.direct, ports.image) = (direct, image)
        script.inputs.removeAll()
        engine.tick()
        return script.inputs.map(\.input.name).filter { $0 == "direct" || $0 == "loop" }
    }

    @Test(
        "the vehicle's word comes before the image of the same cycle, and only where there is one")
    func order() {
        #expect(tick() == ["direct", "loop"])
        guard case .direct(let evse, _, _)? = script.inputs.first?.input else {
            Issue.record("no direct current")
            return
        }
        #expect(evse == EVSEID(index: 1))
        #expect(tick() == [])
    }

    @Test("a state is told at once, a following current with the next second")
    func news() {
        _ = tick()
        #expect(
            tick { direct, _ in direct.vehicles[1].targetCurrent = Amperes(10) } == [
                "direct", "loop",
            ])
        #expect(tick { direct, _ in direct.vehicles[1].targetCurrent = Amperes(20) } == [])
        #expect(tick { direct, _ in direct.vehicles[1].targetVoltage = Volts(420) } == [])
        #expect(tick { direct, _ in direct.status[1].phase = .transfer } == ["direct", "loop"])
        #expect(
            tick { direct, _ in direct.vehicles[1].stateOfCharge = Percent(5) } == [
                "direct", "loop",
            ])
        #expect(
            tick { _, image in image.evses[1].status.outputCurrent = Amperes(2) }
                == ["direct", "loop"])
        #expect(tick { _, image in image.evses[1].status.outputCurrent = Amperes(9) } == [])
        var seen = [String]()
        for _ in 0..<100 { seen += tick() }
        #expect(seen == ["direct", "loop"])
    }
}
