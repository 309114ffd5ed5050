import EVSEModel
import Foundation
import JSON

extension Catalogue {
    /// Cases of stations whose meter signs transactions.
    static let signedMetering: [Case] = [
        Case(
            "HW_50", "The meter's record comes with the end of the transaction",
            requirements: ["J02.FR.21", "E06.FR.11"], when: "C-42",
            stimulus: "a car charges, then the card ends it",
            expectation:
                "the value of the end carries one OCMF record, of this transaction, and the key"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            let ended = try await bench.endSigned()
            let signed = try bench.signedValue(ended)
            let record = try bench.record(signed)
            try bench.require(record.hasPrefix("OCMF|{"), "signedMeterData is no OCMF: \(record)")
            try bench.requireNamed(record, id)
            try bench.require(signed["encodingMethod"], equals: "OCMF", "encodingMethod")
            let methods = ["ECDSA-brainpoolP384r1-SHA256", "ECDSA-secp256r1-SHA256"]
            let method = signed["signingMethod"]?.string ?? ""
            try bench.require(methods.contains(method), "signingMethod is \(method)")
            let key = signed["publicKey"]?.string ?? ""
            try bench.require(
                Data(base64Encoded: key)?.first == 0x30, "publicKey is no DER in Base64: \(key)")
        },
        Case(
            "HW_51", "Killed with a record that the CSMS has not seen",
            requirements: ["J02.FR.21", "E12"], when: "C-42",
            stimulus:
                "the card ends a transaction while the link is down; then the station is killed",
            expectation: "after its restart the transaction's end comes, with its record"
        ) { bench in
            try await bench.boot()
            let id = try await bench.charge()
            try await bench.link(false)
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectWorld("the car draws nothing", within: .seconds(20)) {
                (bench.connector(of: $0)["drawn"]?.number?.double ?? 1) < 0.1
            }
            // Until the meter has signed: as long as a person would look at the display.
            try await Task.sleep(for: .seconds(10))
            try bench.kill()
            try await bench.start()
            let ended = try await bench.expectTransaction("Ended", within: .seconds(60))
            try bench.require(
                try bench.transactionID(ended) == id, "it is another transaction's end")
            let record = try bench.record(try bench.signedValue(ended))
            try bench.requireNamed(record, id)
        },
        Case(
            "HW_52", "A meter that is lost at the end", requirements: ["J02.FR.21", "trap 33"],
            when: "C-42",
            stimulus: "the meter falls silent, then the card ends the transaction",
            expectation:
                "the transaction ends without a signed value, and FiscalMetering has a problem"
        ) { bench in
            try await bench.boot()
            _ = try await bench.charge()
            let silence = try await bench.fault("meter-1", "silent")
            try await bench.tap("04A2B3C4D5E6F7")
            // The lost meter is told first, the end when the record has not come for 30 s.
            try await bench.expect("NotifyEvent", within: .seconds(20), "FiscalMetering") {
                $0["eventData"]?.array?.contains {
                    $0["component"]?["name"] == "FiscalMetering"
                } ?? false
            }
            let ended = try await bench.expectTransaction("Ended", within: .seconds(60))
            let values = ended["meterValue"]?.array ?? []
            let isSigned = values.contains { value in
                value["sampledValue"]?.array?.contains { $0["signedMeterValue"] != nil } ?? false
            }
            try bench.require(!isSigned, "a signed value of a meter that gave none")
            try await bench.clear(silence)
        },
        Case(
            "HW_53", "No energy without a signature", requirements: ["J02.FR.21"], when: "C-42",
            stimulus: "the meter refuses everything, then a car is plugged in and a card tapped",
            expectation: "no current before the meter has begun to sign; then the car charges"
        ) { bench in
            try await bench.boot()
            let refusal = try await bench.fault("meter-1", "silent")
            try await bench.plug()
            try await bench.expectStatus("Occupied")
            try await bench.tap("04A2B3C4D5E6F7")
            try await bench.expectTransaction("Started")
            try await bench.expectThroughout("no energy that nobody signs", for: .seconds(5)) {
                (bench.connector(of: $0)["drawn"]?.number?.double ?? 99) < 0.1
            }
            try await bench.clear(refusal)
            try await bench.expectWorld(
                "the car draws current", within: bench.timeToCharge(.seconds(40))
            ) {
                (bench.connector(of: $0)["drawn"]?.number?.double ?? 0) > 5
            }
        },
        Case(
            "HW_54", "Direct current is zero before the meter ends its transaction",
            requirements: ["J02.FR.21"], when: "C-42 and vehicle-communication",
            stimulus: "at each outlet in turn a vehicle charges, then the card ends it",
            expectation:
                "the record ends with the register of the meter at rest, and so does the value beside it"
        ) { bench in
            try await bench.boot()
            let state = try await bench.rig.state()
            let outlets = (state["connectors"]?.array ?? []).compactMap { $0["id"]?.string }
            for outlet in outlets {
                let id = try await bench.chargeDirect(outlet: outlet)
                let signed = try await bench.endSignedSample()
                let record = try bench.record(signed["signedMeterValue"] ?? .null)
                try bench.requireNamed(record, id)
                let ends = try bench.lastRegister(record) * 1000
                let told = signed["value"]?.number?.double ?? -1
                try bench.require(
                    abs(ends - told) < 2,
                    "the record ends at \(ends) Wh, the value beside it is \(told)")
                let after = try await bench.rig.state()
                let meter = after["connectors"]?.array?.first { $0["id"]?.string == outlet }
                let rests = meter?["meterWh"]?.number?.double ?? -1
                try bench.require(
                    abs(ends - rests) < 2,
                    "the record ends at \(ends) Wh, the meter rests at \(rests)")
                bench.note("\(outlet) ends at \(ends) Wh, signed with nothing flowing")
                try await bench.rig.unplug(outlet)
                try await bench.expectStatus("Available", evse: Int(outlet.prefix(1)) ?? 1)
            }
        },
    ]
}

extension CaseContext {
    /// Ends the running transaction by its card; its last message.
    fileprivate func endSigned() async throws -> JSONValue {
        try await tap("04A2B3C4D5E6F7")
        return try await expectTransaction("Ended", within: .seconds(40))
    }

    /// The same, and the sample of it that is signed.
    fileprivate func endSignedSample() async throws -> JSONValue {
        try signedSample(try await endSigned())
    }

    fileprivate func signedValue(_ event: JSONValue) throws -> JSONValue {
        try signedSample(event)["signedMeterValue"] ?? .null
    }

    private func signedSample(_ event: JSONValue) throws -> JSONValue {
        for value in event["meterValue"]?.array ?? [] {
            for sample in value["sampledValue"]?.array ?? []
            where sample["signedMeterValue"] != nil {
                try require(sample["context"], equals: "Transaction.End", "its context")
                return sample
            }
        }
        throw CaseFailure("no signedMeterValue in \(event.text)")
    }

    /// The record is of this transaction; a meter with little room has the end of its name only.
    fileprivate func requireNamed(_ record: String, _ id: String) throws {
        try require(
            record.contains(String(id.suffix(12))), "the record is not of transaction \(id)")
    }

    /// kWh of the last reading in a record; read as a CSMS would, by OCMF's text form alone.
    fileprivate func lastRegister(_ record: String) throws -> Double {
        let text = record.dropFirst("OCMF|".count)
        guard let bar = text.lastIndex(of: "|"),
            let payload = try? JSONValue(parsing: Array(text[..<bar].utf8)),
            let last = payload["RD"]?.array?.last, let register = last["RV"]
        else { throw CaseFailure("no reading in the record \(record)") }
        guard let value = register.number?.double ?? register.string.flatMap(Double.init) else {
            throw CaseFailure("a register that is no number: \(register.text)")
        }
        return value
    }

    fileprivate func record(_ signed: JSONValue) throws -> String {
        guard let data = Data(base64Encoded: signed["signedMeterData"]?.string ?? "") else {
            throw CaseFailure("signedMeterData is no Base64")
        }
        return String(decoding: data, as: UTF8.self)
    }
}
