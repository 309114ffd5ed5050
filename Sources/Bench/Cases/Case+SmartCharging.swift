import EVSEModel
import JSON

extension Catalogue {
    static let smartCharging: [Case] = [
        Case(
            "TC_K_01_CS", "Default profile on EVSE", requirements: ["K01.FR.01", "K09.FR.01"],
            when: "SC-0",
            stimulus: "SetChargingProfile TxDefaultProfile on EVSE 1",
            expectation: "Accepted, and reported back identical"
        ) { bench in
            try await bench.boot()
            let wanted = chargingProfile(id: 5, purpose: "TxDefaultProfile", limit: 10)
            try await bench.setProfile(wanted, evse: 1, "Accepted")
            let answer = try await bench.call(
                "GetChargingProfiles",
                [
                    "requestId": 9, "evseId": 1,
                    "chargingProfile": ["chargingProfilePurpose": "TxDefaultProfile"],
                ])
            try bench.require(answer["status"], equals: "Accepted", "GetChargingProfiles")
            let report = try await bench.expect("ReportChargingProfiles")
            let got = report["chargingProfile"]?[0]
            for key in ["id", "stackLevel", "chargingProfilePurpose", "chargingProfileKind"] {
                try bench.require(got?[key], equals: wanted[key] ?? .null, key)
            }
            let period = got?["chargingSchedule"]?[0]?["chargingSchedulePeriod"]?[0]
            try bench.require(
                period?["limit"]?.number?.double == 10, "limit is \(period?.text ?? "")")
        },
        Case(
            "TC_K_02_CS", "Transaction profile without transaction", requirements: ["K01.FR.09"],
            when: "SC-0", stimulus: "TxProfile on an idle EVSE", expectation: "Rejected"
        ) { bench in
            try await bench.boot()
            try await bench.setProfile(
                chargingProfile(id: 6, purpose: "TxProfile", limit: 10, transaction: "nobody"),
                evse: 1, "Rejected")
        },
        Case(
            "TC_K_11_CS", "Transaction profile on EVSE 0", requirements: ["K01.FR.16"],
            when: "SC-0", stimulus: "TxProfile on evseId 0", expectation: "Rejected"
        ) { bench in
            try await bench.boot()
            try await bench.setProfile(
                chargingProfile(id: 6, purpose: "TxProfile", limit: 10, transaction: "nobody"),
                evse: 0, "Rejected")
        },
        Case(
            "TC_K_14_CS", "Profile for an unknown EVSE", requirements: ["K01.FR.28"],
            when: "SC-0", stimulus: "TxDefaultProfile on EVSE 7", expectation: "Rejected"
        ) { bench in
            try await bench.boot()
            try await bench.setProfile(
                chargingProfile(id: 6, purpose: "TxDefaultProfile", limit: 10), evse: 7, "Rejected")
        },
        Case(
            "TC_K_07_CS", "Clear unmatched", requirements: ["K10.FR.01"], when: "SC-0",
            stimulus: "ClearChargingProfile with an id that nobody has", expectation: "Unknown"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call("ClearChargingProfile", ["chargingProfileId": 999])
            try bench.require(answer["status"], equals: "Unknown", "ClearChargingProfile")
        },
        Case(
            "TC_K_28_CS", "Default profile while charging",
            requirements: ["K01.FR.10", "K01.FR.27"],
            when: "SC-0",
            stimulus: "TxDefaultProfile 10 A while a car draws more, then cleared",
            expectation:
                "the pilot offers 10 A and the car follows; after the clearing the old limit"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            let time = try await bench.timeToRise(.seconds(14))
            try await bench.expectWorld("more than 10 A drawn", within: time) {
                (bench.connector(of: $0)["drawn"]?.number?.double ?? 0) > 11
            }
            try await bench.setProfile(
                chargingProfile(id: 7, purpose: "TxDefaultProfile", limit: 10), evse: 1, "Accepted")
            try await bench.expectWorld("10 A offered and followed", within: .seconds(14)) {
                let connector = bench.connector(of: $0)
                return abs((connector["offered"]?.number?.double ?? 0) - 10) < 0.3
                    && (connector["drawn"]?.number?.double ?? 99) < 10.5
            }
            let answer = try await bench.call("ClearChargingProfile", ["chargingProfileId": 7])
            try bench.require(answer["status"], equals: "Accepted", "ClearChargingProfile")
            try await bench.expectWorld("more than 10 A offered again", within: time) {
                (bench.connector(of: $0)["offered"]?.number?.double ?? 0) > 11
            }
        },
        Case(
            "TC_K_13_CS", "Profile survives a power cycle", requirements: ["K01.FR.27"],
            when: "SC-0",
            stimulus: "a profile, then the station is killed and started again",
            expectation: "the composite schedule still holds its limit"
        ) { bench in
            try await bench.boot()
            // An EVSE's own limit: the station's is of its supply, which an outlet of direct current is not.
            try await bench.setProfile(
                chargingProfile(id: 8, purpose: "TxDefaultProfile", limit: 12), evse: 1,
                "Accepted")
            try bench.kill()
            try await bench.start()
            try await bench.expect("BootNotification", within: .seconds(20))
            let answer = try await bench.call(
                "GetCompositeSchedule", ["duration": 60, "evseId": 1, "chargingRateUnit": "A"])
            try bench.require(answer["status"], equals: "Accepted", "GetCompositeSchedule")
            let limit = answer["schedule"]?["chargingSchedulePeriod"]?[0]?["limit"]?.number?.double
            try bench.require(limit == 12, "the composite limit is \(limit ?? -1), not 12")
        },
    ]
}

/// A profile with one period from its start on.
///
/// - Parameter unit: of the limit, `A` or `W`.
func chargingProfile(
    id: Int, purpose: String, limit: Int, unit: String = "A", transaction: String? = nil,
    stackLevel: Int = 0
) -> JSONValue {
    var profile: JSONObject = [
        "id": JSONValue(id), "stackLevel": JSONValue(stackLevel),
        "chargingProfilePurpose": .string(purpose), "chargingProfileKind": "Absolute",
        "chargingSchedule": [
            [
                "id": 1, "startSchedule": .string(Timestamps.now(plus: -60)),
                "chargingRateUnit": .string(unit),
                "chargingSchedulePeriod": [["startPeriod": 0, "limit": JSONValue(limit)]],
            ]
        ],
    ]
    profile["transactionId"] = transaction.map(JSONValue.string)
    return .object(profile)
}

extension CaseContext {
    func setProfile(_ profile: JSONValue, evse: Int, _ status: String) async throws {
        let answer = try await call(
            "SetChargingProfile", ["evseId": JSONValue(evse), "chargingProfile": profile])
        try require(answer["status"], equals: .string(status), "SetChargingProfile")
    }
}
