import ControlLoop
import EVSEModel
import LoopGuarantees
import Testing

/// Vehicles below one feed, as slow as the standard allows, in steps of 100 ms.
private struct Feed {
    struct Vehicle {
        var wants = false
        var most = Amperes(32)
        var phases = FeedPhases.all
        var priority: UInt8 = 0
        /// How long it takes to follow an offer, at most 5 s (IEC 61851-1:2017 Table A.6).
        var delay = Milliseconds.zero
        var offered = Amperes.zero
        var offeredAt = Instant.zero
        var drawn = Amperes.zero
        var isClosed = false
        /// Share of the time in which it got something, and the longest without, while it wanted.
        var served = 0
        var wait = 0
        var longestWait = 0
        var changes = 0
    }
    static let step = Milliseconds(100)
    var law = FeedLaw()
    var plan = FeedPlan()
    var capacity: InlineArray<3, Amperes>
    /// Of all phases together.
    var total = Amperes(raw: .max)
    var vehicles: [Vehicle]
    var now = Instant(milliseconds: 1_000_000)
    var random: SplitMix
    /// Loop cycles see the meter's value of each vehicle only where it has one.
    var hasMeters = false

    init(_ capacity: Amperes, _ vehicles: [Vehicle], seed: UInt64 = 1) {
        self.capacity = InlineArray(repeating: capacity)
        self.vehicles = vehicles
        random = SplitMix(seed: seed)
    }

    mutating func run(_ time: Milliseconds, each: (borrowing Feed) -> Void = { _ in }) {
        for _ in 0..<(time.count / Self.step.count) {
            cycle()
            each(self)
        }
    }

    mutating func cycle() {
        now = now + Self.step
        var members = InlineArray<4, FeedMember>(repeating: FeedMember())
        for (index, vehicle) in vehicles.enumerated() {
            members[index].wants = vehicle.wants
            members[index].most = vehicle.most
            members[index].phases = vehicle.phases
            members[index].priority = vehicle.priority
            members[index].offered = vehicle.offered
            members[index].isClosed = vehicle.isClosed
            if hasMeters { members[index].drawn = vehicle.drawn }
        }
        let shares = law.step(
            members, count: vehicles.count, feed: FeedRoom(phases: capacity, total: total), at: now,
            plan: plan)
        for index in vehicles.indices { follow(index, shares[index]) }
    }

    /// The pilot goes to the share, 5 s after its last change at the earliest except to nothing; the
    /// vehicle goes after it.
    private mutating func follow(_ index: Int, _ share: Amperes) {
        var vehicle = vehicles[index]
        let offer = vehicle.wants && share >= Amperes(6) ? share : .zero
        let mayChange = offer == .zero || now >= vehicle.offeredAt + .seconds(5)
        if offer != vehicle.offered, mayChange {
            vehicle.offered = offer
            vehicle.offeredAt = now
            vehicle.delay = Milliseconds(Int64(random.within(0...50)) * 100)
            vehicle.changes += 1
        }
        if now >= vehicle.offeredAt + vehicle.delay { vehicle.drawn = vehicle.offered }
        if vehicle.offered > .zero { vehicle.isClosed = true }
        if vehicle.offered == .zero, vehicle.drawn == .zero { vehicle.isClosed = false }
        if vehicle.wants {
            vehicle.served += vehicle.offered > .zero ? 1 : 0
            vehicle.wait = vehicle.offered > .zero ? 0 : vehicle.wait + 1
            vehicle.longestWait = max(vehicle.longestWait, vehicle.wait)
        }
        vehicles[index] = vehicle
    }

    func drawn(_ phase: Int) -> Amperes {
        vehicles.reduce(.zero) { $0 + ($1.phases.contains(phase: phase) ? $1.drawn : .zero) }
    }
    var isWithin: Bool {
        (0..<3).allSatisfy { drawn($0) <= capacity[$0] }
            && (0..<3).reduce(.zero) { $0 + drawn($1) } <= total
    }
}

@Suite struct FeedLawTests {
    private func phases(_ count: Int, _ rotation: Int) -> FeedPhases {
        FeedPhases(count: count, rotation: rotation)
    }

    @Test func `phases follow the rotation of the wiring`() {
        #expect(phases(1, 0).rawValue == 0b001)
        #expect(phases(1, 2).rawValue == 0b100)
        #expect(phases(2, 2).rawValue == 0b101)
        #expect(phases(3, 1) == .all)
    }

    @Test func `one vehicle gets all that it can use, at once`() {
        var feed = Feed(Amperes(63), [.init(wants: true), .init()])
        feed.run(.seconds(6))
        #expect(feed.vehicles[0].offered == Amperes(32))
    }

    @Test func `two share fairly, and who can use less leaves the rest`() {
        var feed = Feed(Amperes(40), [.init(wants: true), .init(wants: true, most: Amperes(10))])
        feed.run(.seconds(60))
        #expect(feed.vehicles[0].offered == Amperes(30))
        #expect(feed.vehicles[1].offered == Amperes(10))
    }

    @Test func `vehicles on different phases do not take from one another`() {
        var feed = Feed(
            Amperes(32),
            (0..<3).map { .init(wants: true, phases: FeedPhases(count: 1, rotation: $0)) })
        feed.run(.seconds(60))
        #expect(feed.vehicles.allSatisfy { $0.offered == Amperes(32) })
    }

    @Test func `a newcomer waits until the others have come down`() {
        var feed = Feed(Amperes(32), [.init(wants: true), .init()])
        feed.run(.seconds(30))
        #expect(feed.vehicles[0].drawn == Amperes(32))
        feed.vehicles[1].wants = true
        feed.run(.seconds(60)) { #expect($0.isWithin) }
        #expect(feed.vehicles.map(\.offered) == [Amperes(16), Amperes(16)])
    }

    @Test func `by priority the first gets all, the second what is left`() {
        var feed = Feed(
            Amperes(40), [.init(wants: true), .init(wants: true, priority: 1)])
        feed.plan.policy = .priority
        feed.run(.seconds(90))
        #expect(feed.vehicles.map(\.offered) == [Amperes(8), Amperes(32)])
    }

    @Test(arguments: [FeedPlan.Policy.fair, .priority])
    func `where not all can charge they take turns, and nobody waits for ever`(
        policy: FeedPlan.Policy
    ) {
        var feed = Feed(
            Amperes(13), (0..<4).map { .init(wants: true, priority: UInt8($0)) })
        feed.plan.policy = policy
        feed.run(.seconds(24 * 3600)) { feed in
            #expect(feed.isWithin)
            #expect(feed.vehicles.count { $0.offered > .zero } <= 2)
        }
        for vehicle in feed.vehicles {
            let longest = Milliseconds(Int64(vehicle.longestWait) * Feed.step.count)
            #expect(longest < feed.plan.longestWait + feed.plan.turn + .seconds(120))
            #expect(vehicle.served > 0)
        }
        if policy == .fair {
            let served = feed.vehicles.map(\.served)
            #expect((served.max() ?? 0) < (served.min() ?? 0) * 12 / 10)
        }
    }

    @Test func `a load that flutters around a minimum does not make charging flutter`() {
        var feed = Feed(Amperes(20), [.init(wants: true), .init(wants: true)])
        feed.run(.seconds(60))
        for vehicle in feed.vehicles.indices { feed.vehicles[vehicle].changes = 0 }
        for _ in 0..<3600 {
            let ampere = Int32(feed.random.within(10...14))
            feed.capacity = InlineArray(repeating: Amperes(ampere))
            feed.run(.seconds(1))
        }
        // Once in 10 s at most, and a pause lasts a minute at least.
        for vehicle in feed.vehicles { #expect(vehicle.changes < 400) }
        #expect(feed.vehicles.map(\.changes).min() ?? 0 < 130)
    }

    @Test func `the sum never exceeds a steady feed, whatever comes and goes`() {
        var random = SplitMix(seed: 7)
        for round in 0..<60 {
            var feed = Feed(
                Amperes(Int32(random.within(6...80))),
                (0..<random.within(1...4)).map { _ in
                    .init(
                        most: Amperes(Int32(random.within(6...32))),
                        phases: FeedPhases(
                            count: random.within(1...3), rotation: random.below(3)),
                        priority: UInt8(random.below(3)))
                }, seed: UInt64(round))
            if random.once(in: 3) { feed.total = Amperes(Int32(random.within(6...150))) }
            feed.plan.policy = random.once(in: 2) ? .fair : .priority
            feed.hasMeters = random.once(in: 2)
            feed.plan.turn = .seconds(Int64(random.within(20...200)))
            for _ in 0..<200 {
                let index = random.below(feed.vehicles.count)
                feed.vehicles[index].wants.toggle()
                if random.once(in: 3) {
                    feed.vehicles[index].most = Amperes(Int32(random.within(4...32)))
                }
                feed.run(Milliseconds(Int64(random.within(1...300)) * 100)) { feed in
                    #expect(feed.isWithin, "round \(round) at \(feed.now)")
                }
            }
        }
    }

    @Test func `where the feed shrinks the sum is within it as soon as vehicles can follow`() {
        var random = SplitMix(seed: 11)
        for round in 0..<40 {
            var feed = Feed(
                Amperes(63), (0..<3).map { _ in .init(wants: true) }, seed: UInt64(round))
            feed.run(.seconds(120))
            feed.capacity = InlineArray(repeating: Amperes(Int32(random.within(0...40))))
            // 5 s until the duty may change again, 5 s until the vehicle has followed.
            feed.run(Milliseconds(10_200))
            feed.run(.seconds(120)) { feed in #expect(feed.isWithin, "round \(round)") }
        }
    }
}
