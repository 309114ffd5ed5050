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

    // Schedules
    /// Its communication device will offer schedules.
    var expectsSchedules = false
    /// The newest that it was offered.
    package internal(set) var offer: ScheduleOffer?
    /// What it made of one; of its session and that offer's number.
    package internal(set) var plan: VehiclePlan?
    /// Seconds since it told its plan.
    var plannedFor = 0.0
    /// It leaves the transfer to negotiate anew.
    var isRenegotiating = false
    /// What the rig wishes.
    var wantsRenegotiation = false

    // Without a session
    package internal(set) var isAsleep = false
    /// Without energy, s.
    var idleFor = 0.0
    /// The pilot was in state F since it last asked for digital communication.
    var sawStateF = false
    /// Its next session is its last one, resumed.
    var isResuming = false
    /// The station, or a lost link, has ended its session at once.
    var wasForced = false
    /// Sessions that it has tried anew by itself since it was plugged in.
    package internal(set) var retries = 0

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
        plannedFor += seconds
        moveContactors(seconds)
        hasError = hasError || faults.has(.vehicleError)
        // A count that runs backwards is a station that began anew, and no wish.
        let isWish = Int32(bitPattern: told.wakeUps &- wakeUps) > 0
        wakeUps = told.wakeUps
        if isWish, !isAsleep, stage >= .ended { wakeUp() }
        // A module that starts anew has forgotten the session.
        if isSilent || faults.has(.restart) { return loseLink() }
        protect()
        if isStuck { return }
        rest(seconds)
        if isAsleep { return }
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
            wasForced = true
            go(to: .weldingDetection)
        }
    }

    private mutating func loseLink() {
        // Whom the module does not know it cannot resume.
        if stage == .paused, faults.has(.restart) { go(to: .failed) }
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
