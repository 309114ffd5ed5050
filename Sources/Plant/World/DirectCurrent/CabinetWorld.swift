import EVSEModel

/// A power cabinet of the plant, between what the rig does to it and its wire.
package struct CabinetWorld: Sendable {
    package let plan: PlantPlan.Cabinet
    /// What the rig does to it now.
    package private(set) var behaviour = CabinetBehaviour()
    /// The registers of a simple cabinet; others have a wire with a memory of its own.
    package internal(set) var simple: SimpleCabinet?
    /// What its wire heard, in the order of its outlets.
    package private(set) var channels: [CabinetChannel]

    init(_ plan: PlantPlan.Cabinet) {
        self.plan = plan
        channels = Array(repeating: CabinetChannel(), count: plan.stages.count)
        simple = plan.kind == .modbus ? SimpleCabinet(outlets: plan.stages.count) : nil
    }

    /// - Parameter stages: the world's.
    mutating func step(now: Int64, faults: DeviceFaults, stages: inout [PowerStage]) {
        if !faults.isEmpty || behaviour != CabinetBehaviour() {
            behaviour = CabinetBehaviour(faults)
        }
        guard var cabinet = simple else { return }
        var own = self.stages(of: stages)
        cabinet.behaviour = behaviour
        cabinet.step(at: now, stages: &own)
        simple = cabinet
        put(own, into: &stages)
        channels = cabinet.channels
    }

    /// What its wire heard, from now on.
    mutating func show(_ channels: [CabinetChannel]) { self.channels = channels }

    /// Its own among the world's stages, in the order of its outlets.
    func stages(of all: [PowerStage]) -> [PowerStage] {
        plan.stages.compactMap { all.indices.contains($0) ? all[$0] : nil }
    }
    func put(_ own: [PowerStage], into all: inout [PowerStage]) {
        let places = plan.stages.filter { all.indices.contains($0) }
        for (place, stage) in zip(places, own) { all[place] = stage }
    }
}

extension CabinetBehaviour {
    init(_ faults: DeviceFaults) {
        if faults.has(.cabinetUpgrading) { mode = .upgrading }
        if faults.has(.cabinetFaulty) { mode = .faulty }
        isKeyless = faults.has(.cabinetKeyless)
        refuses = faults.has(.cabinetRefuses)
        if let outlet = faults.value(.cabinetUnavailable) {
            unavailable = [max(0, Int(outlet) - 1)]
        }
        if let percent = faults.value(.cabinetDerated) {
            derating = max(0, min(1, percent / 100))
        }
        isPowerChannelDead = faults.has(.cabinetPowerChannelDead)
        isModbusDead = faults.has(.silent)
        signsWrongly = faults.has(.cabinetWrongSignature)
        leavesGaps = faults.has(.cabinetGaps)
        isGone = faults.has(.absent)
        isFrozen = faults.has(.stuck)
        if faults.has(.cabinetFaulty) { alarms[0x4040] = 1 }
    }
}

/// The stages of one cabinet of a plant that runs for real.
package struct PlantStages: StageOwner {
    private let host: PlantHost
    private let cabinet: Int

    /// - Parameter cabinet: index among the world's cabinets.
    package init(host: PlantHost, cabinet: Int) {
        self.host = host
        self.cabinet = cabinet
    }

    package func withStages<Result: Sendable>(
        _ body: (inout [PowerStage], CabinetBehaviour) -> Result
    ) -> Result {
        host.with { world in
            let part = world.cabinets[cabinet]
            var own = part.stages(of: world.dcStages)
            let result = body(&own, part.behaviour)
            part.put(own, into: &world.dcStages)
            return result
        }
    }

    package func tell(_ channels: [CabinetChannel]) {
        host.with { $0.cabinets[cabinet].show(channels) }
    }
}
