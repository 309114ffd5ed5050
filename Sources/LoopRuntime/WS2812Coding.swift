package import EVSEModel

/// Colours as the bits that a SPI controller clocks out.
///
/// Source: WorldSemi WS2812B data sheet: 24 bits a light, highest first, green before red before blue; a
/// 0 is high for 0.40 µs and low for 0.85 µs, a 1 is high for 0.80 µs and low for 0.45 µs, each ±0.15 µs
/// (WS2812B-V5: a 0 is high for 0.22...0.38 µs, a 1 for 0.58...1 µs); low for 280 µs makes them take the
/// colours over. Three SPI bits of 0.417 µs are 100 and 110; four of 0.3125 µs are 1000 and 1110.
package struct WS2812Coding: Sendable {
    let shape: LEDChainShape
    let groups: Int

    package init(shape: LEDChainShape, groups: Int) {
        self.shape = shape
        self.groups = groups
    }

    /// Clock in hertz.
    package var speed: UInt32 { shape.bitsPerBit == 4 ? 3_200_000 : 2_400_000 }
    private var bytesPerLight: Int { 3 * Int(shape.bitsPerBit) }
    /// 300 µs of low, in whole bytes: more than the data sheet's 280 µs.
    private var resetBytes: Int { shape.bitsPerBit == 4 ? 120 : 90 }
    /// A byte of low before the first bit, so that it has a rising edge.
    private static let lead = 1

    package var frameLength: Int {
        Self.lead + groups * Int(shape.lightsPerGroup) * bytesPerLight + resetBytes
    }

    /// Puts one colour, 0xRRGGBB, on all lights of a group.
    package func set(group: Int, colour: Int32, in frame: UnsafeMutableBufferPointer<UInt8>) {
        let (red, green, blue) = (colour >> 16 & 0xFF, colour >> 8 & 0xFF, colour & 0xFF)
        let ordered =
            shape.order == .grb ? green << 16 | red << 8 | blue : red << 16 | green << 8 | blue
        let lights = Int(shape.lightsPerGroup)
        for light in group * lights..<(group + 1) * lights {
            put(ordered, at: Self.lead + light * bytesPerLight, in: frame)
        }
    }

    private func put(
        _ bits: Int32, at start: Int, in frame: UnsafeMutableBufferPointer<UInt8>
    ) {
        let width = Int(shape.bitsPerBit)
        let (zero, one): (UInt32, UInt32) = width == 4 ? (0b1000, 0b1110) : (0b100, 0b110)
        var held: UInt32 = 0
        var count = 0
        var place = start
        for bit in (0..<24).reversed() {
            held = held << UInt32(width) | (bits >> Int32(bit) & 1 == 1 ? one : zero)
            count += width
            while count >= 8 {
                count -= 8
                frame[place] = UInt8(truncatingIfNeeded: held >> UInt32(count))
                place += 1
            }
        }
    }
}
