import JSON
import LoopGuarantees
import Plant

// What disturbs a day: links, CSMS, processes, power, clocks, disk, hardware.
extension ScriptGenerator {
    mutating func addBoot(at: Int64) {
        let statuses = (0..<random.within(1...4)).map { _ in one(of: ["Pending", "Rejected"]) }
        add(
            at, .boot,
            [
                "statuses": .array(statuses.map { .string($0) }),
                "interval": JSONValue(random.within(1...300)),
            ])
    }

    mutating func disturb(at: Int64) {
        switch random.below(36) {
        case 0, 1: breakLink(at)
        case 2: spoil(at)
        case 3: spoil(at)
        case 4: add(at, .latency, ["ms": JSONValue(random.within(1...9_000))])
        case 5, 6:
            add(
                at, .kill,
                [
                    "outputs": JSONValue(random.below(12)),
                    "down": JSONValue(random.within(100...60_000)),
                ])
        case 7: killLoop(at)
        case 8: add(at, .stop, ["down": JSONValue(random.within(200...120_000))])
        case 9: add(at, .powerCut, ["down": JSONValue(random.within(500...7_200_000))])
        case 10: reset(at)
        case 11, 12, 13, 14, 27, 28, 29, 30, 31, 32, 33: breakDevice(at)
        case 15:
            add(at, .mains, ["on": false])
            add(at + time(200...1_800_000), .mains, ["on": true])
        case 16: clock(at)
        case 17:
            add(at, .diskFull, ["on": true])
            add(at + time(1_000...1_800_000), .diskFull, ["on": false])
        case 18: add(at, .failWrites, ["count": JSONValue(random.within(1...3))])
        case 19: changeAvailability(at, somePlace())
        case 20:
            let purpose = one(of: ["TxDefaultProfile", "ChargingStationMaxProfile"])
            setProfile(at, purpose, somePlace())
        case 21: clearProfiles(at)
        case 22: sendList(at: at)
        case 23:
            let card = one(of: Self.cards)
            add(
                at, .card,
                [
                    "card": .string(card.uid),
                    "status": .string(one(of: ["Accepted", "Blocked", "Invalid"])),
                ])
        case 34, 35:
            // From a late cycle now and then to more than the loop's supervision puts up with.
            add(
                at, .starve,
                [
                    "for": JSONValue(random.within(200...90_000)),
                    "every": JSONValue(random.within(20...250)),
                ])
        case 24:
            for index in 0..<Int64(random.within(1...12)) { ask(at + index * time(1...5_000)) }
        default:
            let frames = [
                "[]", "{", "[2]", "[2,\"bad-1\",\"Reset\"]", "[9,\"bad-2\",{}]",
                "[2,7,\"Reset\",{}]",
                "[2,\"bad-3\",\"Reset\",[]]", "[3,\"bad-4\",{}]", "null", "[2,\"bad-5\",\"\",{}]",
            ]
            add(at, .frame, ["text": .string(one(of: frames))])
            if chance(30) {
                add(at, .offline, ["wanted": false])
                add(at + time(1_000...600_000), .offline, ["wanted": true])
            }
        }
    }

    /// One that does not start again at once is what a safety controller's driver has to notice.
    private mutating func killLoop(_ at: Int64) {
        guard hasSafetyController, chance(50) else { return add(at, .killLoop) }
        add(at, .killLoop, ["down": JSONValue(random.within(300...20_000))])
    }

    private mutating func breakLink(_ at: Int64) {
        let how = one(of: VirtualLink.Loss.allCases)
        add(at, .cut, ["how": .string(how.rawValue)])
        // Cards that the CSMS does not know or like come while nobody can ask it.
        if chance(50) { tap(at + time(1_000...60_000), one(of: Self.cards).uid) }
        let duration =
            chance(50)
            ? time(500...120_000)
            : chance(70) ? time(60_000...7_200_000) : time(7_200_000...86_000_000)
        add(at + duration, .restore)
        // Several in a row, as a bad antenna makes them.
        if chance(30) {
            for index in 1...random.within(2...6) {
                let again = at + duration + Int64(index) * time(2_000...60_000)
                add(again, .cut, ["how": .string(how.rawValue)])
                add(again + time(100...20_000), .restore)
            }
        }
    }

    private mutating func spoil(_ at: Int64) {
        let actions = [
            "*", "TransactionEvent", "TransactionEvent", "Authorize", "BootNotification",
            "Heartbeat", "StatusNotification", "NotifyEvent",
        ]
        let how = one(of: VirtualCSMS.Misdeed.allCases)
        add(
            at, .spoil,
            [
                "action": .string(one(of: actions)), "how": .string(how.rawValue),
                "count": JSONValue(random.within(1...4)),
                "delay": JSONValue(random.within(1_000...90_000)),
            ])
    }

    private mutating func reset(_ at: Int64) {
        var payload: JSONObject = ["type": .string(one(of: ["Immediate", "OnIdle"]))]
        if chance(10) { payload["evseId"] = JSONValue(somePlace().evse) }
        if chance(30) { addBoot(at: at - 1) }
        add(at, .request, ["action": "Reset", "payload": .object(payload)])
    }

    private mutating func changeAvailability(_ at: Int64, _ place: Place) {
        var payload: JSONObject = ["operationalStatus": "Inoperative"]
        switch random.below(3) {
        case 0: break
        case 1: payload["evse"] = ["id": JSONValue(place.evse)]
        default:
            payload["evse"] = [
                "id": JSONValue(place.evse), "connectorId": JSONValue(place.connector),
            ]
        }
        add(at, .request, ["action": "ChangeAvailability", "payload": .object(payload)])
        payload["operationalStatus"] = "Operative"
        add(
            at + time(1_000...7_200_000), .request,
            ["action": "ChangeAvailability", "payload": .object(payload)])
    }

    private mutating func clock(_ at: Int64) {
        switch random.below(3) {
        case 0:
            let jump = one(of: [
                -86_400_000, -3_600_000, -5_000, 700, 60_000, 3_600_000, 86_400_000,
            ])
            add(at, .clockStep, ["ms": JSONValue(jump)])
        case 1: add(at, .clockDrift, ["ppm": JSONValue(random.within(-500...500))])
        default:
            add(at, .clockLost, ["on": true])
            add(at + time(1_000...7_200_000), .clockLost, ["on": false])
        }
    }

    /// A controller that acts against its orders is the one fault that only the loop can see, and among many
    /// others it would seldom meet a session.
    private mutating func disobedience(
        of type: FaultCatalog.DeviceClass, in entries: [FaultCatalog.Entry]
    ) -> FaultCatalog.Entry? {
        guard type == .controller || type == .networkController, chance(20) else { return nil }
        return entries.first { $0.kind == .offersOther }
    }

    private mutating func breakDevice(_ at: Int64) {
        guard !faulty.isEmpty else { return }
        // What is new on such boards is what shall be met.
        let device = special.isEmpty || chance(60) ? one(of: faulty) : one(of: special)
        // In virtual time there is no connection that could be forgotten.
        let entries = FaultCatalog.entries(of: device.type).filter { $0.kind != .halfOpen }
        guard !entries.isEmpty else { return }
        let entry = disobedience(of: device.type, in: entries) ?? one(of: entries)
        var values: JSONObject = [
            "device": .string(device.device), "fault": .string(entry.kind.rawValue),
        ]
        if let rule = entry.value, chance(50) {
            let low = Int(rule.range.lowerBound.rounded(.up))
            let high = Int(min(rule.range.upperBound, 5_000))
            if low <= high { values["value"] = JSONValue(random.within(low...high)) }
        }
        if entry.isPerReply, chance(40) { values["count"] = JSONValue(random.within(1...20)) }
        add(at, .fault, values)
        add(at + time(300...1_200_000), .clear, ["device": .string(device.device)])
        if chance(30) {
            add(
                at + time(1_200_000...1_800_000), .clearFaults,
                ["evse": JSONValue(somePlace().evse)])
        }
    }
}
