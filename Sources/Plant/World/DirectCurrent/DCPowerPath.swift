import EVSEModel

/// All DC power of a station: sources on their groups' busbars, links, and the EVSEs' circuits.
///
/// Busbars that closed links join are an island with one voltage. A step finds each island's voltage at which
/// the currents of all sources, capacitors, resistors, cables and batteries on it add up to nothing, by
/// backward Euler: stable for any step, and exact in energy (what backward Euler loses in a capacitor is what
/// contacts that join capacitors lose, and is booked as that).
package struct DCPowerPath: Hashable, Sendable {
    package struct Group: Hashable, Sendable {
        package let plan: PlantPlan.PowerGroup
        package internal(set) var voltage = 0.0
        /// EVSEs that it is joined with now, one bit for each place in ``DCPowerPath/circuits``.
        package internal(set) var feeds: UInt32 = 0
        var island = 0
        var capacitance: Double { Double(plan.capacitance) / 1e9 }
    }
    package struct Link: Hashable, Sendable {
        package let plan: PlantPlan.PowerLink
        package internal(set) var contactor: ContactorPair
        /// Place of its EVSE's circuit.
        let circuit: Int
    }

    package var stages: [PowerStage]
    package internal(set) var groups: [Group]
    package internal(set) var links: [Link]
    package internal(set) var circuits: [DCCircuit]
    package internal(set) var books = DCBooks()
    /// Times that a closing link joined two EVSEs' busbars, and the most volts between what a link joined.
    package private(set) var parallelings = 0
    package private(set) var mostJoined = 0.0
    /// The link that joined those.
    package private(set) var mostJoiningLink = ""
    /// Group of each stage.
    let groupOfStage: [Int]
    /// Places of those that measure the insulation at their output.
    let monitors: [Int]
    /// Place of the circuit that each group is wired to.
    private let wiredTo: [Int?]
    private var islandCount = 0
    private var wasParalleled = false

    init(_ plan: PlantPlan) {
        let fitted = plan.evses.compactMap { evse in
            evse.directCurrent.map { DCCircuit(evse, $0) }
        }
        circuits = fitted
        let parts = plan.directCurrent
        func place(_ evse: Int) -> Int? { fitted.firstIndex { $0.evse == evse } }
        // Sources keep their places, whatever the plan's groups are.
        var busbars = parts.groups
        groupOfStage = parts.sources.map { max(0, $0.group) }
        monitors = parts.sources.indices.filter { parts.sources[$0].measuresInsulation }
        while busbars.count <= groupOfStage.max() ?? -1 { busbars.append(.init()) }
        groups = busbars.map { Group(plan: $0) }
        wiredTo = busbars.map { place($0.evse) }
        let known = busbars.indices
        stages = parts.sources.map { PowerStage(rating: $0.rating) }
        links = parts.links.compactMap { link in
            guard known.contains(link.group), let circuit = place(link.evse) else { return nil }
            return Link(
                plan: link, contactor: ContactorPair(link.contactor), circuit: circuit)
        }
        join()
    }

    package var isFitted: Bool { !circuits.isEmpty }
    /// Joules in all capacitors.
    package var stored: Double {
        var sum = 0.0
        for group in groups { sum += group.capacitance * group.voltage * group.voltage / 2 }
        for circuit in circuits {
            sum += circuit.capacitance * circuit.busVoltage * circuit.busVoltage / 2
            for connector in circuit.connectors { sum += connector.stored }
        }
        return sum
    }

    /// Nothing is charged and nobody gives: a step of any length changes nothing.
    var isDead: Bool {
        let stages = stages.span
        for index in stages.indices where stages[index].gives || stages[index].mode != .off {
            return false
        }
        let circuits = circuits.span
        for index in circuits.indices where !circuits[index].isDead { return false }
        let groups = groups.span
        for index in groups.indices where groups[index].voltage != 0 { return false }
        return true
    }

    /// One step of everything.
    mutating func step(_ seconds: Double, now: Int64, supplied: Bool, noise: inout Noise) {
        moveContacts(seconds, &noise)
        for index in stages.indices {
            let busbar = groups[groupOfStage[index]].voltage
            stages[index].prepare(seconds, now: now, busbar: busbar, supplied: supplied)
        }
        for index in circuits.indices {
            for inner in circuits[index].connectors.indices {
                circuits[index].connectors[inner].prepare(seconds)
            }
        }
        for island in 0..<islandCount { settle(island, seconds) }
    }

    /// Moves contactors and links; a link that moved joins or parts busbars.
    private mutating func moveContacts(_ seconds: Double, _ noise: inout Noise) {
        for index in circuits.indices {
            let bus = circuits[index].busVoltage
            for inner in circuits[index].connectors.indices {
                let current = circuits[index].connectors[inner].current
                let difference = bus - circuits[index].connectors[inner].voltage
                circuits[index].connectors[inner].contactor?.step(
                    seconds, current: current, difference: difference, noise: &noise)
            }
        }
        var hasMoved = false
        for index in links.indices {
            let was = links[index].contactor.isClosed
            let group = groups[links[index].plan.group].voltage
            let difference = group - circuits[links[index].circuit].busVoltage
            let current = flow(index)
            links[index].contactor.step(
                seconds, current: current, difference: difference, noise: &noise)
            guard links[index].contactor.isClosed != was else { continue }
            hasMoved = true
            if !was, abs(difference) > mostJoined {
                mostJoined = abs(difference)
                mostJoiningLink = links[index].plan.contactor.device
            }
        }
        if hasMoved { join() }
    }

    /// What a link carries, as its group's sources give it, A.
    private func flow(_ link: Int) -> Double {
        guard links[link].contactor.isClosed else { return 0 }
        let stages = stages.span
        var sum = 0.0
        for index in stages.indices where groupOfStage[index] == links[link].plan.group {
            sum += stages[index].current
        }
        return sum
    }

    // MARK: Islands

    /// Finds which busbars are one, and lets their capacitors share their charge.
    private mutating func join() {
        for index in circuits.indices { circuits[index].island = index }
        for index in groups.indices {
            groups[index].island = circuits.count + index
            groups[index].feeds = 0
        }
        for index in groups.indices {
            if let circuit = wiredTo[index] { merge(index, circuit) }
        }
        for index in links.indices where links[index].contactor.isClosed {
            merge(links[index].plan.group, links[index].circuit)
        }
        numberIslands()
        for island in 0..<islandCount { share(island) }
        countJoined()
    }
    private mutating func merge(_ group: Int, _ circuit: Int) {
        let from = groups[group].island
        let to = circuits[circuit].island
        guard from != to else { return }
        for index in circuits.indices where circuits[index].island == from {
            circuits[index].island = to
        }
        for index in groups.indices where groups[index].island == from { groups[index].island = to }
    }
    /// Gives the islands numbers without gaps.
    private mutating func numberIslands() {
        islandCount = 0
        for old in 0..<(circuits.count + groups.count) {
            var isUsed = false
            // Numbers only become smaller, and a new one is taken by nobody who comes later.
            for index in circuits.indices where circuits[index].island == old {
                circuits[index].island = islandCount
                isUsed = true
            }
            for index in groups.indices where groups[index].island == old {
                groups[index].island = islandCount
                isUsed = true
            }
            if isUsed { islandCount += 1 }
        }
    }
    /// Busbars that were joined at different voltages meet where their charge says; the rest is lost.
    private mutating func share(_ island: Int) {
        var capacitance = 0.0
        var charge = 0.0
        var energy = 0.0
        for index in circuits.indices where circuits[index].island == island {
            let (farads, volts) = (circuits[index].capacitance, circuits[index].busVoltage)
            capacitance += farads
            charge += farads * volts
            energy += farads * volts * volts / 2
        }
        for index in groups.indices where groups[index].island == island {
            let (farads, volts) = (groups[index].capacitance, groups[index].voltage)
            capacitance += farads
            charge += farads * volts
            energy += farads * volts * volts / 2
        }
        guard capacitance > 0 else { return }
        let volts = charge / capacitance
        books.equalising += energy - capacitance * volts * volts / 2
        put(volts, on: island)
    }
    private mutating func put(_ volts: Double, on island: Int) {
        for index in circuits.indices where circuits[index].island == island {
            circuits[index].busVoltage = volts
        }
        for index in groups.indices where groups[index].island == island {
            groups[index].voltage = volts
        }
    }
    private mutating func countJoined() {
        var isParalleled = false
        for index in circuits.indices { circuits[index].joinedGroups = 0 }
        for group in groups.indices {
            for index in circuits.indices where circuits[index].island == groups[group].island {
                groups[group].feeds |= 1 << UInt32(index)
                circuits[index].joinedGroups += 1
            }
            // More than one bit: two outlets on one busbar.
            if groups[group].feeds & (groups[group].feeds &- 1) != 0 { isParalleled = true }
        }
        if isParalleled, !wasParalleled { parallelings += 1 }
        wasParalleled = isParalleled
    }

    // MARK: The solution of a step

    private mutating func settle(_ island: Int, _ seconds: Double) {
        var hasSource = false
        for index in stages.indices where groups[groupOfStage[index]].island == island {
            if stages[index].mode != .off { hasSource = true }
        }
        var capacitance = 0.0
        var before = 0.0
        var slope = 0.0
        var offset = 0.0
        for index in circuits.indices where circuits[index].island == island {
            circuits[index].isDischarging = !hasSource
            before = circuits[index].busVoltage
            capacitance += circuits[index].capacitance
            slope += circuits[index].conductance
            for inner in circuits[index].connectors.indices {
                slope += circuits[index].connectors[inner].slope
                offset += circuits[index].connectors[inner].offset
            }
        }
        for index in groups.indices where groups[index].island == island {
            before = groups[index].voltage
            capacitance += groups[index].capacitance
            // A busbar's own dividers. Chosen: as the circuits'.
            slope += Self.groupLeak
        }
        slope += capacitance / seconds
        offset += capacitance / seconds * before
        var volts = solve(island, slope: slope, offset: offset, from: before)
        book(island, seconds, capacitance: capacitance, before: before, volts: volts)
        if abs(volts) < 1e-6, !hasSource {
            books.bleeders += capacitance * volts * volts / 2
            volts = 0
        }
        put(volts, on: island)
    }
    private static let groupLeak = 1 / 200_000.0

    /// The voltage at which slope × voltage - offset is what the sources give. Both sides are straight
    /// between corners, one rises and the other falls: Newton's steps end at it, halving guards them.
    private func solve(_ island: Int, slope: Double, offset: Double, from start: Double) -> Double {
        var volts = start
        var low = -1e5
        var high = 1e5
        for _ in 0..<60 {
            var error = slope * volts - offset
            var steepness = slope
            let stages = stages.span
            for index in stages.indices where groups[groupOfStage[index]].island == island {
                error -= stages[index].current(at: volts)
                steepness += stages[index].slope(at: volts)
            }
            if error > 0 { high = volts } else { low = volts }
            var next = volts - error / steepness
            if next <= low || next >= high {
                // At a corner, or where rounding ends.
                if abs(error) <= 1e-12 * max(1, abs(offset)) { return volts }
                next = (low + high) / 2
            }
            if abs(next - volts) <= 1e-12 * max(1, abs(volts)) { return next }
            volts = next
        }
        return volts
    }

    /// Tells everybody the busbar's voltage and books where the energy went.
    private mutating func book(
        _ island: Int, _ seconds: Double, capacitance: Double, before: Double, volts: Double
    ) {
        for index in stages.indices where groups[groupOfStage[index]].island == island {
            stages[index].settle(seconds, busbar: volts)
            books.sources += stages[index].current * volts * seconds
        }
        for index in circuits.indices where circuits[index].island == island {
            books.bleeders += circuits[index].conductance * volts * volts * seconds
            var current = 0.0
            for inner in circuits[index].connectors.indices {
                circuits[index].connectors[inner].settle(seconds, busbar: volts, &books)
                current += circuits[index].connectors[inner].current
            }
            circuits[index].current = current
            circuits[index].metered += current * volts * seconds
        }
        for index in groups.indices where groups[index].island == island {
            books.bleeders += Self.groupLeak * volts * volts * seconds
        }
        let change = volts - before
        books.equalising += capacitance * change * change / 2
    }
}
