import EVSEModel
import Synchronization

/// Who has the stages of a cabinet: the world of a plant, or a bench without one.
package protocol StageOwner: Sendable {
    /// Works the stages of one cabinet, in the order of its outlets, one caller at a time.
    ///
    /// - Parameter body: gets them, and what the rig does to the cabinet.
    func withStages<Result: Sendable>(
        _ body: (inout [PowerStage], CabinetBehaviour) -> Result
    ) -> Result
    /// What the cabinet's wire heard, in the order of its outlets, for whoever looks at the plant.
    func tell(_ channels: [CabinetChannel])
}

extension StageOwner {
    /// Nobody looks.
    package func tell(_ channels: [CabinetChannel]) {}
}

/// Stages with a resistor at each, for a cabinet without a vehicle.
package final class ResistorBench: StageOwner {
    private struct State {
        var stages: [PowerStage]
        var behaviour = CabinetBehaviour()
        var steppedAt: Int64?
    }
    private let state: Mutex<State>
    /// Ohms at each output.
    package let load: Double
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - load: ohms.
    ///   - clock: nanoseconds.
    package init(
        outlets: Int, rating: PowerStage.Rating, load: Double,
        clock: @escaping @Sendable () -> Int64
    ) {
        state = Mutex(
            State(stages: Array(repeating: PowerStage(rating: rating), count: outlets)))
        self.load = max(0.1, load)
        self.clock = clock
    }

    package func withStages<Result: Sendable>(
        _ body: (inout [PowerStage], CabinetBehaviour) -> Result
    ) -> Result {
        let now = clock()
        return state.withLock { state in
            // Longer gaps are a debugger's or a sleeping machine's.
            let seconds = min(1, Double(max(0, now - (state.steppedAt ?? now))) / 1e9)
            state.steppedAt = now
            for index in state.stages.indices { state.stages[index].settle(on: load, seconds) }
            return body(&state.stages, state.behaviour)
        }
    }

    package func act(_ change: @Sendable (inout CabinetBehaviour) -> Void) {
        state.withLock { change(&$0.behaviour) }
    }
    package var stages: [PowerStage] { withStages { stages, _ in stages } }
}

extension PowerStage {
    /// Moves the output towards what a resistor makes of the set points.
    mutating func settle(on ohms: Double, _ seconds: Double) {
        var wanted = 0.0
        if gives {
            let power = rating.maximumPower * derating
            wanted = min(setVoltage, rating.maximumVoltage)
            wanted = min(wanted, min(setCurrent, rating.maximumCurrent) * ohms)
            wanted = min(wanted, (power * ohms).squareRoot())
        }
        let most = rating.voltageRate * seconds
        voltage += max(-most, min(most, wanted - voltage))
        current = voltage / ohms
    }
}
