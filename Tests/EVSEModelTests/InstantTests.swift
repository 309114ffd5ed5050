import EVSEModel
import Testing

/// Times come from messages and records: no sum of them may trap, or turn the future into the past.
struct InstantTests {
    @Test("a date beyond what nanoseconds count stays the last instant, not a trap or the past")
    func farDates() {
        let forever = Instant(milliseconds: 253_402_300_799_999)  // 9999-12-31
        #expect(forever.nanoseconds == .max)
        #expect(Instant(milliseconds: .min).nanoseconds == .min)
        #expect(forever + .seconds(.max) == forever)
        #expect(Instant.zero + Milliseconds(.max) > .zero)
        #expect(Instant.zero - Milliseconds(.max) < .zero)
        #expect(forever - Instant(nanoseconds: .min) == Milliseconds(.max / 1_000_000))
        #expect(Instant(milliseconds: 1500) - Instant(milliseconds: 500) == .seconds(1))
    }

    @Test("wall time stops at its limits, too")
    func wallTime() {
        let last = UnixTime(milliseconds: .max)
        #expect(last + .seconds(1) == last)
        #expect(UnixTime(milliseconds: .min) - last == Milliseconds(.min))
    }

    @Test("a duration in cycles is rounded up, whatever its size")
    func cycles() {
        let period = Milliseconds(10)
        #expect(Milliseconds(25).cycles(of: period) == 3)
        #expect(Milliseconds(20).cycles(of: period) == 2)
        #expect(Milliseconds.zero.cycles(of: period) == 1)
        #expect(Milliseconds(.max).cycles(of: period) == .max)
        #expect(Milliseconds(.min).cycles(of: period) == 1)
    }
}
