import JSON
import LoopGuarantees

// Drivers: how they come, charge and leave.
extension ScriptGenerator {
    /// One driver from arrival to departure.
    /// - Returns: when the place is free again.
    mutating func visit(_ start: Int64, _ place: Place) -> Int64 {
        let card = chance(78) ? Self.cards[random.below(3)].uid : one(of: Self.cards).uid
        var plug = place.json
        plug["phases"] = JSONValue(random.within(1...3))
        plug["maxCurrent"] = JSONValue(one(of: [6, 10, 13, 16, 20, 32, 32, 40]))
        plug["battery"] = JSONValue(one(of: [1_000, 8_000, 40_000, 60_000, 90_000]))
        plug["soc"] = .number(JSONNumber(Int64(random.within(5...98)), fractionDigits: 2))
        plug["cable"] = JSONValue(one(of: [13, 20, 32, 32, 32, 63, 0]))
        if chance(8) { plug["ready"] = false }
        if chance(4) { plug["ventilation"] = true }
        if chance(4) { plug["diode"] = "shorted" }
        if chance(5) { plug["holdsS2"] = true }
        if chance(10) { plug["draw"] = chance(50) ? "max" : JSONValue(random.within(1...40)) }
        if hasDirectCurrent { plug["dc"] = directVehicle() }
        let isRemote = chance(18)
        let plugAt = start
        let authorizeAt = start + time(-20_000...40_000)
        add(plugAt, .plug, plug)
        if isRemote {
            startRemotely(authorizeAt, card, place)
        } else {
            tap(authorizeAt, card, place)
            if chance(8) { tap(authorizeAt + time(200...4_000), card, place) }  // a double tap
            if chance(6) {
                tap(authorizeAt + time(3_000...30_000), one(of: Self.cards).uid, place)
            }
        }
        let duration = chance(75) ? time(30_000...5_400_000) : time(1_000...60_000)
        let end = max(plugAt, authorizeAt) + duration
        if duration > 600_000 { duringCharge(plugAt, end, place) }
        return leave(end, card, place)
    }

    /// What the vehicle is at an outlet of direct current: most are honest, and of any voltage class.
    private mutating func directVehicle() -> JSONValue {
        let behaviours = [
            "slow", "lies-low-voltage", "lies-high-voltage", "draws-less", "asks-too-much",
            "keeps-asking", "never-precharged", "stuck", "disappears",
        ]
        var vehicle: JSONObject = [
            "maxVoltage": JSONValue(one(of: [400, 435, 460, 620, 800, 850])),
            "maxCurrent": JSONValue(one(of: [60, 125, 200, 350, 400, 500])),
            "maxPower": JSONValue(one(of: [11_000, 50_000, 120_000, 170_000, 270_000])),
            "linkS": JSONValue(random.within(1...12)),
            "protocol": .string(one(of: ["din70121", "iso15118-2", "iso15118-20"])),
        ]
        // Some sleep when they wait for long; no draw of their own, so that scripts stay what they were.
        let link = vehicle["linkS"]?.int ?? 0
        if link.isMultiple(of: 4) { vehicle["sleepAfterS"] = JSONValue(link * 60) }
        if link == 12 { vehicle["sleepsDeeply"] = true }
        if chance(15) { vehicle["behaviour"] = .string(one(of: behaviours)) }
        if chance(30) { vehicle["stopsAtBulk"] = true }
        if chance(30) { vehicle["departureS"] = JSONValue(random.within(600...30_000)) }
        return .object(vehicle)
    }

    private mutating func duringCharge(_ start: Int64, _ end: Int64, _ place: Place) {
        func vehicle(_ change: JSONObject) -> JSONObject { place.json.adding(change) }
        let range = Int(start + 60_000)...Int(end)
        if hasDirectCurrent, chance(20) {
            let what: JSONObject = one(of: [
                ["stop": true], ["pause": true], ["maxCurrent": 30], ["targetCurrent": 10],
                ["maxPower": 20_000],
            ])
            add(time(range), .vehicle, vehicle(["dc": .object(what)]))
        }
        if chance(20) {
            let at = time(range)
            add(at, .vehicle, vehicle(["ready": false]))
            add(at + time(1_000...600_000), .vehicle, vehicle(["ready": true]))
        }
        if chance(12) { hesitate(time(range), place) }
        if chance(18) { setProfile(time(range), "TxProfile", place) }
        if chance(12) { setProfile(time(range), "TxDefaultProfile", place) }
        if chance(10) { ask(time(range)) }
        if chance(5) { add(time(range), .vehicle, vehicle(["soc": 1])) }
        // It begins to draw what it likes.
        if chance(5) {
            let draw: JSONValue = chance(50) ? "max" : JSONValue(random.within(8...40))
            add(time(range), .vehicle, vehicle(["draw": draw]))
        }
    }

    /// A vehicle that cannot make up its mind.
    private mutating func hesitate(_ start: Int64, _ place: Place) {
        var at = start
        for index in 0..<random.within(2...5) {
            add(
                at, .vehicle, place.json.adding(["ready": .bool(!index.isMultiple(of: 2))]))
            at += time(300...4_000)
        }
        add(at, .vehicle, place.json.adding(["ready": true]))
    }

    private mutating func leave(_ at: Int64, _ card: String, _ place: Place) -> Int64 {
        let gone = at + time(2_000...60_000)
        switch random.below(10) {
        case 0...3: tap(at, card, place)
        case 4, 5:
            add(at, .request, ["action": "RequestStopTransaction", "payload": Self.running])
        case 6:
            // Somebody of the same family.
            tap(at, Self.cards[random.below(2)].uid, place)
        default: break  // the cable is pulled at the vehicle
        }
        let leavesCable = chance(8)
        let unlock: JSONObject = [
            "action": "UnlockConnector", "payload": .object(place.request),
        ]
        // The plug does not come free: somebody calls the operator.
        if chance(10) { add(at + time(500...1_900), .request, unlock) }
        var unplug = place.json.adding(["side": "vehicle"])
        if leavesCable { unplug["leave"] = true }
        add(gone, .unplug, unplug)
        let away = gone + time(3_000...30_000)
        // Whose plug is held gets it with the card.
        if chance(60) { tap(gone + 1_500, card, place) }
        if chance(15) { add(gone + 2_500, .request, unlock) }
        add(away, .unplug, place.json.adding(["side": "station"]))
        return away
    }

    /// - Parameter place: where the driver stands; `nil` is anywhere.
    mutating func tap(_ at: Int64, _ card: String, _ place: Place? = nil) {
        let readers = readers.filter { place == nil || $0.evse == nil || $0.evse == place?.evse }
        guard !readers.isEmpty else { return }
        if let place, chance(15) {
            // Before the card, or after it.
            let moment = max(0, at + (chance(50) ? 2_000 : -2_000))
            add(moment, .choose, ["evse": JSONValue(place.evse)])
        }
        add(
            at, .tap,
            [
                "reader": .string(one(of: readers).device), "card": .string(card),
                "hold": JSONValue(random.within(250...1_500)),
            ])
    }

    private static let running: JSONValue = ["transactionId": "$transaction"]
}

extension JSONObject {
    /// The object with more members.
    func adding(_ members: JSONObject) -> JSONObject {
        var sum = self
        for member in members { sum[member.name] = member.value }
        return sum
    }
}
