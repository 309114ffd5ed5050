import DriverKit
import EVSEModel

/// One cyclic driver of the plan, whatever its type: what the loop calls through one table.
///
/// Made at start, where it allocates; a call is one dispatch and allocates nothing.
class DriverBox {
    let slot: Slot

    init(slot: Slot) { self.slot = slot }

    func read(_ lines: borrowing Lines, into inputs: inout EVSEInputs) {}
    func write(_ outputs: EVSEOutputs, to lines: inout Lines) {}

    /// Makes the driver that a slot of the plan names.
    ///
    /// - Throws: ``LoopError`` where this program lacks the plugin, or has another version of it.
    static func make(_ slot: DriverSlot, of plan: borrowing LoopPlan, from catalog: CyclicCatalog)
        throws(LoopError) -> DriverBox
    {
        let (device, name) = (slot.device.text, slot.plugin.text)
        guard let plugin = catalog.plugin(named: name) else {
            throw LoopError(
                .plan, at: device, "this loop program has no plugin \(name)",
                remedy: "Add the plugin to the program's LoopMain.main(plugins:).")
        }
        let evses = 0..<min(Int(plan.evseCount), StationBounds.evses)
        // A link names a group there, of which there are more than connectors.
        let places = plugin.roles.contains(.link) ? 8 : StationBounds.connectorsPerEVSE
        guard evses.contains(Int(slot.evse)), slot.connector < places else {
            throw LoopError(
                .plan, at: device, "it belongs to EVSE \(slot.evse + 1), which the plan has not",
                remedy: "Make the plan anew with `forecourt run BOARD`.")
        }
        let place = Slot(evse: Int(slot.evse), connector: Int(slot.connector))
        guard let box = make(plugin, slot, place) else {
            throw LoopError(
                .plan, at: device, "its plan was made for another version of \(name)",
                remedy: "Install forecourt and forecourt-loop of one build.")
        }
        return box
    }

    private static func make<Plugin: CyclicPlugin>(
        _ plugin: Plugin.Type, _ slot: DriverSlot, _ place: Slot
    ) -> DriverBox? {
        slot.plan(as: Plugin.Driver.Plan.self).map {
            TypedDriverBox(driver: Plugin.Driver(plan: $0), slot: place)
        }
    }
}

private final class TypedDriverBox<Driver: CyclicDriver>: DriverBox {
    private var driver: Driver

    init(driver: Driver, slot: Slot) {
        self.driver = driver
        super.init(slot: slot)
    }
    override func read(_ lines: borrowing Lines, into inputs: inout EVSEInputs) {
        driver.read(lines, at: slot, into: &inputs)
    }
    override func write(_ outputs: EVSEOutputs, to lines: inout Lines) {
        driver.write(outputs, at: slot, to: &lines)
    }
}
