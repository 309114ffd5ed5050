/// Where the energy of all DC sources went, in joules. What they gave is what the batteries took, what was
/// lost and what the capacitors still hold, exactly but for rounding: the circuits are solved such that every
/// step balances.
package struct DCBooks: Hashable, Sendable {
    /// Put into the busbars by the power sources.
    package internal(set) var sources = 0.0
    /// Stored by batteries, as chemistry: voltage without load times current.
    package internal(set) var batteries = 0.0
    /// Heat of their internal resistances.
    package internal(set) var batteryHeat = 0.0
    /// Heat of cables and contacts.
    package internal(set) var cables = 0.0
    /// Heat of bleeders, dividers and insulation.
    package internal(set) var bleeders = 0.0
    /// Lost in whatever joined capacitors of different voltages: within a step, and when contacts closed.
    package internal(set) var equalising = 0.0
    /// Carried away in the capacitor of a vehicle that was unplugged.
    package internal(set) var carriedAway = 0.0

    package var losses: Double { batteryHeat + cables + bleeders + equalising }
}
