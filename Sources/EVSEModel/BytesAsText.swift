/// Two upper-case hexadecimal digits a byte.
public func hexadecimal(_ bytes: some Sequence<UInt8>, separator: String = "") -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
        .joined(separator: separator)
}

/// - Returns: `nil` where the text is not pairs of hexadecimal digits, of either case.
public func bytes(hexadecimal text: String) -> [UInt8]? {
    func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var bytes = [UInt8]()
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = value(digits[index]), let low = value(digits[index + 1]) else {
            return nil
        }
        bytes.append(high << 4 | low)
    }
    return bytes
}

/// Base64 as RFC 4648, section 4, has it: for protocols whose text carries bytes.
public func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text = [UInt8]()
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
        for index in 0..<4 {
            text.append(
                index <= group.count
                    ? digits[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}

/// - Returns: `nil` where the text is no Base64 with its padding.
public func bytes(base64 text: String) -> [UInt8]? {
    func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 65...90: UInt32(byte - 65)
        case 97...122: UInt32(byte - 71)
        case 48...57: UInt32(byte) + 4
        case 43: 62
        case 47: 63
        default: nil
        }
    }
    let all = Array(text.utf8)
    guard all.count % 4 == 0 else { return nil }
    let padding = all.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    var bytes = [UInt8]()
    for start in stride(from: 0, to: all.count, by: 4) {
        var bits: UInt32 = 0
        let isLast = start + 4 == all.count
        for index in 0..<4 {
            let isPadding = isLast && index >= 4 - padding
            guard let digit = isPadding ? 0 : value(all[start + index]) else { return nil }
            bits = bits << 6 | digit
        }
        let count = isLast ? 3 - padding : 3
        for index in 0..<count {
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * index)))
        }
    }
    return bytes
}
