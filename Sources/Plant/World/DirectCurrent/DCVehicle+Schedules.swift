package import EVSEModel

// What a vehicle makes of schedules (ISO 15118).
extension DCVehicle {
    /// Its device keeps it in ChargeParameterDiscovery no longer than so, s: V2G_SECC ongoing is 55 s [S].
    private static var offerPatience: Double { 50 }

    /// The offer is of its session, and has schedules.
    private var fresh: ScheduleOffer? {
        guard let offer, offer.session == session, !offer.schedules.isEmpty else { return nil }
        return offer
    }

    /// It waits for an offer of this session; after a plan, for another one.
    var awaitsOffer: Bool {
        guard expectsSchedules, model.protocolUsed.hasSchedules, stageFor < Self.offerPatience
        else { return false }
        guard let fresh else { return true }
        return plan.map { $0.session == session && $0.offer == fresh.number } ?? false
    }

    /// It takes the first schedule, and plans with no more than it draws at most.
    mutating func makePlan() {
        wantsRenegotiation = false
        guard let fresh, let chosen = fresh.schedules.first else { return }
        guard plan?.session != session || plan?.offer != fresh.number else { return }
        var made = VehiclePlan(
            session: session, offer: fresh.number, schedule: chosen.id, at: .zero)
        if model.tellsPlan {
            let most = Self.watts(model.maximumPower)
            made.duration = chosen.duration
            made.periods = chosen.periods.map {
                VehicleSchedulePeriod(start: $0.start, power: min($0.power, most))
            }
        }
        plan = made
        plannedFor = 0
    }

    /// In the transfer: another offer, or a wish of its own, is a renegotiation. ISO 15118-20 has it without
    /// leaving the transfer; with ISO 15118-2 few vehicles do it at all.
    mutating func considerOffer() {
        guard model.protocolUsed.hasSchedules else { return }
        let isNew =
            fresh.map { plan?.session == session && plan?.offer != $0.number } ?? false
        switch model.protocolUsed {
        case .iso15118v20: if isNew { makePlan() }
        default:
            guard isNew && model.renegotiates || wantsRenegotiation else { return }
            isRenegotiating = true
            isWinding = true
        }
    }

    /// Back to its parameters: its contactors open without current, and it stays ready for the cable check.
    mutating func negotiateAnew() {
        isRenegotiating = false
        isWinding = false
        wantsRenegotiation = false
        wantsContactor = false
        targetCurrent = 0
        targetVoltage = 0
        go(to: .parameters)
    }
}

extension PlantWorld {
    /// What the vehicle at an EVSE is offered. It holds until another offer.
    ///
    /// - Parameter offer: `nil`: the station offers none, and the vehicle waits for none.
    package mutating func offerSchedules(evse: Int, _ offer: ScheduleOffer?, expects: Bool) {
        for index in evses.indices where evses[index].plan.number == evse {
            let place = Int(evses[index].told.connector)
            guard evses[index].connectors.indices.contains(place) else { return }
            let known = evses[index].connectors[place].vehicle?.direct?.offer
            let isKnown = known?.number == offer?.number && known?.session == offer?.session
            if isKnown,
                evses[index].connectors[place].vehicle?.direct?.expectsSchedules == expects
            {
                continue
            }
            evses[index].connectors[place].vehicle?.direct?.offer = offer
            evses[index].connectors[place].vehicle?.direct?.expectsSchedules = expects
        }
    }

    /// What the vehicle at an EVSE has made of an offer in its session, and how long ago, s.
    package func vehiclePlan(evse: Int) -> (plan: VehiclePlan, age: Double)? {
        guard let evse = evses.first(where: { $0.plan.number == evse }) else { return nil }
        let place = Int(evse.told.connector)
        guard evse.connectors.indices.contains(place),
            let vehicle = evse.connectors[place].vehicle?.direct, let plan = vehicle.plan,
            plan.session == vehicle.session, vehicle.stage.isInSession
        else { return nil }
        return (plan, vehicle.plannedFor)
    }
}
