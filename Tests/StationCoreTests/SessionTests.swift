import Charging
import EVSEModel
import JSON
import OCPP201
import StationCore
import Testing

@Suite("Charging sessions (C, E, F)")
struct SessionTests {
    @Test("plug, tap, charge, tap, unplug: the whole session in order (E01, E02; TC_E_01_CS)")
    func complete() throws {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": "Authorized",
            "SampledDataCtrlr.TxUpdatedInterval": "10",
        ])
        test.plug()
        test.tap()
        #expect(test.calls("Authorize").first?["idToken"]?["idToken"]?.string == "04A2B3C4")
        test.run(30)
        #expect(test.places[0].energised)
        test.tap()
        test.run(2)
        test.unplug()
        let events = test.transactionEvents
        #expect(test.steps.first == "Started/Authorized")
        #expect(test.steps.contains("Updated/ChargingStateChanged"))
        #expect(test.steps.filter { $0 == "Updated/MeterValuePeriodic" }.count >= 2)
        #expect(test.steps.contains { $0.hasPrefix("Ended/") })
        // One transaction, numbered without gaps (FC_E01_01), all online.
        let ids = Set(events.compactMap { $0["transactionInfo"]?["transactionId"]?.string })
        #expect(ids.count == 1)
        #expect(events.compactMap { $0["seqNo"]?.int } == Array(0..<events.count))
        #expect(events.allSatisfy { $0["offline"]?.bool == false })
        let started = try #require(events.first)
        #expect(started["evse"]?["id"]?.int == 1)
        #expect(started["idToken"]?["type"]?.string == "ISO14443")
        let sample = started["meterValue"]?[0]?["sampledValue"]?[0]
        #expect(sample?["context"]?.string == "Transaction.Begin")
        #expect(sample?["value"]?.number != nil)
        let ended = try #require(events.first { $0["eventType"]?.string == "Ended" })
        #expect(ended["transactionInfo"]?["stoppedReason"]?.string != nil)
        #expect(test.statuses == ["Occupied", "Available"])
        // Everything was confirmed: nothing is left on disk.
        #expect(test.records[.messageQueue]?.isEmpty ?? true)
    }

    @Test("a message is on disk before it is sent (trap 30)")
    func storedBeforeSent() {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.forget()
        test.tap()
        var stored = 0
        var sent = 0
        for output in test.outputs {
            switch output {
            case .store(.put(.messageQueue, _, _)): stored += 1
            case .send(let bytes):
                if String(decoding: bytes, as: UTF8.self).contains("\"TransactionEvent\"") {
                    sent += 1
                    #expect(stored >= sent)
                }
            default: break
            }
        }
        #expect(sent > 0)
    }

    @Test("availability changes are told as status and as event (G01.FR.03)")
    func availabilityEvents() {
        var test = TestCore.online()
        test.plug()
        let event = test.calls("NotifyEvent").first?["eventData"]?[0]
        #expect(event?["component"]?["name"]?.string == "Connector")
        #expect(event?["component"]?["evse"]?["connectorId"]?.int == 1)
        #expect(event?["variable"]?["name"]?.string == "AvailabilityState")
        #expect(event?["actualValue"]?.string == "Occupied")
        #expect(event?["trigger"]?.string == "Delta")
    }

    @Test(
        "a refused token starts nothing (C01; TC_C_02_CS)",
        arguments: ["Invalid", "Blocked", "Expired"])
    func refused(status: String) {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.replies["Authorize"] = .result(["idTokenInfo": ["status": .string(status)]])
        test.plug()
        test.tap()
        test.run(10)
        #expect(test.transactionEvents.isEmpty)
        #expect(!test.places[0].energised)
    }

    @Test("remote start: the first event says so, with its id (trap 10; TC_F_01_CS)")
    func remoteStart() {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "AuthCtrlr.AuthorizeRemoteStart": "false",
        ])
        test.plug()
        test.forget()
        let answer = test.request(
            "RequestStartTransaction",
            [
                "evseId": 1, "remoteStartId": 77, "idToken": ["idToken": "R1", "type": "ISO14443"],
            ])
        #expect(answer?.payload["status"]?.string == "Accepted")
        test.run(5)
        // The answer is the first frame, the transaction follows.
        #expect(test.messages.first?.type == 3)
        let first = test.transactionEvents.first
        #expect(first?["triggerReason"]?.string == "RemoteStart")
        #expect(first?["transactionInfo"]?["remoteStartId"]?.int == 77)
        #expect(test.places[0].energised)
        let id = first?["transactionInfo"]?["transactionId"]?.string ?? ""
        let status = test.request("GetTransactionStatus", ["transactionId": .string(id)])
        #expect(status?.payload["ongoingIndicator"]?.bool == true)
        let stop = test.request("RequestStopTransaction", ["transactionId": .string(id)])
        #expect(stop?.payload["status"]?.string == "Accepted")
        test.run(5)
        test.unplug()
        let ended = test.transactionEvents.last { $0["eventType"]?.string == "Ended" }
        #expect(ended?["transactionInfo"]?["stoppedReason"]?.string == "Remote")
    }

    @Test("remote start and stop that cannot be are rejected (F01, F03; FC_F01_02)")
    func remoteRefusals() {
        var test = TestCore.online()
        let token: JSONValue = ["idToken": "R1", "type": "ISO14443"]
        let unknown = test.request(
            "RequestStartTransaction", ["evseId": 5, "remoteStartId": 1, "idToken": token])
        #expect(unknown?.payload["status"]?.string == "Rejected")
        #expect(unknown?.payload["statusInfo"]?["reasonCode"]?.string == "UnknownEvse")
        let stop = test.request("RequestStopTransaction", ["transactionId": "none"])
        #expect(stop?.payload["status"]?.string == "Rejected")
    }

    @Test(
        "GetTransactionStatus: no id, no ongoingIndicator; an unknown id is false twice (trap 18; TC_E_30_CS)"
    )
    func transactionStatus() {
        var test = TestCore.online()
        let any = test.request("GetTransactionStatus")
        #expect(any?.payload["ongoingIndicator"] == nil)
        #expect(any?.payload["messagesInQueue"]?.bool == false)
        let unknown = test.request("GetTransactionStatus", ["transactionId": "none"])
        #expect(unknown?.payload["ongoingIndicator"]?.bool == false)
        #expect(unknown?.payload["messagesInQueue"]?.bool == false)
    }

    @Test("an offline session is delivered later, complete and marked (E04; traps 6 and 30)")
    func offline() {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "AuthCtrlr.OfflineTxForUnknownIdEnabled": "true",
            "OCPPCommCtrlr.OfflineThreshold": "30",
        ])
        test.cutLink()
        test.plug()
        test.tap()
        test.run(60)
        #expect(test.places[0].energised)
        test.tap()
        test.run(2)
        test.unplug()
        #expect(test.transactionEvents.isEmpty)
        #expect(!(test.records[.messageQueue]?.isEmpty ?? true))
        test.forget()
        test.restoreLink()
        test.run(5)
        let events = test.transactionEvents
        #expect(events.first?["eventType"]?.string == "Started")
        #expect(events.last?["eventType"]?.string == "Ended")
        #expect(events.allSatisfy { $0["offline"]?.bool == true })
        #expect(events.compactMap { $0["seqNo"]?.int } == Array(0..<events.count))
        #expect(test.records[.messageQueue]?.isEmpty ?? true)
        // Past the threshold every connector is told (trap 4).
        #expect(test.statuses == ["Available"])
    }

    @Test(
        "killed while charging: the same transaction goes on, nothing lost, nothing twice (trap 30)"
    )
    func killed() {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.tap()
        test.run(20)
        #expect(test.places[0].energised)
        let before = test.transactionEvents
        var next = test.restarted()
        next.run(20)
        #expect(next.places[0].energised)
        next.tap()
        next.run(2)
        next.unplug()
        let all = before + next.transactionEvents
        #expect(Set(all.compactMap { $0["transactionInfo"]?["transactionId"]?.string }).count == 1)
        #expect(all.compactMap { $0["seqNo"]?.int } == Array(0..<all.count))
        #expect(all.last?["eventType"]?.string == "Ended")
    }

    @Test("killed with messages queued: they go out once, in order, with their own times")
    func killedOffline() {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "AuthCtrlr.OfflineTxForUnknownIdEnabled": "true",
        ])
        test.cutLink()
        test.plug()
        test.tap()
        let startedAt = test.now
        test.run(30)
        test.tap()
        test.unplug()
        var next = test.restarted(asProcess: false)
        next.run(5)
        let events = next.transactionEvents
        #expect(events.compactMap { $0["seqNo"]?.int } == Array(0..<events.count))
        let time = events.first?["timestamp"]?.string.flatMap { UnixTime(rfc3339: $0) }
        let expected = TestCore.epoch + startedAt.nanoseconds / 1_000_000
        #expect(abs((time?.milliseconds ?? 0) - expected) < 3_000)
    }

    @Test("a message that is not accepted is sent again with growing gaps, then discarded (trap 5)")
    func resends() {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized",
            "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": "3",
            "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": "10",
            "SampledDataCtrlr.TxUpdatedInterval": "0",
        ])
        test.replies["TransactionEvent"] = .error("InternalError")
        test.forget()
        test.plug(ready: false)
        test.tap()
        test.run(60)
        let first = test.messages.filter {
            $0.name == "TransactionEvent" && $0.payload["seqNo"]?.int == 0
        }
        #expect(first.count == 3)
        guard first.count == 3 else { return }
        #expect((9_500...11_000).contains((first[1].at - first[0].at).raw))
        #expect((19_500...21_000).contains((first[2].at - first[1].at).raw))
    }

    @Test("a critical security event is sent until the CSMS has answered, however late (A04.FR.02)")
    func guaranteed() {
        var test = TestCore(variables: [
            "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": "2",
            "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": "1",
        ])
        test.replies["SecurityEventNotification"] = .silence
        test.run(200)
        #expect(test.calls("SecurityEventNotification").count > 2)
        #expect(test.core.snapshot(at: test.now).queuedMessages == 1)
        test.replies["SecurityEventNotification"] = nil
        test.run(100)
        #expect(test.core.snapshot(at: test.now).queuedMessages == 0)
        // One that is refused has arrived.
        var refused = TestCore(variables: [
            "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": "2",
            "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": "1",
        ])
        refused.replies["SecurityEventNotification"] = .error("NotSupported")
        refused.run(20)
        #expect(refused.calls("SecurityEventNotification").count == 2)
        #expect(refused.core.snapshot(at: refused.now).queuedMessages == 0)
    }
}
