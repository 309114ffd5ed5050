import EVSEModel
import JSON

extension Catalogue {
    /// Cases of what vehicles of ISO 15118 negotiate, of pauses and of waking up. They go by the OCTT's scenarios
    /// (TC_K_53_CS to TC_K_58_CS), which belong to a certification profile that no board has.
    static let vehicleSchedules: [Case] = [
        Case(
            "HW_91", "A vehicle waits for the CSMS's schedule, and tells its plan",
            requirements: ["K15.FR.01", "K15.FR.07", "K15.FR.09", "K15.FR.10", "K15.FR.19"],
            when: "vehicle-communication and SC-0",
            stimulus: "needs accepted, a TxProfile with two schedules follows",
            expectation: "maxScheduleTuples told; the plan has the first schedule's id and limit"
        ) { bench in
            await bench.acceptNeeds()
            try await bench.boot()
            try await bench.plugDirect(["tellsPlan": true, "scheduleTuples": 6])
            try await bench.tap("04A2B3C4D5E6F7")
            let id = try bench.transactionID(try await bench.expectTransaction("Started"))
            let needs = try await bench.expect("NotifyEVChargingNeeds", within: .seconds(60))
            try bench.require(needs["maxScheduleTuples"], equals: 6, "maxScheduleTuples")
            try await bench.setProfile(
                vehicleProfile(transaction: id, watts: [(7, 40_000), (9, 20_000)]), evse: 1,
                "Accepted")
            let plan = try await bench.expectPlan(within: .seconds(90))
            try bench.require(plan["chargingSchedule"]?["id"], equals: 7, "schedule's id")
            try bench.require(try bench.mostWatts(plan) <= 40_000, "more than 40 kW are planned")
            try await bench.expectTransaction("Updated", charging: "Charging")
            try await bench.endsDirect(id)
        },
        Case(
            "HW_92", "The CSMS makes no schedule for a vehicle",
            requirements: ["K15.FR.01", "K15.FR.04", "K17.FR.04"],
            when: "vehicle-communication and SC-0",
            stimulus: "needs rejected", expectation: "the vehicle charges all the same"
        ) { bench in
            try await bench.boot()
            try await bench.plugDirect()
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expect("NotifyEVChargingNeeds", within: .seconds(60))
            let event = try await bench.expectTransaction("Updated", charging: "Charging")
            try await bench.endsDirect(try bench.transactionID(event))
        },
        Case(
            "HW_93", "The CSMS negotiates a running session anew",
            requirements: ["K16.FR.01", "K16.FR.02", "K16.FR.03", "K16.FR.05", "K16.FR.09"],
            when: "vehicle-communication and SC-0",
            stimulus: "a TxProfile of 15 kW while a vehicle of ISO 15118-20 charges",
            expectation: "its new plan is told, its needs are not; it takes no more than 15 kW"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect(["protocol": "iso15118-20", "tellsPlan": true])
            try await bench.expectWorld("more than 20 kW", within: .seconds(60)) {
                bench.outletCurrent($0) > 50
            }
            try await bench.setProfile(
                vehicleProfile(transaction: id, watts: [(3, 15_000)]), evse: 1, "Accepted")
            let plan = try await bench.expectPlan()
            try bench.require(plan["chargingSchedule"]?["id"], equals: 3, "schedule's id")
            try bench.require(try bench.mostWatts(plan) <= 15_000, "more than 15 kW are planned")
            try await bench.expectWorld("no more than 15 kW", within: .seconds(30)) {
                bench.outletCurrent($0) < 45 && bench.outletCurrent($0) > 5
            }
            try await bench.expectNone("needs that the CSMS knows", for: .seconds(3)) {
                $0.action == "NotifyEVChargingNeeds"
            }
            try await bench.endsDirect(id)
        },
        Case(
            "HW_94", "A vehicle negotiates its session anew",
            requirements: ["K17.FR.01", "K17.FR.06", "K17.FR.09", "K17.FR.10"],
            when: "vehicle-communication and SC-0",
            stimulus: "a vehicle of ISO 15118-2 goes back to its parameters while it charges",
            expectation: "its needs are told again; it charges again in the same transaction"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect(["tellsPlan": true])
            await bench.acceptNeeds()
            bench.note("the vehicle wants to negotiate anew")
            try await bench.rig.vehicle("1/1", ["dc": ["renegotiate": true]])
            try await bench.expect("NotifyEVChargingNeeds", within: .seconds(30))
            try await bench.setProfile(
                vehicleProfile(transaction: id, watts: [(4, 25_000)]), evse: 1, "Accepted")
            let plan = try await bench.expectPlan(within: .seconds(90))
            try bench.require(plan["chargingSchedule"]?["id"], equals: 4, "schedule's id")
            try await bench.expectWorld("it charges again", within: .seconds(60)) {
                bench.outletCurrent($0) > 5
            }
            try await bench.endsDirect(id)
        },
        Case(
            "HW_95", "A vehicle pauses its session and resumes it", requirements: ["E02", "K15"],
            when: "vehicle-communication",
            stimulus: "a vehicle of ISO 15118 pauses for some seconds while it charges",
            expectation: "SuspendedEV, then Charging: one transaction, one session of the vehicle"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect()
            let session = bench.vehicle(try await bench.rig.state())["session"]
            try await bench.rig.vehicle("1/1", ["dc": ["pause": true]])
            bench.note("the vehicle pauses")
            try await bench.expectTransaction(
                "Updated", charging: "SuspendedEV", within: .seconds(30))
            try await bench.expectDead()
            try await bench.rig.vehicle("1/1", ["dc": ["pause": false]])
            bench.note("the vehicle comes back")
            try await bench.expectTransaction("Updated", charging: "Charging")
            try bench.require(
                bench.vehicle(try await bench.rig.state())["session"], equals: session ?? .null,
                "number of the vehicle's session")
            try await bench.endsDirect(id)
        },
        Case(
            "HW_96", "A sleeping vehicle is woken when there is power again",
            requirements: ["IEC 61851-1", "ISO 15118-3", "K01.FR.07"],
            when: "vehicle-communication and SC-0",
            stimulus: "a profile of 0 W; the vehicle sleeps; the profile is cleared",
            expectation: "SuspendedEVSE; the pilot steps to B1 and back; Charging again"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect(["sleepAfterS": 25])
            try await bench.setProfile(
                vehicleProfile(id: 12, purpose: "TxDefaultProfile", watts: [(1, 0)]), evse: 1,
                "Accepted")
            try await bench.expectTransaction(
                "Updated", charging: "SuspendedEVSE", within: .seconds(30))
            try await bench.expectWorld("the vehicle sleeps", within: .seconds(60)) {
                bench.vehicle($0)["asleep"] == true
            }
            try await bench.call("ClearChargingProfile", ["chargingProfileId": 12])
            try await bench.expectWorld("the vehicle is awake", within: .seconds(30)) {
                bench.vehicle($0)["asleep"] == false
            }
            try await bench.expectTransaction("Updated", charging: "Charging")
            try await bench.endsDirect(id)
        },
        Case(
            "HW_97", "A lost link with the vehicle is tried again", requirements: ["E02", "G01"],
            when: "vehicle-communication",
            stimulus: "nothing is heard of the vehicle for 5 s while it charges",
            expectation: "the outlet is dead; then the vehicle charges again, plugged all the time"
        ) { bench in
            try await bench.boot()
            let id = try await bench.chargeDirect()
            let links = try await bench.rig.state()["dc"]?["vehicleLinks"]
            guard let device = links?[0]?["device"]?.string else {
                throw CaseFailure("the rig names no vehicle communication")
            }
            let cut = try await bench.fault(device, "vehicle-lost")
            try await bench.expectDead()
            try await bench.clear(cut)
            try await bench.expectWorld("it charges again", within: .seconds(90)) {
                bench.outletCurrent($0) > 5
            }
            try await bench.endsDirect(id)
        },
    ]
}

/// A profile in watts with a schedule for each limit, of one period.
private func vehicleProfile(
    id: Int = 11, purpose: String = "TxProfile", transaction: String? = nil,
    watts: [(id: Int, limit: Int)]
) -> JSONValue {
    var profile: JSONObject = [
        "id": JSONValue(id), "stackLevel": 0, "chargingProfilePurpose": .string(purpose),
        "chargingProfileKind": "Relative",
        "chargingSchedule": .array(
            watts.map {
                [
                    "id": JSONValue($0.id), "chargingRateUnit": "W",
                    "chargingSchedulePeriod": [
                        ["startPeriod": 0, "limit": JSONValue($0.limit)]
                    ],
                ]
            }),
    ]
    if let transaction { profile["transactionId"] = .string(transaction) }
    return .object(profile)
}

extension CaseContext {
    /// The CSMS will make schedules for vehicles from now on.
    fileprivate func acceptNeeds() async {
        await csms.answer("NotifyEVChargingNeeds", ["status": "Accepted"])
    }

    fileprivate func expectPlan(within limit: Milliseconds = .seconds(12)) async throws -> JSONValue
    {
        let plan = try await expect("NotifyEVChargingSchedule", within: limit)
        try require(plan["evseId"], equals: 1, "evseId")
        try require(plan["timeBase"]?.string != nil, "no timeBase")
        try require(plan["chargingSchedule"]?["chargingRateUnit"], equals: "W", "unit")
        return plan
    }

    fileprivate func mostWatts(_ plan: JSONValue) throws -> Double {
        let periods = plan["chargingSchedule"]?["chargingSchedulePeriod"]?.array ?? []
        guard let most = periods.compactMap({ $0["limit"]?.number?.double }).max() else {
            throw CaseFailure("a plan without periods: \(plan.text)")
        }
        return most
    }
}
