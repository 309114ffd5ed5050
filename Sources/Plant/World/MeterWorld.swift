/// What one energy meter measures now, and its books.
package struct MeterWorld: Hashable, Sendable {
    package let plan: PlantPlan.Meter
    package internal(set) var books = EnergyBooks()
    /// Where the meter signs transactions.
    var signer: MeterSigner?
    /// Where it is asked over HTTP; it signs, too.
    var memory: HTTPMeterMemory?
    package private(set) var voltages = [0.0, 0.0, 0.0]
    package private(set) var currents = [0.0, 0.0, 0.0]
    package private(set) var powers = [0.0, 0.0, 0.0]
    package private(set) var frequency = 0.0
    /// Chosen: a car's charger with power factor correction.
    static let powerFactor = 0.995

    /// What an onlooker sees of a meter that signs; `nil` for one that does not.
    package struct Signing: Hashable, Sendable {
        /// A transaction runs in it.
        package var isRunning: Bool
        /// A record lies in it.
        package var hasRecord: Bool
        /// Records that could be fetched so far, and the newest of them as it was made.
        package var made: Int
        package var newest: [UInt8]
    }
    package var signing: Signing? {
        if let signer {
            return Signing(
                isRunning: signer.isRunning, hasRecord: signer.hasRecord, made: signer.made,
                newest: signer.newest)
        }
        return memory.map {
            // These keep their records for good.
            Signing(
                isRunning: $0.running != nil, hasRecord: $0.made > 0, made: $0.made,
                newest: $0.newest)
        }
    }

    init(_ plan: PlantPlan.Meter, seed: UInt64 = 0) {
        self.plan = plan
        isDirect = SimulatedMeter.directModels.contains(plan.model)
        hasOwnSupply = isDirect
        // Meters of a station have keys of their own.
        let seed = seed &+ UInt64(clamping: plan.unit)
        switch plan.model {
        case "em580": signer = MeterSigner(serial: "EM580\(plan.unit)", seed: seed)
        case "dcbm":
            memory = HTTPMeterMemory(
                maker: "LEM", model: "DCBM_400", serial: "1202407280\(plan.unit)",
                writesTexts: false, seed: seed)
        case "iem-dcr":
            memory = HTTPMeterMemory(
                maker: "Isabellenhuette", model: "IEM-DCR-1000", serial: "1ISA02000\(plan.unit)",
                writesTexts: true, seed: seed)
        default: break
        }
    }

    package var totalPower: Double { powers.reduce(0, +) }
    /// Of a model that measures direct current.
    package let isDirect: Bool
    /// It is fed from what it measures; one of direct current has a supply of its own.
    package var isPowered: Bool { hasOwnSupply || voltages.contains { $0 > 90 } }
    private var hasOwnSupply: Bool

    /// What a meter of direct current measures. Its current has no direction, its power has.
    /// - Parameters:
    ///   - joules: that passed it since the last time.
    ///   - isSupplied: its own supply is there.
    mutating func measureDirect(
        voltage: Double, current: Double, joules: Double, isSupplied: Bool
    ) {
        hasOwnSupply = isSupplied
        if !isSupplied {
            signer?.losePower()
            memory?.losePower()
        }
        for phase in 0..<3 {
            voltages[phase] = phase == 0 && isSupplied ? voltage : 0
            currents[phase] = phase == 0 && isSupplied ? abs(current) : 0
            powers[phase] = phase == 0 && isSupplied ? voltage * current : 0
        }
        frequency = 0
        // What passed, as a second's power: the books keep whole milliwatts.
        let milliwatts = (max(0, joules) * 1000).rounded()
        guard milliwatts < 1e15 else { return }
        books.add(milliwatts: Int64(milliwatts), nanoseconds: 1_000_000_000)
    }

    mutating func measure(
        voltage: Double, phases: Int, currents: InlineArray<3, Double>, frequency: Double,
        nanoseconds: Int64
    ) {
        var milliwatts: Int64 = 0
        let factor = isDirect ? 1 : Self.powerFactor
        for phase in 0..<3 {
            voltages[phase] = phase < phases ? voltage : 0
            // A current has no direction, its power has: negative is fed into the grid.
            self.currents[phase] = abs(currents[phase])
            powers[phase] = voltages[phase] * currents[phase] * factor
            milliwatts += Int64((powers[phase] * 1000).rounded())
        }
        self.frequency = frequency
        if !isPowered { signer?.losePower() }
        books.add(milliwatts: milliwatts, nanoseconds: nanoseconds)
    }
}

extension PlantWorld {
    /// Gives a meter what it measures directly: for a bench of meters without outlets, in a world that
    /// is not stepped.
    ///
    /// - Parameter currents: A, for each phase.
    package mutating func feed(
        _ device: String, voltage: Double, currents: [Double], frequency: Double = 50,
        wattHours: Double
    ) {
        guard let index = meters.firstIndex(where: { $0.plan.device == device }) else { return }
        var padded = InlineArray<3, Double>(repeating: 0)
        for (phase, current) in currents.prefix(3).enumerated() { padded[phase] = current }
        meters[index].measure(
            voltage: voltage, phases: currents.count, currents: padded, frequency: frequency,
            nanoseconds: 0)
        meters[index].books = EnergyBooks(
            milliwattHours: Int64(exactly: (wattHours * 1000).rounded()) ?? 0)
    }
}
