import EVSEModel

// MARK: What the loop shall do
extension ChargingStation {
    /// Works out every EVSE's targets and puts out those that changed.
    mutating func updateTargets() {
        limitsChangeAt = nextLimitChange()
        for place in evses.indices {
            let before = grantedTarget(place)
            let targets = targets(place)
            guard targets != evses[place].targets else { continue }
            evses[place].targets = targets
            put(evses[place].id, targets)
            if before != targets.energyGranted { grantChanged(place) }
        }
    }

    private func grantedTarget(_ place: Int) -> Bool {
        evses[place].targets?.energyGranted ?? false
    }

    /// The grant came or went: a suspension may begin or end with it.
    private mutating func grantChanged(_ place: Int) {
        if sessions[place].transaction != nil { progress(place, .chargingStateChanged) }
    }

    /// Reports another rate of charging, where the change is significant (E02.FR.17).
    mutating func reportRates() {
        for place in evses.indices {
            guard let transaction = sessions[place].transaction, transaction.state == .charging,
                let told = transaction.toldLimit
            else { continue }
            let limit = grantedLimit(place)
            guard limit >= evses[place].configuration.minimum else { continue }
            // In thousandths of a percent of what was told.
            let percent = SettingsTree.thousandths(settings[.limitChangeSignificance]) ?? 0
            let change = Int64((limit - told).raw.magnitude) * 100_000
            guard change > percent * Int64(max(1, told.raw)) else { continue }
            sessions[place].transaction?.toldLimit = limit
            update(place, .chargingRateChanged)
        }
    }

    private func targets(_ place: Int) -> EVSETargets {
        let evse = evses[place]
        let session = sessions[place]
        var targets = EVSETargets()
        let limit = grantedLimit(place)
        targets.connector = UInt8(evse.active)
        targets.available = isServing(place)
        targets.energyGranted =
            session.authorization.map { !$0.isBlocked } ?? false
            && evse.isConnected && !session.awaitsVehicle && targets.available
            && limit >= evse.configuration.minimum && hasBooks(place)
            && deviceFaults(place).isEmpty
        if session.awaitsVehicle, let authorization = session.authorization {
            // A charging car is not interrupted while the station finds its bearings again.
            targets.energyGranted = !authorization.isBlocked
        }
        targets.limit = limit
        targets.holdPlug =
            session.lockedFor != nil
            || session.authorization != nil && (evse.isPlugged || session.awaitsVehicle)
        targets.unlockRequests = evse.unlockRequests
        targets.clearRequests = evse.clearRequests
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
            || settings.points(.txStartPoint) == [.energyTransfer]
    }

    private func isServing(_ place: Int) -> Bool {
        let evse = evses[place]
        if evse.resetUntil != nil { return false }
        if evse.isChangeDeferred { return true }
        return evse.connectorIDs.contains { availability.isOperative($0) }
    }

    private func indication(_ place: Int) -> Indication {
        let evse = evses[place]
        if !blockingFaults(place).isEmpty { return .faulted }
        if let flash = evse.flash, flash.until > now { return flash.indication }
        if pending.contains(where: { $0.place == place }) { return .authorising }
        if !isServing(place) { return .unavailable }
        let session = sessions[place]
        if session.authorization != nil {
            if !evse.isConnected { return .plugIn }
            return switch chargingState(place) {
            case .charging: .charging
            case .suspendedEV, .suspendedEVSE: .suspended
            case .evConnected, .idle: .accepted
            }
        }
        if evse.isTransferring { return .finishing }
        if session.transaction == nil, evse.isPlugged, !evse.isConnected { return .finishing }
        return .idle
    }
}
