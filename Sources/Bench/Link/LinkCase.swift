import LoopbackServer

/// One way in which the wire or the other end misbehaves, and what the station must do.
struct LinkCase: Sendable {
    enum Moment: Sendable {
        /// A new connection, before TLS and upgrade.
        case arrival
        /// A connection that is in use.
        case open
    }
    enum Expectation: Hashable, Sendable {
        /// The connection lives on and is of use.
        case survives
        /// The connection or dial ends with one of these reasons of the link, and the next dial
        /// is scheduled; a security event is reported once connected, where one is due.
        case ends([String], securityEvent: String?)
    }
    var id: String
    var what: String
    var isSecure = false
    var moment: Moment
    var expectation: Expectation
    /// The case ends within this time, in seconds.
    var limit = 6
    var act: CampaignServer.Act

    /// In the report's words.
    var expected: String {
        switch expectation {
        case .survives: "stays connected and answers"
        case .ends(let reasons, let event):
            reasons.joined(separator: " or ") + (event.map { ", \($0)" } ?? "")
        }
    }

    static func survives(
        _ id: String, _ what: String, at moment: Moment = .open, limit: Int = 6,
        _ act: @escaping CampaignServer.Act
    ) -> LinkCase {
        LinkCase(
            id: id, what: what, moment: moment, expectation: .survives, limit: limit, act: act)
    }
    static func ends(
        _ id: String, _ what: String, at moment: Moment = .open, _ reasons: String...,
        securityEvent: String? = nil, limit: Int = 6, _ act: @escaping CampaignServer.Act
    ) -> LinkCase {
        LinkCase(
            id: id, what: what, moment: moment,
            expectation: .ends(reasons, securityEvent: securityEvent), limit: limit, act: act)
    }
    var secure: LinkCase {
        var copy = self
        copy.isSecure = true
        return copy
    }
}

enum LinkCases {
    static func all(_ certificates: TestCertificates) -> [LinkCase] {
        stream + closing + framing + silence + upgrade + tls(certificates)
    }
}
