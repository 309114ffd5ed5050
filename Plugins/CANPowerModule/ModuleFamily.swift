package import EVSEModel
package import FieldBus

/// How one make of power module is spoken to over CAN: frames out, news in. Pure functions of frames.
package protocol ModuleFamily: Sendable {
    static var facts: ModuleFacts { get }
    init(_ address: ModuleAddress)
    /// Frames that this module sends to a controller.
    var filters: [CANFilter] { get }
    /// Who it is and what it can do: asked until it is known, and now and then.
    var identityQuestions: [CANFrame] { get }
    /// Voltage, current, status.
    var questions: [CANFrame] { get }
    /// What changes slowly: temperature, what it can give now.
    var slowQuestions: [CANFrame] { get }
    /// Said once it is off, before it may be on.
    var setUp: [CANFrame] { get }
    /// - Parameter rating: its highest current, for those that are told a share of it.
    func setPoints(_ voltage: Volts, _ current: Amperes, rating: Amperes) -> [CANFrame]
    func power(isOn: Bool) -> [CANFrame]
    func select(_ mode: ModuleMode) -> [CANFrame]
    /// What a frame says that ``filters`` took; nothing where it is none of the family's.
    func news(in frame: CANFrame) -> [ModuleNews]
}

extension ModuleFamily {
    package var slowQuestions: [CANFrame] { [] }
    package var setUp: [CANFrame] { [] }
    package func select(_ mode: ModuleMode) -> [CANFrame] { [] }
}

/// Where a module is on its bus.
package struct ModuleAddress: Hashable, Sendable {
    package var module: UInt8
    package var group: UInt8
    package init(_ module: UInt8, group: UInt8 = 0) {
        self.module = module
        self.group = group
    }
}

/// What is known of a family without asking.
package struct ModuleFacts: Sendable {
    /// As board files name it.
    package let model: String
    package let title: String
    /// Where neither the module nor the board says otherwise.
    package let rating: ModuleLimits
    /// Silence after which it switches its output off by itself.
    package let watchdog: Milliseconds
    /// Set-points are said again after so long.
    package let refresh: Milliseconds
    /// Its status says whether the output is on; else only its acknowledgement does.
    package let tellsPower: Bool
    /// Above it the module has to be in ``ModuleMode/high``; `nil` where it changes by itself.
    package let modeBoundary: Volts?
    package let addresses: ClosedRange<Int64>
    package let groups: ClosedRange<Int64>
    /// Bits of its alarm word that are faults where nobody has published what they mean.
    package let alarmBits: UInt32

    init(
        model: String, title: String, rating: ModuleLimits, watchdog: Milliseconds = .seconds(10),
        refresh: Milliseconds = Milliseconds(1000), tellsPower: Bool = true,
        modeBoundary: Volts? = nil, addresses: ClosedRange<Int64>,
        groups: ClosedRange<Int64> = 0...0, alarmBits: UInt32 = 0
    ) {
        self.model = model
        self.title = title
        self.rating = rating
        self.watchdog = watchdog
        self.refresh = refresh
        self.tellsPower = tellsPower
        self.modeBoundary = modeBoundary
        self.addresses = addresses
        self.groups = groups
        self.alarmBits = alarmBits
    }
}

/// How the halves of a module's output stand to each other: one after the other, or side by side.
package enum ModuleMode: UInt8, Hashable, Sendable { case high, low }

/// What a module can do; `nil` where it has not said.
package struct ModuleLimits: Hashable, Sendable {
    package var maximumVoltage: Volts?
    package var minimumVoltage: Volts?
    package var maximumCurrent: Amperes?
    package var maximumPower: Watts?
    package init(
        maximumVoltage: Volts? = nil, minimumVoltage: Volts? = nil, maximumCurrent: Amperes? = nil,
        maximumPower: Watts? = nil
    ) {
        self.maximumVoltage = maximumVoltage
        self.minimumVoltage = minimumVoltage
        self.maximumCurrent = maximumCurrent
        self.maximumPower = maximumPower
    }

    /// These where they say something, else the others.
    func over(_ others: Self) -> Self {
        Self(
            maximumVoltage: maximumVoltage ?? others.maximumVoltage,
            minimumVoltage: minimumVoltage ?? others.minimumVoltage,
            maximumCurrent: maximumCurrent ?? others.maximumCurrent,
            maximumPower: maximumPower ?? others.maximumPower)
    }
    /// The narrower of both.
    func within(_ others: Self) -> Self {
        func least<Value: Comparable>(_ a: Value?, _ b: Value?) -> Value? {
            guard let a, let b else { return a ?? b }
            return min(a, b)
        }
        let floor = [minimumVoltage, others.minimumVoltage].compactMap { $0 }.max()
        return Self(
            maximumVoltage: least(maximumVoltage, others.maximumVoltage), minimumVoltage: floor,
            maximumCurrent: least(maximumCurrent, others.maximumCurrent),
            maximumPower: least(maximumPower, others.maximumPower))
    }
}

/// A module's status, read.
package struct ModuleStatus: Hashable, Sendable {
    /// `nil` where the status does not say.
    package var isOn: Bool?
    /// In the words of the family's sheet; empty where all is well.
    package var faults = [String]()
    package var isDerated = false
    package var raw: UInt32 = 0
    package init(raw: UInt32 = 0) { self.raw = raw }
    func has(_ bit: UInt32) -> Bool { raw >> bit & 1 == 1 }
    /// Adds the words whose bits are set.
    mutating func add(_ words: [(bit: UInt32, word: String)]) {
        for (bit, word) in words where has(bit) { faults.append(word) }
    }
}

/// One thing that a frame says.
package enum ModuleNews: Hashable, Sendable {
    case voltage(Volts)
    case current(Amperes)
    case status(ModuleStatus)
    /// It acknowledges that it was switched.
    case switched(isOn: Bool)
    case temperature(Celsius)
    /// Those limits that the frame tells.
    case limits(ModuleLimits)
    /// What it can give now, derating included.
    case available(Amperes)
    /// A word of who it is, by its name: `serial`.
    case identity(String, String)
    case mode(ModuleMode)
    /// It did not take a command, in words.
    case refusal(String)
    /// It starts up, or finds its address: ask again.
    case starting
}

/// Numbers of the wire, believed only where a module can mean them.
enum WireNumber {
    /// Chosen: twice what any of these modules is built for.
    static func volts(_ number: Double) -> Volts? {
        (-50...2500).contains(number) ? Volts(exactly: number) : nil
    }
    static func amperes(_ number: Double) -> Amperes? {
        (-50...1000).contains(number) ? Amperes(exactly: number) : nil
    }
    static func celsius(_ number: Double) -> Celsius? {
        (-60...200).contains(number) ? Celsius(exactly: number) : nil
    }
    static func watts(_ number: Double) -> Watts? {
        (0...200_000).contains(number) ? Watts(exactly: number) : nil
    }
    /// As far as 32 bits go; nothing negative is ever said to a module.
    static func thousandths(_ quantity: some Quantity) -> UInt32 {
        UInt32(clamping: max(0, Int64(quantity.raw)))
    }
    static func float(_ number: Double) -> UInt32 { Float(max(0, number)).bitPattern }
    /// A limit of 0 is none that was said.
    static func limit<Value: Quantity>(_ value: Value?) -> Value? {
        guard let value, value > .zero else { return nil }
        return value
    }
}
