import Foundation
import JSON
import LoopbackServer
import Plant
import Testing

/// The station as processes on the example board whose pilot, contactor and residual current a safety
/// controller owns.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SafetyStationTests {
    let stand: StationStand

    init() throws { stand = try StationStand() }

    private static var board: String { StationStand.file("docs/examples/safety-controller").path }

    private func start() throws -> RunningStation {
        // Eight processes on two cores: an answer may take its time.
        let patience = ["reply-timeout=200 ms", "max-age=2 s", "silence-limit=2 s"]
        return try stand.start(
            patience.flatMap { ["--set", "devices.safety-1.\($0)"] }, board: Self.board)
    }

    @Test("a session over OCPP; a restart of the controller within it; a silence; the end")
    func session() throws {
        let station = try start()
        let rig = station.rig
        try stand.charge(rig)
        let full = try rig.wait(within: 20) { $0.drawn > 30 }
        #expect(full["controllers"]?[0]?["mode"]?.string == "closed")
        #expect(full["controllers"]?[0]?["residualCurrent"]?.string == "passed")
        #expect(full["connectors"]?[0]?["lock"]?.string == "engaged")
        let restart = try rig.raise("restart", of: "safety-1")
        try rig.wait(within: 10) { $0.drawn == 0 }
        try rig.clear(restart)
        let again = try rig.wait(within: 40) { $0.drawn > 30 }
        #expect(again["controllers"]?[0]?["starts"]?.int == 2)
        #expect(station.process.log.contains("safety controller started anew"))
        let silence = try rig.raise("silent", of: "safety-1")
        let silent = try rig.wait(within: 20) { $0.contactorIsOpen }
        #expect(silent["controllers"]?[0]?["silences"]?.int == 1)
        try stand.problemIsTold(of: "Controller")
        try rig.clear(silence)
        try rig.wait(within: 40) { $0.drawn > 30 }
        #expect(!stand.hasEndedATransaction)
        try rig.tap()
        let ended = try stand.csms.wait(for: "TransactionEvent") {
            $0["eventType"]?.string == "Ended"
        }
        #expect(ended["transactionInfo"]?["stoppedReason"]?.string == "Local")
        try rig.wait(within: 20) { $0.contactorIsOpen }
        #expect(station.end() == 0)
    }

    @Test("a residual current: open at once, told over OCPP, and over when the vehicle has left")
    func residualCurrent() throws {
        let station = try start()
        let rig = station.rig
        try stand.charge(rig)
        try rig.wait(within: 20) { $0.drawn > 30 }
        let trip = try rig.raise("trip", of: "safety-1")
        let open = try rig.wait(within: 5) { $0.contactorIsOpen }
        #expect(open["controllers"]?[0]?["residualCurrent"]?.string == "trippedByDC")
        _ = try stand.csms.wait(for: "StatusNotification") {
            $0["connectorStatus"]?.string == "Faulted"
        }
        #expect(station.process.log.contains("residual current"))
        try rig.clear(trip)
        #expect(station.end() == 0)
    }

    @Test("check tells who guarantees what, and refuses times that do not fit together")
    func statements() throws {
        let check = try StationProcess.run(["check", Self.board])
        #expect(check.status == 0, "\(check.text)")
        #expect(check.text.contains("not the loop's guarantee: safety-1: opening: within 100 ms"))
        let wrong = try StationProcess.run([
            "check", Self.board, "--set", "devices.safety-1.poll-period=400 ms",
        ])
        #expect(wrong.status == 1)
        #expect(wrong.text.contains("leaves no room for two lost answers"), "\(wrong.text)")
    }
}
