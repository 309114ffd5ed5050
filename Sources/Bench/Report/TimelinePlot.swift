import EVSEModel

/// Offered and drawn current, pilot state, contactor and bolt over a case's time, with its messages.
struct TimelinePlot {
    private let result: CaseResult
    private let span: Double
    private let most: Double

    init(_ result: CaseResult) {
        self.result = result
        span = max(1, Double((result.end - result.start).count))
        most = max(8, result.signals.map { max($0.offered, $0.drawn) }.max() ?? 8)
    }

    private func x(_ at: Instant) -> Double { 40 + 940 * Double(result.time(at)) / span }
    private func y(_ amperes: Double) -> Double { 150 - 120 * amperes / most }

    var svg: String {
        var text = "<svg viewBox=\"0 0 1000 215\">"
        text += "<text x=\"2\" y=\"34\">\(Int(most)) A</text><text x=\"2\" y=\"150\">0 A</text>"
        text += curve(\.offered, colour: "#8fb3d4") + curve(\.drawn, colour: "#18794e")
        text += bar(170, "contactor", \.isClosed, colour: "#b3261e")
        text += bar(182, "bolt", \.isLocked, colour: "#8a6d1d")
        text += pilotStates
        for message in result.messages where message.kind == .call {
            let place = x(message.at)
            let colour = message.fromStation ? "#9aa5b1" : "#c77d2e"
            text += "<line x1=\"\(place)\" x2=\"\(place)\" y1=\"20\" y2=\"160\""
            text += " stroke=\"\(colour)\" stroke-width=\".7\"><title>\(escaped(message.action))"
            text += " at \(result.time(message.at)) ms</title></line>"
        }
        text += "<text x=\"40\" y=\"12\">drawn (green) and offered (blue) current; "
        text += "lines: requests of station (grey) and CSMS (orange)</text>"
        return text + "</svg>"
    }

    private func curve(_ value: KeyPath<SignalSample, Double>, colour: String) -> String {
        var points = ""
        var last: Double?
        for sample in result.signals {
            let place = x(sample.at)
            if let last { points += "\(place),\(last) " }
            let height = y(sample[keyPath: value])
            points += "\(place),\(height) "
            last = height
        }
        if let last { points += "980,\(last)" }
        return "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.6\""
            + " points=\"\(points)\"/>"
    }

    private func bar(
        _ y: Double, _ name: String, _ value: KeyPath<SignalSample, Bool>, colour: String
    ) -> String {
        var text = "<text x=\"2\" y=\"\(y + 7)\">\(name)</text>"
        for (index, sample) in result.signals.enumerated() where sample[keyPath: value] {
            let isLast = index + 1 == result.signals.count
            let end = isLast ? 980 : x(result.signals[index + 1].at)
            text += "<rect x=\"\(x(sample.at))\" y=\"\(y)\" height=\"8\" fill=\"\(colour)\""
            text += " width=\"\(max(0.5, end - x(sample.at)))\"/>"
        }
        return text
    }

    private var pilotStates: String {
        var text = "<text x=\"2\" y=\"206\">pilot</text>"
        var last = ""
        for sample in result.signals where sample.pilot != last {
            text += "<text x=\"\(x(sample.at))\" y=\"206\">\(escaped(sample.pilot))</text>"
            last = sample.pilot
        }
        return text
    }
}
