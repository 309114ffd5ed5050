/// A CAN frame with a 29-bit id, as simulated devices see it.
package struct CANMessage: Hashable, Sendable {
    package var id: UInt32
    /// Up to eight bytes.
    package var data: [UInt8]

    package init(id: UInt32, _ data: [UInt8]) {
        self.id = id & 0x1FFF_FFFF
        self.data = Array(data.prefix(8))
    }

    /// Two big-endian halves.
    init(id: UInt32, _ high: UInt32, _ low: UInt32) {
        self.init(id: id, Self.bytes(high) + Self.bytes(low))
    }
    static func bytes(_ word: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }

    /// Missing bytes are zero.
    func byte(_ place: Int) -> UInt8 { data.indices.contains(place) ? data[place] : 0 }
    func long(_ place: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(byte(place + $1)) }
    }
    func field(_ shift: UInt32, _ width: UInt32) -> UInt32 { id >> shift & (1 << width - 1) }
}

/// A frame that a simulated device puts on its bus.
package struct CANTransmission: Hashable, Sendable {
    package var message: CANMessage
    /// World time in nanoseconds before which it does not come.
    package var notBefore: Int64
}
