import Charging
import EVSEModel
import JSON
import OCPP201
import StationCore
import Testing

@Suite("Commands of the CSMS (B, F, G, K, D, P)")
struct CommandTests {
    // MARK: Trigger (F06)

    @Test(
        "TriggerMessage: response first, message second (trap 17; FC_F06_01)",
        arguments: [
            (#"{"requestedMessage":"Heartbeat"}"#, "Heartbeat"),
            (#"{"requestedMessage":"MeterValues","evse":{"id":1}}"#, "MeterValues"),
            (
                #"{"requestedMessage":"StatusNotification","evse":{"id":1,"connectorId":1}}"#,
                "StatusNotification"
            ),
            (#"{"requestedMessage":"FirmwareStatusNotification"}"#, "FirmwareStatusNotification"),
            (#"{"requestedMessage":"LogStatusNotification"}"#, "LogStatusNotification"),
        ])
    func trigger(request: String, message: String) throws {
        var test = TestCore.online()
        let answer = test.request("TriggerMessage", try JSONValue(parsing: request))
        #expect(answer?.payload["status"]?.string == "Accepted")
        #expect(test.messages.first?.type == 3)
        #expect(test.actions == [message])
    }

    @Test(
        "TriggerMessage refuses what cannot be sent",
        arguments: [
            (#"{"requestedMessage":"BootNotification"}"#, "Rejected"),
            (#"{"requestedMessage":"StatusNotification"}"#, "Rejected"),
            (#"{"requestedMessage":"StatusNotification","evse":{"id":1}}"#, "Rejected"),
            (
                #"{"requestedMessage":"StatusNotification","evse":{"id":9,"connectorId":1}}"#,
                "Rejected"
            ),
            (#"{"requestedMessage":"MeterValues","evse":{"id":9}}"#, "Rejected"),
            (#"{"requestedMessage":"TransactionEvent","evse":{"id":1}}"#, "Rejected"),
            (#"{"requestedMessage":"SignChargingStationCertificate"}"#, "NotImplemented"),
            (#"{"requestedMessage":"PublishFirmwareStatusNotification"}"#, "NotImplemented"),
        ])
    func triggerRefused(request: String, status: String) throws {
        var test = TestCore.online()
        let answer = test.request("TriggerMessage", try JSONValue(parsing: request))
        #expect(answer?.payload["status"]?.string == status)
        #expect(test.actions == [])
    }

    // MARK: Availability (G03, G04; trap 16)

    @Test(
        "ChangeAvailability: at once when idle, scheduled in a transaction, kept over a restart (trap 16)"
    )
    func availability() {
        var test = TestCore.online(
            evses: [EVSEConfiguration(), EVSEConfiguration()],
            variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug(1)
        test.tap()
        test.forget()
        let answer = test.request("ChangeAvailability", ["operationalStatus": "Inoperative"])
        #expect(answer?.payload["status"]?.string == "Scheduled")
        test.run(1)
        // EVSE 2 is idle: it switches now.
        #expect(test.statuses == ["Unavailable"])
        #expect(test.calls("StatusNotification").first?["evseId"]?.int == 2)
        test.tap()
        test.run(2)
        test.unplug(1)
        test.run(1)
        #expect(test.statuses.last == "Unavailable")
        var next = test.restarted(asProcess: false)
        next.run(2)
        #expect(next.statuses == ["Unavailable", "Unavailable"])
        next.forget()
        let back = next.request("ChangeAvailability", ["operationalStatus": "Operative"])
        #expect(back?.payload["status"]?.string == "Accepted")
        #expect(next.statuses == ["Available", "Available"])
    }

    @Test(
        "ChangeAvailability of what is not there is rejected (FC_G03_01)",
        arguments: [#"{"id":3}"#, #"{"id":0}"#, #"{"id":-1}"#, #"{"id":1,"connectorId":2}"#])
    func availabilityUnknown(evse: String) throws {
        var test = TestCore.online()
        let answer = test.request(
            "ChangeAvailability",
            ["operationalStatus": "Inoperative", "evse": try JSONValue(parsing: evse)])
        #expect(answer?.payload["status"]?.string == "Rejected")
    }

    // MARK: Reset (B11, B12; trap 15)

    @Test(
        "an immediate reset ends the transaction, then restarts; the next boot says why (trap 15)")
    func resetImmediate() {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.tap()
        test.forget()
        let answer = test.request("Reset", ["type": "Immediate"])
        #expect(answer?.payload["status"]?.string == "Accepted")
        test.run(8)
        let ended = test.transactionEvents.last
        #expect(ended?["eventType"]?.string == "Ended")
        #expect(ended?["triggerReason"]?.string == "ResetCommand")
        #expect(ended?["transactionInfo"]?["stoppedReason"]?.string == "ImmediateReset")
        #expect(ended?["idToken"] == nil)
        #expect(test.restarts.count == 1)
        #expect(!test.isConnected)
        // Delivered before the restart: nothing is left to be sent twice.
        #expect(test.records[.messageQueue]?.isEmpty ?? true)
        var next = test.restarted()
        next.run(2)
        #expect(next.calls("BootNotification").first?["reason"]?.string == "RemoteReset")
        #expect(!next.steps.contains { $0.hasPrefix("Ended") })
    }

    @Test("an immediate reset without the CSMS's confirmation restarts all the same (B12.FR.05)")
    func resetUnconfirmed() {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.tap()
        test.replies["TransactionEvent"] = .silence
        test.request("Reset", ["type": "Immediate"])
        test.run(12)
        #expect(test.restarts.count == 1)
        var next = test.restarted()
        next.replies = [:]
        next.run(5)
        #expect(next.steps.last?.hasPrefix("Ended/") == true)
    }

    @Test("a reset on idle waits for the transaction (B12.FR.01, FR.03)")
    func resetOnIdle() {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.tap()
        let answer = test.request("Reset", ["type": "OnIdle"])
        #expect(answer?.payload["status"]?.string == "Scheduled")
        test.run(10)
        #expect(test.restarts.isEmpty)
        test.tap()
        test.run(2)
        test.unplug()
        test.run(10)
        #expect(test.restarts.count == 1)
    }

    @Test("a reset of an EVSE that is not there is rejected")
    func resetUnknown() {
        var test = TestCore.online()
        let answer = test.request("Reset", ["type": "Immediate", "evseId": 4])
        #expect(answer?.payload["status"]?.string == "Rejected")
        #expect(test.restarts.isEmpty)
    }

    // MARK: Unlock (F05; trap 19)

    @Test("UnlockConnector is answered when the bolt has moved, other requests meanwhile (trap 19)")
    func unlock() {
        var test = TestCore.online()
        test.places[0].unlockIsSlow = true
        let answer = test.request("UnlockConnector", ["evseId": 1, "connectorId": 1])
        let id = test.lastRequestID
        #expect(answer == nil)
        test.run(1)
        #expect(test.request("GetLocalListVersion")?.type == 3)
        test.places[0].unlockIsSlow = false
        test.run(1)
        #expect(test.answer(id)?.payload["status"]?.string == "Unlocked")
    }

    @Test("UnlockConnector says what went wrong")
    func unlockRefused() {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        let unknown = test.request("UnlockConnector", ["evseId": 1, "connectorId": 9])
        #expect(unknown?.payload["status"]?.string == "UnknownConnector")
        test.places[0].unlockWorks = false
        test.request("UnlockConnector", ["evseId": 1, "connectorId": 1])
        let id = test.lastRequestID
        test.run(2)
        #expect(test.answer(id)?.payload["status"]?.string == "UnlockFailed")
        test.plug()
        test.tap()
        let ongoing = test.request("UnlockConnector", ["evseId": 1, "connectorId": 1])
        #expect(ongoing?.payload["status"]?.string == "OngoingAuthorizedTransaction")
    }

    // MARK: Smart charging (K)

    static func profile(
        _ id: Int, _ purpose: String, _ limit: String, transaction: String? = nil
    ) throws -> JSONValue {
        let extra = transaction.map { #","transactionId":"\#($0)""# } ?? ""
        return try JSONValue(
            parsing: """
                {"id":\(id),"stackLevel":0,"chargingProfilePurpose":"\(purpose)",
                "chargingProfileKind":"Absolute"\(extra),"chargingSchedule":[{"id":1,
                "startSchedule":"2024-03-05T00:00:00Z","duration":864000,"chargingRateUnit":"A",
                "chargingSchedulePeriod":[{"startPeriod":0,"limit":\(limit),"numberPhases":1}]}]}
                """)
    }

    @Test("a profile limits, is reported, and is cleared (K01, K09, K10)")
    func profiles() throws {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.tap()
        #expect(test.targets[EVSEID(index: 0)]?.limit == Amperes(32))
        let set = test.request(
            "SetChargingProfile",
            [
                "evseId": 0,
                "chargingProfile": try Self.profile(5, "ChargingStationMaxProfile", "10.5"),
            ])
        #expect(set?.payload["status"]?.string == "Accepted")
        test.run(1)
        #expect(test.targets[EVSEID(index: 0)]?.limit == Amperes(milliamperes: 10_500))
        test.forget()
        let get = test.request(
            "GetChargingProfiles",
            [
                "requestId": 3,
                "chargingProfile": ["chargingProfilePurpose": "ChargingStationMaxProfile"],
            ])
        #expect(get?.payload["status"]?.string == "Accepted")
        let report = test.calls("ReportChargingProfiles").first
        #expect(report?["requestId"]?.int == 3)
        #expect(report?["evseId"]?.int == 0)
        #expect(report?["tbc"]?.bool == false)
        #expect(report?["chargingLimitSource"]?.string == "CSO")
        let limit = report?["chargingProfile"]?[0]?["chargingSchedule"]?[0]?[
            "chargingSchedulePeriod"]?[0]?["limit"]
        #expect(limit?.number?.text == "10.5")
        let composite = test.request("GetCompositeSchedule", ["duration": 60, "evseId": 1])
        #expect(composite?.payload["status"]?.string == "Accepted")
        #expect(
            composite?.payload["schedule"]?["chargingSchedulePeriod"]?[0]?["limit"]?.number?.text
                == "10.5")
        let clear = test.request("ClearChargingProfile", ["chargingProfileId": 5])
        #expect(clear?.payload["status"]?.string == "Accepted")
        let again = test.request("ClearChargingProfile", ["chargingProfileId": 5])
        #expect(again?.payload["status"]?.string == "Unknown")
        let none = test.request("GetChargingProfiles", ["requestId": 4, "chargingProfile": [:]])
        #expect(none?.payload["status"]?.string == "NoProfiles")
        test.run(1)
        #expect(test.targets[EVSEID(index: 0)]?.limit == Amperes(32))
    }

    @Test("what is cleared by its id needs to meet no criteria (K10.FR.03, K10.FR.04)")
    func clearedByID() throws {
        var test = TestCore.online()
        let profile = try Self.profile(5, "ChargingStationMaxProfile", "10")
        test.request("SetChargingProfile", ["evseId": 0, "chargingProfile": profile])
        let criteria: JSONValue = ["chargingProfilePurpose": "TxProfile", "evseId": 1]
        let other = test.request(
            "ClearChargingProfile", ["chargingProfileCriteria": criteria])
        #expect(other?.payload["status"]?.string == "Unknown")
        let clear = test.request(
            "ClearChargingProfile",
            ["chargingProfileId": 5, "chargingProfileCriteria": criteria])
        #expect(clear?.payload["status"]?.string == "Accepted")
    }

    @Test(
        "a profile that is valid for ever is one like any other",
        arguments: ["2262-04-12T00:00:00Z", "9999-12-31T23:59:59Z"])
    func endlessProfile(validTo: String) throws {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.tap()
        var profile = try Self.profile(6, "TxDefaultProfile", "9").object
        profile?["validTo"] = .string(validTo)
        profile?["chargingProfileKind"] = "Relative"
        profile?["chargingSchedule"] = [
            [
                "id": 1, "chargingRateUnit": "A",
                "chargingSchedulePeriod": [["startPeriod": 0, "limit": 9]],
            ]
        ]
        let set = test.request(
            "SetChargingProfile",
            ["evseId": 1, "chargingProfile": .object(try #require(profile))])
        #expect(set?.payload["status"]?.string == "Accepted")
        test.run(10)
        #expect(test.targets[EVSEID(index: 0)]?.limit == Amperes(9))
    }

    @Test(
        "profiles that cannot be are rejected (K01; trap 25)",
        arguments: [
            (0, "TxProfile"), (1, "TxProfile"), (9, "TxDefaultProfile"),
            (1, "ChargingStationMaxProfile"),
        ])
    func profilesRefused(evse: Int, purpose: String) throws {
        var test = TestCore.online()
        let answer = test.request(
            "SetChargingProfile",
            ["evseId": JSONValue(evse), "chargingProfile": try Self.profile(1, purpose, "10")])
        #expect(answer?.payload["status"]?.string == "Rejected")
        #expect(answer?.payload["statusInfo"]?["reasonCode"]?.string != nil)
        #expect(test.records[.chargingProfiles]?.isEmpty ?? true)
    }

    // MARK: Lists, cache, data transfer (C11, D01, D02, P01)

    @Test("the local list has a version, takes updates, refuses wrong ones (D01, D02)")
    func localList() throws {
        var test = TestCore.online()
        let version = test.request("GetLocalListVersion")
        #expect(version?.payload["versionNumber"]?.int == 0)
        let entry: JSONValue = [
            "idToken": ["idToken": "L1", "type": "ISO14443"], "idTokenInfo": ["status": "Accepted"],
        ]
        func status(_ payload: JSONValue, _ test: inout TestCore) -> String? {
            test.request("SendLocalList", payload)?.payload["status"]?.string
        }
        #expect(
            status(
                ["versionNumber": 0, "updateType": "Full", "localAuthorizationList": [entry]], &test
            )
                == "Failed")
        #expect(
            status(
                [
                    "versionNumber": 2, "updateType": "Full",
                    "localAuthorizationList": [entry, entry],
                ],
                &test) == "Failed")
        #expect(
            status(
                ["versionNumber": 2, "updateType": "Full", "localAuthorizationList": [entry]], &test
            )
                == "Accepted")
        #expect(
            status(["versionNumber": 2, "updateType": "Differential"], &test) == "VersionMismatch")
        let now = test.request("GetLocalListVersion")
        #expect(now?.payload["versionNumber"]?.int == 2)
        var next = test.restarted(asProcess: false)
        next.run(2)
        #expect(next.request("GetLocalListVersion")?.payload["versionNumber"]?.int == 2)
        // Known to the list: charging starts although nobody can be asked (C13, offline).
        next.cutLink()
        next.plug()
        next.tap("L1")
        #expect(next.places[0].energised)
    }

    @Test("ClearCache, and a vendor nobody knows (C11, P01.FR.05)")
    func small() {
        var test = TestCore.online()
        #expect(test.request("ClearCache")?.payload["status"]?.string == "Accepted")
        let transfer = test.request(
            "DataTransfer", ["vendorId": "org.example", "messageId": "m", "data": ["any": [1, 2]]])
        #expect(transfer?.payload["status"]?.string == "UnknownVendorId")
    }

    // MARK: Faults (N07, G01)

    @Test("a fault is told as the event of its component, and again when it ends")
    func faults() {
        var test = TestCore.online()
        test.places[0].faults.raise(.contactorDidNotClose)
        test.run(1)
        #expect(test.statuses == ["Faulted"])
        let events = test.calls("NotifyEvent").compactMap { $0["eventData"]?[0] }
        let event = events.first { $0["component"]?["name"]?.string == "PowerContactor" }
        #expect(event?["variable"]?["name"]?.string == "Problem")
        #expect(event?["actualValue"]?.string == "true")
        #expect(event?["component"]?["evse"]?["id"]?.int == 1)
        #expect(event?["eventNotificationType"]?.string == "HardWiredNotification")
        test.forget()
        test.places[0].faults.clear(.contactorDidNotClose)
        test.run(1)
        let end = test.calls("NotifyEvent").compactMap { $0["eventData"]?[0] }
            .first { $0["component"]?["name"]?.string == "PowerContactor" }
        #expect(end?["cleared"]?.bool == true)
        #expect(test.statuses == ["Available"])
    }

    @Test("a fault while offline is told afterwards, where it is severe enough (N07.FR.04)")
    func faultOffline() {
        var test = TestCore.online()
        test.cutLink()
        test.places[0].faults.raise(.contactorDidNotClose)
        test.run(1)
        test.places[0].faults.clear(.contactorDidNotClose)
        test.run(1)
        test.places[0].faults.raise(.loopRestarted)  // severity 6: of no use later
        test.run(1)
        test.forget()
        test.restoreLink()
        test.run(3)
        let told = test.calls("NotifyEvent").compactMap { $0["eventData"]?[0] }
            .filter { $0["component"]?["name"]?.string != "Connector" }
        #expect(told.map { $0["actualValue"]?.string } == ["true", "false"])
        #expect(told.allSatisfy { $0["component"]?["name"]?.string == "PowerContactor" })
        #expect(told.allSatisfy { $0["timestamp"]?.string?.hasSuffix("Z") == true })
    }

    @Test("a store that cannot be written is a fault, and heals")
    func storeFault() {
        var test = TestCore.online()
        test.give(.storeFailed("disk full"))
        let event = test.calls("NotifyEvent").first?["eventData"]?[0]
        #expect(event?["component"]?["name"]?.string == "Controller")
        #expect(event?["actualValue"]?.string == "true")
        test.forget()
        test.run(62)
        let end = test.calls("NotifyEvent").first?["eventData"]?[0]
        #expect(end?["cleared"]?.bool == true)
    }

    @Test("a request whose promise the disk refuses is answered with a CALLERROR")
    func refusedPromise() throws {
        var test = TestCore.online()
        let before = test.outputs.count
        let answer = test.request(
            "SendLocalList", ["versionNumber": 7, "updateType": "Full"])
        #expect(answer?.payload["status"]?.string == "Accepted")
        let sent = test.outputs[before...].compactMap { output -> [UInt8]? in
            if case .send(let bytes) = output { bytes } else { nil }
        }
        test.messages.removeAll()
        test.give(.storeFailed("disk full"))
        test.give(.unsent(try #require(sent.last)))
        let error = test.answer(test.lastRequestID)
        #expect(error?.type == 4)
        #expect(error?.name == "InternalError")
    }

    @Test("no transaction message leaves while the disk refuses records; everything else does")
    func queueIsHeld() {
        var test = TestCore.online()
        test.give(.storeFailed("disk full"))
        test.forget()
        test.tap()
        test.plug()
        #expect(!test.calls("Authorize").isEmpty)
        #expect(test.transactionEvents.isEmpty)
        test.run(62)
        #expect(test.transactionEvents.first?["eventType"]?.string == "Started")
    }

    @Test("an empty cache is cleared without a write, unless a write failed before (C11)")
    func clearingNothing() {
        var test = TestCore.online()
        func writes(_ test: inout TestCore) -> Int {
            let before = test.outputs.count
            #expect(test.request("ClearCache")?.payload["status"]?.string == "Accepted")
            return test.outputs[before...].count { if case .store = $0 { true } else { false } }
        }
        #expect(writes(&test) == 0)
        // What did not reach the disk may still be there: the next promise is written again.
        test.give(.storeFailed("disk full"))
        #expect(writes(&test) == 1)
        #expect(writes(&test) == 0)
    }

    // MARK: Errors (part 4, table 8; FC_J4)

    @Test(
        "requests that are wrong get the right CALLERROR and change nothing",
        arguments: [
            ("Nonsense", "{}", "NotImplemented"), ("reset", "{}", "NotImplemented"),
            ("GetLog", "{}", "NotSupported"), ("UpdateFirmware", "{}", "NotSupported"),
            ("SetVariableMonitoring", "{}", "NotSupported"), ("ReserveNow", "{}", "NotSupported"),
            ("BootNotification", "{}", "NotSupported"),
            ("Reset", "{}", "OccurrenceConstraintViolation"),
            ("Reset", #"{"type":"Soft"}"#, "PropertyConstraintViolation"),
            ("Reset", #"{"type":1}"#, "TypeConstraintViolation"),
            ("Reset", #"{"type":"Immediate","evseId":"1"}"#, "TypeConstraintViolation"),
            ("Reset", #"{"type":"Immediate","more":1}"#, "FormatViolation"),
            ("Reset", #"{"type":null}"#, "TypeConstraintViolation"),
            ("GetVariables", #"{"getVariableData":[]}"#, "OccurrenceConstraintViolation"),
        ])
    func errors(action: String, payload: String, code: String) throws {
        var test = TestCore.online()
        let records = test.records
        let answer = test.request(action, try JSONValue(parsing: payload))
        #expect(answer?.type == 4)
        #expect(answer?.name == code)
        #expect(test.restarts.isEmpty)
        #expect(test.records == records)
    }

    @Test("no bytes whatever stop the core")
    func garbage() {
        var test = TestCore.online()
        let seed = Array(
            #"[2,"1","SetChargingProfile",{"evseId":1,"chargingProfile":{"id":1,"stackLevel":0}}]"#
                .utf8)
        var state: UInt64 = 99
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        for _ in 0..<5_000 {
            var bytes = seed
            for _ in 0...(next() % 4) {
                bytes[Int(next()) % bytes.count] = UInt8(truncatingIfNeeded: next())
            }
            test.give(.link(.received(bytes)))
        }
        #expect(test.request("GetLocalListVersion")?.type == 3, "seed 99")
    }
}
