import JSON

/// What can be read on a display, as decoded from its wire.
package struct DisplayWorld: Hashable, Sendable {
    package let plan: PlantPlan.Display
    /// Rows of text as a person reads them; empty while it is dark.
    package internal(set) var lines = [String]()
    /// When the station last said something to it.
    package internal(set) var lastHeardAt: Int64?

    init(_ plan: PlantPlan.Display) { self.plan = plan }
}

extension PlantWorld {
    /// A display shows something from now on.
    package mutating func shows(_ display: Int, _ lines: [String]) {
        guard displays[display].lines != lines else { return }
        displays[display].lines = lines
        emit(
            .display, displays[display].plan.device,
            ["lines": .array(lines.map { .string($0) })])
    }

    /// The station said something to a display.
    package mutating func displayHeard(_ display: Int) { displays[display].lastHeardAt = now }
}
