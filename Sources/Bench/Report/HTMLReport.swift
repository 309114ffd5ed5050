import EVSEModel
import Foundation

/// One page: a table of all cases, and for each its messages and signals on one time axis.
struct HTMLReport {
    private let report: Report

    init(_ report: Report) { self.report = report }

    var text: String {
        """
        <!doctype html><html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>\(escaped(report.board)): bench report</title>
        <style>\(style)</style></head><body>
        <h1>\(escaped(report.board))</h1>
        <p class="sum"><b class="passed">\(report.count(.passed)) passed</b>
        <b class="failed">\(report.count(.failed)) failed</b>
        <span>\(report.count(.notApplicable)) not applicable</span>
        <span>in \(report.duration.count / 1000) s</span></p>
        \(OpeningPlot(report.results.flatMap(\.openings)).html)
        \(StopTable(report.results).html)
        \(report.results.map(section).joined(separator: "\n"))
        </body></html>

        """
    }

    private var style: String {
        """
        body{font:15px/1.45 system-ui,sans-serif;max-width:1100px;margin:2em auto;
        padding:0 1em;color:#1c2733}
        .sum>*{margin-right:1.2em}.passed{color:#18794e}.failed{color:#b3261e}
        .not-applicable{color:#68737d}
        details{border-top:1px solid #d8dee4;padding:.45em 0}summary{cursor:pointer}
        summary code{display:inline-block;min-width:8.5em}
        summary .time{float:right;color:#68737d}
        table{border-collapse:collapse;width:100%;font-size:13px}
        td{padding:1px .6em 1px 0;vertical-align:top}
        td.t{white-space:nowrap;text-align:right;color:#68737d;width:5em}td.d{width:1.5em}
        td code{word-break:break-all}svg{width:100%;height:auto;margin:.5em 0;background:#f6f8fa}
        h4{margin:.8em 0 0;font-weight:600}.stops{width:auto}
        .stops th,.stops td{padding:1px 1em 1px 0;text-align:left}
        svg text{font:10px system-ui,sans-serif;fill:#3d4852}.reason{color:#b3261e}
        """
    }

    private func section(_ result: CaseResult) -> String {
        let requirements = result.test.requirements.joined(separator: ", ")
        var text = "<details\(result.outcome == .failed ? " open" : "")><summary>"
        text += "<code>\(escaped(result.test.id))</code> <b class=\"\(result.outcome.rawValue)\">"
        text += "\(result.outcome.rawValue)</b> \(escaped(result.test.title))"
        text += "<span class=\"time\">\((result.end - result.start).count) ms</span></summary>"
        text += "<p>\(escaped(result.test.stimulus)) → \(escaped(result.test.expectation))<br>"
        text += "<small>\(escaped(requirements)); applies when "
        text += "\(escaped(result.test.condition))</small></p>"
        if !result.reason.isEmpty { text += "<p class=\"reason\">\(escaped(result.reason))</p>" }
        if !result.remark.isEmpty { text += "<p>\(escaped(result.remark))</p>" }
        if !result.signals.isEmpty { text += TimelinePlot(result).svg }
        text += DirectCurrentSection(result).html
        return text + messages(result) + "</details>"
    }

    private func messages(_ result: CaseResult) -> String {
        var rows = result.messages.map { message in
            let arrow = message.fromStation ? "→" : "←"
            let cells =
                "<td class=\"d\">\(arrow)</td><td><code>\(escaped(message.text))</code></td>"
            return (message.at, cells)
        }
        rows += result.steps.map {
            ($0.at, "<td class=\"d\">·</td><td><i>\(escaped($0.text))</i></td>")
        }
        let body = rows.sorted { $0.0 < $1.0 }.map { at, cells in
            "<tr><td class=\"t\">\(result.time(at)) ms</td>\(cells)</tr>"
        }
        return body.isEmpty ? "" : "<table>\(body.joined())</table>"
    }
}

/// How fast the contactor opened when the vehicle left C or D, over all cases, as a histogram.
struct OpeningPlot {
    private let delays: [Double]

    /// - Parameter delays: microseconds.
    init(_ delays: [Double]) { self.delays = delays.map { $0 / 1000 }.sorted() }

    var html: String {
        guard let longest = delays.last else { return "" }
        let summary = String(
            format: "%d openings, measured by the plant: median %.1f ms, longest %.1f ms",
            delays.count, delays[delays.count / 2], longest)
        return "<h2>From leaving state C to the contactor's coil off</h2><p>\(summary)</p>\(svg)"
    }

    private var svg: String {
        let bins = 20
        let width = max(1, ((delays.last ?? 0) / Double(bins)).rounded(.up))
        var counts = [Int](repeating: 0, count: bins)
        for delay in delays { counts[min(bins - 1, Int(delay / width))] += 1 }
        let most = Double(counts.max() ?? 1)
        var text = "<svg viewBox=\"0 0 1000 130\">"
        for (bin, count) in counts.enumerated() {
            let height = 90 * Double(count) / most
            let x = 20 + bin * 48
            text += "<rect x=\"\(x)\" y=\"\(105 - height)\" width=\"44\" height=\"\(height)\""
            text += " fill=\"#2f6fab\"/>"
            text += "<text x=\"\(x)\" y=\"120\">\(Int(Double(bin) * width)) ms</text>"
            if count > 0 { text += "<text x=\"\(x + 16)\" y=\"\(101 - height)\">\(count)</text>" }
        }
        return text + "</svg>"
    }
}
