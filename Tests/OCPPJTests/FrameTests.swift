import JSON
import OCPPJ
import Testing

@Suite("Frames of OCPP-J (part 4, section 4)")
struct FrameTests {
    @Test("a CALL, CALLRESULT and CALLERROR read back as written")
    func roundTrip() {
        let frames: [Frame] = [
            .call(id: "1", action: "Heartbeat", payload: [:]),
            .result(id: "1", payload: ["currentTime": "2026-01-01T00:00:00Z"]),
            .error(id: "1", RPCError(.notSupported, "no")),
        ]
        for frame in frames { #expect(ReceivedFrame(frame.bytes) == .frame(frame)) }
    }

    /// Text, id of the CALLERROR, its code. FC_J4_01, FC_J4_10.
    @Test(
        "what is no proper request is refused with the right code and id",
        arguments: [
            ("{}", "-1", RPCError.Code.rpcFrameworkError), ("nonsense", "-1", .rpcFrameworkError),
            ("", "-1", .rpcFrameworkError), ("[]", "-1", .rpcFrameworkError),
            (#"["2","a","Reset",{}]"#, "-1", .rpcFrameworkError),
            (#"[2.5,"a","Reset",{}]"#, "-1", .rpcFrameworkError),
            (#"[2]"#, "-1", .rpcFrameworkError), (#"[2,7,"Reset",{}]"#, "-1", .rpcFrameworkError),
            (#"[2,"","Reset",{}]"#, "-1", .rpcFrameworkError),
            (
                #"[2,"1234567890123456789012345678901234567","Reset",{}]"#, "-1",
                .rpcFrameworkError
            ),
            (#"[2,"a"]"#, "a", .rpcFrameworkError), (#"[2,"a","Reset"]"#, "a", .rpcFrameworkError),
            (#"[2,"a","Reset",{},1]"#, "a", .rpcFrameworkError),
            (#"[2,"a",5,{}]"#, "a", .rpcFrameworkError),
            (#"[2,"a","Reset",[]]"#, "a", .formatViolation),
            (#"[2,"a","Reset","x"]"#, "a", .formatViolation),
            (#"[2,"a","Reset",{"type":}]"#, "a", .formatViolation),
            (#"[2, "a" ,"Reset",{"#, "a", .formatViolation),
            (#"[2,"a","Reset",{"type":1,"type":2}]"#, "a", .formatViolation),
            (#"[2,"a"#, "-1", .rpcFrameworkError),
            (#"[5,"a","Reset",{}]"#, "a", .messageTypeNotSupported),
            (#"[0,{},"Reset",{}]"#, "-1", .messageTypeNotSupported),
        ])
    func refused(text: String, id: String, code: RPCError.Code) throws {
        guard case .refused(.error(let answered, let error)) = ReceivedFrame(Array(text.utf8))
        else {
            Issue.record("not refused: \(text)")
            return
        }
        #expect(answered == id)
        #expect(error.code == code)
        #expect(error.text.count <= 255)
    }

    @Test(
        "what may be an answer is never answered",
        arguments: [
            #"[3,"a"]"#, #"[3,5,{}]"#, #"[3,"a","x"]"#, #"[3,"a",{"#, #"[4,"a"]"#, #"[4,1,"x"]"#,
            #"[4,"a",{"#, #"[3,"a",{},{}]"#,
        ])
    func dropped(text: String) {
        guard case .dropped = ReceivedFrame(Array(text.utf8)) else {
            Issue.record("answered: \(text)")
            return
        }
    }

    @Test("an empty payload may be null, a CALLERROR may lack what only people read")
    func tolerated() {
        #expect(
            ReceivedFrame(Array(#"[2,"a","Heartbeat",null]"#.utf8))
                == .frame(.call(id: "a", action: "Heartbeat", payload: [:])))
        #expect(
            ReceivedFrame(Array(#"[4,"a","Odd"]"#.utf8))
                == .frame(.error(id: "a", RPCError(codeText: "Odd", text: ""))))
    }

    @Test("a larger message than the limit is refused without being read")
    func large() {
        var bytes = Array(#"[2,"a","DataTransfer",{"data":""#.utf8)
        bytes += Array(repeating: UInt8(ascii: "x"), count: 2_000)
        bytes += Array(#""}]"#.utf8)
        let expected = ReceivedFrame(bytes, limits: JSONLimits(bytes: 1_000))
        guard case .refused(.error("a", let error)) = expected else {
            Issue.record("not refused with its id: \(expected)")
            return
        }
        #expect(error.code == .formatViolation)
    }

    @Test("mutated frames never trap")
    func mutations() {
        var random = IdentifierGenerator(seed: 7)
        let seed = Array(#"[2,"19223201","SetVariables",{"setVariableData":[{"a":1.5}]}]"#.utf8)
        var readable = 0
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0...(random.next() % 3) {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.removeSubrange(index...)
                default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
                }
                if bytes.isEmpty { bytes = [0x20] }
            }
            if case .frame = ReceivedFrame(bytes) { readable += 1 }
        }
        #expect(readable > 100, "seed 7")
    }

    @Test("ids are UUIDs of 36 characters and do not repeat")
    func identifiers() {
        var generator = IdentifierGenerator(seed: 1)
        var seen: Set<String> = []
        for _ in 0..<10_000 {
            let id = generator.identifier()
            #expect(id.utf8.count == 36)
            #expect(seen.insert(id).inserted)
        }
        var other = IdentifierGenerator(seed: 2)
        #expect(!seen.contains(other.identifier()))
    }
}
