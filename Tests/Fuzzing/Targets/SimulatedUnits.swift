import EVSEModel
import Plant

/// Requests to simulated units of one Modbus line, in groups: a unit, a fault of it (from 0x80 on) or none
/// and the time that passes, a length, and so many bytes from the function on.
///
/// - Parameters:
///   - devices: names of the units, of which the first is at address 1.
///   - judge: looks at the world after each reply.
func fuzzUnits(
    _ input: [UInt8], _ plan: PlantPlan, devices: [String],
    judge: (PlantWorld) throws(FuzzFinding) -> Void = { _ in }
) throws(FuzzFinding) {
    var world = PlantWorld(plan, at: .zero)
    var units = BusUnits(plan.buses[0], plan: plan)
    var now = Instant.zero
    var rest = input[...]
    while let which = rest.popFirst(), let trouble = rest.popFirst(), let length = rest.popFirst() {
        let index = Int(which) % devices.count
        let unit = UInt8(index + 1)
        if trouble >= 0x80 {
            let kinds = FaultKind.allCases
            var fault = FaultRequest(
                device: devices[index], fault: kinds[Int(trouble) % kinds.count].rawValue)
            fault.milliseconds = 100
            _ = try? world.raise(fault)
        }
        now = now + Milliseconds(Int64(trouble) * 10)
        world.step(to: now, chip: RestingChip())
        let request = [unit] + rest.prefix(Int(length))
        rest = rest.dropFirst(Int(length))
        guard let reply = units.reply(to: request, at: now.nanoseconds, world: &world),
            !reply.body.isEmpty
        else { continue }
        try require(reply.body.count <= 254, "a reply of \(reply.body.count) bytes")
        try require(
            reply.body[0] == unit && reply.body[1] & 0x7F == request[1] & 0x7F,
            "a reply to something else")
        try judge(world)
    }
}
