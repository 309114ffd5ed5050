import EVSEModel
import ModbusInsulationMonitor
import Testing

@Suite("Values of insulation monitors")
struct MonitorValueTests {
    private func bender(
        _ number: Float, alarm: UInt16 = 0, test: UInt16 = 0, unit: UInt16 = 2,
        validity: UInt16 = 0, channel: UInt16 = 1
    ) throws -> BenderValue {
        let bits = number.bitPattern
        let words: [UInt16] = [
            UInt16(bits >> 16), UInt16(bits & 0xFFFF),
            (alarm | test << 6) << 8 | validity << 6 | unit, channel,
        ]
        return try #require(BenderValue(words[...]))
    }

    @Test("a resistance is exact, at least, at most or none")
    func validity() throws {
        #expect(try bender(123_456).resistance == Ohms(123_456))
        #expect(try bender(10_000_000, validity: 2).resistance == Ohms(10_000_000))
        #expect(try bender(5_000_000, validity: 1).resistance == .zero, "it may be anything below")
        #expect(try bender(123_456, validity: 3).resistance == nil)
        #expect(try bender(.nan).resistance == nil)
        #expect(try bender(-1).resistance == nil)
        #expect(
            try bender(.greatestFiniteMagnitude).resistance.map { $0 > Ohms(1_000_000_000) } == true
        )
    }

    @Test("another unit is refused, but nothing is refused of a value that is not valid")
    func units() throws {
        let farads = try bender(0.5, unit: 8)
        #expect(farads.resistance == nil)
        #expect(
            farads.objection(.ohm, "the resistance")
                == "the resistance comes in unit 8 instead of 2")
        #expect(try bender(0.5, unit: 8, validity: 3).objection(.ohm, "it") == nil)
        #expect(try bender(400, unit: 4, channel: 76).voltage == Volts(400))
        #expect(try bender(400, unit: 2).voltage == nil)
    }

    @Test("alarms, tests and error channels")
    func states() throws {
        #expect(try bender(1, alarm: 2).isDeviceError)
        #expect(try !bender(1, alarm: 5).isDeviceError, "an alarm is the value's, not the device's")
        #expect(try bender(1, channel: 115).isDeviceError)
        #expect(try bender(1, channel: 129).isDeviceError)
        #expect(try bender(1, test: 1).isTesting && bender(1, test: 2).isTesting)
        #expect(BenderValue([1, 2, 3]) == nil)
    }

    @Test("the RN5893's states")
    func dold() throws {
        #expect(DoldState(fault: 5, state: 1) == nil)
        #expect(DoldState(fault: 0, state: 8) == nil)
        let measuring = try #require(DoldState(fault: 0, state: 1))
        #expect(measuring.reading([0xFFFF, 0, 0xFFFF]).resistance == Ohms(2_000_000))
        #expect(measuring.reading([0xFFFF, 0, 0xFFFF]).voltage == nil)
        #expect(measuring.reading([1234, 0, 400]).resistance == Ohms(123_400))
        #expect(measuring.reading([1234, 0, 400]).voltage == Volts(400))
        let alarm = try #require(DoldState(fault: 0, state: 6))
        #expect(alarm.isMeasuring, "an alarm is a value, too")
        let broken = try #require(DoldState(fault: 2, state: 1))
        #expect(!broken.isMeasuring && broken.problem == "wire to earth is broken")
        #expect(DoldState(fault: 0, state: 2)?.problem != nil)
    }

    // MARK: Self-tests

    private func reading(testing: Bool = false, problem: String? = nil) -> MonitorReading {
        var reading = MonitorReading()
        reading.isTesting = testing
        reading.problem = problem
        return reading
    }
    private func at(_ seconds: Int64) -> Instant { Instant(milliseconds: seconds * 1000) }

    @Test("a test is over when it was seen to run, and then not any more")
    func course() {
        var course = SelfTestCourse()
        let answer1 = course.shallStart(0)
        #expect(!answer1)
        let answer2 = course.shallStart(1)
        #expect(answer2)
        course.started(at: at(0))
        let answer3 = course.shallStart(1)
        #expect(!answer3 && course.isUnderWay)
        // Not yet: a state shows late.
        let answer4 = course.see(reading(), at: at(2))
        #expect(answer4 == nil && course.answered == 0)
        let answer5 = course.see(reading(testing: true), at: at(5))
        #expect(answer5 == nil)
        let answer6 = course.see(reading(), at: at(9))
        #expect(answer6 == nil)
        #expect(course.answered == 1 && course.hasPassed && !course.isUnderWay)
    }

    @Test("one that fails, does not begin, or does not end")
    func failures() {
        var course = SelfTestCourse()
        let answer7 = course.shallStart(3)
        #expect(answer7)
        course.started(at: at(0))
        let answer8 = course.see(reading(), at: at(13))
        #expect(answer8 == "it did not begin")
        #expect(course.answered == 3 && !course.hasPassed)
        let answer9 = course.shallStart(4)
        #expect(answer9)
        course.started(at: at(20))
        _ = course.see(reading(testing: true), at: at(21))
        let answer10 = course.see(reading(testing: true), at: at(51))
        #expect(answer10 == "it did not end")
        #expect(course.answered == 4 && !course.hasPassed)
        let answer11 = course.shallStart(5)
        #expect(answer11)
        course.started(at: at(60))
        _ = course.see(reading(testing: true), at: at(61))
        let answer12 = course.see(reading(problem: "broken"), at: at(70))
        #expect(answer12 == "broken")
        #expect(course.answered == 5 && !course.hasPassed)
        let answer13 = course.shallStart(6)
        #expect(answer13)
        course.started(at: at(80))
        let answer14 = course.miss(at: at(100))
        #expect(answer14 == nil)
        let answer15 = course.miss(at: at(111))
        #expect(answer15 == "the device fell silent")
        #expect(course.answered == 6)
    }

    @Test("a loop that begins anew gets no old answers")
    func restart() {
        var course = SelfTestCourse()
        let answer16 = course.shallStart(7)
        #expect(answer16)
        course.started(at: at(0))
        _ = course.see(reading(testing: true), at: at(1))
        _ = course.see(reading(), at: at(9))
        #expect(course.answered == 7)
        let answer17 = course.shallStart(0)
        #expect(!answer17)
        #expect(course.answered == 0 && !course.hasPassed)
        let answer18 = course.shallStart(1)
        #expect(answer18)
    }

    @Test("a resistance is told of a device that measures, and of no other")
    func samples() {
        var good = MonitorReading()
        good.resistance = Ohms(500_000)
        #expect(good.sample(at: at(1)).resistance == Ohms(500_000))
        for spoil in [
            { (r: inout MonitorReading) in r.isTesting = true },
            { (r: inout MonitorReading) in r.isStopped = true },
            { (r: inout MonitorReading) in r.problem = "broken" },
        ] {
            var reading = good
            spoil(&reading)
            #expect(reading.sample(at: at(1)).resistance == nil)
        }
    }
}
