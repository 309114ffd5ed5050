package import SimulatedChip

/// Character panels whose controllers hang on lines of the chip: what they show is decoded from the lines'
/// edges, as the controller does it: with the falling edge of E it takes RS and D4...D7.
package struct LinePanels: Sendable {
    private var panels: [Panel]

    private struct Panel {
        let display: Int
        let device: String
        let pins: PlantPlan.Display.Pins
        var chip: CharacterPanel
        let fresh: CharacterPanel
        /// Signals by line.
        var levels = [Int: Bool]()
        var wasWithoutPower = false
        var wasDisturbed = false

        /// A line as a signal; what nobody drove yet is at its pull.
        func isOn(_ line: PlantPlan.Line) -> Bool {
            (levels[line.number] ?? line.pulledUp) != line.activeLow
        }

        mutating func see(_ edge: SimulatedChip.Edge, at now: Int64) {
            let wasEnabled = isOn(pins.enable)
            levels[edge.line] = edge.isHigh
            guard edge.line == pins.enable.number, wasEnabled, !isOn(pins.enable) else { return }
            var nibble: UInt8 = 0
            for (bit, line) in pins.data.enumerated() where isOn(line) { nibble |= 1 << UInt8(bit) }
            chip.strobe(nibble, isData: isOn(pins.registerSelect), at: now)
        }

        mutating func suffer(_ faults: DeviceFaults) {
            let hasNoPower = faults.has(.absent)
            if hasNoPower != wasWithoutPower || (faults.has(.rebooted) && !wasDisturbed) {
                chip = fresh
            }
            wasWithoutPower = hasNoPower
            if faults.has(.disturbed), !wasDisturbed { chip.disturb() }
            wasDisturbed = faults.has(.disturbed) || faults.has(.rebooted)
        }
    }

    package init(_ plan: PlantPlan) {
        panels = plan.displays.enumerated().compactMap { index, display in
            guard let pins = display.pins else { return nil }
            let chip = CharacterPanel(columns: display.columns, rows: display.rows)
            return Panel(
                display: index, device: display.device, pins: pins, chip: chip, fresh: chip)
        }
    }

    package var isEmpty: Bool { panels.isEmpty }

    /// - Parameter edges: of the chip's lines since the last call, in order.
    package mutating func see(_ edges: [SimulatedChip.Edge], world: inout PlantWorld) {
        for index in panels.indices {
            panels[index].suffer(
                world.faultsByDevice[panels[index].device] ?? DeviceFaults())
            let own = Self.lines(panels[index].pins)
            var isHeard = false
            for edge in edges where own.contains(edge.line) {
                isHeard = true
                // Edges are seen while their time still fits into 32 bits.
                let now = UInt32(truncatingIfNeeded: world.now / 1000)
                let age = Int64(Int32(bitPattern: now &- edge.microseconds)) * 1000
                if panels[index].wasWithoutPower {
                    panels[index].levels[edge.line] = edge.isHigh
                } else {
                    panels[index].see(edge, at: world.now - age)
                }
            }
            if isHeard, !panels[index].wasWithoutPower {
                world.displayHeard(panels[index].display)
            }
            let isLit = panels[index].pins.backlight.map { panels[index].isOn($0) } ?? true
            let isShown = isLit && !panels[index].wasWithoutPower
            world.shows(panels[index].display, isShown ? panels[index].chip.lines : [])
        }
    }

    private static func lines(_ pins: PlantPlan.Display.Pins) -> Set<Int> {
        Set(
            pins.data.map(\.number) + [pins.registerSelect.number, pins.enable.number]
                + (pins.backlight.map { [$0.number] } ?? []))
    }
}
