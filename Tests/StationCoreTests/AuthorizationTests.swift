import Charging
import EVSEModel
import JSON
import OCPP201
import StationCore
import Testing

@Suite("Authorisation and transaction rules on the wire (traps 8-14)")
struct AuthorizationTests {
    /// Start points; trigger of the first event when plugged first, when tapped first.
    @Test(
        "start points are alternatives: the first that holds starts (trap 8)",
        arguments: [
            ("EVConnected", "CablePluggedIn", "CablePluggedIn"),
            ("Authorized", "Authorized", "Authorized"),
            ("PowerPathClosed", "Authorized", "CablePluggedIn"),
            ("EVConnected,Authorized", "CablePluggedIn", "Authorized"),
            ("EnergyTransfer", "ChargingStateChanged", "ChargingStateChanged"),
        ])
    func startPoints(points: String, pluggedFirst: String, tappedFirst: String) {
        for (isPluggedFirst, expected) in [(true, pluggedFirst), (false, tappedFirst)] {
            var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": points])
            if isPluggedFirst {
                test.plug()
                test.tap()
            } else {
                test.tap()
                test.plug()
            }
            test.run(3)
            #expect(test.steps.first == "Started/\(expected)", "plugged first: \(isPluggedFirst)")
            #expect(
                test.transactionEvents.filter { $0["eventType"]?.string == "Started" }.count == 1)
        }
    }

    @Test(
        "stop points are alternatives: the first that falls ends (trap 8)",
        arguments: [("EnergyTransfer", true), ("EVConnected", false)])
    func stopPoints(points: String, endsWithEnergy: Bool) {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": .init(points),
        ])
        test.plug()
        test.tap()
        test.run(5)
        test.vehicle(wants: false)
        test.run(5)
        #expect(test.steps.contains { $0.hasPrefix("Ended") } == endsWithEnergy)
        test.unplug()
        test.run(2)
        #expect(test.steps.filter { $0.hasPrefix("Ended") }.count == 1)
    }

    @Test(
        "EVSE unknown at the start: it and the begin values come with the first event that knows it (trap 9; E04.FR.11)"
    )
    func unknownEVSE() {
        var test = TestCore.online(
            evses: [EVSEConfiguration(), EVSEConfiguration()],
            variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.tap(evse: nil)
        let started = test.transactionEvents.first
        #expect(started?["eventType"]?.string == "Started")
        #expect(started?["evse"] == nil)
        test.plug(2)
        test.run(3)
        let events = test.transactionEvents.dropFirst()
        let first = events.first { $0["evse"] != nil }
        #expect(first?["evse"]?["id"]?.int == 2)
        let begin = events.filter { event in
            event["meterValue"]?[0]?["sampledValue"]?[0]?["context"]?.string == "Transaction.Begin"
        }
        #expect(begin.count == 1)
        #expect(events.filter { $0["evse"] != nil }.count == 1)
    }

    @Test("nobody plugs in: the authorisation ends after EVConnectionTimeOut (E03.FR.15)")
    func connectionTimeOut() {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.EVConnectionTimeOut": "20",
        ])
        test.tap()
        test.run(25)
        #expect(test.steps.last == "Ended/EVConnectTimeout")
        #expect(
            test.transactionEvents.last?["transactionInfo"]?["stoppedReason"]?.string == "Timeout")
    }

    @Test(
        "a token refused after its offline start ends the energy; StopTxOnInvalidId wins (trap 11)",
        arguments: [(true, "100000"), (false, "0")])
    func refusedLater(stops: Bool, maxEnergy: String) {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": "Authorized",
            "AuthCtrlr.OfflineTxForUnknownIdEnabled": "true",
            "TxCtrlr.StopTxOnInvalidId": stops ? "true" : "false",
            "TxCtrlr.MaxEnergyOnInvalidId": .init(maxEnergy),
        ])
        test.cutLink()
        test.plug()
        test.tap()
        test.run(10)
        #expect(test.places[0].energised)
        test.replies["TransactionEvent"] = .result(["idTokenInfo": ["status": "Invalid"]])
        test.replies["Authorize"] = .result(["idTokenInfo": ["status": "Invalid"]])
        test.restoreLink()
        test.run(10)
        #expect(!test.places[0].energised)
        if stops {
            let ended = test.transactionEvents.last { $0["eventType"]?.string == "Ended" }
            #expect(ended?["triggerReason"]?.string == "Deauthorized")
            #expect(ended?["transactionInfo"]?["stoppedReason"]?.string == "DeAuthorized")
        } else {
            #expect(!test.steps.contains { $0.hasPrefix("Ended") })
        }
    }

    @Test(
        "a cached token that is not accepted is asked again, unless told otherwise (trap 12)",
        arguments: [false, true])
    func postAuthorize(isDisabled: Bool) {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "AuthCtrlr.LocalPreAuthorize": "true",
            "AuthCacheCtrlr.DisablePostAuthorize": isDisabled ? "true" : "false",
        ])
        test.replies["Authorize"] = .result(["idTokenInfo": ["status": "Blocked"]])
        test.tap()
        #expect(test.calls("Authorize").count == 1)
        test.run(5)
        test.forget()
        test.tap()
        #expect(test.calls("Authorize").count == (isDisabled ? 0 : 1))
    }

    @Test(
        "an answer that says nothing of an unknown token is no acceptance, whatever is set for offline (C01.FR.01)",
        arguments: [
            TestCore.Reply.error("InternalError"), .result([:]),
            .result(["idTokenInfo": ["status": "Perhaps"]]),
        ])
    func unusableAnswer(reply: TestCore.Reply) {
        var test = TestCore.online(variables: ["AuthCtrlr.OfflineTxForUnknownIdEnabled": "true"])
        test.replies["Authorize"] = reply
        test.plug()
        test.tap()
        #expect(test.calls("Authorize").count == 1)
        #expect(test.targets[EVSEID(index: 0)]?.energyGranted == false)
        test.replies["Authorize"] = nil
        test.run(3)
        test.tap()
        #expect(test.targets[EVSEID(index: 0)]?.energyGranted == true)
    }

    @Test("an accepted token in the cache starts without asking (C12)")
    func cached() {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "AuthCtrlr.LocalPreAuthorize": "true",
        ])
        test.plug()
        test.tap()
        test.tap()
        test.unplug()
        test.run(5)
        test.forget()
        test.plug()
        test.tap()
        #expect(test.calls("Authorize").isEmpty)
        #expect(test.steps.first == "Started/Authorized")
        // What the cache holds survives (it is a record), and ClearCache removes it.
        #expect(!(test.records[.authorizationCache]?.isEmpty ?? true))
        test.request("ClearCache")
        #expect(test.records[.authorizationCache]?.isEmpty ?? true)
    }

    @Test(
        "another token stops only with the same group, and is in no event otherwise (trap 14; E07)",
        arguments: [true, false])
    func group(isSame: Bool) {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": "Authorized",
        ])
        func accepted(_ group: String) -> TestCore.Reply {
            .result([
                "idTokenInfo": [
                    "status": "Accepted",
                    "groupIdToken": ["idToken": .string(group), "type": "Central"],
                ]
            ])
        }
        test.replies["Authorize"] = accepted("G1")
        test.plug()
        test.tap("AAAA")
        test.run(3)
        test.forget()
        test.replies["Authorize"] = accepted(isSame ? "G1" : "G2")
        test.tap("BBBB")
        test.run(3)
        #expect(test.steps.contains { $0.hasPrefix("Ended") } == isSame)
        let tokens = test.transactionEvents.compactMap { $0["idToken"]?["idToken"]?.string }
        #expect(tokens == (isSame ? ["BBBB"] : []))
        #expect(test.places[0].energised == !isSame)
    }

    @Test("a master pass stops but never starts (trap 13; C16)")
    func masterPass() {
        var test = TestCore.online(variables: [
            "TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": "Authorized",
            "AuthCtrlr.MasterPassGroupId": "MASTER",
        ])
        let master = TestCore.Reply.result([
            "idTokenInfo": [
                "status": "Accepted", "groupIdToken": ["idToken": "MASTER", "type": "Central"],
            ]
        ])
        test.replies["Authorize"] = master
        test.plug()
        test.tap("MMMM")
        test.run(3)
        #expect(test.transactionEvents.isEmpty)
        test.replies["Authorize"] = nil
        test.tap("AAAA")
        test.run(3)
        #expect(test.places[0].energised)
        test.replies["Authorize"] = master
        test.tap("MMMM")
        test.run(3)
        let ended = test.transactionEvents.last { $0["eventType"]?.string == "Ended" }
        #expect(ended?["transactionInfo"]?["stoppedReason"]?.string == "MasterPass")
    }

    @Test("Central and NoAuthorization are never cached (trap 13; FC_C03_01)")
    func central() {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.request(
            "RequestStartTransaction",
            ["evseId": 1, "remoteStartId": 1, "idToken": ["idToken": "C1", "type": "Central"]])
        test.run(3)
        #expect(test.calls("Authorize").isEmpty)
        #expect(test.steps.first == "Started/RemoteStart")
        #expect(test.records[.authorizationCache]?.isEmpty ?? true)
    }

    @Test("a vehicle that suspends, and one that is suspended, is told (E02)")
    func suspended() throws {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.tap()
        test.run(3)
        test.forget()
        test.vehicle(wants: false)
        test.run(1)
        func states() -> [String] {
            test.transactionEvents.compactMap { $0["transactionInfo"]?["chargingState"]?.string }
        }
        #expect(states().last == "SuspendedEV")
        test.vehicle(wants: true)
        test.run(1)
        #expect(states().last == "Charging")
        test.request(
            "SetChargingProfile",
            [
                "evseId": 1,
                "chargingProfile": try CommandTests.profile(1, "TxDefaultProfile", "0"),
            ])
        test.run(2)
        #expect(states().last == "SuspendedEVSE")
    }

    @Test("clock-aligned values outside a transaction come at the clock's marks (J01)")
    func aligned() {
        var test = TestCore.online(variables: ["AlignedDataCtrlr.Interval": "60"])
        test.run(190)
        let values = test.calls("MeterValues")
        #expect(values.count == 3)
        for value in values {
            #expect(value["evseId"]?.int == 1)
            let time = value["meterValue"]?[0]?["timestamp"]?.string ?? ""
            #expect(time.contains(":00.") || time.contains(":00Z"), "\(time)")
            let sample = value["meterValue"]?[0]?["sampledValue"]?[0]
            #expect(sample?["context"]?.string == "Sample.Clock")
        }
    }
}
