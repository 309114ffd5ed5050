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

    /// Tells one record from another: ``StableHash`` of its bytes.
    public var mark: UInt64 {
        var hash = StableHash()
        hash.add(bytes)
        return hash.value
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
    /// The state that the meter shall be in.
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
