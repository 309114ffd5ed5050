import EVSEModel
import JSON

extension Catalogue {
    static let transactions: [Case] = [
        Case(
            "TC_E_10_CS", "Start at authorized, local", requirements: ["E01.FR.01", "E03.FR.01"],
            when: "C-09.2 and (C-30 or C-31 or C-32 or C-33 or C-34 or C-35 or P-ISO)",
            stimulus: "tap, TxStartPoint Authorized",
            expectation: "Started with trigger Authorized",
            settings: ["ocpp.variables.TxCtrlr.TxStartPoint=Authorized"]
        ) { bench in
            try await bench.boot()
            try await bench.tap("04A2B3C4D5E6F7")
            let started = try await bench.expectTransaction("Started", trigger: "Authorized")
            try bench.require(started["seqNo"], equals: 0, "seqNo of the first event")
            try bench.require(
                started["idToken"], equals: token("04A2B3C4D5E6F7"), "the event's token")
        },
        Case(
            "TC_E_09_CS", "Start at EV connected", requirements: ["E01.FR.02", "E02.FR.01"],
            when: "C-09.1 or C-51",
            stimulus: "plug in, TxStartPoint EVConnected",
            expectation: "Started with trigger CablePluggedIn",
            settings: ["ocpp.variables.TxCtrlr.TxStartPoint=EVConnected"]
        ) { bench in
            try await bench.boot()
            try await bench.plug()
            try await bench.expectTransaction(
                "Started", trigger: "CablePluggedIn", charging: "EVConnected")
        },
        Case(
            "TC_E_01_CS", "Start at power path closed", requirements: ["E01.FR.03"],
            when: "C-09.4 or C-51",
            stimulus: "plug in, then tap, TxStartPoint PowerPathClosed",
            expectation: "Started only when both hold",
            settings: ["ocpp.variables.TxCtrlr.TxStartPoint=PowerPathClosed"]
        ) { bench in
            try await bench.boot()
            try await bench.plug()
            try await bench.expectNone("started without authorisation", for: .seconds(2)) {
                $0.action == "TransactionEvent"
            }
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Started")
        },
        Case(
            "TC_E_15_CS", "Stop point Authorized, local", requirements: ["E06.FR.02", "E07.FR.01"],
            when: "C-10.2 and (C-70 or C-71 or C-72 or C-75)",
            stimulus: "the same token again while charging",
            expectation: "Ended with StopAuthorized, reason Local"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            try await bench.tap("04A2B3C4D5E6F7")
            let ended = try await bench.expectTransaction(
                "Ended", trigger: "StopAuthorized", within: .seconds(20))
            try bench.require(
                ended["transactionInfo"]?["transactionId"], equals: .string(id), "transactionId")
            let reason = ended["transactionInfo"]?["stoppedReason"]
            try bench.require(
                reason == nil || reason == "Local", "stoppedReason is \(reason?.text ?? "")")
            try await bench.expectSequence(of: id)
        },
        Case(
            "TC_E_17_CS", "Unplugged on the vehicle's side",
            requirements: ["E06.FR.03", "E09.FR.01"],
            when: "C-10.2 and C-06.2",
            stimulus: "unplug at the vehicle while charging",
            expectation:
                "Ended with EVCommunicationLost, reason EVDisconnected; the connector is Available",
            settings: ["ocpp.variables.TxCtrlr.StopTxOnEVSideDisconnect=true"]
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            try await bench.unplug()
            let ended = try await bench.expectTransaction(
                "Ended", trigger: "EVCommunicationLost", within: .seconds(20))
            try bench.require(
                ended["transactionInfo"]?["stoppedReason"], equals: "EVDisconnected",
                "stoppedReason")
        },
        Case(
            "TC_E_28_CS", "Status of an unknown transaction",
            requirements: ["E14.FR.01", "E14.FR.02"],
            stimulus: "GetTransactionStatus with an unknown id",
            expectation: "messagesInQueue false, ongoingIndicator false"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call(
                "GetTransactionStatus", ["transactionId": "no-such-id"])
            try bench.require(answer["messagesInQueue"], equals: false, "messagesInQueue")
            try bench.require(answer["ongoingIndicator"] != true, "ongoingIndicator is true")
        },
        Case(
            "TC_E_30_CS", "Status ongoing, queue empty", requirements: ["E14.FR.03", "E14.FR.05"],
            stimulus: "GetTransactionStatus while charging",
            expectation: "ongoing true, messagesInQueue false; after the end ongoing false"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            let during = try await bench.call(
                "GetTransactionStatus", ["transactionId": .string(id)])
            try bench.require(during["ongoingIndicator"], equals: true, "ongoingIndicator")
            try bench.require(during["messagesInQueue"], equals: false, "messagesInQueue")
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(20))
            let after = try await bench.call("GetTransactionStatus", ["transactionId": .string(id)])
            try bench.require(
                after["ongoingIndicator"], equals: false, "ongoingIndicator after the end")
        },
        Case(
            "TC_E_34_CS", "Queue status without id", requirements: ["E14.FR.06", "E14.FR.08"],
            stimulus: "GetTransactionStatus without an id",
            expectation: "messagesInQueue false, no ongoingIndicator"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call("GetTransactionStatus")
            try bench.require(answer["messagesInQueue"], equals: false, "messagesInQueue")
            try bench.require(answer["ongoingIndicator"] == nil, "ongoingIndicator is present")
        },
        Case(
            "TC_E_39_CS", "Deauthorized by timeout", requirements: ["E03.FR.05", "E06.FR.05"],
            stimulus: "tap, no cable for EVConnectionTimeOut, then a cable",
            expectation: "EVConnectTimeout; the later plug does not charge",
            settings: [
                "ocpp.variables.TxCtrlr.EVConnectionTimeOut=3",
                "ocpp.variables.TxCtrlr.TxStartPoint=Authorized",
            ]
        ) { bench in
            try await bench.boot()
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Started")
            try await bench.expect("TransactionEvent", within: .seconds(8), "EVConnectTimeout") {
                $0["triggerReason"] == "EVConnectTimeout"
            }
            try await bench.plug()
            try await bench.expectNone("energy without authorisation", for: .seconds(3)) {
                $0.payload["transactionInfo"]?["chargingState"] == "Charging"
            }
        },
        Case(
            "TC_E_40_CS", "Connection lost while charging",
            requirements: ["E11.FR.01", "E11.FR.02"],
            stimulus: "the link is cut for a while and restored",
            expectation: "events are queued and sent in order, those that occurred offline say so",
            settings: ["ocpp.variables.SampledDataCtrlr.TxUpdatedInterval=1"]
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            try await bench.link(false)
            try await Task.sleep(for: .milliseconds(3500))
            try await bench.link(true)
            try await bench.expect("TransactionEvent", within: .seconds(20), "an offline event") {
                $0["offline"] == true
            }
            try await bench.expect("TransactionEvent", within: .seconds(20), "an online event") {
                $0["offline"] != true
            }
            try await bench.expectSequence(of: id)
        },
        retries(
            "TC_E_41_CS", "Retry until limit, no reply", "E13.FR.02",
            settings: ["ocpp.variables.OCPPCommCtrlr.MessageTimeout[Default]=1"], .silence),
        retries(
            "TC_E_50_CS", "Retry until limit, CALLERROR", "E13.FR.02", settings: [],
            .error(code: "InternalError", description: "by the bench")),
    ]

    /// TransactionEvent is never confirmed: it must be tried as often as configured, then dropped.
    private static func retries(
        _ id: String, _ title: String, _ requirement: String, settings: [String], _ answer: Answer
    ) -> Case {
        Case(
            id, title, requirements: [requirement],
            stimulus: "the CSMS confirms no TransactionEvent",
            expectation: "as many attempts as MessageAttempts, with growing gaps, then the next",
            settings: [
                "ocpp.variables.OCPPCommCtrlr.MessageAttempts[TransactionEvent]=3",
                "ocpp.variables.OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]=1",
                "ocpp.variables.TxCtrlr.TxStartPoint=Authorized",
            ] + settings
        ) { bench in
            await bench.csms.answer("TransactionEvent") { _ in answer }
            try await bench.boot()
            try await bench.tap("04A2B3C4D5E6F7")
            try await Task.sleep(for: .seconds(9))
            let attempts = await bench.csms.log.filter {
                $0.fromStation && $0.kind == .call && $0.action == "TransactionEvent"
                    && $0.payload["seqNo"] == 0
            }
            try bench.require(attempts.count == 3, "\(attempts.count) attempts, not 3")
            let first = (attempts[1].at - attempts[0].at).count
            let second = (attempts[2].at - attempts[1].at).count
            try bench.require(first >= 900, "the first gap is \(first) ms")
            try bench.require(
                second >= first + 700, "gaps of \(first) and \(second) ms do not grow")
        }
    }
}

extension CaseContext {
    /// The events of a transaction have seqNo without gaps, in order, one Started, at most one Ended.
    func expectSequence(of id: String) async throws {
        var seen = [Int]()
        var started = 0
        var ended = 0
        for message in await csms.log
        where message.fromStation && message.kind == .call && message.action == "TransactionEvent"
            && message.payload["transactionInfo"]?["transactionId"]?.string == id
        {
            guard let number = message.payload["seqNo"]?.int else { continue }
            if number == seen.last { continue }  // sent again
            seen.append(number)
            if message.payload["eventType"] == "Started" { started += 1 }
            if message.payload["eventType"] == "Ended" { ended += 1 }
        }
        try require(seen == Array(0..<seen.count), "seqNo run as \(seen)")
        try require(started == 1, "\(started) Started events")
        try require(ended <= 1, "\(ended) Ended events")
    }
}
