import JSON

/// A unit that cools: its pump and what the pump moves, its fan.
package struct CoolerWorld: Hashable, Sendable {
    package let plan: PlantPlan.Cooler
    /// The pump's relay is on, and the fan's.
    package private(set) var isPumpOn = false
    package private(set) var isFanOn = false
    package private(set) var isFlowing = false
    package private(set) var isTurning = false
    package private(set) var hasEnough = true
    package private(set) var hasPressure = false
    private var pumpedFor = 0.0
    private var blownFor = 0.0

    /// Chosen: a pump fills its hoses, and a fan comes up to speed, within a second.
    private static let inertia = 1.0

    init(_ plan: PlantPlan.Cooler) { self.plan = plan }

    mutating func step(_ seconds: Double, pump: Bool, fan: Bool, faults: DeviceFaults) {
        (isPumpOn, isFanOn) = (pump, fan)
        hasEnough = !faults.has(.coolantLow)
        let moves = pump && hasEnough && !faults.has(.pumpFailed)
        pumpedFor = moves ? min(pumpedFor + seconds, 10) : 0
        let isUp = pumpedFor >= Self.inertia
        isFlowing = isUp && !faults.has(.flowBlocked)
        hasPressure = isFlowing
        blownFor = fan && !faults.has(.fanStuck) ? min(blownFor + seconds, 10) : 0
        isTurning = blownFor >= Self.inertia
    }

    var described: JSONObject {
        [
            "device": .string(plan.device), "pump": .bool(isPumpOn), "flow": .bool(isFlowing),
            "level": .bool(hasEnough), "fan": .bool(isFanOn), "turning": .bool(isTurning),
        ]
    }
}

extension PlantWorld {
    /// Units and sensors of an EVSE.
    func describeCooling(ofEVSE number: Int) -> (units: JSONValue, temperatures: JSONValue) {
        var (units, temperatures) = ([JSONValue](), [JSONValue]())
        for cooler in coolers where cooler.plan.evse == number {
            units.append(.object(cooler.described))
        }
        for (index, sensor) in plan.directCurrent.coolingSensors.enumerated()
        where sensor.evse == number {
            temperatures.append([
                "device": .string(sensor.sensor.device),
                "celsius": JSONValue(rounded: coolingSensors[index].celsius, digits: 1),
            ])
        }
        return (.array(units), .array(temperatures))
    }

    /// Pumps and fans by their relays, what they show, and what they cool.
    mutating func stepCooling<Chip: ChipTerminals>(
        _ seconds: Double, _ outputs: OutputSignals<Chip>
    ) {
        for index in coolers.indices {
            let plan = coolers[index].plan
            let faults = troubles(of: plan.device)
            coolers[index].step(
                seconds, pump: mains.isUp && isDriven(plan.pump, outputs),
                fan: mains.isUp && isDriven(plan.fan, outputs), faults: faults)
            let cooler = coolers.span[index]
            show(plan.flow, cooler.isFlowing, outputs)
            show(plan.pressure, cooler.hasPressure, outputs)
            show(plan.level, cooler.hasEnough, outputs)
            show(plan.turning, cooler.isTurning, outputs)
            if let meter = plan.meter {
                // Half as much again as is needed.
                let level = meter.atZero + meter.perUnit * (cooler.isFlowing ? 1.5 : 0)
                outputs.chip.setMicrovolts(meter.number, Int32(max(-2e9, min(2e9, level))))
            }
            guard plan.pump != nil else { continue }
            for place in evses.indices where evses[place].plan.number == plan.evse {
                for inner in evses[place].connectors.indices {
                    evses[place].connectors[inner].isCooled = cooler.isFlowing
                }
            }
        }
        for index in coolingSensors.indices { stepCoolingSensor(index, seconds, outputs) }
    }

    /// Chosen: coolant and air follow the output's current as a contact does, by the same 30 K at 500 A, and
    /// air that nothing moves by six times as much.
    private mutating func stepCoolingSensor<Chip: ChipTerminals>(
        _ index: Int, _ seconds: Double, _ outputs: OutputSignals<Chip>
    ) {
        let plan = self.plan.directCurrent.coolingSensors[index]
        let faults = troubles(of: plan.sensor.device)
        let current = circuit(evse: plan.evse)?.current ?? 0
        var (isMoved, hasFan) = (false, false)
        for place in coolers.indices where coolers[place].plan.evse == plan.evse {
            let cooler = coolers.span[place]
            hasFan = hasFan || cooler.plan.fan != nil
            isMoved = isMoved || (plan.isInCoolant ? cooler.isFlowing : cooler.isTurning)
        }
        // Liquid that stands still takes no heat to where its sensor is.
        coolingSensors[index].step(
            seconds, current: plan.isInCoolant && !isMoved ? 0 : current, ambient: ambient,
            isCooled: plan.isInCoolant || isMoved || !hasFan,
            faults: faults)
        let (channel, level) = coolingSensors[index].converter(faults)
        outputs.chip.setMicrovolts(channel, Int32(max(-2e9, min(2e9, level.rounded()))))
    }

    private func troubles(of device: String) -> DeviceFaults {
        faultsByDevice.isEmpty ? DeviceFaults() : faultsByDevice[device] ?? DeviceFaults()
    }

    private func isDriven<Chip: ChipTerminals>(
        _ line: PlantPlan.Line?, _ outputs: OutputSignals<Chip>
    ) -> Bool {
        guard let line else { return false }
        guard let terminal = line.terminal else { return outputs.isOn(line) }
        return isOutputOn(terminal) != line.activeLow
    }

    private mutating func show<Chip: ChipTerminals>(
        _ line: PlantPlan.Line?, _ signal: Bool, _ outputs: OutputSignals<Chip>
    ) {
        guard let line else { return }
        guard let terminal = line.terminal else { return outputs.set(line, signal) }
        setInput(terminal, signal != line.activeLow)
    }
}
