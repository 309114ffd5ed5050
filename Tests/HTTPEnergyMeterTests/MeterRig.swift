import DriverTestKit
import EVSEModel
import FieldBus
import HTTPEnergyMeter
import Plant
import Testing

/// The plant's meter without a socket: requests go into its line's bytes, replies come out of them. The
/// world's time is the driver's, and goes on only where a test says so.
final class PlantLine: HTTPLine {
    private var world: PlantWorld
    private var device: HTTPMeterLine
    private(set) var now = Instant(milliseconds: 1_000_000)
    private(set) var calls = [String]()
    /// Wh.
    private var energy = 1000.0
    private var amperes = 0.0

    init(_ model: String) {
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        var bus = PlantPlan.SerialBus(name: "meter", baud: 9600)
        bus.transport = .http
        plan.buses = [bus]
        plan.meters = [.init(device: "meter-1", bus: "meter", unit: 1, model: model, evse: 1)]
        world = PlantWorld(plan, at: now)
        device = HTTPMeterLine(bus, plan: plan)
        feed()
    }

    func call(_ call: HTTPCall) async throws(FieldBusError) -> HTTPReply {
        calls.append("\(call.method.rawValue) \(call.path)")
        device.receive(call.bytes(host: "192.168.4.31"), at: now.nanoseconds, world: &world)
        var bytes = [UInt8]()
        while let due = device.deadline {
            bytes += device.transmissions(at: due, world: &world).flatMap(\.bytes)
        }
        var reader = HTTPReplyReader()
        do throws(HTTPReplyReader.Problem) {
            if let content = try reader.take(bytes) {
                return HTTPReply(status: content.status, body: content.body, at: now)
            }
        } catch {
            throw FieldBusError(.badReply, bus: "meter", error.what, remedy: "")
        }
        throw FieldBusError(.noReply, bus: "meter", "no reply", remedy: "")
    }

    private func feed() {
        world.feed("meter-1", voltage: 400, currents: [amperes], frequency: 0, wattHours: energy)
    }

    func pass(_ time: Milliseconds) {
        now = now + time
        energy += 400 * amperes * Double(time.count) / 3_600_000
        feed()
    }
    func flow(_ amperes: Double) {
        self.amperes = amperes
        feed()
    }
    func count(_ energy: Double) {
        self.energy = energy
        feed()
    }
    func raise(_ fault: String, _ value: Double? = nil) throws {
        var request = FaultRequest(device: "meter-1", fault: fault)
        request.value = value
        _ = try world.raise(request)
    }
    func clearFaults() { _ = world.clearAll() }
    /// Records that the meter could give so far.
    var made: Int { world.meters[0].signing?.made ?? 0 }
    var isRunning: Bool { world.meters[0].signing?.isRunning ?? false }
    /// As the meter made it.
    var newest: [UInt8] { world.meters[0].signing?.newest ?? [] }
}

/// A dialogue with that meter, stepped as the driver steps it.
final class DialogueRig {
    let line: PlantLine
    let talk: any MeterTalk
    private(set) var dialogue: TransactionDialogue
    private static let limits = TransactionDialogue.Limits(
        idleCurrent: 0.5, endTimeout: .seconds(25))

    init(_ model: String) async throws {
        line = PlantLine(model)
        talk = Self.talk(model, line)
        dialogue = TransactionDialogue(talk, Self.limits)
        _ = try await talk.identify(at: line.now)
    }

    static func talk(_ model: String, _ line: PlantLine) -> any MeterTalk {
        model == "dcbm"
            ? DCBMTalk(MeterExchange(line), tariff: 0, cable: 0) : IEMTalk(MeterExchange(line))
    }

    /// A driver that knows nothing of what the first one did.
    func restart() { dialogue = TransactionDialogue(talk, Self.limits) }

    static func subject(_ name: String, token: String = "04A2B3C4") -> SigningSubject {
        SigningSubject(
            transaction: name, token: token, tokenKind: "ISO14443", chargePoint: "CS-1 1",
            timeOffset: 1_709_640_000_000)
    }

    func order(_ wish: SigningOrder.Wish, taken: UInt64? = nil) {
        dialogue.order = SigningOrder(wish, taken: taken)
    }

    /// Steps until a report fits; the clock goes on 200 ms a step.
    func wait<Result>(
        steps: Int = 60, for fits: (SigningReport) -> Result?
    ) async throws -> Result? {
        for _ in 0..<steps {
            let reading = try await talk.read()
            if let report = try await dialogue.work(reading, at: line.now),
                let found = fits(report)
            {
                return found
            }
            line.pass(Milliseconds(200))
        }
        return nil
    }

    func begin(_ name: String, taken: UInt64? = nil) async throws {
        order(.run(Self.subject(name), hasBegun: false), taken: taken)
        #expect(try await wait(for: begun) == name)
    }
    func end(_ name: String) async throws -> SignedRecord {
        order(.end(transaction: name))
        return try #require(try await wait(for: record))
    }
}

func record(_ report: SigningReport) -> SignedRecord? {
    if case .record(let record) = report { record } else { nil }
}
func begun(_ report: SigningReport) -> String? {
    if case .begun(let name) = report { name } else { nil }
}
func reason(_ report: SigningReport) -> String? {
    if case .failed(_, let reason) = report { reason } else { nil }
}
