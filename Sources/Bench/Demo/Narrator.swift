import EVSEModel
import Foundation
import JSON

/// Prints what happens while it happens: messages, signals, and a small plot of the current.
actor Narrator {
    private let bench: CaseContext
    private let start = MonotonicClock.now
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var shownMessages = 0
    private var signals = [String: String]()
    private var currents = [(offered: Double, drawn: Double)]()
    /// Full height of the plot, A: what was drawn at most, at least what most outlets give.
    private var height = 32.0
    private var plotting = false
    private var energy: Double?
    private var duration: Double?

    init(_ bench: CaseContext) { self.bench = bench }

    /// Energy of the session as the CSMS was told.
    var energyText: String { energy.map { String(format: "%.1f Wh", $0) } ?? "no energy" }

    /// Time to read what was shown.
    func pause() async { try? await Task.sleep(for: .milliseconds(1500)) }

    /// A heading: what somebody does now. What happened before is shown first.
    func say(_ text: String) async {
        await look()
        endPlot()
        print(isTerminal ? "\n\u{1B}[1m\(text)\u{1B}[0m" : "\n\(text)")
    }

    /// Follows messages and signals until cancelled.
    func follow() async {
        while !Task.isCancelled {
            await look()
            try? await Task.sleep(for: .milliseconds(50))
        }
        await look()
    }

    private func look() async {
        let state = try? await (try? bench.rig)?.state()
        let log = await bench.csms.log
        // Nothing is awaited from here on, so two looks never show a message twice.
        if let state { showSignals(bench.connector(of: state)) }
        for message in log.dropFirst(shownMessages) { show(message) }
        shownMessages = log.count
    }

    private func show(_ message: Message) {
        guard message.kind == .call else { return }
        line(message.fromStation ? "→ CSMS" : "← CSMS", Self.headline(message), at: message.at)
    }

    /// A message in a few words.
    static func headline(_ message: Message) -> String {
        let payload = message.payload
        let parts: [String?] = [
            payload["reason"]?.string,
            payload["connectorStatus"]?.string,
            payload["idToken"]?["idToken"]?.string,
            payload["eventType"]?.string,
            payload["triggerReason"]?.string,
            payload["transactionInfo"]?["chargingState"]?.string,
            payload["transactionInfo"]?["stoppedReason"]?.string,
            payload.energy.map { String(format: "%.1f Wh", $0) },
            payload["eventData"]?[0].flatMap { event in
                guard let component = event["component"]?["name"]?.string else { return nil }
                return "\(component).\(event["variable"]?["name"]?.string ?? "") = "
                    + (event["actualValue"]?.string ?? "")
            },
        ]
        return ([message.action] + parts.compactMap(\.self)).joined(separator: " ")
    }

    private func showSignals(_ connector: JSONValue) {
        let offered = connector["offered"]?.number?.double ?? 0
        currents.append((offered, connector["drawn"]?.number?.double ?? 0))
        height = max(height, currents.last?.drawn ?? 0)
        if currents.count > 4000 { currents.removeFirst(2000) }
        let now: [(String, String)] = [
            ("control pilot", "state \(connector["pilot"]?.string ?? "?")"),
            ("bolt", connector["lock"]?.string ?? "?"),
            ("contactor", connector["contactor"]?.string ?? "?"),
            ("offered", String(format: "%.0f A", offered)),
        ]
        for (name, value) in now + directSignals(connector) where signals[name] != value {
            if signals[name] != nil { line("signal", "\(name): \(value)", at: MonotonicClock.now) }
            signals[name] = value
        }
        if plotting { drawPlot() }
    }

    /// What only an outlet of direct current has.
    private func directSignals(_ connector: JSONValue) -> [(String, String)] {
        guard let vehicle = connector["dc"]?["vehicle"], vehicle != .null else { return [] }
        return [("vehicle", vehicle["stage"]?.string ?? "?")]
    }

    private func line(_ kind: String, _ text: String, at instant: Instant) {
        endPlot()
        let time = String(format: "%6.2f s", Double((instant - start).count) / 1000)
        print("\(time)  \(kind.padding(toLength: 8, withPad: " ", startingAt: 0)) \(text)")
        fflush(nil)
    }

    // The plot

    /// Shows offered and drawn current for a while: one moving line on a terminal, else a line every
    /// two seconds.
    func plot(for time: Milliseconds) async throws {
        let end = MonotonicClock.now + time
        plotting = true
        while MonotonicClock.now < end {
            try await Task.sleep(for: .milliseconds(2000))
            if !isTerminal, let now = currents.last {
                print(
                    String(
                        format: "           current  offered %4.1f A, drawn %4.1f A", now.offered,
                        now.drawn))
            }
        }
        plotting = false
        endPlot()
    }

    private var plotIsOpen = false

    private func drawPlot() {
        guard isTerminal, let now = currents.last else { return }
        let bars = Array(" ▁▂▃▄▅▆▇█")
        let wide = currents.suffix(60)
        let text = wide.map { String(bars[min(8, max(0, Int($0.drawn / height * 8 + 0.5)))]) }
            .joined()
        let figures = String(format: "offered %4.1f A, drawn %4.1f A", now.offered, now.drawn)
        print("\r\u{1B}[K           drawn    \(text) \(figures)", terminator: "")
        fflush(nil)
        plotIsOpen = true
    }

    private func endPlot() {
        if plotIsOpen { print() }
        plotIsOpen = false
    }

    // The end

    func note(started: JSONValue, ended: JSONValue) {
        let first = started.energy
        if let first, let last = ended.energy { energy = last - first }
        if let from = started["timestamp"]?.string.flatMap(Timestamps.date),
            let to = ended["timestamp"]?.string.flatMap(Timestamps.date)
        {
            duration = to.timeIntervalSince(from)
        }
    }

    func summarise(recording: String) async {
        endPlot()
        print("\nSummary")
        print("  energy     \(energyText)")
        if let duration { print(String(format: "  duration   %.1f s", duration)) }
        let log = await bench.csms.log.filter { $0.kind == .call }
        print("  messages   \(log.count), in order:")
        for message in log {
            print("    \(message.fromStation ? "→" : "←") \(Self.headline(message))")
        }
        print("  recording  \(recording)")
        print("             forecourt replay \(recording) runs the same session again")
    }
}
