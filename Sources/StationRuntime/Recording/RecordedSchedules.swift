import EVSEModel
import JSON

/// What vehicles are offered and plan, as JSON and back.
enum RecordedSchedules {
    static func encode(_ offer: ScheduleOffer) -> JSONValue {
        [
            "session": JSONValue(Int(offer.session)), "number": JSONValue(Int(offer.number)),
            "schedules": .array(
                offer.schedules.map {
                    [
                        "id": JSONValue(Int($0.id)), "duration": JSONValue(Int($0.duration)),
                        "periods": encode($0.periods),
                    ]
                }),
        ]
    }

    static func encode(_ plan: VehiclePlan) -> JSONValue {
        [
            "session": JSONValue(Int(plan.session)), "offer": JSONValue(Int(plan.offer)),
            "schedule": JSONValue(Int(plan.schedule)), "at": JSONValue(plan.at.nanoseconds),
            "duration": JSONValue(Int(plan.duration)), "periods": encode(plan.periods),
        ]
    }

    private static func encode(_ periods: [VehicleSchedulePeriod]) -> JSONValue {
        .array(periods.map { [JSONValue(Int($0.start)), JSONValue($0.power.raw)] })
    }

    static func plan(_ value: JSONValue) throws(RecordingError) -> VehiclePlan {
        guard let session = value["session"]?.int.flatMap(UInt32.init(exactly:)),
            let offer = value["offer"]?.int.flatMap(UInt16.init(exactly:)),
            let schedule = value["schedule"]?.int.flatMap(UInt8.init(exactly:)),
            let at = value["at"]?.int.map({ Instant(nanoseconds: Int64($0)) }),
            let duration = value["duration"]?.int.flatMap(UInt32.init(exactly:)),
            let periods = value["periods"]?.array
        else { throw RecordingError("\(value.text) is no plan of a vehicle") }
        var all = [VehicleSchedulePeriod]()
        for period in periods {
            guard let start = period[0]?.int.flatMap(UInt32.init(exactly:)),
                let power = period[1]?.int
            else { throw RecordingError("\(period.text) is no period of a plan") }
            all.append(VehicleSchedulePeriod(start: start, power: Watts(raw: Int64(power))))
        }
        return VehiclePlan(
            session: session, offer: offer, schedule: schedule, at: at, duration: duration,
            periods: all)
    }
}
