import EVSEModel
import JSON

/// A CSMS in virtual time. It shares no code with the station but the JSON reader, keeps its own
/// books, and can be told to misbehave.
struct VirtualCSMS {
    struct Card: Hashable {
        var status: String
        var group: String?
        /// Until when the station may cache it; seconds from now.
        var expires: Int?
    }
    /// How it spoils answers.
    enum Misdeed: String, CaseIterable {
        case silence, error, double, late, wrong, garbage, foreign
    }
    struct Spoil {
        var action: String
        var how: Misdeed
        var left: Int
        var delay: Milliseconds
    }
    /// What the watch must know.
    enum Note {
        case authorized(token: String, status: String)
        case transactionToken(id: String, token: String, status: String)
        /// `evse` is `nil` where the station was left to choose.
        case remoteStart(token: String, evse: Int?)
        case remoteStop(id: String)
        case profileSet(JSONValue)
        case profilesCleared(JSONValue)
        case listSent(JSONValue)
        /// A request whose effect nobody knows: its answer was lost.
        case unknown(action: String)
        case cacheCleared
        case variableSet(name: String, value: String)
    }
    private struct Asked {
        var action: String
        var payload: JSONValue
        var at: Int64
    }

    var cards = [String: Card]()
    /// Answers to the next registrations; then Accepted.
    var bootAnswers = [String]()
    var bootInterval = 300
    var spoils = [Spoil]()
    /// Time for an answer, in nanoseconds.
    var answerDelay: Int64 = 10_000_000
    /// Its own clock minus world time, in milliseconds.
    let epoch: Int64
    var messageAttempts = 5
    private(set) var transactions = [String: TransactionBook]()
    /// In order of their first message.
    private(set) var transactionOrder = [String]()
    /// The newest transaction that has not ended: on any EVSE, and on each.
    private(set) var openTransaction: String?
    private(set) var openTransactions = [Int: String]()
    private let evses: Int
    private(set) var connectorStatus = [String: String]()
    /// By source, whether the last word was that it limits the station.
    private(set) var externalLimits = [String: Bool]()
    private(set) var registration: String?
    private(set) var notes = [Note]()
    private(set) var violations = [(Invariant, String)]()
    private(set) var coverage = Coverage()
    private var outbox = [(at: Int64, bytes: [UInt8])]()
    private var asked = [String: Asked]()
    private var nextRequest = 0
    private var solicited = [String: Int]()
    /// New TransactionEvents since they were taken.
    private var arrivals = [JSONValue]()
    /// When the last spoilt answer was due.
    private(set) var lastSpoil: Int64 = .min

    init(epoch: Int64, evses: Int) {
        self.epoch = epoch
        self.evses = evses
    }

    mutating func takeNotes() -> [Note] {
        defer { notes.removeAll(keepingCapacity: true) }
        return notes
    }
    mutating func takeViolations() -> [(Invariant, String)] {
        defer { violations.removeAll(keepingCapacity: true) }
        return violations
    }
    mutating func takeArrivals() -> [JSONValue] {
        defer { arrivals.removeAll(keepingCapacity: true) }
        return arrivals
    }
    var hasNews: Bool { !arrivals.isEmpty || !notes.isEmpty || !violations.isEmpty }
    var waitingRequests: Int { asked.count }
    var next: Int64? { outbox.first?.at }

    mutating func takeOutbox(at now: Int64) -> [[UInt8]] {
        guard let first = outbox.first, first.at <= now else { return [] }
        let due = outbox.prefix { $0.at <= now }
        outbox.removeFirst(due.count)
        return due.map(\.bytes)
    }
    private mutating func post(_ frame: JSONValue, at: Int64) { post(frame.bytes, at: at) }
    private mutating func post(_ bytes: [UInt8], at: Int64) {
        let index = outbox.firstIndex { $0.at > at } ?? outbox.count
        outbox.insert((at, bytes), at: index)
    }

    /// The connection is gone: nothing that was asked or owed on it counts any more.
    mutating func linkLost() {
        outbox.removeAll()
        for request in asked.values.sorted(by: { $0.at < $1.at }) {
            notes.append(.unknown(action: request.action))
        }
        asked.removeAll()
        solicited.removeAll()
    }
    /// A station program starts: it must register before anything else.
    mutating func stationStarted() { registration = nil }

    // MARK: Requests

    mutating func request(_ action: String, _ payload: JSONValue, at now: Int64) {
        nextRequest += 1
        let id = "c-\(nextRequest)"
        asked[id] = Asked(action: action, payload: payload, at: now)
        coverage.add("request", action)
        solicit(action, payload)
        post([2, .string(id), .string(action), payload], at: now)
    }
    mutating func sendRaw(_ text: String, at now: Int64) {
        coverage.add("request", "malformed frame")
        post(Array(text.utf8), at: now)
    }

    private mutating func solicit(_ action: String, _ payload: JSONValue) {
        switch action {
        case "TriggerMessage":
            let names = [
                "LogStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues",
                "StatusNotification", "TransactionEvent", "BootNotification",
            ]
            if let name = payload["requestedMessage"]?.string, names.contains(name) {
                solicited[name, default: 0] += 4
            }
        case "GetBaseReport", "GetReport": solicited["NotifyReport", default: 0] += 1000
        case "GetChargingProfiles": solicited["ReportChargingProfiles", default: 0] += 100
        default: break
        }
    }

    /// Requests without an answer for longer than they may take.
    mutating func checkDeadlines(at now: Int64) {
        guard !asked.isEmpty else { return }
        for (id, request) in asked {
            // An unlock may take the bolt's strokes; everything else is answered at once.
            let limit: Int64 = request.action == "UnlockConnector" ? 20 : 8
            guard now - request.at > limit * 1_000_000_000 else { continue }
            asked[id] = nil
            violations.append(
                (.answeredInTime, "\(request.action) has no answer after \(limit) s"))
        }
    }

    // MARK: Frames

    /// - Parameters:
    ///   - frame: what the bytes say; `nil` where they are no JSON.
    ///   - registers: what each EVSE's meter has counted, Wh.
    mutating func receive(
        _ frame: JSONValue?, _ bytes: [UInt8], at now: Int64, registers: [Double]
    ) {
        guard let frame, let type = frame[0]?.int,
            let id = frame[1]?.string
        else {
            return fail(
                .wellFormed, "no frame: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
        switch type {
        case 2:
            guard let action = frame[2]?.string, let payload = frame[3] else {
                return fail(.wellFormed, "a CALL without action or payload")
            }
            coverage.add("message", action)
            called(id, action, payload, now, registers)
        case 3: answered(id, frame[2] ?? .null, nil, now)
        case 4: answered(id, .null, frame[2]?.string ?? "", now)
        default: fail(.wellFormed, "message type \(type)")
        }
    }

    private mutating func fail(_ invariant: Invariant, _ text: String) {
        violations.append((invariant, text))
    }

    private mutating func answered(
        _ id: String, _ payload: JSONValue, _ error: String?, _ now: Int64
    ) {
        if id == "-1" || id.isEmpty {
            coverage.add("error", error ?? "result without id")
            return
        }
        guard let request = asked.removeValue(forKey: id) else {
            if id.hasPrefix("bad-") {
                coverage.add("error", error ?? "result")
                return
            }
            return fail(.answeredOnce, "an answer to \(id), which nobody asked or was answered")
        }
        if let error {
            coverage.add("error", error)
            // The disk refused what was asked for; whether it takes it later, nobody knows.
            if error == "InternalError" { notes.append(.unknown(action: request.action)) }
            return
        }
        let status = payload["status"]?.string ?? "done"
        coverage.add("answer", "\(request.action): \(status)")
        guard status == "Accepted" || status == "done" else { return }
        note(request, payload)
    }

    private mutating func note(_ request: Asked, _ payload: JSONValue) {
        let asked = request.payload
        switch request.action {
        case "RequestStartTransaction":
            notes.append(
                .remoteStart(
                    token: asked["idToken"]?["idToken"]?.string ?? "",
                    evse: asked["evseId"]?.int))
        case "RequestStopTransaction":
            notes.append(.remoteStop(id: asked["transactionId"]?.string ?? ""))
        case "SetChargingProfile": notes.append(.profileSet(asked))
        case "ClearChargingProfile": notes.append(.profilesCleared(asked))
        case "SendLocalList": notes.append(.listSent(asked))
        case "ClearCache": notes.append(.cacheCleared)
        case "SetVariables":
            for (index, item) in (asked["setVariableData"]?.array ?? []).enumerated() {
                let result = payload["setVariableResult"]?[index]?["attributeStatus"]?.string
                coverage.add("set variable", result ?? "none")
                guard result == "Accepted", let component = item["component"]?["name"]?.string,
                    let variable = item["variable"]?["name"]?.string
                else { continue }
                notes.append(
                    .variableSet(
                        name: "\(component).\(variable)",
                        value: item["attributeValue"]?.string ?? ""))
            }
        default: break
        }
    }

    // MARK: Calls of the station

    private mutating func called(
        _ id: String, _ action: String, _ payload: JSONValue, _ now: Int64,
        _ registers: [Double]
    ) {
        checkGate(action)
        let how = misdeed(action)
        if how != nil { lastSpoil = now }
        let isAccepted = how == nil || how == .double || how == .foreign
        if action == "TransactionEvent" { book(payload, registers, isAccepted: isAccepted) }
        if action == "StatusNotification" {
            let place =
                "\(payload["evseId"]?.int ?? 0)/\(payload["connectorId"]?.int ?? 0)"
            let status = payload["connectorStatus"]?.string ?? ""
            connectorStatus[place] = status
            coverage.add("connector status", status)
        }
        if action == "NotifyChargingLimit" {
            let source = payload["chargingLimit"]?["chargingLimitSource"]?.string ?? ""
            externalLimits[source] = true
        }
        if action == "ClearedChargingLimit" {
            externalLimits[payload["chargingLimitSource"]?.string ?? ""] = false
        }
        let result = answer(action, payload, now, isSent: how != .silence && how != .error)
        let frame: JSONValue = [3, .string(id), .object(result)]
        let at = now + answerDelay
        switch how {
        case nil: post(frame, at: at)
        case .silence: break
        case .error: post([4, .string(id), "InternalError", "no", [:]], at: at)
        case .double:
            post(frame, at: at)
            post(frame, at: at + 50_000_000)
        case .late(let delay): post(frame, at: now + delay)
        case .wrong:
            post([3, .string(id), ["status": 7, "idTokenInfo": "?", "interval": []]], at: at)
        case .garbage: post(Array("[3,\"\(id)\",{".utf8), at: at)
        case .foreign:
            post([3, "somebody-else", .object(result)], at: at)
            post(frame, at: at)
        }
    }

    /// A misdeed with its own numbers.
    private enum Deed: Equatable {
        case silence, error, double, wrong, garbage, foreign
        case late(Int64)
    }

    private mutating func misdeed(_ action: String) -> Deed? {
        guard
            let index = spoils.firstIndex(where: {
                $0.left > 0 && ($0.action == action || $0.action == "*")
            })
        else { return nil }
        spoils[index].left -= 1
        let spoil = spoils[index]
        if spoil.left == 0 { spoils.remove(at: index) }
        coverage.add("misdeed", spoil.how.rawValue)
        return switch spoil.how {
        case .silence: .silence
        case .error: .error
        case .double: .double
        case .late: .late(spoil.delay.count * 1_000_000)
        case .wrong: .wrong
        case .garbage: .garbage
        case .foreign: .foreign
        }
    }

    /// B01.FR.08, B02.FR.02, B03.FR.02.
    private mutating func checkGate(_ action: String) {
        if action == "BootNotification" || registration == "Accepted" { return }
        if registration == "Pending", let left = solicited[action], left > 0 {
            solicited[action] = left - 1
            return
        }
        fail(.registrationGate, "\(action) while the registration is \(registration ?? "not done")")
    }

    /// Whether a transaction that begins on an EVSE finds another one there.
    private func isTaken(_ evse: Int?) -> String? {
        // One that cannot be told apart is not held against the station.
        guard let evse, let last = transactionOrder.last(where: { transactions[$0]?.evse == evse }),
            let before = transactions[last], !before.isEnded, before.refusals.isEmpty
        else { return nil }
        return last
    }
    private func isOpen(_ id: String) -> Bool { transactions[id]?.isEnded == false }
    private mutating func findOpen() {
        openTransaction = transactionOrder.last(where: isOpen)
        openTransactions.removeAll(keepingCapacity: true)
        for id in transactionOrder where isOpen(id) {
            if let evse = transactions[id]?.evse { openTransactions[evse] = id }
        }
    }

    private mutating func book(_ payload: JSONValue, _ registers: [Double], isAccepted: Bool) {
        guard let id = payload["transactionInfo"]?["transactionId"]?.string else {
            return fail(.wellFormed, "TransactionEvent without a transaction")
        }
        let evse = evses == 1 ? 1 : payload["evse"]?["id"]?.int
        if transactions[id] == nil {
            if let last = isTaken(evse) {
                fail(.order, "\(id) begins before \(last) has ended")
            }
            transactions[id] = TransactionBook(id: id)
            transactionOrder.append(id)
        }
        guard var book = transactions[id] else { return }
        defer { findOpen() }
        book.evse = book.evse ?? evse
        // Before it is said on which EVSE it is, a register may be any's.
        let most =
            book.evse.flatMap { registers.indices.contains($0 - 1) ? registers[$0 - 1] : nil }
            ?? registers.max() ?? 0
        if !isAccepted, let number = payload["seqNo"]?.int {
            book.refusals[number, default: 0] += 1
        }
        switch book.take(payload, attempts: messageAttempts) {
        case .wrong(let invariant, let text): fail(invariant, text)
        case .resend: coverage.add("transaction", "resend")
        case .new:
            arrivals.append(payload)
            coverage.add("trigger reason", payload["triggerReason"]?.string ?? "?")
            coverage.add("transaction", payload["eventType"]?.string ?? "?")
            if payload["offline"]?.bool == true { coverage.add("transaction", "offline") }
            if let state = payload["transactionInfo"]?["chargingState"]?.string {
                coverage.add("charging state", state)
            }
            if book.isEnded { coverage.add("stopped reason", book.endReason) }
            for register in TransactionBook.registers(payload) {
                // A register is told in whole or tenth Wh, and read as a single-precision kWh.
                if register > most + 2 {
                    fail(
                        .energyMonotonic,
                        "\(id) tells \(register) Wh where the plant's books say \(most)")
                }
                if let last = book.lastRegister, register < last - 0.11,
                    payload["eventType"]?.string != "Ended"
                {
                    fail(.energyMonotonic, "\(id): \(register) Wh after \(last)")
                }
                book.firstRegister = min(book.firstRegister ?? register, register)
                book.lastRegister = max(book.lastRegister ?? register, register)
            }
        }
        transactions[id] = book
    }

    private mutating func answer(
        _ action: String, _ payload: JSONValue, _ now: Int64, isSent: Bool
    ) -> JSONObject {
        switch action {
        case "BootNotification":
            let status = bootAnswers.isEmpty ? "Accepted" : bootAnswers.removeFirst()
            if isSent { registration = status }
            coverage.add("boot", status)
            coverage.add("boot reason", payload["reason"]?.string ?? "?")
            // The interval of an accepted station is its heartbeat's.
            let interval = status == "Accepted" ? 1800 : bootInterval
            return [
                "currentTime": .string(time(now)), "interval": JSONValue(interval),
                "status": .string(status),
            ]
        case "Heartbeat": return ["currentTime": .string(time(now))]
        case "NotifyEVChargingNeeds": return ["status": "Rejected"]
        case "NotifyEVChargingSchedule": return ["status": "Accepted"]
        case "Authorize":
            let token = payload["idToken"]?["idToken"]?.string ?? ""
            let info = info(token, now)
            if isSent {
                let status = info["status"]?.string ?? ""
                notes.append(.authorized(token: token, status: status))
                coverage.add("authorize", status)
            }
            return ["idTokenInfo": .object(info)]
        case "TransactionEvent":
            guard let token = payload["idToken"]?["idToken"]?.string else { return [:] }
            let info = info(token, now)
            if isSent {
                notes.append(.authorized(token: token, status: info["status"]?.string ?? ""))
            }
            if isSent, let id = payload["transactionInfo"]?["transactionId"]?.string {
                notes.append(
                    .transactionToken(
                        id: id, token: token, status: info["status"]?.string ?? ""))
            }
            return ["idTokenInfo": .object(info)]
        default: return [:]
        }
    }

    private func info(_ token: String, _ now: Int64) -> JSONObject {
        guard let card = cards[token.uppercased()] else { return ["status": "Unknown"] }
        var info: JSONObject = ["status": .string(card.status)]
        if let group = card.group {
            info["groupIdToken"] = ["idToken": .string(group), "type": "Central"]
        }
        if let expires = card.expires {
            info["cacheExpiryDateTime"] = .string(time(now + Int64(expires) * 1_000_000_000))
        }
        return info
    }

    func time(_ now: Int64) -> String {
        RFC3339.text(UnixTime(milliseconds: epoch + now / 1_000_000))
    }
}

/// Times as the CSMS writes them, worked out apart from the station's own.
enum RFC3339 {
    static func text(_ time: UnixTime) -> String {
        let days = Int((Double(time.milliseconds) / 86_400_000).rounded(.down))
        let rest = time.milliseconds - Int64(days) * 86_400_000
        // Civil date from days since 1970 (Hinnant, "chrono-compatible low-level date algorithms").
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func digits(_ value: Int64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(digits(Int64(year), 4))-\(digits(Int64(month), 2))-\(digits(Int64(day), 2))T"
            + "\(digits(rest / 3_600_000, 2)):\(digits(rest / 60_000 % 60, 2)):"
            + "\(digits(rest / 1000 % 60, 2)).\(digits(rest % 1000, 3))Z"
    }
}
