import EVSEModel
import JSON

extension Catalogue {
    /// Cases that cross both sides: something breaks in the world, and the CSMS learns the truth.
    static let hardware: [Case] = [
        Case(
            "HW_01", "Contactor welded at stop", requirements: ["G01.FR.07", "IEC 61851-1"],
            when: "NOT evse-controller",
            stimulus: "the contactor welds, then the session is stopped",
            expectation: "the connector is Faulted, the plug stays locked, also after a restart"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            _ = try await bench.fault("contactor-1", "welded")
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Ended", within: .seconds(20))
            try await bench.expectStatus("Faulted")
            try await bench.expectWorld("the plug stays locked where there is a lock") {
                let lock = bench.connector(of: $0)["lock"]
                return lock == "engaged" || lock == .null
            }
        },
        Case(
            "HW_02", "Jammed lock at plug-in", requirements: ["G05.FR.01", "G05.FR.02"],
            when: "AQ-18",
            stimulus: "the lock jams, then a car is plugged in and a card tapped",
            expectation: "no energy; ConnectorPlugRetentionLock is reported"
        ) { bench in
            try await bench.boot()
            let jam = try await bench.fault("lock-1", "jammed")
            try await bench.plug()
            try await bench.expectStatus("Occupied")
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expect(
                "NotifyEvent", within: .seconds(20), "ConnectorPlugRetentionLock"
            ) {
                $0["eventData"]?.array?.contains {
                    $0["component"]?["name"] == "ConnectorPlugRetentionLock"
                } ?? false
            }
            try await bench.expectWorld("the contactor is open") {
                bench.connector(of: $0)["contactor"] == "open"
            }
            try await bench.clear(jam)
        },
        Case(
            "HW_03", "Meter silent in a session", requirements: ["J02", "trap 33"],
            when: "NOT vehicle-communication",
            stimulus: "the meter falls silent while charging",
            expectation: "the offer falls to the board's safe value; NotifyEvent; it recovers",
            settings: ["ocpp.variables.SampledDataCtrlr.TxUpdatedInterval=1"]
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            let silence = try await bench.fault("meter-1", "silent")
            try await bench.expectWorld("the safe value offered", within: .seconds(20)) {
                (bench.connector(of: $0)["offered"]?.number?.double ?? 99) <= 6.1
            }
            try await bench.clear(silence)
            let time = try await bench.timeToRise(.seconds(20))
            try await bench.expectWorld("the full offer again", within: time) {
                (bench.connector(of: $0)["offered"]?.number?.double ?? 0) > 10
            }
        },
        Case(
            "HW_04", "Mains cut while charging", requirements: ["E11", "IEC 61851-1"],
            when: "NOT vehicle-communication",
            stimulus: "the mains fail while charging and come back",
            expectation: "no energy meanwhile, PowerLoss reported, and the session goes on"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            bench.note("mains off")
            try await bench.rig.mains(false)
            try await bench.expect("NotifyEvent", "PowerLoss") { event in
                event["eventData"]?.array?.contains {
                    $0["techCode"] == "PowerLoss" && $0["actualValue"] == "true"
                } ?? false
            }
            try await bench.expectWorld("nothing drawn") {
                (bench.connector(of: $0)["drawn"]?.number?.double ?? 99) < 0.1
            }
            try await Task.sleep(for: .seconds(2))
            bench.note("mains on")
            try await bench.rig.mains(true)
            let time = try await bench.timeToRise(.seconds(30))
            try await bench.expectWorld("the car draws again", within: time) {
                (bench.connector(of: $0)["drawn"]?.number?.double ?? 0) > 5
            }
        },
        Case(
            "HW_05", "Reader lost", requirements: ["B12", "trap 27"],
            stimulus: "the card reader falls silent, then answers again",
            expectation: "a NotifyEvent within 8 s; a tap works again afterwards"
        ) { bench in
            try await bench.boot()
            let loss = try await bench.fault("reader-1", "silent")
            try await bench.expect("NotifyEvent", within: .seconds(12), "the reader's problem") {
                $0["eventData"]?.array?.contains { $0["actualValue"] == "true" } ?? false
            }
            try await bench.clear(loss)
            try await bench.expect(
                "NotifyEvent", within: .seconds(15), "the reader's problem cleared"
            ) {
                $0["eventData"]?.array?.contains { $0["actualValue"] == "false" } ?? false
            }
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expect("Authorize")
        },
        Case(
            "HW_06", "Emergency stop", requirements: ["IEC 61851-1", "G01"],
            when: "NOT evse-controller and NOT vehicle-communication",
            stimulus: "the emergency stop is pressed while charging",
            expectation:
                "the contactor opens at once; Faulted; Available again after release and unplug"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            let pressed = try await bench.fault("stop-1", "pressed")
            try await bench.expectWorld("the contactor is open", within: .seconds(2)) {
                bench.connector(of: $0)["contactor"] == "open"
            }
            try await bench.expectStatus("Faulted")
            try await bench.clear(pressed)
        },
        Case(
            "HW_07", "Killed while charging", requirements: ["trap 29", "trap 30"],
            stimulus: "SIGKILL to the station process while charging; started again",
            expectation: "the same transaction ends once, without a gap in seqNo"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            try bench.kill()
            try await bench.start()
            try await bench.expect("BootNotification", within: .seconds(20))
            let ended = try await bench.expectTransaction("Ended", within: .seconds(30))
            try bench.require(
                ended["transactionInfo"]?["transactionId"], equals: .string(id), "transactionId")
            try await bench.expectSequence(of: id)
        },
        Case(
            "HW_08", "From the end of state C to the open contactor",
            requirements: ["IEC 61851-1 Table A.6 seq. 8.1"],
            when: "NOT evse-controller and NOT vehicle-communication",
            stimulus: "a vehicle stops and starts asking for energy twelve times",
            expectation:
                "the coil is off within two loop periods (20 ms), but for what the machine's own pauses take",
            settings: ["supervision.closing-interval=1 s"]
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            for _ in 0..<12 {
                try await bench.expectWorld("the contactor is closed") {
                    bench.connector(of: $0)["contactor"] == "closed"
                }
                try await Task.sleep(for: .milliseconds(300))
                try await bench.rig.vehicle("1/1", ["ready": false])
                try await bench.expectWorld("the contactor is open", within: .seconds(2)) {
                    bench.connector(of: $0)["contactor"] == "open"
                }
                try await bench.rig.vehicle("1/1", ["ready": true])
            }
            let openings = try await bench.rig.state()["openings"]?["all"]?.array ?? []
            let delays = openings.compactMap { $0["microseconds"]?.int }.sorted()
            try bench.require(delays.count >= 12, "only \(delays.count) openings were measured")
            // What the machine itself withheld is not the loop's: it is witnessed beside the case.
            let pauses = bench.pauses
            let figures = "delays in µs: \(delays); the machine's pauses: \(pauses)"
            try bench.require(
                delays[delays.count - 1] <= 100_000 + (pauses.first ?? 0), figures)
            let late = delays.count { $0 > 20_000 }
            // One in ten may be the plant's, which measures without a priority.
            try bench.require(late <= delays.count / 10 + pauses.count, figures)
        },
    ]
}
