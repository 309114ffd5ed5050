import EVSEModel
import Foundation
import JSON
import LoopGuarantees

/// One station for hours: session after session through the real processes, while memory,
/// descriptors and deadlines are watched.
struct Soak: Sendable {
    struct Sample: Sendable {
        let minute: Double
        let uses: [ProcessUse]
    }
    struct Result: Sendable {
        var samples = [Sample]()
        var minutes = 0.0
        var sessions = 0
        var linkLosses = 0
        var disturbances = 0
        /// Hours that the vehicles' batteries saw.
        var plantHours = 0.0
        var wattHours = 0.0
        var violations = [String]()
        var cycles = 0
        var deadlineMisses = 0
        var loopStarts = 0
        var hasRealTimePriority = false
        var reference: (misses: Int, maximum: Int)?
    }

    let board: String
    let minutes: Double
    let speed: Double
    let seed: UInt64
    /// Called about once a minute.
    let tell: @Sendable (Sample, Result) -> Void

    /// A charging time in seconds; short ones wear the state machines, long ones the meters.
    private static let charging: ClosedRange<Double> = 5...45

    func run() async throws -> Result {
        let state = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-soak-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
        let csms = BenchCSMS()
        let url = try await csms.start()
        let bench = CaseContext(
            csms: csms,
            options: .init(
                board: board, csms: url, state: state,
                settings: [
                    "ocpp.variables.OCPPCommCtrlr.RetryBackOffWaitMinimum=1",
                    "ocpp.variables.OCPPCommCtrlr.RetryBackOffRandomRange=1",
                    "ocpp.variables.OCPPCommCtrlr.UnlockOnEVSideDisconnect=true",
                    "ocpp.variables.SampledDataCtrlr.TxUpdatedInterval=5",
                ], arguments: ["--speed", "\(speed)", "--log-level", "warning"]))
        let result: Result
        do {
            result = try await soak(bench)
        } catch {
            let said = await Self.whatWasSeen(bench)
            await bench.tearDown()
            await csms.stop()
            throw BenchError("\(error) (state and log: \(state.path))\n\(said)")
        }
        await bench.tearDown()
        await csms.stop()
        if result.violations.isEmpty { try? FileManager.default.removeItem(at: state) }
        return result
    }

    /// The newest messages, and what the station thinks of its link.
    private static func whatWasSeen(_ bench: CaseContext) async -> String {
        let now = MonotonicClock.now
        let messages = await bench.csms.log.suffix(12).map { message in
            "\((now - message.at).count) ms ago \(message.fromStation ? ">" : "<") "
                + message.text.prefix(200)
        }
        let link = (try? await bench.status()["ocpp"]?.text) ?? "does not answer"
        return (messages + ["the station's link: \(link)"]).joined(separator: "\n")
    }

    private func soak(_ bench: CaseContext) async throws -> Result {
        var random = SplitMix(seed: seed)
        var result = Result()
        try await bench.boot()
        let reference = LatencyReference(
            periodMilliseconds: 10, seconds: Int(minutes * 60))
        let start = MonotonicClock.now
        func elapsed() -> Double { Double((MonotonicClock.now - start).count) / 60_000 }
        var nextSample = 0.0
        while elapsed() < minutes {
            if elapsed() >= nextSample {
                nextSample = (elapsed() + 1).rounded(.down)
                let uses = ProcessUse.family(of: try bench.station.processID)
                result.samples.append(Sample(minute: elapsed(), uses: uses))
                result.minutes = elapsed()
                result.samples.last.map { tell($0, result) }
            }
            try await session(bench, &random, &result)
            await bench.forget()
        }
        result.samples.append(
            Sample(minute: elapsed(), uses: ProcessUse.family(of: try bench.station.processID)))
        result.minutes = elapsed()
        result.reference = reference?.finish()
        let loop = try await bench.status()["loop"]
        result.cycles = loop?["cycle"]?.int ?? 0
        result.deadlineMisses = loop?["deadlineMisses"]?.int ?? 0
        result.loopStarts = loop?["starts"]?.int ?? 0
        result.hasRealTimePriority = loop?["hasRealTimePriority"]?.bool ?? false
        return result
    }

    /// A car comes, charges a while, something happens or not, and it goes.
    private func session(
        _ bench: CaseContext, _ random: inout SplitMix, _ result: inout Result
    ) async throws {
        let uid = String(format: "04%012llX", UInt64.random(in: 0..<(1 << 48), using: &random))
        try await bench.plug([
            "maxCurrent": JSONValue([10, 16, 32].randomElement(using: &random) ?? 16),
            "soc": .number(
                JSONNumber(Int64.random(in: 10...60, using: &random), fractionDigits: 2)),
        ])
        try await bench.tap(uid)
        let transaction = try bench.transactionID(
            try await bench.expectTransaction("Started", within: .seconds(30)))
        try await bench.expectTransaction("Updated", charging: "Charging", within: .seconds(30))
        let charging = Double.random(in: Self.charging, using: &random)
        try await Task.sleep(for: .milliseconds(Int(charging * 500)))
        try await disturb(bench, &random, &result)
        try await Task.sleep(for: .milliseconds(Int(charging * 500)))
        let end = await bench.csms.log.count
        try await bench.unplug()
        // The two come in either order: queued messages of a lost link follow the status.
        let ended = try await bench.csms.wait(
            from: end, within: .seconds(60), what: "the transaction's end"
        ) { $0.action == "TransactionEvent" && $0.payload["eventType"] == "Ended" }
        _ = try await bench.csms.wait(
            from: end, within: .seconds(60), what: "the free connector"
        ) {
            $0.action == "StatusNotification" && $0.payload["connectorStatus"] == "Available"
        }

        result.sessions += 1
        result.plantHours += charging * speed / 3600
        if try bench.transactionID(ended.payload) != transaction {
            result.violations.append("session \(result.sessions): another transaction ended")
        }
        let numbers = await bench.csms.log.filter {
            $0.fromStation && $0.kind == .call && $0.action == "TransactionEvent"
                && $0.payload["transactionInfo"]?["transactionId"]?.string == transaction
        }.compactMap { $0.payload["seqNo"]?.int }
        if Set(numbers).sorted() != Array(0..<(Set(numbers).count)) {
            result.violations.append("session \(result.sessions): seqNo \(numbers)")
        }
        result.wattHours = try await meterReading(bench)
    }

    private func disturb(
        _ bench: CaseContext, _ random: inout SplitMix, _ result: inout Result
    ) async throws {
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            result.linkLosses += 1
            await bench.csms.dropAll()
            try await bench.csms.waitUntilConnected(true, within: .seconds(60))
        case 1:
            result.disturbances += 1
            let fault = try await bench.fault("meter-1", "silent")
            try await Task.sleep(for: .seconds(2))
            try await bench.clear(fault)
        case 2, 3:
            let limit = Int.random(in: 6...32, using: &random)
            try await bench.call("SetChargingProfile", Self.profile(limit))
        case 4:
            try await bench.call("GetBaseReport", ["requestId": 1, "reportBase": "FullInventory"])
        case 5:
            try await bench.call(
                "TriggerMessage", ["requestedMessage": "MeterValues", "evse": ["id": 1]])
        default: break
        }
    }

    private static func profile(_ amperes: Int) -> JSONValue {
        [
            "evseId": 0,
            "chargingProfile": [
                "id": 1, "stackLevel": 0, "chargingProfilePurpose": "ChargingStationMaxProfile",
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
        ]
    }

    private func meterReading(_ bench: CaseContext) async throws -> Double {
        try await bench.rig.state()["meters"]?[0]?["registerWh"]?.number?.double ?? 0
    }
}
