import Charging
import EVSEModel
import Testing

/// Which outlet a card at a reader of several means, where people can say it.
@Suite("Choice of an outlet")
struct ChoiceTests {
    private func online(
        _ settings: [SettingKey: String] = [:], evses: Int = 2, choice: Milliseconds? = .seconds(30)
    ) -> TestStation {
        .online(
            evses: (0..<evses).map { _ in EVSEConfiguration() }, settings: settings,
            choice: choice)
    }
    private func states(_ test: TestStation) -> [DisplayContent.State] {
        test.station.displayed(at: test.now).map(\.state)
    }
    private func choose(_ test: inout TestStation, _ evse: Int) {
        guard let id = EVSEID(evse) else { return }
        test.act { $0.outletChosen(id, at: $1) }
    }
    private func runs(_ test: TestStation) -> [Int?] {
        test.station.transactions.map { $0.evse.map { Int($0.number) } }
    }

    @Test("an outlet that was chosen has the next card, whatever cables wait")
    func choiceFirst() {
        var test = online()
        test.plug(1)
        test.plug(2)
        choose(&test, 2)
        #expect(states(test) == [.presentCard, .outletChosen])
        test.tap(evse: nil, answer: TestStation.accepted)
        #expect(runs(test) == [2])
        #expect(states(test)[0] == .presentCard)
        // The choice is used up: the one cable that still waits is meant by itself.
        test.tap(TestStation.otherCard, evse: nil, answer: TestStation.accepted)
        #expect(runs(test) == [1, 2])
    }

    @Test("of several cables a card waits to be told which; nothing is asked or begun before")
    func cardFirst() {
        var test = online()
        test.plug(1)
        test.plug(2)
        test.tap(evse: nil)
        #expect(states(test) == [.chooseOutlet, .chooseOutlet])
        #expect(test.questions.isEmpty)
        #expect(test.notices.isEmpty)
        choose(&test, 2)
        #expect(test.questions.count == 1)
        guard let question = test.questions.last else { return }
        test.act { $0.authorizationAnswered(question.id, .info(TestStation.accepted), at: $1) }
        #expect(runs(test) == [2])
        #expect(states(test)[0] == .presentCard)
    }

    @Test("who was accepted before plugging in may choose; the outlet is then theirs")
    func lobby() {
        for start in ["Authorized", "EVConnected", "PowerPathClosed"] {
            var test = online([.txStartPoint: start])
            test.tap(evse: nil, answer: TestStation.accepted)
            #expect(states(test) == [.selectOutlet, .selectOutlet])
            choose(&test, 2)
            #expect(states(test) == [.presentCard, .plugIn])
            test.plug(1)
            #expect(states(test)[0] == .presentCard, "\(start): somebody else's cable")
            test.plug(2, ready: true)
            #expect(runs(test).contains(2))
            #expect(test.target(2).energyGranted)
            #expect(!test.target(1).energyGranted)
        }
    }

    @Test("a choice and a card wait for each other so long as the board says, and no longer")
    func timeouts() {
        var test = online(choice: .seconds(10))
        test.plug(1)
        test.plug(2)
        choose(&test, 2)
        test.run(seconds: 11)
        #expect(states(test) == [.presentCard, .presentCard])
        test.tap(evse: nil)
        #expect(states(test) == [.chooseOutlet, .chooseOutlet])
        test.run(seconds: 11)
        #expect(states(test) == [.presentCard, .presentCard])
        choose(&test, 1)
        #expect(test.questions.isEmpty, "the card has to come again")
        let verdicts = test.events.compactMap { event -> TokenVerdict? in
            if case .tokenJudged(_, _, let verdict) = event { verdict } else { nil }
        }
        #expect(verdicts == [.asked, .ignored])
    }

    @Test("the time of a choice wakes the station though nothing else happens")
    func wakes() throws {
        var test = online(choice: .seconds(10))
        choose(&test, 1)
        let wake = try #require(test.station.nextWake)
        #expect(wake <= test.now + .seconds(10))
    }

    @Test("an outlet in use cannot be chosen, and a running session's card stops it as ever")
    func inUse() {
        var test = online()
        test.plug(1, ready: true)
        test.tap(evse: nil, answer: TestStation.accepted)
        #expect(runs(test) == [1])
        choose(&test, 1)
        #expect(states(test)[1] == .presentCard)
        test.plug(2)
        choose(&test, 2)
        test.tap(evse: nil)
        #expect(runs(test).isEmpty, "it is the card of outlet 1")
    }

    @Test("a card that is refused gets no outlet by choosing one")
    func refused() {
        var test = online()
        choose(&test, 1)
        test.tap(evse: nil, answer: TokenInfo(status: .blocked))
        #expect(runs(test).isEmpty)
        #expect(states(test)[0] == .rejected)
        test.plug(1, ready: true)
        #expect(!test.target(1).energyGranted)
    }

    @Test("where nobody can choose, the first cable is meant as before")
    func byOrder() {
        var test = online(choice: nil)
        test.plug(1)
        test.plug(2)
        choose(&test, 2)
        test.tap(evse: nil, answer: TestStation.accepted)
        #expect(runs(test) == [1])
        let isOffered = test.station.displayed(at: test.now).contains { $0.canBeChosen }
        #expect(!isOffered)
    }
}
