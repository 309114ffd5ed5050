/// Everything that answers on one Modbus bus: meters and EVSE controllers. Knows no framing.
struct BusUnits: Sendable {
    private var meters: MeterUnits
    private var controllers: ControllerUnits

    init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        meters = MeterUnits(bus, plan: plan)
        controllers = ControllerUnits(bus, plan: plan)
    }

    /// - Parameter request: unit, function and data.
    /// - Returns: `nil` where nobody answers, the fault `silent` aside.
    mutating func reply(to request: [UInt8], world: inout PlantWorld) -> MeterUnits.Reply? {
        meters.reply(to: request, world: &world)
            ?? controllers.reply(to: request, world: &world)
    }
}
