import EVSEModel
import JSON
import Plant

/// What may be offered, judged from the CSMS's profiles, the cable and the board alone; offers are
/// read from the pilot's duty as a vehicle would.
struct LimitWatch {
    private struct Profile {
        var id: Int
        var purpose: String
        var stack: Int
        var limit: Double
        var transaction: String?
    }
    private var profiles = [Profile]()
    /// The answer to a request about profiles was lost.
    private var isKnown = true
    private var overSince: Int64?
    private var underSince: Int64?
    private let nominal: Double
    private let phases: Double

    init(nominalVoltage: Double, phases: Int) {
        nominal = nominalVoltage
        self.phases = Double(phases)
    }

    mutating func take(_ note: VirtualCSMS.Note) {
        switch note {
        case .profileSet(let request): set(request)
        case .profilesCleared(let request): clear(request)
        case .unknown(let action) where action.contains("ChargingProfile"): isKnown = false
        case .unknown(let action) where action == "RequestStartTransaction": isKnown = false
        default: break
        }
    }

    private mutating func set(_ request: JSONValue) {
        guard let profile = request["chargingProfile"], let id = profile["id"]?.int,
            let purpose = profile["chargingProfilePurpose"]?.string,
            let stack = profile["stackLevel"]?.int,
            let schedule = profile["chargingSchedule"]?[0],
            let limit = schedule["chargingSchedulePeriod"]?[0]?["limit"]?.number?.double
        else { return }
        let amperes =
            schedule["chargingRateUnit"]?.string == "W" ? limit / nominal / phases : limit
        profiles.removeAll {
            $0.id == id
                || ($0.purpose == purpose && $0.stack == stack
                    && $0.transaction == profile["transactionId"]?.string)
        }
        profiles.append(
            Profile(
                id: id, purpose: purpose, stack: stack, limit: amperes,
                transaction: profile["transactionId"]?.string))
    }

    private mutating func clear(_ request: JSONValue) {
        if let id = request["chargingProfileId"]?.int {
            profiles.removeAll { $0.id == id }
            return
        }
        let criteria = request["chargingProfileCriteria"]
        let purpose = criteria?["chargingProfilePurpose"]?.string
        let stack = criteria?["stackLevel"]?.int
        profiles.removeAll {
            (purpose == nil || $0.purpose == purpose) && (stack == nil || $0.stack == stack)
        }
        if purpose == nil, stack == nil { isKnown = true }
    }

    /// Least of what the profiles allow now, A; of each purpose the highest stack level counts.
    private func limit(_ transaction: String?) -> Double {
        func best(_ purpose: String) -> Double? {
            profiles.filter {
                $0.purpose == purpose && ($0.transaction == nil || $0.transaction == transaction)
            }
            .max { $0.stack < $1.stack }?.limit
        }
        let station = best("ChargingStationMaxProfile") ?? .infinity
        let session = best("TxProfile") ?? best("TxDefaultProfile") ?? .infinity
        return min(station, session)
    }

    mutating func look(_ station: SimulatedStation) -> (Invariant, String)? {
        let evse = station.world.evses[0]
        let outlet = evse.connectors[0]
        guard let offered = outlet.output.offered, isKnown else {
            overSince = nil
            underSince = nil
            return nil
        }
        let rating = station.evsePlans[0].rating.double
        let cable = outlet.plan.hasFixedCable ? rating : Double(outlet.cable ?? 0)
        let allowed = min(limit(station.csms.openTransaction), rating, cable)
        // The pilot's duty may change every 5 s; a process that is down sends nothing.
        if offered > allowed + 0.2, outlet.vehicle != nil, !isReplacing(station) {
            let since = overSince ?? station.instant
            overSince = since
            if station.instant - since > 6_500_000_000 {
                overSince = nil
                return (.limitObeyed, "offers \(offered) A where \(allowed) A are allowed")
            }
        } else {
            overSince = nil
        }
        return lookForLess(station, offered, allowed)
    }

    /// A change of transaction: profiles of the one that ended count no more.
    private func isReplacing(_ station: SimulatedStation) -> Bool {
        profiles.contains { $0.transaction != nil }
            && (!station.link.isUp || station.process != .running)
    }

    private func outletIsWarm(_ station: SimulatedStation) -> Bool {
        station.world.evses[0].connectors.contains { connector in
            connector.temperatures.contains { $0.celsius > 58 }
        }
    }

    private mutating func lookForLess(
        _ station: SimulatedStation, _ offered: Double, _ allowed: Double
    ) -> (Invariant, String)? {
        guard let image = station.latest, image.evses[0].status.phase == .energised,
            image.evses[0].status.allFaults.isEmpty, station.world.faults.isEmpty,
            station.process == .running, !image.stationIsSilent, allowed >= 6.2,
            // A hot contact is offered less.
            !outletIsWarm(station), allowed < .infinity,
            !profiles.contains(where: { $0.transaction != nil })
        else {
            underSince = nil
            return nil
        }
        guard offered < allowed - 0.5
        else {
            underSince = nil
            return nil
        }
        let since = underSince ?? station.instant
        underSince = since
        guard station.instant - since > 30_000_000_000 else { return nil }
        underSince = nil
        return (.limitUsed, "offers \(offered) A where \(allowed) A are allowed")
    }
}
