import Charging
import EVSEModel
import JSON
import OCPP201
import OCPPJ
import StationCore
import StationRuntime

/// A booted station core in virtual time, with just enough of a world to have sessions, and a CSMS
/// whose frames are the fuzzer's.
struct FuzzStation {
    private struct Place {
        var isPlugged = false
        var isReady = false
        var energy = WattHours.zero
        var unlockAnswered: UInt32 = 0
    }

    private var core: StationCore
    private(set) var now = Instant(milliseconds: 1_000_000)
    private var places = [Place(), Place()]
    private var targets: [EVSEID: EVSETargets] = [:]
    private var orders: [EVSEID: SigningOrder] = [:]
    private var offers: [EVSEID: ScheduleOffer] = [:]
    private var records: [StoreCollection: [String: String]] = [:]
    private var wake: Instant?
    private var starts: UInt64
    private(set) var isConnected = false
    private var isReachable = true
    private var mustRestart = false
    /// The CSMS answers as it should, unless the script wants to.
    var answersItself = true
    /// CALLs of the station that the CSMS has not answered.
    private(set) var unanswered: [String] = []
    /// Answers to each id of the CSMS's own CALLs, and how often it was used.
    private(set) var answers: [String: Int] = [:]
    /// Times that a connection or the process ended: calls of before are not answered then.
    private(set) var interruptions = 0
    /// What the last input made the core say, where it was no proper output.
    private(set) var complaint: String?
    private var turnsLeft = 0

    private static let configuration = StationCoreConfiguration(
        board: "fuzz",
        station: StationConfiguration(
            evses: [EVSEConfiguration(), EVSEConfiguration()],
            seed: IdentifierSeed(high: 1, low: 2)),
        identity: StationDescription(
            vendor: "Forecourt", model: "Fuzz", serialNumber: "F1", firmwareVersion: "1.0"),
        connection: ConnectionSettings(
            identity: "CS1",
            profiles: [
                NetworkConnectionProfile(slot: 1, url: "ws://csms/ocpp", securityProfile: 1)
            ], password: "0123456789abcdef"))

    /// Before its first input.
    static func fresh(start: UInt64 = 1) -> StationCore {
        StationCore(configuration: configuration, seed: start)
    }

    /// Connected, accepted and idle; made once, then copied.
    static let booted: Self = {
        var station = Self()
        station.boot()
        station.pass(3)
        return station
    }()

    private init() {
        starts = 1
        core = Self.fresh()
    }

    private mutating func boot() {
        var stored: StoredRecords = [:]
        for (collection, rows) in records {
            stored[collection] = rows.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        give(
            .started(
                StartContext(
                    stored: stored, wallClock: UnixTime(milliseconds: 1_709_640_000_000),
                    isRestartOfProcess: starts > 1)))
    }

    /// The process ends here and another one starts with what was stored.
    mutating func restart() {
        starts += 1
        interruptions += 1
        core = Self.fresh(start: starts)
        isConnected = false
        isReachable = true
        mustRestart = false
        unanswered = []
        wake = nil
        boot()
    }

    // MARK: Shell

    mutating func give(_ input: StationInput) {
        turnsLeft = 500
        deliver(input)
        if mustRestart { restart() }
    }

    private mutating func deliver(_ input: StationInput) {
        // An answer may cause a call and so on; a script's frame causes no more than this.
        guard turnsLeft > 0 else {
            complaint = complaint ?? "one input causes hundreds of exchanges"
            return
        }
        turnsLeft -= 1
        var outputs: [StationOutput] = []
        core.handle(input, at: now, into: &outputs)
        if outputs.count > 5000 { complaint = "\(outputs.count) outputs of one input" }
        for output in outputs { carryOut(output) }
    }

    private mutating func carryOut(_ output: StationOutput) {
        switch output {
        case .store(.put(let collection, let key, let value)):
            records[collection, default: [:]][key] = value
        case .store(.remove(let collection, let key)): records[collection]?[key] = nil
        case .store(.clear(let collection)): records[collection] = nil
        case .send(let bytes): receive(bytes)
        case .connect:
            isConnected = isReachable
            unanswered = []
            deliver(
                .link(
                    isReachable
                        ? .connected(subprotocol: "ocpp2.0.1")
                        : .closed(LinkClosure(.dialFailed, detail: "refused"))))
        case .disconnect:
            guard isConnected else { return }
            cut(reachable: true)
        case .targets(let evse, let new): targets[evse] = new
        case .signing(let evse, let new): orders[evse] = new
        case .schedules(let evse, let new): offers[evse] = new
        case .wake(let at): wake = at
        case .restart: mustRestart = true
        case .log: break
        }
    }

    mutating func cut(reachable: Bool) {
        isReachable = reachable
        guard isConnected else { return }
        isConnected = false
        interruptions += 1
        unanswered = []
        deliver(.link(.closed(LinkClosure(.connectionLost, detail: "cut"))))
    }

    // MARK: CSMS

    private mutating func receive(_ bytes: [UInt8]) {
        guard case .frame(let frame) = ReceivedFrame(bytes) else {
            complaint = "sends no frame: \(String(decoding: bytes.prefix(300), as: UTF8.self))"
            return
        }
        switch frame {
        case .result(let id, _), .error(let id, _): answers[id, default: 0] += 1
        case .call(let id, let action, _):
            unanswered.append(id)
            guard answersItself else { return }
            deliver(.link(.drained))
            answer(Self.reply(to: action))
        }
    }

    private static func reply(to action: String) -> JSONValue {
        switch action {
        case "BootNotification":
            [
                "currentTime": "2024-03-05T12:00:00Z", "interval": 300, "status": "Accepted",
            ]
        case "Heartbeat": ["currentTime": "2024-03-05T12:00:00Z"]
        case "Authorize": ["idTokenInfo": ["status": "Accepted"]]
        default: [:]
        }
    }

    /// Answers the station's oldest CALL.
    mutating func answer(_ payload: JSONValue) {
        guard !unanswered.isEmpty else { return }
        let id = unanswered.removeFirst()
        deliver(.link(.received(JSONValue.array([3, .string(id), payload]).bytes)))
    }

    // MARK: World

    /// Lets time pass in steps of half a second, or from wish to wish where that is longer.
    mutating func pass(_ seconds: Int) {
        let end = now + .seconds(Int64(seconds))
        for turn in 0..<60 where now < end {
            let step =
                turn < 6 ? now + Milliseconds(500) : max(now + Milliseconds(500), wake ?? end)
            now = min(end, step)
            look()
            if let wake, wake <= now {
                self.wake = nil
                give(.timer)
            }
        }
    }

    mutating func look() {
        var image = LoopImage()
        image.at = now
        image.cycle = UInt64(now.nanoseconds / 10_000_000)
        image.stationIsSilent = false
        image.evseCount = UInt8(places.count)
        for index in places.indices {
            let target = targets[EVSEID(index: index)] ?? EVSETargets()
            let place = places[index]
            let isOffered = target.energyGranted && target.limit >= Amperes(6)
            let isEnergised = isOffered && place.isReady
            if isEnergised { places[index].energy += WattHours(10) }
            if !isEnergised { places[index].unlockAnswered = target.unlockRequests }
            var status = EVSEStatus()
            status.connectors[0].isPlugged = place.isPlugged
            status.connectors[0].pilot = place.isReady ? .c : place.isPlugged ? .b : .a
            status.connectors[0].cable = place.isPlugged ? .amperes32 : .none
            status.phase = isEnergised ? .energised : .idle
            status.contactor = isEnergised ? .closed : .open
            status.offered = isOffered ? target.limit : .zero
            status.unlockAnswered = places[index].unlockAnswered
            status.unlockSucceeded = true
            image.evses[index].status = status
        }
        give(.loop(image))
        for index in places.indices {
            var sample = MeterSample()
            sample.at = now
            sample.valid = [.energyImport, .voltage]
            sample.energyImport = places[index].energy
            sample.voltage[0] = Volts(230)
            give(.meter(EVSEID(index: index), sample))
        }
    }

    /// One of the script's actions; `false` for a word that is none.
    mutating func act(_ word: Substring, _ argument: Substring) -> Bool {
        let place = argument == "2" ? 1 : 0
        switch word {
        case "plug": places[place].isPlugged = true
        case "ready": (places[place].isPlugged, places[place].isReady) = (true, true)
        case "pause": places[place].isReady = false
        case "unplug": places[place] = Place(energy: places[place].energy)
        case "tap":
            let text = argument.isEmpty ? "04A2B3C4" : String(argument.prefix(40))
            give(
                .token(
                    TokenReading(
                        reader: "reader-1", text: text, kind: "ISO14443", evse: EVSEID(1))))
        case "fault":
            let holds = argument == "1"
            give(
                .deviceFault(
                    DeviceFault(
                        device: "meter-1", evse: EVSEID(1), fault: .meterLost, holds: holds,
                        detail: "")))
        case "wait": pass(min(100_000, max(0, Int(argument) ?? 1)))
        case "cut": cut(reachable: false)
        case "open": isReachable = true
        case "restart": restart()
        case "hold": answersItself = false
        case "serve": answersItself = true
        case "full": give(.storeFailed("no space"))
        case "clock": give(.clock(UnixTime(milliseconds: Int64(argument) ?? 0)))
        default: return false
        }
        look()
        return true
    }

    // MARK: Judgement

    /// What the core must look like whatever was sent to it.
    func check() throws(FuzzFinding) {
        if let complaint { throw FuzzFinding(complaint) }
        let snapshot = core.snapshot(at: now)
        let isText = (try? JSONValue(parsing: snapshot.json)) != nil
        try require(isText, "a status that is no JSON")
        try require(snapshot.queuedMessages <= 20_000, "\(snapshot.queuedMessages) queued")
        try require(snapshot.waitingCalls <= 512, "\(snapshot.waitingCalls) calls wait")
        for (collection, rows) in records {
            try require(
                rows.count <= collection.bound, "\(rows.count) records of \(collection.rawValue)")
        }
        if let next = core.nextWake {
            try require(next >= .zero, "wants to be woken before the world began")
        }
    }
}
