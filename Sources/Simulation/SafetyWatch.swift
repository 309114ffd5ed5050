import EVSEModel
import Plant

/// Whether what a safety controller is permitted has somebody behind it, judged from the frames on its
/// line, the loop's image and the plant's contactor alone.
///
/// Frames are read with the plant's code, not the driver's.
struct SafetyWatch {
    private let index: Int
    private let device: String
    /// Silence after which the controller ends by itself (T2 of docs/safety-controller-protocol.md), and
    /// what the station may take to notice that it does not live.
    private let silence: Int64
    private let maximumAge: Int64
    private(set) var problem: String?

    /// World time of the newest permission; `nil` where the newest command permits nothing.
    private var permittedAt: Int64?
    private var lastPermission: Int64 = .min / 2
    /// What its control task counted last, since when, and in how many answers.
    private var pulse: (cycle: Int, since: Int64, answers: Int)?
    /// When the controller last had a fault.
    private var disturbedAt: Int64 = .min / 2

    /// The loop's image counts for so long: half a second (section 8), a round of the driver's, and a
    /// starved loop's late cycle.
    private static let freshness: Int64 = 1_000_000_000
    /// A vehicle's time to end (T7), the contact's (T5), and a step of the simulation.
    private static let ending: Int64 = 6_600_000_000
    /// Answers with the same count of rounds before that says something.
    private static let fewestAnswers = 6
    /// Faults delay what the controller does by up to a minute.
    private static let aftermath: Int64 = 75_000_000_000

    init(_ index: Int, device: String, silence: Milliseconds, maximumAge: Milliseconds) {
        self.index = index
        self.device = device
        self.silence = silence.count * 1_000_000
        self.maximumAge = maximumAge.count * 1_000_000
    }

    private mutating func fail(_ text: String) { problem = problem ?? text }

    // MARK: The line

    /// A frame of the station.
    mutating func told(_ bytes: [UInt8], _ station: SimulatedStation) {
        for encoded in bytes.split(separator: 0) {
            guard let packet = SafetyCode.packet(Array(encoded)), packet.count >= 10,
                packet[0] == 0x03
            else { continue }
            let isPermitted = packet[7] == SafetyWorld.Permission.permit.rawValue
            permittedAt = isPermitted ? station.instant : nil
            guard isPermitted else { continue }
            lastPermission = station.instant
            judge(limit: Double(Int(packet[8]) + 256 * Int(packet[9])) / 10, station)
        }
    }

    private mutating func judge(limit: Double, _ station: SimulatedStation) {
        let image = station.view.image
        let isLoopFresh =
            station.view.isThere
            && (station.loop != nil
                || station.now().nanoseconds - image.at.nanoseconds <= Self.freshness)
        guard isLoopFresh else { return fail("permits \(limit) A though no loop wants that") }
        let evse = image.evses[index]
        let wanted =
            evse.outputs.connectors[0].pilot == .pwm ? evse.status.offered.double : 0
        if limit > wanted + 0.05 {
            fail("permits \(limit) A where the loop offers \(wanted) A")
        }
        if let pulse, pulse.answers >= Self.fewestAnswers,
            station.instant - pulse.since > maximumAge + Self.freshness
        {
            let seconds = (station.instant - pulse.since) / 1_000_000_000
            fail("permits \(limit) A though the control task has stood still for \(seconds) s")
        }
    }

    /// A frame of the controller, as it leaves it.
    mutating func answered(_ bytes: [UInt8], _ station: SimulatedStation) {
        for encoded in bytes.split(separator: 0) {
            guard let packet = SafetyCode.packet(Array(encoded)), packet.count >= 7 + 39,
                packet[0] == 0x83
            else { continue }
            let cycle = Int(packet[7 + 33]) + 256 * Int(packet[7 + 34])
            if pulse?.cycle == cycle {
                pulse?.answers += 1
            } else {
                pulse = (cycle, station.instant, 1)
            }
        }
    }

    /// What was told last was repeated until then.
    mutating func repeated(until instant: Int64) {
        guard permittedAt != nil else { return }
        permittedAt = instant
        lastPermission = instant
    }

    // MARK: After a step

    /// - Returns: what is wrong.
    mutating func look(_ station: SimulatedStation) -> String? {
        if station.world.faultsByDevice[device]?.isEmpty == false { disturbedAt = station.instant }
        if let safety = station.world.evses[index].safety, safety.isCoilOn,
            station.instant - disturbedAt > Self.aftermath,
            station.instant - lastPermission > silence + Self.ending
        {
            let seconds = (station.instant - lastPermission) / 1_000_000_000
            fail("the coil is on, \(seconds) s after the last permission")
        }
        return problem
    }
}
