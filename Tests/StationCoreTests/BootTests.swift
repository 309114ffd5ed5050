import Charging
import EVSEModel
import JSON
import OCPP201
import StationCore
import Testing

@Suite("Boot (B01-B03)")
struct BootTests {
    @Test("boots, then reports every connector (B01.FR.05; TC_B_01_CS)")
    func accepted() {
        var test = TestCore()
        test.run(2)
        #expect(test.actions.first == "BootNotification")
        let boot = test.calls("BootNotification").first
        #expect(boot?["reason"]?.string == "PowerUp")
        #expect(boot?["chargingStation"]?["vendorName"]?.string == "Forecourt")
        #expect(test.statuses == ["Available"])
        #expect(test.calls("StatusNotification").first?["evseId"]?.int == 1)
        #expect(test.plans.count == 1)
        #expect(test.plans.first?.password == "0123456789abcdef")
    }

    @Test("critical security events wait for the registration and carry their time (A04)")
    func startupEvent() {
        var test = TestCore()
        test.run(2)
        let events = test.calls("SecurityEventNotification")
        #expect(events.first?["type"]?.string == "StartupOfTheDevice")
        // It happened before anybody had told the time: translated when that became known.
        #expect(events.first?["timestamp"]?.string == "2024-03-05T12:16:40.000Z")
    }

    @Test(
        "Pending: nothing unsolicited, requests are answered, remote start is rejected (trap 1; TC_B_02_CS)"
    )
    func pending() {
        var test = TestCore()
        test.bootStatus = "Pending"
        test.bootInterval = 60
        test.run(2)
        test.plug()
        test.run(20)
        #expect(test.actions == ["BootNotification"])
        let answer = test.request(
            "GetVariables",
            [
                "getVariableData": [
                    [
                        "component": ["name": "OCPPCommCtrlr"],
                        "variable": ["name": "OfflineThreshold"],
                    ]
                ]
            ])
        #expect(answer?.type == 3)
        let start = test.request(
            "RequestStartTransaction",
            [
                "idToken": ["idToken": "A", "type": "Central"], "remoteStartId": 1,
            ])
        #expect(start?.payload["status"]?.string == "Rejected")
        let stop = test.request("RequestStopTransaction", ["transactionId": "x"])
        #expect(stop?.payload["status"]?.string == "Rejected")
        // Asked for reports pass (B02.FR.02).
        test.forget()
        test.request("GetBaseReport", ["requestId": 7, "reportBase": "ConfigurationInventory"])
        #expect(Set(test.actions) == ["NotifyReport"])
        // The next attempt comes after the interval, and ends the waiting.
        test.bootStatus = "Accepted"
        test.forget()
        test.run(40)
        #expect(test.actions.first == "BootNotification")
        #expect(test.statuses.contains("Occupied"))
    }

    @Test("Pending: TriggerMessage(BootNotification) registers at once (B02.FR.04)")
    func pendingTrigger() {
        var test = TestCore()
        test.bootStatus = "Pending"
        test.bootInterval = 3600
        test.run(2)
        test.bootStatus = "Accepted"
        test.forget()
        let answer = test.request("TriggerMessage", ["requestedMessage": "BootNotification"])
        #expect(answer?.payload["status"]?.string == "Accepted")
        #expect(test.messages.map(\.name).prefix(2) == ["", "BootNotification"])
        #expect(test.calls("BootNotification").first?["reason"]?.string == "Triggered")
    }

    @Test("Rejected: requests get SecurityError, only the next boot is sent (trap 2; TC_B_03_CS)")
    func rejected() {
        var test = TestCore()
        test.bootStatus = "Rejected"
        test.bootInterval = 30
        test.run(2)
        let answer = test.request("GetBaseReport", ["requestId": 1, "reportBase": "FullInventory"])
        #expect(answer?.type == 4)
        #expect(answer?.name == "SecurityError")
        test.tap()
        test.run(20)
        #expect(test.actions == ["BootNotification"])
        test.run(15)
        #expect(test.actions == ["BootNotification", "BootNotification"])
    }

    @Test(
        "interval 0 without acceptance is waited out, not flooded (trap 3; B02.FR.07)",
        arguments: ["Pending", "Rejected"])
    func intervalZero(status: String) {
        var test = TestCore()
        test.bootStatus = status
        test.bootInterval = 0
        test.run(120)
        #expect((2...20).contains(test.actions.count))
    }

    @Test("a boot without an answer is tried again after the time-out (trap 28)")
    func silence() {
        var test = TestCore()
        test.replies["BootNotification"] = .silence
        test.run(120)
        #expect((2...5).contains(test.calls("BootNotification").count))
        test.replies["BootNotification"] = nil
        test.run(120)
        #expect(test.statuses == ["Available"])
    }

    @Test("a reconnect needs no new boot (part 4, 5.3)")
    func reconnect() {
        var test = TestCore.online()
        test.cutLink()
        test.run(5)
        test.restoreLink()
        test.run(2)
        #expect(!test.actions.contains("BootNotification"))
    }

    @Test("the heartbeat follows the interval and sets the clock (G02; FC_B01_01)")
    func heartbeat() {
        var test = TestCore()
        test.bootInterval = 100
        test.run(2)
        test.forget()
        test.run(210)
        #expect(test.calls("Heartbeat").count == 2)
    }
}
