import EVSEModel
import JSON

extension Catalogue {
    static let metering: [Case] = [
        Case(
            "TC_J_01_CS", "Aligned values, idle", requirements: ["J01.FR.01", "J01.FR.04"],
            stimulus: "AlignedDataCtrlr.Interval 2 s, no transaction",
            expectation: "MeterValues with context Sample.Clock",
            settings: ["ocpp.variables.AlignedDataCtrlr.Interval=2"]
        ) { bench in
            try await bench.boot()
            let values = try await bench.expect("MeterValues", within: .seconds(8))
            try bench.require(
                values["meterValue"]?[0]?["sampledValue"]?[0]?["context"], equals: "Sample.Clock",
                "context")
        },
        Case(
            "TC_J_07_CS", "Sampled at start", requirements: ["J02.FR.01", "E02.FR.09"],
            stimulus: "a session with the cable first",
            expectation: "Started holds values with context Transaction.Begin"
        ) { bench in
            try await bench.boot()
            try await bench.plug()
            try await bench.expectStatus("Occupied")
            // The meter's first reading takes a round of its bus.
            try await Task.sleep(for: .milliseconds(2500))
            try await bench.tap("04A2B3C4D5E6F7")
            let started = try await bench.expectTransaction("Started")
            try bench.require(
                started.hasSample("Transaction.Begin", "Energy.Active.Import.Register"),
                "no Transaction.Begin energy in \(started.text)")
        },
        Case(
            "TC_J_08_CS", "Sampled at start, EVSE unknown",
            requirements: ["E01.FR.09", "E01.FR.17"],
            when: "NOT AQ-8 and (C-09.2 or C-09.6)",
            stimulus: "a tap before the cable, TxStartPoint Authorized",
            expectation:
                "Transaction.Begin values in Started where it knows the EVSE, else when charging starts",
            settings: ["ocpp.variables.TxCtrlr.TxStartPoint=Authorized"]
        ) { bench in
            try await bench.boot()
            // The meter's first reading takes a round of its bus.
            try await Task.sleep(for: .milliseconds(2500))
            try await bench.tap("04A2B3C4D5E6F7")
            try await Task.sleep(for: .milliseconds(500))
            try await bench.plug()
            let begin = try await bench.expect(
                "TransactionEvent", within: .seconds(40), "with Transaction.Begin"
            ) {
                $0.hasSample("Transaction.Begin", "Energy.Active.Import.Register")
            }
            // A reader that belongs to one EVSE knows it before any cable is there.
            try bench.require(
                begin["eventType"] == "Started"
                    || begin["transactionInfo"]?["chargingState"] == "Charging",
                "Transaction.Begin came neither with Started nor with Charging: \(begin.text)")
        },
        Case(
            "TC_J_09_CS", "Sampled during", requirements: ["J02.FR.02"],
            stimulus: "SampledDataCtrlr.TxUpdatedInterval 1 s while charging",
            expectation: "Updated with MeterValuePeriodic and Sample.Periodic; the energy rises",
            settings: ["ocpp.variables.SampledDataCtrlr.TxUpdatedInterval=1"]
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            var last = -1.0
            for _ in 0..<4 {
                let event = try await bench.expectTransaction(
                    "Updated", trigger: "MeterValuePeriodic")
                try bench.require(
                    event.hasSample("Sample.Periodic", "Energy.Active.Import.Register"),
                    "no Sample.Periodic energy in \(event.text)")
                let energy = event.energy ?? -1
                try bench.require(energy >= last, "the energy fell from \(last) to \(energy)")
                last = energy
            }
            try bench.require(last > 0, "no energy was counted")
        },
        Case(
            "TC_J_10_CS", "Sampled at end", requirements: ["J02.FR.03", "E06.FR.11"],
            stimulus: "a whole session", expectation: "Ended holds Transaction.End values"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            try await bench.tap("04A2B3C4D5E6F7")
            let ended = try await bench.expectTransaction("Ended", within: .seconds(20))
            try bench.require(
                ended.hasSample("Transaction.End", "Energy.Active.Import.Register"),
                "no Transaction.End energy in \(ended.text)")
        },
    ]
}

extension JSONValue {
    /// All sampled values of a MeterValues or TransactionEvent request.
    var samples: [JSONValue] {
        (self["meterValue"]?.array ?? []).flatMap { $0["sampledValue"]?.array ?? [] }
    }
    /// A missing measurand means the energy register, as the specification says.
    func hasSample(_ context: String, _ measurand: String) -> Bool {
        samples.contains {
            ($0["context"]?.string ?? "Sample.Periodic") == context
                && ($0["measurand"]?.string ?? "Energy.Active.Import.Register") == measurand
        }
    }
    /// The last energy register reading, in Wh.
    var energy: Double? {
        samples.last {
            ($0["measurand"]?.string ?? "Energy.Active.Import.Register")
                == "Energy.Active.Import.Register"
        }.flatMap { sample in
            let scale = sample["unitOfMeasure"]?["unit"] == "kWh" ? 1000.0 : 1
            return sample["value"]?.number.map { $0.double * scale }
        }
    }
}
