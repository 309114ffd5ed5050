import EVSEModel
import Foundation
import JSON
import Synchronization

/// What a case holds in its hands: the station, its world, and the CSMS.
///
/// Expectations read messages in order: each one that is met moves the place from which the next is
/// looked for, so a case reads like the sequence that it wants to see.
final class CaseContext: Sendable {
    let csms: BenchCSMS
    private let options: StationUnderTest.Options
    private let state = Mutex(State())

    private struct State {
        var place = 0
        var station: StationUnderTest?
        var rig: RigClient?
        var local: RigClient?
        var energyManager: String?
        var steps = [Step]()
        var taps = Set<String>()
    }

    /// A line of the report: what the case did or saw.
    struct Step: Sendable {
        let at: Instant
        let text: String
    }

    /// The board charges with direct current.
    let isDirect: Bool

    private let witness: MachineWitness?
    private let begun = MonotonicClock.now

    /// - Parameter witness: of the machine, where times are judged.
    init(csms: BenchCSMS, witness: MachineWitness? = nil, options: StationUnderTest.Options) {
        self.csms = csms
        self.witness = witness
        self.options = options
        isDirect = (try? BoardFeatures.has("vehicle-communication", board: options.board)) ?? false
    }

    /// Times since the case began in which the machine stood still, in microseconds, longest first.
    var pauses: [Int64] {
        witness?.pauses(from: begun, to: MonotonicClock.now).map(\.microseconds) ?? []
    }

    var steps: [Step] { state.withLock { $0.steps } }
    func note(_ text: String) {
        state.withLock { $0.steps.append(Step(at: MonotonicClock.now, text: text)) }
    }

    // The station

    /// The running station's world.
    var rig: RigClient {
        get throws {
            guard let rig = state.withLock({ $0.rig }) else {
                throw BenchError("the station is not running")
            }
            return rig
        }
    }
    var station: StationUnderTest {
        get throws {
            guard let station = lastStation else {
                throw BenchError("the station is not running")
            }
            return station
        }
    }

    /// Starts the station (again, after ``kill()`` or ``stop()``) on the same state.
    func start() async throws {
        let station = try StationUnderTest(options)
        state.withLock { $0.station = station }
        let ends = try await station.ready(within: .seconds(20))
        let rig = try RigClient(url: ends.rig ?? "")
        let local = try ends.local.map { try RigClient(url: $0) }
        state.withLock {
            $0.rig = rig
            $0.local = local
            $0.energyManager = ends.energyManager
        }
        note("station started")
    }
    /// Connects to the station as its energy manager.
    func energyManager() throws -> EnergyManager {
        guard let url = state.withLock({ $0.energyManager }) else {
            throw BenchError("the station has no server for an energy manager")
        }
        note("energy manager connects")
        return try EnergyManager(url: url)
    }
    /// What the station says of itself.
    func status() async throws -> JSONValue {
        guard let local = state.withLock({ $0.local }) else {
            throw BenchError("the station has no local interface")
        }
        return try await local.get("/local/v1/status")
    }
    /// Drops what was seen and done so far, in runs that take long.
    func forget() async {
        await csms.forget()
        state.withLock {
            $0.place = 0
            $0.steps.removeAll()
            $0.taps.removeAll()
        }
    }
    func kill() throws {
        note("station killed")
        try station.killAtOnce()
    }
    func stop() async throws {
        let status = await lastStation?.stop()
        try require(status == 0, "SIGTERM ends the station with status 0, not \(status ?? -1)")
    }
    /// `nil` before the first start.
    private var lastStation: StationUnderTest? { state.withLock { $0.station } }

    /// Starts, boots and waits until the connector's first status was reported.
    func boot() async throws {
        try await start()
        try await expect("BootNotification")
        try await expect("StatusNotification")
    }

    /// Takes the OCPP link down, or lets it dial again.
    func link(_ connected: Bool) async throws {
        guard let local = state.withLock({ $0.local }) else {
            throw BenchError("the station has no local interface")
        }
        note(connected ? "link allowed" : "link taken down")
        try await local.post("/local/v1/ocpp", ["connected": .bool(connected)])
        try await csms.waitUntilConnected(connected, within: .seconds(10))
    }

    // Stimuli

    /// Presents a card. One that comes back at once is the same presentation to a station, so a
    /// second tap of the same card waits as long as a person would; and nobody taps a dark reader, or one
    /// that still has another card.
    func tap(_ uid: String) async throws {
        let isAgain = state.withLock { !$0.taps.insert(uid).inserted }
        if isAgain {
            try await expectWorld("the card was away for a while") { world in
                Self.cardReaders(of: world).allSatisfy {
                    ($0["readMsAgo"]?.int ?? .max) > 3000
                }
            }
        }
        try await expectWorld("the reader looks for cards") { world in
            Self.cardReaders(of: world).allSatisfy {
                ($0["askedMsAgo"]?.int ?? .max) < 2000 && $0["cardPresent"]?.bool != true
            }
        }
        // Whoever sees nothing happen holds it there again: a busy machine may miss the first time.
        let patience = MonotonicClock.now + .seconds(10)
        repeat {
            note("tap \(uid)")
            try await rig.tap(uid)
        } while try await !isRead() && MonotonicClock.now < patience
    }
    /// Whether the card that was presented last was told to the station, or was taken away before.
    private func isRead() async throws -> Bool {
        while true {
            let readers = Self.cardReaders(of: try await rig.state())
            let (tapped, reader) =
                readers.map { ($0["tappedMsAgo"]?.int ?? .max, $0) }.min { $0.0 < $1.0 }
                ?? (.max, .null)
            if let read = reader["readMsAgo"]?.int, read <= tapped { return true }
            if reader["cardPresent"] != true { return false }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
    /// Readers that look for cards; one that sends lines of text is never asked.
    private static func cardReaders(of world: JSONValue) -> [JSONValue] {
        (world["readers"]?.array ?? []).filter { $0["kind"] != "line" }
    }

    // Expectations

    /// Waits for the station's next request of this action that fits, and moves behind it.
    @discardableResult
    func expect(
        _ action: String, within limit: Milliseconds = .seconds(12), _ what: String = "",
        where fits: @escaping @Sendable (JSONValue) -> Bool = { _ in true }
    ) async throws -> JSONValue {
        let start = state.withLock { $0.place }
        let found = try await csms.find(
            from: start, within: limit, what: what.isEmpty ? action : "\(action) (\(what))"
        ) { $0.fromStation && $0.kind == .call && $0.action == action && fits($0.payload) }
        state.withLock { $0.place = found.index + 1 }
        return found.message.payload
    }

    /// No such request may come for this long.
    func expectNone(
        _ what: String, for time: Milliseconds,
        where fits: @escaping @Sendable (Message) -> Bool
    ) async throws {
        let start = await csms.log.count
        do {
            let found = try await csms.find(from: start, within: time, what: "") {
                $0.fromStation && $0.kind == .call && fits($0)
            }
            throw Unwanted(text: found.message.text)
        } catch let unwanted as Unwanted {
            throw CaseFailure("\(what): \(unwanted.text)")
        } catch is CaseFailure {}
    }
    private struct Unwanted: Error { let text: String }

    /// Ends what still runs; called by the runner.
    func tearDown() async {
        if let station = lastStation, station.exitStatus == nil { _ = await station.stop() }
    }
}
