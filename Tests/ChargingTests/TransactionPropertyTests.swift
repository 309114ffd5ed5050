import Charging
import EVSEModel
import Testing

/// Random lives of a station: whatever happens in whatever order, the books are right.
@Suite("Books under random events")
struct TransactionPropertyTests {
    /// What the books of one transaction have said so far.
    private struct Books {
        var next = 0
        var isEnded = false
        var connectors = 0
        var lastTime = Int64.min
    }

    private static let points = ["EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer"]

    @Test(
        "one Started, one Ended, numbers without a gap, power only with open books",
        arguments: 0..<60)
    func books(_ seed: Int) throws {
        var random = Random(seed: UInt64(seed) &+ 7000)
        func some<Value>(_ values: [Value]) -> Value {
            values[Int.random(in: 0..<values.count, using: &random)]
        }
        func points() -> String {
            Self.points.filter { _ in Bool.random(using: &random) }.joined(separator: ",")
        }
        func flag() -> String { String(Bool.random(using: &random)) }
        let evses =
            seed % 2 == 0 ? [EVSEConfiguration()] : [EVSEConfiguration(), EVSEConfiguration()]
        var starts = points()
        if starts.isEmpty { starts = "Authorized" }
        var test = TestStation.online(
            evses: evses,
            settings: [
                .txStartPoint: starts, .txStopPoint: points(),
                .stopTxOnEVSideDisconnect: flag(), .unlockOnEVSideDisconnect: flag(),
                .stopTxOnInvalidID: flag(), .offlineTxForUnknownID: flag(),
                .authorizeRemoteStart: flag(), .localPreAuthorize: flag(),
                .sampledTxUpdatedInterval: "7", .sampledTxEndedInterval: "9",
                .alignedInterval: "60", .evConnectionTimeOut: "25",
            ])
        var books: [TransactionID: Books] = [:]
        let tokens = [TestStation.card, TestStation.otherCard, IdToken("ABCD", .keyCode)]
        for step in 0..<400 {
            let evse = Int.random(in: 1...evses.count, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0, 1: test.plug(evse, ready: Bool.random(using: &random))
            case 2: test.unplug(evse)
            case 3: test.unplugVehicle(evse)
            case 4, 5: test.vehicle(evse, wants: Bool.random(using: &random))
            case 6, 7, 8:
                let status = some([AuthorizationStatus.accepted, .accepted, .invalid])
                test.tap(
                    some(tokens), evse: Bool.random(using: &random) ? evse : nil,
                    answer: TokenInfo(status: status))
            case 9:
                test.act { station, now in
                    _ = station.requestStart(
                        RemoteStart(
                            remoteStartID: step, token: some(tokens), evse: EVSEID(evse)), at: now)
                }
            case 10:
                let running = test.station.transactions
                if let id = running.first?.id {
                    test.act { _ = $0.requestStop(id, at: $1) }
                }
            case 11: test.goOffline()
            case 12: test.goOnline()
            case 13:
                if let notice = test.notices.last(where: { $0.token != nil }) {
                    let info = TokenInfo(status: some([.accepted, .blocked]))
                    test.act {
                        $0.transactionAnswered(
                            notice.transaction, sequence: notice.sequence, info: info, at: $1)
                    }
                }
            case 14:
                let fault = some([Fault.groundLost, .emergencyStop, .overCurrent])
                test.places[evse - 1].faults.set(fault, Int.random(in: 0..<5, using: &random) == 0)
                test.look()
            case 15:
                let operative = Int.random(in: 0..<5, using: &random) > 0
                test.act { station, now in
                    _ = station.changeAvailability(.station, operative: operative, at: now)
                }
            case 16:
                test.restart(ofProcess: Bool.random(using: &random))
                for index in test.places.indices { test.places[index].energised = false }
                test.look()
                if Bool.random(using: &random) { test.goOnline() }
            case 17:
                if let connector = ConnectorID(evse: evse, connector: 1) {
                    test.act { _ = $0.unlock(connector, at: $1) }
                }
            default: test.run(seconds: Int.random(in: 1...12, using: &random))
            }
            guard check(&test, &books, starts: starts, seed: seed, step: step) else { return }
        }
        // Everything ends once the cables are gone and nobody is authorised.
        for evse in 1...evses.count { test.unplug(evse) }
        test.places.indices.forEach { test.places[$0].faults = FaultSet() }
        for _ in 0..<2 {
            for running in test.station.transactions {
                test.goOnline()
                test.act { _ = $0.requestStop(running.id, at: $1) }
            }
            test.run(seconds: 30)
        }
        guard check(&test, &books, starts: starts, seed: seed, step: 400) else { return }
        #expect(test.station.transactions.isEmpty)
        #expect(!books.isEmpty, "seed \(seed): too little happened")
        #expect(books.values.allSatisfy { $0.isEnded }, "seed \(seed)")
        #expect(test.records[.transactions]?.isEmpty ?? true, "seed \(seed): records are left")
    }

    private func check(
        _ test: inout TestStation, _ books: inout [TransactionID: Books], starts: String, seed: Int,
        step: Int
    ) -> Bool {
        var isRight = true
        func fail(_ text: String) {
            isRight = false
            Issue.record("seed \(seed), step \(step): \(text)")
        }
        for notice in test.notices {
            var book = books[notice.transaction] ?? Books()
            if (notice.kind == .started) != (books[notice.transaction] == nil) {
                fail("\(notice.kind) at \(notice.sequence)")
            }
            if book.isEnded { fail("a notice after the end") }
            if notice.sequence != book.next { fail("number \(notice.sequence), not \(book.next)") }
            if notice.kind == .ended, notice.stoppedReason == nil { fail("ended without a reason") }
            if notice.kind != .ended, notice.stoppedReason != nil {
                fail("a reason before the end")
            }
            if notice.connector != nil { book.connectors += 1 }
            if book.connectors > 1 { fail("the connector came twice") }
            let time = Int64(notice.time.run) << 40 + notice.time.instant.nanoseconds / 1_000_000
            if time < book.lastTime { fail("time went back") }
            book.lastTime = time
            book.next += 1
            book.isEnded = notice.kind == .ended
            books[notice.transaction] = book
        }
        let running = Set(test.station.transactions.map(\.id))
        let open = Set(books.filter { !$0.value.isEnded }.keys)
        if running != open { fail("running \(running) but open \(open)") }
        for index in test.places.indices {
            let target = test.target(index + 1)
            let hasBooks = test.station.transactions.contains { $0.evse?.index == index }
            if target.energyGranted, !hasBooks, starts != "EnergyTransfer" {
                fail("power without books")
            }
            if target.energyGranted, target.limit < Amperes(6) { fail("granted below 6 A") }
        }
        test.forget()
        return isRight
    }
}
