internal import DriverKit
internal import EVSEModel
internal import FieldBus
internal import Glibc

/// The controller's lines, as a board names them.
struct PanelPins {
    let registerSelect: LineID
    let enable: LineID
    /// D4 to D7.
    let data: [LineID]
    let backlight: LineID?

    init(_ configuration: Configuration) {
        registerSelect = configuration.line("rs-line")
        enable = configuration.line("e-line")
        data = configuration.lines("data-lines")
        backlight =
            configuration.has("backlight-line") ? configuration.line("backlight-line") : nil
    }

    /// In the order in which they are driven: the controller reads the others while E falls.
    var lines: [LineID] { data + [registerSelect, enable] + (backlight.map { [$0] } ?? []) }
}

/// A controller in its 4-bit mode on lines of the processor, its R/W tied low.
///
/// Source: HD44780U data sheet (ADE-207-272), write timing: levels stand 40 ns before E rises and 80 ns
/// before it falls, E is high for 230 ns at least. A system call takes longer than each.
final class GPIOInterface: PanelInterface {
    private let bus: GPIOBus
    private let pins: PanelPins
    /// Requested by the first use, and again after a failure.
    private var outputs: (any GPIOOutputs)?
    /// What the lines are while E is low.
    private var levels: [Bool]

    /// An instruction takes 37 µs at 270 kHz and 53 µs with the slowest oscillator that the data sheet
    /// allows (190 kHz).
    private static let instructionTime: UInt32 = 60

    init(_ bus: GPIOBus, _ pins: PanelPins) {
        self.bus = bus
        self.pins = pins
        levels = Array(repeating: false, count: pins.lines.count)
    }

    func sendNibble(_ nibble: UInt8) throws(FieldBusError) {
        try strobe(nibble, isData: false)
        wait(microseconds: Self.instructionTime)
    }

    func send(_ bytes: [PanelByte]) throws(FieldBusError) {
        for byte in bytes {
            try strobe(byte.value >> 4, isData: byte.isData)
            try strobe(byte.value & 0x0F, isData: byte.isData)
            wait(microseconds: Self.instructionTime)
        }
    }

    /// Nobody answers on these lines; a chip that has gone is noticed.
    func touch() throws(FieldBusError) { try drive(isEnabled: false) }

    func wait(microseconds: UInt32) { usleep(microseconds) }

    func release() { outputs = nil }

    private func strobe(_ nibble: UInt8, isData: Bool) throws(FieldBusError) {
        for bit in 0..<4 { levels[bit] = nibble >> UInt8(bit) & 1 == 1 }
        levels[4] = isData
        try drive(isEnabled: false)
        try drive(isEnabled: true)
        try drive(isEnabled: false)
    }

    private func drive(isEnabled: Bool) throws(FieldBusError) {
        levels[5] = isEnabled
        if levels.count > 6 { levels[6] = true }
        do throws(FieldBusError) {
            if outputs == nil { outputs = try bus.request(pins.lines) }
            try outputs?.set(levels)
        } catch {
            outputs = nil
            throw error
        }
    }
}
