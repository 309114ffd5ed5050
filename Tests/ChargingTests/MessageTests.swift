import Charging
import EVSEModel
import Testing

/// The operator's messages: which are taken, which are shown, and what ends them (O01...O06).
@Suite("Operator messages")
struct MessageTests {
    static let one = [DisplayConfiguration(name: "display-1")]
    static let settings: [SettingKey: String] = [.displayMessagesEnabled: "true"]

    private func online(
        evses: Int = 1, displays: [DisplayConfiguration] = Self.one,
        bounds: StationLimits = StationLimits()
    ) -> TestStation {
        .online(
            evses: (0..<evses).map { _ in EVSEConfiguration() }, settings: Self.settings,
            bounds: bounds, displays: displays)
    }
    private static func message(
        _ id: Int, _ text: String, _ priority: MessagePriority = .normalCycle,
        state: MessageState? = nil, start: UnixTime? = nil, end: UnixTime? = nil,
        transaction: TransactionID? = nil, displays: [String] = [], language: String? = nil,
        format: MessageFormat = .utf8
    ) -> InstalledMessage {
        InstalledMessage(
            id: id, priority: priority, state: state, start: start, end: end,
            transaction: transaction, displays: displays,
            content: MessageText(format: format, language: language, text: text))
    }
    @discardableResult
    private func set(
        _ test: inout TestStation, _ message: InstalledMessage
    ) -> Result<Void, MessageRefusal> {
        let answer = test.station.setMessage(message, at: test.now)
        test.collect()
        return answer
    }
    private func content(_ test: TestStation) -> DisplayContent {
        let evses = test.station.displayed(at: test.now)
        return DisplayContent(
            evses: evses, messages: test.station.displayedMessages(evses, at: test.now))
    }
    /// What takes turns on a display.
    private func shown(
        _ test: TestStation, on display: String = "display-1", evse: EVSEID? = nil
    ) -> [String] {
        content(test).part(of: evse, on: display).dueMessages.map(\.text)
    }
    private func time(_ test: TestStation, plus seconds: Int64) -> UnixTime {
        (test.station.currentTime(at: test.now) ?? TestStation.someTime) + .seconds(seconds)
    }

    @Test("a message is stored before it is shown, and cleared for good (O01.FR.10, O05)")
    func setAndClear() {
        var test = online()
        test.forget()
        #expect(set(&test, Self.message(7, "Hello")).isAccepted)
        let isStored = test.outputs.contains {
            if case .store(.put(.operatorMessages, "7", _)) = $0 { true } else { false }
        }
        #expect(isStored)
        #expect(shown(test) == ["Hello"])
        let hadOne = test.station.clearMessage(7, at: test.now)
        #expect(hadOne)
        test.collect()
        #expect(shown(test).isEmpty)
        #expect(test.records[.operatorMessages]?.isEmpty ?? true)
        let hasAnother = test.station.clearMessage(7, at: test.now)
        #expect(!hasAnother)
    }

    @Test(
        "messages survive a restart of process and machine, in their order (O01.FR.10)")
    func restart() {
        for isProcess in [true, false] {
            var test = online()
            for id in [9, 3, 5] { set(&test, Self.message(id, "number \(id)")) }
            test.restart(ofProcess: isProcess, wallClock: TestStation.someTime)
            test.look()
            #expect(shown(test) == ["number 9", "number 3", "number 5"])
        }
    }

    @Test("the same id replaces all that was said under it; a refused one changes nothing (O06)")
    func replace() {
        var test = online()
        set(&test, Self.message(1, "old", .inFront))
        set(&test, Self.message(1, "new"))
        #expect(shown(test) == ["new"])
        #expect(test.station.messageCount == 1)
        #expect(
            set(&test, Self.message(1, "third", format: .html)).refusal == .formatNotSupported)
        #expect(shown(test) == ["new"])
    }

    @Test("in front goes before the cycle, always in front before everything (O01.FR.12...16)")
    func priorities() {
        var test = online()
        set(&test, Self.message(1, "a"))
        set(&test, Self.message(2, "b"))
        #expect(shown(test) == ["a", "b"])
        set(&test, Self.message(3, "c", .inFront))
        set(&test, Self.message(4, "d", .inFront))
        #expect(shown(test) == ["c", "d"])
        set(&test, Self.message(5, "e", .alwaysFront))
        #expect(shown(test) == ["e"])
        set(&test, Self.message(6, "f", .alwaysFront))
        #expect(shown(test) == ["f"])
        #expect(test.station.messages(MessageFilter(ids: [5])).isEmpty, "it was replaced")
        #expect(test.records[.operatorMessages]?["5"] == nil)
        _ = test.station.clearMessage(6, at: test.now)
        #expect(shown(test) == ["c", "d"])
    }

    @Test(
        "what cannot be shown is refused with its own word (O01.FR.01...11, O02.FR.01)"
    )
    func refusals() {
        var bounds = StationLimits()
        bounds.operatorMessages = 2
        var test = online(bounds: bounds)
        #expect(set(&test, Self.message(1, "x", format: .uri)).refusal == .formatNotSupported)
        #expect(
            set(&test, Self.message(1, "x", transaction: TransactionID("none"))).refusal
                == .unknownTransaction)
        func rejection(_ message: InstalledMessage) -> RefusalCode? {
            if case .rejected(let refusal)? = set(&test, message).refusal {
                refusal.code
            } else {
                nil
            }
        }
        #expect(rejection(Self.message(1, "x", displays: ["display-9"])) == .notFound)
        #expect(rejection(Self.message(1, " \n")) == .invalidValue)
        #expect(rejection(Self.message(1, "Grüße", format: .ascii)) == .invalidValue)
        #expect(rejection(Self.message(1, "x", end: time(test, plus: -1))) == .invalidValue)
        #expect(
            rejection(
                Self.message(1, "x", start: time(test, plus: 20), end: time(test, plus: 10)))
                == .invalidValue)
        set(&test, Self.message(1, "a"))
        set(&test, Self.message(2, "b"))
        #expect(rejection(Self.message(3, "c")) == .tooManyElements)
        #expect(rejection(Self.message(2, "again")) == nil, "a replacement needs no room")
        let answer = test.station.set(.displayMessagesEnabled, "false", at: test.now)
        #expect(answer == .accepted)
        #expect(rejection(Self.message(1, "a")) == .notEnabled)
        #expect(shown(test).isEmpty)
    }

    @Test("a message is shown within its times only, and is gone after them (O01.FR.06, O01.FR.07)")
    func times() {
        var test = online()
        set(
            &test,
            Self.message(1, "later", start: time(test, plus: 30), end: time(test, plus: 60)))
        #expect(shown(test).isEmpty)
        #expect(test.station.messageCount == 1)
        test.run(seconds: 31)
        #expect(shown(test) == ["later"])
        test.run(seconds: 30)
        #expect(shown(test).isEmpty)
        #expect(test.station.messageCount == 0)
        #expect(test.records[.operatorMessages]?.isEmpty ?? true)
    }

    @Test("its end wakes the station though nothing else happens")
    func wakes() throws {
        var test = online()
        set(&test, Self.message(1, "brief", end: time(test, plus: 5)))
        let wake = try #require(test.station.nextWake)
        #expect(wake <= test.now + .seconds(5))
    }

    @Test("while the time is not known a dated message is not shown, nor dropped")
    func unknownTime() {
        var test = online()
        set(&test, Self.message(1, "dated", end: time(test, plus: 3600)))
        set(&test, Self.message(2, "plain"))
        test.restart(ofProcess: false)
        test.look()
        // The boot that ended knew the time; this one has a lower bound only.
        #expect(test.station.messageCount == 2)
        test.goOnline()
        #expect(shown(test) == ["dated", "plain"])
    }

    @Test("a transaction's message goes with it (O02.FR.02), also past a power cut")
    func transaction() throws {
        var test = online(evses: 2)
        test.plug(1, ready: true)
        test.tap(evse: 1, answer: TestStation.accepted)
        let id = try #require(test.station.transactions.first?.id)
        set(&test, Self.message(1, "for you", .inFront, transaction: id))
        #expect(shown(test) == ["for you"])
        var cut = test
        test.tap(evse: 1)
        test.unplug(1)
        #expect(shown(test).isEmpty)
        #expect(test.station.messageCount == 0)
        // The transaction's record is gone, its message's is not yet.
        cut.collect()
        cut.dropRecords(of: .transactions)
        cut.restart(ofProcess: false)
        #expect(cut.station.messageCount == 0)
        #expect(cut.records[.operatorMessages]?.isEmpty ?? true)
    }

    @Test("states: charging, faulted, idle, unavailable")
    func states() {
        var test = online()
        for (id, state) in MessageState.allCases.enumerated() {
            set(&test, Self.message(id, state.rawValue, state: state))
        }
        #expect(shown(test) == ["Idle"])
        test.plug(ready: true)
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        #expect(shown(test) == ["Charging"])
        test.places[0].faults.raise(.underVoltage)
        test.look()
        #expect(shown(test) == ["Faulted"])
        test.places[0].faults = FaultSet()
        test.tap()
        test.unplug()
        test.act { station, now in
            _ = station.changeAvailability(.station, operative: false, at: now)
        }
        #expect(shown(test) == ["Unavailable"])
    }

    @Test("a display shows what is meant for it (O01.FR.20, O01.FR.23)")
    func displays() {
        let displays = [
            DisplayConfiguration(name: "left", evse: EVSEID(1)),
            DisplayConfiguration(name: "right", evse: EVSEID(2)),
        ]
        var test = online(evses: 2, displays: displays)
        set(&test, Self.message(1, "everywhere"))
        set(&test, Self.message(2, "right only", displays: ["right"]))
        set(&test, Self.message(3, "who charges", state: .charging))
        #expect(shown(test, on: "left", evse: EVSEID(1)) == ["everywhere"])
        #expect(shown(test, on: "right", evse: EVSEID(2)) == ["everywhere", "right only"])
        test.plug(1, ready: true)
        test.tap(evse: 1, answer: TestStation.accepted)
        test.vehicle(1, wants: true)
        #expect(shown(test, on: "left", evse: EVSEID(1)) == ["everywhere", "who charges"])
        #expect(shown(test, on: "right", evse: EVSEID(2)) == ["everywhere", "right only"])
    }

    @Test(
        "a driver's language decides among tagged messages (O01.FR.08, O01.FR.09)"
    )
    func languages() {
        var test = online()
        set(&test, Self.message(1, "Hallo", language: "de"))
        set(&test, Self.message(2, "Hello", language: "en-GB"))
        set(&test, Self.message(3, "12345"))
        #expect(shown(test) == ["Hallo", "Hello", "12345"], "nobody's language is known")
        test.tap(answer: TokenInfo(status: .accepted, languages: ["de-AT", "fr"]))
        #expect(shown(test) == ["Hallo", "12345"])
        test.run(seconds: 70)  // no cable came
        test.tap(TestStation.otherCard, answer: TokenInfo(status: .accepted, languages: ["nl"]))
        #expect(shown(test) == ["Hello", "12345"])
        _ = test.station.clearMessage(2, at: test.now)
        #expect(shown(test) == ["Hallo", "12345"], "better in German than not at all")
    }
}
