import EVSEModel
import JSON

extension Catalogue {
    /// What the CSMS is told of limits that are not its own.
    static let externalLimits: [Case] = [
        Case(
            "TC_K_48_CS", "External limit set, changed and reported",
            requirements: ["K12.FR.02", "K12.FR.03", "K12.FR.04", "K12.FR.05"],
            when: "energy-manager",
            stimulus: "an energy manager writes 12 A, then 8 A, while nobody charges",
            expectation:
                "NotifyChargingLimit EMS with the schedule, each time; in GetChargingProfiles with a "
                + "negative id",
            settings: [
                "feed.energy-manager.timeout=600 s",
                "ocpp.variables.SmartChargingCtrlr.NotifyChargingLimitWithSchedules=true",
            ]
        ) { bench in
            try await bench.boot()
            let manager = try bench.energyManager()
            for limit in [12.0, 8.0] {
                try manager.limit(current: limit)
                try await bench.expect("NotifyChargingLimit", "\(limit) A") {
                    let schedule = $0["chargingSchedule"]?[0]
                    let period = schedule?["chargingSchedulePeriod"]?[0]
                    return $0["chargingLimit"]?["chargingLimitSource"] == "EMS"
                        && schedule?["chargingRateUnit"] == "A"
                        && period?["limit"]?.number?.double == limit
                }
            }
            let answer = try await bench.call(
                "GetChargingProfiles",
                [
                    "requestId": 7,
                    "chargingProfile": [
                        "chargingProfilePurpose": "ChargingStationExternalConstraints"
                    ],
                ])
            try bench.require(answer["status"], equals: "Accepted", "GetChargingProfiles")
            let report = try await bench.expect("ReportChargingProfiles")
            try bench.require(report["chargingLimitSource"], equals: "EMS", "chargingLimitSource")
            try bench.require(report["evseId"], equals: 0, "evseId")
            let profile = report["chargingProfile"]?[0]
            try bench.require(
                profile?["id"]?.int ?? 0 < 0, "the profile's id is \(profile?["id"]?.text ?? "")")
            let period = profile?["chargingSchedule"]?[0]?["chargingSchedulePeriod"]?[0]
            try bench.require(
                period?["limit"]?.number?.double == 8, "limit is \(period?.text ?? "")")
        },
        Case(
            "TC_K_50_CS", "External limit released, nobody charging", requirements: ["K13"],
            when: "energy-manager", stimulus: "an energy manager writes 12 A, then no limit",
            expectation: "NotifyChargingLimit without a schedule, ClearedChargingLimit EMS",
            settings: ["feed.energy-manager.timeout=600 s"]
        ) { bench in
            try await bench.boot()
            let manager = try bench.energyManager()
            try manager.limit(current: 12)
            let notice = try await bench.expect("NotifyChargingLimit")
            try bench.require(notice["chargingSchedule"] == nil, "a schedule that nobody asked for")
            try manager.limit()
            let cleared = try await bench.expect("ClearedChargingLimit")
            try bench.require(cleared["chargingLimitSource"], equals: "EMS", "chargingLimitSource")
        },
        Case(
            "TC_K_51_CS", "External limit set and released while a car charges",
            requirements: [
                "K11.FR.01", "K11.FR.02", "K11.FR.04", "K13.FR.01", "K13.FR.02", "K13.FR.03",
            ],
            when: "energy-manager",
            stimulus: "an energy manager writes 10 A while a car charges, then no limit",
            expectation:
                "the car follows; NotifyChargingLimit, ClearedChargingLimit, and each time "
                + "TransactionEvent ChargingRateChanged",
            settings: ["feed.energy-manager.timeout=600 s"]
        ) { bench in
            try await bench.boot()
            let manager = try bench.energyManager()
            let id = try await bench.charge()
            let time = try await bench.timeToRise(.seconds(20))
            try await bench.expectWorld("more than 11 A drawn", within: time) {
                bench.drawn($0, "1/1") > 11
            }
            try manager.limit(current: 10)
            try await bench.expect("NotifyChargingLimit")
            try await bench.expectTransaction("Updated", trigger: "ChargingRateChanged")
            try await bench.expectWorld("10 A at most") { bench.drawn($0, "1/1") < 10.1 }
            try manager.limit()
            try await bench.expect("ClearedChargingLimit")
            try await bench.expectTransaction("Updated", trigger: "ChargingRateChanged")
            try await bench.expectWorld("more than 11 A again", within: time) {
                bench.drawn($0, "1/1") > 11
            }
            try await bench.requireRunning(id)
        },
    ]
}
