package import EVSEModel

// MARK: States
extension ChargingStation {
    package func state(of connector: ConnectorID) -> ConnectorState {
        let place = connector.evse.index
        guard place < evses.count, evses[place].connectors.indices.contains(connector.index) else {
            return .unavailable
        }
        if !blockingFaults(place).isEmpty { return .faulted }
        if evses[place].resetUntil != nil { return .unavailable }
        let sense = evses[place].connectors[connector.index]
        if isClosedForReset(place), !sense.isPlugged { return .unavailable }
        if availability.isOperative(connector) { return sense.isPlugged ? .occupied : .available }
        // A change that waits for the end of a session comes with the unplugging (G01.FR.05).
        // One of several that was itself taken out while another is in use does not wait.
        let waits =
            connector.index == evses[place].active
            || availability.isOperative(.connector(connector))
        guard evses[place].isChangeDeferred, waits else { return .unavailable }
        if sense.isPlugged { return .occupied }
        return sense.reported == .available ? .available : .unavailable
    }

    /// The state of an EVSE as a whole: the worst of its connectors, taken if any is.
    package func state(ofEVSE evse: EVSEID) -> ConnectorState {
        guard evse.index < evses.count else { return .unavailable }
        let states = evses[evse.index].connectorIDs.map { state(of: $0) }
        for state in [ConnectorState.faulted, .occupied, .reserved, .available]
        where states.contains(state) {
            return state
        }
        return .unavailable
    }

    package var stationState: ConnectorState {
        if !availability.isOperative(.station), !sessions.contains(where: { !$0.isIdle }) {
            return .unavailable
        }
        let states = evses.map { state(ofEVSE: $0.id) }
        for state in [ConnectorState.available, .occupied, .reserved, .faulted]
        where states.contains(state) {
            return state
        }
        return .unavailable
    }

    /// Every connector of the station, in order.
    package var connectorIDs: [ConnectorID] { evses.flatMap(\.connectorIDs) }

    /// Everything is to be reported anew.
    mutating func forgetReports() {
        for place in evses.indices {
            for index in evses[place].connectors.indices {
                evses[place].connectors[index].reported = nil
            }
        }
    }

    /// What was said of a connector went down with the link: it is said again over the next one.
    package mutating func connectorReportLost(_ connector: ConnectorID) {
        guard connectorIDs.contains(connector) else { return }
        evses[connector.evse.index].connectors[connector.index].reported = nil
    }

    /// Reports what differs from what was said last; held back while nothing may be said.
    mutating func reportConnectors() { reportConnectors(evses.indices) }

    mutating func reportConnectors(_ places: Range<Int>) {
        guard registrar.mayReport else { return }
        for place in places where evses[place].status != nil {
            let evse = evses[place].id
            for index in evses[place].connectors.indices {
                let connector = ConnectorID(evse: evse, index: index)
                let state = state(of: connector)
                guard evses[place].connectors[index].reported != state else { continue }
                evses[place].connectors[index].reported = state
                emit(
                    .connector(ConnectorNotice(connector: connector, state: state, time: eventTime))
                )
            }
        }
    }

    /// Report the state of one connector (F06).
    package mutating func triggerStatus(_ connector: ConnectorID, at now: Instant) -> TriggerAnswer
    {
        observeTime(now)
        guard connectorIDs.contains(connector) else { return .rejected }
        emit(
            .connector(
                ConnectorNotice(connector: connector, state: state(of: connector), time: eventTime))
        )
        return .accepted
    }
}

// MARK: Availability
extension ChargingStation {
    package mutating func changeAvailability(
        _ scope: AvailabilityScope, operative: Bool, at now: Instant
    ) -> AvailabilityAnswer {
        observeTime(now)
        guard let concerned = places(of: scope) else {
            return .rejected(Refusal(.unknownEVSE, "no such EVSE or connector"))
        }
        defer { settle() }
        if availability.isOperative(scope) == operative {
            // What still waits for a transaction is not the state yet (G03.FR.03, G03.FR.05).
            let waits = !operative && concerned.contains { evses[$0].isChangeDeferred }
            return waits ? .scheduled : .accepted
        }
        store(availability.set(scope, operative: operative))
        let busy =
            operative
            ? [] : concerned.filter { sessions[$0].transaction != nil && !isBeside(scope, $0) }
        for place in concerned where !isBeside(scope, place) {
            if operative {
                // Another change, of the EVSE or of the station, may wait for the same transaction.
                let waited = evses[place].isChangeDeferred
                evses[place].isChangeDeferred = waited && isTakenOut(place)
            } else {
                evses[place].isChangeDeferred = busy.contains(place)
                if !busy.contains(place) { withdraw(place) }
            }
        }
        if busy.isEmpty {
            emit(.availabilityChanged(scope, operative: operative))
            return .accepted
        }
        return .scheduled  // G03.FR.05, trap 16
    }

    /// Another connector of the EVSE is meant than the one that a session uses.
    private func isBeside(_ scope: AvailabilityScope, _ place: Int) -> Bool {
        guard case .connector(let connector) = scope, !sessions[place].isIdle else { return false }
        return evses[place].isPlugged && connector.index != evses[place].active
    }

    /// Not all of its connectors are to be in service.
    func isTakenOut(_ place: Int) -> Bool {
        evses[place].connectorIDs.contains { !availability.isOperative($0) }
    }

    private func places(of scope: AvailabilityScope) -> [Int]? {
        switch scope {
        case .station: Array(evses.indices)
        case .evse(let evse): evse.index < evses.count ? [evse.index] : nil
        case .connector(let connector):
            connectorIDs.contains(connector) ? [connector.evse.index] : nil
        }
    }

    /// Somebody was authorised but has no transaction yet: the place is gone.
    private mutating func withdraw(_ place: Int) {
        if evses[place].connectorIDs.contains(where: { availability.isOperative($0) }) { return }
        sessions[place].authorization = nil
        sessions[place].connectionDeadline = nil
        sessions[place].readySince = nil
        sessions[place].held = points(place)
    }

    /// The session that a change waited for is over and the cable gone (G01.FR.05).
    mutating func applyDeferredChange(_ place: Int) {
        guard evses[place].isChangeDeferred else { return }
        evses[place].isChangeDeferred = false
        for scope in availability.inoperative where places(of: scope)?.contains(place) == true {
            if places(of: scope)?.contains(where: { evses[$0].isChangeDeferred }) != true {
                emit(.availabilityChanged(scope, operative: false))
            }
        }
        reportConnectors()
    }
}
