import ControlLoop
import EVSEModel
import Testing

/// The way back: one test a cause, and what every end has in common.
@Suite struct DCAbortTests {
    /// Runs until the session is over, and looks at how it ended.
    private func end(
        _ world: inout DCWorld, _ reason: DCStopReason, fault: Fault? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(world.finish() != nil, sourceLocation: sourceLocation)
        #expect(world.reason == reason, sourceLocation: sourceLocation)
        #expect(!world.isClosed, sourceLocation: sourceLocation)
        #expect(!world.exchange.order.isOn, sourceLocation: sourceLocation)
        #expect(world.bus < 60, sourceLocation: sourceLocation)
        if let fault {
            #expect(
                world.image.status.allFaults.contains(fault), sourceLocation: sourceLocation)
        }
    }

    // MARK: Orderly

    @Test func `a grant that ends brings the current down before the contactors open`() {
        var world = DCWorld.charging()
        world.image.targets.energyGranted = false
        world.advance()
        #expect(world.phase == .stopping)
        #expect(world.isClosed)
        #expect(world.exchange.vehicleCommand.stop == .normal)
        let opened = world.wait(atMost: .seconds(5)) { !$0.isClosed }
        #expect((opened ?? .zero) >= Milliseconds(900))
        #expect(world.current < 5)
        end(&world, .station)
        #expect(world.phase == .finished)
    }

    @Test func `a full vehicle ends in order`() {
        var world = DCWorld.charging()
        world.vehicles[0].isFull = true
        end(&world, .vehicle)
        #expect(world.image.outputs.connectors[0].pilot == .pwm)
    }

    @Test func `sources that are lost end it`() {
        var world = DCWorld.charging()
        world.sourcesAreReady = false
        end(&world, .powerSource)
    }

    @Test func `an insulation monitor that is silent ends it`() {
        var world = DCWorld.charging()
        world.monitorIsSilent = true
        end(&world, .insulation)
    }

    @Test func `sensors that disagree for 30 s end it`() {
        var world = DCWorld.charging()
        world.sensorError = 60
        world.run(for: .seconds(29))
        #expect(world.phase == .transfer)
        end(&world, .fault, fault: .voltageSensorsDisagree)
    }

    @Test func `a silent station: the safe current for the hold time, then the end`() {
        var world = DCWorld.charging()
        world.context.stationIsSilent = true
        world.run(for: .seconds(2))
        #expect(world.phase == .transfer)
        #expect(world.exchange.status.setCurrent == world.plan.safeLimit)
        #expect(world.image.status.limitCause == .stationSilent)
        world.run(for: .seconds(55))
        #expect(world.phase == .transfer)
        end(&world, .stationSilent)
    }

    @Test func `a stale meter and missed deadlines, too`() {
        var world = DCWorld.charging()
        world.context.missedInWindow = 20
        world.run(for: .seconds(1))
        #expect(world.image.status.limitCause == .missedDeadlines)
        end(&world, .fault, fault: .deadlineMissed)
        world = DCWorld.charging()
        world.meterIsSilent = true
        end(&world, .fault, fault: .meterLost)
    }

    @Test func `a current that does not fall in an orderly stop is cut`() {
        var world = DCWorld.charging()
        world.stuckCurrent = 20
        world.image.targets.energyGranted = false
        let opened = world.wait(atMost: .seconds(30)) { !$0.isClosed }
        // A second for the ramp, one for the grace, 50 ms for the sources.
        #expect((opened ?? .seconds(30)) <= Milliseconds(2200))
        #expect(world.image.status.faults.contains(.overCurrent))
        #expect(world.reason == .station, "the first cause is the one to keep")
    }

    // MARK: At once

    private func cut(
        _ reason: DCStopReason, fault: Fault? = nil, within: Milliseconds = Milliseconds(60),
        sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout DCWorld) -> Void
    ) {
        var world = DCWorld.charging()
        change(&world)
        let off = world.wait(atMost: within) { !$0.exchange.order.isOn }
        #expect(off != nil, "sources", sourceLocation: sourceLocation)
        let opened = world.wait(atMost: Milliseconds(70)) { !$0.isClosed }
        #expect(opened != nil || !world.isClosed, "contactors", sourceLocation: sourceLocation)
        end(&world, reason, fault: fault, sourceLocation: sourceLocation)
    }

    @Test func `emergency stop: sources off in the same cycle, open within 50 ms, state F`() {
        var world = DCWorld.charging()
        world.image.inputs.emergencyStopPressed = true
        world.advance()
        #expect(!world.exchange.order.isOn)
        #expect(world.exchange.order.stop == .emergency)
        #expect(world.exchange.vehicleCommand.stop == .emergency)
        #expect(world.image.outputs.connectors[0].pilot == .unavailable)
        let opened = world.wait(atMost: Milliseconds(60)) { !$0.isClosed }
        #expect(opened != nil)
        end(&world, .emergencyStop, fault: .emergencyStop)
        #expect(world.phase == .blocked)
        world.image.inputs.emergencyStopPressed = false
        world.run(for: .seconds(20))
        #expect(!world.phase.isEnergised, "releasing the button starts nothing")
    }

    @Test func `unplugged`() { cut(.unplugged) { $0.vehicles[0].unplug() } }
    @Test func `pilot shorted to earth`() { cut(.fault) { $0.forcedLevel = Volts(0) } }
    @Test func `pilot at a level that is no state`() {
        cut(.fault) { $0.forcedLevel = Volts(14) }
    }
    @Test func `a vehicle that goes to B under current`() {
        cut(.vehicle) { $0.forcedLevel = Volts(9) }
    }
    @Test func `a vehicle with an error of its own`() {
        cut(.vehicleError, within: Milliseconds(120)) { $0.vehicles[0].hasError = true }
    }
    @Test func `silence of the vehicle`() {
        cut(.communicationLost, fault: .vehicleCommunication, within: Milliseconds(620)) {
            $0.vehicles[0].isSilent = true
        }
    }
    @Test func `insulation that drops, after its grace`() {
        cut(.insulation, fault: .insulationFault, within: Milliseconds(1400)) {
            $0.resistance = Ohms(50_000)
        }
    }
    @Test func `a gap in the monitor's samples is no fault`() {
        var world = DCWorld.charging()
        world.monitorIsSilent = true
        world.run(for: .seconds(4))
        world.monitorIsSilent = false
        world.run(for: .seconds(10))
        #expect(world.phase == .transfer)
    }
    @Test func `above the vehicle's maximum for 400 ms`() {
        cut(.overVoltage, fault: .overVoltage, within: Milliseconds(450)) {
            $0.overshoot = 90  // 480 V where it stands 450
        }
    }
    @Test func `above the trip voltage at once`() {
        cut(.overVoltage, fault: .overVoltage, within: Milliseconds(30)) { $0.overshoot = 200 }
    }
    @Test func `more current than asked for`() {
        cut(.overCurrent, fault: .overCurrent, within: Milliseconds(1500)) { $0.generosity = 130 }
    }
    @Test func `a grip that is too hot`() {
        cut(.fault, fault: .connectorOverTemperature) { $0.temperature = Celsius(96) }
    }
    @Test func `an open enclosure, water, tilt, a lost supply`() {
        cut(.fault) { $0.image.inputs.enclosureOpen = true }
        cut(.fault) { $0.image.inputs.waterDetected = true }
        cut(.fault) { $0.image.inputs.tilted = true }
        cut(.fault) { $0.image.inputs.mainsPresent = false }
    }

    // MARK: Cable check

    private func failCheck(
        _ fault: Fault, reason: DCStopReason = .cableCheckFailed,
        sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout DCWorld) -> Void
    ) {
        var world = DCWorld()
        change(&world)
        world.plugAndGrant()
        #expect(world.reach(.cableCheck) != nil, sourceLocation: sourceLocation)
        #expect(world.finish() != nil, sourceLocation: sourceLocation)
        #expect(world.reason == reason, sourceLocation: sourceLocation)
        #expect(world.image.status.allFaults.contains(fault), sourceLocation: sourceLocation)
        #expect(world.exchange.status.transfers == 0, sourceLocation: sourceLocation)
        #expect(!world.isClosed, sourceLocation: sourceLocation)
        #expect(world.phase == .blocked, sourceLocation: sourceLocation)
        // The next vehicle has another chance.
        world.run(for: .seconds(1))
        world.vehicles[0].unplug()
        world.run(for: .seconds(3))
        if !FaultMasks.latched.contains(fault) {
            #expect(world.phase == .idle, sourceLocation: sourceLocation)
        }
    }

    @Test func `low insulation`() {
        failCheck(.insulationFault) { $0.resistance = Ohms(99_000) }
    }
    @Test func `100 kΩ are enough`() {
        var world = DCWorld()
        world.resistance = Ohms(100_000)
        world.plugAndGrant()
        #expect(world.reach(.transfer) != nil)
    }
    @Test func `a short`() { failCheck(.insulationFault) { $0.isShorted = true } }
    @Test func `a voltage that does not come`() {
        failCheck(.prechargeFailed) { $0.sourcesAreWeak = true }
    }
    @Test func `a monitor without samples`() {
        failCheck(.insulationMonitorLost) { $0.monitorIsSilent = true }
    }
    @Test func `a monitor that is faulty`() {
        failCheck(.insulationMonitorLost) { $0.monitorIsFaulty = true }
    }
    @Test func `a self-test that fails`() {
        failCheck(.insulationMonitorLost) { $0.selfTestFails = true }
    }
    @Test func `a contactor that does not close`() {
        failCheck(.contactorDidNotClose, reason: .fault) { $0.isStuckOpen = true }
    }
    @Test func `an output that keeps its voltage`() {
        var world = DCWorld()
        world.plugAndGrant()
        #expect(world.wait(atMost: .seconds(60)) { $0.bus > 400 } != nil)
        world.staysCharged = true
        #expect(world.wait(atMost: .seconds(60)) { !$0.phase.isEnergised } != nil)
        #expect(world.image.status.faults.contains(.outputNotDischarged))
        #expect(world.phase == .blocked)
    }

    @Test func `precharge that does not match within 7 s`() {
        var world = DCWorld()
        world.plugAndGrant()
        #expect(world.reach(.preCharge) != nil)
        world.sourcesAreWeak = true
        let ended = world.wait(atMost: .seconds(30)) { $0.phase != .preCharge }
        #expect((ended ?? .zero) >= .seconds(7) - Milliseconds(20))
        #expect((ended ?? .zero) <= .seconds(7) + Milliseconds(50))
        #expect(world.reason == .preChargeFailed)
        #expect(world.image.status.faults.contains(.prechargeFailed))
    }

    @Test func `a vehicle that breaks off in each phase is let go`() {
        for phase in [DCPhase.cableCheck, .preCharge, .transfer] {
            var world = DCWorld()
            world.plugAndGrant()
            #expect(world.reach(phase) != nil)
            world.vehicles[0].unplug()
            end(&world, .unplugged)
            world.run(for: .seconds(2))
            #expect(world.phase == .idle)
        }
    }

    @Test func `a grant that ends in the checks ends them`() {
        for phase in [DCPhase.cableCheck, .preCharge] {
            var world = DCWorld()
            world.plugAndGrant()
            #expect(world.reach(phase) != nil)
            world.image.targets.energyGranted = false
            end(&world, .station)
        }
    }

    // MARK: Contactors, locks

    @Test func `contactors that stay closed are latched as welded, over a restart too`() {
        var world = DCWorld.charging()
        world.isWelded = true
        world.vehicles[0].isFull = true
        #expect(world.finish() != nil)
        #expect(world.image.status.latched.contains(.contactorWelded))
        #expect(world.phase == .blocked)
        world.restart()
        world.run(for: .seconds(1))
        #expect(world.image.status.latched.contains(.contactorWelded))
        world.image.targets.clearRequests &+= 1
        world.run(for: .seconds(1))
        #expect(world.image.status.latched.contains(.contactorWelded), "still closed")
        world.isWelded = false
        world.run(for: .seconds(1))
        world.image.targets.clearRequests &+= 1
        world.run(for: .seconds(1))
        #expect(world.image.status.latched.isEmpty)
    }

    @Test func `a vehicle that keeps the outlet live is no weld of ours`() {
        var world = DCWorld.charging()
        world.vehicles[0].isStuckClosed = true
        world.image.targets.energyGranted = false
        #expect(world.finish() != nil)
        #expect(world.image.status.faults.contains(.outputNotDischarged))
        #expect(world.image.status.latched.isEmpty)
    }

    @Test func `contactors that open by themselves end the session`() {
        var world = DCWorld.charging()
        world.hasNoFeedback = true
        world.run(for: .seconds(1))
        #expect(world.phase != .transfer)
    }

    @Test func `the plug is locked before the contactors close and freed on a dead output only`() {
        var plan = DCWorld.plan
        plan.lockMask = 1
        var world = DCWorld(plan: plan)
        world.plugAndGrant()
        #expect(world.wait(atMost: .seconds(30)) { $0.isClosed } != nil)
        #expect(world.bolt == .engaged)
        #expect(world.reach(.transfer) != nil)
        world.image.targets.unlockRequests &+= 1
        world.run(for: .seconds(1))
        #expect(world.image.status.unlockAnswered == 1)
        #expect(!world.image.status.unlockSucceeded)
        #expect(world.bolt == .engaged)
        world.image.targets.energyGranted = false
        let freed = world.wait(atMost: .seconds(30)) { $0.bolt == .free }
        #expect(freed != nil)
        #expect(world.bus < 60)
    }

    @Test func `a plug that cannot be locked gets no voltage`() {
        var plan = DCWorld.plan
        plan.lockMask = 1
        var world = DCWorld(plan: plan)
        world.boltIsJammed = true
        world.plugAndGrant()
        let powered = world.wait(atMost: .seconds(30)) { $0.exchange.order.isOn || $0.isClosed }
        #expect(powered == nil)
        #expect(world.image.status.faults.contains(.lockFailedToLock))
    }

    @Test func `a bolt that slips cuts the output`() {
        var plan = DCWorld.plan
        plan.lockMask = 1
        var world = DCWorld.charging(plan: plan)
        world.boltIsForcedFree = true
        world.run(for: Milliseconds(150))
        #expect(!world.isClosed)
        #expect(world.image.status.faults.contains(.lockUnexpectedlyOpen))
    }

    // MARK: Restart

    @Test
    func `a loop that starts again in the midst tells the vehicle to end, and powers nothing`() {
        var world = DCWorld.charging()
        world.restart()
        world.run(for: Milliseconds(100))
        #expect(!world.isClosed)
        #expect(!world.exchange.order.isOn)
        world.run(for: .seconds(1))
        #expect(world.exchange.status.phase != .transfer)
    }
}

/// Two connectors on one EVSE.
@Suite struct DCConnectorTests {
    private func world() -> DCWorld {
        var plan = DCWorld.plan
        plan.connectors = 2
        var world = DCWorld(plan: plan)
        world.run(for: .seconds(1))
        return world
    }

    @Test func `the connector that is plugged first is served, the other waits`() {
        var world = world()
        world.vehicles[1].isPlugged = true
        world.grant()
        #expect(world.reach(.transfer) != nil)
        #expect(world.exchange.status.connector == 1)
        #expect(world.image.outputs.connectors[1].contactorClosed)
        world.vehicles[0].isPlugged = true
        world.run(for: .seconds(3))
        #expect(world.phase == .transfer)
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        #expect(!world.image.outputs.connectors[0].contactorClosed)
        #expect(world.image.status.connectors[0].isPlugged)
        #expect(!world.closed[0])
    }

    @Test func `the station may name the other one before anything has begun`() {
        var world = world()
        world.vehicles[0].isPlugged = true
        world.run(for: .seconds(1))
        world.vehicles[1].isPlugged = true
        world.run(for: .seconds(1))
        #expect(world.exchange.status.connector == 0)
        world.image.targets.connector = 1
        world.grant()
        #expect(world.reach(.transfer) != nil)
        #expect(world.exchange.status.connector == 1)
        world.image.targets.connector = 0
        world.run(for: .seconds(2))
        #expect(world.exchange.status.connector == 1, "not in the midst of a session")
        #expect(world.phase == .transfer)
    }

    @Test func `when the first leaves the other is served`() {
        var world = world()
        world.vehicles[0].isPlugged = true
        world.vehicles[1].isPlugged = true
        world.grant()
        #expect(world.reach(.transfer) != nil)
        world.vehicles[0].unplug()
        #expect(world.finish() != nil)
        world.run(for: .seconds(1))
        world.image.targets.connector = 1
        #expect(world.reach(.transfer) != nil)
        #expect(world.exchange.status.connector == 1)
    }
}
