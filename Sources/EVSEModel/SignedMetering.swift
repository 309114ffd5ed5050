/// What a meter signed: for evidence, so it is carried byte by byte as the meter gave it and never
/// written anew.
public struct SignedRecord: Hashable, Sendable {
    /// As the meter gave it: with OCMF the text `OCMF|{…}|{…}` in UTF-8.
    public var bytes: [UInt8]
    /// How the values were encoded before they were signed: `OCMF`.
    public var encoding: String
    /// `ECDSA-brainpoolP384r1-SHA256`; empty where the meter does not say.
    public var method: String
    /// SubjectPublicKeyInfo in DER; empty where the meter does not tell its key.
    public var publicKey: [UInt8]
    /// The station's name of the transaction that it is of, where the meter said so beside the record:
    /// some have no room for it inside.
    public var transaction: String?

    public init(
        bytes: [UInt8], encoding: String, method: String, publicKey: [UInt8],
        transaction: String? = nil
    ) {
        self.bytes = bytes
        self.encoding = encoding
        self.method = method
        self.publicKey = publicKey
        self.transaction = transaction
    }

    /// Whether it is a transaction's, by what the meter said of it or by what stands in it.
    public func isOf(_ transaction: String) -> Bool {
        self.transaction.map { $0 == transaction } ?? contains(transaction)
    }

    /// Tells one record from another: FNV-1a in 64 bits (Fowler, Noll, Vo) of its bytes.
    public var mark: UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Whether the text stands in it, byte for byte: how a record is known to be a transaction's.
    public func contains(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard !wanted.isEmpty, bytes.count >= wanted.count else { return false }
        return (0...bytes.count - wanted.count).contains {
            bytes[$0] == wanted[0] && bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
        }
    }
}

/// What a meter shall sign into its record.
public struct SigningSubject: Hashable, Sendable {
    /// The station's name of the transaction; a record is known by it.
    public var transaction: String
    /// Who charges; empty where nobody was asked.
    public var token: String
    /// OCPP 2.0.1 IdTokenEnumType.
    public var tokenKind: String
    /// Where: the station's identity and the number of the EVSE.
    public var chargePoint: String
    /// Unix time less the monotonic clock, in milliseconds; `nil` while the station does not know the
    /// time.
    public var timeOffset: Int64?

    public init(
        transaction: String, token: String, tokenKind: String, chargePoint: String,
        timeOffset: Int64?
    ) {
        self.transaction = transaction
        self.token = token
        self.tokenKind = tokenKind
        self.chargePoint = chargePoint
        self.timeOffset = timeOffset
    }
}

/// What the station wants of a meter that signs: a state to be in, not an event, so that it can be said
/// again after a restart of either.
public struct SigningOrder: Hashable, Sendable {
    public enum Wish: Hashable, Sendable {
        /// No transaction runs in the meter.
        case rest
        /// This one runs. `hasBegun`: the meter has said so before, maybe to an earlier process.
        case run(SigningSubject, hasBegun: Bool)
        /// This one is over, and its record is wanted.
        case end(transaction: String)
    }
    public var wish: Wish
    /// ``SignedRecord/mark`` of the newest record that is safe: the meter may forget it.
    public var taken: UInt64?

    public init(_ wish: Wish = .rest, taken: UInt64? = nil) {
        self.wish = wish
        self.taken = taken
    }
}

/// What a meter that signs tells the station. May be told again.
public enum SigningReport: Hashable, Sendable {
    /// A transaction runs in the meter: what flows from now on will be in its record.
    case begun(transaction: String)
    /// A record lies in the meter, which keeps it until ``SigningOrder/taken`` names it.
    case record(SignedRecord)
    /// The meter cannot do what is wanted, and why. It is tried again as long as it is wanted.
    case failed(transaction: String, reason: String)
}

/// Base64 as RFC 4648, section 4, has it: for protocols whose text carries bytes.
public func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text = [UInt8]()
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
        for index in 0..<4 {
            text.append(
                index <= group.count
                    ? digits[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}

/// - Returns: `nil` where the text is no Base64 with its padding.
public func bytes(base64 text: String) -> [UInt8]? {
    func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 65...90: UInt32(byte - 65)
        case 97...122: UInt32(byte - 71)
        case 48...57: UInt32(byte) + 4
        case 43: 62
        case 47: 63
        default: nil
        }
    }
    let all = Array(text.utf8)
    guard all.count % 4 == 0 else { return nil }
    let padding = all.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    var bytes = [UInt8]()
    for start in stride(from: 0, to: all.count, by: 4) {
        var bits: UInt32 = 0
        let isLast = start + 4 == all.count
        for index in 0..<4 {
            let isPadding = isLast && index >= 4 - padding
            guard let digit = isPadding ? 0 : value(all[start + index]) else { return nil }
            bits = bits << 6 | digit
        }
        let count = isLast ? 3 - padding : 3
        for index in 0..<count {
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * index)))
        }
    }
    return bytes
}
