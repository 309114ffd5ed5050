package import EVSEModel
import Foundation
import JSON

/// What a CSMS can say of the transactions that a station reported: every message accounted for.
package struct TransactionBooks {
    /// One transaction as its events tell it.
    struct Entry {
        let id: String
        /// First arrivals by sequence number, in the order of their arrival.
        var events = [(number: Int, payload: JSONValue, at: Instant)]()
        var isEnded: Bool { events.contains { $0.payload["eventType"] == "Ended" } }
        /// Energy between its begin and its end, Wh; `nil` where one of the two is missing.
        var wattHours: Double? {
            guard let begin = register("Transaction.Begin"), let end = register("Transaction.End")
            else { return nil }
            return end - begin
        }
        fileprivate func register(_ context: String) -> Double? {
            for event in events {
                if let value = event.payload.register(context: context) { return value }
            }
            return nil
        }
    }
    private(set) var entries = [Entry]()
    package private(set) var violations = [String]()
    /// Messages that came again, as they must after an answer that was lost.
    package private(set) var repeated = 0

    /// - Parameters:
    ///   - messages: the CSMS's log.
    ///   - connections: when each connection was made.
    ///   - isSettled: nothing is under way any more: every transaction must be complete.
    package init(_ messages: [Message], connections: [Instant], isSettled: Bool) {
        var last = [String: (text: String, at: Instant)]()
        for message in messages
        where message.fromStation && message.kind == .call && message.action == "TransactionEvent" {
            let payload = message.payload
            guard let id = payload["transactionInfo"]?["transactionId"]?.string,
                let number = payload["seqNo"]?.int
            else {
                violations.append("an event without transactionId or seqNo: \(message.text)")
                continue
            }
            let key = "\(id) \(number)"
            let text = payload.text
            if let earlier = last[key] {
                repeated += 1
                if earlier.text != text {
                    violations.append(
                        "\(id): seqNo \(number) has two contents: \(earlier.text) and \(text)")
                } else if !connections.contains(where: { $0 > earlier.at && $0 <= message.at }),
                    (message.at - earlier.at).count < 5000
                {
                    violations.append(
                        "\(id): seqNo \(number) came twice over one connection within 5 s")
                }
                last[key] = (text, message.at)
                continue
            }
            last[key] = (text, message.at)
            let index =
                entries.firstIndex { $0.id == id }
                ?? {
                    entries.append(Entry(id: id))
                    return entries.count - 1
                }()
            entries[index].events.append((number, payload, message.at))
        }
        for entry in entries { check(entry, isSettled) }
    }

    private mutating func check(_ entry: Entry, _ isSettled: Bool) {
        let numbers = entry.events.map(\.number)
        if numbers != Array(0..<numbers.count) {
            violations.append("\(entry.id): seqNo arrived as \(numbers)")
        }
        let kinds = entry.events.map { $0.payload["eventType"]?.string ?? "?" }
        let started = kinds.filter { $0 == "Started" }.count
        let ended = kinds.filter { $0 == "Ended" }.count
        if started != 1 || kinds.first != "Started" {
            violations.append("\(entry.id): \(started) Started among \(kinds)")
        }
        if ended > 1 || (ended == 1 && kinds.last != "Ended") {
            violations.append("\(entry.id): \(ended) Ended among \(kinds)")
        }
        if isSettled, ended == 0 { violations.append("\(entry.id): has no Ended") }
        var register = -Double.infinity
        for event in entry.events {
            for value in event.payload.registers {
                if value < register - 0.001 {
                    violations.append(
                        "\(entry.id): the energy fell from \(register) to \(value) Wh")
                }
                register = max(register, value)
            }
        }
    }

    /// Compares with the plant's own books.
    /// - Parameters:
    ///   - plant: Wh that the plant's meter counted meanwhile.
    ///   - resolution: Wh per transaction that may be missing or too much: what one reading of the
    ///     meter may be old, and its resolution.
    package func energyViolation(plant: Double, resolution: Double) -> String? {
        let all = entries.compactMap(\.wattHours).reduce(0, +)
        let charged = entries.filter { $0.wattHours != nil }.count
        guard abs(all - plant) > resolution * Double(max(1, charged)) else { return nil }
        return String(
            format: "%.1f Wh in the books of %d transactions, %.1f Wh at the meter", all, charged,
            plant)
    }
}

extension JSONValue {
    /// Energy register values of a TransactionEvent, Wh, in their order; without the begin's, which
    /// the end repeats.
    fileprivate var registers: [Double] {
        samples { $0["context"]?.string != "Transaction.Begin" }
    }
    fileprivate func register(context: String) -> Double? {
        samples { ($0["context"]?.string ?? "Sample.Periodic") == context }.first
    }
    private func samples(where fits: (JSONValue) -> Bool) -> [Double] {
        var values = [Double]()
        for report in self["meterValue"]?.array ?? [] {
            for sample in report["sampledValue"]?.array ?? [] where fits(sample) {
                if let value = sample.wattHours { values.append(value) }
            }
        }
        return values
    }
    /// A sample of the energy register, Wh; `nil` where it is of something else.
    private var wattHours: Double? {
        let register = "Energy.Active.Import.Register"
        guard (self["measurand"]?.string ?? register) == register, self["phase"] == nil,
            let value = self["value"]?.number?.double
        else { return nil }
        let unit = self["unitOfMeasure"]
        let exponent = unit?["multiplier"]?.number?.double ?? 0
        let factor: Double = unit?["unit"]?.string == "kWh" ? 1000 : 1
        return value * factor * pow(10, exponent)
    }
}
