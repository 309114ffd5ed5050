package import EVSEModel
internal import FramedSerial

// Schedules on the line. Source: docs/vehicle-communication-protocol.md, section 4: SCHEDULES, TAKEN, ASK, PLAN.

/// One schedule of an offer, or the word that the vehicle shall wait (SCHEDULES).
package struct SECCScheduleFrame: Hashable, Sendable {
    /// Of the vehicle, as the module counts.
    package var session: UInt32
    package var offer: UInt16
    package var count: UInt8
    package var place: UInt8
    /// `nil`: the vehicle shall wait.
    package var schedule: VehicleSchedule?

    package init(
        session: UInt32, offer: UInt16, count: UInt8, place: UInt8, schedule: VehicleSchedule?
    ) {
        self.session = session
        self.offer = offer
        self.count = count
        self.place = place
        self.schedule = schedule
    }

    /// What a module repeats when it has taken the frame.
    package var echo: [UInt8] {
        var fields = FieldWriter()
        fields.add(session)
        fields.add(offer)
        fields.add(count)
        fields.add(place)
        return fields.bytes
    }

    package var payload: [UInt8] {
        let periods = schedule?.periods.prefix(VehicleSchedule.mostPeriods) ?? []
        var fields = FieldWriter()
        fields.add(echo)
        fields.add(schedule?.id ?? 0)
        fields.add(schedule?.duration ?? 0)
        fields.add(UInt8(periods.count))
        for period in periods {
            fields.add(period.start)
            // Watts, rounded down: a vehicle is never promised more.
            fields.add(UInt32(clamping: period.power.raw / 1000))
        }
        return fields.bytes
    }
}

/// What the vehicle has made of an offer (PLAN).
package struct SECCPlan: Hashable, Sendable {
    package var session: UInt32
    package var offer: UInt16
    package var schedule: UInt8
    /// Since the vehicle told it.
    package var age: Milliseconds
    package var duration: UInt32
    package var periods: [VehicleSchedulePeriod]

    private static let length = 16

    /// - Returns: `nil` where it is too short, has more periods than fit, or they are out of order.
    package init?(_ payload: [UInt8]) {
        guard payload.count >= Self.length else { return nil }
        var fields = FieldReader(payload)
        session = fields.uint32()
        offer = fields.uint16()
        schedule = fields.uint8()
        age = Milliseconds(Int64(fields.uint32()))
        duration = fields.uint32()
        let count = Int(fields.uint8())
        guard count <= VehicleSchedule.mostPeriods, payload.count >= Self.length + 8 * count else {
            return nil
        }
        periods = (0..<count).map { _ in
            VehicleSchedulePeriod(start: fields.uint32(), power: Watts(Int64(fields.uint32())))
        }
        for (a, b) in zip(periods, periods.dropFirst()) where a.start >= b.start { return nil }
        if let first = periods.first, first.start != 0 { return nil }
    }
}

/// Which frame of an offer comes next, and which plan is still to be fetched.
struct SECCScheduleCourse {
    private(set) var offer: ScheduleOffer?
    /// Frames of it that the module has taken.
    private var taken = 0
    /// The plan that was published last: of which session and offer.
    private var told: (session: UInt32, offer: UInt16)?

    /// The same offer again changes nothing.
    mutating func take(_ new: ScheduleOffer) {
        guard new != offer else { return }
        offer = new
        taken = 0
    }

    /// The module may have forgotten everything.
    mutating func begin() { taken = 0 }

    /// - Parameters:
    ///   - session: of the vehicle, as the station counts; `number`: as the module does.
    func next(in session: UInt32, number: UInt32) -> SECCScheduleFrame? {
        guard let offer, offer.session == session else { return nil }
        let count = min(offer.schedules.count, VehicleSchedule.mostSchedules)
        guard taken < max(1, count) else { return nil }
        return SECCScheduleFrame(
            session: number, offer: offer.number, count: UInt8(count), place: UInt8(taken),
            schedule: count > 0 ? offer.schedules[taken] : nil)
    }

    mutating func wasTaken() { taken += 1 }

    /// There is a plan that the station has not heard of.
    func wants(planOf planned: UInt16, in session: UInt32) -> Bool {
        planned != 0 && (told.map { $0 != (session, planned) } ?? true)
    }

    mutating func wasTold(_ planned: UInt16, in session: UInt32) { told = (session, planned) }
}
