import EVSEModel
import FramedSerial
import Plant
import PlantTestBench
import SafetyMCU
import Testing

@Suite("Frames of the safety controller protocol")
struct SafetyPacketTests {
    // MARK: The document

    /// Vectors of docs/safety-controller-protocol.md by their names.
    private static let vectors = ProtocolDocument.vectors(of: "safety-controller-protocol")

    private func packet(_ name: String) throws -> SafetyPacket {
        let frame = try #require(Self.vectors[name])
        return try #require(
            SafetyPacket.unstuffed(Array(frame.dropFirst().dropLast())).flatMap {
                SafetyPacket(bytes: $0)
            })
    }

    @Test("there are as many vectors as the document describes")
    func allVectors() {
        #expect(
            Self.vectors.keys.sorted() == [
                "accept", "charging", "end", "hello", "identity", "open", "permit", "refusal",
                "setup", "tripped", "welded",
            ])
    }

    @Test("what the station sends is the document's, byte for byte")
    func sent() throws {
        let setup = SafetySetup(
            boot: 0x2A, challenge: 0x0BAD_CAFE, silenceLimit: .seconds(1), limit: Amperes(16),
            flags: .fixedCable, cleared: 3)
        let permit = SafetyCommand(.permit, limit: Amperes(16))
        let wanted: [(String, SafetyPacket.Kind, UInt16, [UInt8])] = [
            ("hello", .hello, 1, SafetyVersion.own.payload), ("setup", .setup, 2, setup.payload),
            ("permit", .command, 3, permit.payload),
            ("end", .command, 4, SafetyCommand(.end).payload),
            ("open", .command, 65535, SafetyCommand.open.payload),
        ]
        for (name, kind, sequence, payload) in wanted {
            let packet = SafetyPacket(kind, sequence: sequence, session: 0x5A17_C0DE, payload)
            #expect(packet.frame == Self.vectors[name], "\(name)")
        }
    }

    @Test("what the controller sends is understood as the document says")
    func received() throws {
        let identity = try #require(SafetyIdentity(packet("identity").payload))
        #expect(identity.version == SafetyVersion(major: 1, minor: 0))
        #expect(identity.boot == 0x2A && identity.challenge == 0x0BAD_CAFE)
        #expect(identity.capabilities.rawValue == 0x1F && identity.phases == 1)
        #expect(identity.rating == Amperes(32) && identity.firmware == "1.4.2")
        #expect(identity.model == "reference" && identity.serial == "SC-000042")
        #expect(identity.latch == 3)
        let accept = try #require(SafetyAcceptance(packet("accept").payload))
        #expect(accept.silenceLimit == .seconds(1) && accept.limit == Amperes(16))
        #expect(accept.flags == .fixedCable && accept.latch == 0 && accept.boot == 0x2A)
        let refused = try packet("refusal")
        #expect(refused.sequence == 5)
        let refusal = try #require(SafetyRefusal(refused.payload))
        #expect(refusal.reason == .noSession && refusal.refused == 3 && refusal.boot == 0x2B)
    }

    @Test("states are understood as the document says")
    func states() throws {
        let charging = try #require(SafetyState(packet("charging").payload))
        #expect(charging.command == SafetyCommand(.permit, limit: Amperes(16)))
        #expect(charging.mode == .closed && charging.pilot == .c)
        #expect(charging.high == Volts(millivolts: 6020))
        #expect(charging.low == Volts(millivolts: -11_950))
        #expect(charging.duty == Percent(raw: 2666))
        #expect(charging.offered == Amperes(milliamperes: 15_900))
        #expect(charging.isCoilOn && charging.contactor == .closed)
        #expect(charging.cable == .amperes32 && charging.residualCurrent == .passed)
        #expect(charging.directMilliamperes == 0.4 && charging.alternatingMilliamperes == 1.2)
        #expect(charging.temperature == Celsius(raw: 315) && charging.faults.isEmpty)
        #expect(charging.cycle == 1234 && charging.uptime == Milliseconds(61_500))
        let tripped = try #require(SafetyState(packet("tripped").payload))
        #expect(tripped.command == .open && tripped.mode == .fault)
        #expect(tripped.residualCurrent == .trippedByDC && tripped.directMilliamperes == 6.5)
        #expect(tripped.alternatingMilliamperes == nil && tripped.temperature == nil)
        #expect(tripped.faults.faults == FaultSet(.residualCurrentTrip))
        #expect(tripped.uptime == Milliseconds(16_909_060) && !tripped.isClosed)
        let welded = try #require(SafetyState(packet("welded").payload))
        #expect(welded.pilot == .f && welded.isClosed && !welded.isCoilOn && welded.latch == 7)
        #expect(welded.directMilliamperes == nil && welded.temperature == Celsius(raw: -75))
        #expect(
            welded.faults.faults == FaultSet(.contactorWelded).union(FaultSet(.overTemperature)))
        #expect(welded.latched.faults == FaultSet(.contactorWelded))
    }

    @Test("the simulator's codec gives the document's bytes, too")
    func simulator() throws {
        for (name, frame) in Self.vectors {
            let body = try #require(SafetyCode.packet(Array(frame.dropFirst().dropLast())))
            #expect(SafetyCode.frame(body) == frame, "\(name)")
        }
        #expect(SafetyCode.checkSum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(SafetyPacket.checksum(Array("123456789".utf8)[...]) == 0xE306_9283)
    }

    // MARK: The wire

    @Test("frames come whole, byte by byte, several at once, in pieces of any length")
    func pieces() throws {
        let names = ["identity", "accept", "charging", "tripped", "welded", "refusal"]
        let stream = names.flatMap { Self.vectors[$0] ?? [] }
        let wanted = try names.map(packet)
        for length in 1...stream.count {
            var frames = FrameSplitter(longestPayload: SafetyPacket.longestPayload)
            var found = [SafetyPacket]()
            var rest = stream[...]
            while !rest.isEmpty {
                frames.append(Array(rest.prefix(length)))
                rest = rest.dropFirst(length)
                while let packet = frames.next() {
                    if let known = SafetyPacket(packet) { found.append(known) }
                }
            }
            #expect(found == wanted, "in pieces of \(length)")
        }
    }

    @Test("garbage costs at most the frame that it touches")
    func garbage() throws {
        let frame = try #require(Self.vectors["charging"])
        let wanted = try packet("charging")
        var noise = SystemRandomNumberGenerator()
        for length in [1, 2, 40, 76, 77, 300, 5000] {
            var frames = FrameSplitter(longestPayload: SafetyPacket.longestPayload)
            frames.append((0..<length).map { _ in UInt8.random(in: 0...255, using: &noise) })
            frames.append(frame)
            #expect(frames.next().flatMap { SafetyPacket($0) } == wanted)
            #expect(frames.next() == nil)
        }
        for cut in 0..<frame.count - 1 {
            var frames = FrameSplitter(longestPayload: SafetyPacket.longestPayload)
            frames.append(Array(frame.prefix(cut)) + frame)
            #expect(
                frames.next().flatMap { SafetyPacket($0) } == wanted,
                "after \(cut) bytes of another")
        }
    }

    @Test("the station's own frames are passed over where they come back")
    func echo() throws {
        var frames = FrameSplitter(longestPayload: SafetyPacket.longestPayload)
        frames.append(try #require(Self.vectors["permit"]))
        #expect(frames.next() == nil)
        #expect(frames.rejected == 0)
    }

    @Test(
        "one and two wrong bits anywhere on the wire are noticed", arguments: ["permit", "accept"])
    func wrongBits(_ name: String) throws {
        let frame = try #require(Self.vectors[name])
        let wanted = Array(try #require(SafetyCode.packet(Array(frame.dropFirst().dropLast()))))
        let bits = 8..<(frame.count - 1) * 8
        func check(_ flipped: [Int]) {
            var spoilt = frame
            for bit in flipped { spoilt[bit / 8] ^= 1 << UInt8(bit % 8) }
            for part in spoilt.split(separator: 0) {
                guard let bytes = SafetyPacket.unstuffed(Array(part)),
                    let packet = SafetyPacket(bytes: bytes)
                else { continue }
                Issue.record("bits \(flipped): \(packet) instead of \(wanted)")
            }
        }
        for first in bits {
            check([first])
            for second in bits where second > first { check([first, second]) }
        }
    }

    /// Hamming distance 6 of the CRC for the longest packet, 75 bytes: no pattern of up to five wrong bits
    /// has the check sum of none. Patterns of an odd number cannot (the polynomial has the factor x + 1).
    @Test("up to five wrong bits in the longest packet are always noticed")
    func distance() {
        let length = 75 - 4
        let zeros = SafetyPacket.checksum([UInt8](repeating: 0, count: length)[...])
        var syndromes = [UInt32]()
        for bit in 0..<length * 8 {
            var bytes = [UInt8](repeating: 0, count: length)
            bytes[bit / 8] = 1 << UInt8(bit % 8)
            syndromes.append(SafetyPacket.checksum(bytes[...]) ^ zeros)
        }
        syndromes += (0..<32).map { UInt32(1) << UInt32($0) }
        #expect(Set(syndromes).count == syndromes.count && !syndromes.contains(0))
        #expect(syndromes.allSatisfy { $0.nonzeroBitCount % 2 == syndromes[0].nonzeroBitCount % 2 })
        // Two pairs with one sum would be four wrong bits that nobody sees.
        var pairs = Set<UInt32>()
        var isDistinct = true
        for first in syndromes.indices {
            for second in syndromes.indices where second > first {
                let isNew = pairs.insert(syndromes[first] ^ syndromes[second]).inserted
                isDistinct = isNew && isDistinct
            }
        }
        #expect(isDistinct)
    }

    @Test("values outside their tables, and payloads that are too short, are no answer")
    func outside() throws {
        let good = try packet("charging").payload
        #expect(SafetyState(good + [1, 2, 3]) != nil, "a later version may say more")
        #expect(SafetyState(Array(good.dropLast())) == nil)
        for (place, value) in [
            (0, 0x00), (0, 0xFF), (3, 0), (3, 7), (4, 7), (13, 2), (14, 3), (15, 7), (16, 7),
            (10, 0xFF), (27, 1),
        ] {
            var spoilt = good
            spoilt[place] = UInt8(value)
            #expect(SafetyState(spoilt) == nil, "\(value) at \(place)")
        }
        let identity = try packet("identity").payload
        #expect(SafetyIdentity(Array(identity.dropLast())) == nil)
        #expect(SafetyIdentity([2, 0] + identity[2..<10])?.version.major == 2)
    }

    // MARK: What is told

    @Test("a wish is told in steps of 0.1 A, never more than it is")
    func wishes() {
        var wish = ControllerCommand()
        #expect(SafetyCommand(wish) == .open)
        wish.isEnabled = true
        #expect(SafetyCommand(wish) == SafetyCommand(.end))
        for (milliamperes, told) in [(5999, 0), (6000, 6000), (12_799, 12_700), (90_000, 80_000)] {
            wish.offered = Amperes(milliamperes: Int32(milliamperes))
            let command = SafetyCommand(wish)
            #expect(command.limit == Amperes(milliamperes: Int32(told)))
            #expect(command.permission == (told == 0 ? .end : .permit))
        }
    }
}
