import EVSEModel
import Plant
import Testing

/// Between wires and physics: what a vehicle module hears and passes on, what a monitor has at its terminals.
@Suite struct DCDevicesTests {
    private func plan() -> PlantPlan {
        var plan = DCStation.plan()
        plan.buses = [.init(name: "secc-1", baud: 115_200)]
        plan.directCurrent.vehicleLinks[0].connectors = 2
        plan.directCurrent.insulationMonitors = [
            .init(device: "imd-1", bus: "imd", unit: 3, model: "isocha425hv", evse: 1)
        ]
        plan.meters[0].model = "djsf1352-rn"
        return plan
    }

    /// As on the wire, little-endian.
    private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number($0 * 8)) }
    }

    /// A station's side of the line, by docs/vehicle-communication-protocol.md.
    private struct Station {
        var line: SECCLine
        var sequence: UInt16 = 0

        mutating func send(
            _ kind: UInt8, _ payload: [UInt8], _ plant: inout VirtualDCPlant
        ) -> [UInt8] {
            sequence += 1
            let packet =
                [kind] + DCDevicesTests.bytes(sequence) + DCDevicesTests.bytes(UInt32(7)) + payload
            let now = plant.world.now
            line.receive(SafetyCode.frame(packet), at: now, world: &plant.world)
            let answer = line.transmissions(at: now, world: &plant.world).flatMap(\.bytes)
            let encoded = answer.split(separator: 0).first.map(Array.init) ?? []
            return SafetyCode.packet(encoded, longest: 139) ?? []
        }

        mutating func shakeHands(_ plant: inout VirtualDCPlant) {
            let identity = Array(send(1, [1, 0], &plant).dropFirst(7))
            guard identity.count >= 10 else { return }
            let settings =
                DCDevicesTests.bytes(UInt16(1000)) + DCDevicesTests.bytes(UInt16(1)) + [2]
            let text = [UInt8](repeating: 0x30, count: 38)
            _ = send(2, [1, 0] + identity[2..<10] + settings + text, &plant)
        }

        /// - Parameter facts: available 1, authorised 2, cable check 4 …
        mutating func command(
            facts: UInt16, connector: UInt8 = 0, stop: UInt8 = 0x55, _ plant: inout VirtualDCPlant
        ) -> [UInt8] {
            var payload = [stop, connector] + DCDevicesTests.bytes(facts)
            for number in [10_000, 1500, 5000, 0] {
                payload += DCDevicesTests.bytes(UInt16(number))
            }
            payload += DCDevicesTests.bytes(UInt32(150_000))
            payload += [UInt8](repeating: 0, count: 8)
            return send(3, payload, &plant)
        }
    }

    @Test("what the station says on the line is what the vehicle is told; its stage comes back")
    func line() throws {
        let plan = plan()
        var plant = VirtualDCPlant(plan)
        var station = Station(line: SECCLine(plan.buses[0], module: 0, plan: plan))
        station.shakeHands(&plant)
        try plant.world.plug(evse: 1, connector: 2, VehicleModel())
        var report = [UInt8]()
        for _ in 1...200 {
            report = station.command(facts: 3, connector: 1, &plant)
            plant.run(0.05)
        }
        let vehicle = try #require(plant.world.evses[0].connectors[1].vehicle?.direct)
        #expect(vehicle.told.isAuthorized && vehicle.told.connector == 1)
        #expect(vehicle.told.maximumPower == Watts(150_000))
        #expect(vehicle.stage == .cableCheck)
        #expect(report.count > 18 && report[11] == VehicleStage.cableCheck.rawValue)
        #expect(report[13] == 1)
        // Silence: the module ends the vehicle's session by itself, at the same connector.
        plant.run(1.5)
        let told = try #require(plant.world.evses[0].connectors[1].vehicle?.direct?.told)
        #expect(told.stop == .emergency)
        #expect(plant.world.vehicleModules[0].told.connector == 1)
    }

    @Test("a module that starts anew has lost the vehicle's session")
    func restart() throws {
        let plan = plan()
        var plant = VirtualDCPlant(plan)
        try plant.charge()
        #expect(plant.vehicle?.stage == .transfer)
        _ = try plant.world.raise(FaultRequest(device: "secc-1", fault: "restart"))
        plant.run(1)
        #expect(plant.vehicle?.stage == .failed)
        #expect(plant.vehicle?.isContactorClosed == false)
        #expect(plant.world.vehicleModules[0].boots == 2)
    }

    @Test("without a station on its line a module passes nothing on")
    func unspoken() throws {
        var plant = VirtualDCPlant(plan())
        plant.tell { $0.isAvailable = true }
        plant.run(1)
        #expect(plant.world.evses[0].told.isAvailable)
        try plant.charge()
        #expect(plant.vehicle?.stage == .transfer)
        #expect(plant.world.vehicleModules[0].said?.stage == .transfer)
    }

    @Test("a monitor measures the output's insulation, both poles side by side, and its voltage")
    func monitor() throws {
        var plant = VirtualDCPlant(plan())
        plant.run(3)
        #expect(plant.world.insulationMonitors[0].state == .measuring)
        try plant.world.setInsulation(evse: 1, .positive, ohms: 50_000)
        try plant.charge(current: 50)
        plant.run(2)
        let terminals = plant.world.insulationMonitors[0].terminals
        #expect(terminals.positive == 50_000 && terminals.negative == 5_000_000)
        #expect(abs(terminals.voltage - plant.circuit.busVoltage) < 1)
        #expect(terminals.voltage > 300)
    }

    @Test("a meter of direct current counts what passed, and tells its sign by the power")
    func meter() throws {
        var plant = VirtualDCPlant(plan())
        plant.run(1)
        #expect(plant.world.meters[0].isPowered)
        try plant.charge(current: 100)
        plant.run(10)
        let meter = plant.world.meters[0]
        #expect(abs(meter.voltages[0] - plant.circuit.busVoltage) < 1)
        #expect(abs(meter.currents[0] - plant.circuit.current) < 1)
        #expect(abs(meter.totalPower - meter.voltages[0] * meter.currents[0]) < 1)
        #expect(meter.books.wattHours > 50)
        _ = try plant.world.raise(FaultRequest(device: "mains", fault: "outage"))
        plant.run(0.1)
        #expect(!plant.world.meters[0].isPowered)
    }
}
