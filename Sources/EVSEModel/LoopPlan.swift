/// A short text of fixed size: UTF-8, padded with zeros.
@frozen public struct FixedText: BitwiseCopyable, Sendable {
    public static let capacity = 192
    public var bytes = InlineArray<192, UInt8>(repeating: 0)
    @inlinable public init() {}
    /// `nil` where the text has more than ``capacity`` - 1 bytes.
    public init?(_ text: String) {
        guard text.utf8.count < Self.capacity else { return nil }
        var index = 0
        for byte in text.utf8 {
            bytes[index] = byte
            index += 1
        }
    }
    public var text: String {
        var text = [UInt8]()
        for index in 0..<Self.capacity where bytes[index] != 0 { text.append(bytes[index]) }
        return String(decoding: text, as: UTF8.self)
    }
}

/// An index into ``LoopPlan/lines``: one input or output of the board.
@frozen public struct LineID: BitwiseCopyable, Hashable, Sendable {
    public var index: UInt16
    @inlinable public init(_ index: UInt16) { self.index = index }
    /// No line: an optional one that the board does not have.
    @inlinable public static var absent: Self { Self(.max) }
    @inlinable public var isPresent: Bool { index != .max }
}

/// How a line reaches the board.
@frozen public enum LineKind: UInt8, BitwiseCopyable, Sendable {
    case unused = 0
    case digitalInput = 1
    case digitalOutput = 2
    /// PWM channel; its value is a duty, 0...10000 (0.01 %), at `parameter` ns period.
    case pwmOutput = 3
    /// Converter channel; its value is in microvolts at the converter's input.
    case analogInput = 4
    /// Temperature sensor with a protocol of its own; its value is in thousandths of a degree.
    case temperatureInput = 5
    /// Lights in a row that all show one colour; its value is 0xRRGGBB.
    case colourOutput = 6

    /// Driven by the loop rather than read.
    @inlinable public var isOutput: Bool {
        self == .digitalOutput || self == .pwmOutput || self == .colourOutput
    }
}

/// Which interface serves a line.
@frozen public enum LineAccess: UInt8, BitwiseCopyable, Sendable {
    /// GPIO character device through libgpiod: `path` is the chip, `offset` the line.
    case gpioCharacterDevice = 0
    /// PWM class device in sysfs: `path` is the pwmchip's folder, `offset` the channel.
    case pwmClass = 1
    /// IIO device in sysfs: `path` is the device's folder, `offset` the channel's number.
    case industrialIO = 2
    /// Simulated chip in a memory file: `path` is the file, `offset` the line of that kind.
    case simulatedChip = 3
    /// GPIO character device of an expander behind a bus, which sleeps while it is asked.
    case gpioExpander = 4
    /// The same in a simulated chip's memory file.
    case simulatedExpander = 5
    /// DS18B20 through the kernel's 1-Wire drivers: `path` is the sensor's folder.
    case oneWire = 6
    /// WS2812 lights behind a SPI device: `path` is the device, `offset` the group of lights.
    case ledChain = 7
    /// Terminals of a card on a bus of the station process, which hands them over in the shared image:
    /// `offset` is 256 times the card's number plus the terminal's, `parameter` the age in
    /// milliseconds after which an input has no sample.
    case ioCard = 8

    /// An exchange takes longer than a cycle may: a thread of its own samples and drives it, and
    /// the loop sees the newest sample.
    @inlinable public var isSlow: Bool { rawValue >= LineAccess.gpioExpander.rawValue }
}

/// One line of the board, with the level that is safe.
@frozen public struct LinePlan: BitwiseCopyable, Sendable {
    public var kind = LineKind.unused
    public var access = LineAccess.gpioCharacterDevice
    public var activeLow = false
    /// 0 none, 1 pull-up, 2 pull-down.
    public var bias: UInt8 = 0
    public var offset: UInt16 = 0
    /// Kernel debounce in microseconds; 0 is none.
    public var debounceMicroseconds: UInt32 = 0
    /// Outputs: the logical value to which the line is driven at start and at the end.
    public var safeValue: Int32 = 0
    /// PWM: the period in nanoseconds. Lights: ``LEDChainShape/raw``. Cards: milliseconds.
    public var parameter: Int32 = 0
    public var path = FixedText()
    @inlinable public init() {}
}

/// One cyclic driver of the plan: which plugin, where it belongs, and its own flat plan.
@frozen public struct DriverSlot: BitwiseCopyable, Sendable {
    public static let planCapacity = 256
    public var plugin = FixedText()
    public var device = FixedText()
    public var evse: UInt8 = 0
    public var connector: UInt8 = 0
    /// Bytes of `plan` in use: the size of the driver's `Plan`.
    public var planSize: UInt16 = 0
    public var plan = InlineArray<256, UInt8>(repeating: 0)
    @inlinable public init() {}

    /// Stores a driver's plan; `nil` where it is larger than ``planCapacity``.
    public init?<Plan: BitwiseCopyable>(plugin: FixedText, device: FixedText, plan value: Plan) {
        guard MemoryLayout<Plan>.size <= Self.planCapacity else { return nil }
        self.plugin = plugin
        self.device = device
        planSize = UInt16(MemoryLayout<Plan>.size)
        withUnsafeBytes(of: value) { source in
            for index in source.indices { plan[index] = source[index] }
        }
    }
    /// The driver's plan; `nil` where the size differs, as after a plugin changed.
    public func plan<Plan: BitwiseCopyable>(as type: Plan.Type) -> Plan? {
        guard Int(planSize) == MemoryLayout<Plan>.size else { return nil }
        return withUnsafeBytes(of: plan) { $0.loadUnaligned(as: Plan.self) }
    }
}

/// Numbers that the control laws of one EVSE need; every default is what `board.yaml` gets when
/// it says nothing. Sources: IEC 61851-1:2017 as marked; `Chosen:` where the number is ours.
@frozen public struct EVSEPlan: BitwiseCopyable, Sendable {
    public var connectors: UInt8 = 1
    public var phases: UInt8 = 1
    public var hasContactorFeedback = true
    public var hasResidualCurrentDevice = true
    /// Which connectors have a lock and a proximity pilot: one bit each.
    public var lockMask: UInt8 = 1
    public var proximityMask: UInt8 = 1
    public var hasMeter = true
    public var hasVentilation = false
    public var hasShuntTrip = false
    /// Board rating: the least of EVSE, connector and feed.
    public var rating = Amperes(32)
    /// Offered when the station process is silent or a needed input is stale. Zero stops at once.
    public var safeLimit = Amperes(6)
    /// Smallest current that may be offered. IEC 61851-1 Table A.8: 6 A.
    public var minimum = Amperes(6)
    /// How long the safe value holds before charging stops.
    public var safeHold = Milliseconds.seconds(60)
    /// Age of the station's heartbeat after which it is silent. Chosen: five missed publications.
    public var stationTimeout = Milliseconds(500)
    /// Age of a meter sample after which it is stale.
    public var meterMaxAge = Milliseconds.seconds(5)
    /// Missed deadlines within the window that make the station safe.
    public var missLimit: Int32 = 10
    public var missWindow = Milliseconds.seconds(1)
    /// Pilot debounce to states B...F, and to A. Practice: see docs/architecture.md.
    public var pilotDebounce = Milliseconds(20)
    public var unplugDebounce = Milliseconds(20)
    /// Steady C before the contactor may close.
    public var closeDebounce = Milliseconds(500)
    /// Least time between duty changes. IEC 61851-1: the vehicle has 5 s to follow.
    public var dutyInterval = Milliseconds.seconds(5)
    /// PWM removed and vehicle still in C: contactor opens under load. IEC 61851-1 seq. 10.2.
    public var stopTimeout = Milliseconds.seconds(6)
    public var strokeTime = Milliseconds(600)
    public var lockAttempts: Int32 = 3
    public var lockRetryPause = Milliseconds.seconds(1)
    public var contactorTimeout = Milliseconds(250)
    /// Relay wear. Chosen after field practice.
    public var closingInterval = Milliseconds.seconds(10)
    public var selfTestTimeout = Milliseconds(500)
    public var residualCurrentRetry = Milliseconds.seconds(900)
    public var overCurrentGrace = Milliseconds.seconds(7)
    public var overCurrentMargin = Percent(10)
    public var overCurrentOffset = Amperes(milliamperes: 500)
    /// Phase to neutral, of the feed.
    public var nominalVoltage = Volts(230)
    /// Shares of the nominal voltage beyond which the supply counts as faulty. EN 50160 promises
    /// +10 % and -15 %; room for the meter's class and the wiring is chosen.
    public var underVoltage = Percent(80)
    public var overVoltage = Percent(115)
    /// How long it must be beyond them. EN 50160: dips are shorter than a second as a rule.
    public var voltageGrace = Milliseconds.seconds(2)
    /// How long it must be within them again. Chosen: a weak feed must not make contactors chatter.
    public var voltageRecovery = Milliseconds.seconds(30)
    /// How the rating falls with the hottest sensor: of an outlet, or of a DC EVSE's enclosure. Chosen.
    public var derating = DeratingCurve(from: Celsius(60), to: Celsius(80), floor: Amperes(6))
    public var temperatureStop = Celsius(85)
    /// Unlock in state F only after this time.
    public var stateFUnlockDelay = Milliseconds.seconds(5)
    /// Shortest state F after a fault in C.
    public var stateFMinimum = Milliseconds(300)
    /// Shows state F on the pilot while the EVSE is inoperative and no vehicle is connected.
    public var showsStateF = true
    /// An EVSE controller owns pilot and contactor; the laws go by its ``ControllerSample``.
    public var hasController = false
    /// Age of its sample after which nothing is known of it any more.
    public var controllerMaxAge = Milliseconds.seconds(5)
    /// How long it may take to do as it was told: bus, poll and its own delays.
    public var controllerGrace = Milliseconds.seconds(10)
    /// Limit per phase of the wiring that the rating does not tell; above any current is none.
    public var phaseLimit = Amperes(raw: .max)
    /// Phase of the feed to which L1 of this EVSE is wired, 0...2; its L2 and L3 follow in order.
    public var phaseRotation: UInt8 = 0
    /// The greater comes first where the feed is divided by priority.
    public var priority: UInt8 = 0
    /// A contactor of its own switches L2 and L3.
    public var hasPhaseContactor = false
    public var hasPhaseContactorFeedback = false
    /// Nothing is offered for so long after the number of phases was changed. EVerest waits 10 s: some
    /// vehicles do not stand a shorter one.
    public var phasePause = Milliseconds.seconds(10)
    /// Least time between two changes. Chosen: relay wear, and vehicles that give up.
    public var phaseInterval = Milliseconds.seconds(600)
    /// Most changes in 24 hours. Chosen: ten years of them are within a contactor's life.
    public var phaseChangesPerDay: Int32 = 24
    /// How long three phases must not have the minimum before one is used, and how long they must
    /// have it before three are used again. Chosen.
    public var phaseDownDwell = Milliseconds.seconds(60)
    public var phaseUpDwell = Milliseconds.seconds(300)
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

/// Everything that the loop process needs to know, flat: compiled from the board file by the
/// station process before anything is energised, read once by the loop.
@frozen public struct LoopPlan: BitwiseCopyable, Sendable {
    public static let magic: UInt64 = 0x4643_504C_414E_0001  // "FCPLAN", version 1
    public static let lineCapacity = 96
    public static let slotCapacity = 32
    public var magic = LoopPlan.magic
    /// Size of this struct: a plan of another build is refused.
    public var size = UInt32(MemoryLayout<LoopPlan>.size)
    /// Tells plans apart; the station refuses to adopt a loop that runs another one.
    public var fingerprint: UInt64 = 0
    public var board = FixedText()
    public var period = Milliseconds(10)
    /// SCHED_FIFO priority, 1...99.
    public var priority: UInt8 = 80
    public var evseCount: UInt8 = 1
    public var lineCount: UInt16 = 0
    public var slotCount: UInt16 = 0
    /// Hardware watchdog device fed by the loop; empty is none.
    public var watchdog = FixedText()
    /// Watchdog line toggled each cycle.
    public var watchdogLine = LineID.absent
    /// Simulation only: an orphaned loop ends itself after this long. Zero: never.
    public var orphanTimeout = Milliseconds.zero
    public var feed = FeedPlan()
    public var supply = SupplyPlan()
    public var dc = DCStationPlan()
    public var evses = InlineArray<4, EVSEPlan>(repeating: EVSEPlan())
    public var lines = InlineArray<96, LinePlan>(repeating: LinePlan())
    public var slots = InlineArray<32, DriverSlot>(repeating: DriverSlot())
    @inlinable public init() {}
}
