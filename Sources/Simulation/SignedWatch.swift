import Charging
import EVSEModel
import JSON
import Plant

/// Whether what a meter signs arrives, judged from the plant's meter, the disk and the messages alone.
struct SignedWatch {
    /// Zero-based index of the EVSE.
    private let place: Int
    /// Index among the plant's meters.
    private let meter: Int
    /// No energy before the meter has begun to sign.
    private let isRequired: Bool

    /// Marks of every record that the meter made.
    private var marks = Set<UInt64>()
    private var made = 0
    private var hadRecord = false
    private var wasClosed = false
    /// When the last fault of signing was told, and when anything last kept one from being told.
    private var toldAt: Int64 = .min / 2
    private var disturbedAt: Int64 = .min / 2
    private var starts = 0
    private var begun = [String: Int64]()
    /// Ends without a signed value, whose fault may still be on its way.
    private var open = [(transaction: String, since: Int64, due: Int64)]()

    /// The message about what is missing comes behind others. Chosen.
    private static let patience: Int64 = 120_000_000_000
    /// Less energy than this may flow between two readings of the meter, and is in no record. Wh.
    private static let little = 20.0

    init(_ place: Int, meter: Int, isRequired: Bool) {
        self.place = place
        self.meter = meter
        self.isRequired = isRequired
    }

    /// - Returns: the mark of a record as the station names it, worked out apart: FNV-1a in 64 bits.
    private static func mark(_ bytes: [UInt8]) -> UInt64 {
        var sum: UInt64 = 14_695_981_039_346_656_037
        for byte in bytes { sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211 }
        return sum
    }

    // MARK: After a step

    mutating func look(_ station: SimulatedStation) -> (Invariant, String)? {
        guard let signing = station.world.meters[meter].signing else { return nil }
        if signing.made != made {
            made = signing.made
            marks.insert(Self.mark(signing.newest))
            station.coverage.add("signed record", "made")
        }
        defer { hadRecord = signing.hasRecord }
        if hadRecord, !signing.hasRecord, !isStored(signing.newest, station) {
            return (.recordIsKept, "the meter was told to forget a record that is not on disk")
        }
        if station.process != .running || station.stationStarts != starts || !station.link.isUp
            || station.link.loss != nil || station.csms.registration != "Accepted"
        {
            disturbedAt = station.instant
        }
        starts = station.stationStarts
        return lookAtContactor(signing, station) ?? lookAtEnds(station)
    }

    private func isStored(_ record: [UInt8], _ station: SimulatedStation) -> Bool {
        let text = Base64.text(record)
        return station.disk.records[.facts]?.values.contains { $0.contains(text) } ?? false
    }

    private mutating func lookAtContactor(
        _ signing: MeterWorld.Signing, _ station: SimulatedStation
    ) -> (Invariant, String)? {
        let sight = station.sights[place]
        let isClosed = sight.isEnergised && sight.isCoilOn
        defer { wasClosed = isClosed }
        guard isRequired, isClosed, !wasClosed, !signing.isRunning else { return nil }
        return (.energyIsSigned, "the contactor closes, and the meter has not begun to sign")
    }

    private mutating func lookAtEnds(_ station: SimulatedStation) -> (Invariant, String)? {
        while let first = open.first, first.due <= station.instant {
            open.removeFirst()
            // What was told to nobody, or is told later, is not held against the station.
            guard toldAt < first.since, disturbedAt < first.since else { continue }
            let id = first.transaction
            return (.energyIsSigned, "\(id) ended without a signed value, and nobody was told")
        }
        return nil
    }

    // MARK: Messages

    /// A message of the station, as it arrives at the CSMS.
    mutating func take(
        _ action: String, _ payload: JSONValue, _ station: SimulatedStation
    ) -> (Invariant, String)? {
        if action == "NotifyEvent" { note(payload, station) }
        guard action == "TransactionEvent" || action == "MeterValues",
            payload["evse"]?["id"]?.int ?? payload["evseId"]?.int ?? place + 1 == place + 1
        else { return nil }
        var records = [String]()
        for value in payload["meterValue"]?.array ?? [] {
            for sample in value["sampledValue"]?.array ?? [] {
                guard let data = sample["signedMeterValue"]?["signedMeterData"]?.string else {
                    continue
                }
                guard let bytes = Base64.bytes(data), marks.contains(Self.mark(bytes)) else {
                    let start = data.prefix(80)
                    return (.recordIsTheMeters, "signed data that no meter gave: \(start)")
                }
                records.append(String(decoding: bytes, as: UTF8.self))
            }
        }
        guard action == "TransactionEvent" else { return nil }
        return judgeTransaction(payload, records, station)
    }

    private mutating func note(_ payload: JSONValue, _ station: SimulatedStation) {
        for event in payload["eventData"]?.array ?? []
        where event["techCode"]?.string == "signedValuesMissing" {
            toldAt = station.instant
        }
    }

    private mutating func judgeTransaction(
        _ payload: JSONValue, _ records: [String], _ station: SimulatedStation
    ) -> (Invariant, String)? {
        guard let id = payload["transactionInfo"]?["transactionId"]?.string,
            let book = station.csms.transactions[id], book.evse == place + 1
        else { return nil }
        let since = begun[id] ?? station.instant
        begun[id] = since
        guard payload["eventType"]?.string == "Ended" else { return nil }
        for record in records {
            guard record.contains(id) else {
                return (.recordIsTheMeters, "\(id) ends with another transaction's record")
            }
            guard record.contains("\"TX\":\"B\""), record.contains("\"TX\":\"E\"") else {
                return (.energyIsSigned, "the record of \(id) has no begin, or no end")
            }
        }
        let energy = (book.lastRegister ?? 0) - (book.firstRegister ?? 0)
        if !records.isEmpty || energy > Self.little {
            station.coverage.add("signed record", records.isEmpty ? "missing" : "told at the end")
        }
        if records.isEmpty, energy > Self.little {
            open.append((id, since, station.instant + Self.patience))
        }
        return nil
    }
}

/// Base64 as RFC 4648 has it, written apart from the station's.
enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8: UInt32] = {
        var values = [UInt8: UInt32]()
        for (index, digit) in digits.enumerated() { values[digit] = UInt32(index) }
        return values
    }()

    static func text(_ bytes: [UInt8]) -> String {
        var text = [UInt8]()
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(digits[Int(bits >> UInt32(count) & 63)])
            }
        }
        if count > 0 { text.append(digits[Int(bits << UInt32(6 - count) & 63)]) }
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: `nil` where a character is none of its digits.
    static func bytes(_ text: String) -> [UInt8]? {
        var bytes = [UInt8]()
        var (bits, count): (UInt32, Int) = (0, 0)
        for digit in text.utf8 where digit != UInt8(ascii: "=") {
            guard let value = values[digit] else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}
