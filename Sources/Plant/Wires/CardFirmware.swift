/// What one model of input/output card makes of requests. Written from makers' documents, as each says;
/// shares nothing with the driver.
struct CardFirmware: Sendable {
    enum Place: Sendable {
        /// One bit each, from an address of a table of bits.
        case bits(Int)
        /// Bits of registers.
        case mask(Int)
        /// A register each: what an output takes for on and for off; on reads 1.
        case words(Int, on: UInt16, off: UInt16)
    }
    var outputs: Place?
    var inputs: Place?
    /// Registers that outlive a start, as it leaves the maker.
    var stored: [Int: UInt16] = [:]
    /// Registers that nobody can write.
    var fixed: [Int: UInt16] = [:]
    /// Holds the card's own Modbus address.
    var addressAt: Int?
    /// Milliseconds of silence after which outputs go to rest; 0 is never.
    var watchdogAt: Int?
    /// Outputs after a start and after such a silence.
    var restAt: Int?
    var functions: Set<UInt8>
    /// A request that it does not understand gets no answer.
    var refusesInSilence = false

    func watchdog(_ stored: [Int: UInt16]) -> Int64 {
        watchdogAt.map { Int64(stored[$0] ?? 0) * 1_000_000 } ?? 0
    }
    func rest(_ stored: [Int: UInt16]) -> UInt32 { restAt.map { UInt32(stored[$0] ?? 0) } ?? 0 }

    static func named(_ model: String) -> Self? { all[model] }

    private static let all: [String: Self] = [
        // Modbus Application Protocol V1.1b3: coils and discrete inputs from 0.
        "generic": Self(outputs: .bits(0), inputs: .bits(0), functions: [1, 2, 5, 15]),
        // Waveshare's wiki, development protocol V2: version 2.00 reads 200.
        "waveshare-relay": Self(
            outputs: .bits(0), fixed: [0x8000: 200], addressAt: 0x4000,
            functions: [1, 3, 5, 6, 15]),
        "waveshare-relay-d": Self(
            outputs: .bits(0), inputs: .bits(0), fixed: [0x8000: 200],
            addressAt: 0x4000, functions: [1, 2, 3, 5, 6, 15]),
        "waveshare-io-8": Self(
            outputs: .bits(0), inputs: .bits(0), fixed: [0x8000: 100],
            addressAt: 0x4000, functions: [1, 2, 3, 5, 6, 15]),
        // Eletechsup's command list: 0x0100 opens (on), 0x0200 closes (off).
        "n4d8b08": Self(
            outputs: .words(1, on: 0x0100, off: 0x0200), inputs: .words(0x81, on: 1, off: 0),
            functions: [3, 6, 16], refusesInSilence: true),
        // DMP275en: firmware 4.0 (0x28), type 0; the watchdog is off as delivered.
        "sfar-s-8di8do": Self(
            outputs: .mask(51), inputs: .mask(50), stored: [8: 0, 12: 0], fixed: [0: 0x2800],
            watchdogAt: 8, restAt: 12, functions: [1, 2, 3, 4, 5, 6, 15, 16]),
        // The maker's product data tables.
        "brainboxes-ed-588": Self(
            outputs: .bits(0), inputs: .bits(0), functions: [1, 2, 5, 15]),
    ]
}
