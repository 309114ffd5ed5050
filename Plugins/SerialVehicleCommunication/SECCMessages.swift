package import EVSEModel
internal import FramedSerial

/// Kinds of packets of the vehicle communication protocol.
///
/// Source of every number: docs/vehicle-communication-protocol.md, section 4.
package enum SECCMessage: UInt8, Hashable, Sendable, CaseIterable {
    // Station to module
    case hello = 0x01
    case setup = 0x02
    case command = 0x03
    case schedules = 0x04
    case ask = 0x05
    // Module to station
    case identity = 0x81
    case accept = 0x82
    case report = 0x83
    case taken = 0x84
    case plan = 0x85
    case refusal = 0xFF

    package static let longestPayload = 128
}

/// Versions of the protocol. Source: docs/vehicle-communication-protocol.md, section 3.
package struct SECCVersion: Hashable, Sendable, CustomStringConvertible {
    package static let own = SECCVersion(major: 1, minor: 0)
    package var major: UInt8
    package var minor: UInt8
    package init(major: UInt8, minor: UInt8) {
        self.major = major
        self.minor = minor
    }
    package var description: String { "\(major).\(minor)" }
    package var payload: [UInt8] { [major, minor] }
}

/// What a module can do, and of SETUP and ACCEPT: what of it the board allows.
package struct SECCAbilities: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let din70121 = Self(rawValue: 1 << 0)
    package static let iso15118v2 = Self(rawValue: 1 << 1)
    package static let iso15118v20 = Self(rawValue: 1 << 2)
    package static let chademo = Self(rawValue: 1 << 3)
    package static let tls = Self(rawValue: 1 << 4)
    package static let contract = Self(rawValue: 1 << 5)
    package static let wakeUp = Self(rawValue: 1 << 6)
    package static let renegotiation = Self(rawValue: 1 << 7)
    package static let schedules = Self(rawValue: 1 << 8)

    package static let protocols: Self = [.din70121, .iso15118v2, .iso15118v20, .chademo]

    /// By bit, as board files write protocols.
    private static let names = [
        "din70121", "iso15118-2", "iso15118-20", "chademo", "tls", "contract", "wake-up",
        "renegotiation", "schedules",
    ]
    package static var protocolNames: [String] { Array(names.prefix(4)) }

    /// - Parameter names: of a board file; unknown ones are left out.
    package init(names: [String]) {
        self = names.reduce(into: Self()) { set, name in
            if let bit = Self.names.firstIndex(of: name) {
                set.insert(Self(rawValue: 1 << UInt16(bit)))
            }
        }
    }

    /// For people.
    package var text: String {
        let known = Self.names.enumerated().filter { rawValue & (1 << UInt16($0.offset)) != 0 }
        return known.isEmpty ? "nothing" : known.map(\.element).joined(separator: ", ")
    }
}

/// What a module says of itself (IDENTITY).
package struct SECCIdentity: Hashable, Sendable {
    package var version: SECCVersion
    /// Differs from start to start of the firmware.
    package var boot: UInt32
    /// To be brought back by the next SETUP.
    package var challenge: UInt32
    package var abilities: SECCAbilities
    /// Connectors that it can be coupled to, 1 or more.
    package var connectors: UInt8
    package var firmware: String
    package var model: String
    package var serial: String

    static let length = 44

    /// - Returns: `nil` where it is too short. Of another major version only version and boot count.
    package init?(_ payload: [UInt8]) {
        guard payload.count >= 10 else { return nil }
        var fields = FieldReader(payload)
        version = SECCVersion(major: fields.uint8(), minor: fields.uint8())
        boot = fields.uint32()
        challenge = fields.uint32()
        guard version.major != SECCVersion.own.major || payload.count >= Self.length else {
            return nil
        }
        abilities = SECCAbilities(rawValue: fields.uint16())
        connectors = fields.uint8()
        firmware = "\(fields.uint8()).\(fields.uint8()).\(fields.uint8())"
        model = fields.text(16)
        serial = fields.text(12)
    }
}

/// What begins a session of the line (SETUP).
package struct SECCSetup: Hashable, Sendable {
    package var version = SECCVersion.own
    package var boot: UInt32
    package var challenge: UInt32
    package var silenceLimit: Milliseconds
    package var allowed: SECCAbilities
    package var connectors: UInt8
    /// What vehicles are told as EVSEID, at most 37 characters.
    package var evseID: String

    package init(
        boot: UInt32, challenge: UInt32, silenceLimit: Milliseconds, allowed: SECCAbilities,
        connectors: UInt8, evseID: String
    ) {
        self.boot = boot
        self.challenge = challenge
        self.silenceLimit = silenceLimit
        self.allowed = allowed
        self.connectors = connectors
        self.evseID = evseID
    }

    package var payload: [UInt8] {
        var fields = FieldWriter()
        fields.add(version.payload)
        fields.add(boot)
        fields.add(challenge)
        fields.add(UInt16(clamping: silenceLimit.count))
        fields.add(allowed.rawValue)
        fields.add(connectors)
        fields.add(evseID, count: 38)
        return fields.bytes
    }
}

/// What is in force in a session of the line (ACCEPT).
package struct SECCAcceptance: Hashable, Sendable {
    package var boot: UInt32
    package var silenceLimit: Milliseconds
    package var allowed: SECCAbilities
    package var connectors: UInt8

    static let length = 9

    package init?(_ payload: [UInt8]) {
        guard payload.count >= Self.length else { return nil }
        var fields = FieldReader(payload)
        boot = fields.uint32()
        silenceLimit = Milliseconds(Int64(fields.uint16()))
        allowed = SECCAbilities(rawValue: fields.uint16())
        connectors = fields.uint8()
    }
}

/// Why a module did not take a frame (REFUSAL).
package struct SECCRefusal: Hashable, Sendable {
    package enum Reason: UInt8, Hashable, Sendable {
        case noSession = 1
        case version = 2
        case challenge = 3
        case value = 4
        case sequence = 5
        case unknownKind = 6
        case tooShort = 7
    }
    /// `nil`: of a later version.
    package var reason: Reason?
    package var kind: UInt8
    package var boot: UInt32

    package init?(_ payload: [UInt8]) {
        guard payload.count >= 6 else { return nil }
        var fields = FieldReader(payload)
        reason = Reason(rawValue: fields.uint8())
        kind = fields.uint8()
        boot = fields.uint32()
    }

    package var text: String {
        switch reason {
        case .noSession: "it knows of no such session"
        case .version: "it speaks another version"
        case .challenge: "its answer to HELLO is too old"
        case .value: "a value is out of its range"
        case .sequence: "the frame is not newer than the last one"
        case .unknownKind: "it knows no such frame"
        case .tooShort: "the frame is too short"
        case nil: "for a reason of a later version"
        }
    }
}
