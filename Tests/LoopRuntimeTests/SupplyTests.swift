import DriverKit
import EVSEModel
import GPIOContactor
import GPIOInputs
import LoopRuntime
import SharedImage
import SimulatedChip
import Testing

/// What bounds the station as a whole, through the engine: samples and contacts in, offers out.
@Suite("Supply in the loop engine")
struct SupplyTests {
    /// Contact of the grid's operator, coil and mirror contact of L2 and L3: further lines.
    private static let dimming = LineID(UInt16(Wire.count))
    private static let phaseCoil = LineID(UInt16(Wire.count + 1))
    private static let phaseMirror = LineID(UInt16(Wire.count + 2))

    private func stepper(_ change: (inout LoopPlan) -> Void) throws -> Stepper {
        try Stepper { plan in
            for (line, kind) in [
                (Self.dimming, LineKind.digitalInput), (Self.phaseCoil, .digitalOutput),
                (Self.phaseMirror, .digitalInput),
            ] {
                plan.lines[Int(line.index)] = plan.lines[Int(Wire.mirror.index)]
                plan.lines[Int(line.index)].kind = kind
                plan.lines[Int(line.index)].offset = line.index
            }
            plan.lineCount = UInt16(Wire.count + 3)
            add(
                GPIOInputsPlugin.self, ["dimming": .lines([Self.dimming])], to: &plan)
            add(
                GPIOContactorPlugin.self,
                [
                    "coil-line": .lines([Self.phaseCoil]),
                    "feedback-line": .lines([Self.phaseMirror]),
                    "feedback-kind": .text("normally-open"), "switches": .text("l2-l3"),
                ], to: &plan)
            change(&plan)
            plan.feed.changes = plan.supply.changes
        }
    }
    private func add<Plugin: CyclicPlugin>(
        _ plugin: Plugin.Type, _ values: [String: ConfigurationValue], to plan: inout LoopPlan
    ) {
        let flat = Plugin.plan(
            Configuration(device: "more", values: values), period: Milliseconds(10))
        guard let name = FixedText(Plugin.name.text),
            let slot = DriverSlot(plugin: name, device: name, plan: flat)
        else { return }
        plan.slots[Int(plan.slotCount)] = slot
        plan.slotCount += 1
    }

    /// The mirror contact of L2 and L3 follows its coil; the house draws.
    private func run(_ stepper: Stepper, _ seconds: Double, house: Amperes? = nil) {
        for cycle in 0..<Int(seconds * 100) {
            stepper.chip.setSensed(
                Int(Self.phaseMirror.index),
                stepper.chip.driven(Int(Self.phaseCoil.index)) == 1 ? 1 : 0)
            if let house, cycle % 100 == 0 {
                var sample = MeterSample()
                sample.at = stepper.now
                sample.valid = .current
                sample.phases = 3
                sample.current = InlineArray(repeating: house)
                stepper.shared.publishHouse(sample)
            }
            stepper.step()
        }
    }

    @Test("the fallback holds without the house's meter, then what the breaker leaves")
    func house() throws {
        let stepper = try stepper { plan in
            plan.supply.house.isMeasured = true
            plan.supply.house.limit = Amperes(35)
            plan.supply.house.fallback = Amperes(8)
        }
        stepper.charge()
        #expect(stepper.evse.status.offered == Amperes(8))
        #expect(stepper.evse.status.limitCause == .houseLimit)
        #expect(stepper.engine.latest.supply.houseIsStale)
        run(stepper, 40, house: Amperes(20))
        #expect(stepper.evse.status.offered == Amperes(14))
        #expect(stepper.engine.latest.supply.allowed[0] == Amperes(14))
        run(stepper, 20, house: Amperes(24))
        #expect(stepper.evse.status.offered == Amperes(10))
        run(stepper, 10, house: Amperes(40))
        #expect(stepper.evse.status.phase == .idle)
        #expect(stepper.coil == 0)
        #expect(stepper.evse.status.limitCause == .houseLimit)
    }

    @Test("the dimming contact limits in the cycle that samples it, and says so")
    func dimming() throws {
        let stepper = try stepper { plan in
            plan.supply.dimming.isFitted = true
            plan.supply.dimming.bound.power = Watts(2300)
        }
        stepper.charge()
        #expect(stepper.evse.status.offered == Amperes(16))
        stepper.chip.setSensed(Int(Self.dimming.index), 1)
        run(stepper, 0.01)
        #expect(stepper.evse.status.limit == Amperes(10))
        #expect(stepper.evse.status.limitCause == .dimming)
        #expect(stepper.engine.latest.supply.isDimmed)
        stepper.chip.setSensed(Int(Self.dimming.index), 0)
        run(stepper, 9)
        #expect(stepper.evse.status.limitCause == .dimming)
        run(stepper, 2)
        #expect(stepper.evse.status.limit == Amperes(16))
    }

    @Test("an energy manager's limit holds for its time-out, then the fallback")
    func external() throws {
        let stepper = try stepper { plan in
            plan.supply.external.isServed = true
            plan.supply.external.timeout = .seconds(20)
            plan.supply.external.fallback.current = Amperes(7)
        }
        stepper.charge()
        #expect(stepper.evse.status.offered == Amperes(7))
        #expect(stepper.engine.latest.supply.externalIsSilent)
        var limit = ExternalLimit()
        limit.at = stepper.now
        limit.bound.current = Amperes(12)
        stepper.shared.publish(limit)
        run(stepper, 15)
        #expect(stepper.evse.status.offered == Amperes(12))
        #expect(stepper.evse.status.limitCause == .externalLimit)
        run(stepper, 15)
        #expect(stepper.evse.status.offered == Amperes(7))
        limit.at = stepper.now
        limit.bound.current = Amperes(5)
        stepper.shared.publish(limit)
        run(stepper, 1)
        #expect(stepper.evse.status.offered == .zero, "below the minimum nothing is offered")
    }

    private func phased(_ change: (inout LoopPlan) -> Void = { _ in }) throws -> Stepper {
        try stepper { plan in
            plan.evses[0].phases = 3
            plan.evses[0].hasPhaseContactor = true
            plan.evses[0].hasPhaseContactorFeedback = true
            change(&plan)
        }
    }
    private var isOnThree: (Stepper) -> Bool {
        { $0.chip.driven(Int(Self.phaseCoil.index)) == 1 }
    }

    @Test("one phase while charging: stopped, opened, switched, paused, offered again")
    func phases() throws {
        let stepper = try phased()
        stepper.station.evses[0].limit = Amperes(16)
        stepper.station.evses[0].energyGranted = true
        run(stepper, 11)
        stepper.world.plug()
        run(stepper, 3)
        stepper.world.level = 6
        run(stepper, 12)
        #expect(stepper.evse.status.phase == .energised && stepper.evse.status.phases == 3)
        #expect(isOnThree(stepper))
        stepper.station.evses[0].phases = 1
        run(stepper, 575)  // the interval after the first change, a second ago
        #expect(stepper.evse.status.limitCause == .phaseSwitch)
        stepper.world.level = 9  // the vehicle sees the pilot steady, and stops
        run(stepper, 1)
        #expect(!isOnThree(stepper) && stepper.coil == 0)
        #expect(stepper.evse.status.phases == 1 && stepper.evse.status.phaseChanges == 2)
        #expect(stepper.evse.status.offered == .zero)
        run(stepper, 8)
        #expect(stepper.evse.status.offered == .zero, "the pause")
        run(stepper, 3)
        #expect(stepper.evse.status.offered == Amperes(16))
        stepper.world.level = 6
        run(stepper, 5)
        #expect(stepper.evse.status.phase == .energised && !isOnThree(stepper))
    }

    @Test("where the supply leaves the minimum on one phase only, one is used")
    func automatic() throws {
        let stepper = try phased { plan in
            plan.supply.external.isServed = true
            plan.supply.external.timeout = .seconds(100_000)
            plan.evses[0].phaseInterval = .seconds(60)
        }
        var limit = ExternalLimit()
        limit.at = stepper.now
        limit.bound.power = Watts(2300)
        stepper.shared.publish(limit)
        stepper.station.evses[0].limit = Amperes(16)
        stepper.station.evses[0].energyGranted = true
        run(stepper, 1)
        stepper.world.plug()
        run(stepper, 58)
        #expect(stepper.evse.status.phases == 3 && stepper.evse.status.offered == .zero)
        run(stepper, 17)
        #expect(stepper.evse.status.phases == 1)
        stepper.world.level = 6
        run(stepper, 10)
        #expect(stepper.evse.status.offered == Amperes(10))
        #expect(stepper.evse.status.phase == .energised)
        limit.bound.power = Watts(9200)
        stepper.shared.publish(limit)
        run(stepper, 290)
        #expect(stepper.evse.status.phases == 1, "the dwell")
        run(stepper, 11)
        stepper.world.level = 9
        run(stepper, 12)
        #expect(stepper.evse.status.phases == 3)
        #expect(stepper.evse.status.offered == Amperes(milliamperes: 13_333))
    }

    @Test("a mirror contact of L2 and L3 that does not follow is latched")
    func welded() throws {
        let stepper = try phased()
        stepper.station.evses[0].phases = 1
        stepper.chip.setSensed(Int(Self.phaseMirror.index), 1)
        stepper.run(1)
        #expect(stepper.evse.status.latched.contains(.phaseContactorFault))
        #expect(stepper.evse.status.phase == .blocked)
    }
}
