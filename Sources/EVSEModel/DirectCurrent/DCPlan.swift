/// One connector of a DC EVSE.
@frozen public struct DCConnectorPlan: BitwiseCopyable, Hashable, Sendable {
    /// Of the fitting and its cable: the least of both.
    public var maximumVoltage = Volts(1000)
    public var maximumCurrent = Amperes(500)
    /// The position of its contactors is sensed.
    public var hasContactorFeedback = true
    /// The voltage on the vehicle's side of its contactors is sensed: a weld can be seen by it.
    public var hasOutputVoltage = false
    /// Without its cooling the cable carries this; zero: it carries nothing then. Where no cooling is fitted
    /// it means nothing.
    public var uncooledCurrent = Amperes.zero
    /// By the hottest sensor in the grip. Chosen below the 90 °C to which IEC 62196-3 lets contacts rise [U].
    public var derating = DeratingCurve(from: Celsius(70), to: Celsius(90), floor: Amperes(20))
    public var temperatureStop = Celsius(95)
    @inlinable public init() {}

    /// The two ends of ``derating``.
    @inlinable public var deratingStart: Celsius {
        get { derating.start }
        set { derating.start = newValue }
    }
    @inlinable public var deratingEnd: Celsius {
        get { derating.end }
        set { derating.end = newValue }
    }
    @inlinable public var deratingFloor: Amperes {
        get { derating.floor }
        set { derating.floor = newValue }
    }
}

/// Numbers that the laws of one DC EVSE need beside its ``EVSEPlan``; every default is what `board.yaml` gets
/// when it says nothing. [Q] is quoted by a third party from a paid standard, [U] is unverified practice,
/// `Chosen:` is ours; `docs/dc.md` has the list for whoever verifies them.
@frozen public struct DCPlan: BitwiseCopyable, Hashable, Sendable {
    /// The EVSE's output is direct current: these laws instead of those of a mains outlet.
    public var isFitted = false
    public var hasVehicleCommunication = true
    public var hasInsulationMonitor = true
    /// The monitor can test itself.
    public var hasInsulationSelfTest = true
    /// Voltage between power sources and contactors is sensed by the board; else the sources', the meter's or
    /// the monitor's is used.
    public var hasBusVoltage = false
    public var connectors = InlineArray<4, DCConnectorPlan>(repeating: DCConnectorPlan())

    // Ratings of the EVSE
    public var maximumVoltage = Volts(1000)
    public var minimumVoltage = Volts(150)
    public var maximumCurrent = Amperes(500)
    /// Below this the vehicle is not served: it is told to stop. Chosen.
    public var minimumCurrent = Amperes(1)
    public var maximumPower = Watts(150_000)

    // High-level communication
    /// Age of a vehicle's sample after which the link counts as lost. It watches the link through the
    /// vehicle's device, not the protocol, whose time-outs are the device's (sequence 60 s [S]). Chosen: what a
    /// vehicle itself waits for most answers (ISO 15118-2 V2G_EVCC_Msg_Timeout: 2 s [U]), and eight rounds of
    /// its CurrentDemand; who leaves is seen by the pilot, in milliseconds.
    public var vehicleMaxAge = Milliseconds.seconds(2)
    /// From the pilot's offer to speak to a session. ISO 15118-2 V2G_SECC_CommunicationSetup: 18 s [S], and
    /// SLAC before it. Chosen: with both of them tried anew once. Then a vehicle that could have energy is
    /// woken, and one without a session counts as suspended by itself.
    public var setupTimeout = Milliseconds.seconds(60)
    /// Attempts to wake a vehicle, each time that energy becomes available; 0: none. Chosen.
    public var wakeUps: Int32 = 3
    /// Before an attempt: a vehicle may come back by itself. Chosen.
    public var wakeUpDelay = Milliseconds.seconds(5)
    /// What an attempt shows before 5 % again: a steady pilot (state B1), and in the last one state F before
    /// it. ISO 15118-3 T_step_X1 and T_step_EF: at least 3 and 4 s [U].
    public var wakeUpSteady = Milliseconds.seconds(3)
    public var wakeUpStateF = Milliseconds.seconds(4)
    /// Sessions that one vehicle may lose by a lost link and begin anew. Chosen.
    public var linkRetries: Int32 = 3

    // Cable check, IEC 61851-23:2023 [Q]
    /// At or below it the output counts as dead.
    public var safeVoltage = Volts(60)
    /// Wait for the output to be dead before the check, and after it.
    public var dischargeTimeout = Milliseconds.seconds(10)
    public var contactorTimeout = Milliseconds.seconds(5)
    public var cableCheckCurrent = Amperes(2)
    public var cableCheckTolerance = Volts(10)
    public var cableCheckRise = Milliseconds.seconds(10)
    public var selfTestTimeout = Milliseconds.seconds(30)
    /// Samples of the monitor that must be good in a row, and the wait for each.
    public var insulationSamples: Int32 = 3
    public var insulationTimeout = Milliseconds.seconds(5)
    /// Below it: fault. 100 kΩ, no level of warning in the 2023 edition [Q].
    public var insulationMinimum = Ohms(100_000)
    /// Below it the vehicle and the CSMS are told; nothing stops. Zero: none.
    public var insulationWarning = Ohms(0)
    /// How long it may be below while charging before all stops. Chosen: one more sample of a monitor that
    /// polls twice a second.
    public var insulationGrace = Milliseconds.seconds(1)
    /// Age of the monitor's sample after which nothing is known of the insulation.
    public var insulationMaxAge = Milliseconds.seconds(5)

    // Precharge
    /// IEC 61851-23 CC.6.1 [Q].
    public var preChargeCurrent = Amperes(2)
    /// [U]
    public var preChargeTolerance = Volts(20)
    /// The vehicle's own limit is about 7 s [U].
    public var preChargeTimeout = Milliseconds.seconds(7)

    // Transfer
    /// Rise of the set current per second. DIN 70121 practice is 20 A/s at least [U]; EVerest rises 25 A/s.
    public var riseRate = Amperes(25)
    /// Fall of the set current per second in an orderly stop: at least 100 A/s [U].
    public var fallRate = Amperes(200)
    /// Over what is asked for: share and offset that count as too much, for the grace. Chosen.
    public var overCurrentMargin = Percent(5)
    public var overCurrentOffset = Amperes(5)
    public var overCurrentGrace = Milliseconds(1000)
    /// Above the vehicle's maximum for so long: emergency. CC.6.2, 6.4.3.107 [Q].
    public var overVoltageGrace = Milliseconds(400)
    /// Several voltages of one output may differ so much for so long [S].
    public var voltageSpread = Volts(50)
    public var voltageSpreadGrace = Milliseconds.seconds(30)

    // Stop
    /// Contactors open below it, unless it is an emergency [U].
    public var breakCurrent = Amperes(5)
    /// An orderly stop that takes longer becomes a hard one: 20 s [S].
    public var stopTimeout = Milliseconds.seconds(20)
    /// In an emergency the contactors open after so long whatever the current: the sources are off at once and
    /// need that long to let go. Chosen within the 100 ms of [U].
    public var emergencyOpening = Milliseconds(50)
    /// After the contactors opened: how long the connector may hold voltage before it counts as welded.
    public var weldTimeout = Milliseconds.seconds(3)
    /// Age of a power source's sample after which it is lost; longer than no module's own watchdog (10 s for
    /// InfyPower) may be waited for: what a lost source may still give stays in the sum until then.
    public var sourceMaxAge = Milliseconds.seconds(2)
    /// A source that is commanded on gives power within. Chosen.
    public var sourceStart = Milliseconds.seconds(10)

    // Cooling
    public var cooling = CoolingPlan()
    @inlinable public init() {}

    /// Voltage at which the output must be cut, by what the vehicle stands at most.
    /// IEC 61851-23:2023 as EVerest quotes it [Q]; above 1000 V draft 61851-23-3.
    @inlinable public static func tripVoltage(vehicleMaximum: Volts) -> Volts {
        if vehicleMaximum > Volts(1000) { return Volts(1375) }
        if vehicleMaximum > Volts(850) { return Volts(1100) }
        if vehicleMaximum > Volts(750) { return Volts(935) }
        if vehicleMaximum > Volts(500) { return Volts(825) }
        return Volts(550)
    }

    /// Voltage of the cable check [S]: what the vehicle stands at most and something more, within the EVSE.
    @inlinable public static func cableCheckVoltage(vehicleMaximum: Volts, evseMaximum: Volts)
        -> Volts
    {
        if vehicleMaximum <= Volts(500) {
            let raised = vehicleMaximum + Volts(50)
            let bounded = raised < Volts(500) ? raised : Volts(500)
            return bounded < evseMaximum ? bounded : evseMaximum
        }
        let raised = Volts(raw: Int32(clamping: Int64(vehicleMaximum.raw) * 11 / 10))
        return raised < evseMaximum ? raised : evseMaximum
    }

    public static func == (a: Self, b: Self) -> Bool {
        withUnsafeBytes(of: a) { a in withUnsafeBytes(of: b) { a.elementsEqual($0) } }
    }
    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes(of: self) { hasher.combine(bytes: $0) }
    }
}

/// The power sources of a station and how they reach its outlets; see the allocation law in
/// `docs/control-laws.md`.
///
/// Sources that stand in parallel on one busbar are a group. A group feeds one EVSE at a time: the one that it
/// is wired to, or one that a contactor (a link of the switch matrix) connects it with.
@frozen public struct AllocationPlan: BitwiseCopyable, Sendable {
    @frozen public enum Policy: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
        /// Equal parts first, then what others leave.
        case fair = 0
        /// The EVSE with the higher ``EVSEPlan/priority`` first, the others their minimum.
        case priority = 1
        /// Who came first keeps what it asked for.
        case order = 2
    }
    public var sourceCount: UInt8 = 0
    public var groupCount: UInt8 = 0
    /// Group of each source.
    public var groupOfSource = InlineArray<16, UInt8>(repeating: 0)
    /// Per group: EVSEs that it can feed (one bit each), and whether it is wired without a contactor.
    public var reach = InlineArray<16, UInt8>(repeating: 0)
    public var isWired = InlineArray<16, Bool>(repeating: false)
    /// The EVSE to which a wired group is wired; 0xFF: the first of its reach. Links of a wired group are not
    /// used: a closed one would join two outlets.
    public var wiredTo = InlineArray<16, UInt8>(repeating: 0xFF)
    /// Sources that are outlets of a power cabinet, one bit each: what their absence means.
    public var cabinetSources: UInt32 = 0
    /// Bit of the link between a group and an EVSE in ``EVSEOutputs/links``: 4 × group + EVSE, for groups 0…7.
    public var policy = Policy.fair
    /// What a source gives at best efficiency, as a share of its power: fewer, fuller sources. Chosen: typical
    /// rectifiers peak between half and full load.
    public var bestLoad = Percent(80)
    /// Least time between two moves of a group. Chosen: contactor wear.
    public var moveInterval = Milliseconds.seconds(30)
    /// A group is moved with its voltage within this of the busbar that it joins. Chosen.
    public var matchVoltage = Volts(10)
    /// and with no more current than this. Chosen: what sensors of 500 A resolve.
    public var zeroCurrent = Amperes(1)
    /// For a link's contactor to follow.
    public var linkTimeout = Milliseconds(500)
    /// Of what the station can draw; above any power is none.
    public var maximumPower = Watts(raw: .max)
    @inlinable public init() {}
    /// The bit of a link, `nil` where the image has no room for it.
    @inlinable public static func link(group: Int, evse: Int) -> UInt32? {
        (0..<8).contains(group) && (0..<4).contains(evse) ? 1 << UInt32(4 * group + evse) : nil
    }
}

/// Direct current in a ``LoopPlan``.
@frozen public struct DCStationPlan: BitwiseCopyable, Sendable {
    public var evses = InlineArray<4, DCPlan>(repeating: DCPlan())
    public var allocation = AllocationPlan()
    /// Grid to output, by which a power counts as a current of the feed. Chosen: rectifiers give 95 to 96 %.
    public var efficiency = Percent(95)
    @inlinable public init() {}
    /// Some EVSE has direct current.
    @inlinable public var isFitted: Bool {
        for index in 0..<4 where evses[index].isFitted { return true }
        return false
    }
}
