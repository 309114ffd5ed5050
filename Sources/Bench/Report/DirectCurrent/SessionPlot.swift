package import EVSEModel

/// A connector's session over a case's time: voltage, current, charge, insulation, and the steps that station and
/// vehicle went.
package struct SessionPlot {
    private let record: DCRecord
    private let index: Int
    private let times: [Double]
    private let span: Double

    private static let outlet = "#2f6fab"
    private static let vehicle = "#c77d2e"
    private static let limit = "#b3261e"
    private static let other = "#18794e"
    private static let height = 84.0
    private static let gap = 24.0

    /// - Parameters:
    ///   - index: of the connector among the record's.
    ///   - start: the case's.
    ///   - end: the case's.
    package init(_ record: DCRecord, outlet index: Int, from start: Instant, to end: Instant) {
        self.record = record
        self.index = index
        times = record.samples.map { Double(($0.at - start).count) }
        span = Double((end - start).count)
    }

    /// Connectors that had a vehicle.
    package static func used(_ record: DCRecord) -> [Int] {
        record.outlets.indices.filter { index in
            record.samples.contains {
                $0.outlets.indices.contains(index) && $0.outlets[index].vehicle != nil
            }
        }
    }

    package var html: String {
        "<h4>EVSE \(record.evses[index]), connector \(escaped(record.outlets[index]))</h4>\(svg)"
    }

    private var svg: String {
        var y = 30.0
        var body = PlotFrame.legend(
            [
                ("outlet", Self.outlet, nil), ("vehicle asks", Self.vehicle, "5 3"),
                ("told to the vehicle at most", Self.limit, "1 3"),
                ("busbar, charge", Self.other, nil),
                ("insulation as it is", Self.vehicle, nil), ("as measured", Self.outlet, nil),
            ], at: 14)
        for panel in [voltage, current, charge, insulation] {
            let frame = panel(y)
            body += frame
            y += Self.height + Self.gap
        }
        let strips = PlotFrame(top: y, height: 44, span: span, range: 0...1)
        body += strips.timeAxis
        body += strips.strip("station", at: y, phases { $0.station?.phase })
        body += strips.strip("vehicle", at: y + 16, phases { $0.vehicle?.stage })
        body += strips.strip(
            "contactor", at: y + 32,
            phases { $0.isClosed ? "closed" : nil })
        return "<svg viewBox=\"0 0 1000 \(PlotFrame.pixels(y + 62))\" role=\"img\""
            + " aria-label=\"Session at connector \(escaped(record.outlets[index]))\">\(body)</svg>"
    }

    // MARK: Panels

    private func voltage(_ top: Double) -> String {
        let frame = frame(top, upTo: most(100) { max($0.voltage, $0.busVoltage) })
        return frame.timeAxis + frame.valueAxis("V")
            + frame.steps(curve(\.busVoltage), colour: Self.other, width: 1)
            + frame.steps(
                curve { $0.vehicle?.targetVoltage }, colour: Self.vehicle, width: 1, dashes: "5 3")
            + frame.steps(curve(\.voltage), colour: Self.outlet)
    }

    private func current(_ top: Double) -> String {
        let frame = frame(
            top, upTo: most(10) { max($0.current, $0.vehicle?.targetCurrent ?? 0) })
        return frame.timeAxis + frame.valueAxis("A")
            + frame.steps(
                curve { $0.vehicle?.toldCurrent }, colour: Self.limit, width: 1, dashes: "1 3")
            + frame.steps(
                curve { $0.vehicle?.targetCurrent }, colour: Self.vehicle, width: 1, dashes: "5 3")
            + frame.steps(curve(\.current), colour: Self.outlet)
    }

    private func charge(_ top: Double) -> String {
        let frame = PlotFrame(top: top, height: Self.height, span: span, range: 0...100)
        return frame.timeAxis + frame.valueAxis("% SoC")
            + frame.steps(curve { $0.vehicle.map { $0.charge * 100 } }, colour: Self.other)
    }

    private func insulation(_ top: Double) -> String {
        let frame = PlotFrame(
            top: top, height: Self.height, span: span, range: 1...100_000, isLogarithmic: true)
        return frame.timeAxis + frame.valueAxis("kΩ")
            + frame.steps(
                curve { $0.insulation.map { $0 / 1000 } }, colour: Self.vehicle, width: 1)
            + frame.steps(
                curve { $0.station?.insulation.map { $0 / 1000 } }, colour: Self.outlet)
    }

    private func frame(_ top: Double, upTo most: Double) -> PlotFrame {
        PlotFrame(top: top, height: Self.height, span: span, range: 0...(most * 1.08))
    }
    private func most(_ least: Double, _ value: (DCSample.Outlet) -> Double) -> Double {
        record.samples.reduce(least) { most, sample in
            sample.outlets.indices.contains(index) ? max(most, value(sample.outlets[index])) : most
        }
    }
    private func curve(_ value: (DCSample.Outlet) -> Double?) -> [(time: Double, value: Double?)] {
        zip(times, record.samples).map { time, sample in
            (time, sample.outlets.indices.contains(index) ? value(sample.outlets[index]) : nil)
        }
    }

    // MARK: Steps

    /// Stretches of one name each; white where there is none.
    private func phases(
        _ name: (DCSample.Outlet) -> String?
    ) -> [(time: Double, name: String, colour: String)] {
        var parts = [(time: Double, name: String, colour: String)]()
        for (time, sample) in zip(times, record.samples)
        where sample.outlets.indices.contains(index) {
            let step = name(sample.outlets[index]) ?? ""
            if parts.last?.name != step { parts.append((time, step, Self.colour(of: step))) }
        }
        return parts
    }

    private static func colour(of step: String) -> String {
        switch step {
        case "", "none", "idle": "#f6f8fa"
        case "plugged", "linking", "communicating": "#dfe6ed"
        case "authorizing", "authorization", "parameters": "#d3e3f1"
        case "cableCheck": "#f3e6b8"
        case "preCharge": "#f3cf9a"
        case "transfer", "closed": "#a9d8be"
        case "stopping", "opening": "#e5c4dd"
        case "weldCheck", "weldingDetection": "#d9cdec"
        case "blocked", "failed": "#f0b7b2"
        default: "#e8ecf0"
        }
    }
}
