package import EVSEModel

// MARK: A vehicle's needs (K15, K17)
extension ChargingStation {
    /// Tells the CSMS what the vehicle needs: once a session, and again after a renegotiation of the
    /// vehicle's. Only with a transaction, for which a profile can be made; offline nothing is told and
    /// the default counts (K15.FR.15).
    mutating func noteNeeds(_ place: Int) {
        guard evses[place].configuration.isDirect else { return }
        let vehicle = evses[place].direct.vehicle
        let isAgain = isRenegotiated(place, vehicle)
        // What the CSMS has begun it need not be told of (K16.FR.09).
        let isKnown = evses[place].schedules.isByCSMS && !vehicle.wantsRenegotiation
        if isAgain, !isKnown { evses[place].needs.session = nil }
        evses[place].needs.stage = vehicle.stage
        evses[place].needs.wantsRenegotiation = vehicle.wantsRenegotiation
        noteSchedules(place, isTold: tellNeeds(place, vehicle), isAgain: isAgain)
    }

    /// - Returns: the CSMS is being told.
    private mutating func tellNeeds(_ place: Int, _ vehicle: VehicleSample) -> Bool {
        guard registrar.mayReport, !isNeedsUnsupported, settings.bool(.smartChargingEnabled),
            vehicle.stage.isInSession, vehicle.stage >= .parameters,
            let transaction = sessions[place].transaction, transaction.parked == nil,
            let needs = needs(of: vehicle)
        else { return false }
        let told = evses[place].needs
        guard told.session != vehicle.session || told.transaction != transaction.id else {
            return false
        }
        evses[place].needs.session = vehicle.session
        evses[place].needs.transaction = transaction.id
        emit(.chargingNeeds(ChargingNeedsNotice(evse: evses[place].id, needs: needs)))
        return true
    }

    /// The vehicle asks for it, or has gone back to its parameters: renegotiated, or resumed after a pause
    /// (K17.FR.01).
    private func isRenegotiated(_ place: Int, _ vehicle: VehicleSample) -> Bool {
        let told = evses[place].needs
        guard told.session == vehicle.session || evses[place].schedules.session == vehicle.session
        else { return false }
        return vehicle.wantsRenegotiation && !told.wantsRenegotiation
            || vehicle.stage == .parameters && told.stage != .parameters
    }

    /// `nil` before the vehicle has told what the standard requires.
    private func needs(of vehicle: VehicleSample) -> ChargingNeeds? {
        guard let current = vehicle.maximumCurrent, let voltage = vehicle.maximumVoltage else {
            return nil
        }
        return ChargingNeeds(
            maximumCurrent: current, maximumVoltage: voltage, maximumPower: vehicle.maximumPower,
            energy: vehicle.energyRequest, capacity: vehicle.energyCapacity,
            stateOfCharge: vehicle.stateOfCharge, maximumTuples: vehicle.maximumScheduleTuples,
            full: vehicle.fullStateOfCharge,
            bulk: vehicle.bulkStateOfCharge,
            departure: vehicle.departureIn.map { clock.event(at: vehicle.at + $0) })
    }

    /// The CSMS has answered, or will not.
    package mutating func chargingNeedsAnswered(
        _ evse: EVSEID, _ answer: ChargingNeedsAnswer, at now: Instant
    ) {
        observeTime(now)
        guard evse.index < evses.count else { return }
        scheduleAnswered(evse.index, answer)
        switch answer {
        case .accepted, .processing: break  // The profile comes as any other.
        case .lost: evses[evse.index].needs.session = nil
        case .unsupported: isNeedsUnsupported = true
        case .rejected, .failed:
            emit(
                .log(
                    DomainLog(
                        .info, "CSMS makes no profile for a vehicle's needs",
                        ["evse": "\(evse)", "answer": "\(answer)"])))
        }
        settle()
    }
}
