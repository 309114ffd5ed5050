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
            try bench.require(record.contains(id), "the record is not of transaction \(id)")
            try bench.require(signed["encodingMethod"], equals: "OCMF", "encodingMethod")
            try bench.require(
                signed["signingMethod"], equals: "ECDSA-brainpoolP384r1-SHA256", "signingMethod")
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
            try bench.require(record.contains(id), "the record is not of transaction \(id)")
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
    ]
}

extension CaseContext {
    /// Ends the running transaction by its card; its last message.
    fileprivate func endSigned() async throws -> JSONValue {
        try await tap("04A2B3C4D5E6F7")
        return try await expectTransaction("Ended", within: .seconds(40))
    }

    fileprivate func signedValue(_ event: JSONValue) throws -> JSONValue {
        for value in event["meterValue"]?.array ?? [] {
            for sample in value["sampledValue"]?.array ?? [] {
                guard let signed = sample["signedMeterValue"] else { continue }
                try require(sample["context"], equals: "Transaction.End", "its context")
                return signed
            }
        }
        throw CaseFailure("no signedMeterValue in \(event.text)")
    }

    fileprivate func record(_ signed: JSONValue) throws -> String {
        guard let data = Data(base64Encoded: signed["signedMeterData"]?.string ?? "") else {
            throw CaseFailure("signedMeterData is no Base64")
        }
        return String(decoding: data, as: UTF8.self)
    }
}
