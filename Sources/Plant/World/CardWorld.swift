/// An input/output card: terminals on one side, a bus on the other.
///
/// Its supply is its own: what happens to the mains does not reach it.
package struct CardWorld: Hashable, Sendable {
    package let plan: PlantPlan.Card
    /// Levels at its inputs, as the world has them; terminal n is bit n.
    var inputs: UInt32 = 0
    /// What its outputs are.
    package internal(set) var outputs: UInt32 = 0
    /// Registers that outlive a start, and how often somebody wrote one: such memories wear out.
    var stored: [Int: UInt16]
    package internal(set) var storedWrites = 0
    /// How often an output changed: relays wear.
    package private(set) var switchings = 0
    package private(set) var starts = 1
    /// Nobody spoke to it for longer than it was told to bear.
    package private(set) var hasFallenBack = false
    /// When it was last spoken to, and when it answers again after a start, in ns.
    var heardAt: Int64 = 0
    private var muteUntil: Int64 = 0
    private var wasRestarted = false
    private var shownInputs: UInt32 = 0

    /// From its supply to the first reply. Chosen.
    private static let muteTime: Int64 = 300_000_000

    init(_ plan: PlantPlan.Card) {
        self.plan = plan
        stored = CardFirmware.named(plan.model)?.stored ?? [:]
    }

    func answers(at now: Int64) -> Bool { now >= muteUntil }

    /// What it tells of its inputs: one that is stuck is as it was.
    var toldInputs: UInt32 { shownInputs }

    mutating func step(now: Int64, faults: DeviceFaults) {
        if faults.has(.restart), !wasRestarted {
            muteUntil = now + Self.muteTime
            starts += 1
            switchOutputs(rest, faults)
            hasFallenBack = false
            heardAt = now
        }
        wasRestarted = faults.has(.restart)
        var moving = UInt32.max
        if let stuck = faults.value(.inputStuck) { moving &= ~Self.bit(stuck) }
        shownInputs = shownInputs & ~moving | inputs & moving
        let patience = CardFirmware.named(plan.model)?.watchdog(stored) ?? 0
        if patience > 0, now - heardAt > patience, !hasFallenBack {
            hasFallenBack = true
            switchOutputs(rest, faults)
        }
    }

    /// Somebody spoke to it.
    mutating func hear(at now: Int64) {
        heardAt = now
        hasFallenBack = false
    }

    mutating func switchOutputs(_ levels: UInt32, _ faults: DeviceFaults) {
        var moving = plan.outputs >= 32 ? UInt32.max : (1 << UInt32(plan.outputs)) - 1
        if let stuck = faults.value(.outputStuck) { moving &= ~Self.bit(stuck) }
        let after = outputs & ~moving | levels & moving
        switchings += (after ^ outputs).nonzeroBitCount
        outputs = after
    }

    /// What its outputs are after a start.
    private var rest: UInt32 { CardFirmware.named(plan.model)?.rest(stored) ?? 0 }

    private static func bit(_ terminal: Double) -> UInt32 { 1 << UInt32(max(0, min(31, terminal))) }
}
