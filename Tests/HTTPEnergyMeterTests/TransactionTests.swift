import EVSEModel
import Foundation
import HTTPEnergyMeter
import OCMF
import Testing

/// Signed transactions against the plant's meters, which sign with keys of their own.
@Suite("Meters over HTTP: signed transactions")
struct TransactionTests {
    private let name = "0b5f1c2e-8d3a-4c77-9a51-3f2b6d9e4a10"

    @Test(
        "begin, current, zero, end, record; it stands every check", arguments: ["dcbm", "iem-dcr"])
    func wholeTransaction(_ model: String) async throws {
        let rig = try await DialogueRig(model)
        try await rig.begin(name)
        #expect(rig.line.isRunning && rig.dialogue.isSettled)
        rig.line.flow(200)
        rig.line.pass(.seconds(90))
        rig.line.flow(0)
        let record = try await rig.end(name)
        #expect(record.bytes == rig.line.newest, "as the meter made it, byte by byte")
        #expect(record.isOf(name) && !record.isOf("0b5f1c2e-another"))
        #expect(record.method == "ECDSA-secp256r1-SHA256" && record.encoding == "OCMF")
        let parsed = try OCMFRecord(record.bytes)
        #expect(parsed.problems(informativeTime: true).isEmpty)
        #expect(parsed.signatureProblem(key: record.publicKey) == nil)
        let values = parsed.readings.compactMap { Double($0.value) }
        #expect(values == [1.0, 3.0])
        #expect(parsed.readings.first?.time.hasPrefix("2024-03-05T12:16:4") == true)
        let text = String(decoding: record.bytes, as: UTF8.self)
        #expect(text.contains(#""CI":"CS-1 1""#) && text.contains("04A2B3C4"))
        #expect(rig.dialogue.problem == nil)
        // It is told until it is safe.
        #expect(try await rig.wait(for: HTTPEnergyMeterTests.record) == record)
        rig.order(.rest, taken: record.mark)
        #expect(try await rig.wait(steps: 5) { _ in true } == nil)
        #expect(rig.dialogue.isSettled)
        // The next page follows.
        let second = "1c6e2d3f-8d3a-4c77-9a51-3f2b6d9e4a11"
        try await rig.begin(second)
        let next = try OCMFRecord(try await rig.end(second).bytes)
        #expect(next.problems(after: parsed).isEmpty)
    }

    @Test("a transaction does not end while current flows", arguments: ["dcbm", "iem-dcr"])
    func zeroFirst(_ model: String) async throws {
        let rig = try await DialogueRig(model)
        try await rig.begin(name)
        rig.line.flow(300)
        rig.order(.end(transaction: name))
        #expect(try await rig.wait(steps: 20) { _ in true } == nil)
        #expect(rig.line.isRunning, "4 s later it runs still")
        rig.line.flow(0.2)
        #expect(try await rig.wait(for: record)?.isOf(name) == true)
    }

    @Test("a current that never falls is told after its time", arguments: ["dcbm", "iem-dcr"])
    func neverZero(_ model: String) async throws {
        let rig = try await DialogueRig(model)
        try await rig.begin(name)
        rig.line.flow(12)
        rig.order(.end(transaction: name))
        let why = try await rig.wait(steps: 200, for: reason)
        #expect(why == "the meter's transaction cannot end: 12.0 A flow")
        // The station has given it up; the meter's transaction ends when it can, and its record is told.
        rig.order(.rest)
        rig.line.flow(0)
        #expect(try await rig.wait(for: record)?.isOf(name) == true)
        #expect(!rig.line.isRunning)
    }

    @Test("none begins while current flows, or while nobody knows the time")
    func beginning() async throws {
        for model in ["dcbm", "iem-dcr"] {
            let rig = try await DialogueRig(model)
            rig.line.flow(5)
            rig.order(.run(DialogueRig.subject(name), hasBegun: false))
            #expect(try await rig.wait(for: reason)?.contains("5.0 A flow") == true)
            rig.line.flow(0)
            var subject = DialogueRig.subject(name)
            subject.timeOffset = nil
            rig.order(.run(subject, hasBegun: false))
            #expect(try await rig.wait(for: reason)?.contains("the time") == true)
            try await rig.begin(name)
        }
    }

    @Test(
        "a driver that starts anew takes up what runs, and finds the record",
        arguments: ["dcbm", "iem-dcr"])
    func restart(_ model: String) async throws {
        let rig = try await DialogueRig(model)
        try await rig.begin(name)
        rig.restart()
        rig.order(.run(DialogueRig.subject(name), hasBegun: true))
        #expect(try await rig.wait(for: begun) == name)
        let record = try await rig.end(name)
        rig.restart()
        rig.order(.end(transaction: name))
        #expect(try await rig.wait(for: HTTPEnergyMeterTests.record) == record, "the same bytes")
        #expect(rig.line.made == 1)
    }

    @Test(
        "a transaction that nobody knows ends, and its record shows",
        arguments: ["dcbm", "iem-dcr"])
    func openTransaction(_ model: String) async throws {
        let rig = try await DialogueRig(model)
        // Its time was set before.
        try await rig.begin(name)
        let first = try await rig.end(name)
        try rig.line.raise("open-transaction")
        rig.restart()
        rig.order(.rest, taken: first.mark)
        let stranger = try #require(try await rig.wait(for: record))
        #expect(stranger.isOf("stranger") && !rig.line.isRunning)
        rig.order(.rest, taken: stranger.mark)
        _ = try await rig.wait(steps: 3) { _ in nil as Bool? }
        #expect(rig.dialogue.isSettled)
    }

    @Test("one that is in the way of the next is ended first", arguments: ["dcbm", "iem-dcr"])
    func inTheWay(_ model: String) async throws {
        let rig = try await DialogueRig(model)
        try rig.line.raise("open-transaction")
        rig.order(.run(DialogueRig.subject(name), hasBegun: false))
        var seen = [SignedRecord]()
        let found = try await rig.wait { report -> String? in
            if let record = record(report) {
                seen.append(record)
                rig.order(
                    .run(DialogueRig.subject(name), hasBegun: false), taken: record.mark)
            }
            return begun(report)
        }
        #expect(found == name && seen.first?.isOf("stranger") == true)
    }

    @Test("a meter that lost its transaction, or runs another, says so")
    func lost() async throws {
        let rig = try await DialogueRig("dcbm")
        rig.order(.run(DialogueRig.subject(name), hasBegun: true))
        #expect(try await rig.wait(for: reason) == "the meter lost its transaction")
        try await rig.begin(name)
        rig.order(.run(DialogueRig.subject("another"), hasBegun: true))
        #expect(try await rig.wait(for: reason) == "the meter runs transaction \(name)")
        rig.order(.end(transaction: "another"))
        #expect(try await rig.wait(for: reason) == "the meter runs transaction \(name)")
    }

    @Test("no record is made up", arguments: ["dcbm", "iem-dcr"])
    func noRecord(_ model: String) async throws {
        for fault in ["record-corrupted", "never-ready"] {
            let rig = try await DialogueRig(model)
            try await rig.begin(name)
            try rig.line.raise(fault)
            rig.order(.end(transaction: name))
            #expect(
                try await rig.wait(for: reason) == "the meter has no record of the transaction")
        }
    }

    @Test(
        "a record that does not stand a check is told as it is, with what is wrong",
        arguments: [
            ("dcbm", "broken-signature", "the signature is not the key's"),
            ("iem-dcr", "broken-signature", "the signature is not the key's"),
            ("iem-dcr", "time-unknown", "is not synchronised"),
        ])
    func doubtful(_ model: String, _ fault: String, _ words: String) async throws {
        let rig = try await DialogueRig(model)
        try await rig.begin(name)
        try rig.line.raise(fault)
        let record = try await rig.end(name)
        #expect(record.isOf(name))
        #expect(rig.dialogue.problem?.contains(words) == true, "\(rig.dialogue.problem ?? "")")
    }

    @Test("an IEM-DCR that was told another charge point wants its power-up")
    func anotherPlace() async throws {
        let rig = try await DialogueRig("iem-dcr")
        try await rig.begin(name)
        let record = try await rig.end(name)
        var subject = DialogueRig.subject("second")
        subject.chargePoint = "CS-2 1"
        rig.order(.run(subject, hasBegun: false), taken: record.mark)
        let why = try await rig.wait(for: reason)
        #expect(why?.contains("has belonged to charge point CS-1 1") == true, "\(why ?? "")")
    }

    @Test("a DCBM whose clock is good is not set in its first two minutes, and is set after them")
    func clock() async throws {
        let rig = try await DialogueRig("dcbm")
        func settings() -> Int { rig.line.calls.count { $0 == "PUT /v1/settings" } }
        try await rig.begin(name)
        #expect(settings() == 1, "without a time there would be no transaction")
        let first = try await rig.end(name)
        try await rig.begin("second", taken: first.mark)
        #expect(settings() == 1)
        let second = try await rig.end("second")
        rig.line.pass(.seconds(121))
        try await rig.begin("third", taken: second.mark)
        #expect(settings() == 2)
    }

    @Test("names that no URL can carry are carried all the same")
    func odd() async throws {
        let rig = try await DialogueRig("dcbm")
        let odd = "a b&c=d/ä%"
        try await rig.begin(odd)
        let record = try await rig.end(odd)
        #expect(record.isOf(odd))
        #expect(rig.line.calls.contains("PUT /v1/legal?transactionId=a%20b%26c%3Dd%2F%C3%A4%25"))
    }
}
