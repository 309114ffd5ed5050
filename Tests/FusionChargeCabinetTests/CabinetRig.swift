import DriverKit
import DriverTestKit
import EVSEModel
import FusionChargeCabinet
import Plant

/// The dispenser's session against the simulated cabinet in virtual time: no socket, no clock, bytes and frames
/// passed by hand.
struct CabinetRig {
    var session: DispenserSession
    var cabinet: FusionCabinet
    var stages: [PowerStage]
    var now = Instant(milliseconds: 1_000_000)
    var inputs: [OutletInput]
    /// Frames of the power channel that get lost, each way.
    var losesRequests = false
    var losesAnswers = false
    /// The connection stands.
    private(set) var isLinked = false
    static let unixTime: Int64 = 1_800_000_000_000

    init(
        outlets: Int = 1, identity: DispenserSession.Identity = .init(), cabinetOutlets: Int? = nil
    ) {
        let count = cabinetOutlets ?? outlets
        session = DispenserSession(identity, outlets: outlets)
        cabinet = FusionCabinet(outlets: count)
        stages = Array(repeating: PowerStage(rating: .init()), count: count)
        inputs = (0..<outlets).map { _ in
            OutletInput(
                command: PowerSourceCommand(), reading: OutletReading(), isHeard: true)
        }
    }

    mutating func link() {
        cabinet.connected(1, at: now.nanoseconds)
        session.linked(at: now, macAddress: [2, 0, 0, 0, 0, 9])
        isLinked = true
    }
    mutating func unlink() {
        cabinet.disconnected(1, at: now.nanoseconds)
        session.unlinked(at: now)
        isLinked = false
    }

    /// One round of both ends at once.
    mutating func round() throws {
        cabinet.step(at: now.nanoseconds, stages: &stages)
        // What a bus holds on its way: a few messages each way.
        for _ in 0..<8 where isLinked {
            let asked = cabinet.takeModbus(1, at: now.nanoseconds)
            guard !asked.isEmpty else { break }
            let answers = try session.receive(modbus: asked, at: now)
            cabinet.receive(modbus: answers, from: 1, at: now.nanoseconds)
        }
        session.step(inputs, at: now, unixTime: Self.unixTime)
        if isLinked {
            let reports = session.reports()
            cabinet.receive(modbus: reports, from: 1, at: now.nanoseconds)
        }
        for frame in session.frames(at: now) where !losesRequests {
            cabinet.receive(goose: frame, from: 0, at: now.nanoseconds, stages: &stages)
        }
        for answer in cabinet.takeGoose() where !losesAnswers {
            session.receive(goose: answer.bytes, at: now)
        }
    }

    mutating func run(_ time: Milliseconds) throws {
        let end = now + time
        while now < end {
            try round()
            now = now + Milliseconds(10)
        }
    }

    // MARK: The outlet

    mutating func plug(_ outlet: Int = 0, _ isPlugged: Bool = true) {
        inputs[outlet].reading.isPlugged = isPlugged
        inputs[outlet].reading.phase = isPlugged ? .plugged : .idle
    }
    mutating func want(
        _ purpose: PowerSourceCommand.Purpose, _ voltage: Int32 = 0, _ current: Int32 = 0,
        isOn: Bool = true, outlet: Int = 0
    ) {
        inputs[outlet].command.purpose = purpose
        inputs[outlet].command.isOn = isOn
        inputs[outlet].command.voltage = Volts(voltage)
        inputs[outlet].command.current = Amperes(current)
        switch purpose {
        case .none: break
        case .reserve: inputs[outlet].reading.phase = .authorizing
        case .cableCheck: inputs[outlet].reading.phase = .cableCheck
        case .preCharge: inputs[outlet].reading.phase = .preCharge
        case .transfer: inputs[outlet].reading.phase = .transfer
        }
    }
    /// Plugged in, key and reservation done.
    mutating func begin(_ outlet: Int = 0) throws {
        if !isLinked { link() }
        try run(.seconds(1))
        plug(outlet)
        try run(.seconds(1))
    }
    func sample(_ outlet: Int = 0) -> PowerSourceSample {
        session.sample(outlet, inputs[outlet].reading, at: now)
    }
}
