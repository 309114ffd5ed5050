package import EVSEModel

/// What a vehicle that charges with direct current is and how it behaves, beside what ``VehicleModel`` says of
/// its battery's size and charge. All of it can be changed while it is plugged in.
package struct DCVehicleModel: Hashable, Sendable {
    /// How it differs from a vehicle that does what it says.
    package enum Behaviour: String, Hashable, Sendable, CaseIterable {
        case honest
        /// Every step of its session takes four times as long.
        case slow
        /// Says a maximum voltage below that of its battery.
        case liesLow = "lies-low-voltage"
        /// Says a maximum voltage that its battery does not stand.
        case liesHigh = "lies-high-voltage"
        /// Takes half of what it asks for: its voltage rises instead.
        case drawsLess = "draws-less"
        /// Asks for half more current than it said it may have, and than it is told it can have.
        case asksTooMuch = "asks-too-much"
        /// Goes on asking when it is told to stop, its contactors closed.
        case keepsAsking = "keeps-asking"
        /// Never closes its contactors, however well the voltage matches.
        case neverPrecharged = "never-precharged"
        /// Stays at the stage at which it is.
        case stuck
        /// Its communication is gone, its contactors stay as they are.
        case disappears
    }
    package var protocolUsed = VehicleProtocol.iso15118v2
    /// Of its battery when it is full, V; what it says unless it lies.
    package var maximumVoltage = 435.0
    package var maximumCurrent = 400.0
    package var maximumPower = 170_000.0
    package var minimumVoltage = 150.0
    package var minimumCurrent = 1.0
    /// Of battery and its contactors, Ω. Chosen: 25 V at 500 A.
    package var resistance = 0.05
    /// Between its inlet's contacts, F, and Ω of what discharges it. Chosen: a filter's, and dividers.
    package var inletCapacitance = 1e-6
    package var inletResistance = 200_000.0
    /// From this charge on it takes less and less, down to the share at full.
    package var taperFrom = 0.6
    package var taperFloor = 0.08
    /// At which it counts as full, and as charged enough, 0…1.
    package var fullStateOfCharge = 1.0
    package var bulkStateOfCharge = 0.8
    /// It ends its session at bulk rather than at full.
    package var stopsAtBulk = false
    /// Asks for this rather than for what its battery takes; `nil`: what it takes.
    package var targetCurrent: Double?
    package var targetVoltage: Double?
    /// From plug-in until it leaves, s.
    package var departure: Double?
    /// Wants a contract rather than external identification.
    package var usesContract = false
    package var behaviour = Behaviour.honest
    /// Without energy for so long it sleeps, s; `nil`: never. It wakes with the step of the pilot from B1 to
    /// B2, or, where it sleeps deeply, only after state F.
    package var sleepAfter: Double?
    package var sleepsDeeply = false
    /// Periods that it takes in a schedule; 0: it does not tell. ISO 15118-2 MaxEntriesSAScheduleTuple.
    package var scheduleTuples = 12
    /// It tells a plan of its own, and, with ISO 15118-2, negotiates anew when the station wishes it.
    package var tellsPlan = false
    package var renegotiates = false
    /// Sessions that it tries anew by itself after one that was broken off, and after how long, s. Chosen.
    package var retries = 3
    package var retryTime = 3.0

    // Times, s. Chosen: as vehicles on the road take, short of the standards' time-outs.
    /// SLAC, SDP and the first messages.
    package var linkTime = 3.0
    /// Between two steps of its session.
    package var messageTime = 0.3
    /// Its contactors' travel.
    package var contactorTime = 0.05
    /// Precharge may take so long; about 7 s in vehicles [U].
    package var prechargeTimeout = 7.0
    /// Cable check may take so long. ISO 15118-2 V2G_EVCC_CableCheck: 40 s [U].
    package var cableCheckTimeout = 40.0
    /// Its contactors close within this of its battery's voltage, V [U].
    package var prechargeTolerance = 20.0
    /// What it asks for rises so fast, A/s. Chosen.
    package var riseRate = 100.0
    package init() {}
}

/// What a rig can change of a plugged DC vehicle; `nil` leaves it.
package struct DCVehicleChange: Hashable, Sendable {
    package var maximumVoltage: Double?
    package var maximumCurrent: Double?
    package var maximumPower: Double?
    package var targetCurrent: Double?
    package var targetVoltage: Double?
    package var behaviour: DCVehicleModel.Behaviour?
    package var departure: Double?
    /// Ends its session as if its driver wished it.
    package var stops: Bool?
    /// Pauses its session, or wakes up.
    package var pauses: Bool?
    /// Negotiates its schedule anew, by its own wish.
    package var renegotiates: Bool?
    package init() {}
}
