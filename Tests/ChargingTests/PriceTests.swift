import Charging
import EVSEModel
import Testing

/// Tariffs and costs as a driver reads them (I01...I06).
@Suite("Prices")
struct PriceTests {
    private func online(
        _ settings: [SettingKey: String] = [:], evses: Int = 1
    ) -> TestStation {
        var all: [SettingKey: String] = [
            .tariffEnabled: "true", .costEnabled: "true", .currency: "CHF",
            .tariffFallback: "0.50 per kWh", .totalCostFallback: "The price comes by mail.",
        ]
        for (key, value) in settings { all[key] = value }
        return .online(
            evses: (0..<evses).map { _ in EVSEConfiguration() }, settings: all,
            displays: [DisplayConfiguration(name: "display-1")])
    }
    private func shown(_ test: TestStation) -> DisplayContent.EVSE {
        test.station.displayed(at: test.now)[0]
    }
    private static func tariff(_ text: String, _ format: MessageFormat = .utf8) -> TokenInfo {
        TokenInfo(status: .accepted, personal: MessageText(format: format, text: text))
    }
    private func charge(_ test: inout TestStation, _ info: TokenInfo) {
        test.plug(ready: true)
        test.tap(answer: info)
        test.vehicle(wants: true)
    }
    private func answer(
        _ test: inout TestStation, cost: Int64? = nil, personal: String? = nil
    ) {
        guard let notice = test.notices.last else { return }
        test.act {
            $0.transactionAnswered(
                notice.transaction, sequence: notice.sequence, info: nil, cost: cost,
                personal: personal.map { MessageText(format: .utf8, text: $0) }, at: $1)
        }
    }
    private static func francs(_ thousandths: Int64) -> DisplayContent.Money {
        DisplayContent.Money(thousandths: thousandths, currency: "CHF")
    }

    @Test("the driver's own tariff is shown from the card to the end, and can change (I01, I06)")
    func tariff() {
        var test = online()
        #expect(shown(test).personal == nil)
        test.tap(answer: Self.tariff("0.39 per kWh"))
        #expect(shown(test).personal == "0.39 per kWh")
        test.plug(ready: true)
        test.vehicle(wants: true)
        #expect(shown(test).state == .charging)
        #expect(shown(test).personal == "0.39 per kWh")
        answer(&test, personal: "now 0.29 per kWh")
        #expect(shown(test).personal == "now 0.29 per kWh")
    }

    @Test("who has no tariff reads the fall-back: offline, by the cache, or in HTML (I04.FR.01)")
    func tariffFallback() {
        var test = online([.localPreAuthorize: "true"])
        test.tap(answer: Self.tariff("<b>0.39</b>", .html))
        #expect(shown(test).personal == "0.50 per kWh")
        test.run(seconds: 70)
        // The cache knows the card, and no tariff.
        test.tap()
        #expect(shown(test).state == .plugIn)
        #expect(shown(test).personal == "0.50 per kWh")
        var silent = online([.tariffFallback: ""])
        silent.tap(answer: TestStation.accepted)
        #expect(shown(silent).personal == nil)
        var off = online([.tariffEnabled: "false"])
        off.tap(answer: Self.tariff("0.39 per kWh"))
        #expect(shown(off).personal == nil)
    }

    @Test("running cost by message and by answer; it survives a restart (I02.FR.03, I02.FR.04)")
    func runningCost() throws {
        var test = online()
        charge(&test, TestStation.accepted)
        #expect(shown(test).session?.cost == nil)
        let id = try #require(test.station.transactions.first?.id)
        let isKnown = test.station.costUpdated(1_230, of: id, at: test.now)
        #expect(isKnown)
        #expect(shown(test).session?.cost == Self.francs(1_230))
        answer(&test, cost: 1_500)
        #expect(shown(test).session?.cost == Self.francs(1_500))
        let isNobodys = !test.station.costUpdated(9_000, of: TransactionID("none"), at: test.now)
        #expect(isNobodys)
        test.run(seconds: 61)  // the next sample stores the books
        test.restart(ofProcess: true)
        test.look()
        #expect(shown(test).session?.cost == Self.francs(1_500))
    }

    @Test("the total is what the end's answer says, free of charge included (I03.FR.03, I03.FR.04)")
    func totalCost() {
        var test = online()
        charge(&test, TestStation.accepted)
        answer(&test, cost: 1_500)
        test.tap()
        #expect(shown(test).state == .finished)
        #expect(shown(test).session?.cost == nil, "so far is not in all")
        #expect(shown(test).personal == nil, "it is on its way")
        answer(&test, cost: 0)
        #expect(shown(test).session?.cost == Self.francs(0))
        test.unplug()
        #expect(shown(test).state == .departed)
        #expect(shown(test).session?.cost == Self.francs(0))
        test.run(seconds: 25)
        #expect(shown(test).state == .presentCard)
        #expect(shown(test).session == nil)
    }

    @Test("whose unplugging ends it can read the total for a while; the next driver ends that")
    func farewell() {
        var test = online([.txStopPoint: "EVConnected"])
        charge(&test, TestStation.accepted)
        test.unplug()
        #expect(shown(test).state == .presentCard)
        answer(&test, cost: 4_200)
        #expect(shown(test).state == .departed)
        #expect(shown(test).session?.cost == Self.francs(4_200))
        test.plug()
        #expect(shown(test).state == .presentCard)
        #expect(shown(test).session == nil)
        test.unplug()
        #expect(shown(test).state == .presentCard)
    }

    @Test("without costs nothing stays after the plug has left")
    func noFarewell() {
        var test = online([.costEnabled: "false"])
        charge(&test, TestStation.accepted)
        answer(&test, cost: 1_500)
        #expect(shown(test).session?.cost == nil)
        test.tap()
        answer(&test, cost: 2_000)
        test.unplug()
        #expect(shown(test).state == .presentCard)
    }

    @Test("an end that nobody could be told of has the fall-back instead of a price (I05.FR.02)")
    func costFallback() {
        var test = online()
        charge(&test, TestStation.accepted)
        test.goOffline()
        test.tap()
        #expect(shown(test).state == .finished)
        #expect(shown(test).personal == "The price comes by mail.")
        test.unplug()
        #expect(shown(test).state == .presentCard)
    }
}
