package import EVSEModel

/// An identifier that may be good for charging. Texts compare without regard to ASCII case, as
/// OCPP's identifierString demands; the original spelling is kept for reports.
package struct IdToken: Sendable {
    /// Raw values: OCPP's IdTokenEnumType.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case central = "Central"
        case emaid = "eMAID"
        case iso14443 = "ISO14443"
        case iso15693 = "ISO15693"
        case keyCode = "KeyCode"
        case local = "Local"
        case macAddress = "MacAddress"
        case noAuthorization = "NoAuthorization"

        /// Whether the result of an authorisation may be cached (C10.FR.11, trap 13).
        var isCacheable: Bool { self != .central && self != .noAuthorization }
    }
    package struct AdditionalInfo: Hashable, Sendable {
        package var text: String
        package var type: String
        package init(text: String, type: String) {
            self.text = text
            self.type = type
        }
    }
    /// 0...36 characters; empty only for ``Kind/noAuthorization``.
    package var text: String
    package var kind: Kind
    package var additionalInfo: [AdditionalInfo]
    package init(_ text: String, _ kind: Kind, additionalInfo: [AdditionalInfo] = []) {
        self.text = text
        self.kind = kind
        self.additionalInfo = additionalInfo
    }
}

extension IdToken: Hashable {
    /// Folded for comparison and as a key of records: kind and lower-case text.
    var key: String { "\(kind.rawValue):\(text.lowercased())" }
    package static func == (a: Self, b: Self) -> Bool { a.key == b.key }
    package func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

/// What is known about a token. Raw values: OCPP's AuthorizationStatusEnumType.
package enum AuthorizationStatus: String, Hashable, Sendable, CaseIterable {
    case accepted = "Accepted"
    case blocked = "Blocked"
    case concurrentTx = "ConcurrentTx"
    case expired = "Expired"
    case invalid = "Invalid"
    case noCredit = "NoCredit"
    case notAllowedTypeEVSE = "NotAllowedTypeEVSE"
    case notAtThisLocation = "NotAtThisLocation"
    case notAtThisTime = "NotAtThisTime"
    case unknown = "Unknown"
}

/// The CSMS's word on a token.
package struct TokenInfo: Hashable, Sendable {
    package var status: AuthorizationStatus
    /// When a cached entry becomes invalid; `nil` leaves it to the life time setting.
    package var cacheExpiry: UnixTime?
    package var groupToken: IdToken?
    /// EVSEs for which the status holds; `nil` is every EVSE of the station, empty is none of them.
    package var evses: [EVSEID]?
    package var chargingPriority: Int?
    /// What the driver speaks, the best first: tags of RFC 5646.
    package var languages: [String]
    /// What the driver shall read, as a tariff. It holds for the moment and is not remembered: who is
    /// known by the cache alone reads the fallback (I04).
    package var personal: MessageText?
    package init(
        status: AuthorizationStatus, cacheExpiry: UnixTime? = nil, groupToken: IdToken? = nil,
        evses: [EVSEID]? = nil, chargingPriority: Int? = nil, languages: [String] = [],
        personal: MessageText? = nil
    ) {
        self.status = status
        self.cacheExpiry = cacheExpiry
        self.groupToken = groupToken
        self.evses = evses
        self.chargingPriority = chargingPriority
        self.languages = languages
        self.personal = personal
    }
}

/// Numbers one question of the domain to the CSMS; never reused within a run.
package struct RequestID: Hashable, Sendable {
    package var number: UInt64
    package init(_ number: UInt64) { self.number = number }
}

package enum AuthorizationAnswer: Hashable, Sendable {
    case info(TokenInfo)
    /// An error, or what cannot be read: the CSMS is there and has not accepted the token. What list or
    /// cache say counts, and a token that they do not know is refused.
    case unusable
    /// Time-out, or the link was lost: the offline rules apply.
    case unanswered
}

/// One entry of a local list update; without `info` the token is removed (differential only).
package struct LocalListEntry: Hashable, Sendable {
    package var token: IdToken
    package var info: TokenInfo?
    package init(token: IdToken, info: TokenInfo?) {
        self.token = token
        self.info = info
    }
}

package enum LocalListUpdate: String, Hashable, Sendable {
    case full = "Full"
    case differential = "Differential"
}

package enum LocalListResult: Hashable, Sendable {
    case accepted
    /// Entries beyond the bounds, entries doubled, removal in a full list, or list disabled.
    case failed(String)
    /// Differential version not above the current one.
    case versionMismatch
}
