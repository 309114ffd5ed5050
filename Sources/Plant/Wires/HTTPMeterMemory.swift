/// What a simulated meter with an HTTP interface keeps: its clock, the transaction that runs, the records
/// that it signed. A power cut takes the clock and what was told of the charge point; a transaction that
/// runs goes on, and records stay.
///
/// Written from OCMF 1.4 and from what EVerest's modules show of real records; shares nothing with the
/// driver.
struct HTTPMeterMemory: Hashable, Sendable {
    /// Texts of the one who charges, as the meter's own interface takes them.
    struct Subject: Hashable, Sendable {
        /// By which the interface names the transaction; empty where it has no name.
        var name = ""
        var isKnown = false
        var level = "NONE"
        var flags = [String]()
        var kind = "NONE"
        var token = ""
        var text = ""
    }
    struct Reading: Hashable, Sendable {
        var time: String
        var reason: String
        /// kWh with three decimals.
        var register: String
    }
    struct Place: Hashable, Sendable {
        var kind = ""
        var name = ""
    }
    struct Running: Hashable, Sendable {
        var subject: Subject
        var begin: Reading
    }
    private struct Clock: Hashable, Sendable {
        /// Unix time in milliseconds that was set, and when in world time.
        var unix: Int64
        var at: Int64
    }
    private struct Record: Hashable, Sendable {
        var name: String
        var bytes: [UInt8]
    }

    let serial: String
    let model: String
    private let maker: String
    /// Registers are texts with leading zeros rather than numbers.
    private let writesTexts: Bool
    let key: SigningKey

    var place = Place()
    /// Who is to charge next.
    var subject = Subject()
    private(set) var running: Running?
    private var page: UInt32
    private var records = [Record]()
    /// The newest is not ready before, in world time.
    private var readyAt: Int64 = 0
    private var clock: Clock?
    /// The stranger's transaction has been put in, once a fault.
    private var hasStranger = false
    /// Records so far, and the newest.
    private(set) var made = 0
    private(set) var newest = [UInt8]()

    /// From the end to the record. Chosen: a quarter of a second, as drivers of the real one wait.
    private static let signingTime: Int64 = 250_000_000
    /// Chosen: more than anybody asks for.
    private static let capacity = 16

    init(maker: String, model: String, serial: String, writesTexts: Bool, seed: UInt64) {
        self.maker = maker
        self.model = model
        self.serial = serial
        self.writesTexts = writesTexts
        key = SigningKey(seed: seed, on: .secp256r1)
        page = UInt32(truncatingIfNeeded: seed % 900)
    }

    mutating func losePower() {
        clock = nil
        place = Place()
    }

    // MARK: Clock

    mutating func setClock(unix: Int64, at now: Int64) { clock = Clock(unix: unix, at: now) }
    func isClockSet(_ faults: DeviceFaults) -> Bool { clock != nil && !faults.has(.timeUnknown) }

    /// - Parameter state: of a clock that has been set: S or I.
    func time(_ now: Int64, _ state: String, _ faults: DeviceFaults) -> String {
        let unix = clock.map { $0.unix + (now - $0.at) / 1_000_000 } ?? now / 1_000_000
        return CalendarText.ocmf(unix) + " " + (isClockSet(faults) ? state : "U")
    }

    // MARK: Transactions

    mutating func begin(_ reading: Reading) { running = Running(subject: subject, begin: reading) }

    mutating func end(_ reading: Reading, at now: Int64, _ faults: DeviceFaults) {
        guard let ended = running else { return }
        running = nil
        page += faults.has(.pageSkipped) ? 2 : 1
        readyAt = now + Self.signingTime
        // What went wrong while it was signed is nowhere.
        guard !faults.has(.recordCorrupted) else { return }
        let bytes = record(ended.subject, [ended.begin, reading], faults)
        records =
            records.suffix(Self.capacity - 1) + [Record(name: ended.subject.name, bytes: bytes)]
        made += 1
        newest = bytes
    }

    /// A transaction that somebody else began: what a station finds that was killed, or exchanged.
    mutating func admitStranger(_ reading: Reading, _ faults: DeviceFaults) {
        guard faults.has(.openTransaction) else {
            hasStranger = false
            return
        }
        guard !hasStranger, running == nil else { return }
        hasStranger = true
        var stranger = Subject()
        stranger.name = "stranger"
        stranger.text = "stranger"
        running = Running(subject: stranger, begin: reading)
    }

    /// - Parameter name: `nil` takes the newest.
    func record(of name: String?, at now: Int64, _ faults: DeviceFaults) -> [UInt8]? {
        guard now >= readyAt, !faults.has(.neverReady) else { return nil }
        return records.last { name == nil || $0.name == name }?.bytes
    }

    // MARK: OCMF

    private func record(
        _ subject: Subject, _ readings: [Reading], _ faults: DeviceFaults
    ) -> [UInt8] {
        var text = subject.text
        if faults.has(.longRecord) { text += String(repeating: "x", count: 1500) }
        let flags = subject.flags.map(Self.quoted).joined(separator: ",")
        let payload =
            "{\"FV\":\"1.0\",\"GI\":\(Self.quoted(maker + " " + model)),\"GS\":\"\(serial)\","
            + "\"GV\":\"1.0\",\"MV\":\(Self.quoted(maker)),\"MM\":\"\(model)\",\"MS\":\"\(serial)\","
            + "\"CT\":\(Self.quoted(place.kind)),\"CI\":\(Self.quoted(place.name)),"
            + "\"IS\":\(subject.isKnown),\"IL\":\(Self.quoted(subject.level)),\"IF\":[\(flags)],"
            + "\"IT\":\(Self.quoted(subject.kind)),\"ID\":\(Self.quoted(subject.token)),"
            + "\"PG\":\"T\(page)\",\"TT\":\(Self.quoted(text)), "
            + "\"RD\":[\(readings.map(self.text).joined(separator: ","))]}"
        var signature = key.sign(Array(payload.utf8))
        if faults.has(.brokenSignature), !signature.isEmpty { signature[signature.count - 1] ^= 1 }
        return Array(
            ("OCMF|\(payload)|{\"SA\":\"ECDSA-secp256r1-SHA256\",\"SD\":\"\(Self.hex(signature))\"}")
                .utf8)
    }

    private func text(_ reading: Reading) -> String {
        let value = writesTexts ? "\"\(Self.padded(reading.register))\"" : reading.register
        return "{\"TM\":\"\(reading.time)\",\"TX\":\"\(reading.reason)\",\"EF\":\"\",\"ST\":\"G\","
            + "\"RV\":\(value),\"RI\":\"1-b:1.8.e\",\"RU\":\"kWh\",\"RT\":\"DC\"}"
    }

    /// `00000446.540`.
    static func padded(_ register: String) -> String {
        String(repeating: "0", count: max(0, 12 - register.utf8.count)) + register
    }

    /// kWh with three decimals, cut.
    static func register(_ kilowattHours: Double) -> String {
        let thousandths = Int64(max(0, kilowattHours * 1000 + 1e-6).rounded(.down))
        return "\(thousandths / 1000).\(String(thousandths % 1000 + 1000).dropFirst())"
    }

    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
