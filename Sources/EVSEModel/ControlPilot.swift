/// Control pilot state as the EVSE sees it.
///
/// The digit of B1/B2, C1/C2 (steady or PWM) is not part of the state: it follows from the output.
/// Source: IEC 61851-1:2017 Annex A.
@frozen public enum PilotState: UInt8, BitwiseCopyable, Hashable, Sendable {
    /// Not measured yet, or the sample is not credible.
    case unknown = 0
    /// +12 V: no vehicle.
    case a = 1
    /// +9 V: vehicle connected, not ready.
    case b = 2
    /// +6 V: vehicle ready, no ventilation needed.
    case c = 3
    /// +3 V: vehicle ready, ventilation needed.
    case d = 4
    /// 0 V: pilot shorted or supply lost.
    case e = 5
    /// -12 V: EVSE not available.
    case f = 6

    /// The vehicle asks for energy (S2 closed).
    @inlinable public var requestsEnergy: Bool { self == .c || self == .d }
    /// A vehicle is connected and answers.
    @inlinable public var isConnected: Bool { self == .b || self == .c || self == .d }
}

/// What the EVSE puts on the control pilot.
@frozen public enum PilotMode: UInt8, BitwiseCopyable, Hashable, Sendable {
    /// -12 V steady (state F); also the safe default of the hardware.
    case unavailable = 0
    /// +12 V steady (A1, B1, C1): no current offered.
    case steady = 1
    /// PWM at 1 kHz with the output's duty.
    case pwm = 2
}

/// Proximity pilot: the cable's current rating, coded by a resistor.
/// Source: IEC 61851-1:2017 Annex B.
@frozen public enum CableRating: UInt8, BitwiseCopyable, Hashable, Sendable {
    case unknown = 0
    /// No plug in the socket outlet.
    case none = 1
    case amperes13 = 2
    case amperes20 = 3
    case amperes32 = 4
    /// 63 A three-phase, 70 A single-phase; treated as 63 A.
    case amperes63 = 5
    /// A resistance that no cable has.
    case fault = 6

    /// Highest current of the cable; `nil` where there is no credible cable.
    @inlinable public var limit: Amperes? {
        switch self {
        case .amperes13: Amperes(13)
        case .amperes20: Amperes(20)
        case .amperes32: Amperes(32)
        case .amperes63: Amperes(63)
        case .unknown, .none, .fault: nil
        }
    }
    /// A plug is in the socket outlet.
    @inlinable public var isPlugged: Bool { limit != nil }
}

/// Position of the cable lock's bolt, as sensed.
@frozen public enum Bolt: UInt8, BitwiseCopyable, Hashable, Sendable {
    case unknown = 0
    case free = 1
    case engaged = 2
}

/// The contactor as its mirror contact shows it (IEC 60947-4-1).
@frozen public enum ContactorFeedback: UInt8, BitwiseCopyable, Hashable, Sendable {
    case unknown = 0
    case open = 1
    case closed = 2
}
