internal import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// Talks to one simple cabinet: reads and writes by its map.
struct CabinetDialogue {
    let model: CabinetModel
    let bus: ModbusBus
    let unit: ModbusUnit

    var place: String { "Modbus address \(unit.address) on bus \(bus.name)" }

    /// What one outlet told.
    struct Outlet {
        var isOn = false
        var isFaulty = false
        var isAvailable = true
        var isDerated = false
        var numbers = [CabinetModel.Field: Double]()
        var fault: UInt16 = 0
        /// The command that it acts on.
        var sequence: UInt16?
    }
    /// What the cabinet told of itself.
    struct Station {
        var isReady = false
        var isFaulty = false
        var state: UInt16 = 0
        var alarms = [UInt16]()
        var beat: UInt16?
    }

    // MARK: Setting up

    /// Why it is another device than the model's; `nil` where it is not.
    func identify(evenAtRest: Bool = false) async throws(FieldBusError) -> String? {
        for question in model.identities {
            do throws(FieldBusError) {
                let number = try await read(question.address, 1, evenAtRest).first ?? 0
                guard question.range.contains(number) else {
                    return "says \(question.name) \(number), which is no \(model.name)"
                }
            } catch {
                guard error.code == .exception else { throw error }
                return "refuses to say its \(question.name), so it is no \(model.name)"
            }
        }
        return nil
    }

    /// Sets watchdog and fallback, and sees that they are set.
    ///
    /// - Returns: which of them the cabinet does not take; `nil`: both are in force.
    func secure(_ watchdog: Milliseconds) async throws(FieldBusError) -> String? {
        let wanted = [
            (
                "watchdog", model.watchdog.address,
                UInt16(clamping: watchdog.count / model.watchdog.scale)
            ),
            ("fallback", model.fallback.address, model.fallback.value),
        ]
        for (name, address, value) in wanted {
            do throws(FieldBusError) {
                _ = try await bus.exchange(
                    .writeRegister(at: address, value), with: unit, priority: .safety)
                guard try await read(address, 1, false).first == value else { return name }
            } catch {
                guard error.code == .exception else { throw error }
                return name
            }
        }
        return nil
    }

    // MARK: Rounds

    func beat(_ count: UInt16) async throws(FieldBusError) {
        _ = try await bus.exchange(
            .writeRegister(at: model.stationBeat, count), with: unit, priority: .safety)
    }

    func station(evenAtRest: Bool = false) async throws(FieldBusError) -> Station {
        var station = Station()
        station.state = try await read(model.state.address, 1, evenAtRest).first ?? 0
        station.isReady = model.state.good.contains(station.state)
        station.isFaulty = model.state.faulty.contains(station.state)
        if let alarms = model.alarms {
            station.alarms = try await read(alarms.address, alarms.count, evenAtRest)
        }
        if let address = model.cabinetBeat {
            station.beat = try await read(address, 1, evenAtRest).first
        }
        return station
    }

    func outlet(_ index: Int, evenAtRest: Bool = false) async throws(FieldBusError) -> Outlet {
        let words = try await read(model.address(0, of: index), model.readWidth, evenAtRest)
        func word(_ address: UInt16) -> UInt16 {
            words.indices.contains(Int(address)) ? words[Int(address)] : 0
        }
        var outlet = Outlet()
        let status = word(model.status.address)
        outlet.isOn = model.status.good.contains(status)
        outlet.isFaulty = model.status.faulty.contains(status)
        if let flags = model.flags {
            outlet.isAvailable = word(flags.address) & flags.available != 0
            outlet.isDerated = word(flags.address) & flags.derated != 0
        }
        for (field, number) in model.numbers {
            let first = Int(number.address)
            guard first + number.type.width <= words.count else { continue }
            let bits = words[first..<first + number.type.width].reduce(UInt64(0)) {
                $0 << 16 | UInt64($1)
            }
            if let value = number.type.number(bits) { outlet.numbers[field] = value * number.scale }
        }
        outlet.fault = model.fault.map(word) ?? 0
        outlet.sequence = model.sequence.map(word)
        return outlet
    }

    func order(_ index: Int, _ words: [UInt16]) async throws(FieldBusError) {
        _ = try await bus.exchange(
            .writeRegisters(at: model.address(model.command, of: index), words), with: unit,
            priority: .safety)
    }

    private func read(
        _ address: UInt16, _ count: Int, _ evenAtRest: Bool
    ) async throws(FieldBusError) -> [UInt16] {
        try await bus.exchange(
            .read(.holding, at: address, count: count), with: unit, priority: .safety,
            evenAtRest: evenAtRest
        ).registers
    }
}
