import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import NFCReader
import Plant
import Testing

/// The driver, its helper process and pcsc-lite, against the plant's PC/SC service.
@Suite("PC/SC reader", .serialized, .timeLimit(.minutes(3)))
struct PCSCReaderTests {
    private final class Bench: ReaderConformance.Rig {
        let plant: RunningPlant
        let host: RecordingHost
        let reader: NFCReader
        private let folder: String

        init(_ values: [String: ConfigurationValue] = [:], readers: [String] = [""]) throws {
            // Short: a socket's path has 107 bytes at most.
            folder = "/tmp/pcsc-\(UUID().uuidString.prefix(8))"
            var plan = PlantPlan(
                board: "bench", wires: folder + "/wires", registers: folder + "/registers")
            var bus = PlantPlan.SerialBus(name: "cards", baud: 9600)
            bus.transport = .pcsc
            plan.buses = [bus]
            plan.readers = readers.enumerated().map { index, name in
                var reader = PlantPlan.Reader(
                    device: "reader-\(index + 1)", bus: "cards", kind: .pcsc)
                reader.name = name
                return reader
            }
            plant = try RunningPlant(plan)
            host = RecordingHost(
                "reader-1", bus: PCSCBus(name: "cards", socket: folder + "/wires/cards")
            ) { MonotonicClock.now() }
            let standard: [String: ConfigurationValue] = [
                "name": .text(""), "poll-period": .number(100), "same-card-pause": .number(0),
                "accept-random-uids": .boolean(false),
            ]
            reader = try PCSCReaderPlugin.reader(
                Configuration(device: "reader-1", values: standard.merging(values) { $1 }),
                host: host)
        }
        func end() async {
            await reader.cleanup()
            plant.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        func lay(_ identifier: [UInt8]?, at device: String = "reader-1") async {
            _ = try? plant.host.act { world throws(PlantRefusal) in
                world.removeCard(device)
                if let identifier {
                    try world.tap(device, Card(uid: identifier), for: 600_000)
                }
            }
        }
        func lay(_ identifier: [UInt8]?) async { await lay(identifier, at: "reader-1") }
        func answer(_ isAnswering: Bool) async {
            if isAnswering { clear() } else { raise("silent", of: "cards") }
        }
        func raise(_ fault: String, of device: String = "reader-1", _ value: Double? = nil) {
            var request = FaultRequest(device: device, fault: fault)
            request.value = value
            _ = try? plant.host.act { [request] world throws(PlantRefusal) in
                try world.raise(request)
            }
        }
        func clear() {
            _ = try? plant.host.act { world throws(PlantRefusal) in world.clearAll() }
        }

        /// Polls as the station does, only without its pauses, until `condition` holds.
        func poll(until condition: () -> Bool) async -> Bool {
            let end = MonotonicClock.now() + .seconds(15)
            while !condition() {
                guard MonotonicClock.now() < end else { return false }
                let next = await reader.poll()
                usleep(UInt32(min(next.count, 20)) * 1000)
            }
            return true
        }
        /// Looks so often from now on.
        func looks(_ count: Int) async {
            for _ in 0..<count {
                _ = await reader.poll()
                usleep(20_000)
            }
        }
    }

    @Test("keeps to what every reader's driver does")
    func conformance() async throws {
        let bench = try Bench()
        let violations = await ReaderConformance.violations(
            of: DriverUnderTest(bench.reader, host: bench.host) { time in
                try? await Task.sleep(for: .milliseconds(min(time.count, 20)))
            }, at: bench, polls: Milliseconds(1500))
        #expect(violations == [])
        await bench.end()
    }

    @Test(
        "a UID is told once, with the kind of its card",
        arguments: [
            ([0xDE, 0xAD, 0xBE, 0xEF], "DEADBEEF", .iso14443),
            ([0x04, 0xA2, 0xB3, 0xC4, 0xD5, 0xE6, 0xF7], "04A2B3C4D5E6F7", .iso14443),
            ([0x04, 0xFF, 0, 1, 2, 3, 4, 5, 6, 0x0A], "04FF000102030405060A", .iso14443),
            // On the air and from the reader with its lowest byte first.
            (
                [0xE0, 0x04, 0x01, 0x00, 0x5A, 0x6B, 0x7C, 0x8D], "E00401005A6B7C8D", .iso15693
            ),
        ] as [([UInt8], String, PresentedToken.Kind)])
    func kinds(_ uid: [UInt8], _ text: String, _ kind: PresentedToken.Kind) async throws {
        let bench = try Bench()
        try await bench.reader.configure()
        await bench.lay(uid)
        #expect(await bench.poll { !bench.host.tokens.isEmpty })
        await bench.looks(6)
        #expect(bench.host.tokens.map(\.text) == [text])
        #expect(bench.host.tokens.first?.kind == kind)
        #expect(bench.host.faultEvents.isEmpty)
        await bench.end()
    }

    @Test("what the board calls its tokens outranks the card")
    func namedKind() async throws {
        let bench = try Bench(["token-type": .text("Local")])
        try await bench.reader.configure()
        await bench.lay([0xE0, 4, 1, 0, 1, 2, 3, 4])
        #expect(await bench.poll { !bench.host.tokens.isEmpty })
        #expect(bench.host.tokens.first?.kind == .local)
        await bench.end()
    }

    @Test("random UIDs are refused, unless the board accepts them", arguments: [false, true])
    func randomUIDs(_ isAccepted: Bool) async throws {
        let bench = try Bench(["accept-random-uids": .boolean(isAccepted)])
        try await bench.reader.configure()
        await bench.looks(3)
        await bench.lay([0x08, 0x11, 0x22, 0x33])
        #expect(await bench.poll { bench.plant.host.with { $0.readers[0].lastReadAt } != nil })
        await bench.looks(3)
        #expect(bench.host.tokens.count == (isAccepted ? 1 : 0))
        #expect(!bench.host.logLines.contains { $0.contains("08112233") })
        await bench.end()
    }

    @Test("another card between two looks is another event")
    func exchange() async throws {
        let bench = try Bench()
        try await bench.reader.configure()
        await bench.lay([1, 2, 3, 4])
        #expect(await bench.poll { bench.host.tokens.count == 1 })
        await bench.lay([5, 6, 7, 8])
        #expect(await bench.poll { bench.host.tokens.count == 2 })
        #expect(bench.host.tokens.map(\.text) == ["01020304", "05060708"])
        await bench.end()
    }

    @Test("of several readers the named one is used")
    func severalReaders() async throws {
        let bench = try Bench(
            ["name": .text("Second")], readers: ["First Reader", "Second Reader"])
        try await bench.reader.configure()
        await bench.looks(3)
        await bench.lay([1, 2, 3, 4], at: "reader-1")
        await bench.lay([5, 6, 7, 8], at: "reader-2")
        #expect(await bench.poll { !bench.host.tokens.isEmpty })
        #expect(bench.host.tokens.map(\.text) == ["05060708"])
        await bench.end()
    }

    @Test(
        "a reader or service that goes is reported within 5 s, and comes back by itself",
        arguments: [
            ("absent", "reader-1"), ("absent", "cards"), ("silent", "cards"),
        ])
    func lostAndFound(_ fault: String, _ device: String) async throws {
        let bench = try Bench()
        try await bench.reader.configure()
        await bench.looks(3)
        #expect(bench.host.faults.isEmpty)
        bench.raise(fault, of: device)
        let start = MonotonicClock.now()
        #expect(await bench.poll { bench.host.faults[.readerLost] != nil })
        #expect(MonotonicClock.now() - start < .seconds(5))
        bench.clear()
        #expect(await bench.poll { bench.host.faults.isEmpty })
        await bench.lay([1, 2, 3, 4])
        #expect(await bench.poll { bench.host.tokens.count == 1 })
        await bench.end()
    }

    @Test("a reader that hangs while it asks a card is reported, and its helper started anew")
    func hangs() async throws {
        let bench = try Bench()
        try await bench.reader.configure()
        await bench.looks(3)
        bench.raise("silent")
        await bench.lay([1, 2, 3, 4])
        #expect(await bench.poll { bench.host.faults[.readerLost] != nil })
        bench.clear()
        #expect(await bench.poll { bench.host.faults.isEmpty && bench.host.tokens.count == 1 })
        await bench.end()
    }

    @Test(
        "a card without a good UID is no token, and no fault of the reader",
        arguments: [("no-value", nil), ("garbled", nil), ("truncated", 3), ("truncated", 0)]
            as [(String, Double?)])
    func uselessCards(_ fault: String, _ value: Double?) async throws {
        let bench = try Bench()
        try await bench.reader.configure()
        await bench.looks(3)
        bench.raise(fault, value)
        await bench.lay([1, 2, 3, 4])
        await bench.looks(6)
        #expect(bench.host.tokens.isEmpty)
        bench.clear()
        await bench.lay(nil)
        await bench.looks(4)
        await bench.lay([1, 2, 3, 4])
        #expect(await bench.poll { bench.host.tokens.count == 1 })
        #expect(bench.host.faultEvents.isEmpty)
        await bench.end()
    }

    @Test("a probe shows reader, card and times")
    func probe() async throws {
        let bench = try Bench(readers: ["ACS ACR122U"])
        await bench.lay([0xCA, 0xFE, 0xBA, 0xBE])
        let report = try await bench.reader.probe()
        #expect(report.identity.hasPrefix("ACS ACR122U 00 00 on /tmp/"))
        #expect(report.values.first?.text.hasPrefix("UID CAFEBABE, kind N, ATR 3B8F80018") == true)
        #expect(!report.replyTimes.isEmpty)
        await bench.end()
    }

    @Test("a board that names a reader which is not there is told which are")
    func wrongName() async throws {
        let bench = try Bench(["name": .text("Omnikey")], readers: ["ACS ACR122U"])
        do throws(DriverError) {
            _ = try await bench.reader.probe()
            Issue.record("probed a reader that is not there")
        } catch {
            #expect(error.what.contains("no reader named Omnikey; there are ACS ACR122U"))
        }
        await bench.end()
    }
}
