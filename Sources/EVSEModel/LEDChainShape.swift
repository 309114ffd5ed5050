/// How WS2812 lights in a row are made up: as many groups as a board has uses for, of equal size.
@frozen public struct LEDChainShape: BitwiseCopyable, Hashable, Sendable {
    /// The order in which a light takes its colours.
    @frozen public enum Order: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
        case grb = 0
        case rgb = 1
    }
    /// Lights of one group, 1...20: sixteen groups fit one transfer of spidev (4096 bytes).
    public var lightsPerGroup: UInt8
    /// SPI bits that make up one bit of a light: 3 or 4.
    public var bitsPerBit: UInt8
    public var order: Order

    @inlinable public init(lightsPerGroup: UInt8, bitsPerBit: UInt8, order: Order) {
        self.lightsPerGroup = lightsPerGroup
        self.bitsPerBit = bitsPerBit
        self.order = order
    }
    /// As a line's parameter holds it; what is none of it reads as one light, three bits, GRB.
    @inlinable public init(raw: Int32) {
        lightsPerGroup = max(1, UInt8(truncatingIfNeeded: raw))
        bitsPerBit = raw >> 8 & 0xFF == 4 ? 4 : 3
        order = Order(rawValue: UInt8(truncatingIfNeeded: raw >> 16)) ?? .grb
    }
    @inlinable public var raw: Int32 {
        Int32(lightsPerGroup) | Int32(bitsPerBit) << 8 | Int32(order.rawValue) << 16
    }
}
