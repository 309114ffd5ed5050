import ControlLoop
import EVSEModel
import Testing

extension DCWorld {
    /// A vehicle comes to the first connector, and the station grants it energy.
    mutating func plugAndGrant(limit: Amperes = Amperes(500)) {
        run(for: .seconds(1))
        vehicles[0].isPlugged = true
        grant(limit: limit)
    }
    mutating func grant(limit: Amperes = Amperes(500)) {
        image.targets.energyGranted = true
        image.targets.limit = limit
    }
    /// Time until the phase is reached; `nil` where it was not.
    mutating func reach(
        _ phase: DCPhase, within duration: Milliseconds = .seconds(60)
    ) -> Milliseconds? {
        wait(atMost: duration) { $0.exchange.status.phase == phase }
    }
    /// In transfer, with the current where the vehicle wants it.
    static func charging(
        plan: EVSEPlan = DCWorld.plan, dc: DCPlan = DCWorld.dc
    ) -> DCWorld {
        var world = DCWorld(plan: plan, dc: dc)
        world.plugAndGrant()
        #expect(world.reach(.transfer) != nil)
        world.run(for: .seconds(10))
        #expect(world.current > 190)
        return world
    }
    /// Runs to the end of the session.
    mutating func finish() -> Milliseconds? {
        wait(atMost: .seconds(90)) { !$0.exchange.status.phase.isEnergised }
    }
    var phase: DCPhase { exchange.status.phase }
    var reason: DCStopReason { exchange.status.stopReason }
    var isClosed: Bool { image.outputs.contactorClosed }
}

/// The way there: one test a transition.
@Suite struct DCSequenceTests {
    @Test func `a session goes through its phases in order`() {
        var world = DCWorld()
        var seen: [DCPhase] = [.idle]
        world.run(for: .seconds(1))
        world.vehicles[0].isPlugged = true
        world.grant()
        for _ in 0..<3000 {
            world.advance()
            if seen.last != world.phase { seen.append(world.phase) }
            if world.phase == .transfer, world.current > 199 { world.vehicles[0].isFull = true }
        }
        #expect(
            seen == [
                .idle, .plugged, .communicating, .authorizing, .cableCheck, .preCharge, .transfer,
                .stopping, .opening, .weldCheck, .finished,
            ]
                || seen.filter { $0 != .weldCheck && $0 != .plugged }
                    == [
                        .idle, .communicating, .authorizing, .cableCheck, .preCharge, .transfer,
                        .stopping, .opening, .finished,
                    ]
        )
        #expect(world.reason == .vehicle)
        #expect(world.exchange.status.transfers == 1)
        #expect(world.bus < 60)
        #expect(!world.isClosed)
        world.vehicles[0].unplug()
        #expect(world.reach(.idle) != nil)
    }

    @Test func `before the station was heard the pilot shows F and nothing is asked for`() {
        var world = DCWorld()
        world.context.stationIsSilent = true
        world.vehicles[0].isPlugged = true
        world.grant()
        world.run(for: .seconds(2))
        #expect(world.image.outputs.connectors[0].pilot == .unavailable)
        #expect(world.phase == .idle)
        #expect(!world.exchange.vehicleCommand.isAvailable)
    }

    // ISO 15118-3: 5 % asks for high-level communication.
    @Test func `a plugged vehicle sees 5 %, an empty connector a steady pilot`() {
        var world = DCWorld()
        world.run(for: .seconds(1))
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        world.vehicles[0].isPlugged = true
        world.run(for: .seconds(1))
        #expect(world.image.outputs.connectors[0].pilot == .pwm)
        #expect(world.image.outputs.connectors[0].duty == Percent(5))
    }

    @Test func `without a grant the vehicle waits, told that it is not authorised`() {
        var world = DCWorld()
        world.run(for: .seconds(1))
        world.vehicles[0].isPlugged = true
        world.run(for: .seconds(10))
        #expect(world.phase == .authorizing)
        #expect(!world.exchange.vehicleCommand.isAuthorized)
        #expect(!world.exchange.request.isWanted)
        world.grant()
        #expect(world.reach(.transfer) != nil)
    }

    @Test func `without ready sources the cable check does not begin, and they are asked for`() {
        var world = DCWorld()
        world.sourcesAreReady = false
        world.plugAndGrant()
        world.run(for: .seconds(5))
        #expect(world.phase == .authorizing)
        #expect(world.exchange.request.isWanted)
        #expect(world.exchange.order.purpose == .reserve)
        world.run(for: .seconds(10))
        #expect(world.image.status.faults.contains(.powerUnavailable))
        world.sourcesAreReady = true
        #expect(world.reach(.transfer) != nil)
        #expect(!world.image.status.faults.contains(.powerUnavailable))
    }

    @Test func `the cable check tests with the vehicle's voltage and 50 V more, at 2 A`() {
        var world = DCWorld()
        world.plugAndGrant()
        #expect(world.wait(atMost: .seconds(30)) { $0.exchange.order.isOn } != nil)
        #expect(world.phase == .cableCheck)
        #expect(world.exchange.order.voltage == Volts(500))
        #expect(world.exchange.order.current == Amperes(2))
        #expect(world.closed[0])
        #expect(world.exchange.insulationCommand.isMeasuring)
    }

    @Test func `after the cable check the output is empty before the vehicle is told`() {
        var world = DCWorld()
        world.plugAndGrant()
        #expect(
            world.wait(atMost: .seconds(60)) { $0.exchange.vehicleCommand.isCableChecked } != nil)
        #expect(world.bus < 60)
        #expect(world.exchange.vehicleCommand.insulation == .valid)
    }

    @Test func `precharge matches the vehicle's voltage with 2 A at most`() {
        var world = DCWorld()
        world.plugAndGrant()
        #expect(world.wait(atMost: .seconds(60)) { $0.exchange.vehicleCommand.isPrecharged } != nil)
        #expect(abs(world.bus - 380) <= 20)
        #expect(world.exchange.order.current == Amperes(2))
    }

    @Test func `the current rises with the ramp and stands where the vehicle wants it`() {
        var world = DCWorld()
        world.plugAndGrant()
        #expect(world.reach(.transfer) != nil)
        world.run(for: .seconds(2))
        let early = world.exchange.status.setCurrent
        #expect(early >= Amperes(42) && early <= Amperes(51))
        world.run(for: .seconds(10))
        #expect(world.exchange.status.setCurrent == Amperes(200))
        #expect(world.image.status.phase == .energised)
        world.vehicles[0].wishes = Amperes(20)
        world.run(for: Milliseconds(300))
        #expect(world.exchange.status.setCurrent == Amperes(20))
    }

    @Test func `a finished vehicle may begin again where it goes back to where it asks`() {
        var world = DCWorld.charging()
        world.vehicles[0].isFull = true
        #expect(world.reach(.finished) != nil)
        world.run(for: .seconds(3))
        #expect(world.phase == .finished)
        world.vehicles[0].isFull = false
        #expect(world.reach(.transfer) != nil)
        #expect(world.exchange.status.transfers == 2)
    }
}

/// Limits, each with its cause.
@Suite struct DCLimitTests {
    private func check(
        _ cause: LimitCause, _ limit: Amperes, _ change: (inout DCWorld) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var world = DCWorld.charging()
        change(&world)
        world.vehicles[0].wishes = Amperes(600)
        world.vehicles[0].isGreedy = true
        world.run(for: .seconds(25))
        #expect(world.image.status.limitCause == cause, sourceLocation: sourceLocation)
        let set = world.exchange.status.setCurrent
        #expect(set <= limit, sourceLocation: sourceLocation)
        #expect(set >= limit - Amperes(2), sourceLocation: sourceLocation)
    }

    @Test func `the vehicle's maximum`() {
        check(.vehicle, Amperes(300)) { _ in }
    }
    @Test func `the station's current`() {
        check(.stationLimit, Amperes(50)) { $0.image.targets.limit = Amperes(50) }
    }
    @Test func `the station's power, by the voltage that is measured`() {
        // 400 V at 100 A over 50 mΩ of cable.
        check(.stationLimit, Amperes(100)) {
            $0.vehicles[0].battery = 395
            $0.image.targets.powerLimit = Watts(40_000)
        }
    }
    @Test func `the sources`() {
        check(.powerSource, Amperes(120)) { $0.sourceMaximum = Amperes(120) }
    }
    @Test func `the feed's share, through the efficiency`() {
        // 3 × 230 V × 32 A × 95 % are 20.98 kW: 53.8 A at 390 V.
        check(.groupShare, Amperes(54)) {
            $0.vehicles[0].battery = 387
            $0.context.groupShare = Amperes(32)
        }
    }
    @Test func `the grip's temperature`() {
        // Half way from 70 to 90 °C: between 500 and 20 A.
        check(.temperature, Amperes(260)) { $0.temperature = Celsius(80) }
    }

    @Test func `a limit that falls is followed in the same cycle`() {
        var world = DCWorld.charging()
        world.image.targets.limit = Amperes(30)
        world.advance()
        #expect(world.exchange.status.setCurrent == Amperes(30))
        #expect(world.exchange.vehicleCommand.maximumCurrent == Amperes(30))
    }

    @Test func `the rating of the output bounds what the vehicle is told`() {
        var dc = DCWorld.dc
        dc.maximumCurrent = Amperes(100)
        dc.maximumPower = Watts(30_000)
        var world = DCWorld(dc: dc)
        world.plugAndGrant()
        #expect(world.reach(.transfer) != nil)
        world.run(for: .seconds(10))
        #expect(world.exchange.vehicleCommand.maximumPower == Watts(30_000))
        #expect(world.image.status.limitCause == .outputRating)
        #expect(world.exchange.status.setCurrent < Amperes(80))
    }

    @Test func `the demand on the feed is in amperes of its phases`() {
        let world = DCWorld.charging()
        // 200 A at 450 V are asked for at most: 90 kW, 137 A on each phase at 95 %.
        #expect(world.control.demand.wants)
        #expect(world.control.demand.offered > Amperes(130))
        #expect(world.control.demand.offered < Amperes(140))
        let own = world.control.ownReading(world.image.inputs.meter)
        #expect(own.current[0] > Amperes(110) && own.current[2] == own.current[0])
    }

    @Test func `a share of less than the least current ends the session`() {
        var world = DCWorld.charging()
        world.context.groupShare = .zero
        #expect(world.finish() != nil)
        #expect(world.reason == .station)
    }
}
