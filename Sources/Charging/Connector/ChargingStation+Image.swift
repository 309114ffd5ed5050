package import EVSEModel

// MARK: What the loop sees
extension ChargingStation {
    package mutating func observe(_ image: LoopImage, at now: Instant) {
        observeTime(now)
        observe(image.supply)
        for place in evses.indices where place < Int(image.evseCount) {
            observe(image.evses[place].status, place)
        }
        settle()
    }

    private mutating func observe(_ status: EVSEStatus, _ place: Int) {
        let isFirst = evses[place].status == nil
        evses[place].status = status
        evses[place].direct.observe(status)
        for index in evses[place].connectors.indices {
            evses[place].connectors[index].observe(status.connectors[index])
        }
        let meant = connectorMeant(place)
        if meant != evses[place].active {
            let hasLeft = !evses[place].connectors[evses[place].active].isConnected
            // Whoever was there has left, before the one at the other connector counts.
            if evses[place].isConnected, hasLeft { follow(status, place, isFirst: isFirst) }
            evses[place].active = meant
            evses[place].isConnected = false
        }
        follow(status, place, isFirst: isFirst)
        noteNeeds(place)
    }

    /// What the status of the connector that is meant brings about.
    private mutating func follow(_ status: EVSEStatus, _ place: Int, isFirst: Bool) {
        let wasConnected = evses[place].isConnected
        let isConnected = isVehicleConnected(place)
        evses[place].isConnected = isConnected
        noteFaults(place, status)
        answerUnlock(place, status)
        // The connector's state is reported before what it does to the transaction (E06 S2).
        reportConnectors(place..<place + 1)
        let wasTransferring = evses[place].isTransferring
        let isTransferring =
            evses[place].configuration.isDirect
            ? isConnected && evses[place].transfersDirectly
            : status.phase == .energised && isConnected && evses[place].pilot.requestsEnergy
        evses[place].isTransferring = isTransferring
        if sessions[place].awaitsVehicle {
            resume(place)
        } else if isConnected, !wasConnected {
            vehicleConnected(place)
        } else if !isConnected, wasConnected {
            vehicleDisconnected(place)
        } else if isTransferring != wasTransferring {
            transferChanged(place)
        } else if !isFirst, sessions[place].transaction != nil {
            progress(place, .chargingStateChanged)
        }
        if !evses[place].isPlugged {
            unplugged(place)
        } else if evses[place].finished?.until != nil {
            forgetFigures(place)  // The next plug is in.
        }
    }

    /// By plug: one of several connectors is used at a time. It stays the one that is meant until it is
    /// free and another is plugged in; one that is in service goes before one that is not.
    private func connectorMeant(_ place: Int) -> Int {
        let evse = evses[place]
        // Whatever the order in which they were plugged in: the loop's session goes on.
        if let used = evse.direct.connectorInUse, used < evse.connectors.count,
            evse.connectors[used].isPlugged, isTaken(used, place)
        {
            return used
        }
        let isUsable = availability.isOperative(evse.activeConnector)
        let isPlugged = evse.connectors[evse.active].isPlugged
        if isPlugged, isUsable || !sessions[place].isIdle { return evse.active }
        let plugged = evse.connectors.indices.filter { evse.connectors[$0].isPlugged }
        let usable = plugged.first {
            availability.isOperative(ConnectorID(evse: evse.id, index: $0))
        }
        if let usable { return usable }
        return isPlugged ? evse.active : plugged.first ?? evse.active
    }

    /// The loop may have begun to talk at a connector that is out of service; nobody is served there.
    private func isTaken(_ connector: Int, _ place: Int) -> Bool {
        evses[place].direct.status.phase.isEnergised || !sessions[place].isIdle
            || availability.isOperative(ConnectorID(evse: evses[place].id, index: connector))
    }

    /// A vehicle answers: on the pilot, or where there is none by its communication.
    private func isVehicleConnected(_ place: Int) -> Bool {
        let evse = evses[place]
        let sense = evse.connectors[evse.active]
        if sense.isConnected { return true }
        return evse.configuration.isDirect && sense.isPlugged && sense.pilot == .unknown
            && evse.direct.vehicle.stage.isInSession
            && Int(evse.direct.vehicle.connector) == evse.active
    }

    /// Energy begins or ceases to flow.
    private mutating func transferChanged(_ place: Int) {
        if evses[place].configuration.isDirect { return directTransferChanged(place) }
        let byVehicle = !evses[place].isTransferring && !evses[place].pilot.requestsEnergy
        let fault =
            evses[place].isTransferring ? nil : faultThatStopped(place, byVehicle: byVehicle)
        progress(
            place, .chargingStateChanged,
            reason: fault?.stoppedReason ?? (byVehicle ? .stoppedByEV : .other),
            endsBy: fault == nil ? nil : .abnormalCondition)  // E06.FR.16
    }

    /// The fault because of which energy has ceased. A vehicle that stops by itself may do so while
    /// another fault's hold time runs.
    func faultThatStopped(_ place: Int, byVehicle: Bool) -> Fault? {
        if let fault = blockingFaults(place).first(where: { $0.facts.stopsCharging }) {
            return fault
        }
        return byVehicle ? nil : evses[place].faults.first { $0.facts.stop == .afterHold }
    }

    /// No plug is left: what was held for its owner is over.
    private mutating func unplugged(_ place: Int) {
        sessions[place].lockedFor = nil
        beginFarewell(place)
        if sessions[place].transaction == nil { applyDeferredChange(place) }
        if sessions[place].authorization != nil, sessions[place].connectionDeadline == nil,
            !evses[place].isConnected
        {
            waitForCable(place)
        }
    }

    /// First word of the vehicle after a restart: the transaction goes on, or it is over.
    private mutating func resume(_ place: Int) {
        guard evses[place].pilot != .unknown else { return }
        sessions[place].awaitsVehicle = false
        let wasConnected = sessions[place].held.contains(.evConnected)
        switch (wasConnected, evses[place].isConnected) {
        case (true, true):
            if evses[place].isTransferring { sessions[place].hasCharged = true }
            if sessions[place].authorization != nil, sessions[place].readySince?.run != clock.run {
                sessions[place].readySince = eventTime
                sessions[place].hasCharged = false
            }
            progress(place, .chargingStateChanged)
        case (false, true):
            vehicleConnected(place)
        case (true, false):
            let isPowerCut = registrar.bootReason == .powerUp
            vehicleDisconnected(place, reason: isPowerCut ? .powerLoss : .evDisconnected)
        case (false, false):
            if sessions[place].authorization != nil { waitForCable(place) }
        }
    }

    // MARK: Faults

    private mutating func noteFaults(_ place: Int, _ status: EVSEStatus) {
        let before = evses[place].faults
        let all = status.allFaults
        evses[place].faults = all
        for fault in all.subtracting(before) { notice(fault, place, holds: true) }
        for fault in before.subtracting(all) { notice(fault, place, holds: false) }
        if all.contains(.powerLoss), !before.contains(.powerLoss) { noteInterruption(place) }
        if before.contains(.powerLoss), !all.contains(.powerLoss) {
            sessions[place].transaction?.isInterrupted = true
        }
        // After any other fault the transaction goes on when the fault has gone. Chosen.
        if let fault = all.subtracting(before).first(where: \.endsTransaction),
            sessions[place].transaction != nil
        {
            forceEnd(place, .abnormalCondition, reason: fault.stoppedReason)  // E06.FR.16
        }
    }

    private mutating func notice(_ fault: Fault, _ place: Int, holds: Bool) {
        emit(
            .fault(
                FaultNotice(
                    fault: fault, evse: evses[place].id, device: nil, holds: holds,
                    time: eventTime, detail: "")))
    }

    package mutating func deviceFault(
        _ fault: Fault, device: String, evse: EVSEID?, holds: Bool, detail: String, at now: Instant
    ) {
        observeTime(now)
        let key = DeviceFaultKey(device: device, evse: evse)
        var set = deviceFaults[key] ?? FaultSet()
        guard set.contains(fault) != holds else { return }
        set.set(fault, holds)
        deviceFaults[key] = set.isEmpty ? nil : set
        emit(
            .fault(
                FaultNotice(
                    fault: fault, evse: evse, device: device, holds: holds, time: eventTime,
                    detail: detail)))
        settle()
    }

    /// A service action: latched faults are cleared where their cause is gone.
    package mutating func clearFaults(of evse: EVSEID, at now: Instant) {
        observeTime(now)
        guard evse.index < evses.count else { return }
        evses[evse.index].clearRequests &+= 1
        settle()
    }

    /// Faults because of which an EVSE cannot serve: the loop's and its devices'.
    func blockingFaults(_ place: Int) -> FaultSet {
        var set = evses[place].faults
        for (key, faults) in deviceFaults where key.evse?.index == place { set = set.union(faults) }
        return set.faulted
    }

    /// Faults that hold: of one EVSE, or (`nil`) of the station and every EVSE.
    package func faults(of evse: EVSEID?) -> FaultSet {
        var set = FaultSet()
        for place in evses.indices where evse == nil || evse?.index == place {
            set = set.union(evses[place].faults)
            if evses[place].meter.register.isFrozen { set.raise(.meterImplausible) }
        }
        for (key, faults) in deviceFaults where evse == nil || key.evse == evse {
            set = set.union(faults)
        }
        return set
    }
}
