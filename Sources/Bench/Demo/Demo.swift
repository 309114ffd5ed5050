import EVSEModel
import Foundation
import JSON

/// One charging session for people to watch: every step with the message or signal that shows it.
struct Demo {
    let board: String
    let chargingTime: Milliseconds
    /// The board charges with direct current.
    private let isDirect: Bool

    /// - Throws: ``BenchError`` where there is no such board.
    init(board: String, chargingTime: Milliseconds) throws {
        self.board = board
        self.chargingTime = chargingTime
        isDirect = try BoardFeatures.has("vehicle-communication", board: board)
    }

    func run() async throws {
        let state = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-demo-\(getpid())")
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
        let recording = state.appendingPathComponent("session.jsonl")
        introduce()
        let csms = BenchCSMS()
        let url = try await csms.start()
        let bench = CaseContext(
            csms: csms,
            options: .init(
                board: board, csms: url, identity: "FC-DEMO-1", state: state,
                settings: ["ocpp.variables.SampledDataCtrlr.TxUpdatedInterval=2"],
                arguments: ["--record", recording.path]))
        let narrator = Narrator(bench)
        let narrating = Task { await narrator.follow() }
        let session: Result<Void, any Error>
        do {
            try await charge(bench, narrator)
            session = .success(())
        } catch {
            session = .failure(error)
        }
        narrating.cancel()
        await narrating.value
        await bench.tearDown()
        await narrator.summarise(recording: recording.path)
        await csms.stop()
        if case .failure(let error) = session {
            print("The demo failed: \(error)")
            print("The station's log: \(state.appendingPathComponent("station.log").path)")
            throw error
        }
        print("Demo: one car charged, \(await narrator.energyText) delivered and accounted for.")
    }

    private func introduce() {
        let wires =
            isDirect
            ? """
              lines      GPIO, PWM and ADC on a simulated chip: pilot, contactors, voltages
              power      modules or a cabinet, as the board has them, on their own protocol
              vehicle    a battery behind a communication module of the board's
            """
            : """
              lines      GPIO, PWM and ADC on a simulated chip: pilot, bolt, contactor, RDC-DD
            """
        print(
            """
            Forecourt demo: board \(board) on simulated hardware
              station    forecourt, with its control loop in forecourt-loop, OCPP 2.0.1
            \(wires)
              meter      read over the board's bus
              reader     PN532 on a pseudo-terminal, read by libnfc
              CSMS       the bench's own, over a WebSocket
            """)
    }

    private var vehicle: JSONValue {
        guard isDirect else { return ["phases": 1, "maxCurrent": 32, "batteryWh": 60000] }
        return [
            "batteryWh": 90_000, "soc": .number(JSONNumber(35, fractionDigits: 2)),
            "dc": ["maxCurrent": 250],
        ]
    }

    private func charge(_ bench: CaseContext, _ narrator: Narrator) async throws {
        await narrator.say("The station starts and reports to the CSMS")
        try await bench.boot()
        await narrator.pause()
        await narrator.say("A car is plugged in")
        try await bench.plug(vehicle)
        try await bench.expectStatus("Occupied")
        await narrator.pause()
        await narrator.say("The driver presents a card")
        try await bench.tap("04A2B3C4D5E6F7")
        let started = try await bench.expectTransaction("Started")
        let id = try bench.transactionID(started)
        if isDirect { await narrator.say("Cable check and precharge") }
        try await bench.expectTransaction(
            "Updated", charging: "Charging", within: .seconds(isDirect ? 90 : 20))
        await narrator.say("The car charges")
        try await narrator.plot(for: Milliseconds(chargingTime.count / 2))
        // Amperes of the output where that is direct current.
        let limit = isDirect ? 40 : 10
        await narrator.say("The CSMS limits this session to \(limit) A")
        try await bench.setProfile(
            chargingProfile(id: 1, purpose: "TxProfile", limit: limit, transaction: id), evse: 1,
            "Accepted")
        try await narrator.plot(for: Milliseconds(chargingTime.count / 2))
        await narrator.say("The driver presents the card again")
        try await bench.tap("04A2B3C4D5E6F7")
        let ended = try await bench.expectTransaction("Ended", within: .seconds(40))
        await narrator.note(started: started, ended: ended)
        await narrator.pause()
        await narrator.say("The car is unplugged")
        try await bench.unplug()
        try await bench.expectStatus("Available")
    }
}
