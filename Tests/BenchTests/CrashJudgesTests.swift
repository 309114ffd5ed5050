import Bench
import EVSEModel
import JSON
import Testing

/// The judges of the crash campaign find what they are there for, and nothing else.
struct CrashJudgesTests {
    // MARK: The CSMS's books

    static func event(
        _ number: Int, _ kind: String, wattHours: Int64? = nil, context: String = "Sample.Periodic",
        id: String = "t", at milliseconds: Int64 = 0
    ) -> Message {
        var payload: JSONObject = [
            "eventType": .string(kind), "seqNo": JSONValue(number),
            "transactionInfo": ["transactionId": .string(id)],
        ]
        if let wattHours {
            payload["meterValue"] = [
                ["sampledValue": [["value": JSONValue(wattHours), "context": .string(context)]]]
            ]
        }
        return Message(
            at: Instant(milliseconds: milliseconds), action: "TransactionEvent",
            payload: .object(payload))
    }
    static let whole = [
        event(0, "Started", wattHours: 100, context: "Transaction.Begin"),
        event(1, "Updated", wattHours: 150),
        event(2, "Ended", wattHours: 300, context: "Transaction.End"),
    ]

    func violations(_ messages: [Message], connections: [Int64] = []) -> [String] {
        TransactionBooks(
            messages, connections: connections.map { Instant(milliseconds: $0) }, isSettled: true
        ).violations
    }

    @Test("a whole transaction is in order, also where a message came again over a new connection")
    func wholeTransaction() {
        #expect(violations(Self.whole).isEmpty)
        let again = Self.event(1, "Updated", wattHours: 150, at: 100)
        let messages = Self.whole[..<2] + [again] + Self.whole[2...]
        #expect(violations(Array(messages), connections: [50]).isEmpty)
        #expect(TransactionBooks(Array(messages), connections: [], isSettled: true).repeated == 1)
    }

    @Test(
        "what is lost, doubled, reordered or falls is found",
        arguments: [
            (Array(whole.dropFirst()), "Started"), (Array(whole.dropLast()), "Ended"),
            ([whole[0], whole[2]], "seqNo"), ([whole[0], whole[2], whole[1]], "seqNo"),
            ([whole[0], whole[1], whole[1], whole[2]], "twice"),
            ([whole[0], whole[1], event(1, "Updated", wattHours: 151), whole[2]], "two contents"),
            ([whole[0], event(1, "Updated", wattHours: 400), whole[2]], "energy fell"),
            (whole + [event(3, "Ended")], "2 Ended"),
        ])
    func faultyBooks(messages: [Message], word: String) {
        #expect(violations(messages).contains { $0.contains(word) })
    }

    @Test("energy is compared with the plant's, within what a reading may be old")
    func energy() {
        let books = TransactionBooks(Self.whole, connections: [], isSettled: true)
        #expect(books.energyViolation(plant: 203, resolution: 5) == nil)
        #expect(books.energyViolation(plant: 206, resolution: 5) != nil)
        #expect(books.energyViolation(plant: 190, resolution: 5) != nil)
    }

    // MARK: Promises

    @Test("an answer leaves one value, a lost answer two, and a value that is neither is broken")
    func promises() {
        var promise = Promise("the list's version", 1)
        promise.asked(2)
        #expect(promise.shown(1) == nil)
        #expect(promise.shown(2) != nil)  // it was shown not to have happened
        promise.asked(2)
        promise.accepted(2)
        #expect(promise.shown(1) != nil)
        #expect(promise.shown(nil) != nil)
        promise.asked(3)
        promise.refused(3)
        #expect(promise.shown(3) != nil)
        #expect(promise.shown(2) == nil)
    }

    // MARK: The plant's record

    static func plant(_ kind: String, _ fields: JSONValue, at: Int64) -> PlantRecord.Event {
        PlantRecord.Event(
            at: Instant(milliseconds: at), kind: kind, subject: "1/1", fields: fields)
    }
    static let charge = [
        plant("plugged", [:], at: 100), plant("lock", ["engaged": true], at: 150),
        plant("pilot", ["state": "C"], at: 200),
        plant("contactor", ["coil": true, "closed": true], at: 300),
        plant("duty", ["offered": 16], at: 400), plant("opening", ["microseconds": 9000], at: 500),
    ]
    typealias Mark = (at: Instant, mark: WorldRules.Mark)
    static let mayCharge: Mark = (Instant(milliseconds: 150), .mayCharge)

    @Test("a session by the rules is in order")
    func goodWorld() {
        let marks: [Mark] = [Self.mayCharge, (Instant(milliseconds: 160), .limit(16))]
        #expect(WorldRules(Self.charge, marks, hasLock: true).violations.isEmpty)
    }

    @Test("energy without card, vehicle or state C, above the limit, or for too long is found")
    func badWorld() {
        func rules(
            _ events: [PlantRecord.Event], _ marks: [Mark] = [Self.mayCharge]
        ) -> [String] { WorldRules(events, marks, hasLock: true).violations }
        #expect(rules(Self.charge, []).first?.contains("authorised") == true)
        let gone: Mark = (Instant(milliseconds: 250), .mayNotCharge)
        #expect(rules(Self.charge, [Self.mayCharge, gone]).first?.contains("authorised") == true)
        #expect(rules(Array(Self.charge.dropFirst())).first?.contains("vehicle") == true)
        var events = Self.charge
        events[1] = Self.plant("lock", ["engaged": false], at: 150)
        #expect(rules(events).first?.contains("free plug") == true)
        #expect(WorldRules(events, [Self.mayCharge], hasLock: false).violations.isEmpty)
        events = Self.charge
        events[2] = Self.plant("pilot", ["state": "B"], at: 200)
        #expect(rules(events).first?.contains("states C and D") == true)
        events = Self.charge
        events[5] = Self.plant("opening", ["microseconds": 900_000], at: 500)
        #expect(rules(events).first?.contains("late") == true)
        // The old offer may stand for the time in which a duty must not change again.
        let limit: Mark = (Instant(milliseconds: 350), .limit(10))
        #expect(rules(Self.charge, [Self.mayCharge, limit]).isEmpty)
        let later = Self.charge + [Self.plant("sample", ["offered": 16], at: 9000)]
        #expect(rules(later, [Self.mayCharge, limit]).first?.contains("limit") == true)
    }
}
