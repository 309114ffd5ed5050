import EVSEModel
import Glibc
import SharedImage
import StationRuntime
import Testing

@Suite("Texts of forecourt loop")
struct LoopReportTests {
    /// An image in a file of its own, which goes away at once: the mapping stays.
    private func image() throws -> SharedImage {
        var template = Array("/tmp/forecourt-report-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        let image = try SharedImage(path: "\(folder)/loop.image", create: true)
        unlink("\(folder)/loop.image")
        rmdir(folder)
        return image
    }

    @Test("stats show counts, misses, percentiles, the longest time and a row an octave")
    func stats() throws {
        let image = try image()
        #expect(LoopReport.stats(image.timing(), loop: nil) == "no cycle was counted yet")
        for _ in 0..<990 { image.recordCycle(wakeUp: 5_000, step: 30_000, missed: false) }
        for _ in 0..<10 { image.recordCycle(wakeUp: 2_000_000, step: 12_000_000, missed: true) }
        var loop = LoopImage()
        loop.process = 42
        loop.starts = 3
        loop.hasRealTimePriority = true
        let text = LoopReport.stats(image.timing(), loop: loop)
        let rows = text.split(separator: "\n").map(String.init)
        #expect(rows[0] == "loop process 42, start 3, real-time priority")
        #expect(rows[1] == "1000 cycles, 10 missed their deadline (1.0000 %)")
        #expect(text.contains("max 2.0 ms"))
        #expect(text.contains("max 12.0 ms"))
        #expect(rows.contains { $0.hasSuffix("| 990") && $0.contains("< ") })
        #expect(rows.contains { $0.hasSuffix("|#                                       | 10") })
    }

    @Test("a loop without real-time priority says what to grant")
    func priority() throws {
        let image = try image()
        image.recordCycle(wakeUp: 1, step: 1, missed: false)
        let text = LoopReport.stats(image.timing(), loop: LoopImage())
        #expect(text.contains("CAP_SYS_NICE"))
    }

    @Test("status shows phase, offer, limit with its cause, pilot, bolt and faults")
    func status() {
        var loop = LoopImage()
        loop.evseCount = 1
        loop.at = Instant(milliseconds: 5000)
        loop.evses[0].status.phase = .energised
        loop.evses[0].status.offered = Amperes(16)
        loop.evses[0].status.limit = Amperes(16)
        loop.evses[0].status.limitCause = .cableRating
        loop.evses[0].status.connectors[0].pilot = .c
        loop.evses[0].status.connectors[0].bolt = .engaged
        loop.evses[0].status.latched.raise(.contactorWelded)
        let text = LoopReport.status(loop, now: Instant(milliseconds: 5010))
        #expect(text.contains("running") && text.contains("station SILENT"))
        #expect(text.contains("energised"))
        #expect(text.contains("offered 16 A, limit 16 A by cableRating"))
        #expect(text.contains("pilot C") && text.contains("bolt engaged"))
        #expect(text.contains("latched  contactorWelded"))
        let late = LoopReport.status(loop, now: Instant(milliseconds: 9000))
        #expect(late.contains("STOPPED 4000 ms ago"))
        #expect(LoopReport.status(nil, now: .zero) == "no cycle was published yet")
    }
}
