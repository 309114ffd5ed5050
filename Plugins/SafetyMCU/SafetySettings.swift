internal import DriverKit
internal import EVSEModel

/// What the board says of its controller.
struct SafetySettings: Hashable, Sendable {
    let period: Milliseconds
    let replyTimeout: Milliseconds
    let maximumAge: Milliseconds
    let silenceLimit: Milliseconds
    /// Of contactor and wiring.
    let limit: Amperes
    let readsProximity: Bool
    let wantsResidualCurrent: Bool
    let hasVentilation: Bool

    init(_ configuration: Configuration) {
        period = configuration.quantity("poll-period")
        replyTimeout = configuration.quantity("reply-timeout")
        maximumAge = configuration.quantity("max-age")
        silenceLimit = configuration.quantity("silence-limit")
        limit = configuration.quantity("limit")
        readsProximity = configuration.flag("proximity")
        wantsResidualCurrent = configuration.flag("residual-current")
        hasVentilation = configuration.flag("ventilation")
    }

    func setup(for identity: SafetyIdentity, cleared: UInt16) -> SafetySetup {
        var flags = SafetyFlags()
        if !readsProximity { flags.insert(.fixedCable) }
        if hasVentilation { flags.insert(.ventilation) }
        return SafetySetup(
            boot: identity.boot, challenge: identity.challenge, silenceLimit: silenceLimit,
            limit: limit, flags: flags, cleared: cleared)
    }

    /// Why this board cannot use a controller; `nil` where it can.
    func objection(to identity: SafetyIdentity) -> String? {
        guard identity.version.major == SafetyVersion.own.major else {
            return "speaks version \(identity.version) of the protocol, the station "
                + "\(SafetyVersion.own)"
        }
        var missing = [String]()
        let has = identity.capabilities
        if !has.contains(.contactSense) { missing.append("a contact that is sensed") }
        if wantsResidualCurrent, !has.contains(.directResidualCurrent) {
            missing.append("a detector for smooth DC residual current (residual-current: true)")
        }
        if readsProximity, !has.contains(.proximity) {
            missing.append("a proximity pilot (proximity: true)")
        }
        if missing.isEmpty { return nil }
        return "(\(identity.model) \(identity.firmware)) has not \(missing.joined(separator: ", "))"
    }
}
