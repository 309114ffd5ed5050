import EVSEModel
import Plant

/// Since when an EVSE's controller can be held to what it is told.
///
/// It owns pilot and contactor, so what they do follows the station by a bus, and is the station's
/// doing only where somebody tells it and it listens. The rule: whatever is judged by pilot or
/// contactor is judged with the controller's time to follow added, and not before that time has passed
/// since it last was disturbed. It is disturbed while it, its bus or its supply has a fault, while it
/// starts, and while no station or no loop runs.
struct ControllerTrust {
    private let device: String
    private let bus: String
    /// A lost line is noticed, what was told then holds: `max-age`, `response-time`, and the time that a
    /// vehicle has to end.
    let delay: Int64
    private var disturbedAt: Int64
    private var starts = 0

    /// - Returns: `nil` where the loop itself works pilot and contactor.
    init?(_ world: EVSEWorld, _ laws: EVSEPlan, at instant: Int64) {
        guard let device = world.controllerDevice, let bus = world.controllerBus else { return nil }
        self.device = device
        self.bus = bus
        let time = laws.controllerMaxAge + laws.controllerGrace + laws.stopTimeout
        delay = time.count * 1_000_000
        disturbedAt = instant
    }

    mutating func look(_ station: SimulatedStation) {
        let starts = station.world.evses.first { $0.controllerDevice == device }?.controllerStarts
        let isDisturbed =
            station.world.faultsByDevice[device]?.isEmpty == false
            || station.world.faultsByDevice[bus]?.isEmpty == false
            || !station.world.mains.isUp || station.process != .running || station.loop == nil
            || starts != self.starts
        self.starts = starts ?? 0
        if isDisturbed { disturbedAt = station.instant }
    }

    func holds(at instant: Int64) -> Bool { instant - disturbedAt > delay }
}

extension SimulatedStation {
    /// What pilot and contactor of an EVSE show is the station's doing.
    func isAnswerable(_ place: Int) -> Bool { trusts[place]?.holds(at: instant) ?? true }
    /// How much later than the station they follow, in nanoseconds.
    func delay(of place: Int) -> Int64 { trusts[place]?.delay ?? 0 }
}
