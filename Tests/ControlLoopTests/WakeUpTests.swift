import ControlLoop
import EVSEModel
import Testing

/// Vehicles without a session that could have energy, and sessions that are begun anew.
@Suite struct DCWakeUpTests {
    /// The station takes the energy away, and the vehicle sleeps once its session has ended.
    private func asleep() -> DCWorld {
        var world = DCWorld.charging()
        world.vehicles[0].staysAt = .ended
        world.grant(limit: .zero)
        #expect(world.finish() != nil)
        #expect(world.wait(atMost: .seconds(5)) { $0.vehicles[0].stage == .ended } != nil)
        return world
    }
    private var pilot: (DCWorld) -> PilotMode { { $0.image.outputs.connectors[0].pilot } }

    @Test func `energy that is back wakes a vehicle: B1 for 3 s, one wish, then 5 %`() {
        var world = asleep()
        world.run(for: .seconds(120))
        #expect(world.exchange.vehicleCommand.wakeUps == 0, "there is nothing to wake up for")
        world.grant()
        let begun = world.wait(atMost: .seconds(20)) { pilot($0) == .steady }
        #expect((begun ?? .zero) >= DCWorld.dc.wakeUpDelay)
        #expect(world.exchange.vehicleCommand.wakeUps == 1)
        #expect(world.exchange.vehicleCommand.isAvailable)
        let lasted = world.wait(atMost: .seconds(20)) { pilot($0) == .pwm }
        #expect((lasted ?? .zero) >= DCWorld.dc.wakeUpSteady - Milliseconds(20))
        world.vehicles[0].staysAt = nil
        #expect(world.reach(.transfer) != nil)
        #expect(world.exchange.vehicleCommand.wakeUps == 1)
    }

    @Test func `attempts are bounded, and the last one shows state F`() {
        var world = asleep()
        world.grant()
        var sawStateF = false
        for _ in 0..<30_000 {
            world.advance()
            if pilot(world) == .unavailable {
                sawStateF = true
                #expect(world.exchange.vehicleCommand.wakeUps == 3)
            }
        }
        #expect(sawStateF)
        #expect(world.exchange.vehicleCommand.wakeUps == 3)
        #expect(pilot(world) == .pwm)
        #expect(!world.isClosed)
    }

    @Test func `a vehicle that has ended by itself is left alone`() {
        var world = DCWorld.charging()
        world.vehicles[0].isFull = true
        world.vehicles[0].staysAt = .ended
        #expect(world.finish() != nil)
        world.run(for: .seconds(120))
        #expect(world.exchange.vehicleCommand.wakeUps == 0)
        #expect(world.reason == .vehicle)
    }

    @Test
    func `a vehicle whose communication does not come about is woken after the set-up's time`() {
        var world = DCWorld()
        world.run(for: .seconds(1))
        world.vehicles[0].staysAt = VehicleStage.none
        world.vehicles[0].isPlugged = true
        world.grant()
        world.run(for: .seconds(50))
        #expect(world.exchange.vehicleCommand.wakeUps == 0)
        world.run(for: .seconds(20))
        #expect(world.exchange.vehicleCommand.wakeUps == 1)
        world.vehicles[0].staysAt = nil
        #expect(world.reach(.transfer) != nil)
    }

    @Test func `a board may do without waking up`() {
        var dc = DCWorld.dc
        dc.wakeUps = 0
        var world = DCWorld(dc: dc)
        world.run(for: .seconds(1))
        world.vehicles[0].staysAt = VehicleStage.none
        world.vehicles[0].isPlugged = true
        world.grant()
        world.run(for: .seconds(200))
        #expect(world.exchange.vehicleCommand.wakeUps == 0)
        #expect(pilot(world) == .pwm)
    }

    // MARK: Sessions begun anew

    private func loseLink(_ world: inout DCWorld) {
        world.vehicles[0].isSilent = true
        #expect(world.finish() != nil)
        #expect(world.reason == .communicationLost)
        #expect(world.image.status.allFaults.contains(.vehicleCommunication))
        world.vehicles[0].stage = .failed
        world.vehicles[0].isSilent = false
    }

    @Test func `after a lost link the vehicle may try again, as often as the board allows`() {
        var world = DCWorld.charging()
        for _ in 0..<DCWorld.dc.linkRetries {
            loseLink(&world)
            #expect(world.reach(.transfer, within: .seconds(120)) != nil)
            #expect(!world.image.status.allFaults.contains(.vehicleCommunication))
        }
        loseLink(&world)
        world.run(for: .seconds(60))
        #expect(world.phase == .blocked)
        world.vehicles[0].unplug()
        #expect(world.reach(.idle) != nil)
    }

    @Test func `a vehicle that goes back to its parameters negotiates, and is told no stop`() {
        var world = DCWorld.charging()
        let session = world.vehicles[0].session
        world.vehicles[0].isClosed = false
        world.vehicles[0].stage = .parameters
        var wasOpen = false
        let again = world.wait(atMost: .seconds(120)) { world in
            #expect(world.exchange.vehicleCommand.stop == .none)
            wasOpen = wasOpen || !world.isClosed
            return wasOpen && world.phase == .transfer
        }
        #expect(again != nil)
        #expect(wasOpen, "the cable is checked again")
        #expect(world.vehicles[0].session == session)
        #expect(world.exchange.status.transfers == 2)
    }

    @Test func `one that ends on its way back has ended`() {
        var world = DCWorld.charging()
        world.vehicles[0].isClosed = false
        world.vehicles[0].stage = .parameters
        world.advance()
        world.run(for: Milliseconds(100))
        world.vehicles[0].staysAt = .ended
        world.vehicles[0].stage = .ended
        #expect(world.finish() != nil)
        world.run(for: .seconds(1))
        #expect(world.phase == .finished)
        #expect(world.reason == .vehicle)
    }
}
