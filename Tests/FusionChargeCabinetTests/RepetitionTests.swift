import EVSEModel
import FusionChargeCabinet
import Testing

@Suite("FusionCharge: repetitions")
struct RepetitionTests {
    private let start = Instant(milliseconds: 5000)
    private func message(_ voltage: Float) -> GooseMessage {
        PowerRequest(.charging, voltage: voltage, current: 1).message(connector: 1)
    }

    @Test("at once, after 2, 2, 4 and 8 ms, then every second")
    func schedule() {
        var repetition = GooseRepetition()
        repetition.say(message(400), at: start, time: .init())
        var times = [Int64]()
        for millisecond in Int64(0)..<3100 {
            let now = start + Milliseconds(millisecond)
            if let due = repetition.due(at: now) {
                #expect(due.state == 1 && due.sequence == UInt32(times.count))
                times.append(millisecond)
            }
        }
        #expect(times == [0, 2, 4, 8, 16, 1016, 2016, 3016])
    }

    @Test("a change raises the state and begins the sequence at 0; the same again changes nothing")
    func change() {
        var repetition = GooseRepetition()
        repetition.say(message(400), at: start, time: .init())
        _ = repetition.due(at: start)
        repetition.say(message(400), at: start + Milliseconds(1), time: .init(seconds: 9))
        #expect(repetition.due(at: start + Milliseconds(1)) == nil)
        repetition.say(message(500), at: start + Milliseconds(1), time: .init(seconds: 9))
        let next = repetition.due(at: start + Milliseconds(1))
        #expect(next?.state == 2 && next?.sequence == 0 && next?.time.seconds == 9)
    }

    @Test("a thread that slept makes up for nothing")
    func late() {
        var repetition = GooseRepetition()
        repetition.say(message(400), at: start, time: .init())
        var sent = 0
        let late = start + .seconds(60)
        while repetition.due(at: late) != nil { sent += 1 }
        #expect(sent == 1)
    }
}
