/// Messages between pcsc-lite's library and its service: numbers in the machine's byte order, fields in
/// the order of C structures.
///
/// Source: pcsc-lite 1.9.9, `src/winscard_msg.h` (protocol 4.4; services up to 2.5 speak it too) and
/// `src/eventhandler.h`.
enum PCSCMessage {
    enum Command: UInt32 {
        case establishContext = 0x01
        case releaseContext = 0x02
        case connect = 0x04
        case reconnect = 0x05
        case disconnect = 0x06
        case beginTransaction = 0x07
        case endTransaction = 0x08
        case transmit = 0x09
        case status = 0x0B
        case cancel = 0x0D
        case version = 0x11
        case readersState = 0x12
        case waitForChange = 0x13
        case stopWaiting = 0x14
    }
    /// What the service answers.
    enum Result: UInt32 {
        case success = 0
        case invalidHandle = 0x8010_0003
        case unknownReader = 0x8010_0009
        case noCard = 0x8010_000C
        case readerUnavailable = 0x8010_0017
        case removedCard = 0x8010_0069
    }
    static let headerLength = 8
    /// Of the structure before a command for a card.
    static let transmitLength: UInt32 = 32
    static let nameLength = 128
    static let readers = 16
    /// Longest body that is taken: a command of 264 bytes behind its structure.
    static let longestBody: UInt32 = 512

    /// State of one reader, 184 bytes; an empty name is none.
    static func state(name: String, counter: UInt32, answerToReset: [UInt8]?) -> [UInt8] {
        var bytes = Array(name.utf8.prefix(nameLength - 1))
        bytes += [UInt8](repeating: 0, count: nameLength - bytes.count)
        // SCARD_PRESENT, POWERED and NEGOTIABLE; or SCARD_ABSENT
        let isPresent = answerToReset != nil
        bytes += word(counter) + word(name.isEmpty ? 0 : isPresent ? 0x34 : 0x02) + word(0)
        let answer = answerToReset ?? []
        bytes += answer + [UInt8](repeating: 0, count: 33 - answer.count)
        bytes += [0, 0, 0]  // the compiler's padding
        return bytes + word(UInt32(answer.count)) + word(isPresent ? 2 : 0)
    }

    static func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        guard offset + 4 <= bytes.count else { return 0 }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }
}
