import ControlLoop
import EVSEModel
import Plant

/// What all EVSEs offer together, judged from the contact, the energy manager's writes and the house's
/// loads alone; offers are read from the pilots' duty as vehicles would.
struct SupplyWatch {
    private let feed: FeedPlan
    private let plan: SupplyPlan
    private var overSince: Int64?
    private var overFeedSince: Int64?
    /// Since then nothing was broken, started or changed that the house law has to follow.
    private var calmSince: Int64 = .min
    private var lastLoad = [0.0, 0.0, 0.0]

    /// No change of a duty makes the sum of the offers exceed the feed, not for the time of another change
    /// either; the loop's periods and a step of the simulation lie between two pilots.
    private static let feedPatience: Int64 = 200_000_000
    /// A change of the duty may wait for 5 s, and a step is not shorter than what moved.
    private static let patience: Int64 = 6_500_000_000
    /// More than the house law promises (25 s), since steps are long where nothing moves.
    private static let houseTime: Int64 = 60_000_000_000

    init(_ plan: LoopPlan) {
        feed = plan.feed
        self.plan = plan.supply
    }

    /// - Returns: what is wrong.
    mutating func look(_ station: SimulatedStation) -> String? {
        guard station.loop != nil else {
            overSince = nil
            overFeedSince = nil
            return nil
        }
        guard plan.changes || station.sights.count > 1 else { return nil }
        let offers = offers(station)
        if let text = lookAtFeed(offers, station) { return text }
        guard plan.changes else { return nil }
        watchCalm(station)
        guard let excess = excess(of: offers, station) else {
            overSince = nil
            return nil
        }
        let since = overSince ?? station.instant
        overSince = since
        guard station.instant - since > Self.patience else { return nil }
        overSince = nil
        return excess
    }

    /// What several EVSEs offer together against the breaker that they have in common. What a broken
    /// contactor of L2 and L3 adds is no offer of the station's.
    private mutating func lookAtFeed(_ offers: Offers, _ station: SimulatedStation) -> String? {
        let most = feed.limit.double + offers.tolerance
        let isOver =
            station.sights.count > 1 && offers.phases.contains { $0 > most }
            && station.world.faults.isEmpty && station.trusts.allSatisfy { $0 == nil }
        guard isOver else {
            overFeedSince = nil
            return nil
        }
        let since = overFeedSince ?? station.instant
        overFeedSince = since
        guard station.instant - since >= Self.feedPatience else { return nil }
        return "\(offers.phases) A are offered below a feed of \(feed.limit)"
    }

    /// A of each phase of the feed, and of all together.
    private struct Offers {
        var phases = [0.0, 0.0, 0.0]
        var total: Double { phases.reduce(0, +) }
        var tolerance = 0.0
    }

    private func offers(_ station: SimulatedStation) -> Offers {
        var offers = Offers()
        for index in station.sights.indices {
            guard let offered = station.sights[index].offered, station.sights[index].hasVehicle
            else { continue }
            let evse = station.world.evses[index]
            for phase in 0..<evse.phases {
                offers.phases[(phase + evse.plan.rotation) % 3] += offered
            }
            offers.tolerance += 0.2
        }
        return offers
    }

    private func excess(of offers: Offers, _ station: SimulatedStation) -> String? {
        if plan.dimming.isFitted, station.world.house.isDimmed,
            exceeds(offers, plan.dimming.bound)
        {
            return "\(offers.phases) A are offered while the station is dimmed"
        }
        if plan.external.isServed {
            let bound = station.managerBound(timeout: plan.external.timeout)
            if exceeds(offers, bound ?? plan.external.fallback) {
                return "\(offers.phases) A are offered beyond the energy manager's limit"
            }
        }
        if plan.house.isMeasured, station.instant - calmSince > Self.houseTime {
            let load = station.world.house.load(at: station.instant)
            for phase in 0..<3
            where offers.phases[phase] > offers.tolerance
                && offers.phases[phase] + load[phase] > plan.house.limit.double + offers.tolerance
            {
                return "\(offers.phases[phase]) A are offered on phase \(phase + 1) beside "
                    + "\(load[phase]) A of the house"
            }
        }
        return nil
    }

    private func exceeds(_ offers: Offers, _ bound: SupplyBound) -> Bool {
        let room = FeedRoom(bound, voltage: feed.voltage)
        let isOver = (0..<3).contains {
            room.phases[$0].raw < .max
                && offers.phases[$0] > room.phases[$0].double + offers.tolerance
        }
        return isOver
            || room.total.raw < .max
                && offers.total > room.total.double + 3 * offers.tolerance
    }

    private mutating func watchCalm(_ station: SimulatedStation) {
        let load = station.world.house.load(at: station.instant)
        let isCalm =
            load == lastLoad && station.world.faults.isEmpty && station.world.mains.isUp
            && station.process == .running && station.starved == nil
            && station.lastStart > .min && station.view.isThere
            && !station.view.image.supply.houseIsStale
        lastLoad = load
        if !isCalm || calmSince < max(station.lastStart, station.lastCrash) {
            calmSince = station.instant
        }
    }
}
