internal import EVSEModel
internal import Synchronization

/// A Modbus line or connection: one thread, one request outstanding, rules for everything that goes
/// wrong.
///
/// - A request that fails is repeated at most ``ModbusSettings/retries`` times, here and nowhere
///   else; a device that says "busy" is given 50 ms, then 100 ms.
/// - After an error the line is dirty: the next request waits out the unit's worst reply time, throws
///   away what came, and only then goes out. A late reply is never taken for the next one.
/// - Another unit's frame is ignored while the time runs on.
/// - A unit that failed ``ModbusUnitHealth/failuresToRest`` requests rests between single tries.
/// - A port or connection that hangs up is opened again at the next request, at growing intervals.
///
/// All calls are safe from any thread.
public final class ModbusBus: Sendable {
    public let name: String
    public let endpoint: ModbusEndpoint
    public let settings: ModbusSettings
    /// Executor of the drivers on this bus.
    public let thread: BusThread

    private struct UnitState {
        var health = ModbusUnitHealth()
        var statistics = ModbusStatistics()
        var lastExchange = Instant.zero
    }
    private struct Shared {
        var units = [UInt8: UnitState]()
    }
    private let shared = Mutex(Shared())
    /// Touched on `thread` only: every use is inside a body that the thread runs.
    private nonisolated(unsafe) let master: any ModbusMaster

    /// Opens nothing: the port or connection is opened by the first request.
    ///
    /// - Parameter tap: called on the bus thread for all bytes that cross the wire.
    public init(
        name: String, endpoint: ModbusEndpoint, settings: ModbusSettings = ModbusSettings(),
        tap: WireTap? = nil
    ) {
        self.name = name
        self.endpoint = endpoint
        self.settings = settings
        thread = BusThread(name: name)
        master =
            switch endpoint {
            case .serial(let serial):
                ModbusLineMaster(bus: name, serial: serial, settings: settings, tap: tap)
            case .tcp(let socket):
                ModbusSocketMaster(
                    bus: name, socket: socket, framing: .transactions, settings: settings, tap: tap)
            case .rtuOverTCP(let socket):
                ModbusSocketMaster(
                    bus: name, socket: socket, framing: .checkSums, settings: settings, tap: tap)
            }
    }

    public convenience init(
        name: String, serial: SerialSettings, settings: ModbusSettings = ModbusSettings(),
        tap: WireTap? = nil
    ) {
        self.init(name: name, endpoint: .serial(serial), settings: settings, tap: tap)
    }

    /// One request, with its retries.
    ///
    /// - Parameter evenAtRest: ask a unit although it is taken for dead (tools, identification).
    public func exchange(
        _ request: ModbusRequest, with unit: ModbusUnit, priority: BusPriority = .metering,
        evenAtRest: Bool = false
    ) async throws(FieldBusError) -> ModbusReply {
        let isDead = try admit(unit, evenAtRest: evenAtRest)
        // A unit that is taken for dead gets a single try: it costs the others least.
        let retries = isDead ? 0 : max(0, unit.retries ?? settings.retries)
        var attempt = 0
        while true {
            try await pause(before: unit)
            do throws(FieldBusError) {
                let reply = try await attemptOnce(
                    request, unit, priority, isRetry: attempt > 0)
                shared.withLock { $0.units[unit.address, default: UnitState()].health.replied() }
                return reply
            } catch {
                guard isWorthRepeating(error), attempt < retries else {
                    throw conclude(error, unit, tries: attempt + 1)
                }
                if error.code == .exception {
                    try await sleep(Milliseconds(50 << Int64(min(attempt, 4))))
                }
                attempt += 1
            }
        }
    }

    /// Reads consecutive registers.
    public func read(
        _ table: ModbusTable, at address: UInt16, count: Int, from unit: ModbusUnit,
        priority: BusPriority = .metering, evenAtRest: Bool = false
    ) async throws(FieldBusError) -> ModbusReply {
        try await exchange(
            .read(table, at: address, count: count), with: unit, priority: priority,
            evenAtRest: evenAtRest)
    }

    /// What was counted of one unit; zeros where it was never asked.
    public func statistics(of address: UInt8) -> ModbusStatistics {
        shared.withLock { $0.units[address]?.statistics ?? ModbusStatistics() }
    }

    public func health(of address: UInt8) -> ModbusUnitHealth {
        shared.withLock { $0.units[address]?.health ?? ModbusUnitHealth() }
    }

    /// Closes the port; waiting and later requests fail with `closed`. May be called twice.
    public func close() async {
        // Nothing can be lost here: the port is closed either now, or with the last reference.
        try? await thread.run(.safety) { [self] in master.close() }
        thread.stop()
    }

    // MARK: Parts of an exchange

    /// - Returns: whether the unit is taken for dead.
    private func admit(_ unit: ModbusUnit, evenAtRest: Bool) throws(FieldBusError) -> Bool {
        let health = health(of: unit.address)
        guard evenAtRest || !health.rests(at: MonotonicClock.now()) else {
            throw FieldBusError(
                .resting, bus: name,
                "Modbus address \(unit.address) on bus \(name) has failed \(health.failures) requests in a row and rests",
                remedy: "Check its supply and wiring; it is asked again every few seconds.")
        }
        return health.isDead && !evenAtRest
    }

    private func pause(before unit: ModbusUnit) async throws(FieldBusError) {
        guard unit.pause > .zero else { return }
        let last = shared.withLock { $0.units[unit.address]?.lastExchange ?? .zero }
        let left = last + unit.pause - MonotonicClock.now()
        if left > .zero { try await sleep(left) }
    }

    private func sleep(_ time: Milliseconds) async throws(FieldBusError) {
        do {
            try await Task.sleep(for: .milliseconds(time.count), clock: .continuous)
        } catch {
            throw .closed(bus: name)
        }
    }

    private func attemptOnce(
        _ request: ModbusRequest, _ unit: ModbusUnit, _ priority: BusPriority, isRetry: Bool
    ) async throws(FieldBusError) -> ModbusReply {
        let timeout = unit.replyTimeout ?? settings.replyTimeout
        let result = try await thread.run(priority) { [self] in
            let known = shared.withLock { $0.units[unit.address]?.statistics.worstReply ?? 0 }
            // Chosen: twice the time-out, or the worst that this unit has shown.
            let worst = max(timeout + timeout, Milliseconds(known / 1000 + 10))
            let outcome = master.exchange(
                request, with: unit.address, timeout: timeout, worstReply: worst)
            count(outcome, of: unit.address, isRetry: isRetry)
            return outcome.result
        }
        return try result.get()
    }

    private func count(_ outcome: ModbusOutcome, of address: UInt8, isRetry: Bool) {
        shared.withLock { shared in
            var unit = shared.units[address, default: UnitState()]
            unit.lastExchange = MonotonicClock.now()
            unit.statistics.requests += 1
            unit.statistics.retries += isRetry ? 1 : 0
            unit.statistics.discardedBytes += outcome.discardedBytes
            unit.statistics.foreignReplies += outcome.foreignReplies
            unit.statistics.reopenings += outcome.reopened ? 1 : 0
            switch outcome.result {
            case .success(let reply):
                unit.statistics.replies += 1
                unit.statistics.replyTimes.record(microseconds: reply.microseconds)
                unit.statistics.worstReply = max(unit.statistics.worstReply, reply.microseconds)
            case .failure(let error):
                unit.statistics.errors[error.code, default: 0] += 1
            }
            shared.units[address] = unit
            if let late = outcome.lateReply {
                let worst = shared.units[late.unit]?.statistics.worstReply ?? 0
                shared.units[late.unit, default: UnitState()].statistics.worstReply =
                    max(worst, late.microseconds)
            }
        }
    }

    /// Books a request that failed for good, and says how often it was tried.
    private func conclude(_ error: FieldBusError, _ unit: ModbusUnit, tries: Int) -> FieldBusError {
        switch error.code {
        case .noReply, .badReply:
            shared.withLock {
                $0.units[unit.address, default: UnitState()].health.failed(at: MonotonicClock.now())
            }
        case .exception:
            shared.withLock { $0.units[unit.address, default: UnitState()].health.replied() }
        default: break
        }
        guard tries > 1 else { return error }
        return FieldBusError(
            error.code, bus: error.bus, "\(error.what), \(tries) tries", remedy: error.remedy,
            exception: error.exception)
    }
}

extension ModbusBus {
    /// Whether the same request may well succeed a moment later.
    private func isWorthRepeating(_ error: FieldBusError) -> Bool {
        switch error.code {
        case .noReply, .badReply: true
        case .exception: error.exception == 5 || error.exception == 6
        // A connection is made anew at once; a serial adapter that was pulled is not.
        case .hungUp: endpoint.isSocket
        default: false
        }
    }
}
