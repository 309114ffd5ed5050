package import EVSEModel

/// An SECC module with the reference behaviour of docs/vehicle-communication-protocol.md: between the
/// station's line and whichever vehicle is plugged in.
///
/// The world's step gives it what the vehicle says and hands on what the vehicle is told; ``SECCLine`` is
/// its task at the station's line.
package struct VehicleModuleWorld: Sendable {
    /// What was agreed at the start of a session of the line.
    struct Session: Hashable, Sendable {
        var id: UInt32
        /// ns
        var silence: Int64
        var allowed: UInt16
        /// The newest sequence that it took.
        var sequence: UInt16
        var heardAt: Int64
    }
    package let plan: PlantPlan.VehicleLink
    /// Starts of its firmware so far.
    package private(set) var boots: UInt32 = 1
    private(set) var startedAt: Int64?
    var session: Session?
    /// Schedules that are offered to the vehicle; those of an offer that is not whole yet.
    package private(set) var offer: ScheduleOffer?
    private var partial: ScheduleOffer?
    /// The vehicle's plan as the world gave it, and since when it has been told.
    var planned: (plan: VehiclePlan, age: Double)?
    var challenge: UInt32 = 0
    var challengedAt: Int64?
    /// Rounds of the task that works the vehicle's protocol.
    private(set) var cycle: UInt16 = 0
    /// Bits of its own faults, as the protocol numbers them.
    private(set) var faults: UInt32 = 0
    /// What the vehicle says; `nil` where nobody ever said anything.
    package var said: VehicleSample?
    /// What it said when it began to be told as ever new.
    private var kept: VehicleSample?
    private var command = VehicleCommand()
    /// A station had a session of the line, ever: until then nothing is told.
    private var hasHeard = false
    private var muteUntil: Int64 = 0
    private var wasRestarted = false
    /// From its supply to the first answer. Chosen.
    private static let muteTime: Int64 = 500_000_000
    /// What it can: DIN 70121, ISO 15118-2 and -20, CHAdeMO, wake-up, renegotiation, schedules.
    static let abilities: UInt16 = 0b1_1100_1111
    static let schedulesAbility: UInt16 = 1 << 8
    /// The station offers schedules in this session of the line.
    var offersSchedules: Bool { (session?.allowed ?? 0) & Self.schedulesAbility != 0 }

    init(_ plan: PlantPlan.VehicleLink) { self.plan = plan }

    /// What the vehicle is told now. Without a station, or with its stack stopped: that it shall end at once.
    package var told: VehicleCommand {
        guard session == nil || faults != 0 else { return command }
        var none = Self.nothing(after: command)
        none.stop = .emergency
        return none
    }
    /// The same; `nil` where no station has spoken yet, as in virtual time, where no line is worked.
    var passesOn: VehicleCommand? { hasHeard ? told : nil }

    /// No command, to the same vehicle: another connector, or another count of wishes to wake up, would
    /// themselves be commands.
    private static func nothing(after command: VehicleCommand) -> VehicleCommand {
        var none = VehicleCommand()
        none.at = command.at
        none.connector = command.connector
        none.wakeUps = command.wakeUps
        return none
    }

    /// - Returns: what the station is told of the vehicle.
    func report(_ faults: DeviceFaults) -> VehicleSample? {
        faults.has(.stateStuck) ? kept : said
    }

    func answers(at now: Int64) -> Bool { now >= muteUntil }
    func uptime(at now: Int64) -> UInt32 {
        UInt32(truncatingIfNeeded: (now - (startedAt ?? now)) / 1_000_000)
    }

    mutating func step(now: Int64, faults: DeviceFaults) {
        if startedAt == nil { startedAt = now }
        if faults.has(.restart), !wasRestarted {
            boots += 1
            session = nil
            challengedAt = nil
            command = Self.nothing(after: command)
            cycle = 0
            offer = nil
            partial = nil
            startedAt = now
            muteUntil = now + Self.muteTime
        }
        wasRestarted = faults.has(.restart)
        self.faults = faults.has(.errorState) ? 1 << 1 : 0
        if faults.has(.stateStuck) {
            if kept == nil { kept = said }
            // Told as if it had just been heard.
            kept?.at = Instant(nanoseconds: now)
        } else {
            kept = nil
        }
        if let session, now - session.heardAt > session.silence { self.session = nil }
        cycle &+= 1
    }

    /// One frame of an offer; the whole of it is in force once its last one has come.
    mutating func take(
        session: UInt32, number: UInt16, count: Int, place: Int, _ schedule: VehicleSchedule?
    ) {
        if place == 0 {
            partial = ScheduleOffer(session: session, number: number, schedules: [])
        }
        guard partial?.session == session, partial?.number == number,
            partial?.schedules.count == place
        else { return }
        if let schedule { partial?.schedules.append(schedule) }
        if place + 1 >= count { offer = partial }
    }

    mutating func obey(_ command: VehicleCommand, sequence: UInt16, at now: Int64) {
        self.command = command
        hasHeard = true
        session?.sequence = sequence
        session?.heardAt = now
    }
}

extension PlantWorld {
    /// Gives a module what its vehicle says directly: for a bench of modules without outlets. Where its
    /// EVSE has an output of direct current, the world's step does.
    ///
    /// - Parameter said: `nil` where there is no vehicle.
    package mutating func feed(_ device: String, said: VehicleSample?) {
        guard let index = vehicleModules.firstIndex(where: { $0.plan.device == device }) else {
            return
        }
        vehicleModules[index].said = said
    }

    /// The same of a vehicle's plan, and how long ago it was told, s.
    package mutating func feed(_ device: String, plan: VehiclePlan, age: Double) {
        guard let index = vehicleModules.firstIndex(where: { $0.plan.device == device }) else {
            return
        }
        vehicleModules[index].planned = (plan, age)
    }
}
