package import EVSEModel

// MARK: Schedules of a vehicle (K15 to K17)
extension ChargingStation {
    /// Begins an exchange where the vehicle negotiates its parameters.
    ///
    /// - Parameters:
    ///   - isTold: the CSMS is being told of its needs.
    ///   - isAgain: the vehicle negotiates anew.
    mutating func noteSchedules(_ place: Int, isTold: Bool, isAgain: Bool) {
        let vehicle = evses[place].direct.vehicle
        guard vehicle.stage.isInSession, vehicle.stage >= .parameters,
            vehicle.protocolUsed.hasSchedules
        else {
            evses[place].schedules.awaitedUntil = nil
            return
        }
        let isNew = evses[place].schedules.session != vehicle.session
        guard isNew || isTold || isAgain else { return }
        if isNew {
            evses[place].schedules.session = vehicle.session
            evses[place].schedules.isByCSMS = false
            evses[place].schedules.planned = nil
        }
        if isTold { return awaitProfile(place, ScheduleExchange.answerPatience) }
        // What the CSMS has begun was offered with its profile.
        if isAgain, evses[place].schedules.isByCSMS {
            evses[place].schedules.isByCSMS = false
            return
        }
        if evses[place].schedules.awaitedUntil == nil { offerSchedules(place) }
    }

    /// The vehicle waits where it can: an offer without schedules says so.
    private mutating func awaitProfile(_ place: Int, _ patience: Milliseconds) {
        let isFirst = evses[place].schedules.awaitedUntil == nil
        evses[place].schedules.awaitedUntil = now + patience
        if isFirst { put([], place) }
    }

    /// The CSMS has answered to a vehicle's needs.
    mutating func scheduleAnswered(_ place: Int, _ answer: ChargingNeedsAnswer) {
        guard evses[place].schedules.awaitedUntil != nil else { return }
        // Its profile is to come within 60 s (K15.FR.08); with `Processing` nobody waits (K15.FR.05).
        guard answer == .accepted else { return offerSchedules(place) }
        evses[place].schedules.awaitedUntil = now + ScheduleExchange.profilePatience
    }

    /// A profile of the running transaction was installed: it is what the vehicle waits for, or the wish
    /// to negotiate anew (K16.FR.02).
    mutating func transactionProfileInstalled(_ place: Int) {
        let vehicle = evses[place].direct.vehicle
        guard evses[place].configuration.isDirect, vehicle.protocolUsed.hasSchedules,
            evses[place].schedules.session == vehicle.session
        else { return }
        if evses[place].schedules.awaitedUntil != nil { return offerSchedules(place) }
        guard vehicle.stage >= .cableCheck, vehicle.stage <= .transfer else { return }
        evses[place].schedules.isByCSMS = true
        offerSchedules(place)
    }

    var scheduleWake: Instant? { evses.compactMap(\.schedules.awaitedUntil).min() }

    /// Nothing came in time: what is installed counts (K15, error handling).
    mutating func schedulesDue() {
        for place in evses.indices {
            guard let until = evses[place].schedules.awaitedUntil, until <= now else { continue }
            offerSchedules(place)
        }
    }

    // MARK: The offer

    private mutating func offerSchedules(_ place: Int) {
        evses[place].schedules.awaitedUntil = nil
        let told = Int(evses[place].direct.vehicle.maximumScheduleTuples)
        let most = told > 0 ? told : VehicleSchedule.mostPeriods
        let choice = choice(place)
        var schedules = [VehicleSchedule]()
        var ids = [Int]()
        let wasBook = book
        for index in 0..<max(1, choice?.ids.count ?? 1) {
            let id = choice?.ids[index] ?? 1
            if let choice { book = wasBook.choosing(index, of: choice.profile) }
            schedules.append(schedule(place, id: vehicleID(id, index, choice?.ids), most: most))
            ids.append(id)
        }
        book = wasBook
        evses[place].schedules.ids = ids
        put(schedules, place)
    }

    private mutating func put(_ schedules: [VehicleSchedule], _ place: Int) {
        let last = evses[place].schedules.offer?.number ?? 0
        let offer = ScheduleOffer(
            session: evses[place].direct.vehicle.session, number: last == .max ? 1 : last + 1,
            schedules: schedules)
        evses[place].schedules.offer = offer
        put(evses[place].id, offer)
    }

    /// The profile of the running transaction, and the ids of the schedules that it leaves to choose from.
    private func choice(_ place: Int) -> (profile: Int, ids: [Int])? {
        guard let transaction = sessions[place].transaction?.id else { return nil }
        let own = book.installed.filter {
            $0.profile.purpose == .tx && $0.profile.transaction == transaction
        }
        let newest = own.max { $0.profile.stackLevel < $1.profile.stackLevel }
        guard let profile = newest?.profile else { return nil }
        return (
            profile.id, profile.schedules.prefix(VehicleSchedule.mostSchedules).map(\.id)
        )
    }

    /// The CSMS's own number where a vehicle can have it (K15.FR.19: SAScheduleTupleID), else its place.
    private func vehicleID(_ id: Int, _ index: Int, _ all: [Int]?) -> UInt8 {
        let canStay =
            all?.allSatisfy { (1...255).contains($0) } ?? true && Set(all ?? []).count == all?.count
        return canStay ? UInt8(clamping: id) : UInt8(index + 1)
    }

    /// What the EVSE can give from now on, of all that limits it (K15.FR.07, K15.FR.15).
    private func schedule(_ place: Int, id: UInt8, most: Int) -> VehicleSchedule {
        let vehicle = evses[place].direct.vehicle
        let stay = vehicle.departureIn.map { Int(clamping: ($0 - (now - vehicle.at)).count / 1000) }
        let duration = max(900, min(stay ?? ScheduleExchange.horizon, ScheduleExchange.horizon))
        let periods = composite(evses[place].id, duration: duration, in: .watts, at: now).periods
        return VehicleSchedule(
            id: id, duration: UInt32(duration),
            periods: periods.map {
                .init(start: UInt32(clamping: $0.start), power: Watts(raw: max(0, $0.limit)))
            }, atMost: most)
    }

    // MARK: The vehicle's plan

    /// What the vehicle at an EVSE has made of an offer; repeating the same is no event.
    package mutating func observe(_ plan: VehiclePlan, of evse: EVSEID, at now: Instant) {
        observeTime(now)
        guard evse.index < evses.count, let offer = evses[evse.index].schedules.offer,
            plan.session == offer.session, plan.offer == offer.number,
            evses[evse.index].schedules.planned != plan.offer,
            let index = offer.schedules.firstIndex(where: { $0.id == plan.schedule })
        else { return }
        let place = evse.index
        evses[place].schedules.planned = plan.offer
        evses[place].schedules.isByCSMS = false
        if let choice = choice(place), choice.ids.count > 1, index < choice.ids.count {
            book = book.choosing(index, of: choice.profile)
        }
        tellPlan(plan, offered: offer.schedules[index], index, place)
        settle()
    }

    /// K15.FR.09, K15.FR.10, K16.FR.04, K16.FR.05; the schedule that it chose where it has no plan of its own
    /// (K15.FR.19, K16.FR.13).
    private mutating func tellPlan(
        _ plan: VehiclePlan, offered: VehicleSchedule, _ index: Int, _ place: Int
    ) {
        var own = offered
        if !plan.periods.isEmpty {
            own.periods = plan.periods
            own.duration = plan.duration
        }
        if !own.isWithin(offered) {
            emit(
                .log(
                    DomainLog(
                        .warning, "vehicle plans with more than it was offered",
                        ["evse": "\(evses[place].id)", "schedule": "\(plan.schedule)"])))
        }
        guard registrar.mayReport, settings.bool(.smartChargingEnabled) else { return }
        let ids = evses[place].schedules.ids
        let schedule = ChargingSchedule(
            id: index < ids.count ? ids[index] : 1,
            duration: own.duration > 0 ? Int(own.duration) : nil, unit: .watts,
            periods: own.periods.map { SchedulePeriod(start: Int($0.start), limit: $0.power.raw) })
        emit(
            .vehicleSchedule(
                VehicleScheduleNotice(
                    evse: evses[place].id, timeBase: clock.event(at: plan.at), schedule: schedule)))
    }

    /// The CSMS has answered. What it rejects it negotiates anew (K15.FR.13, K16.FR.08).
    package mutating func vehicleScheduleAnswered(
        _ evse: EVSEID, _ answer: VehicleScheduleAnswer, at now: Instant
    ) {
        observeTime(now)
        guard answer != .accepted else { return }
        emit(
            .log(
                DomainLog(
                    .info, "CSMS does not accept a vehicle's schedule",
                    ["evse": "\(evse)", "answer": "\(answer)"])))
        settle()
    }
}
