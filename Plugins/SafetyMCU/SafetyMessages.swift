package import EVSEModel
internal import FramedSerial

/// Versions of the protocol. Source: docs/safety-controller-protocol.md, section 3.
package struct SafetyVersion: Hashable, Sendable, CustomStringConvertible {
    package static let own = SafetyVersion(major: 1, minor: 0)
    package var major: UInt8
    package var minor: UInt8
    package init(major: UInt8, minor: UInt8) {
        self.major = major
        self.minor = minor
    }
    package var description: String { "\(major).\(minor)" }

    package var payload: [UInt8] { [major, minor] }
}

/// Bits of ``SafetyIdentity/capabilities``.
package struct SafetyCapabilities: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let contactSense = Self(rawValue: 1 << 0)
    package static let directResidualCurrent = Self(rawValue: 1 << 1)
    package static let alternatingResidualCurrent = Self(rawValue: 1 << 2)
    package static let proximity = Self(rawValue: 1 << 3)
    package static let temperature = Self(rawValue: 1 << 4)
    package static let emergencyStop = Self(rawValue: 1 << 5)
    package static let earthMonitor = Self(rawValue: 1 << 6)

    private static let names = [
        "contact sensed", "DC residual current", "AC residual current", "proximity pilot",
        "temperature", "emergency stop", "earth monitor",
    ]
    /// For people.
    package var text: String {
        let known = Self.names.enumerated().filter { rawValue & (1 << UInt16($0.offset)) != 0 }
        return known.map(\.element).joined(separator: ", ")
    }
}

/// What a controller says of itself (IDENTITY).
package struct SafetyIdentity: Hashable, Sendable {
    package var version: SafetyVersion
    /// Differs from start to start of the firmware.
    package var boot: UInt32
    /// To be brought back by the next SETUP.
    package var challenge: UInt32
    package var capabilities: SafetyCapabilities
    package var phases: UInt8
    package var rating: Amperes
    package var firmware: String
    package var model: String
    package var serial: String
    /// Changes with every fault that is latched; 0 while none is.
    package var latch: UInt16

    /// - Returns: `nil` where it is too short. Of another major version only version and boot count.
    package init?(_ payload: [UInt8]) {
        var fields = FieldReader(payload)
        guard payload.count >= 10 else { return nil }
        version = SafetyVersion(major: fields.uint8(), minor: fields.uint8())
        boot = fields.uint32()
        challenge = fields.uint32()
        guard version.major != SafetyVersion.own.major || payload.count >= 48 else { return nil }
        capabilities = SafetyCapabilities(rawValue: fields.uint16())
        phases = fields.uint8()
        rating = Amperes(tenths: fields.uint16())
        firmware = "\(fields.uint8()).\(fields.uint8()).\(fields.uint8())"
        model = fields.text(16)
        serial = fields.text(12)
        latch = fields.uint16()
    }
}

/// Bits of SETUP and ACCEPT.
package struct SafetyFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let fixedCable = Self(rawValue: 1 << 0)
    package static let ventilation = Self(rawValue: 1 << 1)
}

/// What begins a session (SETUP).
package struct SafetySetup: Hashable, Sendable {
    package var version = SafetyVersion.own
    package var boot: UInt32
    package var challenge: UInt32
    package var silenceLimit: Milliseconds
    package var limit: Amperes
    package var flags: SafetyFlags
    /// The latch that service has cleared; 0 none.
    package var cleared: UInt16

    package init(
        boot: UInt32, challenge: UInt32, silenceLimit: Milliseconds, limit: Amperes,
        flags: SafetyFlags, cleared: UInt16
    ) {
        self.boot = boot
        self.challenge = challenge
        self.silenceLimit = silenceLimit
        self.limit = limit
        self.flags = flags
        self.cleared = cleared
    }

    package var payload: [UInt8] {
        var fields = FieldWriter()
        fields.add(version.payload)
        fields.add(boot)
        fields.add(challenge)
        fields.add(UInt16(clamping: silenceLimit.count))
        fields.add(limit.tenths)
        fields.add(flags.rawValue)
        fields.add(cleared)
        return fields.bytes
    }
}

/// What is in force (ACCEPT).
package struct SafetyAcceptance: Hashable, Sendable {
    package var boot: UInt32
    package var silenceLimit: Milliseconds
    package var limit: Amperes
    package var flags: SafetyFlags
    package var latch: UInt16

    package init?(_ payload: [UInt8]) {
        guard payload.count >= 11 else { return nil }
        var fields = FieldReader(payload)
        boot = fields.uint32()
        silenceLimit = Milliseconds(Int64(fields.uint16()))
        limit = Amperes(tenths: fields.uint16())
        flags = SafetyFlags(rawValue: fields.uint8())
        latch = fields.uint16()
    }
}

/// The whole wish (COMMAND).
package struct SafetyCommand: Hashable, Sendable {
    package enum Permission: UInt8, Hashable, Sendable {
        /// Open now, under load too.
        case open = 0x0F
        /// Offer nothing, let the vehicle end.
        case end = 0x33
        /// Offer up to the limit and close when the vehicle asks.
        case permit = 0x55
    }
    package var permission: Permission
    package var limit: Amperes

    package static let open = SafetyCommand(.open)
    package init(_ permission: Permission, limit: Amperes = .zero) {
        self.permission = permission
        self.limit = limit
    }

    /// What the control loop wants, in the protocol's steps: never more.
    package init(_ wish: ControllerCommand) {
        let limit = Amperes(tenths: min(wish.offered, Amperes(80)).tenths)
        if !wish.isEnabled {
            self.init(.open)
        } else if limit < Amperes(6) {
            self.init(.end)
        } else {
            self.init(.permit, limit: limit)
        }
    }

    package var payload: [UInt8] {
        var fields = FieldWriter()
        fields.add(permission.rawValue)
        fields.add(limit.tenths)
        return fields.bytes
    }
}

/// Why the controller did not do as it was told (REFUSAL).
package struct SafetyRefusal: Hashable, Sendable {
    package enum Reason: UInt8, Hashable, Sendable {
        case noSession = 1
        case version = 2
        case challenge = 3
        case value = 4
        case sequence = 5
        case unknownKind = 6
        case tooShort = 7
    }
    /// `nil` for one that a later version knows.
    package var reason: Reason?
    package var refused: UInt8
    package var boot: UInt32

    package init?(_ payload: [UInt8]) {
        guard payload.count >= 6 else { return nil }
        var fields = FieldReader(payload)
        reason = Reason(rawValue: fields.uint8())
        refused = fields.uint8()
        boot = fields.uint32()
    }
}

extension Amperes {
    /// In steps of 0.1 A.
    package init(tenths: UInt16) { self.init(milliamperes: Int32(tenths) * 100) }
    /// Steps of 0.1 A, rounded down.
    package var tenths: UInt16 { UInt16(clamping: raw / 100) }
}
