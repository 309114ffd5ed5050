import EVSEModel
import Foundation
import JSON
import LoopGuarantees

/// A plant, a CSMS and a station between them, each of which may die alone.
actor CrashStand {
    static let goodCard = "04A2B3C4D5E6F7"
    static let listedCard = "04112233445566"
    static let badCard = "04BAD0BAD0BAD0"

    let folder: URL
    let plant: PlantUnderTest
    let record: PlantRecord
    let csms: BenchCSMS
    let disk: DiskFaults?
    let hasLock: Bool
    private let options: StationUnderTest.Options
    private(set) var station: StationUnderTest?
    private(set) var local: RigClient?
    private(set) var marks = [(at: Instant, mark: WorldRules.Mark)]()
    var rig: RigClient { plant.rig }

    private(set) var violations = [String]()
    private(set) var lostWrites = 0
    var lastLog: String { station?.lastLog ?? "" }

    var timeOut = Promise("TxCtrlr.EVConnectionTimeOut", 15)
    var threshold = Promise("OCPPCommCtrlr.OfflineThreshold", 60)
    var listVersion = Promise("the local list's version", 0)
    var limit = Promise("the station's limit", 32)
    var isOperative = Promise("EVSE 1 is operative", true)

    /// - Parameter settings: `--set` for the station, beyond the stand's own.
    init(
        board: String, folder: URL, withDiskFaults: Bool, settings: [String] = []
    ) async throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        csms = BenchCSMS()
        let url = try await csms.start()
        let disk = withDiskFaults ? try DiskFaults(folder: folder) : nil
        self.disk = disk
        plant = try await PlantUnderTest(board: board, folder: folder)
        record = try PlantRecord(rig: plant.rigURL)
        hasLock = try await plant.rig.state()["connectors"]?[0]?["lock"]?.string != nil
        var options = StationUnderTest.Options(board: board, csms: url, state: folder)
        options.wires = plant.wires
        options.environment = (disk?.environment ?? [:]).merging(
            ["SWIFT_BACKTRACE": "enable=no"]) { $1 }
        options.settings =
            [
                "ocpp.variables.TxCtrlr.EVConnectionTimeOut=15",
                "ocpp.variables.OCPPCommCtrlr.OfflineThreshold=60",
                "ocpp.variables.OCPPCommCtrlr.RetryBackOffWaitMinimum=1",
                "ocpp.variables.OCPPCommCtrlr.RetryBackOffRandomRange=0",
                "ocpp.variables.OCPPCommCtrlr.RetryBackOffRepeatTimes=1",
                "ocpp.variables.OCPPCommCtrlr.MessageTimeout[Default]=5",
                "ocpp.variables.OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]=1",
                "ocpp.variables.SampledDataCtrlr.TxUpdatedInterval=1",
                // Whoever unplugs takes the cable along; otherwise it stays until the card comes again.
                "ocpp.variables.OCPPCommCtrlr.UnlockOnEVSideDisconnect=true",
            ] + settings
        self.options = options
        await csms.answer("Authorize") { payload in
            let isBad = payload["idToken"]?["idToken"]?.string == Self.badCard
            return .result(["idTokenInfo": ["status": isBad ? "Invalid" : "Accepted"]])
        }
    }

    // MARK: The station

    /// Starts the station on what is left of its state; returns once it serves its end points.
    func start() async throws {
        let station = try StationUnderTest(options)
        self.station = station
        local = nil
        let ends = try await station.ready(within: .seconds(60))
        local = try ends.local.map { try RigClient(url: $0) }
    }
    /// Starts it and does not wait.
    func launch() throws {
        station = try StationUnderTest(options)
        local = nil
    }
    func killStation() async {
        station?.killAtOnce()
        await station?.waitForEnd(within: .seconds(10))
    }

    func status() async throws -> JSONValue {
        guard let local else { throw BenchError("the station does not run") }
        return try await local.get("/local/v1/status")
    }
    /// Polls the station's status until it fits; nothing where it does not in time.
    func status(
        within limit: Milliseconds, where fits: @Sendable (JSONValue) -> Bool
    ) async -> JSONValue? {
        let deadline = MonotonicClock.now + limit
        while true {
            if let status = try? await status(), fits(status) { return status }
            guard MonotonicClock.now < deadline else { return nil }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Processes of a program that work in this stand's folder.
    func processes(of program: String) -> [Int32] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.filter { process in
            guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
            else { return false }
            let words = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.first?.split(separator: "/").last.map(String.init) == program
                && words.dropFirst().contains { $0.contains(folder.path) }
        }
    }

    func violate(_ what: String) { if violations.count < 50 { violations.append(what) } }

    /// Takes from the dead station's disk what had not been synced.
    func cutPower(_ random: inout SplitMix) {
        let store = folder.appendingPathComponent("station.sqlite").path
        lostWrites += disk?.cutPower(store: store, &random) ?? 0
    }

    /// Writes of the store have failed: the station must have said so.
    func note(diskFailed hasDied: Bool) {
        let log = try? String(
            contentsOf: folder.appendingPathComponent("station.log"), encoding: .utf8)
        let isSaid =
            log?.contains("cannot write the store") == true
            || log?.contains("station.sqlite") == true
        if !isSaid { violate("writes failed and the station's log does not say so") }
    }

    func mark(_ mark: WorldRules.Mark) { marks.append((MonotonicClock.now, mark)) }

    /// The CSMS takes connections, or refuses them and drops what there is.
    func admit(_ isOpen: Bool) async {
        await csms.admit { $0.status = isOpen ? 101 : 503 }
        if !isOpen { await csms.dropAll() }
    }

    // MARK: What the CSMS asks for

    private func ask(_ action: String, _ payload: JSONValue) async -> JSONValue? {
        let reply = try? await csms.call(action, payload, within: .seconds(4))
        return reply?.kind == .result ? reply?.payload : nil
    }

    func setTimes(timeOut seconds: Int, threshold other: Int) async {
        timeOut.asked(seconds)
        threshold.asked(other)
        let answer = await ask(
            "SetVariables",
            [
                "setVariableData": [
                    Self.variable("TxCtrlr", "EVConnectionTimeOut", seconds),
                    Self.variable("OCPPCommCtrlr", "OfflineThreshold", other),
                ]
            ])
        guard let results = answer?["setVariableResult"]?.array else { return }
        for result in results {
            let isAccepted = result["attributeStatus"] == "Accepted"
            if result["component"]?["name"] == "TxCtrlr" {
                isAccepted ? timeOut.accepted(seconds) : timeOut.refused(seconds)
            } else {
                isAccepted ? threshold.accepted(other) : threshold.refused(other)
            }
        }
    }
    private static func variable(_ component: String, _ name: String, _ value: Int) -> JSONValue {
        [
            "component": ["name": .string(component)], "variable": ["name": .string(name)],
            "attributeValue": .string("\(value)"),
        ]
    }

    /// A whole list: the listed card, and others that make it a few kilobytes.
    func sendList(version: Int) async {
        listVersion.asked(version)
        let cards = [Self.listedCard] + (0..<40).map { "04" + String(version * 1000 + $0) + "FF" }
        let answer = await ask(
            "SendLocalList",
            [
                "versionNumber": JSONValue(version), "updateType": "Full",
                "localAuthorizationList": .array(
                    cards.map {
                        [
                            "idToken": ["idToken": .string($0), "type": "ISO14443"],
                            "idTokenInfo": ["status": "Accepted"],
                        ]
                    }),
            ])
        guard let answer else { return }
        answer["status"] == "Accepted"
            ? listVersion.accepted(version) : listVersion.refused(version)
    }

    /// A limit for the whole station that stays until the next.
    func setLimit(_ amperes: Int) async {
        let before = limit.possible.max() ?? 32
        limit.asked(amperes)
        mark(.limit(Double(max(before, amperes))))
        let answer = await ask(
            "SetChargingProfile",
            [
                "evseId": 0,
                "chargingProfile": [
                    "id": 1, "stackLevel": 0,
                    "chargingProfilePurpose": "ChargingStationMaxProfile",
                    "chargingProfileKind": "Absolute",
                    "chargingSchedule": [
                        [
                            "id": 1, "chargingRateUnit": "A",
                            "startSchedule": .string(Timestamps.now(plus: -60)),
                            "chargingSchedulePeriod": [
                                ["startPeriod": 0, "limit": JSONValue(amperes)]
                            ],
                        ]
                    ],
                ],
            ])
        guard let answer else { return }
        if answer["status"] == "Accepted" {
            limit.accepted(amperes)
        } else {
            limit.refused(amperes)
        }
        mark(.limit(Double(limit.possible.max() ?? 32)))
    }

    func setOperative(_ wanted: Bool) async {
        isOperative.asked(wanted)
        let answer = await ask(
            "ChangeAvailability",
            ["operationalStatus": wanted ? "Operative" : "Inoperative", "evse": ["id": 1]])
        guard let status = answer?["status"]?.string else { return }
        status == "Rejected" ? isOperative.refused(wanted) : isOperative.accepted(wanted)
    }

    /// Compares everything that was promised with what the station shows.
    func brokenPromises() async throws -> [String] {
        var broken = [String?]()
        let variables = try await csms.call(
            "GetVariables",
            [
                "getVariableData": [
                    [
                        "component": ["name": "TxCtrlr"],
                        "variable": ["name": "EVConnectionTimeOut"],
                    ],
                    [
                        "component": ["name": "OCPPCommCtrlr"],
                        "variable": ["name": "OfflineThreshold"],
                    ],
                ]
            ], within: .seconds(10)
        ).payload["getVariableResult"]
        broken.append(
            timeOut.shown(variables?[0]?["attributeValue"]?.string.flatMap { Int($0) }))
        broken.append(
            threshold.shown(variables?[1]?["attributeValue"]?.string.flatMap { Int($0) }))
        let list = try await csms.call("GetLocalListVersion", [:], within: .seconds(10))
        broken.append(listVersion.shown(list.payload["versionNumber"]?.int))
        let schedule = try await csms.call(
            "GetCompositeSchedule", ["evseId": 0, "duration": 60, "chargingRateUnit": "A"],
            within: .seconds(10))
        let period = schedule.payload["schedule"]?["chargingSchedulePeriod"]?[0]
        broken.append(limit.shown(period?["limit"]?.number?.int64.map(Int.init)))
        mark(.limit(Double(limit.possible.max() ?? 32)))
        let start = await csms.log.count
        _ = try await csms.call(
            "TriggerMessage",
            [
                "requestedMessage": "StatusNotification",
                "evse": ["id": 1, "connectorId": 1],
            ], within: .seconds(10))
        let shown = try await csms.wait(
            from: start, within: .seconds(10), what: "the connector's status"
        ) { $0.fromStation && $0.action == "StatusNotification" }
        broken.append(isOperative.shown(shown.payload["connectorStatus"] != "Unavailable"))
        return broken.compactMap(\.self)
    }

    func tearDown() async {
        _ = await station?.stop()
        // A station that died left its loop behind.
        for process in processes(of: "forecourt-loop") { kill(process, SIGKILL) }
        record.stop()
        await plant.stop()
        await csms.stop()
    }
}
