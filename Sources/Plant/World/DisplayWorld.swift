import JSON

/// What can be read on a display, as decoded from its wire.
package struct DisplayWorld: Hashable, Sendable {
    package let plan: PlantPlan.Display
    /// Rows of text as a person reads them; empty while it is dark.
    package internal(set) var lines = [String]()
    /// Outlets whose keys were touched, until the panel has told the station.
    fileprivate(set) var touches = [Int]()
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

    /// A finger on the key of an outlet.
    package mutating func touch(_ device: String, outlet: Int) throws(PlantRefusal) {
        guard let index = displays.firstIndex(where: { $0.plan.device == device }) else {
            throw .unknown("no display \(device)")
        }
        let plan = displays[index].plan
        guard plan.kind == .browser || plan.touch != nil else {
            throw .impossible("\(device) has no keys that can be touched")
        }
        // Chosen: as many as fingers.
        displays[index].touches = displays[index].touches.suffix(9) + [outlet]
        emit(.display, device, ["touched": JSONValue(outlet)])
    }
    mutating func takeTouch(_ display: Int) -> Int? {
        displays[display].touches.isEmpty ? nil : displays[display].touches.removeFirst()
    }

    /// The station said something to a display.
    package mutating func displayHeard(_ display: Int) { displays[display].lastHeardAt = now }
}
