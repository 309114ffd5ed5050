import Charging
import EVSEModel

/// A charging station in virtual time with a scripted loop, vehicle and meter at every EVSE.
///
/// The loop is the simplest honest one: it energises when the grant, an offer and a vehicle in
/// state C are there, and stops when one goes. Every output is kept, and the store is kept up to
/// date, so that a station can be started again from it.
struct TestStation {
    var station: ChargingStation
    var now = Instant(milliseconds: 1_000_000)
    var configuration: StationConfiguration
    private(set) var outputs: [DomainOutput] = []
    private(set) var records: [StoreCollection: [String: String]] = [:]
    private(set) var targets: [EVSEID: EVSETargets] = [:]
    private(set) var orders: [EVSEID: SigningOrder] = [:]
    private(set) var offers: [EVSEID: ScheduleOffer] = [:]
    var places: [Place]
    var supply = SupplyStatus()
    /// 2024-03-05T12:00:00Z.
    static let someTime = UnixTime(milliseconds: 1_709_640_000_000)

    /// The physical side of one EVSE.
    struct Place {
        var isPlugged = false
        var pilot = PilotState.a
        var energised = false
        var faults = FaultSet()
        var latched = FaultSet()
        var energy = WattHours.zero
        var power = Watts.zero
        var unlockAnswered: UInt32 = 0
        var unlockWorks = true
        var meterWorks = true
        /// What the loop leaves, and why, where it holds the grant.
        var held: (limit: Amperes, cause: LimitCause)?
        var phases: UInt8 = 1
    }

    init(
        evses: [EVSEConfiguration] = [EVSEConfiguration()],
        settings: [SettingKey: String] = [:], bounds: StationLimits = StationLimits(),
        displays: [DisplayConfiguration] = [], choice: Milliseconds? = nil,
        sources: [ExternalSource] = []
    ) {
        configuration = StationConfiguration(
            evses: evses, factorySettings: settings, seed: IdentifierSeed(high: 1, low: 2),
            bounds: bounds)
        configuration.displays = displays
        configuration.externalSources = sources
        configuration.canChooseOutlet = choice != nil
        if let choice { configuration.choiceTimeout = choice }
        places = evses.map { _ in Place() }
        station = ChargingStation(
            configuration: configuration, stored: [:], wallClock: nil, isRestartOfProcess: false,
            at: now)
        collect()
    }

    /// A station that is connected and accepted, with its first image seen.
    static func online(
        evses: [EVSEConfiguration] = [EVSEConfiguration()],
        settings: [SettingKey: String] = [:], bounds: StationLimits = StationLimits(),
        displays: [DisplayConfiguration] = [], choice: Milliseconds? = nil,
        sources: [ExternalSource] = []
    ) -> Self {
        var test = Self(
            evses: evses, settings: settings, bounds: bounds, displays: displays, choice: choice,
            sources: sources)
        test.look()
        test.goOnline()
        test.forget()
        return test
    }

    mutating func goOnline() {
        station.linkOpened(at: now)
        if station.registration != .accepted {
            station.registrationAnswered(
                RegistrationAnswer(
                    status: .accepted, interval: .seconds(300), currentTime: Self.someTime),
                at: now)
        }
        collect()
    }

    mutating func goOffline() { act { $0.linkLost(at: $1) } }

    // MARK: Outputs

    mutating func collect() {
        for output in station.takeOutputs() {
            outputs.append(output)
            switch output {
            case .store(.put(let collection, let key, let value)):
                records[collection, default: [:]][key] = value
            case .store(.remove(let collection, let key)): records[collection]?[key] = nil
            case .store(.clear(let collection)): records[collection] = nil
            case .targets(let evse, let new): targets[evse] = new
            case .signing(let evse, let new): orders[evse] = new
            case .schedules(let evse, let new): offers[evse] = new
            case .event: break
            }
        }
    }
    mutating func forget() { outputs = [] }

    var events: [DomainEvent] {
        outputs.compactMap { output in
            if case .event(let event) = output { event } else { nil }
        }
    }
    var notices: [TransactionNotice] {
        events.compactMap { event in
            if case .transaction(let notice) = event { notice } else { nil }
        }
    }
    var connectorStates: [ConnectorState] {
        events.compactMap { event in
            if case .connector(let notice) = event { notice.state } else { nil }
        }
    }
    var questions: [(id: RequestID, token: IdToken)] {
        events.compactMap { event in
            if case .authorizationWanted(let id, let token) = event { (id, token) } else { nil }
        }
    }
    /// Kinds and triggers in short: `Started/CablePluggedIn`.
    var steps: [String] { notices.map { "\($0.kind.rawValue)/\($0.trigger.rawValue)" } }

    func target(_ evse: Int = 1) -> EVSETargets {
        EVSEID(evse).flatMap { targets[$0] } ?? EVSETargets()
    }

    // MARK: Time and the world

    mutating func act(_ body: (inout ChargingStation, Instant) -> Void) {
        body(&station, now)
        collect()
    }

    /// Lets time pass: the loop, the meter and the station's own wishes are served.
    mutating func run(seconds: Int) {
        for _ in 0..<(seconds * 2) {
            now = now + Milliseconds(500)
            for index in places.indices where places[index].energised {
                places[index].energy += WattHours(raw: places[index].power.raw / 7200)
            }
            measure()
            look()
            act { $0.advance(to: $1) }
        }
    }

    /// The loop's image as the places are now.
    mutating func look() {
        var image = LoopImage()
        image.at = now
        image.evseCount = UInt8(places.count)
        image.supply = supply
        for index in places.indices {
            let place = places[index]
            let target = target(index + 1)
            let isFaulted = !place.faults.union(place.latched).isEmpty
            let isOffered =
                target.energyGranted
                && min(target.limit, place.held?.limit ?? target.limit)
                    >= Amperes(6)
                && !isFaulted
            places[index].energised = isOffered && place.pilot.requestsEnergy
            if target.unlockRequests != place.unlockAnswered, !places[index].energised {
                places[index].unlockAnswered = target.unlockRequests
            }
            var status = EVSEStatus()
            status.connectors[0].isPlugged = place.isPlugged
            status.connectors[0].pilot = place.pilot
            status.connectors[0].cable = place.isPlugged ? .amperes32 : .none
            status.phase = places[index].energised ? .energised : .idle
            status.contactor = places[index].energised ? .closed : .open
            status.offered = isOffered ? target.limit : .zero
            status.phases = place.phases
            if target.energyGranted, let held = place.held {
                status.limit = min(target.limit, held.limit)
                status.limitCause = held.cause
            }
            status.faults = place.faults
            status.latched = place.latched
            status.unlockAnswered = places[index].unlockAnswered
            status.unlockSucceeded = place.unlockWorks
            image.evses[index].status = status
        }
        act { $0.observe(image, at: $1) }
    }

    mutating func measure() {
        for index in places.indices where places[index].meterWorks {
            var sample = MeterSample()
            sample.at = now
            sample.valid = [.energyImport, .current, .voltage, .power]
            sample.energyImport = places[index].energy
            sample.voltage[0] = Volts(230)
            sample.totalPower = places[index].energised ? places[index].power : .zero
            let evse = EVSEID(index: index)
            act { $0.observe(sample, of: evse, at: $1) }
        }
    }

    mutating func plug(_ evse: Int = 1, ready: Bool = false) {
        places[evse - 1].isPlugged = true
        places[evse - 1].pilot = ready ? .c : .b
        places[evse - 1].power = Watts(7200)
        look()
    }
    mutating func vehicle(_ evse: Int = 1, wants: Bool) {
        places[evse - 1].pilot = wants ? .c : .b
        look()
        look()
    }
    /// At the vehicle's side: the plug stays in the outlet.
    mutating func unplugVehicle(_ evse: Int = 1) {
        places[evse - 1].pilot = .a
        look()
    }
    mutating func unplug(_ evse: Int = 1) {
        places[evse - 1].pilot = .a
        places[evse - 1].isPlugged = false
        look()
    }

    // MARK: Tokens

    static let card = IdToken("04A2B3C4", .iso14443)
    static let otherCard = IdToken("11223344", .iso14443)

    mutating func tap(_ token: IdToken = Self.card, evse: Int? = 1) {
        now = now + .seconds(3)
        act {
            $0.tokenPresented(token, reader: "reader-1", evse: evse.flatMap(EVSEID.init), at: $1)
        }
    }
    /// Presents a token and lets the CSMS answer.
    mutating func tap(_ token: IdToken = Self.card, evse: Int? = 1, answer: TokenInfo) {
        tap(token, evse: evse)
        guard let question = questions.last, question.token == token else { return }
        act { $0.authorizationAnswered(question.id, .info(answer), at: $1) }
    }
    static let accepted = TokenInfo(status: .accepted)

    /// As a power cut between two writes leaves it.
    mutating func dropRecords(of collection: StoreCollection) { records[collection] = nil }

    /// As a disk that has refused everything since then leaves it.
    mutating func undoRecords(to earlier: [StoreCollection: [String: String]]) {
        records = earlier
    }

    /// Starts again from what was stored.
    mutating func restart(ofProcess: Bool, wallClock: UnixTime? = nil) {
        collect()
        let ended = places.indices.map { target($0 + 1).authorizationsEnded }
        var stored: StoredRecords = [:]
        for (collection, values) in records {
            stored[collection] = values.sorted { $0.key < $1.key }
                .map { (key: $0.key, value: $0.value) }
        }
        now = ofProcess ? now + .seconds(2) : Instant(milliseconds: 5000)
        targets = [:]
        station = ChargingStation(
            configuration: configuration, stored: stored, wallClock: wallClock,
            isRestartOfProcess: ofProcess, ended: ofProcess ? ended : nil, at: now)
        collect()
    }
}

extension Result {
    var isAccepted: Bool { if case .success = self { true } else { false } }
    var refusal: Failure? { if case .failure(let refusal) = self { refusal } else { nil } }
}
