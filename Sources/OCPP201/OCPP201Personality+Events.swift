import Charging
import EVSEModel
import OCPPJ

extension OCPP201Personality {
    /// Carries one output of the domain; `callClass` is `solicited` where a request caused it.
    mutating func carry(_ output: DomainOutput, _ callClass: CallClass) {
        switch output {
        case .store(let operation): outputs.append(.store(operation))
        case .targets(let evse, let targets): outputs.append(.targets(evse, targets))
        case .signing(let evse, let order): outputs.append(.signing(evse, order))
        case .schedules(let evse, let offer): outputs.append(.schedules(evse, offer))
        case .event(let event): translate(event, callClass)
        }
    }

    private mutating func translate(_ event: DomainEvent, _ callClass: CallClass) {
        switch event {
        case .registrationWanted(let reason): sendBootNotification(reason)
        case .heartbeatWanted: call(HeartbeatRequest(), callClass, .heartbeat)
        case .registrationChanged(let status): outputs.append(.registrationChanged(status))
        case .connector(let notice): report(notice, callClass)
        case .transaction(let notice): enqueue(notice)
        case .authorizationWanted(let id, let token): authorize(id, token, callClass)
        case .meterValues(let evse, let reports): sendMeterValues(evse, reports, callClass)
        case .externalLimit(let notice): report(notice, callClass)
        case .chargingNeeds(let notice): report(notice, callClass)
        case .vehicleSchedule(let notice): report(notice, callClass)
        case .security(let notice): report(notice)
        case .fault(let notice): report(notice, callClass)
        case .unlockFinished(let id, let result): unlockFinished(id, result)
        case .availabilityChanged(let scope, let isOperative):
            log(
                .info, "availability changed", ["scope": "\(scope)", "operative": "\(isOperative)"])
        case .restartWanted(let cause): outputs.append(.restart(cause))
        case .evseRestarted(let evse): log(.info, "EVSE restarted", ["evse": "\(evse)"])
        case .settingsChanged(let keys):
            applySettings()
            outputs.append(.settingsChanged(keys))
        case .tokenJudged(let reader, let evse, let verdict):
            var metadata = ["reader": reader, "verdict": verdict.rawValue]
            metadata["evse"] = evse?.description
            log(.info, "token judged", metadata)
        case .log(let entry): outputs.append(.log(entry))
        }
    }

    mutating func log(
        _ level: DomainLog.Level, _ message: String, _ metadata: [String: String] = [:]
    ) {
        outputs.append(.log(DomainLog(level, message, metadata)))
    }
}
