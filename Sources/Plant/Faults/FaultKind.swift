/// Everything that can be made to go wrong, under the name that the rig uses.
///
/// Which device can have which fault, and what a value means, stands in ``FaultCatalog``.
package enum FaultKind: String, Hashable, Sendable, CaseIterable {
    // Contactor
    case welded
    case stuckOpen = "stuck-open"
    case slow
    case bounce
    case mirrorStuck = "mirror-stuck"
    case mirrorBroken = "mirror-broken"
    // Lock
    case jammed
    case noFeedback = "no-feedback"
    case forcedOpen = "forced-open"
    // Residual-current device
    case trip
    case selfTestFails = "self-test-fails"
    // Temperature
    case hot
    case sensorOpen = "sensor-open"
    case sensorShorted = "sensor-shorted"
    // Pilot and proximity
    case shorted
    case open
    case diodeShorted = "diode-shorted"
    case broken
    // Contacts
    case pressed
    case doorOpen = "door-open"
    case tilted
    case wet
    case earthLost = "earth-lost"
    // Mains
    case outage
    case voltage
    // EVSE controller
    case restart
    case offersOther = "offers-other"
    case errorState = "error-state"
    case stateStuck = "state-stuck"
    // EVSE controller or safety controller
    case obeysLate = "obeys-late"
    // Safety controller
    case stuckSequence = "stuck-sequence"
    case otherVersion = "other-version"
    case tellsOther = "tells-other"
    case staysClosed = "stays-closed"
    // Input/output card
    case outputStuck = "output-stuck"
    case inputStuck = "input-stuck"
    /// Of a power module: another one has its address.
    case idRepeated = "id-repeated"
    // Power cabinet
    case cabinetKeyless = "cabinet-keyless"
    case cabinetRefuses = "cabinet-refuses"
    case cabinetUnavailable = "cabinet-unavailable"
    case cabinetUpgrading = "cabinet-upgrading"
    case cabinetFaulty = "cabinet-faulty"
    case cabinetDerated = "cabinet-derated"
    case cabinetPowerChannelDead = "cabinet-power-channel-dead"
    case cabinetWrongSignature = "cabinet-wrong-signature"
    case cabinetGaps = "cabinet-gaps"
    // Insulation monitor
    case resistance
    case stateLate = "state-late"
    case otherUnit = "other-unit"
    // Replies of a Modbus unit or a reader
    case silent
    case garbled
    case truncated
    case split
    case absent
    // Replies of a Modbus unit
    case wrongUnit = "wrong-unit"
    case extra
    case doubled
    case exception
    case echo
    case chatter
    case noise
    case stuck
    case zero
    case maximum
    case noValue = "no-value"
    case previousRegister = "previous-register"
    case wordSwap = "word-swap"
    case rollover
    // Of a meter that signs
    case brokenSignature = "broken-signature"
    case pageSkipped = "page-skipped"
    case neverReady = "never-ready"
    case timeUnknown = "time-unknown"
    case recordCorrupted = "record-corrupted"
    case longRecord = "long-record"
    // Of a meter with an HTTP interface
    case otherDevice = "other-device"
    case wrongAnswer = "wrong-answer"
    case openTransaction = "open-transaction"
    /// Of a Modbus TCP peer.
    case reset
    /// Of a bus behind a TCP connection.
    case halfOpen = "half-open"
    // Replies of a PN532
    case ackLost = "ack-lost"
    case errorFrame = "error-frame"
    case extendedFrames = "extended-frames"
    case abortMute = "abort-mute"
    case wrongFirmware = "wrong-firmware"
    case booting
    /// Of a line reader.
    case noLineEnd = "no-line-end"
    // Direct current; see also those of contactors, and `broken`, `silent`, `state-stuck`, `error-state`.
    // The device through which a vehicle speaks has `error-state`, the vehicle has `vehicle-error`.
    case onePoleWelded = "one-pole-welded"
    case insulationPositive = "insulation-positive"
    case insulationNegative = "insulation-negative"
    case dischargeBroken = "discharge-broken"
    case derated
    case slowDischarge = "slow-discharge"
    case offIgnored = "off-ignored"
    case vehicleLost = "vehicle-lost"
    case vehicleError = "vehicle-error"
    case prechargeMismatch = "precharge-mismatch"
    case offset
    // Of a cooling unit
    case pumpFailed = "pump-failed"
    case flowBlocked = "flow-blocked"
    case coolantLow = "coolant-low"
    case fanStuck = "fan-stuck"
    // Of a display
    case rebooted
    case disturbed
    case touched
}

/// The faults that one device has now, with their values.
package struct DeviceFaults: Hashable, Sendable {
    package private(set) var values = [FaultKind: Double]()
    package init() {}
    package init(_ values: [FaultKind: Double]) { self.values = values }
    package var isEmpty: Bool { values.isEmpty }
    package func has(_ kind: FaultKind) -> Bool { !values.isEmpty && values[kind] != nil }
    /// `nil` where the device has no such fault.
    package func value(_ kind: FaultKind) -> Double? { values.isEmpty ? nil : values[kind] }
    /// Those of these kinds.
    func only(_ kinds: Set<FaultKind>) -> Self {
        Self(values.filter { kinds.contains($0.key) })
    }
    mutating func set(_ kind: FaultKind, _ value: Double) { values[kind] = value }
}

/// A fault in force.
package struct ActiveFault: Hashable, Sendable {
    package let id: String
    package let device: String
    package let kind: FaultKind
    package let value: Double
    package let since: Int64
    /// World time in nanoseconds at which it ends by itself.
    package let until: Int64?
    /// Replies that it still spoils; bus faults only.
    package var remaining: Int?
}
