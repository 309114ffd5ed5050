import EVSEModel

/// WS2812 lights in a row, as they take the bits of a SPI controller's data line.
///
/// The bits of a whole frame arrive as bytes; every light takes 24 pulses and passes the rest on, and
/// low for 280 µs makes all show what they took. A pulse is long or short, as the data sheet of the
/// WS2812B has it: more than 0.55 µs of high is a 1.
package struct LEDChainLine: SerialDevice {
    package let characterTime: Int64
    private let place: Int
    private let lights: PlantPlan.Lights
    /// Duration of one SPI bit, in tenths of a nanosecond: 2.4 MHz or 3.2 MHz.
    private let bitTime: Int
    private var isHigh = false
    private var length = 0
    private var bits = [Bool]()
    private static let longPulse = 5500
    private static let reset = 2_800_000

    package init(_ bus: PlantPlan.SerialBus, place: Int, plan: PlantPlan) {
        characterTime = 1
        self.place = place
        lights = plan.lights[place]
        bitTime = lights.bitsPerBit == 4 ? 3125 : 4167
    }

    package var deadline: Int64? { nil }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        for byte in bytes {
            for shift in (0..<8).reversed() { take(byte >> UInt8(shift) & 1 == 1, &world) }
        }
    }

    private mutating func take(_ level: Bool, _ world: inout PlantWorld) {
        guard level != isHigh else {
            length += bitTime
            if !isHigh, length >= Self.reset, !bits.isEmpty { show(&world) }
            return
        }
        // A falling edge ends a pulse. More than the row takes falls out at its end.
        if isHigh, bits.count < lights.count * 24 { bits.append(length > Self.longPulse) }
        isHigh = level
        length = bitTime
    }

    private mutating func show(_ world: inout PlantWorld) {
        var colours = world.lightColours[place]
        if colours.isEmpty { colours = Array(repeating: 0, count: lights.count) }
        for light in 0..<bits.count / 24 {
            let word = bits[light * 24..<light * 24 + 24].reduce(UInt32(0)) {
                $0 << 1 | ($1 ? 1 : 0)
            }
            let (first, second, blue) = (word >> 16, word >> 8 & 0xFF, word & 0xFF)
            colours[light] =
                lights.redFirst
                ? first << 16 | second << 8 | blue : second << 16 | first << 8 | blue
        }
        bits.removeAll(keepingCapacity: true)
        world.lightColours[place] = colours
    }

    package mutating func transmissions(at now: Int64, world: inout PlantWorld) -> [Transmission] {
        []
    }

    /// `#RRGGBB`.
    static func text(_ colour: UInt32) -> String {
        "#" + hexadecimal([16, 8, 0].map { UInt8(truncatingIfNeeded: colour >> UInt32($0)) })
    }
}
