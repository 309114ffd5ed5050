import Charging
import EVSEModel
import JSON
import OCPP201
import StationCore
import Testing

/// A station core in virtual time with the world around it: shell, store, loop, vehicle, meter, and
/// a CSMS that speaks text frames and answers as scripted.
struct TestCore {
    /// A frame of the station, as the CSMS reads it.
    struct Message {
        var type: Int
        var id: String
        /// Action of a CALL, code of a CALLERROR, empty for a CALLRESULT.
        var name: String
        var payload: JSONValue
        var at: Instant
    }
    /// One EVSE's physical side.
    struct Place {
        var isPlugged = false
        var pilot = PilotState.a
        var energised = false
        var faults = FaultSet()
        var energy = WattHours.zero
        var power = Watts(7200)
        var unlockWorks = true
        var unlockAnswered: UInt32 = 0
        /// The bolt takes its time: answers wait while this is set.
        var unlockIsSlow = false
        /// Connector that the vehicle is plugged in, from 1.
        var connector = 1
        /// What an EVSE of direct current and its vehicle say.
        var direct: Direct?
    }
    struct Direct {
        var vehicle = VehicleSample()
        var status = DCStatus()
        var current = Amperes.zero
        var voltage = Volts.zero
    }
    enum Reply {
        case result(JSONObject)
        case error(String)
        case silence
    }

    let configuration: StationCoreConfiguration
    var core: StationCore
    var now: Instant
    var places: [Place]
    var records: [StoreCollection: [String: String]] = [:]
    var targets: [EVSEID: EVSETargets] = [:]
    var orders: [EVSEID: SigningOrder] = [:]
    var offers: [EVSEID: ScheduleOffer] = [:]
    /// Everything, in order.
    var outputs: [StationOutput] = []
    var messages: [Message] = []
    var plans: [ConnectionPlan] = []
    var restarts: [String] = []
    var logs: [CoreLogEntry] = []
    var isConnected = false
    /// Whether dials reach the CSMS.
    var isReachable = true
    /// Dials vanish: neither success nor failure is reported.
    var isMute = false
    var subprotocol = "ocpp2.0.1"
    private var nextID = 0
    private var wake: Instant?
    private let isRestart: Bool
    private var hasStarted = false

    /// Answers by action; an action without one is answered with an empty object.
    var replies: [String: Reply] = [:]
    var bootStatus = "Accepted"
    var bootInterval = 300
    /// Wall time minus monotonic time.
    static let epoch: Int64 = 1_709_640_000_000

    init(
        evses: [EVSEConfiguration] = [EVSEConfiguration()], variables: [String: String] = [:],
        profiles: [NetworkConnectionProfile]? = nil, password: String? = "0123456789abcdef",
        displays: [DisplayConfiguration] = [], converters: [ConverterConfiguration] = [],
        provisioned: UInt8 = 3,
        records: [StoreCollection: [String: String]] = [:], restarted: Bool = false,
        at start: Instant = Instant(milliseconds: 1_000_000), seed: UInt64 = 42
    ) {
        var named: [VariableName: String] = [:]
        for (text, value) in variables {
            if let name = VariableName(text) { named[name] = value }
        }
        var station = StationConfiguration(evses: evses, seed: IdentifierSeed(high: 1, low: seed))
        station.displays = displays
        station.converters = converters
        configuration = StationCoreConfiguration(
            board: "test", station: station,
            identity: StationDescription(
                vendor: "Forecourt", model: "Test", serialNumber: "S1", firmwareVersion: "1.0"),
            connection: ConnectionSettings(
                identity: "CS1",
                profiles: profiles ?? [
                    NetworkConnectionProfile(slot: 1, url: "ws://csms/ocpp", securityProfile: 1)
                ], password: password, provisionedSecurityProfile: provisioned),
            variables: named)
        core = StationCore(configuration: configuration, seed: seed)
        now = start
        places = evses.map { _ in Place() }
        self.records = records
        isRestart = restarted
    }

    /// The first input; later calls do nothing.
    mutating func start() {
        guard !hasStarted else { return }
        hasStarted = true
        var stored: StoredRecords = [:]
        for (collection, rows) in records {
            stored[collection] = rows.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        give(
            .started(
                StartContext(stored: stored, wallClock: nil, isRestartOfProcess: isRestart)))
    }

    /// A station that is connected, registered and has seen its loop.
    static func online(
        evses: [EVSEConfiguration] = [EVSEConfiguration()], variables: [String: String] = [:],
        displays: [DisplayConfiguration] = [], converters: [ConverterConfiguration] = []
    ) -> Self {
        var test = Self(
            evses: evses, variables: variables, displays: displays, converters: converters)
        test.run(2)
        test.forget()
        return test
    }

    /// The same station after its process (or its machine) ended at this very moment.
    func restarted(asProcess: Bool = true, seed: UInt64 = 43) -> Self {
        var named: [String: String] = [:]
        for (name, value) in configuration.variables { named[name.description] = value }
        var test = Self(
            evses: configuration.station.evses, variables: named,
            profiles: configuration.connection.profiles,
            displays: configuration.station.displays, records: records, restarted: asProcess,
            at: now + .seconds(3), seed: seed)
        test.places = places
        // The loop keeps what it was told last.
        if asProcess { test.targets = targets }
        test.replies = replies
        test.bootStatus = bootStatus
        return test
    }

    mutating func forget() {
        outputs = []
        messages = []
        plans = []
        logs = []
    }

    // MARK: Shell

    mutating func give(_ input: StationInput) {
        var new: [StationOutput] = []
        core.handle(input, at: now, into: &new)
        outputs += new
        for output in new { carryOut(output) }
    }

    private mutating func carryOut(_ output: StationOutput) {
        switch output {
        case .store(.put(let collection, let key, let value)):
            records[collection, default: [:]][key] = value
        case .store(.remove(let collection, let key)): records[collection]?[key] = nil
        case .store(.clear(let collection)): records[collection] = nil
        case .send(let bytes):
            receive(bytes)
            give(.link(.drained))
        case .connect(let plan):
            plans.append(plan)
            if isMute { return }
            if isReachable {
                isConnected = true
                give(.link(.connected(subprotocol: subprotocol)))
            } else {
                give(.link(.closed(LinkClosure(.dialFailed, detail: "refused"))))
            }
        case .disconnect:
            guard isConnected else { return }
            isConnected = false
            give(.link(.closed(LinkClosure(.closedByUs, detail: ""))))
        case .targets(let evse, let new): targets[evse] = new
        case .signing(let evse, let new): orders[evse] = new
        case .schedules(let evse, let new): offers[evse] = new
        case .wake(let at): wake = at
        case .restart(_, let reason): restarts.append(reason)
        case .log(let entry): logs.append(entry)
        }
    }

    mutating func cutLink() {
        guard isConnected else { return }
        isConnected = false
        isReachable = false
        give(.link(.closed(LinkClosure(.connectionLost, detail: "cut"))))
    }
    /// The next dial reaches the CSMS again.
    mutating func restoreLink() {
        isReachable = true
        while !isConnected { run(1) }
    }

    // MARK: CSMS

    private mutating func receive(_ bytes: [UInt8]) {
        guard let frame = try? JSONValue(parsing: bytes), let type = frame[0]?.int,
            let id = frame[1]?.string
        else {
            Issue.record("not a frame: \(String(decoding: bytes, as: UTF8.self))")
            return
        }
        let name = type == 3 ? "" : frame[2]?.string ?? ""
        let payload = (type == 3 ? frame[2] : type == 2 ? frame[3] : frame[4]) ?? nil
        messages.append(Message(type: type, id: id, name: name, payload: payload, at: now))
        guard type == 2 else { return }
        switch replies[name] ?? Self.standard(name, self) {
        case .silence: break
        case .error(let code):
            send([4, .string(id), .string(code), "", [:]])
        case .result(let object): send([3, .string(id), .object(object)])
        }
    }

    private static func standard(_ action: String, _ test: Self) -> Reply {
        switch action {
        case "BootNotification":
            .result([
                "currentTime": .string(test.wallTime), "interval": JSONValue(test.bootInterval),
                "status": .string(test.bootStatus),
            ])
        case "Heartbeat": .result(["currentTime": .string(test.wallTime)])
        case "Authorize": .result(["idTokenInfo": ["status": "Accepted"]])
        default: .result([:])
        }
    }

    var wallTime: String {
        UnixTime(milliseconds: Self.epoch + now.nanoseconds / 1_000_000).rfc3339
    }

    mutating func send(_ frame: JSONValue) { give(.link(.received(frame.bytes))) }

    /// A CALL of the CSMS and, where it came at once, its answer.
    @discardableResult
    mutating func request(_ action: String, _ payload: JSONValue = [:]) -> Message? {
        nextID += 1
        let id = "csms-\(nextID)"
        send([2, .string(id), .string(action), payload])
        return answer(id)
    }
    func answer(_ id: String) -> Message? { messages.first { $0.type != 2 && $0.id == id } }
    var lastRequestID: String { "csms-\(nextID)" }

    /// CALLs of the station by action.
    func calls(_ action: String) -> [JSONValue] {
        messages.filter { $0.type == 2 && $0.name == action }.map(\.payload)
    }
    /// Actions of all CALLs, in order.
    var actions: [String] { messages.filter { $0.type == 2 }.map(\.name) }
    var transactionEvents: [JSONValue] { calls("TransactionEvent") }
    /// `Started/CablePluggedIn` and so on.
    var steps: [String] {
        transactionEvents.map {
            "\($0["eventType"]?.string ?? "?")/\($0["triggerReason"]?.string ?? "?")"
        }
    }
    var statuses: [String] {
        calls("StatusNotification").compactMap { $0["connectorStatus"]?.string }
    }

    // MARK: World

    /// Lets time pass in half seconds: loop, meter and the core's wishes are served.
    mutating func run(_ seconds: Int) {
        start()
        for _ in 0..<(seconds * 2) {
            now = now + Milliseconds(500)
            for index in places.indices where places[index].energised {
                places[index].energy += WattHours(raw: places[index].power.raw / 7200)
            }
            measure()
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
            let place = places[index]
            let target = targets[EVSEID(index: index)] ?? EVSETargets()
            let isOffered =
                target.energyGranted && target.limit >= Amperes(6) && place.faults.isEmpty
            places[index].energised = isOffered && place.pilot.requestsEnergy
            if !places[index].energised, !place.unlockIsSlow {
                places[index].unlockAnswered = target.unlockRequests
            }
            var status = EVSEStatus()
            for number in 1...StationBounds.connectorsPerEVSE {
                let isPlugged = place.isPlugged && number == place.connector
                status.connectors[number - 1].isPlugged = isPlugged
                status.connectors[number - 1].pilot = number == place.connector ? place.pilot : .a
                status.connectors[number - 1].cable = isPlugged ? .amperes32 : .none
            }
            if var direct = place.direct {
                direct.vehicle.at = now
                status.outputCurrent = direct.current
                status.outputVoltage = direct.voltage
                give(.direct(EVSEID(index: index), direct.vehicle, direct.status))
            }
            status.phase = places[index].energised ? .energised : .idle
            status.contactor = places[index].energised ? .closed : .open
            status.offered = isOffered ? target.limit : .zero
            status.faults = place.faults
            status.unlockAnswered = places[index].unlockAnswered
            status.unlockSucceeded = place.unlockWorks
            image.evses[index].status = status
        }
        give(.loop(image))
    }

    mutating func measure() {
        for index in places.indices {
            var sample = MeterSample()
            sample.at = now
            sample.valid = [.energyImport, .current, .voltage, .power]
            sample.energyImport = places[index].energy
            sample.voltage[0] = Volts(230)
            if places[index].energised {
                sample.totalPower = places[index].power
                sample.current[0] = Amperes(31)
            }
            if let direct = places[index].direct {
                sample.current[0] = direct.current
                sample.voltage[0] = direct.voltage
                sample.totalPower = Watts(
                    raw: Int64(direct.current.raw) * Int64(direct.voltage.raw) / 1000)
            }
            give(.meter(EVSEID(index: index), sample))
        }
    }

    mutating func plug(_ evse: Int = 1, ready: Bool = true) {
        places[evse - 1].isPlugged = true
        places[evse - 1].pilot = ready ? .c : .b
        run(1)
    }
    mutating func unplug(_ evse: Int = 1) {
        places[evse - 1].isPlugged = false
        places[evse - 1].pilot = .a
        run(1)
    }
    mutating func vehicle(_ evse: Int = 1, wants: Bool) {
        places[evse - 1].pilot = wants ? .c : .b
        run(1)
    }
    mutating func tap(_ text: String = "04A2B3C4", evse: Int? = 1) {
        give(
            .token(
                TokenReading(
                    reader: "reader-1", text: text, kind: "ISO14443",
                    evse: evse.flatMap(EVSEID.init)
                )))
        run(1)
    }
}
