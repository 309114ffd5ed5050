/// What a dispenser asks of its cabinet for one outlet.
package struct PowerRequest: Hashable, Sendable {
    package enum Requirement: UInt16, Hashable, Sendable, CaseIterable {
        case placeholder = 1
        case insulationOn = 2
        case insulationOff = 3
        case preCharge = 4
        case charging = 5
    }
    package static let name = "CC/0$GO$PowerRequest"
    package static let replyName = "CC/0$GO$PowerRequestReply"
    package static let shutdownName = "CC/0$GO$ShutdownRequest"
    /// As an open driver and a capture have them.
    static let appID: UInt16 = 0x0001
    static let shutdownAppID: UInt16 = 0x3002
    /// Constant current, as the open driver sends with every request; a capture of a dispenser has none (0).
    static let constantCurrent: UInt16 = 2
    private static let unused = GooseMessage.Entry.unsigned(0xFFFF)

    package var requirement: Requirement
    /// V and A.
    package var voltage: Float = 0
    package var current: Float = 0
    package init(_ requirement: Requirement, voltage: Float = 0, current: Float = 0) {
        self.requirement = requirement
        self.voltage = voltage
        self.current = current
    }

    /// - Parameter connector: the cabinet's number of it, 1...12.
    package func message(connector: UInt16) -> GooseMessage {
        GooseMessage(
            appID: Self.appID, name: Self.name,
            entries: [
                .unsigned(connector), Self.unused, .unsigned(requirement.rawValue),
                .unsigned(Self.constantCurrent), .float(voltage), .float(current), Self.unused,
                Self.unused,
            ])
    }

    package static func shutdown(connector: UInt16, _ reason: ShutdownReason) -> GooseMessage {
        GooseMessage(
            appID: shutdownAppID, name: shutdownName,
            entries: [
                .unsigned(connector), unused, .unsigned(reason.rawValue), unused, unused,
            ])
    }
}

/// Why the dispenser wants no power any more.
package enum ShutdownReason: UInt16, Hashable, Sendable, CaseIterable {
    case normal = 0x1000
    case unplugged = 0x1001
    case badlyPlugged = 0x1002
    case insulation = 0x1003
    case emergencyStop = 0x1004
    case mismatch = 0x1005
    case chargerFault = 0x1006
    case vehicleFault = 0x1007
    case vehicleSilent = 0x1008
    case cabinetCannot = 0x1009
}

/// What the cabinet says to a request.
package struct PowerReply: Hashable, Sendable {
    package var connector: UInt16
    package var requirement: UInt16
    /// 0 is granted.
    package var result: UInt16

    /// `nil` where the message is none.
    package init?(_ message: GooseMessage) {
        let entries = message.entries
        guard message.name == PowerRequest.replyName, entries.count >= 4,
            case .unsigned(let connector) = entries[0],
            case .unsigned(let requirement) = entries[2],
            case .unsigned(let result) = entries[3]
        else { return nil }
        self.connector = connector
        self.requirement = requirement
        self.result = result
    }
}
