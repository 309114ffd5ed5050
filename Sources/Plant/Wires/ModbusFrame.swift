/// Framing of Modbus over Serial Line V1.02: address, function, data, CRC low byte first.
package enum ModbusFrame {
    /// Polynomial 0xA001 reflected, start 0xFFFF.
    package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
        var crc: UInt16 = 0xFFFF
        for byte in bytes {
            crc ^= UInt16(byte)
            for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0xA001 : crc >> 1 }
        }
        return crc
    }
    package static func sealed(_ body: [UInt8]) -> [UInt8] {
        let crc = checksum(body)
        return body + [UInt8(crc & 0xFF), UInt8(crc >> 8)]
    }
    /// A whole frame whose checksum fits; 4...256 bytes.
    package static func isIntact(_ frame: [UInt8]) -> Bool {
        guard (4...256).contains(frame.count) else { return false }
        let crc = checksum(frame.dropLast(2))
        return frame[frame.count - 2] == UInt8(crc & 0xFF)
            && frame[frame.count - 1] == UInt8(crc >> 8)
    }
    /// Silence that ends a frame: 3.5 characters, fixed 1.75 ms above 19 200 baud.
    package static func silence(characterTime: Int64, baud: Int) -> Int64 {
        baud > 19_200 ? 1_750_000 : characterTime * 7 / 2
    }
}
