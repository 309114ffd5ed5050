import Foundation

/// The requests of a CSMS in everyday life, in turn.
enum Mix {
    struct Request: Sendable {
        var action: String
        /// Payload of the n-th round.
        var payload: @Sendable (_ round: Int) -> String
        /// Call of the station that the request causes, and what its text holds when it is the last.
        var follows: (action: String, mark: String)?
    }

    static let getVariables = Request(action: "GetVariables") { _ in
        """
        {"getVariableData":[{"component":{"name":"OCPPCommCtrlr"},\
        "variable":{"name":"HeartbeatInterval"}}]}
        """
    }
    static let setVariables = Request(action: "SetVariables") { round in
        """
        {"setVariableData":[{"attributeValue":"\(30000 + round % 1000)",\
        "component":{"name":"OCPPCommCtrlr"},"variable":{"name":"OfflineThreshold"}}]}
        """
    }
    static let baseReport = Request(
        action: "GetBaseReport",
        payload: { #"{"requestId":\#($0 + 1),"reportBase":"ConfigurationInventory"}"# },
        follows: ("NotifyReport", #""tbc":false"#))

    /// Without what the station has to send after its answer.
    static let quiet: [Request] = [
        getVariables, setVariables,
        Request(action: "GetLocalListVersion") { _ in "{}" },
        Request(action: "ClearCache") { _ in "{}" },
        Request(action: "SetChargingProfile") { round in
            """
            {"evseId":1,"chargingProfile":{"id":7,"stackLevel":1,\
            "chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute",\
            "chargingSchedule":[{"id":1,"chargingRateUnit":"A",\
            "startSchedule":"2026-01-01T00:00:00Z","chargingSchedulePeriod":[\
            {"startPeriod":0,"limit":\(10 + round % 6)}]}]}}
            """
        },
        Request(action: "GetCompositeSchedule") { _ in
            #"{"duration":3600,"evseId":1,"chargingRateUnit":"A"}"#
        },
        Request(action: "GetTransactionStatus") { _ in "{}" },
    ]
    static let all: [Request] =
        quiet + [
            baseReport,
            Request(
                action: "TriggerMessage", payload: { _ in #"{"requestedMessage":"Heartbeat"}"# },
                follows: ("Heartbeat", "")),
        ]
}

extension CSMS {
    /// One request of the mix; what it causes is waited for outside of the time.
    /// - Parameter follows: whether this station sends what the request causes.
    /// - Returns: microseconds to the answer.
    func request(_ request: Mix.Request, round: Int, follows: Bool) throws -> Double {
        let (time, _) = try self.request(request.action, request.payload(round))
        if follows, let (action, mark) = request.follows {
            try expect(action) { mark.isEmpty || $0.text.contains(mark) }
        }
        return time
    }
}
