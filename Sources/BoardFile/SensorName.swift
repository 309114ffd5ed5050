/// The name of a DS18B20 as the kernel shows it: its family code and its serial number.
///
/// Source: Linux, Documentation/w1/slaves/w1_therm.rst: family 28 is the DS18B20, and the folder's
/// name is the family and 48 bits of serial number in hexadecimal.
enum SensorName {
    static let pattern = "^28-[0-9a-f]{12}$"

    /// Whether the text is such a name.
    static func isOne(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == 15 && text.hasPrefix("28-")
            && bytes.dropFirst(3).allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
            }
    }
}
