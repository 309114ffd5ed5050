import Charging
import EVSEModel
import JSON
import OCPPJ

// K15 to K17: smart charging with a vehicle that tells what it needs
extension OCPP201Personality {
    /// K15.FR.01, K15.FR.06, K17.FR.01.
    mutating func report(_ notice: ChargingNeedsNotice, _ callClass: CallClass) {
        var request = NotifyEVChargingNeedsRequest()
        request.evseId = Int(notice.evse.number)
        let tuples = notice.needs.maximumTuples
        request.maxScheduleTuples = tuples > 0 ? Int(tuples) : nil
        request.chargingNeeds.dcChargingParameters = .init(notice.needs)
        // While nobody knows the time, nobody knows this one either.
        request.chargingNeeds.departureTime = notice.needs.departure
            .flatMap { domain.wallTime(of: $0) }.map(DateTime.time)
        call(request, callClass, .chargingNeeds(notice.evse))
    }

    mutating func chargingNeedsAnswered(
        _ evse: EVSEID, _ result: Result<JSONObject, CallFailure>
    ) {
        let answer: ChargingNeedsAnswer
        switch result {
        case .failure(.linkLost): answer = .lost
        case .failure(.error(let error)) where Self.isUnknown(error): answer = .unsupported
        case .failure: answer = .failed
        case .success:
            let response = read(NotifyEVChargingNeedsRequest.Response.self, result)
            answer =
                switch response?.status {
                case .accepted?: .accepted
                case .processing?: .processing
                case .rejected?: .rejected
                case nil: .failed
                }
        }
        domain.chargingNeedsAnswered(evse, answer, at: now)
    }

    /// K15.FR.10, K16.FR.05, K17.FR.10.
    mutating func report(_ notice: VehicleScheduleNotice, _ callClass: CallClass) {
        // A plan without a time is none.
        guard let time = domain.wallTime(of: notice.timeBase) else { return }
        var request = NotifyEVChargingScheduleRequest()
        request.evseId = Int(notice.evse.number)
        request.timeBase = .time(time)
        request.chargingSchedule = WireSchedule(notice.schedule)
        call(request, callClass, .vehicleSchedule(notice.evse))
    }

    mutating func vehicleScheduleAnswered(
        _ evse: EVSEID, _ result: Result<JSONObject, CallFailure>
    ) {
        let response = read(NotifyEVChargingScheduleRequest.Response.self, result)
        let answer: VehicleScheduleAnswer =
            switch response?.status {
            case .accepted?: .accepted
            case .rejected?: .rejected
            case nil: .failed
            }
        domain.vehicleScheduleAnswered(evse, answer, at: now)
    }

    /// The CSMS has nothing to do with the message, now or later.
    private static func isUnknown(_ error: RPCError) -> Bool {
        [RPCError.Code.notImplemented, .notSupported].map(\.rawValue).contains(error.codeText)
    }
}
