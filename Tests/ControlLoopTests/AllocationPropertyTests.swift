import ControlLoop
import EVSEModel
import LoopGuarantees
import Testing

/// What ``AllocationLaw`` promises, over random stations, vehicles and faults: a million steps and more. What
/// must never happen is watched by ``Matrix`` in every step.
@Suite struct AllocationPropertyTests {
    static let policies = [AllocationPlan.Policy.fair, .priority, .order]

    private func matrix(_ random: inout SplitMix, seed: UInt64) -> Matrix {
        let outlets = random.within(1...4)
        let groups = (0..<random.within(1...6)).map { _ in random.within(1...2) }
        let wired = groups.indices.map { group -> Int? in
            group < outlets && random.once(in: 3) ? random.below(outlets) : nil
        }
        var matrix = Matrix(groups: groups, outlets: outlets, wired: wired, seed: seed)
        matrix.plan.allocation.policy = Self.policies[random.below(3)]
        matrix.plan.allocation.moveInterval = .seconds(Int64(random.within(1...10)))
        if random.once(in: 3) { matrix.plan.allocation.maximumPower = Watts(80_000) }
        for evse in 0..<outlets { matrix.outlets[evse].hasSensor = !random.once(in: 3) }
        for source in matrix.sources.indices {
            matrix.sources[source].maximumPower = Double(random.within(10...40)) * 1000
        }
        return matrix
    }

    /// Something happens to a vehicle.
    private func drive(_ matrix: inout Matrix, _ random: inout SplitMix) {
        let evse = random.below(matrix.outlets.count)
        let outlet = matrix.outlets[evse]
        switch random.below(6) {
        case 0: matrix.leave(evse)
        case 1, 2:
            matrix.ask(
                evse, watts: Int64(random.within(1...200)) * 1000,
                volts: outlet.order.isOn
                    ? outlet.request.voltage.raw / 1000
                    : Int32(random.within(200...900)), priority: UInt8(random.below(3)))
        case 3 where outlet.request.isWanted && matrix.result.supplies[evse].isReady:
            // Precharge: held, until all know the voltage.
            matrix.outlets[evse].request.isHeld = true
            matrix.transfer(evse, amperes: Int32(random.within(1...400)))
            matrix.run(.seconds(2))
            matrix.outlets[evse].request.isHeld = false
        case 4 where outlet.request.isWanted: matrix.outlets[evse].request.isHeld = true
        default: matrix.outlets[evse].request.isHeld = false
        }
    }

    /// Something happens to a device.
    private func disturb(_ matrix: inout Matrix, _ random: inout SplitMix) {
        matrix.wasDisturbed = true
        let source = random.below(matrix.sources.count)
        let link = 4 * random.below(matrix.groupCount) + random.below(matrix.outlets.count)
        switch random.below(9) {
        case 0: matrix.sources[source].isSilent = true
        case 1, 2: matrix.sources[source].isSilent = false
        case 3: matrix.sources[source].isReady = false
        case 4, 5: matrix.sources[source].isReady = true
        case 6: matrix.links[link].isSeen.toggle()
        case 7 where matrix.isFitted(link): matrix.links[link].isStuck = true
        default:
            matrix.links[link].isStuck = false
            for evse in matrix.outlets.indices { matrix.law.clear(evse: evse) }
        }
    }

    @Test func `whatever happens no outlets are joined and nothing is moved under current`() {
        var steps = 0
        var closings = 0
        var round: UInt64 = 0
        while steps < 1_000_000 {
            round += 1
            var random = SplitMix(seed: 0xA110C ^ round)
            var matrix = matrix(&random, seed: round)
            let hasFaults = random.once(in: 2)
            for _ in 0..<40 {
                drive(&matrix, &random)
                if hasFaults, random.once(in: 3) { disturb(&matrix, &random) }
                let time = Milliseconds(Int64(random.within(1...400)) * 20)
                matrix.run(time)
                steps += Int(time.count / Matrix.step.count)
            }
            closings += matrix.closings
            if let violation = matrix.violation {
                Issue.record("round \(round): \(violation)")
                return
            }
        }
        #expect(closings > 400)
    }

    @Test func `where groups are enough nobody waits long, whatever the others do`() {
        for round in 1...12 as ClosedRange<UInt64> {
            var random = SplitMix(seed: 0xFA17 ^ round)
            let outlets = random.within(2...4)
            var matrix = Matrix(
                groups: (0..<random.within(outlets...6)).map { _ in random.within(1...2) },
                outlets: outlets, seed: round)
            matrix.plan.allocation.policy = Self.policies[random.below(3)]
            matrix.plan.allocation.moveInterval = .seconds(10)
            for _ in 0..<100 {
                drive(&matrix, &random)
                for evse in matrix.outlets.indices { matrix.outlets[evse].request.isHeld = false }
                matrix.run(Milliseconds(Int64(random.within(1...1000)) * 20))
            }
            #expect(matrix.violation == nil, "round \(round)")
            for outlet in matrix.outlets {
                // The interval, emptying, a voltage that must fall, the links.
                #expect(outlet.longestWait <= .seconds(60), "round \(round)")
            }
        }
    }

    @Test func `steady requests move nothing once everybody has its part`() {
        for round in 1...15 as ClosedRange<UInt64> {
            var random = SplitMix(seed: 0x5EAD ^ round)
            var matrix = matrix(&random, seed: round)
            for evse in matrix.outlets.indices where !random.once(in: 4) {
                matrix.ask(
                    evse, watts: Int64(random.within(1...200)) * 1000,
                    volts: Int32(random.within(200...900)), priority: UInt8(random.below(3)))
            }
            matrix.run(.seconds(240))
            let before = matrix.closings
            let ratings = matrix.sources.map(\.maximumPower)
            matrix.run(.seconds(300)) { matrix in
                // Ratings that waver with the heat, as sources tell them.
                let source = matrix.random.below(matrix.sources.count)
                let part = Double(matrix.random.within(990...1010)) / 1000
                matrix.sources[source].maximumPower = ratings[source] * part
            }
            #expect(matrix.violation == nil, "round \(round)")
            #expect(matrix.closings == before, "round \(round)")
        }
    }
}
