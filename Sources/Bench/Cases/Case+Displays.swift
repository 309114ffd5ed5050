import EVSEModel
import JSON

extension Catalogue {
    /// What people read and type, and what happens when they cannot.
    static let displays: [Case] = [
        Case(
            "HW_25", "A session as people read it", requirements: ["docs/displays.md"],
            when: "HFS-12 > 0",
            stimulus: "a card, a car, the card again, and the car leaves",
            expectation: "each step is on every display, with the power while energy flows"
        ) { bench in
            try await bench.boot()
            try await bench.expectDisplays(free, evse: nil)
            _ = try await bench.charge()
            try await bench.expectDisplays(["Charging"])
            try await bench.expectDisplays(["kW"])
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(20))
            try await bench.expectDisplays(["Finished"])
            try await bench.unplug()
            try await bench.pullOut()
            try await bench.expectDisplays(free)
        },
        Case(
            "HW_26", "A display unplugged while charging",
            requirements: ["N07", "docs/displays.md"],
            when: "HFS-12 > 0",
            stimulus: "a display is unplugged while a car charges, and plugged in after it paused",
            expectation:
                "charging goes on; NotifyEvent and its end; then the display shows what is now"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            try await bench.expectDisplays(["Charging"])
            let own = bench.displays(try await bench.rig.state(), evse: 1)
            let display = own.first?["device"]?.string ?? ""
            let unplugged = try await bench.fault(display, "absent")
            try await bench.expectProblem("Display", true)
            try await bench.expectWorld("the display is dark") {
                bench.displays($0, evse: 1).first?["lines"]?.array?.isEmpty == true
            }
            try await bench.expectWorld("the car draws current all the same") {
                bench.drawn($0, "1/1") > 5
            }
            try await bench.rig.vehicle("1/1", ["ready": false])
            try await bench.expectTransaction("Updated", charging: "SuspendedEV")
            try await bench.clear(unplugged)
            try await bench.expectProblem("Display", false)
            try await bench.expectDisplays(["Vehicle pauses", "Vehicle is pausing"])
            try await bench.requireRunning(id)
        },
        Case(
            "HW_27", "A code at the line reader", requirements: ["C02", "E02", "E03"],
            when: "line-reader and C-32 and HFS-8 > 1",
            stimulus: "a cable in the second outlet, then a code at the line reader, and again",
            expectation:
                "Authorize with KeyCode; the transaction is the second EVSE's; the code ends it"
        ) { bench in
            let code = "47110815"
            try await bench.boot()
            try await bench.rig.plug("2/1")
            try await bench.expectStatus("Occupied", evse: 2)
            // The plug is in; the vehicle answers within its pilot's debounce, and nobody types faster.
            try await Task.sleep(for: .milliseconds(500))
            try await bench.type(code)
            let request = try await bench.expect("Authorize")
            try bench.require(request["idToken"], equals: token(code, "KeyCode"), "the token")
            let started = try await bench.expectTransaction("Started")
            try bench.require(started["evse"]?["id"], equals: 2, "the transaction's EVSE")
            try await bench.expectWorld(
                "the second car draws current", within: bench.timeToCharge(.seconds(20))
            ) {
                bench.drawn($0, "2/1") > 5 && bench.drawn($0, "1/1") == 0
            }
            try await bench.type(code)
            let ended = try await bench.expectTransaction("Ended", within: .seconds(20))
            try bench.require(
                try bench.transactionID(ended) == bench.transactionID(started),
                "another transaction ended")
        },
        Case(
            "HW_60", "One reader: the outlet is typed first", requirements: ["E03", "E04"],
            when: "line-reader and HFS-8 > 1 and HFS-10 == Single",
            stimulus: "cables in both outlets, the second's number at the keypad, then a card",
            expectation: "the displays ask for the card; the transaction is the second EVSE's"
        ) { bench in
            try await bench.boot()
            try await bench.plugBoth()
            try await bench.type("2")
            try await bench.expectDisplays(["2 Card, please", "2 Karte, bitte"])
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectCharge(evse: 2)
        },
        Case(
            "HW_61", "One reader: the outlet is typed after the card",
            requirements: ["E03", "E04"],
            when: "line-reader and HFS-8 > 1 and HFS-10 == Single",
            stimulus: "cables in both outlets, a card, then the second outlet's number",
            expectation: "the displays ask which outlet; the transaction is the second EVSE's"
        ) { bench in
            try await bench.boot()
            try await bench.plugBoth()
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectDisplays(["Which outlet?", "Wo laden?"])
            try await bench.type("2")
            try await bench.expectCharge(evse: 2)
        },
        Case(
            "HW_62", "One reader: the outlet is touched", requirements: ["E03", "E04"],
            when: "dwin-display and one-display and HFS-8 > 1 and HFS-10 == Single",
            stimulus: "cables in both outlets, a card, then the second outlet's key on the panel",
            expectation: "the panel asks which outlet; the transaction is the second EVSE's"
        ) { bench in
            try await bench.boot()
            try await bench.plugBoth()
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectDisplays(["Which outlet?"])
            let display = try await bench.rig.state()["displays"]?[0]?["device"]?.string ?? ""
            bench.note("touch outlet 2 on \(display)")
            try await bench.rig.touch(2, display: display)
            try await bench.expectCharge(evse: 2)
        },
        Case(
            "HW_63", "One reader: nobody says which outlet", requirements: ["E03", "E04"],
            when:
                "(dwin-display or line-reader) and one-display and HFS-8 > 1 and HFS-10 == Single",
            stimulus: "cables in both outlets, a card, and nothing more",
            expectation: "after the board's time the card is forgotten, and nobody was charged",
            settings: ["shared.choice-timeout=15 s"]
        ) { bench in
            try await bench.boot()
            try await bench.plugBoth()
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectDisplays(["Which outlet?", "Wo laden?"])
            try await bench.expectNone("a transaction began", for: .seconds(18)) {
                $0.action == "TransactionEvent" || $0.action == "Authorize"
            }
            try await bench.expectDisplays(["Ready to charge", "Present card", "Bereit", "Karte"])
        },
    ]

    /// With one EVSE, and with several.
    private static let free = ["Ready to charge", "Present card"]
}

extension CaseContext {
    /// The displays that serve an EVSE, alone or with others.
    ///
    /// - Parameter evse: `nil`: all displays.
    func displays(_ world: JSONValue, evse: Int?) -> [JSONValue] {
        (world["displays"]?.array ?? []).filter { display in
            guard let evse, let own = display["evse"]?.int else { return true }
            return own == evse
        }
    }
    /// What a person reads on a display, in one line.
    static func text(on display: JSONValue) -> String {
        let rows = (display["lines"]?.array ?? []).compactMap(\.string)
        return rows.joined(separator: " ").split(separator: " ").joined(separator: " ")
    }

    /// Waits until every display of an EVSE can be read with one of these on it, in its own time: languages
    /// and pages take turns.
    ///
    /// - Parameter evse: `nil`: all displays.
    func expectDisplays(
        _ words: [String], evse: Int? = 1, within limit: Milliseconds = .seconds(30)
    ) async throws {
        try await expectWorld("\"\(words[0])\" on the displays", within: limit) { world in
            displays(world, evse: evse).allSatisfy { display in
                let text = Self.text(on: display)
                return words.contains { text.contains($0) }
            }
        }
    }

    /// A cable and a vehicle at either outlet.
    fileprivate func plugBoth() async throws {
        for (outlet, evse) in [("1/1", 1), ("2/1", 2)] {
            note("plug \(outlet)")
            try await rig.plug(outlet)
            try await expectStatus("Occupied", evse: evse)
        }
    }
    /// A transaction begins on this EVSE of two, and nothing flows at the other.
    fileprivate func expectCharge(evse: Int) async throws {
        let started = try await expectTransaction("Started")
        try require(started["evse"]?["id"], equals: JSONValue(evse), "the transaction's EVSE")
        try await expectWorld("its car draws current", within: timeToCharge(.seconds(20))) {
            drawn($0, "\(evse)/1") > 5 && drawn($0, "\(3 - evse)/1") == 0
        }
    }

    /// Types a code at the line reader. One that comes back at once would be told once only.
    func type(_ code: String) async throws {
        let state = try await expectWorld("the line reader is free") { world in
            let reader = Self.lineReader(of: world)
            return reader != nil && (reader?["tappedMsAgo"]?.int ?? .max) > 3000
        }
        note("type \(code)")
        try await rig.type(code, reader: Self.lineReader(of: state)?["device"]?.string ?? "")
    }
    private static func lineReader(of world: JSONValue) -> JSONValue? {
        world["readers"]?.array?.first { $0["kind"] == "line" }
    }

    /// A NotifyEvent of this component's Problem.
    func expectProblem(
        _ component: String, _ isThere: Bool, within limit: Milliseconds = .seconds(30)
    ) async throws {
        try await expect(
            "NotifyEvent", within: limit, "\(component).Problem \(isThere)"
        ) { event in
            event["eventData"]?.array?.contains {
                $0["component"]?["name"]?.string == component
                    && $0["variable"]?["name"] == "Problem"
                    && $0["actualValue"]?.string == "\(isThere)"
            } ?? false
        }
    }

    /// No Ended of this transaction has come.
    func requireRunning(_ id: String) async throws {
        let ended = await csms.log.first {
            $0.fromStation && $0.action == "TransactionEvent" && $0.payload["eventType"] == "Ended"
                && $0.payload["transactionInfo"]?["transactionId"]?.string == id
        }
        try require(ended == nil, "the transaction was ended: \(ended?.text ?? "")")
    }
}
