internal import EVSEModel
internal import FieldBus

/// Bender isoCHA425HV: function 3 reads, function 16 writes.
///
/// Source of registers and times [S]: EVerest, modules/HardwareDrivers/IsolationMonitors/Bender_isoCHA425HV
/// (main, manifest.yaml).
struct BenderDialogue: MonitorDialogue {
    static let title = "Bender isoCHA425HV"
    private let bus: ModbusBus
    private let unit: ModbusUnit
    private let wants: MonitorSettings

    private enum Register {
        static let resistance: UInt16 = 1000
        static let voltage: UInt16 = 1008
        /// L1 to earth, then L2 to earth.
        static let toEarth: UInt16 = 1016
        static let prealarm: UInt16 = 3005
        static let alarm: UInt16 = 3007
        /// 3 on, 0 off.
        static let fasterCableCheck: UInt16 = 3021
        /// 0 CCS, 1 CHAdeMO.
        static let mode: UInt16 = 3023
        static let isOn: UInt16 = 3026
        static let selfTest: UInt16 = 8005
        static let name: UInt16 = 9800
        /// Ident, version, day, month, year, version of the bus driver.
        static let firmware: UInt16 = 9820
    }
    /// What starts a self-test.
    private static let testKey: UInt16 = 0x5445

    init(_ bus: ModbusBus, _ unit: ModbusUnit, _ wants: MonitorSettings) {
        self.bus = bus
        self.unit = unit
        self.wants = wants
    }

    func identify(evenAtRest: Bool) async throws(FieldBusError) -> MonitorAnswer {
        let words: [UInt16]
        do throws(FieldBusError) {
            words = try await read(Register.name, 10, evenAtRest)
        } catch {
            guard error.code == .exception else { throw error }
            return .isAnother("refuses to say its name, so it is no \(Self.title)")
        }
        let bytes = words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        let text = String(
            decoding: bytes.filter { (33...126).contains($0) }, as: UTF8.self)
        guard text.lowercased().contains("iso") else {
            return .isAnother("says that it is \"\(text)\", which is no \(Self.title)")
        }
        let firmware = try await read(Register.firmware, 6, evenAtRest)
        return .fits("\(text), D\(firmware[0]) version \(firmware[1])")
    }

    var settings: [MonitorSetting] {
        var all = [
            MonitorSetting(name: "prealarm", address: Register.prealarm, value: wants.prealarm),
            MonitorSetting(name: "alarm", address: Register.alarm, value: wants.alarm),
            MonitorSetting(name: "mode", address: Register.mode, value: wants.isCHAdeMO ? 1 : 0),
        ]
        if wants.hasFastCableCheck {
            all.append(
                MonitorSetting(
                    name: "faster-cable-check", address: Register.fasterCableCheck, value: 3))
        }
        // One that is switched off between sessions is switched on when it is wanted.
        if !wants.switchesOff {
            all.append(MonitorSetting(name: "on", address: Register.isOn, value: 1))
        }
        return all
    }

    func value(of setting: MonitorSetting) async throws(FieldBusError) -> UInt16 {
        try await read(setting.address, 1, false).first ?? 0
    }

    func write(_ setting: MonitorSetting) async throws(FieldBusError) {
        try await write(setting.address, setting.value)
    }

    func look(evenAtRest: Bool) async throws(FieldBusError) -> MonitorReading {
        var reading = MonitorReading()
        let resistance = try await value(at: Register.resistance, evenAtRest)
        reading.isTesting = resistance.isTesting
        // Numbers of one that tests itself mean nothing, and its bus is easily overwhelmed then.
        guard !resistance.isTesting else { return reading }
        reading.resistance = resistance.resistance
        reading.problem = resistance.isDeviceError ? "device error" : nil
        reading.problem = reading.problem ?? resistance.objection(.ohm, "the resistance")
        let voltage = try await value(at: Register.voltage, evenAtRest)
        reading.voltage = voltage.voltage
        reading.problem = reading.problem ?? voltage.objection(.volt, "the voltage")
        let words = try await read(Register.toEarth, 2 * BenderValue.length, evenAtRest)
        reading.positiveToEarth = BenderValue(words.prefix(BenderValue.length))?.voltage
        reading.negativeToEarth = BenderValue(words.suffix(BenderValue.length))?.voltage
        return reading
    }

    func startSelfTest() async throws(FieldBusError) {
        try await write(Register.selfTest, Self.testKey)
    }

    func setMeasuring(_ isMeasuring: Bool) async throws(FieldBusError) {
        // Its switch lies in the memory of its settings: only where the board says that it may be used.
        guard wants.switchesOff else { return }
        guard try await read(Register.isOn, 1, false).first != (isMeasuring ? 1 : 0) else { return }
        try await write(Register.isOn, isMeasuring ? 1 : 0)
    }

    // MARK: Registers

    private func value(
        at address: UInt16, _ evenAtRest: Bool
    ) async throws(FieldBusError) -> BenderValue {
        let words = try await read(address, BenderValue.length, evenAtRest)
        guard let value = BenderValue(words[...]) else {
            throw FieldBusError(
                .badReply, bus: bus.name, "register \(address) of \(Self.title) has no value",
                remedy: "Check the model.")
        }
        return value
    }

    private func read(
        _ address: UInt16, _ count: Int, _ evenAtRest: Bool
    ) async throws(FieldBusError) -> [UInt16] {
        try await bus.exchange(
            .read(.holding, at: address, count: count), with: unit, evenAtRest: evenAtRest
        ).registers
    }

    private func write(_ address: UInt16, _ value: UInt16) async throws(FieldBusError) {
        _ = try await bus.exchange(.writeRegisters(at: address, [value]), with: unit)
    }
}
