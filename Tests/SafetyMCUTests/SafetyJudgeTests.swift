import EVSEModel
import SafetyMCU
import Testing

@Suite("What is held against a safety controller")
struct SafetyJudgeTests {
    /// Charging with 16 A, as it should be.
    private func state() throws -> SafetyState {
        var payload = [UInt8](repeating: 0, count: 39)
        payload[0] = 0x55
        payload[1] = 160
        payload[3] = 4
        payload[4] = 3
        (payload[9], payload[10]) = (0x6A, 0x0A)
        payload[11] = 159
        (payload[13], payload[14], payload[16]) = (1, 2, 3)
        return try #require(SafetyState(payload))
    }

    /// - Returns: after how many milliseconds of 50 each it is held against it, and what.
    private func verdict(
        _ change: (inout SafetyState) -> Void, within limit: Int64 = 8000
    ) throws -> (after: Int64, what: String)? {
        var judge = SafetyJudge(wantsSelfTest: true)
        var state = try state()
        change(&state)
        for time in stride(from: Int64(0), through: limit, by: 50) {
            let what = judge.judge(
                state, command: state.command, at: Instant(milliseconds: 10_000 + time))
            if let what { return (time, what) }
        }
        return nil
    }

    @Test("nothing against one that does as it is told")
    func good() throws {
        #expect(try verdict { _ in } == nil)
        #expect(try verdict { $0.residualCurrent = .trippedByDC } == nil)
        let ends = try verdict {
            $0.command = SafetyCommand(.end)
            ($0.isCoilOn, $0.contactor, $0.offered) = (false, .open, .zero)
            $0.duty = Percent(100)
        }
        #expect(ends == nil)
    }

    @Test("another permission or limit than it was told is held against it at once")
    func echo() throws {
        var judge = SafetyJudge(wantsSelfTest: true)
        let state = try state()
        for command in [
            SafetyCommand.open, SafetyCommand(.end), SafetyCommand(.permit, limit: Amperes(17)),
        ] {
            let what = judge.judge(state, command: command, at: .zero)
            #expect(what?.contains("says that it was told permit 16 A") == true)
        }
    }

    @Test("what may be under way is held against it after half a second")
    func later() throws {
        let cases: [(String, (inout SafetyState) -> Void)] = [
            ("offers 16.1 A where 16 A was told", { $0.offered = Amperes(milliamperes: 16_100) }),
            ("duty", { $0.duty = Percent(40) }),
            ("duty", { $0.duty = Percent(100) }),
            ("closed in state b", { $0.pilot = .b }),
            ("closed in state f", { $0.pilot = .f }),
            ("residual-current device untested", { $0.residualCurrent = .untested }),
            ("residual-current device none", { $0.residualCurrent = .none }),
            (
                "closed although it was told to open",
                {
                    $0.command = .open
                    $0.offered = .zero
                    $0.duty = Percent(100)
                }
            ),
        ]
        for (words, change) in cases {
            let found = try #require(try verdict(change), "\(words)")
            #expect(found.what.contains(words), "\(found.what)")
            #expect(found.after == 500)
        }
    }

    @Test("a vehicle has its time to end, and no more")
    func ending() throws {
        let found = try verdict {
            $0.command = SafetyCommand(.end)
            $0.offered = .zero
            $0.duty = Percent(100)
        }
        #expect(found?.after == 6500)
        #expect(found?.what.contains("long after it was told to end") == true)
    }

    @Test("a contact that is closed without its coil is welded, which is no disobedience")
    func weld() throws {
        var judge = SafetyJudge(wantsSelfTest: true)
        var state = try state()
        state.command = .open
        (state.isCoilOn, state.offered, state.duty) = (false, .zero, Percent(100))
        for time in stride(from: Int64(0), through: 1000, by: 50) {
            let at = Instant(milliseconds: time)
            #expect(judge.judge(state, command: .open, at: at) == nil)
            #expect(judge.isWelded == (time >= 500))
        }
        state.contactor = .open
        #expect(judge.judge(state, command: .open, at: Instant(milliseconds: 1100)) == nil)
        #expect(!judge.isWelded)
    }
}
