package import EVSEModel

/// What the dispenser knows of one outlet in one round.
package struct OutletInput {
    /// What the loop wants, as of now.
    package var command: PowerSourceCommand
    package var reading: OutletReading
    /// The loop lives: its word is not older than ``PowerSourceCommand/maximumAge``.
    package var isHeard: Bool

    package init(command: PowerSourceCommand, reading: OutletReading, isHeard: Bool) {
        self.command = command
        self.reading = reading
        self.isHeard = isHeard
    }

    /// Voltage shall be at the output.
    var isExport: Bool {
        guard isHeard, command.isOn else { return false }
        switch command.purpose {
        case .cableCheck, .preCharge, .transfer: return true
        case .none, .reserve: return false
        }
    }
    /// The loop still has something to do with the vehicle. After a session it has not, although the plug is in.
    var isWanted: Bool {
        guard isHeard, command.purpose != .none else { return false }
        switch reading.phase {
        case .stopping, .opening, .weldCheck, .finished, .blocked: return false
        default: return true
        }
    }
}

/// One outlet's session with the cabinet: plug, key, reservation, requests, end. Knows no wire.
///
/// Source: `devices/dc-cabinet-fusioncharge.md`, "Session order".
package struct OutletSession {
    package enum Stage: Hashable, Sendable {
        case idle
        /// Plugged in: the cabinet sends a key for this session.
        case awaitingKey
        /// A place among the modules is asked for.
        case reserving
        case running
        case complete
    }
    /// Longest wait for the answer to a reservation; a lost frame cannot be told from a cabinet that is silent.
    static let replyTime = Milliseconds.seconds(5)
    /// A higher set point is told so often at most, a lower one at once. Chosen: each change is five frames.
    static let riseInterval = Milliseconds(100)

    package private(set) var stage = Stage.idle
    private(set) var since = Instant.zero
    /// Kept over a session's end: with it the end is said.
    package private(set) var key: [UInt8]?
    private var hasNewKey = false
    /// The cabinet said no to the last reservation.
    private(set) var isRefused = false
    /// It said nothing to it.
    package private(set) var isUnanswered = false
    /// Something was put out in this session; what it was last.
    private var last: PowerRequest?
    private var toldAt = Instant.zero
    private(set) var reason = ShutdownReason.normal
    private(set) var mustAskAgain = false

    // MARK: What happens

    mutating func keyWritten(_ key: [UInt8]) {
        self.key = key
        hasNewKey = stage == .awaitingKey
    }

    /// The link is gone: the key may not be the cabinet's any more, and a session begins anew.
    mutating func linkLost(at now: Instant) {
        guard stage != .idle else { return }
        enter(.awaitingKey, now)
    }

    mutating func replied(_ reply: PowerReply, at now: Instant) {
        guard stage == .reserving,
            reply.requirement == PowerRequest.Requirement.placeholder.rawValue
        else { return }
        isUnanswered = false
        isRefused = reply.result != 0
        if !isRefused { enter(.running, now) }
    }

    private mutating func enter(_ next: Stage, _ now: Instant) {
        stage = next
        since = now
        if next == .awaitingKey {
            (hasNewKey, isRefused, isUnanswered, last) = (false, false, false, nil)
        }
    }

    /// One round.
    mutating func step(_ input: OutletInput, at now: Instant) {
        mustAskAgain = false
        guard input.reading.isPlugged else {
            if stage != .idle {
                reason = last == nil ? .normal : .unplugged
                last = nil
                isRefused = false
                enter(.idle, now)
            }
            return
        }
        switch stage {
        case .idle:
            reason = .normal
            enter(.awaitingKey, now)
        case .awaitingKey:
            if hasNewKey { enter(.reserving, now) }
        case .reserving:
            guard now - since >= Self.replyTime else { return }
            if isRefused {
                since = now
                mustAskAgain = true
            } else {
                isUnanswered = true
                enter(.running, now)
            }
        case .running: follow(input, now)
        case .complete: if input.isWanted { enter(.awaitingKey, now) }
        }
    }

    private mutating func follow(_ input: OutletInput, _ now: Instant) {
        guard input.isExport else {
            if case .cableCheck = input.command.purpose, input.isHeard { return endCheck() }
            if input.isHeard, input.isWanted, !hasCharged { return endCheck() }
            guard last != nil else { return }
            reason = Self.reason(of: input)
            enter(.complete, now)
            return
        }
        let requirement: PowerRequest.Requirement =
            switch input.command.purpose {
            case .cableCheck: .insulationOn
            case .preCharge: .preCharge
            default: .charging
            }
        let wanted = PowerRequest(
            requirement, voltage: Float(max(0, input.command.voltage.double)),
            current: Float(max(0, input.command.current.double)))
        if let last, last.requirement == requirement, last != wanted,
            wanted.voltage >= last.voltage, wanted.current >= last.current,
            now - toldAt < Self.riseInterval
        {
            return
        }
        if last != wanted { toldAt = now }
        last = wanted
    }

    /// Precharge or transfer were asked for.
    private var hasCharged: Bool {
        last?.requirement == .preCharge || last?.requirement == .charging
    }

    private mutating func endCheck() {
        if last?.requirement == .insulationOn { last = PowerRequest(.insulationOff) }
    }

    private static func reason(of input: OutletInput) -> ShutdownReason {
        let faults = input.reading.faults
        if input.reading.isEmergencyStopPressed || faults.contains(.emergencyStop) {
            return .emergencyStop
        }
        if !input.isHeard { return .chargerFault }
        if faults.contains(.insulationFault) { return .insulation }
        if faults.contains(.vehicleCommunication) { return .vehicleSilent }
        if faults.contains(.powerUnavailable) || faults.contains(.powerCabinetLost) {
            return .cabinetCannot
        }
        return input.command.stop == .emergency || !faults.isEmpty ? .chargerFault : .normal
    }

    // MARK: What follows

    /// What is asked of the cabinet now; `nil`: nothing, which is said with ``reason``.
    package var request: PowerRequest? {
        switch stage {
        case .idle, .awaitingKey, .complete: nil
        case .reserving: PowerRequest(.placeholder)
        case .running: last ?? PowerRequest(.placeholder)
        }
    }
    /// Voltage is asked for.
    var isOn: Bool {
        guard let request else { return false }
        switch request.requirement {
        case .insulationOn, .preCharge, .charging: return true
        case .placeholder, .insulationOff: return false
        }
    }

    /// As register 0x110B has it.
    func workingStatus(_ reading: OutletReading) -> UInt16 {
        if reading.phase == .blocked { return 5 }
        switch stage {
        case .idle: return 0
        case .awaitingKey: return 1
        case .reserving: return 8
        case .running: return request?.requirement == .charging ? 3 : 8
        case .complete: return 4
        }
    }
}
