package import EVSEModel

/// A DC power source of the plant, a module or one outlet of a cabinet, between its wire and the circuit.
///
/// The wire's simulator writes what it was told and reads what came of it; the world's step does the physics.
package struct PowerStage: Hashable, Sendable {
    /// What it is built for. Units: volts, amperes, watts, volts per second.
    package struct Rating: Hashable, Sendable {
        package var maximumVoltage: Double
        package var minimumVoltage: Double
        package var maximumCurrent: Double
        package var maximumPower: Double
        /// How fast its voltage and current follow. Chosen within what rectifier modules' data sheets give.
        package var voltageRate: Double
        package var currentRate: Double
        /// Its own watchdog: output off after so long without a message; zero has none.
        package var watchdog: Milliseconds
        package init(
            maximumVoltage: Double = 1000, minimumVoltage: Double = 150,
            maximumCurrent: Double = 133,
            maximumPower: Double = 40_000, voltageRate: Double = 1000, currentRate: Double = 400,
            watchdog: Milliseconds = .seconds(10)
        ) {
            self.maximumVoltage = maximumVoltage
            self.minimumVoltage = minimumVoltage
            self.maximumCurrent = maximumCurrent
            self.maximumPower = maximumPower
            self.voltageRate = voltageRate
            self.currentRate = currentRate
            self.watchdog = watchdog
        }
    }
    /// What holds its output down now.
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        case off, voltage, current, power
        /// On, but its busbar stands higher than it regulates: the diode blocks.
        case blocked
    }

    package let rating: Rating

    // What its wire was told
    package var isOn = false
    package var setVoltage = 0.0
    package var setCurrent = 0.0
    /// When its wire last heard a message that feeds the watchdog.
    package var heardAt = Instant.zero

    // What came of it
    /// At its terminals, behind its diode.
    package internal(set) var voltage = 0.0
    package internal(set) var current = 0.0
    package internal(set) var temperature = 35.0
    /// Its own watchdog has switched it off.
    package internal(set) var isWatchdogOff = false
    package internal(set) var mode = Mode.off
    /// Its supply is there.
    package internal(set) var isSupplied = true
    /// To earth at its output, both poles together, Ω; for one that measures it.
    package var insulation = Double.infinity

    // What the rig did to it
    package var isBroken = false
    /// Share of its power that heat or supply leaves: 0…1.
    package var derating = 1.0
    /// Its output capacitor empties with this time constant, s; `nil`: as it should.
    package var slowDischarge: Double?
    /// The first time that it is told off, it goes on for so many seconds.
    package var ignoresOffFor: Double?
    /// The same as its fault says, while it holds.
    var ignoresOffRaised: Double?

    // Its regulator; see PowerStage+Dynamics.swift
    /// What it regulates to, behind its ramp, V.
    var level = 0.0
    /// What its current is limited to, behind its ramp, A.
    var ceiling = 0.0
    /// The same with power and capacitor counted, in this step.
    var limit = 0.0
    /// It was told on in the last step; since when it ignores that it was told off.
    var wasOn = false
    var ignoredFor: Double?

    package init(rating: Rating) { self.rating = rating }

    /// It may give power now.
    package var gives: Bool { isOn && !isBroken && !isWatchdogOff && isSupplied }
    /// W that it could give now if it were told to.
    package var availablePower: Double {
        isBroken || !isSupplied ? 0 : rating.maximumPower * derating
    }
}
