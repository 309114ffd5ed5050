import EVSEModel
import JSON

/// Follows the world's signals while a case runs: the first connector's, and all of direct current.
actor SignalRecorder {
    /// Every change, thinned to one sample in 100 ms, at most an hour of them.
    private(set) var samples = [SignalSample]()
    private(set) var directCurrent = DCRecord()
    /// What the station last told of itself; asked for less often, since it costs the station.
    private var status: JSONValue?
    private var statusAt = Instant.zero
    /// Chosen: half a second is enough to see a session's steps.
    private static let statusInterval = Milliseconds(500)

    func record(_ bench: CaseContext) async {
        while !Task.isCancelled, samples.count < 36_000 {
            if let rig = try? bench.rig, let state = try? await rig.state() {
                let sample = SignalSample(
                    at: MonotonicClock.now, connector: bench.connector(of: state))
                if samples.last.map({ !$0.looksLike(sample) }) ?? true { samples.append(sample) }
                await follow(state, bench)
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func follow(_ state: JSONValue, _ bench: CaseContext) async {
        guard let direct = state["dc"], direct != .null else { return }
        let now = MonotonicClock.now
        if now - statusAt >= Self.statusInterval {
            statusAt = now
            status = try? await bench.status()
        }
        directCurrent.take(state, status: status, at: now)
    }

    /// The contactors' openings, and what the plant measured since the last look; before the station ends.
    func finish(_ bench: CaseContext) async -> [Double] {
        guard let state = try? await bench.rig.state() else { return [] }
        directCurrent.take(state, status: status, at: MonotonicClock.now)
        return (state["openings"]?["all"]?.array ?? []).compactMap {
            $0["microseconds"]?.number?.double
        }
    }
}
