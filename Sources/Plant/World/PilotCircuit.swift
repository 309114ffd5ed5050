package import EVSEModel

/// What the station's output puts on the pilot, as the vehicle measures it.
package enum PilotSignal: Hashable, Sendable {
    /// -12 V steady.
    case unavailable
    /// +12 V steady.
    case steady
    /// PWM with a duty in percent, above 0 and below 100.
    case pwm(Double)
    /// No signal: the wire is broken, shorted, or no vehicle sees it.
    case none

    /// - Parameter duty: of the PWM channel, in 0.01 %.
    init(duty: Int32) {
        switch duty {
        case ..<1: self = .unavailable
        case 10_000...: self = .steady
        default: self = .pwm(Double(duty) / 100)
        }
    }

    /// The duty that asks for digital communication: 4.5 to 5.5 %, taken as anything below 8 %.
    var asksForDigital: Bool {
        guard case .pwm(let duty) = self else { return false }
        return duty < 8
    }

    /// Current per phase that a vehicle may draw; `nil` where it may draw none.
    ///
    /// Source: IEC 61851-1:2017 Table A.8 as the Fluke FEV300 manual (p. 11-12) gives it: below 8 %
    /// none (4.5-5.5 % asks for digital communication), 8-10 % 6 A, to 85 % 0.6 A per percent, to
    /// 96 % (duty - 64) x 2.5 A, to 97 % 80 A, above none.
    package var offered: Double? {
        guard case .pwm(let duty) = self else { return nil }
        return switch duty {
        case ..<8: nil
        case ..<10: 6
        case ...85: duty * 0.6
        case ...96: (duty - 64) * 2.5
        case ...97: 80
        default: nil
        }
    }
}

/// The vehicle's side of the pilot: resistors behind a diode.
package enum PilotLoad: Hashable, Sendable {
    case absent
    /// R2 alone.
    case connected
    /// R2 and R3 in parallel, S2 closed.
    case ready
    /// The same with the resistor that asks for ventilation.
    case readyWithVentilation

    /// Values of IEC 61851-1 Annex A that vehicles are built with: 2.74 kΩ, 1.3 kΩ, 270 Ω.
    var resistance: Double? {
        switch self {
        case .absent: nil
        case .connected: 2740
        case .ready: 2740 * 1300 / (2740 + 1300.0)
        case .readyWithVentilation: 2740 * 270 / (2740 + 270.0)
        }
    }
}

/// The pilot's two peaks at the station: ±12 V behind 1 kΩ, the vehicle's load against earth.
package struct PilotCircuit: Hashable, Sendable {
    static let source = 12.0
    static let seriesResistance = 1000.0
    static let diodeDrop = 0.7

    package var high = 12.0
    package var low = 12.0

    /// Peaks in volts, without noise.
    package init(
        signal: PilotSignal, load: PilotLoad, diodeShorted: Bool = false,
        shortedToEarth: Bool = false
    ) {
        guard !shortedToEarth, signal != .none else {
            (high, low) = (0, 0)
            return
        }
        let positive: Double
        let negative: Double
        if let resistance = load.resistance {
            let share = resistance / (resistance + Self.seriesResistance)
            let drop = diodeShorted ? 0 : Self.diodeDrop
            positive = drop + (Self.source - drop) * share
            negative = diodeShorted ? -Self.source * share : -Self.source
        } else {
            (positive, negative) = (Self.source, -Self.source)
        }
        switch signal {
        case .unavailable: (high, low) = (negative, negative)
        case .steady: (high, low) = (positive, positive)
        case .pwm, .none: (high, low) = (positive, negative)
        }
    }

    /// The state by its nominal level; the plant's own word for events and state.
    package var state: PilotState {
        if high < -6 { return .f }
        return switch high {
        case 10.5...: .a
        case 7.5...: .b
        case 4.5...: .c
        case 1.5...: .d
        default: .e
        }
    }
}
