/// A frame with its check sum, low byte first.
///
/// Source: Modbus over Serial Line V1.02, 6.2.2: reflected polynomial 0xA001, start 0xFFFF.
package func appendingModbusCRC(_ bytes: [UInt8]) -> [UInt8] {
    var crc: UInt16 = 0xFFFF
    for byte in bytes {
        crc ^= UInt16(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xA001 : crc >> 1 }
    }
    return bytes + [UInt8(truncatingIfNeeded: crc), UInt8(crc >> 8)]
}
