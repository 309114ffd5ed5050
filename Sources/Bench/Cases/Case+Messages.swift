import EVSEModel
import JSON

extension Catalogue {
    /// The operator's messages on displays (functional block O).
    static let messages: [Case] = [
        Case(
            "TC_O_01_CS", "Set a message", requirements: ["O01.FR.12"], when: "UI-0",
            stimulus: "SetDisplayMessage in the normal cycle",
            expectation: "Accepted, and every display shows it"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "Hello there")
            try await bench.expectDisplays(["Hello there"], evse: nil)
        },
        Case(
            "TC_O_02_CS", "Get all messages",
            requirements: ["O03.FR.01", "O03.FR.02", "O03.FR.05"], when: "UI-0",
            stimulus: "two messages, then GetDisplayMessages without a filter",
            expectation: "Accepted; NotifyDisplayMessages has both under the request's number"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "one")
            try await bench.setMessage(2, "two")
            try await bench.expectMessages([1, 2], [:])
        },
        Case(
            "TC_O_03_CS", "Get all, there are none", requirements: ["O03.FR.06"], when: "UI-0",
            stimulus: "GetDisplayMessages without a filter", expectation: "Unknown"
        ) { bench in
            try await bench.boot()
            try await bench.expectMessages(nil, [:])
        },
        Case(
            "TC_O_04_CS", "Clear a message", requirements: ["O05.FR.01"], when: "UI-0",
            stimulus: "a message is set, seen and cleared", expectation: "Accepted; it is gone"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "Gone soon")
            try await bench.expectDisplays(["Gone soon"])
            try await bench.clearMessage(1, "Accepted")
            try await bench.expectDisplaysWithout("Gone soon")
            try await bench.expectMessages(nil, [:])
        },
        Case(
            "TC_O_05_CS", "Clear an unknown message", requirements: ["O05.FR.02"], when: "UI-0",
            stimulus: "ClearDisplayMessage with an id that nobody set", expectation: "Unknown"
        ) { bench in
            try await bench.boot()
            try await bench.clearMessage(77, "Unknown")
        },
        Case(
            "TC_O_06_CS", "A transaction's message", requirements: ["O02.FR.02", "O02.FR.14"],
            when: "UI-0", stimulus: "SetDisplayMessage with the running transaction's id",
            expectation: "it is shown during the transaction, and gone with it"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            try await bench.setMessage(1, "For you", ["transactionId": .string(id)])
            try await bench.expectDisplays(["For you"])
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(20))
            try await bench.expectDisplaysWithout("For you")
            try await bench.expectMessages(nil, [:])
        },
        Case(
            "TC_O_07_CS", "Get by id", requirements: ["O04.FR.01", "O04.FR.03"], when: "UI-0",
            stimulus: "two messages, GetDisplayMessages with one id",
            expectation: "that one is reported"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "one")
            try await bench.setMessage(2, "two")
            try await bench.expectMessages([2], ["id": [2]])
        },
        Case(
            "TC_O_08_CS", "Get by priority", requirements: ["O04.FR.01", "O04.FR.03"],
            when: "UI-0 and UI-1.2",
            stimulus: "messages of two priorities, GetDisplayMessages for one of them",
            expectation: "those of this priority are reported"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "one")
            try await bench.setMessage(2, "two", priority: "InFront")
            try await bench.expectMessages([2], ["priority": "InFront"])
        },
        Case(
            "TC_O_09_CS", "Get by state", requirements: ["O04.FR.01", "O04.FR.03"], when: "UI-0",
            stimulus: "messages of two states, GetDisplayMessages for one of them",
            expectation: "those of this state are reported"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "one", ["state": "Charging"])
            try await bench.setMessage(2, "two", ["state": "Idle"])
            try await bench.expectMessages([1], ["state": "Charging"])
        },
        Case(
            "TC_O_10_CS", "A message for an unknown transaction", requirements: ["O02.FR.01"],
            when: "UI-0", stimulus: "SetDisplayMessage for a transaction that is not there",
            expectation: "UnknownTransaction"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(
                1, "lost", ["transactionId": "nobody"], "UnknownTransaction")
        },
        Case(
            "TC_O_11_CS", "Get by an unknown id", requirements: ["O04.FR.02"], when: "UI-0",
            stimulus: "a message, GetDisplayMessages with another id", expectation: "Unknown"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "one")
            try await bench.expectMessages(nil, ["id": [9]])
        },
        Case(
            "TC_O_12_CS", "Replace a message", requirements: ["O06.FR.01"], when: "UI-0",
            stimulus: "the same id twice", expectation: "the second text is shown alone"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "First text")
            try await bench.expectDisplays(["First text"])
            try await bench.setMessage(1, "Second text")
            try await bench.expectDisplays(["Second text"])
            try await bench.expectDisplaysWithout("First text")
        },
        Case(
            "TC_O_13_CS", "Shown from its start", requirements: ["O01.FR.06"], when: "UI-0",
            stimulus: "a message that starts in 12 s", expectation: "not before, but then"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(
                1, "Starts late", ["startDateTime": .string(Timestamps.now(plus: 12))])
            try await bench.expectMessages([1], ["id": [1]])
            try await bench.expectDisplaysWithout("Starts late", for: .seconds(9))
            try await bench.expectDisplays(["Starts late"])
        },
        Case(
            "TC_O_14_CS", "Removed after its end", requirements: ["O01.FR.07"], when: "UI-0",
            stimulus: "a message that ends in 15 s", expectation: "shown, then removed"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(
                1, "Ends soon", ["endDateTime": .string(Timestamps.now(plus: 15))])
            try await bench.expectDisplays(["Ends soon"], within: .seconds(14))
            try await bench.expectDisplaysWithout("Ends soon", within: .seconds(30))
            try await bench.expectMessages(nil, ["id": [1]])
        },
        Case(
            "TC_O_19_CS", "A format that no display has", requirements: ["O01.FR.03"],
            when: "UI-0 and NOT UI-2.2", stimulus: "SetDisplayMessage in HTML",
            expectation: "NotSupportedMessageFormat"
        ) { bench in
            try await bench.boot()
            let answer = try await bench.call(
                "SetDisplayMessage",
                [
                    "message": [
                        "id": 1, "priority": "NormalCycle",
                        "message": ["format": "HTML", "content": "<b>no</b>"],
                    ]
                ])
            try bench.require(
                answer["status"], equals: "NotSupportedMessageFormat", "SetDisplayMessage")
        },
        Case(
            "TC_O_20_CS", "Survives the station's death", requirements: ["O01.FR.10"],
            when: "UI-0",
            stimulus: "a message, then the station is killed at once and started again",
            expectation: "it is reported and shown as before"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "Still here")
            try bench.kill()
            try await bench.start()
            try await bench.expect("BootNotification", within: .seconds(20))
            try await bench.expectMessages([1], [:])
            try await bench.expectDisplays(["Still here"])
        },
        Case(
            "TC_O_22_CS", "Several in front take turns", requirements: ["O01.FR.14"],
            when: "UI-0 and UI-1.2", stimulus: "one in the cycle, then two in front of it",
            expectation: "the two take turns, the first waits"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "In the cycle")
            try await bench.setMessage(2, "Front one", priority: "InFront")
            try await bench.setMessage(3, "Front two", priority: "InFront")
            for text in ["Front one", "Front two", "Front one"] {
                try await bench.expectDisplays([text])
            }
            try await bench.expectDisplaysWithout("In the cycle", for: .seconds(18))
        },
        Case(
            "TC_O_24_CS", "A second one always in front", requirements: ["O01.FR.16"],
            when: "UI-0 and UI-1.1", stimulus: "two messages that are always in front",
            expectation: "the newer one has replaced the older"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "Older", priority: "AlwaysFront")
            try await bench.expectDisplays(["Older"])
            try await bench.setMessage(2, "Newer", priority: "AlwaysFront")
            try await bench.expectDisplays(["Newer"])
            try await bench.expectMessages(nil, ["id": [1]])
            try await bench.expectMessages([2], ["id": [2]])
        },
        Case(
            "TC_O_33_CS", "Get by id, there are none", requirements: ["O04.FR.07"], when: "UI-0",
            stimulus: "GetDisplayMessages with an id, nothing is set", expectation: "Unknown"
        ) { bench in
            try await bench.boot()
            try await bench.expectMessages(nil, ["id": [1]])
        },
        Case(
            "TC_O_34_CS", "The id is known, the state another", requirements: ["O04.FR.02"],
            when: "UI-0", stimulus: "GetDisplayMessages with the id and another state",
            expectation: "Unknown"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "one", ["state": "Charging"])
            try await bench.expectMessages(nil, ["id": [1], "state": "Faulted"])
        },
        Case(
            "TC_O_35_CS", "The id is known, the priority another", requirements: ["O04.FR.02"],
            when: "UI-0 and UI-1.2",
            stimulus: "GetDisplayMessages with the id and another priority",
            expectation: "Unknown"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "one")
            try await bench.expectMessages(nil, ["id": [1], "priority": "InFront"])
        },
        Case(
            "TC_O_36_CS", "Only while charging", requirements: ["O01"], when: "UI-0",
            stimulus: "a message for the state Charging, then a car charges and stops",
            expectation: "it comes and goes with the energy"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "Enjoy it", ["state": "Charging"])
            try await bench.expectDisplaysWithout("Enjoy it", for: .seconds(9))
            _ = try await bench.charge()
            try await bench.expectDisplays(["Enjoy it"])
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(20))
            try await bench.expectDisplaysWithout("Enjoy it")
        },
        Case(
            "TC_O_37_CS", "Only while idle", requirements: ["O01"], when: "UI-0",
            stimulus: "a message for the state Idle, then a car charges",
            expectation: "it goes when energy flows"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "Welcome", ["state": "Idle"])
            try await bench.expectDisplays(["Welcome"])
            _ = try await bench.charge()
            try await bench.expectDisplaysWithout("Welcome")
            // An outlet with a display of its own goes on.
            let displays = try await bench.rig.state()["displays"]?.array ?? []
            if displays.contains(where: { $0["evse"]?.int == 2 }) {
                try await bench.expectDisplays(["Welcome"], evse: 2)
            }
        },
        Case(
            "TC_O_38_CS", "Only while unavailable", requirements: ["O01"], when: "UI-0",
            stimulus:
                "a message for the state Unavailable, then the station is taken out of service",
            expectation: "it is shown from then on"
        ) { bench in
            try await bench.boot()
            try await bench.setMessage(1, "Back at noon", ["state": "Unavailable"])
            try await bench.expectDisplaysWithout("Back at noon", for: .seconds(9))
            let answer = try await bench.call(
                "ChangeAvailability", ["operationalStatus": "Inoperative"])
            try bench.require(answer["status"], equals: "Accepted", "ChangeAvailability")
            try await bench.expectDisplays(["Back at noon"])
        },
    ]
}
