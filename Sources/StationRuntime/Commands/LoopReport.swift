package import EVSEModel
package import JSON
package import SharedImage

/// The texts of `forecourt loop`.
package enum LoopReport {
    /// Histograms with a row an octave, percentiles and counts.
    package static func stats(_ timing: TimingReport, loop: LoopImage?) -> String {
        guard timing.cycles > 0 else { return "no cycle was counted yet" }
        var rows = [String]()
        if let loop {
            let priority =
                loop.hasRealTimePriority
                ? "real-time priority"
                : "normal priority: grant CAP_SYS_NICE or an rtprio limit for real time"
            rows.append("loop process \(loop.process), start \(loop.starts), \(priority)")
        }
        let share = Double(timing.misses) / Double(timing.cycles) * 100
        rows.append(
            "\(timing.cycles) cycles, \(timing.misses) missed their deadline "
                + "(\(decimal(share, digits: 4)) %)")
        rows.append("")
        rows += histogram("wake-up after the deadline", timing.wakeUp)
        rows.append("")
        rows += histogram("step: from waking to all outputs written", timing.step)
        return rows.joined(separator: "\n")
    }

    /// The counters for programs: all buckets, so that two reports can be subtracted.
    package static func json(_ timing: TimingReport) -> JSONValue {
        func value(_ histogram: TimingHistogram) -> JSONValue {
            [
                "maximum": JSONValue(histogram.maximum),
                "buckets": .array(
                    histogram.counts.enumerated().map { bucket, count in
                        [JSONValue(TimingBuckets.lowerBound(of: bucket)), JSONValue(count)]
                    }),
            ]
        }
        return [
            "cycles": JSONValue(timing.cycles), "misses": JSONValue(timing.misses),
            "wakeUp": value(timing.wakeUp), "step": value(timing.step),
        ]
    }

    private static func histogram(_ title: String, _ histogram: TimingHistogram) -> [String] {
        let marks = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)]
            .map { "\($0) \(time(histogram.percentile($1)))" }
        var rows = ["\(title): \(marks.joined(separator: ", ")), max \(time(histogram.maximum))"]
        // One row an octave: sixteen narrow buckets first, then eight an octave.
        var octaves = [(upper: Int64, count: UInt64)]()
        for (bucket, count) in histogram.counts.enumerated() {
            let isNew = bucket == 0 || (bucket >= 16 && bucket % 8 == 0)
            let upper = TimingBuckets.lowerBound(of: bucket + 1)
            if isNew {
                octaves.append((upper, count))
            } else {
                octaves[octaves.count - 1].upper = upper
                octaves[octaves.count - 1].count += count
            }
        }
        let used = octaves.indices.filter { octaves[$0].count > 0 }
        guard let first = used.first, let last = used.last else { return rows }
        let most = octaves.map(\.count).max() ?? 1
        for octave in octaves[first...last] {
            // At least one mark for a single count: rare long times are what one looks for.
            let length = octave.count == 0 ? 0 : max(1, Int(octave.count * 40 / max(1, most)))
            let bar = String(repeating: "#", count: length)
            rows.append(
                "  < \(padded(time(octave.upper), 9)) |\(padded(bar, 40, left: false))| "
                    + "\(octave.count)")
        }
        return rows
    }

    /// Every EVSE in a few lines.
    package static func status(_ loop: LoopImage?, now: Instant) -> String {
        guard let loop else { return "no cycle was published yet" }
        let age = now - loop.at
        let liveness = age > .seconds(1) ? "STOPPED \(age) ago" : "running"
        var rows = [
            "loop process \(loop.process) \(liveness), cycle \(loop.cycle), start \(loop.starts), "
                + "\(loop.deadlineMisses) missed deadlines, "
                + (loop.stationIsSilent ? "station SILENT" : "station heard")
        ]
        if let supply = describe(loop.supply) { rows.append(supply) }
        for index in 0..<min(Int(loop.evseCount), StationBounds.evses) {
            rows.append("")
            rows += describe(loop.evses[index], EVSEID(index: index))
        }
        return rows.joined(separator: "\n")
    }

    /// What bounds the station as a whole, where something beside its breaker does or did.
    private static func describe(_ supply: SupplyStatus) -> String? {
        guard
            supply.house.at > .zero || supply.isDimmed || supply.houseIsStale
                || supply.externalIsSilent || supply.allowedInAll.raw < .max
        else { return nil }
        var text =
            "supply  \(supply.allowed[0]), \(supply.allowed[1]), \(supply.allowed[2]) allowed"
        if supply.allowedInAll.raw < .max { text += ", \(supply.allowedInAll) on all phases" }
        if supply.houseIsStale { text += ", house meter STALE" }
        if supply.isDimmed { text += ", dimmed" }
        if supply.externalIsSilent { text += ", energy manager SILENT" }
        return text
    }

    private static func describe(_ evse: EVSEImage, _ id: EVSEID) -> [String] {
        let status = evse.status
        var rows = [
            "EVSE \(id)  \(status.phase), contactor \(status.contactor), "
                + "offered \(status.offered), limit \(status.limit) by \(status.limitCause)"
        ]
        for index in 0..<StationBounds.connectorsPerEVSE {
            let connector = status.connectors[index]
            guard index == 0 || connector.pilot != .unknown else { continue }
            let temperature = connector.temperature.map { ", \($0)" } ?? ""
            rows.append(
                "  connector \(index + 1)  pilot \(letter(connector.pilot)), duty \(connector.duty), "
                    + "cable \(connector.cable), bolt \(connector.bolt)"
                    + (connector.isPlugged ? ", plugged" : "") + temperature)
        }
        if !status.faults.isEmpty { rows.append("  faults   \(names(status.faults))") }
        if !status.latched.isEmpty { rows.append("  latched  \(names(status.latched))") }
        return rows
    }

    private static func letter(_ state: PilotState) -> String {
        state == .unknown ? "?" : "\(state)".uppercased()
    }
    private static func names(_ faults: FaultSet) -> String {
        faults.map { "\($0)" }.joined(separator: ", ")
    }

    /// A time in the unit that suits it, three digits.
    static func time(_ nanoseconds: Int64) -> String {
        switch nanoseconds {
        case ..<1_000_000: "\(decimal(Double(nanoseconds) / 1e3, digits: 1)) µs"
        case ..<1_000_000_000: "\(decimal(Double(nanoseconds) / 1e6, digits: 1)) ms"
        default: "\(decimal(Double(nanoseconds) / 1e9, digits: 1)) s"
        }
    }
    private static func decimal(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int64((value * scale).rounded())
        let fraction = String(whole % Int64(scale))
        let zeros = String(repeating: "0", count: max(0, digits - fraction.count))
        return "\(whole / Int64(scale)).\(zeros)\(fraction)"
    }
    private static func padded(_ text: String, _ width: Int, left: Bool = true) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? space + text : text + space
    }
}
