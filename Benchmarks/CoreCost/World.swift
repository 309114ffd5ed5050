import Charging
import EVSEModel
import JSON
import OCPP201
import StationCore

/// A station core in virtual time with vehicles that charge at every EVSE, and a CSMS that accepts
/// everything: enough to cost its steps, without threads, sockets or files.
struct World {
    private var core: StationCore
    private(set) var now = Instant(milliseconds: 1_000_000)
    private var image = LoopImage()
    private var outputs = [StationOutput]()
    private let evses: Int
    private var number = 0
    private var energy: Int64 = 0

    init(evses: Int) {
        self.evses = evses
        core = StationCore(
            configuration: StationCoreConfiguration(
                board: "cost",
                station: StationConfiguration(
                    evses: Array(repeating: EVSEConfiguration(), count: evses),
                    seed: IdentifierSeed(high: 1, low: 2)),
                identity: StationDescription(
                    vendor: "Forecourt", model: "Cost", serialNumber: "1", firmwareVersion: "1"),
                connection: ConnectionSettings(
                    identity: "CS1",
                    profiles: [
                        NetworkConnectionProfile(slot: 1, url: "ws://csms", securityProfile: 0)
                    ])), seed: 3)
        give(
            .started(
                StartContext(
                    stored: [:], wallClock: UnixTime(milliseconds: 1_767_225_600_000),
                    isRestartOfProcess: false)))
        for _ in 0..<5 { second() }
        for index in 0..<evses { plug(index) }
        for _ in 0..<3 { second() }
        for index in 0..<evses {
            request(
                "RequestStartTransaction",
                """
                {"idToken":{"idToken":"T\(index)","type":"Central"},"evseId":\(index + 1),\
                "remoteStartId":\(index + 1)}
                """)
        }
        for index in 0..<evses { energise(index) }
        for _ in 0..<5 { second() }
    }

    /// A whole second of a station that charges: the loop's image, a sample of each meter, the timer.
    mutating func second() {
        now = now + .seconds(1)
        energy += 2
        image.at = now
        image.cycle &+= 100
        image.evseCount = UInt8(evses)
        loopImage()
        for index in 0..<evses { meter(index) }
        give(.timer)
    }

    mutating func loopImage() { give(.loop(image)) }

    mutating func meter(_ index: Int) {
        var sample = MeterSample()
        sample.at = now
        sample.energyImport = WattHours(energy)
        sample.totalPower = Watts(7200)
        sample.valid = [.energyImport, .power]
        give(.meter(EVSEID(index: index), sample))
    }

    /// A request of the CSMS and everything that follows.
    mutating func request(_ action: String, _ payload: String) {
        number += 1
        give(.link(.received(Array("[2,\"q\(number)\",\"\(action)\",\(payload)]".utf8))))
    }

    private mutating func plug(_ index: Int) {
        image.evses[index].status.connectors[0].pilot = .b
        image.evses[index].status.connectors[0].isPlugged = true
    }

    private mutating func energise(_ index: Int) {
        image.evses[index].status.connectors[0].pilot = .c
        image.evses[index].status.contactor = .closed
        image.evses[index].status.offered = Amperes(32)
        image.evses[index].outputs.contactorClosed = true
    }

    private mutating func give(_ input: StationInput) {
        var inputs = [input]
        while !inputs.isEmpty {
            outputs.removeAll(keepingCapacity: true)
            core.handle(inputs.removeFirst(), at: now, into: &outputs)
            for output in outputs {
                switch output {
                case .connect: inputs.append(.link(.connected(subprotocol: "ocpp2.0.1")))
                case .send(let bytes): if let answer = Self.answer(bytes) { inputs.append(answer) }
                default: break
                }
            }
        }
    }

    /// The CSMS accepts everything that the station calls.
    private static func answer(_ bytes: [UInt8]) -> StationInput? {
        guard bytes.count > 1, bytes[1] == UInt8(ascii: "2") else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "\""), maxSplits: 4)
        guard parts.count > 3 else { return nil }
        let id = String(decoding: parts[1], as: UTF8.self)
        let payload =
            switch String(decoding: parts[3], as: UTF8.self) {
            case "BootNotification":
                #"{"currentTime":"2026-01-01T00:00:00Z","interval":86400,"status":"Accepted"}"#
            case "Heartbeat": #"{"currentTime":"2026-01-01T00:00:00Z"}"#
            case "Authorize": #"{"idTokenInfo":{"status":"Accepted"}}"#
            default: "{}"
            }
        return .link(.received(Array("[3,\"\(id)\",\(payload)]".utf8)))
    }
}
