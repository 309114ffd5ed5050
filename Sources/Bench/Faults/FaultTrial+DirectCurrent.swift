import EVSEModel
import JSON

extension FaultCell {
    /// How long the fault is watched at most before anything else is done.
    var patience: Milliseconds {
        let usual = FaultDemand.patience(fault, on: kind, isDirect: outlet.isDirect)
        // A bus demands what the devices on it demand.
        return max(usual, (demand.opening ?? .zero) + .seconds(2))
    }

    /// What comes to be charged: one that soon has all it wants, and has room for hours.
    var vehicle: JSONValue {
        guard outlet.isDirect else { return [:] }
        return [
            "batteryWh": 90_000, "soc": .number(JSONNumber(35, fractionDigits: 2)),
            "dc": ["maxCurrent": 60],
        ]
    }
}

extension JSONValue {
    /// Of a connector of the rig: a vehicle with direct current has ended its session, and would begin another.
    var isAsleep: Bool {
        guard let stage = self["dc"]?["vehicle"]?["stage"]?.string else { return true }
        return stage == "ended" || stage == "paused"
    }
}

// What a trial looks at where direct current flows.
extension FaultTrial {
    /// What was offered before the fault and is offered now, A: by the pilot; with direct current what flows,
    /// since what is offered moves with the battery.
    func offers(
        since events: Int, _ before: JSONValue
    ) async -> (before: Double, now: Double) {
        guard cell.outlet.isDirect else {
            let offered = before["offered"]?.number?.double ?? 32
            let last = own(events).last { $0.kind == "duty" }
            return (offered, last?.fields["offered"]?.number?.double ?? offered)
        }
        let flowed = before["drawn"]?.number?.double ?? 0
        let flows = (try? await connector())?["drawn"]?.number?.double ?? 0
        // It trembles with the battery's voltage.
        return (flowed, flows < 0.8 * flowed ? flows : flowed)
    }

    /// Whether a try to charge gave energy to a vehicle, and whether it might have.
    func judgeTry(_ events: [PlantRecord.Event], _ outcome: inout FaultOutcome) {
        let isClosed = events.contains {
            $0.kind == "contactor" && $0.fields["closed"] == true
        }
        let isOn = events.contains { $0.kind == "contactor" && $0.fields["coil"] == true }
        let isGiven = Self.givesEnergy(events)
        outcome.started = cell.outlet.isDirect ? isGiven : isClosed
        if isOn, cell.demand.forbidsStart {
            outcome.verdict = .unsafe("energy was switched on while the fault held")
        } else if isGiven, cell.demand.forbidsEnergy {
            outcome.verdict = .unsafe("a vehicle was given energy while the fault held")
        }
    }

    /// A vehicle of direct current has closed its own contactors on what the station gives.
    private static func givesEnergy(_ events: [PlantRecord.Event]) -> Bool {
        events.contains { $0.kind == "stage" && $0.fields["stage"] == "transfer" }
    }

    /// A session begins with a link, a self-test and a cable check. It is watched until the vehicle has energy,
    /// has given up, or nothing has moved for longer than any step takes.
    func watchDirectTry(since events: Int) async {
        let end = MonotonicClock.now + .seconds(50)
        var seen = 0
        var quietSince = MonotonicClock.now
        while MonotonicClock.now < end {
            try? await Task.sleep(for: .milliseconds(100))
            let own = own(events)
            let count = own.count { $0.kind != "sample" && $0.kind != "indicator" }
            if count != seen { quietSince = MonotonicClock.now }
            seen = count
            if Self.givesEnergy(own) {
                // What a fault shows with energy takes a little.
                try? await Task.sleep(for: .seconds(2))
                return
            }
            let gaveUp = own.contains {
                $0.kind == "stage" && ["ended", "failed"].contains($0.fields["stage"]?.string)
            }
            if gaveUp || MonotonicClock.now - quietSince > Self.longestStep { return }
        }
    }
    /// Chosen: beyond a monitor's self-test of 8 s.
    private static let longestStep = Milliseconds.seconds(12)

    /// What had to be opened is dead as well.
    func judgeDead(_ outcome: inout FaultOutcome) async {
        guard cell.outlet.isDirect, outcome.verdict == .good else { return }
        let deadline = MonotonicClock.now + Self.discharge
        var voltage = 0.0
        repeat {
            voltage = (try? await connector())?["dc"]?["voltage"]?.number?.double ?? 0
            if voltage < 60 { return }
            try? await Task.sleep(for: .milliseconds(100))
        } while MonotonicClock.now < deadline
        outcome.verdict = .unsafe("the outlet still had \(voltage) V")
    }
    /// The laws' own time for it, and some.
    private static let discharge = Milliseconds.seconds(15)

    /// Two outlets were never on one busbar since the station started.
    func judgeMatrix(_ outcome: inout FaultOutcome) async {
        guard cell.outlet.isDirect, outcome.verdict == .good else { return }
        let state = try? await stand.rig.state()
        guard let times = state?["dc"]?["parallelings"]?.int, times > 0 else { return }
        outcome.verdict = .unsafe("the busbars of two outlets were joined \(times) times")
    }
}
