/// A condition that holds until it ends, from a closed list.
///
/// Raised and cleared under one key by the control loop or a device. The raw value is the bit in a
/// ``FaultSet`` and is stored: never renumber. Names follow the ChargeX minimum required error
/// codes where those have one; everything that is known of a fault stands in its ``FaultFacts``.
@frozen public enum Fault: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
    // Control pilot and cable
    case pilotFault = 0  // state E, or a level that is no state
    case diodeFault = 1
    case ventilationNotAvailable = 2
    case proximityFault = 3
    case cableRatingTooLow = 4
    // Contactor and lock
    case contactorWelded = 5
    case contactorDidNotClose = 6
    case contactorUnexpected = 7
    case lockFailedToLock = 8
    case lockFailedToUnlock = 9
    case lockUnexpectedlyOpen = 10
    // Residual current, earth
    case residualCurrentTrip = 11
    case residualCurrentSelfTest = 12
    case groundLost = 13
    // Currents, voltages
    case overCurrent = 14
    case overVoltage = 15
    case underVoltage = 16
    case powerLoss = 17
    // Heat and enclosure
    case overTemperature = 18
    case connectorOverTemperature = 19
    case temperatureSensorFault = 20
    case emergencyStop = 21
    case enclosureOpen = 22
    case tilt = 23
    case waterIngress = 24
    // Devices
    case meterLost = 25
    case meterImplausible = 26
    case readerLost = 27
    case ioFault = 28
    case displayLost = 29
    // Control
    case stationSilent = 30
    case deadlineMissed = 31
    case loopRestarted = 32
    case storageFault = 33
    // DC, reserved from the start so that the image does not change
    case insulationFault = 34
    case prechargeFailed = 35
    case powerModuleFault = 36
    case powerCabinetLost = 37
    case vehicleCommunication = 38
    // Supply
    case houseMeterLost = 39
    case phaseContactorFault = 40
    // EVSE controllers that own pilot and contactor
    case controllerLost = 41
    case controllerFault = 42
    case controllerDisobeys = 43
    // Metering
    case signedValuesMissing = 45
    // DC
    case insulationMonitorLost = 46
    case voltageSensorsDisagree = 47
    case outputNotDischarged = 48
    case powerModuleLost = 49
    // I/O cards
    case cardLost = 50
    case cardDisobeys = 51
    // DC
    case linkFault = 52
    case coolingFault = 53
    case powerUnavailable = 54
    case coolingReduced = 55
    case fanFault = 56
}

/// A set of faults, one bit each.
@frozen public struct FaultSet: BitwiseCopyable, Hashable, Sendable, Sequence {
    public var rawValue: UInt64
    @inlinable public init() { rawValue = 0 }
    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
    @inlinable public init(_ fault: Fault) { rawValue = 1 << UInt64(fault.rawValue) }
    @inlinable public var isEmpty: Bool { rawValue == 0 }
    @inlinable public func union(_ other: Self) -> Self {
        Self(rawValue: rawValue | other.rawValue)
    }
    @inlinable public func subtracting(_ other: Self) -> Self {
        Self(rawValue: rawValue & ~other.rawValue)
    }
    @inlinable public func intersection(_ other: Self) -> Self {
        Self(rawValue: rawValue & other.rawValue)
    }
    @inlinable public func contains(_ fault: Fault) -> Bool {
        rawValue & (1 << UInt64(fault.rawValue)) != 0
    }
    @inlinable public mutating func raise(_ fault: Fault) {
        rawValue |= 1 << UInt64(fault.rawValue)
    }
    @inlinable public mutating func clear(_ fault: Fault) {
        rawValue &= ~(1 << UInt64(fault.rawValue))
    }
    @inlinable public mutating func set(_ fault: Fault, _ holds: Bool) {
        if holds { raise(fault) } else { clear(fault) }
    }

    /// The faults in order of their raw value.
    @inlinable public func makeIterator() -> Iterator { Iterator(bits: rawValue) }

    /// Goes through the bits; those that no fault has are left out.
    @frozen public struct Iterator: IteratorProtocol, Sendable {
        @usableFromInline var bits: UInt64
        @inlinable init(bits: UInt64) { self.bits = bits }
        @inlinable public mutating func next() -> Fault? {
            while bits != 0 {
                let bit = bits.trailingZeroBitCount
                bits &= bits - 1
                if let fault = Fault(rawValue: UInt8(bit)) { return fault }
            }
            return nil
        }
    }
}
