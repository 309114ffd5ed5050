internal import DriverKit
internal import EVSEModel

/// What the board says of its module.
struct SECCSettings: Hashable, Sendable {
    let period: Milliseconds
    let replyTimeout: Milliseconds
    let maximumAge: Milliseconds
    let silenceLimit: Milliseconds
    let connectors: UInt8
    /// Protocols that vehicles may use; none: all that the module knows.
    let protocols: SECCAbilities
    let evseID: String

    init(_ configuration: Configuration) {
        period = configuration.quantity("poll-period")
        replyTimeout = configuration.quantity("reply-timeout")
        maximumAge = configuration.quantity("max-age")
        silenceLimit = configuration.quantity("silence-limit")
        connectors = UInt8(clamping: max(1, configuration.number("connectors")))
        protocols = SECCAbilities(names: configuration.texts("protocols"))
        evseID = configuration.text("evse-id")
    }

    func setup(for identity: SECCIdentity) -> SECCSetup {
        let wanted = protocols.isEmpty ? SECCAbilities.protocols : protocols
        let others = identity.abilities.subtracting(.protocols)
        return SECCSetup(
            boot: identity.boot, challenge: identity.challenge, silenceLimit: silenceLimit,
            allowed: identity.abilities.intersection(wanted).union(others),
            connectors: connectors, evseID: evseID)
    }

    /// Why this board cannot use a module; `nil` where it can.
    func objection(to identity: SECCIdentity) -> String? {
        guard identity.version.major == SECCVersion.own.major else {
            return "speaks version \(identity.version) of the protocol, the station "
                + "\(SECCVersion.own)"
        }
        let name = "(\(identity.model) \(identity.firmware))"
        guard identity.connectors >= connectors else {
            return "\(name) serves \(identity.connectors) connectors, the board has \(connectors)"
        }
        let missing = protocols.subtracting(identity.abilities)
        guard missing.isEmpty else { return "\(name) does not know \(missing.text)" }
        guard !identity.abilities.isDisjoint(with: .protocols) else {
            return "\(name) knows no protocol of vehicles"
        }
        return nil
    }

    /// Why what is in force is not what was asked for.
    func objection(to accepted: SECCAcceptance, asked: SECCSetup) -> String? {
        guard accepted.boot == asked.boot, accepted.silenceLimit == asked.silenceLimit,
            accepted.connectors == asked.connectors, accepted.allowed == asked.allowed
        else {
            return "does not take its settings, but boot \(accepted.boot), "
                + "\(accepted.silenceLimit), \(accepted.connectors) connectors, "
                + accepted.allowed.text
        }
        return nil
    }
}
