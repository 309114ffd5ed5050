import EVSEModel

// MARK: What the loop shall do
extension ChargingStation {
    /// Works out every EVSE's targets and puts out those that changed.
    mutating func updateTargets() {
        limitsChangeAt = nextLimitChange()
        for place in evses.indices {
            countAuthorizations(place)
            let before = grantedTarget(place)
            let targets = targets(place)
            guard targets != evses[place].targets else { continue }
            evses[place].targets = targets
            put(evses[place].id, targets)
            if before != targets.energyGranted { grantChanged(place) }
        }
    }

    private mutating func countAuthorizations(_ place: Int) {
        let isAuthorized = sessions[place].authorization != nil
        if evses[place].wasAuthorized, !isAuthorized { evses[place].authorizationsEnded &+= 1 }
        evses[place].wasAuthorized = isAuthorized
    }

    private func grantedTarget(_ place: Int) -> Bool {
        evses[place].targets?.energyGranted ?? false
    }

    /// The grant came or went: a suspension may begin or end with it.
    private mutating func grantChanged(_ place: Int) {
        if sessions[place].transaction != nil { progress(place, .chargingStateChanged) }
    }

    /// The limit that the CSMS is told of by the rate of charging: what is granted, and what sources
    /// outside leave of it.
    /// - Returns: thousandths; of amperes per phase, of watts for DC.
    func toldLimit(_ place: Int) -> Int64 {
        let grant = grant(place)
        let isDirect = evses[place].configuration.isDirect
        let own =
            isDirect ? grant.mostPower(evses[place].configuration).raw : Int64(grant.current.raw)
        return min(own, notedExternalLimit(place) ?? .max)
    }

    /// Reports another rate of charging, where the change is significant (E02.FR.17, K11.FR.04, K13.FR.03).
    mutating func reportRates() {
        for place in evses.indices {
            guard let transaction = sessions[place].transaction, transaction.state == .charging,
                let told = transaction.toldLimit
            else { continue }
            let limit = toldLimit(place)
            guard limit >= leastTold(place), isSignificant(limit, from: told) else { continue }
            sessions[place].transaction?.toldLimit = limit
            update(place, .chargingRateChanged)
        }
    }

    /// What is below counts as a suspension, not as a rate.
    private func leastTold(_ place: Int) -> Int64 {
        let configuration = evses[place].configuration
        return configuration.isDirect
            ? configuration.minimumPower.raw : Int64(configuration.minimum.raw)
    }

    /// A limit differs from the one that was told by more than SmartChargingCtrlr.LimitChangeSignificance.
    func isSignificant(_ limit: Int64, from told: Int64) -> Bool {
        let percent = SettingsTree.thousandths(settings[.limitChangeSignificance]) ?? 0
        // In thousandths of a percent of what was told; exact up to 90 MW.
        return Double(limit) != Double(told)
            && abs(Double(limit) - Double(told)) * 100_000 > Double(percent) * Double(max(1, told))
    }

    private func targets(_ place: Int) -> EVSETargets {
        let session = sessions[place]
        let isPlugged = evses[place].isPlugged
        var targets = EVSETargets()
        let grant = grant(place)
        targets.connector = UInt8(clamping: evses[place].unlock?.connector ?? evses[place].active)
        targets.available = isServing(place)
        targets.energyGranted =
            session.authorization.map { !$0.isBlocked } ?? false
            && evses[place].isConnected && !session.awaitsVehicle && targets.available
            && isEnough(grant, place) && hasBooks(place)
            && deviceFaults(place).isEmpty && isSigned(place)
        if session.awaitsVehicle, let authorization = session.authorization {
            // A charging car is not interrupted while the station finds its bearings again.
            targets.energyGranted = !authorization.isBlocked
        }
        targets.limit = grant.current
        targets.powerLimit = grant.power ?? .zero
        targets.phases = grantedPhases(place)
        targets.holdPlug =
            session.lockedFor != nil
            || session.authorization != nil && (isPlugged || session.awaitsVehicle)
        targets.unlockRequests = evses[place].unlockRequests
        targets.clearRequests = evses[place].clearRequests
        targets.authorizationsEnded = evses[place].authorizationsEnded
        targets.indication = indication(place)
        return targets
    }

    /// Faults that the loop cannot know of: their devices are not the loop's.
    private func deviceFaults(_ place: Int) -> FaultSet {
        blockingFaults(place).subtracting(evses[place].faults)
    }

    /// A transaction record exists before power is released, unless power is what starts it.
    private func hasBooks(_ place: Int) -> Bool {
        sessions[place].transaction != nil
            || startPoints(place) == [.energyTransfer]
    }

    func isServing(_ place: Int) -> Bool {
        if evses[place].resetUntil != nil { return false }
        if evses[place].isChangeDeferred { return true }
        return hasUsableConnector(place)
    }

    /// A vehicle could be served: by the connector that is plugged in, else by any.
    func hasUsableConnector(_ place: Int) -> Bool {
        let evse = evses[place]
        if evse.isPlugged { return availability.isOperative(evse.activeConnector) }
        return evse.connectorIDs.contains { availability.isOperative($0) }
    }

    private func indication(_ place: Int) -> Indication {
        if !blockingFaults(place).isEmpty { return .faulted }
        if let flash = evses[place].flash, flash.until > now { return flash.indication }
        if pending.contains(where: { $0.place == place }) { return .authorising }
        if !isServing(place) { return .unavailable }
        let session = sessions[place]
        if session.authorization != nil {
            if !evses[place].isConnected { return .plugIn }
            return switch chargingState(place) {
            case .charging: .charging
            case .suspendedEV, .suspendedEVSE: .suspended
            case .evConnected, .idle: .accepted
            }
        }
        if evses[place].isTransferring { return .finishing }
        if session.transaction == nil, evses[place].isPlugged, !evses[place].isConnected {
            return .finishing
        }
        return .idle
    }
}
