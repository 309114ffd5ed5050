import ControlLoop
import EVSEModel
import LoopGuarantees

/// Power sources, a switch matrix and outlets as far as the allocation law can tell, in steps of 20 ms. It
/// notes what must never happen, where it happened.
struct Matrix {
    struct Source {
        var voltage = 0.0
        var current = 0.0
        var isOn = false
        var isSilent = false
        var isReady = true
        var maximumCurrent = 100.0
        var maximumPower = 30_000.0
        /// When it publishes next, and what it heard last and when.
        var publishesAt = Instant.zero
        var toldAt = Instant.zero
        var told = PowerSourceCommand()
        var onAt = Instant.zero
    }
    struct Link {
        var isClosed = false
        var isStuck = false
        var isSeen = true
        var movesAt = Instant.zero
        var wasCommanded = false
    }
    struct Outlet {
        var request = PowerRequest()
        var order = PowerOrder()
        var voltage = 0.0
        var hasSensor = true
        /// Without a fit source since; longest such time while power was wanted.
        var waitsSince: Instant?
        var longestWait = Milliseconds.zero
        var heldSources: UInt32?
    }

    static let step = Milliseconds(20)
    var law = AllocationLaw()
    var plan = DCStationPlan()
    var image = DCImage()
    var inputs = AllocationInputs()
    var result = AllocationResult()
    var sources: [Source]
    var outlets: [Outlet]
    var links = [Link](repeating: Link(), count: 32)
    var now = Instant(milliseconds: 1_000_000)
    var random: SplitMix
    /// Moves that were begun: links commanded closed.
    var closings = 0
    /// A source came back, or a contact: what an outlet has may change without a move.
    var wasDisturbed = false
    /// The first thing that must never happen, in words.
    var violation: String?

    /// - Parameters:
    ///   - groups: sources of each group.
    ///   - wired: EVSE to which each group is wired; `nil` reaches all by links.
    init(groups: [Int], outlets count: Int, wired: [Int?] = [], seed: UInt64 = 1) {
        random = SplitMix(seed: seed)
        sources = Array(repeating: Source(), count: groups.reduce(0, +))
        outlets = Array(repeating: Outlet(), count: count)
        var number = 0
        for (group, size) in groups.enumerated() {
            let wire = group < wired.count ? wired[group] : nil
            plan.allocation.isWired[group] = wire != nil
            plan.allocation.reach[group] =
                wire.map { UInt8(1 << $0) } ?? UInt8((1 << count) - 1)
            for _ in 0..<size {
                plan.allocation.groupOfSource[number] = UInt8(group)
                number += 1
            }
        }
        plan.allocation.groupCount = UInt8(groups.count)
        plan.allocation.sourceCount = UInt8(number)
        for evse in 0..<count { plan.evses[evse].isFitted = true }
        inputs.count = count
    }

    var groupCount: Int { Int(plan.allocation.groupCount) }
    func group(of source: Int) -> Int { Int(plan.allocation.groupOfSource[source]) }
    func members(_ group: Int) -> [Int] { sources.indices.filter { self.group(of: $0) == group } }

    /// The outlet with whose busbar a group is really joined.
    func outlet(of group: Int) -> Int? {
        if plan.allocation.isWired[group] {
            return plan.allocation.reach[group].trailingZeroBitCount
        }
        return outlets.indices.first { links[4 * group + $0].isClosed }
    }

    mutating func run(_ time: Milliseconds, each: (inout Matrix) -> Void = { _ in }) {
        for _ in 0..<(time.count / Self.step.count) where violation == nil {
            cycle()
            each(&self)
        }
    }

    mutating func cycle() {
        now = now + Self.step
        settle()
        publish()
        inputs.linksClosed = 0
        inputs.linksOpen = 0
        for bit in 0..<32 where links[bit].isSeen && isFitted(bit) {
            if links[bit].isClosed {
                inputs.linksClosed |= 1 << UInt32(bit)
            } else {
                inputs.linksOpen |= 1 << UInt32(bit)
            }
        }
        for evse in outlets.indices {
            inputs.requests[evse] = outlets[evse].request
            inputs.orders[evse] = outlets[evse].order
            inputs.busVoltages[evse] =
                outlets[evse].hasSensor
                ? Volts(millivolts: Int32(outlets[evse].voltage * 1000)) : nil
            inputs.isClosed[evse] = outlets[evse].order.isOn
        }
        image.at = now
        result = law.step(image, inputs, plan: plan, at: now)
        checkLinks()
        law.command(&image, inputs, plan: plan, at: now)
        checkCommands()
        checkHeld()
        noteWaits()
        for source in sources.indices {
            sources[source].told = image.sourceCommands[source]
            sources[source].toldAt = now
        }
    }

    func isFitted(_ bit: Int) -> Bool {
        let group = bit / 4
        return group < groupCount && !plan.allocation.isWired[group] && bit % 4 < outlets.count
    }

    // MARK: Physics

    private mutating func settle() {
        for bit in 0..<32 where isFitted(bit) {
            let isCommanded = result.links & (1 << UInt32(bit)) != 0
            if isCommanded != links[bit].wasCommanded {
                links[bit].wasCommanded = isCommanded
                links[bit].movesAt = now + Milliseconds(Int64(random.within(0...4)) * 20)
            }
            if !links[bit].isStuck, now >= links[bit].movesAt { links[bit].isClosed = isCommanded }
        }
        for source in sources.indices { follow(source) }
        for evse in outlets.indices {
            var highest = 0.0
            for source in sources.indices where outlet(of: group(of: source)) == evse {
                highest = max(highest, sources[source].voltage)
            }
            // A battery holds the busbar while the outlet is on.
            let order = outlets[evse].order
            outlets[evse].voltage =
                order.isOn && order.purpose == .transfer ? order.voltage.double : highest
        }
    }

    private mutating func follow(_ source: Int) {
        let told = sources[source].told
        let isHeard = now <= sources[source].toldAt + .seconds(10)
        let wants = told.isOn && isHeard && sources[source].isReady
        if !wants { sources[source].onAt = now + .seconds(2) }
        let isOn = wants && now >= sources[source].onAt
        sources[source].isOn = isOn
        let joined = outlet(of: group(of: source))
        let load = joined.map { outlets[$0].order.isOn } ?? false
        sources[source].current = isOn && load ? told.current.double : 0
        let goal = isOn ? told.voltage.double : 0
        let change = goal - sources[source].voltage
        sources[source].voltage += max(-4, min(8, change))
        if let joined, outlets[joined].order.isOn, outlets[joined].order.purpose == .transfer {
            sources[source].voltage = outlets[joined].voltage
        }
    }

    private mutating func publish() {
        for source in sources.indices where now >= sources[source].publishesAt {
            let real = sources[source]
            sources[source].publishesAt = now + Milliseconds(Int64(random.within(3...10)) * 20)
            guard !real.isSilent else { continue }
            var sample = PowerSourceSample()
            sample.at = now
            sample.voltage = Volts(millivolts: Int32(real.voltage * 1000))
            sample.current = Amperes(milliamperes: Int32(real.current * 1000))
            sample.isOn = real.isOn
            sample.isReady = real.isReady
            sample.maximumVoltage = Volts(1000)
            sample.minimumVoltage = Volts(50)
            sample.maximumCurrent = Amperes(milliamperes: Int32(real.maximumCurrent * 1000))
            sample.maximumPower = Watts(Int64(real.maximumPower))
            image.sources[source] = sample
        }
    }

    // MARK: What must never happen

    private mutating func fail(_ text: String) {
        if violation == nil { violation = "\(text) at \(now.nanoseconds / 1_000_000) ms" }
    }

    private mutating func checkLinks() {
        for group in 0..<groupCount where !plan.allocation.isWired[group] {
            let bits = outlets.indices.map { 4 * group + $0 }
            let closed = bits.filter { links[$0].isClosed }
            if closed.count > 1 { fail("group \(group) joins two outlets") }
            for bit in bits {
                let isCommanded = result.links & (1 << UInt32(bit)) != 0
                if isCommanded, closed.contains(where: { $0 != bit }) {
                    fail("link \(bit) is closed while another of its group is")
                }
                if isCommanded != links[bit].wasCommanded { checkMove(bit, closes: isCommanded) }
            }
        }
    }

    private mutating func checkMove(_ bit: Int, closes: Bool) {
        let (group, evse) = (bit / 4, bit % 4)
        let isFaulty = result.faults[evse].contains(.linkFault)
        for source in members(group) where sources[source].current > 1 && !isFaulty {
            fail("group \(group) is moved under \(sources[source].current) A")
        }
        guard closes else { return }
        closings += 1
        if outlets[evse].request.isHeld { fail("a group joins outlet \(evse), which is held") }
        let voltage = members(group).map { sources[$0].voltage }.max() ?? 0
        let most = plan.allocation.matchVoltage.double + 8
        // What a source says is up to 200 ms old, in which it moves by so much.
        if abs(voltage - outlets[evse].voltage) > most + 40 {
            fail(
                "group \(group) of \(voltage) V joins outlet \(evse) of \(outlets[evse].voltage) V")
        }
    }

    private mutating func checkCommands() {
        for evse in outlets.indices {
            let order = outlets[evse].order
            var sum = 0.0
            for source in sources.indices where image.sourceCommands[source].isOn {
                let command = image.sourceCommands[source]
                guard Int(command.evse) == evse else { continue }
                if command.purpose != .preCharge || outlet(of: group(of: source)) == evse {
                    sum += command.current.double
                }
                if command.current.double > sources[source].maximumCurrent + 0.001 {
                    fail("source \(source) is told more than it can")
                }
            }
            if sum > (order.isOn ? order.current.double : 0) + 1.001 {
                fail("outlet \(evse) is given \(sum) A of \(order.current)")
            }
        }
        for source in sources.indices {
            guard let joined = outlet(of: group(of: source)) else { continue }
            let command = image.sourceCommands[source]
            if command.isOn, Int(command.evse) != joined, command.current > Amperes(1) {
                fail("source \(source) is on for another outlet than the one it is joined with")
            }
        }
    }

    private mutating func checkHeld() {
        for evse in outlets.indices {
            guard outlets[evse].request.isHeld else {
                outlets[evse].heldSources = nil
                continue
            }
            let now = result.supplies[evse].sources
            if let before = outlets[evse].heldSources, now & ~before != 0, !wasDisturbed {
                fail("outlet \(evse) is held and gets sources")
            }
            outlets[evse].heldSources = now
        }
    }

    private mutating func noteWaits() {
        for evse in outlets.indices {
            guard outlets[evse].request.isWanted, !result.supplies[evse].isReady else {
                outlets[evse].waitsSince = nil
                continue
            }
            let since = outlets[evse].waitsSince ?? now
            outlets[evse].waitsSince = since
            outlets[evse].longestWait = max(outlets[evse].longestWait, now - since)
        }
    }

    // MARK: Sessions

    /// A vehicle asks for so much.
    mutating func ask(_ evse: Int, watts: Int64, volts: Int32 = 400, priority: UInt8 = 0) {
        outlets[evse].request.isWanted = true
        outlets[evse].request.isHeld = false
        outlets[evse].request.voltage = Volts(volts)
        outlets[evse].request.current = Amperes(500)
        outlets[evse].request.power = Watts(watts)
        outlets[evse].request.minimumPower = Watts(400)
        outlets[evse].request.priority = priority
    }

    /// Energy flows, as much as there is.
    mutating func transfer(_ evse: Int, amperes: Int32) {
        outlets[evse].order.isOn = true
        outlets[evse].order.purpose = .transfer
        outlets[evse].order.voltage = outlets[evse].request.voltage
        outlets[evse].order.current = Amperes(amperes)
    }

    mutating func leave(_ evse: Int) {
        outlets[evse].request = PowerRequest()
        outlets[evse].order = PowerOrder()
    }

    /// Power of the sources that feed the outlet, as the law sees it.
    func power(_ evse: Int) -> Watts { result.supplies[evse].maximumPower }
}
