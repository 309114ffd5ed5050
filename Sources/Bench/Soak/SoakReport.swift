import Foundation

/// What a soak showed, and whether that is good.
struct SoakReport {
    let soak: Soak
    let result: Soak.Result

    /// One process over the whole run.
    struct Line {
        let name: String
        let first: ProcessUse
        let last: ProcessUse
        /// Kilobytes of resident memory an hour, over the second half.
        let slope: Double
        /// Growth of the medians from the second third to the last, kilobytes.
        let growth: Int
        var descriptorGrowth: Int { last.descriptors - first.descriptors }
        var threadGrowth: Int { last.threads - first.threads }
    }

    /// Growth between thirds that counts as a leak. Chosen: well above what a few late caches and
    /// the allocator's own pages make, well below what a leak of 100 bytes a message makes in an
    /// hour.
    static let growthLimit = 1024
    /// Loop deadlines that may be missed for each that `cyclictest` misses, and in any case. Chosen:
    /// the two run at different instants, on different cores.
    static let missFactor = 3

    var lines: [Line] {
        guard let last = result.samples.last else { return [] }
        // The first minute fills caches; a run shorter than that has only its ends.
        let settled = result.samples.filter { $0.minute >= min(1, result.minutes / 4) }
        return last.uses.compactMap { use in
            let uses = settled.compactMap { sample in
                sample.uses.first { $0.process == use.process }.map { (sample.minute, $0) }
            }
            guard let first = uses.first?.1 else { return nil }
            let third = uses.count / 3
            let half = uses.suffix(max(2, uses.count / 2)).map {
                (time: $0.0 / 60, value: Double($0.1.residentKilobytes))
            }
            return Line(
                name: use.name, first: first, last: use, slope: Trend(half).slope,
                growth: Self.median(uses.suffix(max(1, third)).map(\.1))
                    - Self.median(uses.dropFirst(third).prefix(max(1, third)).map(\.1)))
        }
    }

    private static func median(_ uses: [ProcessUse]) -> Int {
        let sorted = uses.map(\.residentKilobytes).sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }

    var problems: [String] {
        var problems = result.violations
        for line in lines {
            if line.growth > Self.growthLimit {
                problems.append("\(line.name): resident memory grew by \(line.growth) kB")
            }
            if line.descriptorGrowth > 1 {
                problems.append("\(line.name): descriptors grew by \(line.descriptorGrowth)")
            }
            if line.threadGrowth > 1 {
                problems.append("\(line.name): threads grew by \(line.threadGrowth)")
            }
        }
        if result.loopStarts > 1 {
            problems.append("the loop was started \(result.loopStarts) times")
        }
        if let reference = result.reference,
            result.deadlineMisses > Self.missFactor * max(1, reference.misses)
        {
            problems.append(
                "the loop missed \(result.deadlineMisses) deadlines, cyclictest beside it "
                    + "\(reference.misses)")
        }
        return problems
    }

    var text: String {
        var text = String(
            format: "%.0f min: %d sessions, %.1f h of charging for the batteries, %d link losses, ",
            result.minutes, result.sessions, result.plantHours, result.linkLosses)
        text += String(
            format: "%d silent meters, %.2f kWh\n\n", result.disturbances, result.wattHours / 1000)
        text += Self.row("process", "kB first", "kB last", "kB/h", "descriptors", "threads")
        for line in lines {
            text += Self.row(
                line.name, "\(line.first.residentKilobytes)", "\(line.last.residentKilobytes)",
                String(format: "%+.0f", line.slope),
                "\(line.first.descriptors) → \(line.last.descriptors)",
                "\(line.first.threads) → \(line.last.threads)")
        }
        text += "\nloop: \(result.cycles) cycles, \(result.deadlineMisses) deadlines missed"
        text += result.hasRealTimePriority ? "" : ", without real-time priority"
        if let reference = result.reference {
            text +=
                "; cyclictest beside it: \(reference.misses) later than a period, "
                + "latest \(reference.maximum) µs"
        } else {
            text += "; cyclictest is not installed, so nothing to judge them by"
        }
        text += "\n\n"
        text += problems.isEmpty ? "soak: nothing grew, nothing was lost\n" : ""
        for problem in problems { text += "soak: \(problem)\n" }
        return text
    }

    var markdown: String {
        """
        # Soak: hours of sessions through the real processes

        Written by `forecourt-bench soak --board \(soak.board) --markdown docs/soak.md`: one station with its loop, reader helper
        and simulated plant, session after session with random cars, limits, reports, link losses and silent meters;
        batteries fill \(Int(soak.speed)) times faster than real. Memory is judged by the medians of the second and the last third
        (at most \(Self.growthLimit) kB of growth), deadlines beside `cyclictest` at the same priority and period.

        ```
        \(text)```
        """ + "\n"
    }

    private static func row(_ cells: String...) -> String {
        let widths = [20, 10, 10, 8, 14, 12]
        let padded = zip(cells, widths).enumerated().map { index, pair in
            let gap = String(repeating: " ", count: max(1, pair.1 - pair.0.count))
            return index == 0 ? pair.0 + gap : gap + pair.0
        }
        return padded.joined() + "\n"
    }
}
