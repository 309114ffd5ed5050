import EVSEModel
import OCPP201
import OCPPJ

/// Decides when and where to dial. Every way out of a connection ends in a scheduled dial.
///
/// Sources: OCPP 2.0.1 part 4, 5.3 (back-off); part 2, B10 (profiles in order of priority);
/// A05.FR.02-03 (never to a lower security profile).
struct ConnectionManager: Sendable {
    /// What settings say now.
    struct Rules: Sendable {
        var waitMinimum = Milliseconds.seconds(5)
        var repeatTimes = 5
        var randomRange = Milliseconds.seconds(10)
        var attemptsPerProfile = 3
        /// Slots in order of priority.
        var priority: [Int] = []
        var securityProfile: UInt8 = 0
        var connectTimeout = Milliseconds.seconds(30)
    }
    enum State: Hashable, Sendable {
        /// Not wanted: before the start, or taken down by hand.
        case down
        case waiting(until: Instant)
        /// A dial is pending; without any word by the deadline it counts as failed.
        case dialing(deadline: Instant)
        case connected(since: Instant)
    }

    var rules = Rules()
    private(set) var state = State.down
    /// Failed dials since the last success.
    private(set) var failures = 0
    /// Slot that is dialled or connected.
    private(set) var slot: Int?
    /// Waits since the last success: each one doubles the next.
    private var waits = 0
    private var attemptsOnSlot = 0
    private var lastGoodSlot: Int?
    private var random: IdentifierGenerator

    init(seed: UInt64) { random = IdentifierGenerator(seed: seed) }

    var isConnected: Bool { if case .connected = state { true } else { false } }

    /// Longest silence of the link layer beyond its own time-out before a dial counts as lost.
    private static let margin = Milliseconds.seconds(15)

    /// Wants a connection from now on.
    mutating func start(at now: Instant) {
        guard state == .down else { return }
        failures = 0
        waits = 0
        state = .waiting(until: now)
    }
    mutating func stop() {
        state = .down
        failures = 0
    }

    mutating func connected(at now: Instant) {
        state = .connected(since: now)
        failures = 0
        waits = 0
        attemptsOnSlot = 0
        lastGoodSlot = slot
    }

    /// The connection ended or the dial failed. `immediately`: we ended it to dial anew.
    mutating func closed(immediately: Bool, at now: Instant) {
        switch state {
        case .down: return
        case .connected: state = .waiting(until: immediately ? now : now + backOff())
        case .dialing, .waiting:
            failures += 1
            attemptsOnSlot += 1
            state = .waiting(until: now + backOff())
        }
    }

    /// The minimum at first, doubled after each dial that fails again up to the limit, and a new
    /// random part each time.
    private mutating func backOff() -> Milliseconds {
        let doublings = min(waits, max(0, rules.repeatTimes), 20)
        waits += 1
        let base = rules.waitMinimum.raw << Int64(doublings)
        let range = UInt64(max(0, rules.randomRange.raw))
        return Milliseconds(base + Int64(random.next() % (range + 1)))
    }

    /// The profile to dial now; `nil` while there is nothing to dial.
    mutating func dial(
        _ profiles: [Int: NetworkConnectionProfile], at now: Instant
    ) -> NetworkConnectionProfile? {
        if case .dialing(let deadline) = state, now >= deadline {
            closed(immediately: false, at: now)
        }
        guard case .waiting(let until) = state, now >= until else { return nil }
        guard let profile = choose(profiles) else {
            state = .waiting(until: now + rules.waitMinimum)
            return nil
        }
        state = .dialing(deadline: now + rules.connectTimeout + Self.margin)
        return profile
    }

    private mutating func choose(
        _ profiles: [Int: NetworkConnectionProfile]
    ) -> NetworkConnectionProfile? {
        let usable = rules.priority.compactMap { profiles[$0] }
            .filter { $0.securityProfile >= rules.securityProfile }
        guard let first = usable.first else { return nil }
        guard let current = slot, let index = usable.firstIndex(where: { $0.slot == current })
        else {
            slot = first.slot
            attemptsOnSlot = 0
            return first
        }
        guard attemptsOnSlot >= rules.attemptsPerProfile, usable.count > 1 else {
            return usable[index]
        }
        attemptsOnSlot = 0
        // B10.FR.07: after the last entry, the one that worked last.
        let isLast = index + 1 == usable.count
        let next =
            isLast
            ? usable.first { $0.slot == lastGoodSlot && $0.slot != current } ?? first
            : usable[index + 1]
        slot = next.slot
        return next
    }

    var nextWake: Instant? {
        switch state {
        case .down, .connected: nil
        case .waiting(let until): until
        case .dialing(let deadline): deadline
        }
    }
}
