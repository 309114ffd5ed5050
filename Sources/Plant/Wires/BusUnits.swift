import EVSEModel

/// A reply of a unit before it meets the wire.
package struct BusReply: Sendable {
    /// Unit, function, data.
    package var body: [UInt8]
    /// What the wire may do to it.
    package var faults: DeviceFaults
    var device: String
}

/// Everything that answers on one Modbus bus: meters, EVSE controllers, input/output cards,
/// insulation monitors, power modules and simple power cabinets.
/// Knows no framing.
package struct BusUnits: Sendable {
    private var meters: MeterUnits
    private var controllers: ControllerUnits
    private var cards: CardUnits
    private var modules: PowerModuleUnits
    private let cabinets: CabinetUnits
    private var monitors: InsulationUnits

    package init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        meters = MeterUnits(bus, plan: plan)
        controllers = ControllerUnits(bus, plan: plan)
        cards = CardUnits(bus, plan: plan)
        modules = PowerModuleUnits(bus, plan: plan)
        cabinets = CabinetUnits(bus, plan: plan)
        monitors = InsulationUnits(bus, plan: plan)
    }

    /// - Parameters:
    ///   - request: unit, function and data.
    ///   - now: when it was heard, nanoseconds by the wire's clock.
    /// - Returns: `nil` where nobody answers, the fault `silent` aside.
    package mutating func reply(
        to request: [UInt8], at now: Int64, world: inout PlantWorld
    ) -> BusReply? {
        let reply =
            meters.reply(to: request, at: now, world: &world)
            ?? controllers.reply(to: request, world: &world)
            ?? cards.reply(to: request, world: &world)
            ?? cabinets.reply(to: request, world: &world)
            ?? monitors.reply(to: request, world: &world)
        if let reply { return reply }
        let faults = world.faultsByDevice
        return modules.reply(
            to: request, stages: &world.dcStages, faults: faults, at: Instant(nanoseconds: now))
    }
}
