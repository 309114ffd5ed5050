internal import EVSEModel
internal import FieldBus

/// Dold RN5893: measures in input registers, its control word and settings in holding registers.
///
/// Source of registers [S]: EVerest, modules/HardwareDrivers/IsolationMonitors/DoldRN5893 (main, docs).
/// Document numbers less 30001 or 40001 are those of the wire.
struct DoldDialogue: MonitorDialogue {
    static let title = "Dold RN5893"
    private let bus: ModbusBus
    private let unit: ModbusUnit
    private let wants: MonitorSettings

    private enum Register {
        /// Device fault, then state (30001, 30002).
        static let status: UInt16 = 0
        /// Resistance in 100 Ω, a word that is not used here, voltage in V (32001 to 32003).
        static let measured: UInt16 = 2000
        static let control: UInt16 = 0
        /// What the network is: 1 AC, 2 DC, 4 three-phase (42004).
        static let network: UInt16 = 2003
        static let alarm: UInt16 = 2005
        static let prealarm: UInt16 = 2006
    }
    private enum Control {
        static let measures: UInt16 = 0
        static let selfTest: UInt16 = 1 << 4
        static let stops: UInt16 = 1 << 8
    }

    init(_ bus: ModbusBus, _ unit: ModbusUnit, _ wants: MonitorSettings) {
        self.bus = bus
        self.unit = unit
        self.wants = wants
    }

    func identify(evenAtRest: Bool) async throws(FieldBusError) -> MonitorAnswer {
        // It does not say its name: fault and state must be among those that it knows.
        do throws(FieldBusError) {
            let words = try await read(.input, Register.status, 2, evenAtRest)
            guard DoldState(fault: words[0], state: words[1]) != nil else {
                return .isAnother(
                    "says fault \(words[0]) and state \(words[1]), which no \(Self.title) has")
            }
            return .fits("")
        } catch {
            guard error.code == .exception else { throw error }
            return .isAnother("refuses to say its state, so it is no \(Self.title)")
        }
    }

    var settings: [MonitorSetting] {
        [
            MonitorSetting(name: "network", address: Register.network, value: 2),
            MonitorSetting(name: "alarm", address: Register.alarm, value: wants.alarm),
            MonitorSetting(name: "prealarm", address: Register.prealarm, value: wants.prealarm),
        ]
    }

    func value(of setting: MonitorSetting) async throws(FieldBusError) -> UInt16 {
        try await read(.holding, setting.address, 1, false).first ?? 0
    }

    func write(_ setting: MonitorSetting) async throws(FieldBusError) {
        try await write(setting.address, setting.value)
    }

    func look(evenAtRest: Bool) async throws(FieldBusError) -> MonitorReading {
        let words = try await read(.input, Register.status, 2, evenAtRest)
        guard let state = DoldState(fault: words[0], state: words[1]) else {
            throw FieldBusError(
                .badReply, bus: bus.name,
                "\(Self.title) says fault \(words[0]) and state \(words[1]), which are none",
                remedy: "Check the model.")
        }
        let measured =
            state.isMeasuring
            ? try await read(.input, Register.measured, 3, evenAtRest) : []
        return state.reading(measured)
    }

    func startSelfTest() async throws(FieldBusError) {
        // It tests itself only while it measures.
        try await write(Register.control, Control.selfTest)
    }

    func setMeasuring(_ isMeasuring: Bool) async throws(FieldBusError) {
        // The control word is no setting: writing it wears out nothing.
        try await write(Register.control, isMeasuring ? Control.measures : Control.stops)
    }

    // MARK: Registers

    private func read(
        _ table: ModbusTable, _ address: UInt16, _ count: Int, _ evenAtRest: Bool
    ) async throws(FieldBusError) -> [UInt16] {
        try await bus.exchange(
            .read(table, at: address, count: count), with: unit, evenAtRest: evenAtRest
        ).registers
    }

    private func write(_ address: UInt16, _ value: UInt16) async throws(FieldBusError) {
        _ = try await bus.exchange(.writeRegister(at: address, value), with: unit)
    }
}
