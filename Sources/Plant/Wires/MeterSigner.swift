import EVSEModel

/// The part of a simulated EM580 that signs transactions: its registers, its counter of pages, and the
/// record that waits to be fetched.
///
/// Written from the document numbers of the maker's map as EVerest's CarloGavazzi_EM580 uses them (a
/// register's address is its number less 300001) and from OCMF 1.4; shares nothing with the driver. It
/// survives a power cut, as the meter's own memory does, but for the time, which must be set again.
struct MeterSigner: Hashable, Sendable {
    private enum Phase: Hashable, Sendable {
        case idle
        case running
        /// Told to end; signs until then, in world time.
        case signing(until: Int64)
        case ready
        case corrupted
    }
    /// One reading as it goes into the record.
    private struct Reading: Hashable, Sendable {
        var time: String
        var reason: String
        var kilowattHours: String
    }

    /// From `E` to the record. Chosen: as a meter that signs in software.
    static let signingTime: Int64 = 1_500_000_000

    private let serial: String
    private let key: SigningKey
    private var phase = Phase.idle
    private var page: UInt32
    private var begin: Reading?
    private var record = [UInt8]()
    /// Every record that could be fetched: how many there were, and the newest.
    private(set) var made = 0
    private(set) var newest = [UInt8]()
    /// What was written, by address: who, where, which tariff.
    private var written = [Int: UInt16]()
    /// Unix time in milliseconds that was set, and when.
    private var clock: (unix: Int64, at: Int64)? {
        get { clockUnix.map { ($0, clockAt) } }
        set { (clockUnix, clockAt) = (newValue?.unix, newValue?.at ?? 0) }
    }
    private var clockUnix: Int64?
    private var clockAt: Int64 = 0

    init(serial: String, seed: UInt64) {
        self.serial = serial
        key = SigningKey(seed: seed)
        page = UInt32(truncatingIfNeeded: seed % 900)
    }

    // MARK: Registers

    private static func address(_ number: Int) -> Int { number - 300_001 }
    private static let keyType = address(309_472)
    private static let keyPoint = address(309_473)
    private static let keyDER = address(309_729)
    private static let tariff = address(326_881)
    private static let known = address(328_673)
    private static let level = address(328_674)
    private static let flags = address(328_675)
    private static let kind = address(328_679)
    private static let data = address(328_680)
    private static let placeKind = address(328_700)
    private static let place = address(328_701)
    private static let zone = address(328_722)
    private static let utc = address(328_723)
    private static let modality = address(328_727)
    private static let command = address(328_737)
    private static let timeStatus = address(328_769)
    private static let state = address(328_929)
    private static let size = address(328_930)
    private static let transaction = address(328_931)
    private static let file = address(328_945)

    /// - Returns: `nil` where it has no such registers.
    func read(_ addresses: Range<Int>) -> [UInt16]? {
        let areas: [(Int, [UInt16])] = [
            (Self.keyType, [1]), (Self.keyPoint, Self.words(key.point + [0])),
            (Self.keyDER, Self.words(key.subjectPublicKeyInfo)),
            (Self.timeStatus, [clock == nil ? 0 : 1]),
            (Self.state, [stateNumber, UInt16(clamping: (record.count + 1) / 2)]),
            (Self.transaction, [UInt16(truncatingIfNeeded: page), UInt16(page >> 16)]),
            (Self.file, Self.words(record)),
        ]
        for (start, words) in areas
        where addresses.lowerBound >= start && addresses.upperBound <= start + words.count {
            return Array(words[addresses.lowerBound - start..<addresses.upperBound - start])
        }
        return nil
    }

    private var stateNumber: UInt16 {
        switch phase {
        case .idle: 0
        case .running, .signing: 1
        case .ready: 2
        case .corrupted: 3
        }
    }

    private static func words(_ bytes: [UInt8]) -> [UInt16] {
        stride(from: 0, to: bytes.count, by: 2).map {
            UInt16(bytes[$0]) << 8 | UInt16($0 + 1 < bytes.count ? bytes[$0 + 1] : 0)
        }
    }

    /// Takes what was written with function 16.
    /// - Returns: the code of an exception; `nil` where it was taken.
    mutating func write(
        _ words: [UInt16], at start: Int, energy: Double, now: Int64, faults: DeviceFaults
    ) -> UInt8? {
        let taken = start..<start + words.count
        let fields = [
            Self.tariff..<Self.tariff + 126, Self.known..<Self.place + 20,
            Self.zone..<Self.zone + 1,
            Self.utc..<Self.utc + 4, Self.modality..<Self.modality + 1,
            Self.command..<Self.command + 1, Self.state..<Self.state + 1,
        ]
        guard
            fields.contains(where: {
                $0.lowerBound <= taken.lowerBound && taken.upperBound <= $0.upperBound
            })
        else { return 2 }
        switch start {
        case Self.command: return obey(words[0], energy: energy, now: now, faults: faults)
        case Self.state:
            guard words[0] == 0, phase == .ready || phase == .corrupted else { return 4 }
            phase = .idle
            record = []
        default:
            for (index, word) in words.enumerated() { written[start + index] = word }
            if start == Self.utc, words.count == 4 {
                let seconds = words.reversed().reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
                clock = (Int64(clamping: seconds) &* 1000, now)
            }
        }
        return nil
    }

    private mutating func obey(
        _ command: UInt16, energy: Double, now: Int64, faults: DeviceFaults
    ) -> UInt8? {
        switch (UnicodeScalar(command), phase) {
        case ("B", .idle):
            phase = .running
            begin = reading("B", energy: energy, now: now, faults)
        case ("B", .running): break
        case ("E", .running): phase = .signing(until: now + Self.signingTime)
        case ("E", .signing): break
        default: return 4
        }
        return nil
    }

    /// Time has passed: what is being signed may be done.
    mutating func advance(to now: Int64, energy: Double, model: String, faults: DeviceFaults) {
        guard case .signing(let until) = phase, now >= until, !faults.has(.neverReady) else {
            return
        }
        page += faults.has(.pageSkipped) ? 2 : 1
        let end = reading("E", energy: energy, now: now, faults)
        record = text(begin ?? end, end, model: model, faults: faults)
        phase = faults.has(.recordCorrupted) ? .corrupted : .ready
        guard phase == .ready else { return }
        made += 1
        newest = record
    }

    /// A transaction runs in it.
    var isRunning: Bool { phase == .running }
    /// A record lies in it and waits to be fetched.
    var hasRecord: Bool { phase == .ready }

    /// The supply was gone: the clock does not run without.
    mutating func losePower() { clock = nil }

    // MARK: Record

    private func reading(
        _ reason: String, energy: Double, now: Int64, _ faults: DeviceFaults
    ) -> Reading {
        let isSet = clock != nil && !faults.has(.timeUnknown)
        let unix = clock.map { $0.unix + (now - $0.at) / 1_000_000 } ?? now / 1_000_000
        let thousandths = Int64((energy * 1000).rounded(.down))
        let fraction = String(thousandths % 1000 + 1000).dropFirst()
        return Reading(
            time: CalendarText.ocmf(unix) + (isSet ? " S" : " U"), reason: reason,
            kilowattHours: "\(thousandths / 1000).\(fraction)")
    }

    private func text(
        _ begin: Reading, _ end: Reading, model: String, faults: DeviceFaults
    ) -> [UInt8] {
        let levels = ["NONE", "HEARSAY", "TRUSTED", "VERIFIED", "CERTIFIED", "SECURE"]
        let kinds: [UInt16: String] = [
            0: "NONE", 10: "ISO14443", 11: "ISO15693", 20: "EMAID", 60: "CENTRAL", 70: "LOCAL",
            90: "KEY_CODE",
        ]
        let kind = kinds[written[Self.kind] ?? 0] ?? "UNDEFINED"
        let flag = written[Self.flags] == 1 ? (kind == "CENTRAL" ? "OCPP_RS" : "RFID_PLAIN") : nil
        let level = Int(written[Self.level] ?? 0)
        var tariff = string(at: Self.tariff, count: 126)
        // A text that somebody else has set in the meter, longer than ours.
        if faults.has(.longRecord) { tariff += String(repeating: "x", count: 1500) }
        let payload =
            "{\"FV\":\"1.2\",\"GI\":\"Carlo Gavazzi Controls-\(model)\",\"GS\":\"\(serial)\","
            + "\"GV\":\"M_1.6.3-C_1.6.3\",\"PG\":\"T\(page)\",\"MV\":\"Carlo Gavazzi Controls\","
            + "\"MM\":\"\(model)\",\"MS\":\"\(serial)\",\"MF\":\"M_1.6.3-C_1.6.3\","
            + "\"IS\":\(written[Self.known] == 1),"
            + "\"IL\":\"\(levels.indices.contains(level) ? levels[level] : "UNKNOWN")\","
            + "\"IF\":[\(flag.map { "\"\($0)\"" } ?? "")],\"IT\":\"\(kind)\","
            + "\"ID\":\"\(Self.escaped(string(at: Self.data, count: 20)))\","
            + "\"TT\":\"\(Self.escaped(tariff))\","
            + "\"CT\":\"\(written[Self.placeKind] == 1 ? "CBIDC" : "EVSEID")\","
            + "\"CI\":\"\(Self.escaped(string(at: Self.place, count: 20)))\","
            // With a space, as the real one writes it: whoever writes it anew breaks the signature.
            + "\"LC\":{\"LN\":\"CABLE_LOSS\",\"LI\": 0,\"LR\": 0,\"LU\": \"mOhm\"},"
            + "\"RD\":[\(Self.text(begin)),\(Self.text(end))]}"
        var signature = key.sign(Array(payload.utf8))
        if faults.has(.brokenSignature), !signature.isEmpty { signature[signature.count - 1] ^= 1 }
        return Array(
            "OCMF|\(payload)|{\"SD\":\"\(hexadecimal(signature))\",\"SA\":\"ECDSA-brainpoolP384r1-SHA256\"}"
                .utf8)
    }

    private static func text(_ reading: Reading) -> String {
        "{\"TM\":\"\(reading.time)\",\"TX\":\"\(reading.reason)\",\"RV\":\(reading.kilowattHours),"
            + "\"RI\":\"1-b:1.8.0\",\"RU\":\"kWh\",\"RT\":\"AC\",\"RM\":\"\",\"ST\":\"G\"}"
    }

    private func string(at start: Int, count: Int) -> String {
        var bytes = [UInt8]()
        for index in 0..<count {
            let word = written[start + index] ?? 0
            bytes += [UInt8(word >> 8), UInt8(word & 0xFF)]
        }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Dates as OCMF writes them: `2024-05-01T10:00:00,000+0000`.
enum CalendarText {
    static func ocmf(_ unix: Int64) -> String {
        let days = unix.quotientRoundedDown(by: 86_400_000)
        let rest = unix - days * 86_400_000
        // Days to a date: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let shifted = days + 719_468
        let era = shifted.quotientRoundedDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let calendarMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0)
        let seconds = rest / 1000
        return "\(year)-\(two(calendarMonth))-\(two(day))T\(two(seconds / 3600)):"
            + "\(two(seconds / 60 % 60)):\(two(seconds % 60)),"
            + "\(String(rest % 1000 + 1000).dropFirst())+0000"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Int64 {
    fileprivate func quotientRoundedDown(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}
