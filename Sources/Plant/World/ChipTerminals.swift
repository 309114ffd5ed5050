package import SimulatedChip

/// The outer side of an input/output chip: where the simulated world meets it.
package protocol ChipTerminals {
    func isOutput(_ line: Int) -> Bool
    func driven(_ line: Int) -> Int32
    /// In 0.01 %.
    func duty(_ channel: Int) -> Int32
    func setSensed(_ line: Int, _ level: Int32)
    func setMicrovolts(_ channel: Int, _ value: Int32)
    /// The expander behind which the line is does not answer. A chip without expanders ignores it.
    func setMute(_ line: Int, _ isMute: Bool)
    /// Edges of recorded lines since the last call. A chip that records none has none.
    func takeEdges() -> [SimulatedChip.Edge]
}

extension ChipTerminals {
    package func setMute(_ line: Int, _ isMute: Bool) {}
    package func takeEdges() -> [SimulatedChip.Edge] { [] }
}

extension SimulatedChip: ChipTerminals {}

/// The outputs of a chip as signals: polarity and pulls applied, released where nobody drives.
struct OutputSignals<Chip: ChipTerminals> {
    let chip: Chip
    /// The owner is gone: every line is at its pull, every PWM channel off.
    let isReleased: Bool

    func isOn(_ line: PlantPlan.Line) -> Bool {
        let isDriven = !isReleased && chip.isOutput(line.number)
        let level = isDriven ? chip.driven(line.number) != 0 : line.pulledUp
        return level != line.activeLow
    }
    func isOn(_ line: PlantPlan.Line?) -> Bool { line.map { isOn($0) } ?? false }
    func duty(_ channel: Int) -> Int32 { isReleased ? 0 : chip.duty(channel) }
    func set(_ line: PlantPlan.Line, _ signal: Bool) {
        chip.setSensed(line.number, signal != line.activeLow ? 1 : 0)
    }
}
