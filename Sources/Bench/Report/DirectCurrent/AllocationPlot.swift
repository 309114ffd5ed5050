package import EVSEModel

/// Which source served which outlet over a case's time, and the power of each outlet with its limits.
///
/// A row is a source: pale while it stands on an outlet's busbar, filled as high as the share that it gives of
/// what it could.
package struct AllocationPlot {
    private let record: DCRecord
    private let times: [Double]
    private let span: Double
    private static let rowHeight = 13.0
    private static let top = 30.0

    /// - Parameters:
    ///   - start: the case's.
    ///   - end: the case's.
    package init(_ record: DCRecord, from start: Instant, to end: Instant) {
        self.record = record
        times = record.samples.map { Double(($0.at - start).count) }
        span = Double((end - start).count)
    }

    /// A colour for each EVSE, and a paler one.
    static func colours(evse: Int) -> (strong: String, pale: String) {
        switch evse {
        case 1: ("#2f6fab", "#d3e3f1")
        case 2: ("#c77d2e", "#f6e3cd")
        case 3: ("#18794e", "#cfe9dd")
        default: ("#7a4fa3", "#e5daf0")
        }
    }
    private static let wrong = "#b3261e"
    private static let dark = "#3d4852"

    package var svg: String {
        let rows = Double(record.sources.count) * (Self.rowHeight + 2)
        let power = powerFrame(below: Self.top + rows + 26)
        var text = "<svg viewBox=\"0 0 1000 \(PlotFrame.pixels(power.bottom + 22))\" role=\"img\""
        text += " aria-label=\"Sources and outlets over time\">"
        text += PlotFrame.legend(legend, at: 14)
        let frame = PlotFrame(top: Self.top, height: rows, span: span, range: 0...1)
        text += frame.timeAxis
        for index in record.sources.indices { text += row(index, frame) }
        text += power.timeAxis + power.valueAxis("kW")
        for index in record.outlets.indices { text += outlet(index, power) }
        return text + "</svg>"
    }

    private var numbers: [Int] { Array(Set(record.evses)).sorted() }

    private var legend: [(name: String, colour: String, dashes: String?)] {
        var entries = [(name: String, colour: String, dashes: String?)]()
        for number in numbers {
            entries.append(("EVSE \(number)", Self.colours(evse: number).strong, nil))
        }
        entries.append(("told to the vehicle at most", Self.dark, "5 3"))
        entries.append(("what its sources could give", Self.dark, "1 3"))
        if record.samples.contains(where: { $0.sources.contains { $0.evses.count > 1 } }) {
            entries.append(("two outlets on one busbar", Self.wrong, nil))
        }
        return entries
    }

    // MARK: Sources

    private func row(_ index: Int, _ frame: PlotFrame) -> String {
        let top = Self.top + Double(index) * (Self.rowHeight + 2)
        let bottom = top + Self.rowHeight
        var text = PlotFrame.label(record.sources[index], at: bottom - 3)
        for stretch in stretches(index) {
            let colours = colours(stretch.evses)
            let start = frame.x(stretch.start)
            let end = max(start + 0.5, frame.x(stretch.end))
            text += "<rect x=\"\(PlotFrame.pixels(start))\" y=\"\(PlotFrame.pixels(top))\""
            text += " width=\"\(PlotFrame.pixels(end - start))\" height=\"\(Self.rowHeight)\""
            text += " fill=\"\(colours.pale)\"><title>\(escaped(record.sources[index])): EVSE "
            text += stretch.evses.map(String.init).joined(separator: " and ")
            text += "</title></rect>"
            text += given(index, stretch, frame, bottom: bottom, colour: colours.strong)
        }
        return text
    }

    private func colours(_ evses: [Int]) -> (strong: String, pale: String) {
        evses.count > 1 ? (Self.wrong, "#f6d5d2") : Self.colours(evse: evses.first ?? 0)
    }

    /// Samples one after the other during which a source stood on the same busbars.
    private struct Stretch {
        let evses: [Int]
        let samples: Range<Int>
        let start: Double
        let end: Double
    }

    private func stretches(_ index: Int) -> [Stretch] {
        var found = [Stretch]()
        var first = 0
        for place in record.samples.indices {
            let evses = source(index, place)?.evses ?? []
            let next = place + 1
            let isLast = next == record.samples.count
            guard isLast || source(index, next)?.evses != evses else { continue }
            if !evses.isEmpty {
                found.append(
                    Stretch(
                        evses: evses, samples: first..<next, start: times[first],
                        end: isLast ? span : times[next]))
            }
            first = next
        }
        return found
    }
    private func source(_ index: Int, _ place: Int) -> DCSample.Source? {
        let sources = record.samples[place].sources
        return sources.indices.contains(index) ? sources[index] : nil
    }

    /// What it gave of what it could, in half pixels: they are seen, and less is only longer.
    private func given(
        _ index: Int, _ stretch: Stretch, _ frame: PlotFrame, bottom: Double, colour: String
    ) -> String {
        var path = ""
        var last = 0.0
        for place in stretch.samples {
            guard let source = source(index, place) else { continue }
            let share = source.available > 0 ? source.watts / source.available : 0
            let height = (max(0, min(1, share)) * Self.rowHeight * 2).rounded() / 2
            guard height != last else { continue }
            let start = PlotFrame.pixels(frame.x(times[place]))
            if path.isEmpty { path = "M\(start) \(PlotFrame.pixels(bottom))" }
            path += "H\(start)V\(PlotFrame.pixels(bottom - height))"
            last = height
        }
        guard !path.isEmpty else { return "" }
        let end = PlotFrame.pixels(frame.x(stretch.end))
        return "<path fill=\"\(colour)\" d=\"\(path)H\(end)V\(PlotFrame.pixels(bottom))Z\"/>"
    }

    // MARK: Outlets

    private func powerFrame(below top: Double) -> PlotFrame {
        var most = 10.0
        for sample in record.samples {
            for outlet in sample.outlets { most = max(most, outlet.watts / 1000) }
            for number in numbers { most = max(most, available(sample, evse: number) / 1000) }
        }
        return PlotFrame(top: top, height: 130, span: span, range: 0...(most * 1.08))
    }

    private func available(_ sample: DCSample, evse: Int) -> Double {
        sample.sources.reduce(0) { $1.evses.contains(evse) ? $0 + $1.available : $0 }
    }

    private func outlet(_ index: Int, _ frame: PlotFrame) -> String {
        let number = record.evses[index]
        let colour = Self.colours(evse: number).strong
        func curve(_ value: (DCSample, DCSample.Outlet) -> Double?) -> [(Double, Double?)] {
            zip(times, record.samples).map { time, sample in
                sample.outlets.indices.contains(index)
                    ? (time, value(sample, sample.outlets[index])) : (time, nil)
            }
        }
        let isFirst = record.evses.firstIndex(of: number) == index
        var text = frame.steps(
            curve { _, outlet in outlet.vehicle.map { $0.toldPower / 1000 } }, colour: colour,
            width: 1, dashes: "5 3")
        if isFirst {
            text += frame.steps(
                curve { sample, _ in available(sample, evse: number) / 1000 }, colour: colour,
                width: 1, dashes: "1 3")
        }
        return text
            + frame.steps(curve { _, outlet in outlet.watts / 1000 }, colour: colour, width: 2)
    }
}
