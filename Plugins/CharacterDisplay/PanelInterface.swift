internal import EVSEModel
internal import FieldBus
internal import Glibc

/// What the controller is told with one byte.
struct PanelByte: Hashable {
    let value: UInt8
    /// Register select: a character rather than an instruction.
    let isData: Bool
}

/// The way to a controller in its 4-bit mode, whatever its lines hang on.
protocol PanelInterface {
    /// The upper four lines alone, as an instruction: before the controller is in its 4-bit mode.
    func sendNibble(_ nibble: UInt8) throws(FieldBusError)
    /// Each byte as two nibbles, high one first. Every byte takes at least 37 µs on its way, so that the
    /// controller has carried it out before the next.
    func send(_ bytes: [PanelByte]) throws(FieldBusError)
    /// Asks for a sign of life without changing anything.
    func touch() throws(FieldBusError)
    func wait(microseconds: UInt32)
    /// Lets go of the lines, where there are any; they are had again with the next use.
    func release()
}

/// A PCF8574 as most panels carry it on their back: P0 RS, P1 R/W, P2 E, P3 backlight, P4...P7 D4...D7.
///
/// At 100 kHz a byte on the bus takes 90 µs, more than any instruction but clear and home; the
/// controller takes a nibble with the falling edge of E.
struct ExpanderInterface: PanelInterface {
    let bus: I2CBus
    let address: UInt8

    private enum Line {
        static let registerSelect: UInt8 = 1 << 0
        static let enable: UInt8 = 1 << 2
        static let backlight: UInt8 = 1 << 3
    }
    /// Bytes of one transaction. Chosen: a row of 16 characters; a bus is not held for longer than 6 ms.
    private static let longestWrite = 64

    func sendNibble(_ nibble: UInt8) throws(FieldBusError) {
        try bus.write(Self.strobe(nibble << 4, isData: false), to: address)
    }

    func send(_ bytes: [PanelByte]) throws(FieldBusError) {
        var outputs = [UInt8]()
        for byte in bytes {
            outputs += Self.strobe(byte.value & 0xF0, isData: byte.isData)
            outputs += Self.strobe(byte.value << 4, isData: byte.isData)
            guard outputs.count >= Self.longestWrite else { continue }
            try bus.write(outputs, to: address)
            outputs = []
        }
        if !outputs.isEmpty { try bus.write(outputs, to: address) }
    }

    func touch() throws(FieldBusError) { try bus.write([Line.backlight], to: address) }

    func wait(microseconds: UInt32) { usleep(microseconds) }

    /// The bus is everybody's.
    func release() {}

    /// The expander's outputs that give one nibble: with E high, and with E low again.
    private static func strobe(_ upper: UInt8, isData: Bool) -> [UInt8] {
        let lines = upper | Line.backlight | (isData ? Line.registerSelect : 0)
        return [lines | Line.enable, lines]
    }
}
