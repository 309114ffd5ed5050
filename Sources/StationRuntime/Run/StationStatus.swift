import BoardFile
import EVSEModel
import Foundation
import JSON
import LoopRuntime
import SharedImage

/// `GET /local/v1/status`: the core's view, and what the shell knows beside it.
struct StationStatus: Sendable {
    let thread: StationThread
    let image: SharedImage
    let board: BoardPlan
    let drivers: [DeviceHost]
    let supervisor: LoopSupervisor
    let mailbox: StationMailbox
    private let startedAt = SystemClock.now()

    init(
        thread: StationThread, image: SharedImage, board: BoardPlan, drivers: [DeviceHost],
        supervisor: LoopSupervisor, mailbox: StationMailbox
    ) {
        self.thread = thread
        self.image = image
        self.board = board
        self.drivers = drivers
        self.supervisor = supervisor
        self.mailbox = mailbox
    }

    /// `nil` once the station ends.
    func json() async -> JSONValue? {
        let core = await thread.ask { engine in engine.machine.status(at: engine.now) }
        guard var status = core?.object else { return nil }
        status["version"] = .string(ForecourtVersion.text)
        status["process"] = JSONValue(getpid())
        status["uptimeMs"] = JSONValue((SystemClock.now() - startedAt).count)
        let loop = image.loop()
        status["loop"] = loopStatus(loop)
        let dc = image.dc()
        status["evses"] = .array(
            (status["evses"]?.array ?? []).map { withPower($0, loop, dc) })
        status["feed"] = [
            "limitA": Self.number(board.feed.limit),
            "phases": JSONValue(Int(board.feed.phases)),
            // When an EVSE gets more of what has become free, and when one that was paused.
            "raiseDwellMs": JSONValue(board.feed.sharing.raiseDwell.count),
            "resumeDwellMs": JSONValue(board.feed.sharing.resumeDwell.count),
        ]
        if let loop, board.feed.supply.changes { status["supply"] = supplyStatus(loop.supply) }
        status["devices"] = .array(drivers.map(device))
        status["refusedInputs"] = JSONValue(mailbox.refused)
        return .object(status)
    }

    private func loopStatus(_ loop: LoopImage?) -> JSONValue {
        var object: JSONObject = [:]
        object["process"] = supervisor.process.map { JSONValue($0) } ?? .null
        guard let loop else { return .object(object) }
        object["cycle"] = JSONValue(loop.cycle)
        object["starts"] = JSONValue(loop.starts)
        object["deadlineMisses"] = JSONValue(loop.deadlineMisses)
        object["hasRealTimePriority"] = .bool(loop.hasRealTimePriority)
        object["stationIsSilent"] = .bool(loop.stationIsSilent)
        object["ageMs"] = JSONValue((SystemClock.now() - loop.at).count)
        return .object(object)
    }

    /// What bounds the station as a whole.
    private func supplyStatus(_ supply: SupplyStatus) -> JSONValue {
        var object: JSONObject = [
            "allowedA": .array((0..<3).map { Self.number(supply.allowed[$0]) })
        ]
        if supply.allowedInAll.raw < .max {
            object["allowedInAllA"] = Self.number(supply.allowedInAll)
        }
        let plan = board.feed.supply
        if plan.house.isMeasured {
            object["house"] = [
                "isStale": .bool(supply.houseIsStale),
                "fallbackA": Self.number(plan.house.fallback),
                "raiseDwellMs": JSONValue(plan.house.raiseDwell.count),
                "drawnA": .array((0..<3).map { Self.number(supply.house.current[$0]) }),
                "powerW": Self.number(supply.house.totalPower),
                "ageMs": supply.house.at > .zero
                    ? JSONValue((SystemClock.now() - supply.house.at).count) : .null,
            ]
        }
        if plan.dimming.isFitted { object["isDimmed"] = .bool(supply.isDimmed) }
        if plan.external.isServed {
            object["energyManagerIsSilent"] = .bool(supply.externalIsSilent)
        }
        return .object(object)
    }

    private func withPower(_ value: JSONValue, _ loop: LoopImage?, _ dc: DCImage?) -> JSONValue {
        guard var object = value.object, let number = object["evse"]?.int,
            let evse = EVSEID(number), let loop
        else { return value }
        let status = loop.evses[evse.index].status
        object["power"] = [
            "phase": .string("\(status.phase)"), "contactor": .string("\(status.contactor)"),
            "offeredA": Self.number(status.offered), "limitA": Self.number(status.limit),
            "limitedBy": .string("\(status.limitCause)"), "phases": JSONValue(status.phases),
            "faults": .array(status.allFaults.map { .string("\($0)") }),
        ]
        object["connectors"] = .array(
            (object["connectors"]?.array ?? []).map { connector in
                guard var object = connector.object, let number = object["connector"]?.int,
                    (1...StationBounds.connectorsPerEVSE).contains(number)
                else { return connector }
                let status = status.connectors[number - 1]
                object["pilot"] = .string("\(status.pilot)".uppercased())
                object["cable"] = .string("\(status.cable)")
                object["bolt"] = .string("\(status.bolt)")
                object["dutyPercent"] = Self.number(status.duty)
                if let temperature = status.temperature {
                    object["temperatureC"] = Self.number(temperature)
                }
                return .object(object)
            })
        if let direct = directCurrent(evse, dc) { object["directCurrent"] = direct }
        if let sample = image.meter(evse) {
            object["meter"] = [
                "energyWh": Self.number(sample.energyImport),
                "powerW": Self.number(sample.totalPower),
                "currentA": Self.number(sample.current[0]),
                "voltageV": Self.number(sample.voltage[0]),
                "ageMs": JSONValue((SystemClock.now() - sample.at).count),
            ]
        }
        return .object(object)
    }

    private func device(_ host: DeviceHost) -> JSONValue {
        let faults = host.held
        return [
            "device": .string(host.device.name), "isWell": .bool(faults.isEmpty),
            "faults": .array(
                faults.keys.sorted { $0.rawValue < $1.rawValue }.map {
                    ["fault": .string("\($0)"), "detail": .string(faults[$0] ?? "")]
                }),
        ]
    }

    static func number(_ value: some Quantity) -> JSONValue {
        var digits = 0
        var unit = Int64(type(of: value).rawPerUnit)
        while unit >= 10 {
            unit /= 10
            digits += 1
        }
        return .number(JSONNumber(Int64(value.raw), fractionDigits: digits))
    }
}
