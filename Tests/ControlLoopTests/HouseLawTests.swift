import ControlLoop
import EVSEModel
import LoopGuarantees
import Testing

/// A house with a breaker, loads of its own and vehicles below the station's feed, in steps of 100 ms:
/// every meter is read at its own instants and shows what was a while ago.
private struct House {
    struct Vehicle {
        var wants = true
        var most = Amperes(32)
        var phases = FeedPhases.all
        /// What it takes of its offer, in percent: a battery that is nearly full takes less.
        var appetite: Int32 = 100
        /// How long it takes to follow an offer, at most 5 s (IEC 61851-1:2017 Table A.6).
        var delay = Milliseconds.zero
        var offered = Amperes.zero
        var offeredAt = Instant.zero
        var drawn = Amperes.zero
        var isClosed = false
        var changes = 0
        /// Changes to less.
        var falls = 0
        var unserved = 0
        var meterDue: Int64 = 0
        var meter = MeterSample()
    }
    static let step = Milliseconds(100)
    /// From a load of the house to vehicles that have made room for it: reading the meters, a change of
    /// the duty that has to wait, a vehicle that takes its time; see `docs/control-laws.md`.
    static let reaction = Milliseconds(25_000)

    var supply = SupplyLaw()
    var feed = FeedLaw()
    var feedPlan = FeedPlan()
    var plan = SupplyPlan()
    var vehicles: [Vehicle]
    /// Of the house without the station, per phase.
    var load = InlineArray<3, Amperes>(repeating: Amperes(5))
    var housePeriod = Milliseconds(1000)
    /// How old a value is when it is read.
    var lag = Milliseconds.zero
    var houseIsSilent = false
    var ownIsSilent = false
    var now = Instant(milliseconds: 1_000_000)
    var random: SplitMix
    private var houseDue: Int64 = 0
    private var sample = MeterSample()
    /// What the house drew of each phase in the last seconds, newest last; loads likewise.
    private(set) var drawn = [InlineArray<3, Amperes>]()
    private(set) var loads = [InlineArray<3, Amperes>]()
    private(set) var allowed = InlineArray<3, Amperes>(repeating: .zero)
    private(set) var cause = LimitCause.groupShare

    init(_ vehicles: [Vehicle], breaker: Amperes = Amperes(35), seed: UInt64 = 1) {
        self.vehicles = vehicles
        plan.house.isMeasured = true
        plan.house.limit = breaker
        plan.house.fallback = Amperes(6)
        feedPlan.limit = Amperes(63)
        feedPlan.changes = true
        random = SplitMix(seed: seed)
    }

    mutating func run(_ time: Milliseconds, each: (inout House) -> Void = { _ in }) {
        for _ in 0..<(time.count / Self.step.count) {
            cycle()
            each(&self)
        }
    }

    mutating func cycle() {
        now = now + Self.step
        remember()
        readMeters()
        var inputs = SupplyInputs()
        inputs.house = sample
        inputs.count = vehicles.count
        var members = InlineArray<4, FeedMember>(repeating: FeedMember())
        for (index, vehicle) in vehicles.enumerated() {
            inputs.own[index] = OwnReading(
                vehicle.meter, phases: vehicle.phases, rotation: 0, most: vehicle.offered)
            members[index].wants = vehicle.wants
            members[index].most = vehicle.most
            members[index].phases = vehicle.phases
            members[index].offered = vehicle.offered
            members[index].isClosed = vehicle.isClosed
        }
        let supply = self.supply.step(inputs, at: now, feed: feedPlan, plan: plan)
        allowed = supply.house?.phases ?? allowed
        cause = supply.cause(for: .all)
        let shares = feed.step(
            members, count: vehicles.count, feed: supply.room, at: now, plan: feedPlan)
        for index in vehicles.indices { follow(index, shares[index]) }
    }

    private mutating func remember() {
        var sum = load
        for vehicle in vehicles {
            for phase in 0..<3 where vehicle.phases.contains(phase: phase) {
                sum[phase] += vehicle.drawn
            }
        }
        drawn.append(sum)
        loads.append(load)
        if drawn.count > 300 {
            drawn.removeFirst(50)
            loads.removeFirst(50)
        }
    }

    private mutating func readMeters() {
        let milliseconds = now.nanoseconds / 1_000_000
        if milliseconds >= houseDue {
            // A poll that must be repeated comes later.
            houseDue = milliseconds + housePeriod.count * (random.once(in: 12) ? 2 : 1)
            if !houseIsSilent {
                let back = min(drawn.count - 1, Int(lag.count / Self.step.count))
                let past = drawn[drawn.count - 1 - back]
                sample.at = now
                sample.valid = [.current, .power]
                sample.phases = 3
                for phase in 0..<3 {
                    // A meter's current has no sign, its power has.
                    sample.current[phase] = Amperes(raw: abs(past[phase].raw))
                    sample.power[phase] = Watts(raw: Int64(past[phase].raw) * 230)
                }
            }
        }
        for index in vehicles.indices where milliseconds >= vehicles[index].meterDue {
            vehicles[index].meterDue = milliseconds + 1000 + Int64(random.below(3)) * 100
            guard !ownIsSilent else { continue }
            vehicles[index].meter.at = now
            vehicles[index].meter.valid = .current
            vehicles[index].meter.phases = 3
            for phase in 0..<3 {
                vehicles[index].meter.current[phase] =
                    vehicles[index].phases.contains(phase: phase) ? vehicles[index].drawn : .zero
            }
        }
    }

    private mutating func follow(_ index: Int, _ share: Amperes) {
        var vehicle = vehicles[index]
        let granted = min(share, vehicle.most)
        let offer = vehicle.wants && granted >= Amperes(6) ? granted : .zero
        let mayChange = offer == .zero || now >= vehicle.offeredAt + .seconds(5)
        if offer != vehicle.offered, mayChange {
            vehicle.changes += 1
            if offer < vehicle.offered { vehicle.falls += 1 }
            vehicle.offered = offer
            vehicle.offeredAt = now
            vehicle.delay = Milliseconds(Int64(random.within(0...50)) * 100)
        }
        if now >= vehicle.offeredAt + vehicle.delay {
            let target = Amperes(raw: vehicle.offered.raw / 100 * vehicle.appetite)
            // Up in steps of 1 A a step of time, down at once.
            vehicle.drawn = min(target, vehicle.drawn + Amperes(1))
        }
        if vehicle.offered > .zero { vehicle.isClosed = true }
        if vehicle.offered == .zero, vehicle.drawn == .zero { vehicle.isClosed = false }
        vehicle.unserved = vehicle.wants && vehicle.offered == .zero ? vehicle.unserved + 1 : 0
        vehicles[index] = vehicle
    }

    /// What vehicles draw was free at some instant within the reaction time.
    var isWithin: Bool {
        let steps = min(loads.count, Int(Self.reaction.count / Self.step.count))
        let recent = loads.suffix(steps)
        return (0..<3).allSatisfy { phase in
            guard let now = drawn.last, let load = loads.last else { return true }
            let own = now[phase] - load[phase]
            let free = recent.map { plan.house.limit - $0[phase] }.max() ?? .zero
            return own <= max(.zero, free)
        }
    }
    var changes: Int { vehicles.reduce(0) { $0 + $1.changes } }
    mutating func forgetChanges() {
        for index in vehicles.indices { vehicles[index].changes = 0 }
    }
}

@Suite struct HouseLawTests {
    @Test func `before the meter was heard the fallback holds, then what the house leaves`() {
        var house = House([.init()])
        house.houseIsSilent = true
        house.run(.seconds(20))
        #expect(house.vehicles[0].offered == Amperes(6))
        #expect(house.cause == .houseLimit)
        house.houseIsSilent = false
        house.run(.seconds(60))
        // 35 A of breaker, 1 A of margin, 5 A of load.
        #expect(house.vehicles[0].offered == Amperes(29))
        #expect(house.cause == .houseLimit)
    }

    @Test func `a load that comes is made room for within the reaction time`() {
        var house = House([.init(), .init()])
        house.run(.seconds(180))
        #expect(
            house.vehicles.map(\.offered) == [
                Amperes(milliamperes: 14_500), Amperes(milliamperes: 14_500),
            ])
        house.load[1] = Amperes(17)
        house.run(House.reaction)
        #expect(house.drawn.last.map { $0[1] <= house.plan.house.limit } ?? false)
        #expect(
            house.vehicles.map(\.offered) == [
                Amperes(milliamperes: 8_500), Amperes(milliamperes: 8_500),
            ])
    }

    @Test func `a load that leaves nothing pauses, and charging goes on when it is gone`() {
        var house = House([.init()])
        house.run(.seconds(120))
        house.load = InlineArray(repeating: Amperes(31))
        house.run(.seconds(30))
        #expect(house.vehicles[0].offered == .zero)
        house.load = InlineArray(repeating: Amperes(10))
        house.run(.seconds(120))
        #expect(house.vehicles[0].offered == Amperes(24))
    }

    @Test func `a vehicle that begins to draw is not taken for a load of the house`() {
        // The house's meter shows it first, our own a second later, whatever their order.
        for seed in 1...40 {
            var house = House([.init()], seed: UInt64(seed))
            house.lag = Milliseconds(Int64(seed % 11) * 100)
            house.housePeriod = Milliseconds(Int64(700 + seed * 60))
            house.run(.seconds(150))
            #expect(house.vehicles[0].offered == Amperes(29), "seed \(seed)")
            // Up only: what a vehicle on its way may draw is not counted as free, and each step up
            // costs a dwell of 30 s.
            #expect(house.vehicles[0].falls == 0, "seed \(seed)")
            #expect(house.changes <= 6, "seed \(seed): \(house.changes) changes")
        }
    }

    @Test func `a stale meter is the fallback, and never no limit`() {
        var house = House([.init(), .init()])
        house.plan.house.fallback = Amperes(12)
        house.run(.seconds(180))
        house.houseIsSilent = true
        house.run(house.plan.house.maxAge + House.reaction)
        #expect(house.allowed[0] == Amperes(12))
        house.load = InlineArray(repeating: Amperes(-40))
        house.run(.seconds(600)) { house in
            #expect((0..<3).allSatisfy { house.allowed[$0] <= Amperes(12) })
        }
    }

    @Test func `a phase that the meter does not measure has the fallback`() {
        var law = HouseLaw()
        var plan = HousePlan()
        plan.limit = Amperes(35)
        plan.fallback = Amperes(7)
        var sample = MeterSample()
        sample.valid = .current
        sample.current[0] = Amperes(10)
        var now = Instant(milliseconds: 1000)
        for _ in 0..<600 {
            now = now + Milliseconds(100)
            sample.at = now
            law.step(
                house: sample, own: InlineArray(repeating: OwnReading()), count: 0, wired: 3,
                at: now,
                plan: plan)
        }
        #expect(law.allowed[0] == Amperes(24))
        #expect(law.allowed[1] == Amperes(7))
        #expect(law.allowed[2] == Amperes(7))
    }

    @Test func `what the roof gives back may be drawn on top`() {
        var house = House([.init(most: Amperes(32))], breaker: Amperes(20))
        house.load = InlineArray(repeating: Amperes(-15))
        house.run(.seconds(120))
        #expect(house.vehicles[0].offered == Amperes(32))
    }

    @Test func `steady loads bring steady offers`() {
        for seed in 1...30 {
            var house = House(
                [
                    .init(phases: .all, appetite: Int32(40 + seed * 2)),
                    .init(phases: FeedPhases(count: 1, rotation: seed % 3)),
                ], seed: UInt64(seed))
            house.lag = Milliseconds(Int64(house.random.below(10)) * 100)
            house.housePeriod = Milliseconds(Int64(house.random.within(500...3000)))
            house.load = InlineArray(repeating: Amperes(Int32(house.random.within(0...20))))
            house.run(.seconds(300))
            house.forgetChanges()
            house.run(.seconds(600))
            #expect(house.changes == 0, "seed \(seed)")
        }
    }

    @Test func `a load that flutters does not make charging flutter`() {
        var house = House([.init(), .init()])
        house.run(.seconds(120))
        house.forgetChanges()
        for _ in 0..<1800 {
            house.load = InlineArray(repeating: Amperes(Int32(house.random.within(5...14))))
            house.run(.seconds(1))
        }
        // Down once, up again at most once in the dwell of 30 s: each vehicle, within half an hour.
        #expect(house.changes < 2 * 2 * 1800 / 30)
        #expect(house.vehicles.allSatisfy { $0.offered >= Amperes(8) })
    }

    @Test
    func `whatever the house does at a bounded rate, vehicles draw what was free a moment ago`() {
        var random = SplitMix(seed: 23)
        for round in 0..<60 {
            var house = House(
                (0..<random.within(1...4)).map { _ in
                    .init(
                        most: Amperes(Int32(random.within(6...32))),
                        phases: FeedPhases(count: random.within(1...3), rotation: random.below(3)),
                        appetite: Int32(random.within(30...100)))
                }, breaker: Amperes(Int32(random.within(16...63))), seed: UInt64(round))
            house.lag = Milliseconds(Int64(random.below(10)) * 100)
            house.housePeriod = Milliseconds(Int64(random.within(500...3000)))
            for _ in 0..<60 {
                // Up to 2 A a second, each phase its own way; sometimes a boiler at once.
                var target = house.load
                for phase in 0..<3 { target[phase] = Amperes(Int32(random.within(-20...50))) }
                let isStep = random.once(in: 4)
                if random.once(in: 5) {
                    let index = random.below(house.vehicles.count)
                    house.vehicles[index].wants.toggle()
                }
                house.run(Milliseconds(Int64(random.within(10...600)) * 100)) { house in
                    for phase in 0..<3 {
                        let missing = target[phase] - house.load[phase]
                        let rate = isStep ? Amperes(100) : Amperes(milliamperes: 200)
                        house.load[phase] += max(.zero - rate, min(rate, missing))
                    }
                    #expect(house.isWithin, "round \(round) at \(house.now)")
                }
            }
        }
    }

    @Test func `whoever finds its minimum free for long enough is served`() {
        var random = SplitMix(seed: 29)
        for round in 0..<30 {
            var house = House([.init(), .init()], seed: UInt64(round))
            house.lag = Milliseconds(Int64(random.below(10)) * 100)
            house.housePeriod = Milliseconds(Int64(random.within(500...3000)))
            for _ in 0..<20 {
                // 15 A at least for two of 6 A, above which the load flutters.
                let base = random.once(in: 3) ? 34 : random.within(0...19)
                let isFree = base <= 19
                var time = 0
                house.run(.seconds(Int64(random.within(30...300)))) { house in
                    time += 1
                    if time % 7 == 0 {
                        house.load = InlineArray(
                            repeating: Amperes(Int32(max(0, base - house.random.below(8)))))
                    }
                    guard isFree, time > 1500 else { return }
                    // The dwell of the house, a minute of a pause, and the reactions.
                    for vehicle in house.vehicles { #expect(vehicle.unserved < 1500) }
                }
            }
        }
    }

    @Test func `own meters that are silent make the law careful, not blind`() {
        var house = House([.init()])
        house.run(.seconds(120))
        house.ownIsSilent = true
        house.load = InlineArray(repeating: Amperes(20))
        house.run(.seconds(60))
        #expect(house.drawn.last.map { $0[0] <= house.plan.house.limit } ?? false)
    }
}

@Suite struct SupplyLawTests {
    private func supply(
        _ inputs: SupplyInputs, _ plan: SupplyPlan, law: inout SupplyLaw, at: Instant
    ) -> Supply {
        var feed = FeedPlan()
        feed.limit = Amperes(63)
        return law.step(inputs, at: at, feed: feed, plan: plan)
    }

    @Test func `a power is a current on one phase, a third of it on three`() {
        let room = FeedRoom(SupplyBound(power: Watts(4200)), voltage: Volts(230))
        #expect(room.most(FeedPhases(count: 1, rotation: 0)) == Amperes(milliamperes: 18_260))
        #expect(room.most(.all) == Amperes(milliamperes: 6_086))
        #expect(FeedRoom(SupplyBound(), voltage: Volts(230)).most(.all).raw == .max)
        #expect(FeedRoom(SupplyBound(power: Watts(-5)), voltage: Volts(230)).most(.all) == .zero)
        #expect(FeedRoom(SupplyBound(power: Watts(9_000_000)), voltage: Volts(1)).total.raw == .max)
    }

    @Test func `the dimming contact counts at once, and until it has been released for the dwell`()
    {
        var plan = SupplyPlan()
        plan.dimming.isFitted = true
        plan.dimming.bound.power = Watts(4200)
        var law = SupplyLaw()
        var inputs = SupplyInputs()
        var now = Instant(milliseconds: 1000)
        #expect(supply(inputs, plan, law: &law, at: now).dimming == nil)
        inputs.isDimmed = true
        let dimmed = supply(inputs, plan, law: &law, at: now)
        #expect(dimmed.room.most(.all) == Amperes(milliamperes: 6_086))
        #expect(dimmed.cause(for: .all) == .dimming)
        inputs.isDimmed = false
        now = now + Milliseconds(9_900)
        #expect(supply(inputs, plan, law: &law, at: now).dimming != nil)
        inputs.isDimmed = true
        _ = supply(inputs, plan, law: &law, at: now)
        inputs.isDimmed = false
        now = now + Milliseconds(100)
        #expect(supply(inputs, plan, law: &law, at: now).dimming != nil, "it chattered")
        now = now + Milliseconds(10_000)
        #expect(supply(inputs, plan, law: &law, at: now).dimming == nil)
    }

    @Test func `an energy manager that is silent, or was never heard, leaves the fallback`() {
        var plan = SupplyPlan()
        plan.external.isServed = true
        plan.external.fallback.current = Amperes(8)
        var law = SupplyLaw()
        var inputs = SupplyInputs()
        var now = Instant(milliseconds: 100_000)
        let first = supply(inputs, plan, law: &law, at: now)
        #expect(first.room.most(.all) == Amperes(8))
        #expect(first.cause(for: .all) == .externalLimit)
        inputs.external.at = now
        inputs.external.bound.current = Amperes(20)
        #expect(supply(inputs, plan, law: &law, at: now).room.most(.all) == Amperes(20))
        now = now + plan.external.timeout
        #expect(supply(inputs, plan, law: &law, at: now).room.most(.all) == Amperes(20))
        now = now + Milliseconds(1)
        #expect(supply(inputs, plan, law: &law, at: now).room.most(.all) == Amperes(8))
    }

    @Test func `what is told of a limit from outside is what was set, unless the breaker is less`()
    {
        var plan = SupplyPlan()
        plan.dimming.isFitted = true
        plan.dimming.bound = SupplyBound(current: Amperes(63), power: Watts(4200))
        plan.external.isServed = true
        plan.external.fallback = SupplyBound(current: Amperes(62), power: Watts(50_000))
        var law = SupplyLaw()
        var inputs = SupplyInputs()
        let now = Instant(milliseconds: 1000)
        let released = supply(inputs, plan, law: &law, at: now)
        #expect(released.dimmingBound == SupplyBound())
        #expect(released.externalBound == SupplyBound(current: Amperes(62)), "63 A are 43.5 kW")
        inputs.isDimmed = true
        let dimmed = supply(inputs, plan, law: &law, at: now)
        #expect(dimmed.dimmingBound == SupplyBound(power: Watts(4200)))
    }

    @Test func `the least limit is the one that is named, the breaker's is a share's`() {
        var plan = SupplyPlan()
        plan.dimming.isFitted = true
        plan.dimming.bound.current = Amperes(16)
        plan.external.isServed = true
        var law = SupplyLaw()
        var inputs = SupplyInputs()
        inputs.external.at = Instant(milliseconds: 1)
        inputs.external.bound.current = Amperes(10)
        inputs.isDimmed = true
        let now = Instant(milliseconds: 1000)
        #expect(supply(inputs, plan, law: &law, at: now).cause(for: .all) == .externalLimit)
        inputs.external.bound.current = Amperes(20)
        #expect(supply(inputs, plan, law: &law, at: now).cause(for: .all) == .dimming)
        inputs.external.bound.current = Amperes(80)
        plan.dimming.bound.current = Amperes(63)
        #expect(supply(inputs, plan, law: &law, at: now).cause(for: .all) == .groupShare)
    }
}
