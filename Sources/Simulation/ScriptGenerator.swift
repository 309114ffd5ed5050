import BoardFile
import EVSEModel
import JSON
import LoopGuarantees
import Plant
package import StationRuntime

/// Writes a random day: drivers who come and go, and what disturbs them. Everything follows from
/// the seed.
package struct ScriptGenerator {
    static let day: Int64 = 86_400_000
    private var random: SplitMix
    private var script: Script
    private let composition: StationComposition
    private let readers: [String]
    private let faulty: [(device: String, type: FaultCatalog.DeviceClass)]
    private var listVersion = 1
    private var visits = [(start: Int64, end: Int64)]()

    /// Cards of the neighbourhood; what the CSMS thinks of them is said at the day's beginning.
    static let cards = [
        (uid: "04A1B2C3", status: "Accepted", group: "FAMILY"),
        (uid: "04D4E5F607A8B9", status: "Accepted", group: "FAMILY"),
        (uid: "0455667788AABB", status: "Accepted", group: ""),
        (uid: "04C0FFEE", status: "Blocked", group: ""),
        (uid: "04BADBAD", status: "Expired", group: ""),
        (uid: "04D00D00", status: "Invalid", group: ""),
        (uid: "04CA5500112233", status: "NoCredit", group: ""),
        (uid: "0411111111", status: "", group: ""),  // 5 bytes: no reader reads that
        (uid: "04222222", status: "", group: ""),
    ]

    private init(_ seed: UInt64, _ composition: StationComposition) {
        random = SplitMix(seed: seed &* 0xD1B5_4A32_D192_ED03 &+ 0x2545_F491)
        script = Script(
            board: composition.board.name, seed: seed, length: Milliseconds(Self.day))
        self.composition = composition
        readers = composition.plant.readers.map(\.device)
        let world = PlantWorld(composition.plant, at: .zero)
        faulty = world.faultyDevices.map { ($0.device, $0.type) }
    }

    /// The script of a seed's day on a board.
    package static func script(seed: UInt64, on composition: StationComposition) -> Script {
        var generator = ScriptGenerator(seed, composition)
        generator.writeDay()
        generator.script.steps.sort { $0.at < $1.at }
        return generator.script
    }

    private mutating func add(_ at: Int64, _ action: ScriptAction, _ values: JSONObject = [:]) {
        script.steps.append(
            ScriptStep(Milliseconds(min(max(0, at), Self.day)), action, values))
    }
    private mutating func one<Element>(of choices: [Element]) -> Element {
        choices[random.below(choices.count)]
    }
    private mutating func time(_ range: ClosedRange<Int>) -> Int64 { Int64(random.within(range)) }
    private mutating func chance(_ percent: Int) -> Bool { random.below(100) < percent }

    // MARK: The day

    private mutating func writeDay() {
        chooseVariables()
        for card in Self.cards where !card.status.isEmpty {
            var values: JSONObject = ["card": .string(card.uid), "status": .string(card.status)]
            if !card.group.isEmpty { values["group"] = .string(card.group) }
            if chance(15) { values["expires"] = JSONValue(random.within(60...40_000)) }
            add(0, .card, values)
        }
        if chance(30) { addBoot(at: 0) }
        if chance(35) { sendList(at: time(30_000...3_600_000)) }
        var at = time(60_000...7_200_000)
        while at < Self.day - 1_800_000 {
            let end = visit(at)
            visits.append((at, end))
            at = end + time(120_000...10_800_000)
        }
        // A fifth of the days has nothing but drivers.
        guard !chance(20) else { return }
        for _ in 0..<random.within(1...12) {
            // Most of what can go wrong matters while somebody is there.
            if !visits.isEmpty, chance(60) {
                let visit = one(of: visits)
                disturb(at: time(Int(visit.start)...Int(max(visit.start, visit.end))))
            } else {
                disturb(at: time(10_000...Int(Self.day) - 1_000))
            }
        }
    }

    private mutating func chooseVariables() {
        func set(_ name: String, _ value: String) { script.variables[name] = value }
        let points = ["Authorized", "EVConnected", "PowerPathClosed", "EnergyTransfer"]
        if chance(60) {
            let start = one(of: points)
            set("TxCtrlr.TxStartPoint", start)
            let stops = ["Authorized", "EVConnected", "PowerPathClosed", "EVConnected,Authorized"]
            set("TxCtrlr.TxStopPoint", start == "EnergyTransfer" ? one(of: points) : one(of: stops))
        }
        if chance(30) { set("AuthCtrlr.OfflineTxForUnknownIdEnabled", "true") }
        if chance(30) { set("AuthCtrlr.LocalPreAuthorize", "true") }
        if chance(25) { set("AuthCtrlr.AuthorizeRemoteStart", "false") }
        if chance(20) { set("TxCtrlr.StopTxOnEVSideDisconnect", one(of: ["true", "false"])) }
        if chance(20) { set("TxCtrlr.StopTxOnInvalidId", "false") }
        if chance(20) { set("AuthCacheCtrlr.Enabled", "false") }
        set(
            "SampledDataCtrlr.TxUpdatedInterval",
            String(one(of: [0, 60, 300, 300, 900, 900, 1800])))
        if chance(15) { set("AlignedDataCtrlr.Interval", String(one(of: [900, 3600]))) }
        if chance(20) { set("TxCtrlr.EVConnectionTimeOut", String(random.within(20...300))) }
        if chance(20) {
            set("OCPPCommCtrlr.HeartbeatInterval", String(random.within(60...3600)))
        } else {
            set("OCPPCommCtrlr.HeartbeatInterval", "1800")
        }
    }

    // MARK: Drivers

    /// One driver from arrival to departure.
    /// - Returns: when the place is free again.
    private mutating func visit(_ start: Int64) -> Int64 {
        let place: JSONObject = ["evse": 1, "connector": 1]
        let card = chance(78) ? Self.cards[random.below(3)].uid : one(of: Self.cards).uid
        var plug = place
        plug["phases"] = JSONValue(random.within(1...3))
        plug["maxCurrent"] = JSONValue(one(of: [6, 10, 13, 16, 20, 32, 32, 40]))
        plug["battery"] = JSONValue(one(of: [1_000, 8_000, 40_000, 60_000, 90_000]))
        plug["soc"] = .number(JSONNumber(Int64(random.within(5...98)), fractionDigits: 2))
        plug["cable"] = JSONValue(one(of: [13, 20, 32, 32, 32, 63, 0]))
        if chance(8) { plug["ready"] = false }
        if chance(4) { plug["ventilation"] = true }
        if chance(4) { plug["diode"] = "shorted" }
        if chance(5) { plug["holdsS2"] = true }
        if chance(6) { plug["draw"] = chance(50) ? "max" : JSONValue(random.within(1...40)) }
        let isRemote = chance(18)
        let plugAt = start
        let authorizeAt = start + time(-20_000...40_000)
        add(plugAt, .plug, plug)
        if isRemote {
            startRemotely(authorizeAt, card)
        } else {
            tap(authorizeAt, card)
            if chance(8) { tap(authorizeAt + time(200...4_000), card) }  // a double tap
            if chance(6) { tap(authorizeAt + time(3_000...30_000), one(of: Self.cards).uid) }
        }
        let duration = chance(75) ? time(30_000...5_400_000) : time(1_000...60_000)
        let end = max(plugAt, authorizeAt) + duration
        if duration > 600_000 { duringCharge(plugAt, end) }
        return leave(end, card, isRemote: isRemote)
    }

    private mutating func duringCharge(_ start: Int64, _ end: Int64) {
        let range = Int(start + 60_000)...Int(end)
        if chance(20) {
            let at = time(range)
            add(at, .vehicle, ["evse": 1, "connector": 1, "ready": false])
            add(at + time(1_000...600_000), .vehicle, ["evse": 1, "connector": 1, "ready": true])
        }
        if chance(12) { hesitate(time(range)) }
        if chance(18) { setProfile(time(range), "TxProfile") }
        if chance(12) { setProfile(time(range), "TxDefaultProfile") }
        if chance(10) { ask(time(range)) }
        if chance(5) {
            add(time(range), .vehicle, ["evse": 1, "connector": 1, "soc": 1])
        }
    }

    /// A vehicle that cannot make up its mind.
    private mutating func hesitate(_ start: Int64) {
        var at = start
        for index in 0..<random.within(2...5) {
            add(
                at, .vehicle,
                ["evse": 1, "connector": 1, "ready": .bool(!index.isMultiple(of: 2))])
            at += time(300...4_000)
        }
        add(at, .vehicle, ["evse": 1, "connector": 1, "ready": true])
    }

    private mutating func leave(_ at: Int64, _ card: String, isRemote: Bool) -> Int64 {
        let gone = at + time(2_000...60_000)
        switch random.below(10) {
        case 0...3: tap(at, card)
        case 4, 5: add(at, .request, ["action": "RequestStopTransaction", "payload": Self.running])
        case 6:
            // Somebody of the same family.
            tap(at, Self.cards[random.below(2)].uid)
        default: break  // the cable is pulled at the vehicle
        }
        let leavesCable = chance(8)
        var unplug: JSONObject = ["evse": 1, "connector": 1, "side": "vehicle"]
        if leavesCable { unplug["leave"] = true }
        add(gone, .unplug, unplug)
        let away = gone + time(3_000...30_000)
        if chance(60) { tap(gone + 1_500, card) }  // whose plug is held gets it with the card
        if chance(15) { add(gone + 2_500, .request, Self.unlock) }
        add(away, .unplug, ["evse": 1, "connector": 1, "side": "station"])
        return away
    }

    private mutating func tap(_ at: Int64, _ card: String) {
        guard !readers.isEmpty else { return }
        add(
            at, .tap,
            [
                "reader": .string(one(of: readers)), "card": .string(card),
                "hold": JSONValue(random.within(250...1_500)),
            ])
    }

    private static let running: JSONValue = ["transactionId": "$transaction"]
    private static let unlock: JSONObject = [
        "action": "UnlockConnector", "payload": ["evseId": 1, "connectorId": 1],
    ]

    // MARK: The CSMS's requests

    private mutating func startRemotely(_ at: Int64, _ card: String) {
        var payload: JSONObject = [
            "remoteStartId": JSONValue(random.within(1...100_000)),
            "idToken": ["idToken": .string(card), "type": "ISO14443"],
        ]
        if chance(80) { payload["evseId"] = 1 }
        add(at, .request, ["action": "RequestStartTransaction", "payload": .object(payload)])
    }

    private mutating func setProfile(_ at: Int64, _ purpose: String) {
        let unit = chance(80) ? "A" : "W"
        let amperes = one(of: [0, 3, 6, 8, 10, 13, 16, 20, 25, 32, 48])
        var profile: JSONObject = [
            "id": JSONValue(random.within(1...6)), "stackLevel": JSONValue(random.within(0...2)),
            "chargingProfilePurpose": .string(purpose), "chargingProfileKind": "Absolute",
            "chargingSchedule": [
                [
                    "id": 1, "startSchedule": "2020-01-01T00:00:00Z",
                    "chargingRateUnit": .string(unit),
                    "chargingSchedulePeriod": [
                        [
                            "startPeriod": 0,
                            "limit": JSONValue(unit == "A" ? amperes : amperes * 230),
                        ]
                    ],
                ]
            ],
        ]
        if purpose == "TxProfile" { profile["transactionId"] = "$transaction" }
        let evse: JSONValue =
            purpose == "ChargingStationMaxProfile"
            ? 0 : chance(50) && purpose != "TxProfile" ? 0 : 1
        add(
            at, .request,
            [
                "action": "SetChargingProfile",
                "payload": ["evseId": evse, "chargingProfile": .object(profile)],
            ])
    }

    private mutating func clearProfiles(_ at: Int64) {
        let payload: JSONValue =
            chance(50)
            ? ["chargingProfileCriteria": ["stackLevel": JSONValue(random.within(0...2))]]
            : chance(50) ? ["chargingProfileId": JSONValue(random.within(1...6))] : [:]
        add(at, .request, ["action": "ClearChargingProfile", "payload": payload])
    }

    private mutating func sendList(at: Int64) {
        let statuses = ["Accepted", "Accepted", "Blocked", "Invalid"]
        var entries = [JSONValue]()
        for card in Self.cards where chance(50) && card.uid.count != 10 {
            entries.append([
                "idToken": ["idToken": .string(card.uid), "type": "ISO14443"],
                "idTokenInfo": ["status": .string(one(of: statuses))],
            ])
        }
        listVersion += random.below(3)
        var payload: JSONObject = [
            "versionNumber": JSONValue(listVersion),
            "updateType": .string(chance(70) ? "Full" : "Differential"),
        ]
        if !entries.isEmpty { payload["localAuthorizationList"] = .array(entries) }
        add(at, .request, ["action": "SendLocalList", "payload": .object(payload)])
    }

    /// Something that a CSMS asks now and then, right or wrong.
    private mutating func ask(_ at: Int64) {
        let (action, payload) = one(of: Self.questions)
        add(at, .request, ["action": .string(action), "payload": payload])
    }
    private static let questions: [(String, JSONValue)] = [
        ("GetVariables", ["getVariableData": [variable("TxCtrlr", "TxStartPoint")]]),
        ("GetVariables", ["getVariableData": [variable("Nothing", "Like")]]),
        (
            "SetVariables",
            [
                "setVariableData": [
                    [
                        "component": ["name": "OCPPCommCtrlr"],
                        "variable": ["name": "HeartbeatInterval"], "attributeValue": "600",
                    ]
                ]
            ]
        ),
        (
            "SetVariables",
            [
                "setVariableData": [
                    [
                        "component": ["name": "AuthCtrlr"],
                        "variable": ["name": "LocalPreAuthorize"], "attributeValue": "true",
                    ]
                ]
            ]
        ),
        ("GetBaseReport", ["requestId": 1, "reportBase": "FullInventory"]),
        ("GetBaseReport", ["requestId": 2, "reportBase": "SummaryInventory"]),
        (
            "GetReport",
            ["requestId": 3, "componentVariable": [["component": ["name": "TxCtrlr"]]]]
        ),
        ("TriggerMessage", ["requestedMessage": "MeterValues", "evse": ["id": 1]]),
        ("TriggerMessage", ["requestedMessage": "Heartbeat"]),
        (
            "TriggerMessage",
            ["requestedMessage": "StatusNotification", "evse": ["id": 1, "connectorId": 1]]
        ),
        ("TriggerMessage", ["requestedMessage": "TransactionEvent", "evse": ["id": 1]]),
        ("TriggerMessage", ["requestedMessage": "BootNotification"]),
        ("TriggerMessage", ["requestedMessage": "FirmwareStatusNotification"]),
        ("TriggerMessage", ["requestedMessage": "LogStatusNotification"]),
        ("TriggerMessage", ["requestedMessage": "SignV2GCertificate"]),
        ("GetTransactionStatus", [:]),
        ("GetTransactionStatus", ["transactionId": "$transaction"]),
        ("GetLocalListVersion", [:]), ("ClearCache", [:]),
        ("GetCompositeSchedule", ["duration": 3600, "evseId": 1]),
        ("GetCompositeSchedule", ["duration": 600, "evseId": 0, "chargingRateUnit": "W"]),
        ("GetChargingProfiles", ["requestId": 9, "chargingProfile": [:]]),
        ("DataTransfer", ["vendorId": "org.example", "data": "hello"]),
        ("UnlockConnector", ["evseId": 1, "connectorId": 1]),
        ("UnlockConnector", ["evseId": 7, "connectorId": 1]),
        ("GetMonitoringReport", ["requestId": 4]),
        ("RequestStopTransaction", ["transactionId": "none"]),
        ("NoSuchAction", [:]), ("Reset", ["type": "Whenever"]), ("GetVariables", [:]),
        ("SetChargingProfile", ["evseId": 1]),
        (
            "SetNetworkProfile",
            ["configurationSlot": 2, "connectionData": ["ocppVersion": "OCPP20"]]
        ),
    ]
    private static func variable(_ component: String, _ variable: String) -> JSONValue {
        ["component": ["name": .string(component)], "variable": ["name": .string(variable)]]
    }

    // MARK: Disturbances

    private mutating func addBoot(at: Int64) {
        let statuses = (0..<random.within(1...4)).map { _ in one(of: ["Pending", "Rejected"]) }
        add(
            at, .boot,
            [
                "statuses": .array(statuses.map { .string($0) }),
                "interval": JSONValue(random.within(1...300)),
            ])
    }

    private mutating func disturb(at: Int64) {
        switch random.below(34) {
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
        case 7: add(at, .killLoop)
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
        case 19: changeAvailability(at)
        case 20: setProfile(at, one(of: ["TxDefaultProfile", "ChargingStationMaxProfile"]))
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
        if chance(10) { payload["evseId"] = 1 }
        if chance(30) { addBoot(at: at - 1) }
        add(at, .request, ["action": "Reset", "payload": .object(payload)])
    }

    private mutating func changeAvailability(_ at: Int64) {
        var payload: JSONObject = ["operationalStatus": "Inoperative"]
        switch random.below(3) {
        case 0: break
        case 1: payload["evse"] = ["id": 1]
        default: payload["evse"] = ["id": 1, "connectorId": 1]
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

    private mutating func breakDevice(_ at: Int64) {
        guard !faulty.isEmpty else { return }
        let device = one(of: faulty)
        let entries = FaultCatalog.entries(of: device.type)
        guard !entries.isEmpty else { return }
        let entry = one(of: entries)
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
            add(at + time(1_200_000...1_800_000), .clearFaults, ["evse": 1])
        }
    }
}
