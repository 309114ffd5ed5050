import EVSEModel

/// A vehicle at a DC connector, as its messages and its pilot show it.
struct DCTestVehicle {
    var isPlugged = false
    var stage = VehicleStage.none
    var session: UInt32 = 0
    /// Its own contactors.
    var isClosed = false
    var battery = 380.0
    var maximumVoltage: Volts? = Volts(450)
    var maximumCurrent: Amperes? = Amperes(300)
    var maximumPower: Watts?
    var wishes = Amperes(200)
    /// It asks for more than it is told.
    var isGreedy = false
    /// Nothing is heard of it.
    var isSilent = false
    var hasError = false
    /// It ends the session by itself.
    var isFull = false
    /// It waits in this stage and goes no further.
    var staysAt: VehicleStage?
    /// It keeps its contactors closed whatever it is told.
    var isStuckClosed = false
    /// Pilot before it is in C.
    private var asks = false
    private var target = Amperes.zero
    private var nextAt = Instant.zero

    var level: Volts { !isPlugged ? Volts(12) : asks ? Volts(6) : Volts(9) }

    mutating func unplug() {
        self = DCTestVehicle()
    }

    func sample(connector: Int, at: Instant) -> VehicleSample {
        var sample = VehicleSample()
        sample.at = at
        sample.connector = UInt8(connector)
        sample.stage = isPlugged ? stage : .none
        sample.session = session
        sample.targetVoltage = stage == .transfer ? maximumVoltage ?? Volts(500) : targetVoltage
        sample.targetCurrent = stage == .transfer ? target : .zero
        sample.maximumVoltage = maximumVoltage
        sample.maximumCurrent = maximumCurrent
        sample.maximumPower = maximumPower
        sample.hasError = hasError
        return sample
    }

    private var targetVoltage: Volts {
        stage == .preCharge ? Volts(raw: Int32(battery * 1000)) : .zero
    }

    /// One cycle: its hardware follows the pilot at once, its messages go every 100 ms.
    mutating func react(
        pilot: PilotMode, told: VehicleCommand, present: Double, sessions: inout UInt32,
        at: Instant
    ) {
        guard isPlugged else { return }
        if pilot == .unavailable, stage.isInSession {
            stage = .failed
            end()
        }
        guard at >= nextAt else { return }
        nextAt = at + Milliseconds(100)
        guard stage != staysAt else { return }
        if told.stop == .emergency, stage.isInSession {
            stage = .stopping
            end()
            return
        }
        proceed(pilot: pilot, told: told, present: present, sessions: &sessions)
    }

    private mutating func end() {
        asks = false
        if !isStuckClosed { isClosed = false }
        target = .zero
    }

    private mutating func proceed(
        pilot: PilotMode, told: VehicleCommand, present: Double, sessions: inout UInt32
    ) {
        let mustEnd = told.stop != .none || isFull
        switch stage {
        case .none, .ended, .failed, .paused:
            if pilot == .pwm, told.isAvailable, told.stop == .none, !isFull { stage = .linking }
        case .linking:
            sessions += 1
            session = sessions
            stage = .authorization
        case .authorization:
            if told.isAuthorized { stage = .parameters }
        case .parameters:
            asks = true
            stage = .cableCheck
        case .cableCheck:
            if mustEnd { stage = .stopping } else if told.isCableChecked { stage = .preCharge }
        case .preCharge:
            if mustEnd {
                stage = .stopping
            } else if told.isPrecharged, abs(present - battery) <= 20 {
                isClosed = true
                stage = .transfer
            }
        case .transfer:
            target = isGreedy ? wishes : min(wishes, told.maximumCurrent)
            if mustEnd { stage = .stopping }
        case .stopping:
            if told.presentCurrent < Amperes(5) {
                end()
                stage = .weldingDetection
            }
        case .weldingDetection: stage = .ended
        }
    }
}
