import EVSEModel
import Plant
import StationRuntime

/// What must hold of direct current, judged from the plant's circuits, the loop's image and the board alone.
struct DirectCurrentWatch {
    private struct Place {
        var liveSince: Int64?
        var overSince: Int64?
        var uncooledSince: Int64?
        var broken = 0
    }
    /// By EVSE (zero-based) and connector.
    private var places: [[Place]]
    private let plans: [DCPlan]
    /// The most volts between what a link joined, as far as that is known already.
    private var joined = 0.0
    private let isFitted: Bool
    /// When something last was wrong with the hardware, or the loop or the station was away.
    private var disturbedAt: Int64 = .min / 2
    /// The same, what cools aside.
    private var disturbedOtherwiseAt: Int64 = .min / 2

    /// A discharge, the weld check's time, and a step of the simulation.
    private static let discharge: Int64 = 15_000_000_000
    /// Disturbances act this much longer: a module's own watchdog is the longest.
    private static let aftermath: Int64 = 30_000_000_000
    /// The laws' tolerance twice over, and what a battery's voltage moves by while a link closes.
    private static let mostJoined = 60.0
    /// What a vehicle may see too much: the laws' grace, the way down, a step.
    private static let excess: Int64 = 4_000_000_000

    init(_ station: SimulatedStation) {
        plans = station.evsePlans.indices.map { station.laboratory.composition.loop.dc.evses[$0] }
        isFitted = plans.contains(where: \.isFitted)
        places = station.world.evses.map { $0.connectors.map { _ in Place() } }
    }

    mutating func look(_ station: SimulatedStation) -> (Invariant, String)? {
        guard isFitted else { return nil }
        let isAway =
            station.process != .running || station.loop == nil || !station.world.mains.isUp
            || station.starved != nil
        if isAway || !station.world.faults.isEmpty { disturbedAt = station.instant }
        let isOther = station.world.faults.contains { fault in
            !station.world.coolers.contains { $0.plan.device == fault.device }
        }
        if isAway || isOther { disturbedOtherwiseAt = station.instant }
        if station.world.power.parallelings > 0 {
            return (.outletsApart, "a link joined the busbars of two outlets")
        }
        if let text = judgeLinks(station) { return (.linksMatch, text) }
        if let text = judgeBooks(station) { return (.directBooks, text) }
        for index in plans.indices where plans[index].isFitted {
            if let found = look(at: index, station) { return found }
        }
        return nil
    }

    private func wasQuiet(_ station: SimulatedStation) -> Bool {
        station.instant - disturbedAt > Self.aftermath
    }

    /// One that welds joins what it finds.
    private mutating func judgeLinks(_ station: SimulatedStation) -> String? {
        let most = station.world.power.mostJoined
        defer { joined = most }
        guard most > joined, most > Self.mostJoined, wasQuiet(station) else { return nil }
        let power = station.world.power
        let groups = power.groups.map { Int($0.voltage) }
        let busbars = power.circuits.map { Int($0.busVoltage) }
        let told = station.direct.sources
        let sources = power.stages.indices.map {
            "\(told[$0].voltage) \(told[$0].isOn ? "on" : "off")"
        }
        return "\(power.mostJoiningLink) joined what was \(most) V apart; then groups at "
            + "\(groups) V, busbars at \(busbars) V, told by sources: \(sources)"
    }

    private func judgeBooks(_ station: SimulatedStation) -> String? {
        let books = station.world.power.books
        let spent = books.batteries + books.losses + books.carriedAway + station.world.power.stored
        let tolerance = 1 + 1e-6 * abs(books.sources)
        guard abs(books.sources - spent) > tolerance else { return nil }
        return "sources gave \(books.sources) J, \(spent) J are accounted for"
    }

    private mutating func look(
        at index: Int, _ station: SimulatedStation
    ) -> (Invariant, String)? {
        guard let place = station.world.circuitPlace(evse: index + 1) else { return nil }
        let connectors = station.world.power.circuits[place].connectors
        for inner in connectors.indices {
            let connector = connectors[inner]
            var name: String { "\(index + 1)/\(inner + 1)" }
            let vehicles = station.world.evses[index].connectors
            let hasVehicle = vehicles.span[inner].hasVehicle
            if let text = judgeDead(index, inner, connector, hasVehicle, station) {
                return (.deadWhenUnplugged, "\(name): \(text)")
            }
            if let text = judgeLimits(index, inner, connector, station) {
                return (.directLimits, "\(name): \(text)")
            }
            if let text = judgeCooling(index, inner, connector, station) {
                return (.directLimits, "\(name): \(text)")
            }
            let broken = connector.contactor?.openedUnderLoad ?? 0
            defer { places[index][inner].broken = broken }
            if broken > places[index][inner].broken, wasQuiet(station),
                station.view.image.evses[index].status.allFaults.isEmpty,
                station.direct.status[index].stopReason == .station
                    || station.direct.status[index].stopReason == .vehicle
            {
                return (
                    .opensWithoutLoad,
                    "\(name): opened at \(connector.contactor?.mostBroken ?? 0) A in an orderly stop"
                )
            }
        }
        return nil
    }

    private mutating func judgeDead(
        _ index: Int, _ inner: Int, _ connector: DCConnector, _ hasVehicle: Bool,
        _ station: SimulatedStation
    ) -> String? {
        guard !hasVehicle, connector.voltage >= plans[index].safeVoltage.double + 5,
            wasQuiet(station)
        else {
            places[index][inner].liveSince = nil
            return nil
        }
        let since = places[index][inner].liveSince ?? station.instant
        places[index][inner].liveSince = since
        guard station.instant - since > Self.discharge else { return nil }
        return "\(connector.voltage) V with nobody plugged"
    }

    private mutating func judgeLimits(
        _ index: Int, _ inner: Int, _ connector: DCConnector, _ station: SimulatedStation
    ) -> String? {
        // Far below every limit there is nothing to compare with them.
        guard connector.current > 0 else {
            places[index][inner].overSince = nil
            return nil
        }
        let vehicle = station.world.evses[index].connectors[inner].vehicle?.direct
        let plan = plans[index]
        let most = min(
            plan.maximumCurrent.double, plan.connectors[inner].maximumCurrent.double,
            vehicle?.model.maximumCurrent ?? .infinity)
        let isOver = connector.current > most * 1.05 + plan.overCurrentOffset.double + 1
        guard isOver, wasQuiet(station) else {
            places[index][inner].overSince = nil
            return nil
        }
        let since = places[index][inner].overSince ?? station.instant
        places[index][inner].overSince = since
        guard station.instant - since > Self.excess else { return nil }
        return "\(connector.current) A where \(most) A are the most"
    }

    /// A cable whose coolant stands still carries what it bears without, after the laws' times and a stop's.
    private mutating func judgeCooling(
        _ index: Int, _ inner: Int, _ connector: DCConnector, _ station: SimulatedStation
    ) -> String? {
        let plan = plans[index]
        let unit = station.world.coolers.first { $0.plan.evse == index + 1 && $0.plan.pump != nil }
        let bears = plan.connectors[inner].uncooledCurrent.double
        let most = bears * 1.05 + plan.overCurrentOffset.double + 1
        guard let unit, !unit.isFlowing, connector.current > most,
            station.instant - disturbedOtherwiseAt > Self.aftermath
        else {
            places[index][inner].uncooledSince = nil
            return nil
        }
        let since = places[index][inner].uncooledSince ?? station.instant
        places[index][inner].uncooledSince = since
        let times = plan.cooling.startTime + plan.cooling.grace + plan.stopTimeout
        guard station.instant - since > times.count * 1_000_000 + Self.excess else { return nil }
        return "\(connector.current) A through a cable without cooling, which bears \(bears) A"
    }
}
