import EVSEModel
import FieldBus
import Testing

@Suite("Reply times and rests")
struct ReplyTimeTests {
    @Test("a quantile is within an eighth of the true one, never above the maximum")
    func quantiles() {
        var histogram = ReplyTimeHistogram()
        for microseconds in 1...100_000 { histogram.record(microseconds: Int64(microseconds)) }
        #expect(histogram.count == 100_000)
        #expect(histogram.maximum == 100_000)
        for fraction in [0.1, 0.5, 0.9, 0.99] {
            let truth = fraction * 100_000
            let learned = Double(histogram.quantile(fraction))
            #expect(learned >= truth * 0.99 && learned <= truth * 1.126, "\(fraction): \(learned)")
        }
        #expect(histogram.quantile(1) == 100_000)
    }

    @Test("extreme times are counted, not lost", arguments: [0, 1, 100, 60_000_000_000] as [Int64])
    func extremes(_ microseconds: Int64) {
        var histogram = ReplyTimeHistogram()
        #expect(histogram.quantile(0.99) == 0)
        histogram.record(microseconds: microseconds)
        #expect(histogram.count == 1)
        #expect(histogram.quantile(0.99) <= max(microseconds, 0))
    }

    @Test("a unit rests after three failures, longer each time, up to five seconds")
    func rests() {
        var health = ModbusUnitHealth()
        var now = Instant(milliseconds: 1000)
        for _ in 1...2 {
            health.failed(at: now)
            #expect(!health.isDead && !health.rests(at: now))
        }
        for rest in [500, 1000, 2000, 4000, 5000, 5000] as [Int64] {
            health.failed(at: now)
            #expect(health.isDead)
            #expect(health.rests(at: now + Milliseconds(rest - 1)))
            #expect(!health.rests(at: now + Milliseconds(rest)))
            now = now + Milliseconds(rest)
        }
        health.replied()
        #expect(!health.isDead && !health.rests(at: now))
    }
}
