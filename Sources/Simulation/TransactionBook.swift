import JSON

/// What the virtual CSMS knows of one transaction, from messages alone.
struct TransactionBook {
    let id: String
    var isStarted = false
    var isEnded = false
    /// Next number that was not seen yet.
    var next = 0
    /// What each number said, so that a resend can be compared.
    private var seen = [Int: String]()
    /// Times that the CSMS did not accept a number: at the station's limit it gives the message up.
    var refusals = [Int: Int]()
    var token: String?
    /// EVSE that it is said to be on; `nil` while it was not said.
    var evse: Int?
    var firstRegister: Double?
    var lastRegister: Double?
    var startReason = ""
    var endReason = ""

    init(id: String) { self.id = id }

    enum Arrival { case new, resend, wrong(Invariant, String) }

    /// Takes one message.
    /// - Parameter attempts: sends after which the station gives a message up.
    mutating func take(_ payload: JSONValue, attempts: Int) -> Arrival {
        guard let number = payload["seqNo"]?.int, let type = payload["eventType"]?.string else {
            return .wrong(.wellFormed, "TransactionEvent without seqNo or eventType")
        }
        let content = Self.content(payload)
        if let before = seen[number] {
            guard before == content else {
                return .wrong(
                    .sequence, "number \(number) of \(id) means two things: \(before) | \(content)")
            }
            return .resend
        }
        // What was refused so often may be missing.
        while next < number, refusals[next, default: 0] >= attempts { next += 1 }
        if isEnded { return .wrong(.oneEnded, "\(type) \(number) of \(id) after its end") }
        guard number == next else {
            return .wrong(
                number < next ? .order : .sequence, "\(id): number \(number) where \(next) is next")
        }
        seen[number] = content
        next = number + 1
        if type == "Started" {
            guard number == 0 else { return .wrong(.oneStarted, "\(id): Started is \(number)") }
            isStarted = true
            startReason = payload["triggerReason"]?.string ?? ""
        } else if number == 0 {
            return .wrong(.oneStarted, "\(id) begins with \(type)")
        }
        if type == "Ended" {
            isEnded = true
            endReason = payload["transactionInfo"]?["stoppedReason"]?.string ?? "Local"
        }
        token = payload["idToken"]?["idToken"]?.string ?? token
        return .new
    }

    /// A message as it must look whenever it is sent again: times may be told better later.
    private static func content(_ payload: JSONValue) -> String {
        var object = payload.object ?? [:]
        object["timestamp"] = nil
        if let values = object["meterValue"]?.array {
            object["meterValue"] = .array(
                values.map { value in
                    var inner = value.object ?? [:]
                    inner["timestamp"] = nil
                    return .object(inner)
                })
        }
        return JSONValue.object(object).text
    }

    /// Imported energy registers in a message, Wh, in order.
    static func registers(_ payload: JSONValue) -> [Double] {
        var found = [Double]()
        for value in payload["meterValue"]?.array ?? [] {
            for sample in value["sampledValue"]?.array ?? [] {
                let measurand = sample["measurand"]?.string ?? "Energy.Active.Import.Register"
                guard measurand == "Energy.Active.Import.Register", sample["phase"] == nil,
                    let number = sample["value"]?.number?.double
                else { continue }
                let unit = sample["unitOfMeasure"]?["unit"]?.string ?? "Wh"
                found.append(unit == "kWh" ? number * 1000 : number)
            }
        }
        return found
    }
}
