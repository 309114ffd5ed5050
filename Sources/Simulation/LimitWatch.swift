import EVSEModel
import JSON
import Plant

/// What may be offered at one EVSE, judged from the CSMS's profiles, the cable and the board alone;
/// offers are read from the pilot's duty as a vehicle would.
struct LimitWatch {
    struct Profile {
        var id: Int
        var purpose: String
        var stack: Int
        /// 0 is every EVSE.
        var evse: Int
        /// A, whatever its unit.
        var limit: Double
        /// W, where that is its unit.
        var power: Double?
        var transaction: String?
    }
    private(set) var profiles = [Profile]()
    /// The answer to a request about profiles was lost.
    private(set) var isKnown = true
    var overSince: Int64?
    private var underSince: Int64?
    let nominal: Double
    let phases: Double

    /// Zero-based index of the EVSE.
    let place: Int
    private let isDirect: Bool

    init(_ place: Int, nominalVoltage: Double, phases: Int, isDirect: Bool) {
        self.isDirect = isDirect
        self.place = place
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
        let evse = request["evseId"]?.int ?? 0
        let isPower = schedule["chargingRateUnit"]?.string == "W"
        let amperes = isPower ? limit / nominal / phases : limit
        profiles.removeAll {
            $0.id == id
                || ($0.purpose == purpose && $0.stack == stack && $0.evse == evse
                    && $0.transaction == profile["transactionId"]?.string)
        }
        profiles.append(
            Profile(
                id: id, purpose: purpose, stack: stack, evse: evse, limit: amperes,
                power: isPower ? limit : nil, transaction: profile["transactionId"]?.string))
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
    /// - Parameter others: what the other EVSEs offer: all together keep to the station's limit.
    private func limit(_ transaction: String?, others: Double) -> Double {
        guard !profiles.isEmpty else { return .infinity }
        let station = best("ChargingStationMaxProfile", transaction)?.limit ?? .infinity
        let session = best("TxProfile", transaction) ?? best("TxDefaultProfile", transaction)
        return min(station - others, session?.limit ?? .infinity)
    }

    /// Of a purpose the profile that counts now: that of the highest stack level.
    func best(_ purpose: String, _ transaction: String?) -> Profile? {
        profiles.filter {
            $0.purpose == purpose && ($0.evse == 0 || $0.evse == place + 1)
                && ($0.transaction == nil || $0.transaction == transaction)
        }
        .max { $0.stack < $1.stack }
    }

    mutating func look(_ station: SimulatedStation) -> (Invariant, String)? {
        if isDirect { return lookDirect(station) }
        let sight = station.sights[place]
        guard let offered = sight.offered, isKnown else {
            overSince = nil
            underSince = nil
            return nil
        }
        let rating = station.evsePlans[place].rating.double
        let others = station.sights.indices.reduce(0) {
            $1 == place ? $0 : $0 + (station.sights[$1].offered ?? 0)
        }
        let transaction = station.csms.openTransactions[place + 1]
        let allowed = min(limit(transaction, others: others), rating, sight.cable ?? rating)
        // The pilot's duty may change every 5 s; a process that is down sends nothing.
        let isOver = offered > allowed + 0.2 && station.isAnswerable(place)
        if isOver, sight.hasVehicle, !isReplacing(station) {
            let since = overSince ?? station.instant
            overSince = since
            if station.instant - since > 6_500_000_000 + station.delay(of: place) {
                overSince = nil
                return (.limitObeyed, "offers \(offered) A where \(allowed) A are allowed")
            }
        } else {
            overSince = nil
        }
        // How several EVSEs share a limit is the station's own affair: a vehicle at another one may
        // have a part of it kept for it.
        let isAlone = station.sights.indices.allSatisfy {
            $0 == place || !station.sights[$0].hasVehicle
        }
        if !isAlone { underSince = nil }
        return isAlone ? lookForLess(station, offered, allowed) : nil
    }

    /// A change of transaction that the CSMS may not know of yet: profiles of the one that ended count no
    /// more. After a full disk the station keeps messages for a minute, and then takes its time.
    func isReplacing(_ station: SimulatedStation) -> Bool {
        profiles.contains { $0.transaction != nil }
            && (!station.link.isUp || station.process != .running
                || station.lastStoreFailure > station.instant - 75_000_000_000)
    }

    /// Something else than the CSMS leaves less: the house's breaker, a dimming contact.
    private func isBoundBeside(_ station: SimulatedStation) -> Bool {
        let causes: [LimitCause] = [.houseLimit, .dimming, .externalLimit]
        return causes.contains(station.view.image.evses[place].status.limitCause)
    }

    private mutating func lookForLess(
        _ station: SimulatedStation, _ offered: Double, _ allowed: Double
    ) -> (Invariant, String)? {
        guard station.view.isThere, station.view.image.evses[place].status.phase == .energised,
            station.view.image.evses[place].status.allFaults.isEmpty, station.world.faults.isEmpty,
            station.process == .running, !station.view.image.stationIsSilent, allowed >= 6.2,
            // A hot contact is offered less.
            !station.sights[place].isWarm, allowed < .infinity, station.isAnswerable(place),
            !profiles.contains(where: { $0.transaction != nil }), !isBoundBeside(station)
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
        let patience = 30_000_000_000 + station.delay(of: place)
        guard station.instant - since > patience else { return nil }
        underSince = nil
        return (.limitUsed, "offers \(offered) A where \(allowed) A are allowed")
    }
}
