import ArgumentParser
import Foundation
import JSON
import LocalHTTP
import Plant

extension RigCommand {
    /// `forecourt rig watch`: events as lines, with a bar of offered and drawn current each second.
    struct Watch: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow what happens, a line each, with a plot of the currents.")
        @Flag(help: "No once-a-second lines.")
        var quiet = false
        @OptionGroup var address: Address

        func run() throws {
            var start: Int64?
            var plot = CurrentPlot(isTerminal: isatty(1) == 1)
            try address.client().events { name, value in
                if address.json {
                    StandardStreams.output(value.text)
                    return true
                }
                let at = value["at"]?.int64 ?? 0
                if start == nil { start = at }
                let seconds = Double(at - (start ?? at)) / 1e6
                let time = String(format: "%9.3f", seconds)
                switch name {
                case "state": StandardStreams.output(RigText.state(value))
                case "sample":
                    if !quiet { StandardStreams.output("\(time)  \(plot.line(value))") }
                default: StandardStreams.output("\(time)  \(Self.line(name, value))")
                }
                return true
            }
        }

        static func line(_ name: String, _ value: JSONValue) -> String {
            let subject = RigText.text(value["subject"])
            let details = (value.object?.members ?? [])
                .filter { !["at", "event", "subject"].contains($0.name) }
                .map { "\($0.name) \(RigText.text($0.value))" }
            return "\(subject) \(name): \(details.joined(separator: ", "))"
        }
    }
}

/// A bar of 40 cells: drawn current filled, the rest of the offer light.
private struct CurrentPlot {
    let isTerminal: Bool
    private var scale = 16.0

    init(isTerminal: Bool) { self.isTerminal = isTerminal }

    mutating func line(_ sample: JSONValue) -> String {
        let offered = sample["offered"]?.number?.double ?? 0
        let drawn = sample["drawn"]?.number?.double ?? 0
        while max(offered, drawn) > scale { scale *= 2 }
        let cells = 40
        let full = min(cells, Int((drawn / scale * Double(cells)).rounded()))
        let light = max(0, min(cells, Int((offered / scale * Double(cells)).rounded())) - full)
        let bar =
            String(repeating: isTerminal ? "█" : "#", count: full)
            + String(repeating: isTerminal ? "░" : ".", count: light)
        let rest = String(repeating: " ", count: cells - full - light)
        let soc = (sample["soc"]?.number?.double ?? 0) * 100
        return "\(RigText.text(sample["subject"])) |\(bar)\(rest)| "
            + String(
                format: "%5.1f of %4.1f A  %6.0f W  %5.1f %%  %.1f Wh", drawn, offered,
                sample["power"]?.number?.double ?? 0, soc,
                sample["meterWh"]?.number?.double ?? 0)
    }
}
