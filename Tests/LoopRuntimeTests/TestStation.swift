import DriverKit
import EVSEModel
import GPIOCableLock
import GPIOContactor
import GPIOInputs
import GPIOResidualCurrent
import Glibc
import IIOProximityPilot
import IIOTemperature
import LoopRuntime
import PWMControlPilot
import SharedImage
import SimulatedChip
import StatusLEDs

/// A folder that goes away with the value.
final class TemporaryFolder {
    let path: String

    init() {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/forecourt-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { preconditionFailure("no folder in \(base)") }
        path = String(cString: made)
    }
    deinit { Self.remove(path) }
    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) {
        let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
        close(descriptor)
    }
    func read(_ name: String) -> String {
        let descriptor = open(file(name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
    func makeFolder(_ name: String) { mkdir(file(name), 0o700) }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { remove("\(path)/\(name)") }
            }
            closedir(folder)
        }
        Glibc.remove(path)
    }
}

/// Lines of the test board, by their index in the plan.
enum Wire {
    static let pilotPWM = LineID(0)
    static let pilotHigh = LineID(1)
    static let pilotLow = LineID(2)
    static let proximity = LineID(3)
    static let engage = LineID(4)
    static let release = LineID(5)
    static let bolt = LineID(6)
    static let coil = LineID(7)
    static let mirror = LineID(8)
    static let fault = LineID(9)
    static let test = LineID(10)
    static let emergencyStop = LineID(11)
    static let temperature = LineID(12)
    static let red = LineID(13)
    static let green = LineID(14)
    static let blue = LineID(15)
    static let buzzer = LineID(16)
    static let watchdog = LineID(17)
    static let count = 18
}

/// An AC wallbox of every cyclic plugin, as the board compiler would plan it.
func wallboxPlan(chip: String, period: Milliseconds = Milliseconds(10)) -> LoopPlan {
    var plan = LoopPlan()
    plan.fingerprint = 0x7E57
    plan.period = period
    plan.lineCount = UInt16(Wire.count)
    plan.watchdogLine = Wire.watchdog
    func line(_ id: LineID, _ kind: LineKind, _ offset: UInt16) {
        var line = LinePlan()
        line.kind = kind
        line.access = .simulatedChip
        line.offset = offset
        line.path = FixedText(chip) ?? FixedText()
        if kind == .pwmOutput { line.parameter = 1_000_000 }
        plan.lines[Int(id.index)] = line
    }
    line(Wire.pilotPWM, .pwmOutput, 0)
    for (offset, id) in [Wire.pilotHigh, Wire.pilotLow, Wire.proximity, Wire.temperature]
        .enumerated()
    {
        line(id, .analogInput, UInt16(offset))
    }
    for id in [
        Wire.engage, Wire.release, Wire.coil, Wire.test, Wire.red, Wire.green, Wire.blue,
        Wire.buzzer, Wire.watchdog,
    ] { line(id, .digitalOutput, id.index) }
    for id in [Wire.bolt, Wire.mirror, Wire.fault, Wire.emergencyStop] {
        line(id, .digitalInput, id.index)
    }
    func slot<Plugin: CyclicPlugin>(
        _ plugin: Plugin.Type, _ values: [String: ConfigurationValue]
    ) {
        let configuration = Configuration(device: "device", values: values)
        let flat = Plugin.plan(configuration, period: period)
        guard let name = FixedText(Plugin.name.text),
            let slot = DriverSlot(plugin: name, device: name, plan: flat)
        else { return }
        plan.slots[Int(plan.slotCount)] = slot
        plan.slotCount += 1
    }
    slot(
        PWMControlPilotPlugin.self,
        [
            "pwm": .lines([Wire.pilotPWM]), "high-channel": .lines([Wire.pilotHigh]),
            "low-channel": .lines([Wire.pilotLow]), "scale": .number(8_000_000),
            "offset": .number(-13_200),
        ])
    slot(
        IIOProximityPilotPlugin.self,
        [
            "channel": .lines([Wire.proximity]), "none-above": .number(2459),
            "13-a-above": .number(1813), "20-a-above": .number(1170),
            "32-a-above": .number(891), "63-a-above": .number(751),
        ])
    slot(
        GPIOCableLockPlugin.self,
        [
            "motor-lines": .lines([Wire.engage, Wire.release]),
            "feedback-line": .lines([Wire.bolt]), "stroke-time": .number(600),
            "rest": .text("brake"),
        ])
    slot(
        GPIOContactorPlugin.self,
        [
            "coil-line": .lines([Wire.coil]), "feedback-line": .lines([Wire.mirror]),
            "feedback-kind": .text("normally-closed"),
        ])
    slot(
        GPIOResidualCurrentPlugin.self,
        ["fault-line": .lines([Wire.fault]), "test-line": .lines([Wire.test])])
    slot(GPIOInputsPlugin.self, ["emergency-stop": .lines([Wire.emergencyStop])])
    slot(
        IIOTemperaturePlugin.self,
        [
            "channel": .lines([Wire.temperature]), "position": .number(1),
            "sensor": .text("linear"), "slope": .number(10_000_000), "zero": .number(500),
            "minimum": .number(-400), "maximum": .number(1500),
        ])
    slot(
        StatusLEDsPlugin.self,
        [
            "red-line": .lines([Wire.red]), "green-line": .lines([Wire.green]),
            "blue-line": .lines([Wire.blue]), "buzzer-line": .lines([Wire.buzzer]),
        ])
    return plan
}

/// The far side of digital lines: what is wired to them.
protocol FarSide {
    /// Level of an output; false where the line is released or is no output.
    func isDriven(_ line: LineID) -> Bool
    func set(_ line: LineID, _ isHigh: Bool)
}

extension SimulatedChip: FarSide {
    func isDriven(_ line: LineID) -> Bool {
        isOutput(Int(line.index)) && driven(Int(line.index)) == 1
    }
    func set(_ line: LineID, _ isHigh: Bool) { setSensed(Int(line.index), isHigh ? 1 : 0) }
}

/// A vehicle, a cable and the actuators at the test board's chip, as much of them as a test of the
/// loop's plumbing needs.
struct World {
    let chip: SimulatedChip
    /// Positive pilot level that the vehicle's resistors make of +12 V.
    var level = 12.0
    var proximityMillivolts: Int32 = 3300
    var celsius = 25.0
    var emergencyStopIsWired = true
    var boltIsJammed = false
    var isWelded = false
    /// Cycles by which the mirror contact is later than the coil.
    var mirrorDelay = 0
    let farSide: any FarSide
    private var coils = [Bool]()

    /// - Parameter farSide: where the digital lines are, if not on the chip.
    init(chip: SimulatedChip, digital farSide: (any FarSide)? = nil) {
        self.chip = chip
        self.farSide = farSide ?? chip
    }

    mutating func plug(level: Double = 9, cable millivolts: Int32 = 1000) {
        self.level = level
        proximityMillivolts = millivolts
    }

    /// Follows the outputs and sets the inputs; called before each cycle.
    mutating func settle() {
        func set(_ id: LineID, _ volts: Double) {
            let offset = [Wire.pilotHigh: 0, Wire.pilotLow: 1, Wire.proximity: 2][id] ?? 3
            chip.setMicrovolts(offset, Int32((volts * 1_000_000).rounded()))
        }
        let duty = chip.duty(0)
        set(Wire.pilotHigh, ((duty == 0 ? -12 : level) + 13.2) / 8)
        set(Wire.pilotLow, ((duty == 10_000 ? level : -12) + 13.2) / 8)
        set(Wire.proximity, Double(proximityMillivolts) / 1000)
        set(Wire.temperature, 0.5 + celsius / 100)
        let (engage, release) = (farSide.isDriven(Wire.engage), farSide.isDriven(Wire.release))
        if !boltIsJammed, engage != release { farSide.set(Wire.bolt, engage) }
        coils.append(farSide.isDriven(Wire.coil))
        if coils.count > mirrorDelay + 1 { coils.removeFirst(coils.count - mirrorDelay - 1) }
        farSide.set(Wire.mirror, !((coils.first ?? false) || isWelded))
        farSide.set(Wire.fault, farSide.isDriven(Wire.test))
        farSide.set(Wire.emergencyStop, emergencyStopIsWired)
    }
}
