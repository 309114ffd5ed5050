import Charging
import EVSEModel
import Testing

/// Several connectors of one EVSE, of which one is used at a time.
@Suite("Connectors of one EVSE")
struct ConnectorTests {
    private func connector(_ number: Int) -> ConnectorID {
        ConnectorID(evse: EVSEID(index: 0), index: number - 1)
    }
    private func told(_ station: DirectStation) -> [String] {
        station.test.events.compactMap { event in
            guard case .connector(let notice) = event else { return nil }
            return "\(notice.connector.number) \(notice.state.rawValue)"
        }
    }
    private func change(
        _ station: inout DirectStation, _ number: Int, operative: Bool
    ) -> AvailabilityAnswer {
        var answer = AvailabilityAnswer.accepted
        let connector = connector(number)
        station.test.act {
            answer = $0.changeAvailability(.connector(connector), operative: operative, at: $1)
        }
        return answer
    }

    @Test("the plug says which is meant; of the other nothing is told (G01.FR.08, E01.FR.16)")
    func byPlug() {
        var station = DirectStation(connectors: 2)
        station.charge(2)
        #expect(told(station) == ["2 Occupied"])
        #expect(station.test.target().connector == 1)
        #expect(station.test.notices.first?.connector == connector(2))
        // The other plug changes nothing about who charges.
        station.plug(1)
        #expect(told(station) == ["2 Occupied", "1 Occupied"])
        #expect(station.test.target().connector == 1)
        station.run(seconds: 5)
        station.unplug(2)
        #expect(told(station).last == "2 Available")
        #expect(station.test.notices.last?.kind == .ended)
        station.status.phase = .plugged
        station.status.connector = 0
        station.look()
        #expect(station.test.target().connector == 0, "who waits at the other is next")
    }

    @Test("a connector that nobody uses is taken out at once, the one in use later (G03.FR.05)")
    func availability() {
        var station = DirectStation(connectors: 2)
        station.charge(2)
        #expect(change(&station, 1, operative: false) == .accepted)
        #expect(told(station).last == "1 Unavailable")
        #expect(station.test.target().energyGranted && station.test.target().available)
        #expect(change(&station, 2, operative: false) == .scheduled)
        #expect(told(station).last == "1 Unavailable", "the one in use stays occupied")
        #expect(station.test.target().energyGranted)
        station.unplug(2)
        #expect(told(station).last == "2 Unavailable")
        #expect(!station.test.target().available)
        #expect(change(&station, 2, operative: true) == .accepted)
        #expect(told(station).last == "2 Available")
        #expect(station.test.target().available)
    }

    @Test("a plug in a connector out of service starts nothing; the other one serves")
    func outOfService() {
        var station = DirectStation(connectors: 2)
        #expect(change(&station, 1, operative: false) == .accepted)
        station.plug(1)
        #expect(!station.test.target().available)
        station.tap()
        #expect(station.test.notices.isEmpty && !station.test.target().energyGranted)
        station.plug(2)
        #expect(station.test.target().available && station.test.target().connector == 1)
    }

    @Test("a remote start without a connector waits for whichever plug comes (F01, F02)")
    func remoteStart() {
        var station = DirectStation(connectors: 2, settings: [.authorizeRemoteStart: "false"])
        let request = RemoteStart(
            remoteStartID: 7, token: TestStation.card, evse: EVSEID(index: 0))
        station.test.act { _ = $0.requestStart(request, at: $1) }
        station.plug(2)
        #expect(station.test.notices.last?.connector == connector(2))
        #expect(station.test.target().connector == 1 && station.test.target().energyGranted)
    }

    @Test("the session that goes on after a restart is the loop's, whatever is plugged besides")
    func restart() {
        var station = DirectStation(connectors: 2)
        station.plug(2)
        station.tap()
        station.prepare()
        station.flow()
        station.plug(1)
        station.test.restart(ofProcess: true)
        station.look()
        #expect(station.test.target().connector == 1)
    }

    @Test("cables that the vehicle holds are not unlocked, neither of the two (F05)")
    func unlock() {
        var station = DirectStation(connectors: 2)
        for number in 1...2 {
            let connector = connector(number)
            var answer: UnlockAnswer?
            station.test.act { answer = $0.unlock(connector, at: $1) }
            guard case .done(.unlockFailed, let refusal)? = answer else {
                Issue.record("\(String(describing: answer))")
                continue
            }
            #expect(refusal?.code == .fixedCable)
        }
    }
}
