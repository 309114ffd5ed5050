package import EVSEModel

/// Everything that answers on one CAN bus. Knows no socket.
package struct CANUnits: Sendable {
    private struct Unit {
        let device: String
        /// Place of its stage in the plant's.
        let stage: Int
        var firmware: any CANModule
        /// What it told when the fault `stuck` began.
        var frozen: ModuleSight?
    }
    private var units = [Unit]()
    package private(set) var requests = 0
    /// From a frame to its answer. Chosen: 1 ms, less than a frame's time at 125 kbit/s.
    static let turnaround: Int64 = 1_000_000

    package init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        for (place, source) in plan.directCurrent.sources.enumerated() where source.bus == bus.name
        {
            guard let type = Self.families[source.model] else { continue }
            units.append(
                Unit(
                    device: source.device, stage: place, firmware: type.init(unit: source.unit)))
        }
    }

    /// By the names that plans give them.
    private static let families: [String: any CANModule.Type] = [
        "infypower-v1.13": CANInfyPower.self, "infypower-beg": CANInfyPowerBEG.self,
        "uugreenpower": CANUUGreenPower.self, "winline": CANWinline.self,
        "dpm1000": CANDPM1000.self, "huawei-r100040gx": CANHuawei.self,
    ]
    package static var models: [String] { families.keys.sorted() }

    /// Devices on this bus.
    package var devices: [String] { units.map(\.device) }

    /// A frame that a controller sent.
    ///
    /// - Parameters:
    ///   - stages: the plant's; a module works the one of its source.
    ///   - faults: in force, by device.
    package mutating func receive(
        _ message: CANMessage, stages: inout [PowerStage], faults: [String: DeviceFaults],
        at now: Instant
    ) -> [CANTransmission] {
        var answers = [CANTransmission]()
        for index in units.indices {
            let place = units[index].stage
            guard stages.indices.contains(place), units[index].firmware.isMeant(message) else {
                continue
            }
            let mine = faults.isEmpty ? nil : faults[units[index].device]
            let troubles = mine ?? DeviceFaults()
            // Its controller lives on what its rectifier gives.
            guard stages[place].isSupplied, !troubles.has(.absent) else { continue }
            requests += 1
            let sight = sight(index, stages[place], troubles)
            stages[place].hear(at: now)
            let replies = units[index].firmware.answer(
                message, stage: &stages[place], seen: sight, at: now)
            // One that has lost its voice still hears.
            guard !troubles.has(.silent) else { continue }
            let late = Int64((troubles.value(.slow) ?? 0) * 1_000_000)
            for var reply in replies {
                if troubles.has(.garbled) { reply.data = reply.data.map { $0 ^ 0x5A } }
                if troubles.has(.truncated) { reply.data = Array(reply.data.prefix(4)) }
                let sent = CANTransmission(
                    message: reply, notBefore: now.nanoseconds + Self.turnaround + late)
                answers.append(sent)
                if troubles.has(.doubled) { answers.append(sent) }
            }
        }
        return answers
    }

    private mutating func sight(
        _ index: Int, _ stage: PowerStage, _ faults: DeviceFaults
    ) -> ModuleSight {
        let now = ModuleSight(stage, faults)
        guard faults.has(.stuck) else {
            units[index].frozen = nil
            return now
        }
        let then = units[index].frozen ?? now
        units[index].frozen = then
        var sight = now
        (sight.voltage, sight.current) = (then.voltage, then.current)
        return sight
    }
}
