/// A CAN 2.0B data frame: a 29-bit id and up to eight bytes.
///
/// Numbers in its data are big-endian: all families of power modules have them so.
public struct CANFrame: Hashable, Sendable {
    /// 29 bits.
    public let id: UInt32
    /// Bytes of data, 0...8.
    public let count: Int
    /// Byte 0 is the highest.
    private let data: UInt64

    public static let idMask: UInt32 = 0x1FFF_FFFF

    /// - Parameters:
    ///   - id: what is above 29 bits is dropped.
    ///   - bytes: what is beyond eight is dropped.
    public init(id: UInt32, _ bytes: some Sequence<UInt8>) {
        var (data, count) = (UInt64(0), 0)
        for byte in bytes.prefix(8) {
            data |= UInt64(byte) << UInt64(56 - 8 * count)
            count += 1
        }
        self.id = id & Self.idMask
        self.count = count
        self.data = data
    }

    /// Eight bytes, as two halves.
    public init(id: UInt32, _ high: UInt32, _ low: UInt32) {
        self.id = id & Self.idMask
        count = 8
        data = UInt64(high) << 32 | UInt64(low)
    }

    /// A byte of the data; 0 beyond its end.
    public subscript(index: Int) -> UInt8 {
        guard (0..<count).contains(index) else { return 0 }
        return UInt8(truncatingIfNeeded: data >> UInt64(56 - 8 * index))
    }
    /// The two bytes from this one on.
    public func uint16(at index: Int) -> UInt16 {
        UInt16(self[index]) << 8 | UInt16(self[index + 1])
    }
    /// The four bytes from this one on.
    public func uint32(at index: Int) -> UInt32 {
        UInt32(uint16(at: index)) << 16 | UInt32(uint16(at: index + 2))
    }
    /// IEEE 754, from the four bytes from this one on.
    public func float(at index: Int) -> Float { Float(bitPattern: uint32(at: index)) }

    public var bytes: [UInt8] { (0..<count).map { self[$0] } }

    /// Bits of the id.
    public func bits(_ range: ClosedRange<Int>) -> UInt32 {
        let width = range.upperBound - range.lowerBound + 1
        guard range.lowerBound >= 0, width < 32 else { return 0 }
        return id >> UInt32(range.lowerBound) & (1 << UInt32(width) - 1)
    }
}

extension CANFrame: CustomStringConvertible {
    /// As candump writes it: `029A00F0#0000000000000000`.
    public var description: String {
        func hexadecimal(_ number: some BinaryInteger, _ width: Int) -> String {
            let text = String(number, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return hexadecimal(id, 8) + "#" + bytes.map { hexadecimal($0, 2) }.joined()
    }
}

/// Frames that are for somebody: those whose id has these values in these bits.
public struct CANFilter: Hashable, Sendable {
    public let id: UInt32
    public let mask: UInt32
    public init(id: UInt32, mask: UInt32) {
        self.id = id & mask
        self.mask = mask
    }
    public func takes(_ frame: CANFrame) -> Bool { frame.id & mask == id }
}
