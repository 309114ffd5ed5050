import BoardFile
import EVSEModel
import JSON
import LoopGuarantees
import Plant
package import StationRuntime

/// Writes a random day: drivers who come and go, and what disturbs them. Everything follows from
/// the seed.
package struct ScriptGenerator {
    static let day: Int64 = 86_400_000
    var random: SplitMix
    private var script: Script
    private let composition: StationComposition
    /// Every connector of the board.
    private let places: [Place]
    /// Readers, with the EVSE that they serve alone.
    let readers: [(device: String, evse: Int?)]
    let faulty: [(device: String, type: FaultCatalog.DeviceClass)]
    /// Of them, safety controllers and meters that sign; and what carries, measures or speaks for direct current.
    let special: [(device: String, type: FaultCatalog.DeviceClass)]
    var listVersion = 1
    private var visits = [(start: Int64, end: Int64)]()

    /// A connector, as OCPP counts.
    struct Place {
        var evse: Int
        var connector: Int
        var json: JSONObject {
            ["evse": JSONValue(evse), "connector": JSONValue(connector)]
        }
        /// As a request names it.
        var request: JSONObject {
            ["evseId": JSONValue(evse), "connectorId": JSONValue(connector)]
        }
    }

    /// Cards of the neighbourhood; what the CSMS thinks of them is said at the day's beginning.
    static let cards = [
        (uid: "04A1B2C3", status: "Accepted", group: "FAMILY"),
        (uid: "04D4E5F607A8B9", status: "Accepted", group: "FAMILY"),
        (uid: "0455667788AABB", status: "Accepted", group: ""),
        (uid: "04C0FFEE", status: "Blocked", group: ""),
        (uid: "04BADBAD", status: "Expired", group: ""),
        (uid: "04D00D00", status: "Invalid", group: ""),
        (uid: "04CA5500112233", status: "NoCredit", group: ""),
        (uid: "0411111111", status: "", group: ""),  // 5 bytes: no reader reads that
        (uid: "04222222", status: "", group: ""),
    ]

    private init(_ seed: UInt64, _ composition: StationComposition) {
        random = SplitMix(seed: seed &* 0xD1B5_4A32_D192_ED03 &+ 0x2545_F491)
        script = Script(
            board: composition.board.name, seed: seed, length: Milliseconds(Self.day))
        self.composition = composition
        readers = composition.plant.readers.filter { $0.kind == .pn532 }.map { reader in
            let device = composition.board.devices.first { $0.id.name == reader.device }
            return (reader.device, device?.evse.map { $0.index + 1 })
        }
        places = composition.plant.evses.flatMap { evse in
            evse.connectors.map { Place(evse: evse.number, connector: $0.number) }
        }
        let world = PlantWorld(composition.plant, at: .zero)
        faulty = world.simulatedDevices
        let signing = Set(composition.signingMeters)
        special = faulty.filter {
            $0.type == .safetyController || $0.type == .controller
                || $0.type == .networkController || signing.contains($0.device)
                || Self.ofDirectCurrent.contains($0.type)
        }
    }

    private static let ofDirectCurrent: Set<FaultCatalog.DeviceClass> = [
        .dcContactor, .dcOutput, .dcSensor, .vehicleLink, .insulationMonitor,
        .networkInsulationMonitor, .powerLink, .fusionCabinet, .simpleCabinet,
    ]

    /// The script of a seed's day on a board.
    package static func script(seed: UInt64, on composition: StationComposition) -> Script {
        var generator = ScriptGenerator(seed, composition)
        generator.writeDay()
        generator.script.steps.sort { $0.at < $1.at }
        return generator.script
    }

    mutating func add(_ at: Int64, _ action: ScriptAction, _ values: JSONObject = [:]) {
        script.steps.append(
            ScriptStep(Milliseconds(min(max(0, at), Self.day)), action, values))
    }
    mutating func one<Element>(of choices: [Element]) -> Element {
        choices[random.below(choices.count)]
    }
    mutating func time(_ range: ClosedRange<Int>) -> Int64 { Int64(random.within(range)) }
    mutating func chance(_ percent: Int) -> Bool { random.below(100) < percent }
    /// Some connector of the board.
    mutating func somePlace() -> Place {
        places.count == 1 ? places[0] : one(of: places)
    }

    // MARK: The day

    private mutating func writeDay() {
        chooseVariables()
        for card in Self.cards where !card.status.isEmpty {
            var values: JSONObject = ["card": .string(card.uid), "status": .string(card.status)]
            if !card.group.isEmpty { values["group"] = .string(card.group) }
            if chance(15) { values["expires"] = JSONValue(random.within(60...40_000)) }
            add(0, .card, values)
        }
        if chance(30) { addBoot(at: 0) }
        if chance(35) { sendList(at: time(30_000...3_600_000)) }
        for place in places {
            var at = time(60_000...7_200_000)
            while at < Self.day - 1_800_000 {
                let end = visit(at, place)
                visits.append((at, end))
                at = end + time(120_000...10_800_000)
            }
        }
        if hasHouse { liveInTheHouse() }
        if composition.loop.supply.external.isServed { manageEnergy() }
        // A fifth of the days has nothing but drivers.
        guard !chance(20) else { return }
        for _ in 0..<random.within(1...12) {
            // Most of what can go wrong matters while somebody is there.
            if !visits.isEmpty, chance(60) {
                let visit = one(of: visits)
                disturb(at: time(moment(in: visit)))
            } else {
                disturb(at: time(10_000...Int(Self.day) - 1_000))
            }
        }
    }

    /// When in a visit something goes wrong. With direct current much of what can is met before energy flows.
    private mutating func moment(in visit: (start: Int64, end: Int64)) -> ClosedRange<Int> {
        let start = Int(visit.start)
        if hasDirectCurrent, chance(35) { return max(0, start - 60_000)...start + 60_000 }
        return start...Int(max(visit.start, visit.end))
    }

    var hasDirectCurrent: Bool { composition.loop.dc.isFitted }
    var hasSafetyController: Bool { !composition.plant.safetyControllers.isEmpty }

    /// Something else is behind the station's breaker, or somebody dims it.
    private var hasHouse: Bool {
        composition.plant.meters.contains { $0.evse == 0 }
            || composition.plant.switches.contains { $0.kind == .dimming }
    }

    /// Loads that come and go, mostly while somebody charges.
    private mutating func liveInTheHouse() {
        // Up to what the breaker bears without the station.
        let house = composition.loop.supply.house
        let most = house.isMeasured ? Int(house.limit.double) : 40
        for _ in 0..<random.within(5...60) {
            let visit = visits.isEmpty ? (start: 0, end: Self.day) : one(of: visits)
            var values: JSONObject = ["dimmed": .bool(chance(20))]
            for phase in ["l1", "l2", "l3"] {
                values[phase] = JSONValue(random.within(-10...most))
            }
            add(
                time(Int(visit.start)...Int(max(visit.start, visit.end))), .house, values)
        }
    }

    /// An energy manager that follows a roof, and is silent at times.
    private mutating func manageEnergy() {
        for _ in 0..<random.within(0...20) {
            let visit = visits.isEmpty ? (start: 0, end: Self.day) : one(of: visits)
            var values: JSONObject = ["for": JSONValue(time(5_000...7_200_000))]
            if chance(50) { values["current"] = JSONValue(random.within(0...40)) }
            if chance(60) { values["power"] = JSONValue(random.within(0...22_000)) }
            add(
                time(Int(visit.start)...Int(max(visit.start, visit.end))), .energyManager, values)
        }
    }

    private mutating func chooseVariables() {
        func set(_ name: String, _ value: String) { script.variables[name] = value }
        let points = ["Authorized", "EVConnected", "PowerPathClosed", "EnergyTransfer"]
        if chance(60) {
            let start = one(of: points)
            set("TxCtrlr.TxStartPoint", start)
            let stops = points + ["EVConnected,Authorized"]
            set("TxCtrlr.TxStopPoint", one(of: stops))
        }
        if chance(30) { set("AuthCtrlr.OfflineTxForUnknownIdEnabled", "true") }
        if chance(30) { set("AuthCtrlr.LocalPreAuthorize", "true") }
        if chance(25) { set("AuthCtrlr.AuthorizeRemoteStart", "false") }
        if chance(20) { set("TxCtrlr.StopTxOnEVSideDisconnect", one(of: ["true", "false"])) }
        if chance(20) { set("TxCtrlr.StopTxOnInvalidId", "false") }
        if chance(20) { set("AuthCacheCtrlr.Enabled", "false") }
        set(
            "SampledDataCtrlr.TxUpdatedInterval",
            String(one(of: [0, 60, 300, 300, 900, 900, 1800])))
        if hasDirectCurrent, chance(60) {
            set("SampledDataCtrlr.TxUpdatedMeasurands", "Energy.Active.Import.Register,SoC")
            set("SampledDataCtrlr.TxUpdatedInterval", String(one(of: [120, 300])))
        }
        if chance(15) { set("AlignedDataCtrlr.Interval", String(one(of: [900, 3600]))) }
        if chance(20) { set("TxCtrlr.EVConnectionTimeOut", String(random.within(20...300))) }
        if chance(20) {
            set("OCPPCommCtrlr.HeartbeatInterval", String(random.within(60...3600)))
        } else {
            set("OCPPCommCtrlr.HeartbeatInterval", "1800")
        }
    }
}
