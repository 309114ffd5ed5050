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
    private let isDirect: Bool

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

    func plug(_ ev: JSONValue = [:]) async throws {
        note("plug")
        try await rig.plug(ev: ev)
    }
    func unplug() async throws {
        note("unplug")
        try await rig.unplug()
    }
    /// Takes the plug out of the outlet as well; a fixed cable stays where it is.
    func pullOut() async throws {
        let type = connector(of: try await rig.state())["type"]?.string ?? ""
        guard type.hasPrefix("s") else { return }
        try await expectWorld("the bolt lets the plug go") {
            let lock = connector(of: $0)["lock"]
            return lock == "free" || lock == .null
        }
        note("plug taken out of the outlet")
        try await rig.post("/rig/v1/connectors/1/1/unplug", ["side": "station"])
    }
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
    func fault(_ device: String, _ kind: String) async throws -> String {
        note("fault \(device) \(kind)")
        return try await rig.fault(device, kind)
    }
    func clear(_ fault: String) async throws {
        note("fault cleared")
        try await rig.clear(fault: fault)
    }

    /// Sends a request; its result's payload.
    @discardableResult
    func call(
        _ action: String, _ payload: JSONValue = [:], within limit: Milliseconds = .seconds(10)
    ) async throws -> JSONValue {
        let reply = try await csms.call(action, payload, within: limit)
        guard reply.kind == .result else {
            throw CaseFailure("\(action) was answered with CALLERROR \(reply.text)")
        }
        return reply.payload
    }
    /// Sends a request that must be answered with a CALLERROR; its code.
    func callError(_ action: String, _ payload: JSONValue = [:]) async throws -> String {
        let reply = try await csms.call(action, payload, within: .seconds(10))
        guard reply.kind == .error else {
            throw CaseFailure("\(action) was answered with a result: \(reply.text)")
        }
        return reply.payload.string ?? ""
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

    /// A TransactionEvent of this kind that fits.
    @discardableResult
    func expectTransaction(
        _ kind: String, trigger: String? = nil, charging: String? = nil,
        within limit: Milliseconds = .seconds(12)
    ) async throws -> JSONValue {
        let what = [kind, trigger, charging].compactMap(\.self).joined(separator: " ")
        // A self-test, a cable check and a precharge come before direct current.
        let isSlow = charging == "Charging" && isDirect
        let limit = isSlow ? max(limit, .seconds(60)) : limit
        return try await expect("TransactionEvent", within: limit, what) { event in
            event["eventType"]?.string == kind
                && (trigger == nil || event["triggerReason"]?.string == trigger)
                && (charging == nil
                    || event["transactionInfo"]?["chargingState"]?.string == charging)
        }
    }

    func expectStatus(
        _ status: String, evse: Int = 1, within limit: Milliseconds = .seconds(12)
    ) async throws {
        try await expect("StatusNotification", within: limit, "EVSE \(evse) \(status)") {
            $0["connectorStatus"]?.string == status && $0["evseId"]?.int == evse
        }
    }

    /// Waits until the world's state fits.
    @discardableResult
    func expectWorld(
        _ what: String, within limit: Milliseconds = .seconds(12),
        where fits: (JSONValue) -> Bool
    ) async throws -> JSONValue {
        let deadline = MonotonicClock.now + limit
        while true {
            let state = try await rig.state()
            if fits(state) { return state }
            guard MonotonicClock.now < deadline else {
                throw CaseFailure("\(what) within \(limit): \(connector(of: state).text)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// How long to wait for more current: this long, and until what the board shares with others has
    /// been free for as long as the board says.
    func timeToRise(_ limit: Milliseconds) async throws -> Milliseconds {
        let house = try await status()["supply"]?["house"]?["raiseDwellMs"]?.int64
        return limit + Milliseconds(house ?? 0)
    }

    func require(_ holds: Bool, _ rule: @autoclosure () -> String) throws {
        if !holds { throw CaseFailure(rule()) }
    }
    func require(_ value: JSONValue?, equals wanted: JSONValue, _ what: String) throws {
        try require(value == wanted, "\(what) is \(value?.text ?? "absent"), not \(wanted.text)")
    }

    /// The first connector in a rig state.
    func connector(of state: JSONValue) -> JSONValue { state["connectors"]?[0] ?? .null }

    // Flows that many cases begin with

    /// A car charges after a tap; returns the transaction's id.
    func charge(uid: String = "04A2B3C4D5E6F7", ev: JSONValue = [:]) async throws -> String {
        try await plug(ev)
        try await expectStatus("Occupied")
        try await tap(uid)
        let started = try await expectTransaction("Started")
        try await expectTransaction("Updated", charging: "Charging", within: .seconds(20))
        try await expectWorld("the car draws current") {
            (connector(of: $0)["drawn"]?.number?.double ?? 0) > 5
        }
        return try transactionID(started)
    }
    func transactionID(_ event: JSONValue) throws -> String {
        guard let id = event["transactionInfo"]?["transactionId"]?.string else {
            throw CaseFailure("a TransactionEvent without transactionId: \(event.text)")
        }
        return id
    }

    /// Ends what still runs; called by the runner.
    func tearDown() async {
        if let station = lastStation, station.exitStatus == nil { _ = await station.stop() }
    }
}
