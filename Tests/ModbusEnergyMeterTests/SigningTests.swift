import DriverKit
import DriverTestKit
import EVSEModel
import Foundation
import ModbusEnergyMeter
import OCMF
import Testing

/// The driver against the plant's EM580, which signs with a key of its own.
@Suite("EM580: signed transactions", .timeLimit(.minutes(1)))
struct SigningTests {
    private let id = "0000-transaction-1"

    private func subject(_ id: String) -> SigningSubject {
        SigningSubject(
            transaction: id, token: "04A2B3C4", tokenKind: "ISO14443", chargePoint: "CS-1 1",
            timeOffset: 1_709_640_000_000)
    }

    private func bench() throws -> PlantBench { try PlantBench("em580", signing: "required") }

    private func order(_ bench: PlantBench, _ wish: SigningOrder.Wish, taken: UInt64? = nil) async {
        await (bench.meter as? any SigningMeterDriver)?.order(SigningOrder(wish, taken: taken))
    }

    /// Polls until a report fits; the clock goes on a second a poll.
    private func wait<Result>(
        _ bench: PlantBench, polls: Int = 20, for fits: (SigningReport) -> Result?
    ) async -> Result? {
        for _ in 0..<polls {
            let before = bench.host.reports.count
            _ = await bench.meter.poll()
            if let found = bench.host.reports.dropFirst(before).compactMap(fits).first {
                return found
            }
            bench.clock.advance(by: .seconds(1))
            await bench.rest()
        }
        return nil
    }

    private func record(_ report: SigningReport) -> SignedRecord? {
        if case .record(let record) = report { record } else { nil }
    }
    private func begun(_ report: SigningReport) -> String? {
        if case .begun(let id) = report { id } else { nil }
    }
    private func reason(_ report: SigningReport) -> String? {
        if case .failed(_, let reason) = report { reason } else { nil }
    }

    /// Begins and ends a transaction; its record.
    private func transaction(_ bench: PlantBench, _ id: String) async throws -> SignedRecord {
        await order(bench, .run(subject(id), hasBegun: false))
        #expect(await wait(bench, for: begun) == id)
        await bench.count(WattHours(5000))
        await order(bench, .end(transaction: id))
        return try #require(await wait(bench, for: record))
    }

    @Test("begin, end, record, acknowledgement; the record stands every check")
    func wholeTransaction() async throws {
        let bench = try bench()
        try await bench.meter.configure()
        let record = try await transaction(bench, id)
        let text = String(decoding: record.bytes, as: UTF8.self)
        #expect(text.contains(#""TT":"\#(id)""#) && text.contains(#""ID":"04A2B3C4""#))
        #expect(text.contains(#""CI":"CS-1 1""#) && text.contains(#""IT":"ISO14443""#))
        #expect(text.contains(#""LI": 0"#), "spaces are as the meter wrote them")
        #expect(record.method == "ECDSA-brainpoolP384r1-SHA256")
        let parsed = try OCMFRecord(record.bytes)
        #expect(parsed.problems.isEmpty, "\(parsed.problems)")
        #expect(parsed.signatureProblem(key: record.publicKey) == nil)
        #expect(parsed.readings.map(\.value) == ["1.000", "5.000"])
        #expect(parsed.readings.first?.time.hasPrefix("2024-03-05T12:") == true)
        #expect(bench.host.faults[.signedValuesMissing] == nil)
        // It stays until it is safe.
        #expect(await wait(bench, for: self.record) == record)
        await order(bench, .rest, taken: record.mark)
        _ = await wait(bench, polls: 3) { _ in nil as Bool? }
        let before = bench.host.reports.count
        _ = await wait(bench, polls: 3) { _ in nil as Bool? }
        #expect(bench.host.reports.count == before, "the meter has forgotten it")
        let next = try await transaction(bench, "0000-transaction-2")
        #expect(try OCMFRecord(next.bytes).problems(after: parsed).isEmpty)
        await bench.end()
    }

    @Test("a driver that starts anew finds the record, the same bytes")
    func newDriver() async throws {
        let bench = try bench()
        let record = try await transaction(bench, id)
        let other = try bench.anotherDriver()
        await other.order(SigningOrder(.end(transaction: id)))
        let before = bench.host.reports.count
        for _ in 0..<3 { _ = await other.poll() }
        #expect(bench.host.reports.dropFirst(before).compactMap(self.record).first == record)
        await bench.end()
    }

    @Test("a transaction that runs is taken up again, one that nobody knows is ended")
    func runningAtStart() async throws {
        let bench = try bench()
        await order(bench, .run(subject(id), hasBegun: false))
        #expect(await wait(bench, for: begun) == id)
        let other = try bench.anotherDriver()
        await other.order(SigningOrder(.run(subject(id), hasBegun: true)))
        let before = bench.host.reports.count
        for _ in 0..<3 { _ = await other.poll() }
        #expect(bench.host.reports.dropFirst(before).compactMap(begun).first == id)
        // A third one has never heard of it.
        let third = try bench.anotherDriver()
        await third.order(SigningOrder(.run(subject("0000-new"), hasBegun: false)))
        var found: SignedRecord?
        for _ in 0..<10 where found == nil {
            _ = await third.poll()
            bench.clock.advance(by: .seconds(1))
            found = bench.host.reports.compactMap(record).last
        }
        #expect(found?.contains(id) == true, "its record shows whose it was")
        await bench.end()
    }

    @Test("nothing runs in the meter: the end fails, and says why")
    func nothingRuns() async throws {
        let bench = try bench()
        await order(bench, .end(transaction: id))
        #expect(await wait(bench, for: reason) == "no transaction runs in the meter")
        await order(bench, .run(subject(id), hasBegun: true))
        #expect(await wait(bench, for: reason) == "the meter lost its transaction")
        await bench.end()
    }

    @Test(
        "a record that does not stand a check is published as it is, with a fault",
        arguments: [
            ("broken-signature", "the signature is not the key's"),
            ("time-unknown", "is not synchronised"),
        ])
    func doubtful(_ fault: String, _ words: String) async throws {
        let bench = try bench()
        bench.raise(fault)
        let record = try await transaction(bench, id)
        #expect(record.contains(id))
        #expect(bench.host.faults[.signedValuesMissing]?.contains(words) == true)
        await bench.end()
    }

    @Test("a page that does not follow the last one is a fault; the next right one ends it")
    func pages() async throws {
        let bench = try bench()
        for (fault, isGood) in [(nil, true), ("page-skipped", false), (nil, true)] {
            bench.clearFaults()
            if let fault { bench.raise(fault) }
            let record = try await transaction(bench, id)
            #expect((bench.host.faults[.signedValuesMissing] == nil) == isGood)
            await order(bench, .rest, taken: record.mark)
            _ = await wait(bench, polls: 3) { _ in nil as Bool? }
        }
        await bench.end()
    }

    @Test("a meter that signs for ever gives nothing, and nothing is made up")
    func neverReady() async throws {
        let bench = try bench()
        await order(bench, .run(subject(id), hasBegun: false))
        #expect(await wait(bench, for: begun) == id)
        bench.raise("never-ready")
        await order(bench, .end(transaction: id))
        #expect(await wait(bench, for: record) == nil)
        await bench.end()
    }

    @Test("a corrupted record is a failure, and the meter works again after it")
    func corrupted() async throws {
        let bench = try bench()
        await order(bench, .run(subject(id), hasBegun: false))
        #expect(await wait(bench, for: begun) == id)
        bench.raise("record-corrupted")
        await order(bench, .end(transaction: id))
        #expect(await wait(bench, for: reason) == "the meter says that its record is corrupted")
        bench.clearFaults()
        let record = try await transaction(bench, "0000-transaction-2")
        #expect(record.contains("0000-transaction-2"))
        await bench.end()
    }

    @Test("a meter that falls silent at the end is lost, and its record comes when it is back")
    func silentAtEnd() async throws {
        let bench = try bench()
        await order(bench, .run(subject(id), hasBegun: false))
        #expect(await wait(bench, for: begun) == id)
        bench.raise("silent")
        await order(bench, .end(transaction: id))
        #expect(await wait(bench, polls: 8, for: record) == nil)
        #expect(bench.host.faults[.meterLost] != nil)
        bench.clearFaults()
        let record = await wait(bench, polls: 40, for: self.record)
        #expect(record?.contains(id) == true)
        await bench.end()
    }

    @Test("signing is refused of a model that signs nothing, and of a meter wired backwards")
    func checks() {
        func problems(_ values: [String: ConfigurationValue]) -> [String] {
            var all: [String: ConfigurationValue] = [
                "address": .number(1), "model": .text("em580"), "poll-period": .number(1000),
                "max-age": .number(5000), "signing": .text("required"),
            ]
            all.merge(values) { $1 }
            var issues = ConfigurationIssues()
            ModbusEnergyMeterPlugin.check(Configuration(device: "m", values: all), &issues)
            return issues.all.map(\.key)
        }
        #expect(problems([:]).isEmpty)
        #expect(problems(["model": .text("sdm630")]) == ["signing"])
        #expect(problems(["inverted": .boolean(true)]).contains("inverted"))
    }
}
