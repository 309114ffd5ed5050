import ControlLoop
import EVSEModel
import Glibc
import LoopGuarantees
import Testing

@Suite struct AllocationLawTests {
    @Test func `who is alone gets all that it asks for, and no more`() {
        var matrix = Matrix(groups: [2, 2, 2], outlets: 2)
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 90_000)
        matrix.run(.seconds(5))
        #expect(matrix.violation == nil)
        // 90 kW are 75 % of 120 kW: at the best load of 80 %, 112.5 kW are wanted.
        #expect(matrix.power(0) == Watts(120_000))
        #expect(matrix.result.supplies[1].reachablePower == Watts(60_000))
        #expect(matrix.result.supplies[0].isReady && !matrix.result.supplies[1].isReady)
    }

    @Test func `two share fairly, and the first gives up groups only when they are empty`() {
        var matrix = Matrix(groups: [2, 2, 2, 2], outlets: 2)
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 300_000)
        matrix.run(.seconds(5))
        matrix.transfer(0, amperes: 400)
        matrix.run(.seconds(40))
        #expect(matrix.power(0) == Watts(240_000))
        matrix.ask(1, watts: 300_000)
        matrix.run(.seconds(10))
        #expect(matrix.violation == nil)
        #expect(matrix.power(0) == Watts(120_000) && matrix.power(1) == Watts(120_000))
    }

    @Test func `by priority the others keep one group`() {
        var matrix = Matrix(groups: [2, 2, 2, 2], outlets: 2)
        matrix.plan.allocation.policy = .priority
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 300_000)
        matrix.ask(1, watts: 300_000, priority: 1)
        matrix.run(.seconds(10))
        #expect(matrix.power(0) == Watts(60_000) && matrix.power(1) == Watts(180_000))
    }

    @Test func `by order who came first keeps what it has but for the other's minimum`() {
        var matrix = Matrix(groups: [2, 2, 2], outlets: 2)
        matrix.plan.allocation.policy = .order
        matrix.run(.seconds(3))
        matrix.ask(1, watts: 300_000)
        matrix.run(.seconds(40))
        matrix.ask(0, watts: 300_000)
        matrix.run(.seconds(40))
        #expect(matrix.power(1) == Watts(120_000) && matrix.power(0) == Watts(60_000))
    }

    @Test func `a group joins a live busbar at its voltage`() {
        var matrix = Matrix(groups: [2, 2], outlets: 2, wired: [0])
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 20_000, volts: 700)
        matrix.run(.seconds(3))
        matrix.transfer(0, amperes: 25)
        matrix.run(.seconds(5))
        #expect(matrix.outlet(of: 1) == nil, "one group is enough")
        matrix.ask(0, watts: 120_000, volts: 700)
        matrix.run(.seconds(1))
        #expect(matrix.image.sourceCommands[2].purpose == .preCharge)
        #expect(matrix.image.sourceCommands[2].voltage == Volts(700))
        #expect(matrix.outlet(of: 1) == nil)
        matrix.run(.seconds(8))
        #expect(matrix.violation == nil)
        #expect(matrix.outlet(of: 1) == 0)
        #expect(matrix.power(0) == Watts(120_000))
    }

    @Test
    func `nothing joins a busbar of which nobody knows the voltage while a battery may be on it`() {
        var matrix = Matrix(groups: [2], outlets: 1)
        matrix.outlets[0].hasSensor = false
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 20_000)
        matrix.transfer(0, amperes: 25)
        matrix.run(.seconds(10))
        #expect(matrix.closings == 0)
    }

    @Test func `an outlet that is held keeps what it has`() {
        var matrix = Matrix(groups: [2, 2], outlets: 2)
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 300_000)
        matrix.run(.seconds(5))
        matrix.outlets[0].request.isHeld = true
        matrix.run(.seconds(40))
        matrix.ask(1, watts: 300_000)
        matrix.run(.seconds(40))
        #expect(matrix.power(0) == Watts(120_000) && !matrix.result.supplies[1].isReady)
        matrix.outlets[0].request.isHeld = false
        matrix.run(.seconds(5))
        #expect(matrix.violation == nil)
        #expect(matrix.power(0) == Watts(60_000) && matrix.power(1) == Watts(60_000))
    }

    @Test func `the current is divided equally, a lost source's is taken off until it has let go`()
    {
        var matrix = Matrix(groups: [3], outlets: 1, wired: [0])
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 300_000)
        matrix.transfer(0, amperes: 90)
        matrix.run(.seconds(5))
        for source in 0..<3 {
            #expect(matrix.image.sourceCommands[source].current == Amperes(30))
            #expect(matrix.image.sourceCommands[source].voltage == Volts(400))
        }
        matrix.sources[0].isSilent = true
        matrix.run(Milliseconds(2500))
        #expect(matrix.result.faults[0].contains(.powerModuleLost))
        #expect(!matrix.image.sourceCommands[0].isOn)
        #expect(matrix.image.sourceCommands[1].current == Amperes(30))
        #expect(matrix.result.supplies[0].current == Amperes(90))
        matrix.run(.seconds(12))
        #expect(matrix.image.sourceCommands[1].current == Amperes(45))
        #expect(matrix.result.supplies[0].current == Amperes(90))
        #expect(matrix.result.supplies[0].sources == 0b110)
        matrix.sources[1].isSilent = true
        matrix.sources[2].isSilent = true
        matrix.run(.seconds(5))
        #expect(matrix.result.faults[0].contains(.powerUnavailable))
        #expect(!matrix.result.supplies[0].isReady)
        #expect(matrix.violation == nil)
    }

    @Test func `the fewest sources at their best load, and another one in the next session`() {
        var matrix = Matrix(groups: [4], outlets: 1, wired: [0])
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 20_000)
        matrix.transfer(0, amperes: 50)
        matrix.run(.seconds(10))
        let first = (0..<4).filter { matrix.image.sourceCommands[$0].isOn }
        #expect(first == [0])
        matrix.ask(0, watts: 50_000)
        matrix.run(.seconds(10))
        #expect((0..<4).count { matrix.image.sourceCommands[$0].isOn } == 3)
        matrix.ask(0, watts: 20_000)
        matrix.run(.seconds(30))
        #expect((0..<4).count { matrix.image.sourceCommands[$0].isOn } == 3, "not at once")
        matrix.run(.seconds(110))
        #expect((0..<4).count { matrix.image.sourceCommands[$0].isOn } == 1)
        matrix.leave(0)
        matrix.run(.seconds(5))
        matrix.ask(0, watts: 20_000)
        matrix.run(.seconds(1))
        matrix.transfer(0, amperes: 50)
        matrix.run(.seconds(5))
        #expect(matrix.image.sourceCommands[3].isOn, "the one that was never used")
        #expect(matrix.violation == nil)
    }

    @Test func `a link that does not open keeps its group from everybody else`() {
        var matrix = Matrix(groups: [1, 1], outlets: 2)
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 60_000)
        matrix.run(.seconds(5))
        #expect(matrix.power(0) == Watts(60_000))
        for group in 0..<2 { matrix.links[4 * group].isStuck = true }
        matrix.run(.seconds(30))
        matrix.ask(1, watts: 60_000)
        matrix.run(.seconds(10))
        #expect(matrix.violation == nil)
        #expect(matrix.result.faults[0].contains(.linkFault))
        #expect(!matrix.result.faults[1].contains(.linkFault))
        #expect(matrix.power(0) == Watts(30_000), "the group that was to move is left out")
        #expect(!matrix.result.supplies[1].isReady)
        for group in 0..<2 { matrix.links[4 * group].isStuck = false }
        matrix.run(.seconds(2))
        #expect(matrix.result.faults[0].contains(.linkFault), "latched")
        matrix.law.clear(evse: 0)
        matrix.run(.seconds(40))
        #expect(!matrix.result.faults[0].contains(.linkFault))
        #expect(matrix.power(0) == Watts(30_000) && matrix.power(1) == Watts(30_000))
    }

    @Test func `two links of a group that are seen closed are both opened at once`() {
        var matrix = Matrix(groups: [2], outlets: 2)
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 60_000)
        matrix.run(.seconds(5))
        matrix.transfer(0, amperes: 100)
        matrix.run(.seconds(5))
        // Something closed the other one by force.
        matrix.links[1].isClosed = true
        matrix.links[1].isStuck = true
        for _ in 0..<4 { matrix.cycle() }
        #expect(matrix.result.links == 0)
        #expect(matrix.result.faults[1].contains(.linkFault))
        #expect(!matrix.result.supplies[0].isReady)
        #expect(!matrix.image.sourceCommands[0].isOn)
    }

    @Test func `the station's power is shared, and nobody gets more before others have come down`()
    {
        var matrix = Matrix(groups: [4, 4], outlets: 2, wired: [0, 1])
        matrix.plan.allocation.maximumPower = Watts(100_000)
        matrix.run(.seconds(3))
        matrix.ask(0, watts: 120_000)
        matrix.run(.seconds(1))
        #expect(matrix.power(0) == Watts(100_000))
        matrix.transfer(0, amperes: 250)
        matrix.ask(1, watts: 120_000)
        matrix.run(.seconds(1))
        #expect(matrix.power(0) == Watts(50_000))
        #expect(matrix.power(1) == .zero, "100 kW are still ordered")
        matrix.transfer(0, amperes: 125)
        matrix.run(.seconds(1))
        #expect(matrix.power(1) == Watts(50_000))
        matrix.ask(0, watts: 10_000)
        matrix.transfer(0, amperes: 25)
        matrix.run(.seconds(1))
        #expect(matrix.power(1) == Watts(90_000))
    }

    @Test func `a cabinet that is silent is told from a module`() {
        var matrix = Matrix(groups: [1], outlets: 1, wired: [0])
        matrix.plan.allocation.cabinetSources = 1
        matrix.run(.seconds(3))
        #expect(matrix.result.faults[0].isEmpty)
        matrix.image.sources[0].faults.raise(.emergencyStop)
        matrix.sources[0].isSilent = true
        matrix.cycle()
        #expect(matrix.result.faults[0].contains(.emergencyStop))
        matrix.run(.seconds(3))
        #expect(matrix.result.faults[0].contains(.powerCabinetLost))
        #expect(!matrix.result.faults[0].contains(.powerModuleLost))
    }

    @Test func `nobody misses a source that has not come up yet`() {
        var matrix = Matrix(groups: [1], outlets: 1, wired: [0])
        matrix.sources[0].isSilent = true
        matrix.run(.seconds(14))
        #expect(matrix.result.faults[0].isEmpty)
        matrix.run(.seconds(2))
        #expect(matrix.result.faults[0].contains(.powerModuleLost))
        #expect(matrix.result.faults[0].contains(.powerUnavailable))
    }
}
