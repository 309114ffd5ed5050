import Charging
import EVSEModel
import JSON
import OCPP201
import StationCore
import Testing

@Suite("Link to the CSMS (part 4, 5.3; B09, B10)")
struct LinkTests {
    /// Gaps between dials in milliseconds while none succeeds.
    private static func gaps(_ test: inout TestCore, seconds: Int) -> [Int64] {
        var times: [Instant] = []
        var seen = test.plans.count
        for _ in 0..<seconds {
            test.run(1)
            if test.plans.count > seen {
                seen = test.plans.count
                times.append(test.now)
            }
        }
        return zip(times, times.dropFirst()).map { ($1 - $0).raw }
    }

    @Test("waits double after failed dials only, up to the limit, with a random part (trap 22)")
    func backOff() {
        var test = TestCore(variables: [
            "OCPPCommCtrlr.RetryBackOffWaitMinimum": "10",
            "OCPPCommCtrlr.RetryBackOffRepeatTimes": "3",
            "OCPPCommCtrlr.RetryBackOffRandomRange": "4",
        ])
        test.isReachable = false
        let gaps = Self.gaps(&test, seconds: 600)
        // The first dial fails at once; then each gap has up to 4 s more.
        let bases: [Int64] = [10, 20, 40, 80, 80]
        #expect(gaps.count >= bases.count)
        for (gap, base) in zip(gaps, bases) {
            #expect((base * 1000 - 1000...(base + 5) * 1000).contains(gap), "\(gaps)")
        }
        #expect(Set(gaps.suffix(3)).count > 1)
        // Success starts it anew: the next loss waits the minimum again.
        test.restoreLink()
        test.forget()
        test.cutLink()
        let lost = test.now
        while test.plans.isEmpty { test.run(1) }
        #expect((9_000...15_000).contains((test.now - lost).raw))
    }

    @Test(
        "every way out of the socket ends in another dial (trap 26)",
        arguments: LinkClosure.Cause.all)
    func everyExit(cause: LinkClosure.Cause) {
        var test = TestCore.online()
        test.isConnected = false
        test.give(.link(.closed(LinkClosure(cause, detail: ""))))
        test.run(60)
        #expect(test.isConnected)
    }

    @Test("a dial of which nothing is heard again is not waited for for ever (trap 26)")
    func lostDial() {
        var test = TestCore()
        test.isMute = true
        test.run(5)
        #expect(test.plans.count == 1)
        test.run(90)
        #expect(test.plans.count >= 2)
        #expect(test.core.snapshot(at: test.now).link.state != "down")
    }

    @Test("a status that went down with the link is told over the next one")
    func lostStatus() {
        var test = TestCore.online(variables: [
            "OCPPCommCtrlr.OfflineThreshold": "600",
            "OCPPCommCtrlr.RetryBackOffWaitMinimum": "1",
            "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
        ])
        test.replies["StatusNotification"] = .silence
        test.places[0].isPlugged = true
        test.places[0].pilot = .b
        test.run(1)
        #expect(test.statuses == ["Occupied"])
        test.cutLink()
        test.replies["StatusNotification"] = nil
        test.forget()
        test.restoreLink()
        test.run(2)
        #expect(test.statuses == ["Occupied"])
        // What was answered is not told again.
        test.cutLink()
        test.forget()
        test.restoreLink()
        test.run(2)
        #expect(test.statuses.isEmpty)
    }

    @Test("thousands of reconnects leave nothing behind (trap 38)")
    func manyReconnects() {
        var test = TestCore.online(variables: [
            "OCPPCommCtrlr.RetryBackOffWaitMinimum": "1",
            "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
        ])
        for _ in 0..<500 {
            test.cutLink()
            test.restoreLink()
            test.forget()
        }
        let snapshot = test.core.snapshot(at: test.now)
        #expect(snapshot.queuedMessages == 0)
        #expect(snapshot.waitingCalls == 0)
    }

    @Test("another subprotocol than ours is no connection (FC_J4_11)")
    func subprotocol() {
        var test = TestCore()
        test.subprotocol = "ocpp1.6"
        test.run(5)
        #expect(test.messages.isEmpty)
        #expect(!test.isConnected)
    }

    @Test("taken down by hand the link stays down, and comes back when told")
    func byHand() {
        var test = TestCore.online()
        test.give(.local(.setConnected(false)))
        #expect(!test.isConnected)
        test.run(300)
        #expect(test.plans.isEmpty)
        #expect(test.core.snapshot(at: test.now).link.state == "down")
        test.give(.local(.setConnected(true)))
        test.run(1)
        #expect(test.isConnected)
    }

    @Test("an orderly end stores, closes the link and dials no more")
    func shutdown() {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.tap()
        test.forget()
        test.give(.local(.shutdown))
        #expect(!test.isConnected)
        let firstClose = test.outputs.firstIndex {
            if case .disconnect = $0 { true } else { false }
        }
        let lastStore = test.outputs.lastIndex { if case .store = $0 { true } else { false } }
        #expect(lastStore ?? .max < firstClose ?? 0)
        test.run(60)
        #expect(test.plans.isEmpty)
    }

    @Test(
        "below the threshold only changed connectors are told, past it all (B04; trap 4)",
        arguments: [(10, false), (200, true)])
    func threshold(seconds: Int, all: Bool) {
        var test = TestCore.online(
            evses: [EVSEConfiguration(), EVSEConfiguration()],
            variables: [
                "OCPPCommCtrlr.OfflineThreshold": "60",
                "OCPPCommCtrlr.RetryBackOffWaitMinimum": "1",
                "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
                "OCPPCommCtrlr.RetryBackOffRepeatTimes": "0",
            ])
        test.cutLink()
        test.plug(2, ready: false)
        test.run(seconds)
        test.restoreLink()
        test.run(2)
        let told = test.calls("StatusNotification").compactMap { $0["evseId"]?.int }
        #expect(told == (all ? [1, 2] : [2]))
    }

    // MARK: Network connection profiles

    static func network(
        slot: Int, url: String = "wss://other/ocpp", profile: Int = 2, version: String = "OCPP20"
    ) -> JSONValue {
        [
            "configurationSlot": JSONValue(slot),
            "connectionData": [
                "ocppVersion": .string(version), "ocppTransport": "JSON",
                "ocppCsmsUrl": .string(url), "messageTimeout": 30,
                "securityProfile": JSONValue(profile), "ocppInterface": "Wired0",
            ],
        ]
    }

    @Test(
        "SetNetworkProfile is checked (B09; TC_B_42_CS ff.)",
        arguments: [
            (network(slot: 2), "Accepted"), (network(slot: 7), "Rejected"),
            (network(slot: 2, version: "OCPP16"), "Rejected"),
            (network(slot: 2, url: "ws://x", profile: 2), "Rejected"),
            (network(slot: 2, url: "ws://x", profile: 0), "Rejected"),
            (network(slot: 2, url: "wss://", profile: 2), "Rejected"),
            (network(slot: 2, url: "ws://x", profile: 1), "Accepted"),
            (network(slot: 2, profile: 4), "Rejected"),
        ])
    func setProfile(request: JSONValue, status: String) {
        var test = TestCore.online()
        let answer = test.request("SetNetworkProfile", request)
        #expect(answer?.payload["status"]?.string == status)
    }

    @Test(
        "after a restart the new first profile is dialled; when it fails the next, then the last good one (B10)"
    )
    func switchProfile() {
        var test = TestCore.online(variables: [
            "OCPPCommCtrlr.RetryBackOffWaitMinimum": "1",
            "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
            "OCPPCommCtrlr.RetryBackOffRepeatTimes": "0",
            "OCPPCommCtrlr.NetworkProfileConnectionAttempts": "2",
        ])
        test.request("SetNetworkProfile", Self.network(slot: 2, url: "ws://other", profile: 1))
        let set = test.request(
            "SetVariables",
            [
                "setVariableData": [
                    VariablesTests.item(
                        "OCPPCommCtrlr", "NetworkConfigurationPriority", value: "2,1")
                ]
            ])
        #expect(set?.payload["setVariableResult"]?[0]?["attributeStatus"]?.string == "Accepted")
        var next = test.restarted()
        next.isReachable = false
        next.run(4)
        #expect(
            next.plans.prefix(4).map(\.url) == [
                "ws://other", "ws://other", "ws://csms/ocpp", "ws://csms/ocpp",
            ])
        next.restoreLink()
        next.run(2)
        #expect(next.isConnected)
    }

    @Test("by another profile than before it registers anew, and says nothing before (B10.FR.10)")
    func registersAfterSwitch() throws {
        var test = TestCore(
            variables: [
                "OCPPCommCtrlr.RetryBackOffWaitMinimum": "1",
                "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
                "OCPPCommCtrlr.RetryBackOffRepeatTimes": "0",
                "OCPPCommCtrlr.NetworkProfileConnectionAttempts": "1",
            ],
            profiles: [
                NetworkConnectionProfile(slot: 1, url: "ws://csms", securityProfile: 1),
                NetworkConnectionProfile(slot: 2, url: "ws://other", securityProfile: 1),
            ])
        test.run(2)
        test.forget()
        test.cutLink()
        while test.plans.isEmpty { test.run(1) }
        test.restoreLink()
        test.run(2)
        #expect(test.plans.last?.url == "ws://other")
        #expect(test.actions.first == "BootNotification")
        let boot = try #require(test.calls("BootNotification").first)
        #expect(boot["reason"]?.string == "Unknown", "it has not booted")
        #expect(test.statuses == ["Available"])
        // The same one again needs none.
        test.forget()
        test.cutLink()
        test.restoreLink()
        test.run(2)
        #expect(test.plans.first?.url == "ws://other")
        #expect(test.calls("BootNotification").isEmpty)
    }

    @Test("what is less secure than the profile reached is gone, for good (A05.FR.06)")
    func dropsLowerProfiles() throws {
        var test = TestCore.online()
        test.request("SetNetworkProfile", Self.network(slot: 2))
        test.request("SetVariables", Self.priority("2,1"))
        var next = test.restarted()
        next.run(2)
        #expect(next.plans.map(\.url) == ["wss://other/ocpp"])
        let reached = Self.value(&next, "SecurityCtrlr", "SecurityProfile")
        let left = Self.value(&next, "OCPPCommCtrlr", "NetworkConfigurationPriority")
        #expect([reached, left] == ["2", "2"])
        #expect(Self.status(next.request("SetVariables", Self.priority("2,1"))) == "Rejected")
        var last = next.restarted(seed: 44)
        last.isReachable = false
        last.run(300)
        #expect(Set(last.plans.map(\.url)) == ["wss://other/ocpp"])
    }

    @Test(
        "a security profile without its certificates is not taken (A05.FR.02, A05.FR.03)",
        arguments: [(UInt8(1), 2, "Rejected"), (2, 2, "Accepted"), (2, 3, "Rejected")])
    func needsCertificates(provisioned: UInt8, profile: Int, status: String) {
        var test = TestCore(provisioned: provisioned)
        test.run(2)
        test.request("SetNetworkProfile", Self.network(slot: 2, profile: profile))
        #expect(Self.status(test.request("SetVariables", Self.priority("2,1"))) == status)
    }

    static func priority(_ slots: String) -> JSONValue {
        [
            "setVariableData": [
                VariablesTests.item("OCPPCommCtrlr", "NetworkConfigurationPriority", value: slots)
            ]
        ]
    }
    static func status(_ answer: TestCore.Message?) -> String? {
        answer?.payload["setVariableResult"]?[0]?["attributeStatus"]?.string
    }
    static func value(_ test: inout TestCore, _ component: String, _ variable: String) -> String? {
        let answer = test.request(
            "GetVariables", ["getVariableData": [VariablesTests.item(component, variable)]])
        return answer?.payload["getVariableResult"]?[0]?["attributeValue"]?.string
    }

    @Test("a lower security profile than the one reached is never dialled (trap 23, A05)")
    func noDowngrade() {
        let profiles = [
            NetworkConnectionProfile(slot: 1, url: "wss://high", securityProfile: 2),
            NetworkConnectionProfile(slot: 2, url: "ws://low", securityProfile: 1),
        ]
        var test = TestCore(profiles: profiles)
        test.isReachable = false
        test.run(300)
        #expect(test.plans.count > 3)
        #expect(Set(test.plans.map(\.url)) == ["wss://high"])
    }

    @Test("a setting of the link that needs a restart says so (FC_B05_01)")
    func rebootRequired() {
        var test = TestCore.online()
        let item = VariablesTests.item("OCPPCommCtrlr", "WebSocketPingInterval", value: "11")
        let answer = test.request("SetVariables", ["setVariableData": [item]])
        #expect(
            answer?.payload["setVariableResult"]?[0]?["attributeStatus"]?.string
                == "RebootRequired")
        var next = test.restarted()
        next.run(2)
        #expect(next.plans.first?.pingInterval == .seconds(11))
    }

    @Test("a certificate that is not trusted is a security event, once (A04)")
    func certificate() {
        var test = TestCore.online()
        test.cutLink()
        // By turns with another failure, as two profiles give them.
        for _ in 0..<3 {
            test.give(.link(.closed(LinkClosure(.invalidServerCertificate, detail: "expired"))))
            test.give(.link(.closed(LinkClosure(.dialFailed, detail: "refused"))))
            test.run(20)
        }
        test.restoreLink()
        test.run(2)
        let kinds = test.calls("SecurityEventNotification").compactMap { $0["type"]?.string }
        #expect(kinds.filter { $0 == "InvalidCsmsCertificate" }.count == 1)
    }

    @Test("the snapshot tells what the local API shows")
    func snapshot() throws {
        var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
        test.plug()
        test.tap()
        let value = try JSONValue(parsing: test.core.snapshot(at: test.now).json)
        #expect(value["ocpp"]?["link"]?["state"]?.string == "connected")
        #expect(value["ocpp"]?["link"]?["registration"]?.string == "Accepted")
        #expect(value["evses"]?[0]?["state"]?.string == "Occupied")
        #expect(value["evses"]?[0]?["transaction"]?.string?.count == 36)
        #expect(value["queue"]?["messages"]?.int == 0)
    }

    @Test("the same inputs give the same outputs")
    func deterministic() {
        func outputs() -> [String] {
            var test = TestCore.online(variables: ["TxCtrlr.TxStartPoint": "Authorized"])
            test.plug()
            test.tap()
            test.cutLink()
            test.run(30)
            test.restoreLink()
            test.run(5)
            return test.outputs.map { output in
                if case .log(let entry) = output {
                    "\(entry.message) \(entry.metadata.sorted { $0.key < $1.key })"
                } else {
                    "\(output)"
                }
            }
        }
        #expect(outputs() == outputs())
    }
}

extension LinkTests {
    @Test(
        "only refused credentials are reported as such, not every answer that is no upgrade",
        arguments: [(LinkClosure.Cause.credentialsRefused, 1), (.refusedByServer, 0)])
    func credentials(cause: LinkClosure.Cause, events: Int) {
        var test = TestCore.online()
        test.cutLink()
        test.give(.link(.closed(LinkClosure(cause, detail: "status"))))
        test.restoreLink()
        test.run(2)
        let logged = test.logs.filter { $0.metadata["event"] == "FailedToAuthenticateAtCsms" }
        #expect(logged.count == events)
    }
}

extension LinkClosure.Cause {
    static let all: [Self] = [
        .dialFailed, .refusedByServer, .credentialsRefused, .invalidServerCertificate, .tlsFailure,
        .pingTimeout, .closedByServer, .closedByUs, .connectionLost,
    ]
}
