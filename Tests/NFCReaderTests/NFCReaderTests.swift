import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import NFCReader
import Synchronization
import Testing

/// The driver, its helper process and libnfc, against a chip on a pseudo-terminal.
@Suite("NFC reader", .timeLimit(.minutes(2)))
struct NFCReaderTests {
    private struct Bench {
        let chip: ScriptedPN532
        let host: RecordingHost
        let reader: NFCReader

        /// - Parameter helper: lines of a shell script in place of the real helper.
        init(
            _ values: [String: ConfigurationValue] = [:], helper: String? = nil,
            tap: WireTap? = nil
        ) throws {
            chip = try ScriptedPN532()
            let bus = SerialBus(
                name: "reader", serial: SerialSettings(path: chip.line.path, baud: 115_200),
                tap: tap)
            host = RecordingHost("reader-1", bus: bus) { MonotonicClock.now() }
            let standard: [String: ConfigurationValue] = [
                "poll-period": .number(100), "same-card-pause": .number(0),
                "accept-random-uids": .boolean(false), "token-type": .text("ISO14443"),
            ]
            var program: String?
            if let helper {
                let path = chip.line.path + "-helper"
                try Data("#!/bin/sh\n\(helper)\n".utf8).write(to: URL(fileURLWithPath: path))
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: path)
                program = path
            }
            reader = try NFCReader(
                Configuration(
                    device: "reader-1", values: standard.merging(values) { $1 }),
                host: host, helper: program)
        }

        /// Polls as the station does, only without its pauses, until `condition` holds.
        func poll(
            seconds: Double = 15, until condition: () -> Bool,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async {
            let end = MonotonicClock.now() + Milliseconds(Int64(seconds * 1000))
            while !condition() {
                guard MonotonicClock.now() < end else {
                    Issue.record(
                        "not within \(seconds) s; \(host.faults), \(host.logLines.suffix(3))",
                        sourceLocation: sourceLocation)
                    return
                }
                let next = await reader.poll()
                // Coverage, not waiting: shorter than the period, longer than nothing.
                usleep(UInt32(min(next.count, 20)) * 1000)
            }
        }

        /// Until the reader has looked this often from now on.
        func looks(_ count: Int) async {
            let start = chip.looks
            await poll { chip.looks >= start + count }
        }

        func end() async {
            await reader.cleanup()
            chip.end()
            try? FileManager.default.removeItem(atPath: chip.line.path + "-helper")
        }
    }

    @Test(
        "a card's UID is told once, in upper-case hexadecimal",
        arguments: [
            [0x04, 0xA2, 0xB3, 0xC4, 0xD5, 0xE6, 0xF7], [0xDE, 0xAD, 0xBE, 0xEF],
            [0x04, 0xFF, 0, 1, 2, 3, 4, 5, 6, 0x0A],
        ] as [[UInt8]])
    func oneCardOneEvent(_ identifier: [UInt8]) async throws {
        let bench = try Bench()
        try await bench.reader.configure()
        try await bench.reader.activate()
        await bench.looks(2)
        #expect(bench.host.tokens.isEmpty)
        bench.chip.card = .init(identifier: identifier)
        await bench.looks(6)
        #expect(
            bench.host.tokens.map(\.text)
                == [identifier.map { String(format: "%02X", $0) }.joined()])
        #expect(bench.host.tokens.first?.kind == .iso14443)
        #expect(bench.host.faultEvents.isEmpty)
        await bench.end()
    }

    @Test("a card that is taken away and put back is a second event")
    func removal() async throws {
        let bench = try Bench()
        try await bench.reader.configure()
        bench.chip.card = .init(identifier: [1, 2, 3, 4])
        await bench.poll { bench.host.tokens.count == 1 }
        bench.chip.card = nil
        await bench.looks(5)
        bench.chip.card = .init(identifier: [1, 2, 3, 4])
        await bench.poll { bench.host.tokens.count == 2 }
        await bench.end()
    }

    @Test("random UIDs are refused, unless the board accepts them", arguments: [false, true])
    func randomUIDs(_ isAccepted: Bool) async throws {
        let bench = try Bench(["accept-random-uids": .boolean(isAccepted)])
        try await bench.reader.configure()
        bench.chip.card = .init(selectAcknowledge: 0x20, identifier: [0x08, 0x11, 0x22, 0x33])
        await bench.looks(4)
        #expect(bench.host.tokens.count == (isAccepted ? 1 : 0))
        #expect(!bench.host.logLines.contains { $0.contains("08112233") })
        await bench.end()
    }

    @Test("slow bytes are no trouble")
    func slowBytes() async throws {
        let bench = try Bench()
        bench.chip.mood = .slowBytes
        try await bench.reader.configure()
        bench.chip.card = .init(identifier: [1, 2, 3, 4])
        await bench.poll { bench.host.tokens.count == 1 }
        #expect(bench.host.faultEvents.isEmpty)
        await bench.end()
    }

    @Test(
        "a reader that fails is reported within 5 s, and comes back by itself",
        arguments: [
            ScriptedPN532.Mood.silent, .garbage, .wrongChecksum, .onlyAcknowledges, .errorFrame,
        ])
    func lostAndFound(_ mood: ScriptedPN532.Mood) async throws {
        let bench = try Bench()
        try await bench.reader.configure()
        await bench.looks(2)
        bench.chip.mood = mood
        let start = MonotonicClock.now()
        await bench.poll { bench.host.faults[.readerLost] != nil }
        #expect(MonotonicClock.now() - start < .seconds(5))
        bench.chip.mood = .well
        await bench.poll { bench.host.faults.isEmpty }
        bench.chip.card = .init(identifier: [1, 2, 3, 4])
        await bench.poll { bench.host.tokens.count == 1 }
        await bench.end()
    }

    @Test("a reader that is unplugged and plugged in again comes back")
    func unplugged() async throws {
        let bench = try Bench()
        try await bench.reader.configure()
        await bench.looks(2)
        bench.chip.line.hangUp()
        let start = MonotonicClock.now()
        await bench.poll { bench.host.faults[.readerLost] != nil }
        #expect(MonotonicClock.now() - start < .seconds(5))
        try bench.chip.line.plugIn()
        await bench.poll { bench.host.faults.isEmpty }
        await bench.end()
    }

    @Test("a reader that was never there is reported, and found when it comes")
    func absentAtStart() async throws {
        let bench = try Bench()
        bench.chip.mood = .silent
        try await bench.reader.configure()
        await bench.poll { bench.host.faults[.readerLost] != nil }
        bench.chip.mood = .well
        await bench.poll { bench.host.faults.isEmpty }
        await bench.end()
    }

    @Test("a helper that aborts is started again, and one death is no fault")
    func abortedHelper() async throws {
        let bench = try Bench(
            helper: """
                echo ready test
                mark="$(dirname "$0")/died"
                while read command; do
                    test -e "$mark" || { : > "$mark"; kill -ABRT $$; }
                    echo card 01020304 00 0044
                done
                """)
        try await bench.reader.configure()
        await bench.poll { bench.host.tokens.count == 1 }
        #expect(bench.host.faultEvents.isEmpty)
        #expect(bench.host.logLines.contains { $0.contains("a signal ended it") })
        try FileManager.default.removeItem(
            at: URL(fileURLWithPath: bench.chip.line.path).deletingLastPathComponent()
                .appendingPathComponent("died"))
        await bench.end()
    }

    @Test(
        "a helper that misbehaves never stops the driver",
        arguments: [
            ("stalls at start", "sleep 60"),
            ("stalls at a command", "echo ready x; read a; sleep 60"),
            ("ends at once", "exit 3"),
            ("babbles", "echo ready x; while read a; do echo nonsense; done"),
            ("endless line", "echo ready x; read a; head -c 100000 /dev/zero; sleep 60"),
            ("ready again", "while :; do echo ready x; read a; done"),
            ("fails for ever", "echo ready x; while read a; do echo error timeout gone; done"),
        ])
    func misbehavingHelper(_ name: String, _ script: String) async throws {
        let bench = try Bench(helper: script)
        try await bench.reader.configure()
        let start = MonotonicClock.now()
        await bench.poll { bench.host.faults[.readerLost] != nil }
        #expect(MonotonicClock.now() - start < .seconds(5), "\(name)")
        #expect(bench.host.tokens.isEmpty)
        await bench.end()
    }

    @Test("a missing helper is told at once, with the way to name it")
    func noHelper() async throws {
        let bench = try Bench()
        let reader = try NFCReader(
            Configuration(device: "reader-1", values: [:]), host: bench.host,
            helper: "/no/such/program")
        do throws(DriverError) {
            try await reader.configure()
            Issue.record("configured without a helper")
        } catch {
            #expect(error.code == .notFound)
            #expect(error.remedy.contains("FORECOURT_NFC_HELPER"))
        }
        await bench.end()
    }

    /// The far end as the conformance suite wants it.
    private struct Rig: ReaderConformance.Rig {
        let chip: ScriptedPN532
        func lay(_ identifier: [UInt8]?) async {
            chip.card = identifier.map { .init(identifier: $0) }
        }
        func answer(_ isAnswering: Bool) async { chip.mood = isAnswering ? .well : .silent }
    }

    @Test("keeps to what every reader's driver does")
    func conformance() async throws {
        let bench = try Bench()
        let violations = await ReaderConformance.violations(
            of: DriverUnderTest(bench.reader, host: bench.host) { time in
                try? await Task.sleep(for: .milliseconds(min(time.count, 20)))
            }, at: Rig(chip: bench.chip), polls: Milliseconds(1500))
        #expect(violations == [])
        await bench.end()
    }

    @Test("a probe shows chip, card and times")
    func probe() async throws {
        let bench = try Bench()
        bench.chip.card = .init(identifier: [0xCA, 0xFE, 0xBA, 0xBE])
        let report = try await bench.reader.probe()
        #expect(report.identity.hasPrefix("PN532 v1.6 on /tmp/"))
        #expect(report.values.contains { $0.text == "UID CAFEBABE, SAK 00, ATQA 0044" })
        #expect(!report.replyTimes.isEmpty)
        await bench.end()
    }

    @Test("a tap sees the bytes of the wire")
    func tap() async throws {
        let seen = Seen()
        let bench = try Bench(tap: { seen.add($0) })
        try await bench.reader.configure()
        await bench.looks(2)
        await bench.end()
        let events = seen.events
        // GetFirmwareVersion, and a look for a card of type A: UM0701-02, 7.2.2 and 7.3.5.
        for command in [[0xD4, 0x02, 0x2A], [0xD4, 0x4A, 0x01, 0x00, 0xE1]] as [[UInt8]] {
            #expect(
                events.contains {
                    $0.direction == .sent && $0.bytes.dropFirst(5).starts(with: command)
                })
        }
        #expect(events.contains { $0.direction == .received && $0.bus == "reader" })
    }

    private final class Seen: Sendable {
        private let storage = Mutex([WireEvent]())
        var events: [WireEvent] { storage.withLock { $0 } }
        func add(_ event: WireEvent) { storage.withLock { $0.append(event) } }
    }
}
