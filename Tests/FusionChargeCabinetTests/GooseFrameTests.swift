import FusionChargeCabinet
import Plant
import Testing

/// Frames byte by byte against ones that were laid out by hand from the sheet.
@Suite("FusionCharge: frames of the power channel")
struct GooseFrameTests {
    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }
        return stride(from: 0, to: digits.count, by: 2).compactMap { place in
            let start = digits.index(digits.startIndex, offsetBy: place)
            return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
        }
    }
    /// CC/0$GO$PowerRequest and the zero that ends it.
    private static let name = "43432F3024474F24506F7765725265717565737400"
    /// Charging with 400 V and 125.5 A for connector 3.
    private static let apdu = bytes(
        """
        61 8197
        80 15 \(name)
        81 02 2710
        82 15 \(name)
        83 15 \(name)
        84 08 6B49D200 800000 0A
        85 04 00000007
        86 04 00000002
        87 01 00
        88 04 00000001
        89 01 00
        8A 04 00000008
        AB 24
          86 02 0003 86 02 FFFF 86 02 0005 86 02 0002
          87 04 43C80000 87 04 42FB0000
          86 02 FFFF 86 02 FFFF
        """)
    private static var message: GooseMessage {
        var message = PowerRequest(.charging, voltage: 400, current: 125.5).message(connector: 3)
        message.time = GooseMessage.Time(milliseconds: 1_800_000_000_500)
        message.state = 7
        message.sequence = 2
        return message
    }
    private static let key = (0..<48).map { UInt8($0) }

    @Test("a request is laid out as the sheet has it")
    func request() throws {
        #expect(Self.message.apdu == Self.apdu)
        #expect(try GooseMessage(appID: 1, apdu: Self.apdu[...]) == Self.message)
    }

    @Test("the unsigned frame: type, application, length, two empty words")
    func unsigned() throws {
        let frame = GooseFrame.encode(Self.message, key: nil)
        #expect(frame == Self.bytes("88B8 0001 00A2 0000 0000") + Self.apdu)
        #expect(try GooseFrame.decode(frame, key: nil) == Self.message)
        #expect(throws: GooseProblem.self) { try GooseFrame.decode(frame, key: Self.key) }
    }

    /// The header of a frame that a dispenser sent to a real cabinet, published with an open driver, has this CRC.
    @Test("the header's CRC is that of a real dispenser's frame")
    func checksum() {
        #expect(GooseFrame.checksum(Self.bytes("88B8 0001 00A2 0023")) == 0x3DAC)
        let frame = GooseFrame.encode(Self.message, key: Self.key)
        #expect(Array(frame.prefix(10)) == Self.bytes("88B8 0001 00A2 0023 3DAC"))
    }

    @Test("the signature is HMAC-SHA256 of RFC 4231, test cases 1 and 2")
    func hash() {
        let first = GooseFrame.hash(Array("Hi There".utf8)[...], Array(repeating: 0x0B, count: 20))
        #expect(
            first
                == Self.bytes("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"))
        let second = GooseFrame.hash(
            Array("what do ya want for nothing?".utf8)[...], Array("Jefe".utf8))
        #expect(
            second
                == Self.bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    }

    @Test("the signed frame ends with AD 00 20 and the hash from the type to the message's end")
    func signed() throws {
        let frame = GooseFrame.encode(Self.message, key: Self.key)
        #expect(frame.count == 10 + Self.apdu.count + 35)
        let end = 10 + Self.apdu.count
        #expect(Array(frame[end..<end + 3]) == [0xAD, 0x00, 0x20])
        #expect(Array(frame[(end + 3)...]) == GooseFrame.hash(frame[..<end], Self.key))
        #expect(try GooseFrame.decode(frame, key: Self.key) == Self.message)
        // Ethernet may fill it up.
        #expect(try GooseFrame.decode(frame + [0, 0, 0], key: Self.key) == Self.message)
    }

    @Test("every wrong bit of a signed frame is found")
    func wrongBits() {
        let frame = GooseFrame.encode(Self.message, key: Self.key)
        for place in 0..<frame.count * 8 {
            var spoilt = frame
            spoilt[place / 8] ^= 1 << UInt8(place % 8)
            // The high byte of the first reserved word is under the CRC and the signature, as all else.
            #expect(throws: GooseProblem.self, "bit \(place)") {
                try GooseFrame.decode(spoilt, key: Self.key)
            }
        }
    }

    @Test("a frame that is cut off anywhere is refused")
    func cutOff() {
        let frame = GooseFrame.encode(Self.message, key: Self.key)
        for length in 0..<frame.count {
            #expect(throws: GooseProblem.self, "\(length) bytes") {
                try GooseFrame.decode(Array(frame.prefix(length)), key: Self.key)
            }
        }
    }

    @Test("another key's signature is refused")
    func otherKey() {
        let frame = GooseFrame.encode(Self.message, key: Self.key.map { $0 ^ 1 })
        #expect(throws: GooseProblem.self) { try GooseFrame.decode(frame, key: Self.key) }
    }

    @Test("numbers of every width that BER allows, and floats as IEC 61850 has them")
    func widths() throws {
        // Time to live in four bytes, state in one, a float with the width of its exponent in front.
        let body = Self.bytes(
            """
            80 01 41 81 04 00002710 82 01 41 83 01 41 84 08 0000000000000000 85 01 05
            86 01 00 87 01 00 88 01 00 89 01 00 8A 01 02 AB 0A 86 01 07 87 05 0843C80000
            """)
        let message = try GooseMessage(appID: 2, apdu: ([0x61, UInt8(body.count)] + body)[...])
        #expect(message.entries == [.unsigned(7), .float(400)])
        #expect(message.timeToLive == 10_000 && message.state == 5 && message.name == "A")
    }

    @Test("messages that are none")
    func nonsense() {
        let wrong = [
            "61", "6180", "6183000000", "62 00", "61 00", "61 02 80 00",
            // A name that is too long, and one that is no text.
            "61 03 80 01 07", "61 84 00000000",
        ]
        for hex in wrong {
            #expect(throws: GooseProblem.self, "\(hex)") {
                try GooseMessage(appID: 0, apdu: Self.bytes(hex)[...])
            }
        }
        var apdu = Self.apdu
        apdu.append(0)
        #expect(throws: GooseProblem.self) { try GooseMessage(appID: 0, apdu: apdu[...]) }
    }

    @Test("the simulated cabinet, which shares no code, reads and writes the same bytes")
    func otherEnd() {
        let frame = GooseFrame.encode(Self.message, key: Self.key)
        guard case .message(let read, let isSigned) = GooseWire.read(frame, key: { _ in Self.key })
        else {
            Issue.record("refused")
            return
        }
        #expect(isSigned && read.state == 7 && read.sequence == 2 && read.number(2) == 5)
        #expect(read.float(4) == 400 && read.float(5) == 125.5)
        var written = read
        written.application = 1
        let again = GooseWire.write(written, key: Self.key)
        #expect((try? GooseFrame.decode(again, key: Self.key))?.entries == Self.message.entries)
    }

    @Test("shutdown and its reasons")
    func shutdown() {
        let message = PowerRequest.shutdown(connector: 1, .emergencyStop)
        #expect(message.appID == 0x3002 && message.name == "CC/0$GO$ShutdownRequest")
        #expect(
            message.entries == [
                .unsigned(1), .unsigned(0xFFFF), .unsigned(0x1004), .unsigned(0xFFFF),
                .unsigned(0xFFFF),
            ])
        #expect(ShutdownReason.allCases.map(\.rawValue) == Array(0x1000...0x1009))
    }
}
