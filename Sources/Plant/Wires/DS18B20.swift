/// A DS18B20 as the kernel's w1_therm shows it: nine bytes of scratchpad, the verdict on their CRC, and
/// thousandths of a degree.
///
/// Sources: DS18B20 data sheet 19-7487 rev 6, figures 4 and 9; Maxim application note 27 (CRC-8); Linux,
/// Documentation/w1/slaves/w1_therm.rst.
package enum DS18B20 {
    /// The file `w1_slave`; `nil` where the sensor is not there.
    package static func text(celsius: Double, _ faults: DeviceFaults) -> String? {
        if faults.has(.absent) { return nil }
        var sixteenths = Int((celsius * 16).rounded())
        if faults.has(.rebooted) { sixteenths = 85 * 16 }
        let measured = UInt16(bitPattern: Int16(clamping: sixteenths))
        // High and low alarm and 12 bits, as delivered; the byte before the last counts what is left.
        var bytes: [UInt8] = [
            UInt8(measured & 0xFF), UInt8(measured >> 8), 0x4B, 0x46, 0x7F, 0xFF,
            faults.has(.rebooted) ? 0x0C : 0x10 - UInt8(measured & 0x0F), 0x10,
        ]
        bytes.append(check(bytes))
        if faults.has(.shorted) { bytes = Array(repeating: 0, count: 9) }
        let stated = bytes[8]
        if faults.has(.garbled) { bytes[0] ^= 0x40 }
        let isGood = check(Array(bytes.prefix(8))) == stated
        let words = bytes.map(hexadecimal).joined(separator: " ")
        let value =
            faults.has(.noValue) ? -127_000 : faults.has(.shorted) ? 0 : sixteenths * 1000 / 16
        let verdict = "crc=\(hexadecimal(stated)) \(isGood ? "YES" : "NO")"
        return "\(words) : \(verdict)\n\(words) t=\(value)\n"
    }

    /// Polynomial x8 + x5 + x4 + 1, lowest bit first.
    private static func check(_ bytes: [UInt8]) -> UInt8 {
        bytes.reduce(UInt8(0)) { remainder, byte in
            (0..<8).reduce(remainder ^ byte) { value, _ in
                value & 1 == 1 ? value >> 1 ^ 0x8C : value >> 1
            }
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = Array("0123456789abcdef")
        return String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
    }
}
