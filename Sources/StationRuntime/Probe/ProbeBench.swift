import BoardFile
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import Store

/// One board with its end points, real or simulated, for tools that talk to one device alone.
final class ProbeBench {
    let board: BoardPlan
    let endPoints: EndPoints
    /// Bytes of the wires since they were last taken.
    let wires = WireNotes()
    private(set) var buses: Buses
    private let plant: RunningPlant?
    private let folder: String?
    private var cards: CardBench?

    enum Hardware {
        case real
        /// Simulated hardware of its own, which ends with the tool.
        case simulated
        /// The wires' folder of simulated hardware that runs already.
        case wires(String)
    }

    /// - Throws: ``RunError``, ``WireError``.
    init(_ board: BoardPlan, on hardware: Hardware) throws {
        self.board = board
        switch hardware {
        case .real:
            (endPoints, plant, folder) = (.real, nil, nil)
        case .wires(let path):
            guard FileManager.default.fileExists(atPath: path + "/chip") else {
                throw RunError(
                    .noInput, "no simulated hardware at \(path)",
                    remedy:
                        "name the wires folder of a running `forecourt plant`, or use --simulate")
            }
            (endPoints, plant, folder) = (.simulated(wires: path), nil, nil)
        case .simulated:
            let folder = FileManager.default.temporaryDirectory
                .appendingPathComponent("forecourt-probe-\(getpid())").path
            let plan = board.plantPlan(
                wires: folder + "/wires", registers: folder + "/plant.registers")
            plant = try RunningPlant(plan)
            self.folder = folder
            endPoints = .simulated(wires: plan.wires)
        }
        let wires = wires
        buses = Buses(board, endPoints) { wires.add($0) }
    }

    /// Runs the body while nobody here has a Modbus bus's port open.
    func withPortFree<Value>(
        of bus: ModbusBus, _ body: () async throws -> Value
    ) async rethrows -> Value {
        await bus.close()
        defer { buses.renew(bus.name) }
        return try await body()
    }

    /// A device on lines, opened alone; the cards on which its lines are start to work.
    func lines(of device: BoardDevice) throws -> LineProbe {
        let names = Set(board.lines.filter { $0.device == device.id }.map(\.bus))
        for (number, id) in board.cards.enumerated() where names.contains(id.name) {
            guard let card = board.device(id) else { continue }
            let bench = try cards ?? CardBench()
            cards = bench
            try bench.start(card, number: number, bus: card.bus.flatMap { buses[$0] })
        }
        return try LineProbe(device, board, endPoints, cards: cards?.image)
    }

    /// Ports closed, simulated hardware gone.
    func close() async {
        await cards?.close()
        await buses.close()
        plant?.stop()
        if let folder { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// What can be read on a simulated display; nothing on real hardware.
    func lines(on display: DeviceID) -> [String] {
        plant?.host.with { world in
            world.displays.first { $0.plan.device == display.name }?.lines
        } ?? []
    }

    var isReal: Bool { endPoints == .real }

    /// A driver for one device on a bus of messages, made but not configured.
    func driver(of device: BoardDevice) throws -> any BusDriver {
        guard let plugin = device.plugin as? any BusPlugin.Type else {
            throw RunError(.usage, "\(device.id) is no device on a bus of messages", remedy: "")
        }
        let host = ProbeHost(device: device.id, bus: device.bus.flatMap { buses[$0] })
        return try plugin.make(device.configuration, host: host)
    }

    /// Keeps a station from starting on the board while its lines are open here.
    ///
    /// - Throws: ``RunError`` where a station runs on it.
    func claim(state: String?) throws -> [StateLock] {
        var folders = [state ?? StateDirectory.standardPath(board: board.name)]
        if case .simulated(let wires) = endPoints { folders.append(wires + "/..") }
        var locks = [StateLock]()
        for folder in folders where FileManager.default.fileExists(atPath: folder) {
            do {
                locks.append(try StateLock(directory: folder))
            } catch {
                throw RunError(
                    .busy, "a station runs on this board: \(error.what)",
                    remedy: "end it first; outputs have one master")
            }
        }
        return locks
    }
}

/// What a probed driver sees of a station: the time, its bus, and nobody who listens.
private struct ProbeHost: DriverHost {
    let device: DeviceID
    let bus: (any Sendable)?
    func now() -> Instant { MonotonicClock.now() }
    func publish(_ sample: MeterSample) {}
    func publish(_ token: PresentedToken) {}
    func publish(_ sample: ControllerSample) {}
    var command: ControllerCommand { ControllerCommand() }
    func fault(_ fault: Fault, holds: Bool, _ detail: String) {}
    func log(_ level: DriverLogLevel, _ message: StaticString, _ metadata: [String: String]) {
        guard level != .debug else { return }
        let words = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let line = "\(device): \(message) \(words.joined(separator: " "))\n"
        FileHandle.standardError.write(Data(line.utf8))
    }
}
