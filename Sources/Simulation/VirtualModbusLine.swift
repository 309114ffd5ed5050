import EVSEController
import EVSEModel
import FieldBus
import ModbusEnergyMeter
import Plant

/// The line to a Modbus unit in virtual time: the registers that the plant's firmware answers with, under the bus's rules for what fails. It never waits.
///
/// What a fault of the wire does to a reply is decided here; the bytes themselves are other tests'
/// subject.
final class VirtualModbusLine: ControllerLine, SigningLine {
    private unowned let station: SimulatedStation
    private let device: String
    private let bus: String
    private let unit: UInt8
    private let retries: Int
    private let replyTimeout: Milliseconds
    private var units: BusUnits
    private var health = ModbusUnitHealth()

    init(
        _ device: String, unit: Int, _ bus: PlantPlan.SerialBus, retries: Int,
        replyTimeout: Milliseconds, of station: SimulatedStation
    ) {
        self.station = station
        self.device = device
        self.bus = bus.name
        self.unit = UInt8(truncatingIfNeeded: unit)
        self.retries = retries
        self.replyTimeout = replyTimeout
        units = BusUnits(bus, plan: station.world.plan)
    }

    /// The process that has the bus starts anew.
    func restart() { health = ModbusUnitHealth() }

    var place: String { "Modbus address \(unit) on bus \(bus)" }

    func exchange(
        _ request: ModbusRequest, evenAtRest: Bool
    ) async throws(FieldBusError) -> ModbusReply {
        guard evenAtRest || !health.rests(at: station.now()) else {
            throw FieldBusError(.resting, bus: bus, "\(place) rests", remedy: "")
        }
        let tries = health.isDead && !evenAtRest ? 1 : 1 + retries
        var failure: FieldBusError?
        for _ in 0..<tries {
            switch attempt(request) {
            case .success(let registers):
                health.replied()
                return ModbusReply(
                    registers: registers, at: station.now(), microseconds: 0, frame: [])
            case .failure(let error): failure = error
            }
            // The same request may succeed a moment later where the device is busy.
            if let failure, !failure.isBusy { break }
        }
        let error =
            failure ?? FieldBusError(.noReply, bus: bus, "\(place) does not answer", remedy: "")
        if error.code == .exception { health.replied() } else { health.failed(at: station.now()) }
        throw error
    }

    func exchange(_ request: ModbusRequest) async throws(FieldBusError) -> ModbusReply {
        try await exchange(request, evenAtRest: false)
    }

    private func attempt(_ request: ModbusRequest) -> Result<[UInt16], FieldBusError> {
        func fail(
            _ code: FieldBusError.Code, _ what: String, _ exception: UInt8? = nil
        ) -> Result<[UInt16], FieldBusError> {
            .failure(
                FieldBusError(code, bus: bus, "\(place) \(what)", remedy: "", exception: exception))
        }
        guard station.world.faultsByDevice[bus]?.has(.absent) != true else {
            return fail(.hungUp, "is behind a port that hung up")
        }
        guard let data = request.data else { return fail(.invalidRequest, "cannot be asked that") }
        let answer = units.reply(
            to: [unit, request.function] + data, at: station.instant, world: &station.world)
        guard let answer else { return fail(.noReply, "does not answer") }
        if !answer.faults.isEmpty { station.world.countReply(of: device) }
        if answer.faults.spoilReplies(within: replyTimeout) {
            return fail(.badReply, "gives no reply that counts")
        }
        switch request.registers(of: answer.body.dropFirst()) {
        case .success(let registers): return .success(registers)
        case .failure(.exception(let code)):
            return fail(.exception, "answers with exception \(code)", code)
        case .failure(.malformed(let why)): return fail(.badReply, "replies \(why)")
        }
    }
}

extension FieldBusError {
    /// Worth another try: no reply, a bad one, or one that says "busy".
    fileprivate var isBusy: Bool {
        code == .exception ? exception == 5 || exception == 6 : code != .hungUp
    }
}

extension DeviceFaults {
    /// The driver's bus takes no reply under these.
    func spoilReplies(within timeout: Milliseconds) -> Bool {
        guard !isEmpty else { return false }
        let fatal: [FaultKind] = [
            .silent, .garbled, .wrongUnit, .truncated, .noise, .chatter, .echo, .extra, .reset,
        ]
        if fatal.contains(where: has) { return true }
        return value(.slow).map { $0 >= timeout.double } ?? false
    }
}
