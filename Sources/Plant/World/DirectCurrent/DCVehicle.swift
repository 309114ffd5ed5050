package import EVSEModel

/// A vehicle that charges with direct current: a battery behind contactors of its own, and a session that
/// walks the steps that DIN SPEC 70121, ISO 15118 and CHAdeMO have in common.
///
/// A wire's simulator hands it what the station says (``told``) and asks what it answers (``says(at:)``); it
/// acts on that as a vehicle does, after its own time and only when its voltage agrees.
package struct DCVehicle: Hashable, Sendable {
    package internal(set) var model: DCVehicleModel
    /// What it was told last.
    package var told = VehicleCommand()
    package internal(set) var stage = VehicleStage.none
    package internal(set) var stateOfCharge: Double
    /// Wh from empty to full.
    package let capacity: Double
    package let identifier: String
    /// How many times faster than real its battery fills.
    let speed: Double
    /// Zero-based.
    package internal(set) var connector: UInt8
    /// Counts the EVSE's sessions.
    package internal(set) var session: UInt32
    /// At its inlet, V, and into its battery, A.
    package internal(set) var voltage = 0.0
    package internal(set) var current = 0.0
    /// Its own contactors are closed.
    package internal(set) var isContactorClosed = false
    /// It asks for energy on the pilot (state C).
    package internal(set) var isS2Closed = false
    /// What it asks for now, A and V.
    package internal(set) var targetCurrent = 0.0
    package internal(set) var targetVoltage = 0.0
    package internal(set) var hasError = false
    /// Volts between battery and inlet as its contactors closed last; the most amperes that it opened under.
    package internal(set) var closedAtDifference = 0.0
    package internal(set) var openedUnderCurrent = 0.0
    /// Faults of the device through which it speaks.
    var faults = DeviceFaults()

    // What the world lets it see
    /// The pilot asks for digital communication, and is still there.
    var hasDigitalPilot = false
    var isReady = true
    /// What the rig wishes.
    var wantsStop = false
    var wantsPause = false

    /// Since it came to its stage, s; since it was plugged in.
    var stageFor = 0.0
    var pluggedFor = 0.0
    /// Since what it waits for became true.
    var readyFor = 0.0
    var contactorFor = 0.0
    var wantsContactor = false
    /// It brings its current down to leave the transfer.
    var isWinding = false
    var wakeUps: UInt32 = 0

    package init(
        _ model: VehicleModel, connector: UInt8 = 0, session: UInt32 = 0
    ) {
        self.model = model.directCurrent
        stateOfCharge = min(max(model.stateOfCharge, 0), 1)
        capacity = max(1, model.batteryWattHours)
        identifier = model.identifier
        speed = model.speed
        self.connector = connector
        self.session = session
        isReady = model.isReady
    }

    /// Frozen by its behaviour.
    var isStuck: Bool { model.behaviour == .stuck }
    /// Nothing is heard of it.
    package var isSilent: Bool { model.behaviour == .disappears || faults.has(.vehicleLost) }
    var isFull: Bool {
        stateOfCharge >= model.fullStateOfCharge
            || model.stopsAtBulk && stateOfCharge >= model.bulkStateOfCharge
    }
    private var pace: Double { model.behaviour == .slow ? 4 : 1 }

    /// Advances by one step, after the circuit was solved.
    mutating func step(_ seconds: Double, voltage: Double, current: Double) {
        self.voltage = voltage
        self.current = current
        fill(seconds)
        pluggedFor += seconds
        stageFor += seconds / pace
        moveContactors(seconds)
        hasError = hasError || faults.has(.vehicleError)
        if wakeUps != told.wakeUps {
            wakeUps = told.wakeUps
            if stage == .paused || stage == .ended || stage == .failed { wakeUp() }
        }
        // A module that starts anew has forgotten the session.
        if isSilent || faults.has(.restart) { return loseLink() }
        protect()
        if isStuck { return }
        walk(seconds)
    }

    /// What it does whatever its session does: the pilot and the station's emergency open it.
    private mutating func protect() {
        guard stage >= .cableCheck, stage <= .transfer else { return }
        if !hasDigitalPilot {
            openAtOnce()
            go(to: .failed)
        } else if told.stop == .emergency, model.behaviour != .keepsAsking {
            openAtOnce()
            go(to: .weldingDetection)
        }
    }

    private mutating func loseLink() {
        guard stage.isInSession || stage == .linking else { return }
        // The station knows nothing of it; what the vehicle does is its own: it stops too. One that
        // disappears by its behaviour leaves its contactors to the pilot.
        if model.behaviour == .disappears, hasDigitalPilot { return }
        openAtOnce()
        go(to: .failed)
    }

    private mutating func openAtOnce() {
        wantsContactor = false
        isS2Closed = false
        targetCurrent = 0
        isWinding = false
    }

    mutating func go(to next: VehicleStage) {
        guard stage != next else { return }
        stage = next
        stageFor = 0
        readyFor = 0
    }

    /// It comes back after a pause, or tries anew.
    mutating func wakeUp() {
        guard !isContactorClosed else { return }
        wantsStop = false
        wantsPause = false
        hasError = false
        isS2Closed = false
        isWinding = false
        go(to: .none)
    }

    private mutating func moveContactors(_ seconds: Double) {
        guard wantsContactor != isContactorClosed else {
            contactorFor = 0
            return
        }
        contactorFor += seconds
        guard contactorFor >= model.contactorTime else { return }
        if wantsContactor {
            closedAtDifference = voltage - openVoltage
        } else {
            openedUnderCurrent = max(openedUnderCurrent, abs(current))
        }
        isContactorClosed = wantsContactor
        contactorFor = 0
    }
}
