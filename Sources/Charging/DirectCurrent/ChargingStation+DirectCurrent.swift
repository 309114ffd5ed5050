package import EVSEModel

// MARK: What a DC EVSE tells beside its image
extension ChargingStation {
    /// What the vehicle at an EVSE said, and where the EVSE's session is. It takes effect with the image of
    /// the same cycle, which comes next: half of a look would tell of states that never were.
    package mutating func observe(
        _ vehicle: VehicleSample, _ status: DCStatus, of evse: EVSEID, at now: Instant
    ) {
        observeTime(now)
        guard evse.index < evses.count, evses[evse.index].configuration.isDirect else { return }
        evses[evse.index].direct.vehicle = vehicle
        evses[evse.index].direct.status = status
    }

    /// Energy begins or ceases to flow: at the current, not at the contactors, which carry voltage only
    /// from the cable check on.
    mutating func directTransferChanged(_ place: Int) {
        guard !evses[place].isTransferring else { return progress(place, .chargingStateChanged) }
        let direct = evses[place].direct
        let stop = direct.stopReason
        let byVehicle = stop == .vehicle || stop == .none && !direct.wantsEnergy
        let fault = faultThatStopped(place, byVehicle: byVehicle)
        // A fault that has a word of its own says more than how the session ended.
        let reason = [fault?.stoppedReason, stop.stoppedReason].compactMap { $0 }
            .first { $0 != .other }
        progress(
            place, .chargingStateChanged, reason: reason ?? (byVehicle ? .stoppedByEV : .other),
            endsBy: stop.trigger ?? (fault == nil ? nil : .abnormalCondition))  // E06.FR.16
    }

    /// The loop is in the transfer and leaves the vehicle too little to be of use: its power sources, or
    /// other EVSEs.
    func isHeldDirectly(_ place: Int, _ status: EVSEStatus) -> Bool {
        let direct = evses[place].direct.status
        guard direct.phase == .transfer, status.limitCause != .ramp, status.limitCause != .vehicle
        else { return false }
        return direct.maximumCurrent < evses[place].configuration.minimum
    }

    /// Where several connectors share an EVSE, the one that is in use, or that was last.
    package func activeConnector(of evse: EVSEID) -> ConnectorID? {
        evse.index < evses.count ? evses[evse.index].activeConnector : nil
    }

    /// What the vehicle at an EVSE said last; `nil` where none takes part in a session.
    package func connectedVehicle(of evse: EVSEID) -> VehicleSample? {
        guard evse.index < evses.count, evses[evse.index].direct.hearsVehicle(at: now) else {
            return nil
        }
        return evses[evse.index].direct.vehicle
    }

    /// What is at a DC output now; `nil` where there is none, or nothing is known yet.
    package func output(of evse: EVSEID) -> (voltage: Volts, current: Amperes)? {
        guard evse.index < evses.count, evses[evse.index].configuration.isDirect,
            evses[evse.index].status != nil
        else { return nil }
        let direct = evses[evse.index].direct
        return (direct.outputVoltage, direct.outputCurrent)
    }

    /// Whether pump and fan of a DC EVSE run, and how warm its coolant is; `nil` where it has no output.
    package func cooling(
        of evse: EVSEID
    ) -> (pumpRuns: Bool, fanRuns: Bool, temperature: Celsius?)? {
        guard evse.index < evses.count, evses[evse.index].configuration.isDirect else { return nil }
        let status = evses[evse.index].direct.status
        return (status.pumpRuns, status.fanRuns, status.coolant)
    }

    /// Insulation of a DC EVSE's output, where its session has measured any.
    package func lowestInsulation(of evse: EVSEID) -> Ohms? {
        evse.index < evses.count ? evses[evse.index].direct.status.lowestInsulation : nil
    }
}
