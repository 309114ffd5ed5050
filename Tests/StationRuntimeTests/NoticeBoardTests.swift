import EVSEModel
import JSON
import StationCore
import StationRuntime
import Testing

/// How contents get from the core to the displays.
struct NoticeBoardTests {
    /// Counts how often it is asked.
    private final class Asked { var count = 0 }
    private struct Machine: StationMachine {
        let asked: Asked
        func handle(_ input: StationInput, at: Instant, into outputs: inout [StationOutput]) {}
        func status(at instant: Instant) -> JSONValue { .null }
        func display(at instant: Instant) -> DisplayContent? {
            asked.count += 1
            return DisplayContent(evses: [.init(EVSEID(index: 0), .charging)])
        }
    }

    @Test("the core is asked at the displays' pace, and only where there are displays")
    func pace() {
        let (asked, ports, notices) = (Asked(), ScriptedPorts(), NoticeBoard())
        let engine = StationEngine(
            machine: Machine(asked: asked), ports: ports, notices: notices)
        #expect(notices.newest == nil)
        for _ in 0..<100 {
            engine.tick()
            ports.time = ports.time + Milliseconds(10)
        }
        #expect(asked.count == 5)
        #expect(notices.newest?.evses.first?.state == .charging)

        let unasked = Asked()
        let blind = StationEngine(machine: Machine(asked: unasked), ports: ports)
        blind.tick()
        #expect(unasked.count == 0)
    }
}
