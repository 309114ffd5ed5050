import EVSEModel

/// The station's side of an SECC module: frames of docs/vehicle-communication-protocol.md, the handshake,
/// and what of ``VehicleModuleWorld`` is told. Written from the document alone.
package struct SECCLine: SerialDevice {
    private var line: FramedLine
    private let module: Int
    private let plan: PlantPlan.VehicleLink
    /// What it tells while its report is stuck.
    private var frozen: [UInt8]?
    private static let challengeTime: Int64 = 1_000_000_000

    /// - Parameter module: index in the plan.
    package init(_ bus: PlantPlan.SerialBus, module: Int, plan: PlantPlan) {
        line = FramedLine(bus, longestPacket: 139)
        self.module = module
        self.plan = plan.directCurrent.vehicleLinks[module]
    }

    package var characterTime: Int64 { line.characterTime }
    package var deadline: Int64? { nil }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        let end = now + Int64(bytes.count) * characterTime
        for heard in line.packets(in: bytes) { hear(heard, at: end, &world) }
    }

    package mutating func transmissions(
        at now: Int64, world: inout PlantWorld
    ) -> [Transmission] {
        line.takeAnswers()
    }

    // MARK: Frames

    private mutating func hear(
        _ heard: FramedLine.Heard, at end: Int64, _ world: inout PlantWorld
    ) {
        guard world.vehicleModules.indices.contains(module) else { return }
        var state = world.vehicleModules[module]
        guard state.answers(at: world.now) else { return }
        let faults = world.faultsByDevice[plan.device] ?? DeviceFaults()
        guard !faults.has(.silent) else { return world.countReply(of: plan.device) }
        let answer = answer(heard.packet, &state, at: world.now, faults)
        world.vehicleModules[module] = state
        line.send(answer, to: heard.raw, from: end, faults, &world.noise)
        if !faults.isEmpty { world.countReply(of: plan.device) }
    }

    /// The answer without its check sum.
    private mutating func answer(
        _ packet: [UInt8], _ state: inout VehicleModuleWorld, at now: Int64, _ faults: DeviceFaults
    ) -> [UInt8] {
        let payload = Array(packet.dropFirst(7))
        let head = line.head(of: packet, faults)
        let boots = state.boots
        func refuse(_ reason: UInt8) -> [UInt8] {
            [0xFF] + head + [reason, packet[0]] + SafetyCode.bytes(boots)
        }
        switch packet[0] {
        case 1:
            guard payload.count >= 2 else { return refuse(7) }
            return [0x81] + head + identity(&state, at: now, faults)
        case 2:
            guard payload.count >= 53 else { return refuse(7) }
            if let reason = begin(packet, payload, &state, at: now, faults) {
                return refuse(reason)
            }
            return [0x82] + head + SafetyCode.bytes(state.boots) + payload[10..<14]
                + [payload[14]]
        case 3:
            guard payload.count >= 24 else { return refuse(7) }
            if let reason = obey(packet, payload, &state, at: now) { return refuse(reason) }
            var told = Array(payload[0..<4])
            if faults.has(.tellsOther) { told[0] = told[0] == 0x33 ? 0x0F : 0x33 }
            return [0x83] + head + told + report(state, at: now, faults)
        case 4, 5:
            if let reason = accept(packet, &state) { return refuse(reason) }
            if packet[0] == 5 { return [0x85] + head + planned(state) }
            guard payload.count >= 14 else { return refuse(7) }
            if let reason = take(payload, &state) { return refuse(reason) }
            return [0x84] + head + Array(payload[0..<8])
        default: return refuse(6)
        }
    }

    private func identity(
        _ state: inout VehicleModuleWorld, at now: Int64, _ faults: DeviceFaults
    ) -> [UInt8] {
        state.challenge &+= 0x9E37_79B9
        state.challengedAt = now
        var bytes: [UInt8] = [UInt8(faults.value(.otherVersion) ?? 1), 0]
        bytes += SafetyCode.bytes(state.boots) + SafetyCode.bytes(state.challenge)
        bytes += SafetyCode.bytes(VehicleModuleWorld.abilities) + [UInt8(plan.connectors), 0, 1, 0]
        return bytes + SafetyCode.text("simulated", 16) + SafetyCode.text("SECC-1", 12)
    }

    /// - Returns: why not.
    private func begin(
        _ packet: [UInt8], _ payload: [UInt8], _ state: inout VehicleModuleWorld, at now: Int64,
        _ faults: DeviceFaults
    ) -> UInt8? {
        guard payload[0] == UInt8(faults.value(.otherVersion) ?? 1) else { return 2 }
        let isNewest =
            state.challengedAt.map { now - $0 <= Self.challengeTime } ?? false
            && SafetyCode.number32(payload, 6) == state.challenge
        guard isNewest, SafetyCode.number32(payload, 2) == state.boots else { return 3 }
        let silence = Int64(SafetyCode.number16(payload, 10))
        let allowed = SafetyCode.number16(payload, 12)
        guard (200...5000).contains(silence), allowed & ~VehicleModuleWorld.abilities == 0,
            (1...plan.connectors).contains(Int(payload[14]))
        else { return 4 }
        state.challengedAt = nil
        state.session = VehicleModuleWorld.Session(
            id: SafetyCode.number32(packet, 3), silence: silence * 1_000_000, allowed: allowed,
            sequence: SafetyCode.number16(packet, 1), heardAt: now)
        return nil
    }

    /// - Returns: why not.
    private func obey(
        _ packet: [UInt8], _ payload: [UInt8], _ state: inout VehicleModuleWorld, at now: Int64
    ) -> UInt8? {
        guard let session = state.session, session.id == SafetyCode.number32(packet, 3) else {
            return 1
        }
        let sequence = SafetyCode.number16(packet, 1)
        guard (1...32767).contains(sequence &- session.sequence) else { return 5 }
        guard var command = Self.command(payload) else { return 4 }
        command.at = Instant(nanoseconds: now)
        state.obey(command, sequence: sequence, at: now)
        return nil
    }

    // MARK: Schedules

    /// Frames beside the commands: of the session in force and newer than the last one taken. They are no word
    /// of the station.
    private func accept(_ packet: [UInt8], _ state: inout VehicleModuleWorld) -> UInt8? {
        guard let session = state.session, session.id == SafetyCode.number32(packet, 3) else {
            return 1
        }
        guard state.offersSchedules else { return 6 }
        let sequence = SafetyCode.number16(packet, 1)
        guard (1...32767).contains(sequence &- session.sequence) else { return 5 }
        state.session?.sequence = sequence
        return nil
    }

    /// - Returns: why not.
    private func take(_ payload: [UInt8], _ state: inout VehicleModuleWorld) -> UInt8? {
        let (count, place, periods) = (Int(payload[6]), Int(payload[7]), Int(payload[13]))
        guard count <= 3, place < max(1, count), periods <= 14, (count == 0) == (periods == 0)
        else { return 4 }
        guard payload.count >= 14 + 8 * periods else { return 7 }
        let all = (0..<periods).map { index in
            VehicleSchedulePeriod(
                start: SafetyCode.number32(payload, 14 + 8 * index),
                power: Watts(Int64(SafetyCode.number32(payload, 18 + 8 * index))))
        }
        guard SafetyCode.number32(payload, 0) == state.said?.session ?? 0 else { return 4 }
        let schedule =
            count == 0
            ? nil
            : VehicleSchedule(
                id: payload[8], duration: SafetyCode.number32(payload, 9), periods: all, atMost: 14)
        state.take(
            session: SafetyCode.number32(payload, 0), number: SafetyCode.number16(payload, 4),
            count: count, place: place, schedule)
        return nil
    }

    private func planned(_ state: VehicleModuleWorld) -> [UInt8] {
        let plan = state.planned?.plan
        let age = UInt32(clamping: Int64((state.planned?.age ?? 0) * 1000))
        var bytes = SafetyCode.bytes(plan?.session ?? 0) + SafetyCode.bytes(plan?.offer ?? 0)
        bytes += [plan?.schedule ?? 0] + SafetyCode.bytes(age)
        bytes += SafetyCode.bytes(plan?.duration ?? 0) + [UInt8(plan?.periods.count ?? 0)]
        for period in plan?.periods ?? [] {
            bytes += SafetyCode.bytes(period.start)
            bytes += SafetyCode.bytes(UInt32(clamping: period.power.raw / 1000))
        }
        return bytes
    }

    private static func command(_ payload: [UInt8]) -> VehicleCommand? {
        let stops: [UInt8: StopKind] = [0x0F: .emergency, 0x33: .normal, 0x55: .none]
        guard let stop = stops[payload[0]] else { return nil }
        var command = VehicleCommand()
        command.stop = stop
        command.connector = payload[1]
        let flags = SafetyCode.number16(payload, 2)
        func holds(_ bit: UInt16) -> Bool { flags >> bit & 1 == 1 }
        command.isAvailable = holds(0)
        command.isAuthorized = holds(1)
        command.isCableChecked = holds(2)
        command.isPrecharged = holds(3)
        command.isContactorClosed = holds(4)
        command.isCurrentLimited = holds(5)
        command.isVoltageLimited = holds(6)
        command.isPowerLimited = holds(7)
        command.insulation = InsulationVerdict(rawValue: UInt8(flags >> 8 & 3)) ?? .unknown
        func volts(_ at: Int) -> Volts { Volts(raw: Int32(SafetyCode.number16(payload, at)) * 100) }
        func amperes(_ at: Int) -> Amperes {
            Amperes(raw: Int32(SafetyCode.number16(payload, at)) * 100)
        }
        command.maximumVoltage = volts(4)
        command.minimumVoltage = volts(6)
        command.maximumCurrent = amperes(8)
        command.minimumCurrent = amperes(10)
        command.maximumPower = Watts(Int64(SafetyCode.number32(payload, 12)))
        command.presentVoltage = volts(16)
        let current = Int16(bitPattern: SafetyCode.number16(payload, 18))
        command.presentCurrent = Amperes(raw: Int32(current) * 100)
        command.wakeUps = SafetyCode.number32(payload, 20)
        return command
    }

    // MARK: Report

    private mutating func report(
        _ state: VehicleModuleWorld, at now: Int64, _ faults: DeviceFaults
    ) -> [UInt8] {
        if faults.has(.stuck), let frozen { return frozen }
        let sample = state.report(faults)
        var bytes = SECCReportBytes(sample ?? VehicleSample())
        bytes.add(
            silence: sample.flatMap {
                $0.stage == .none ? nil : max(0, now - $0.at.nanoseconds) / 1_000_000
            })
        bytes.addVehicle()
        bytes.addModule(faults: state.faults, cycle: state.cycle, uptime: state.uptime(at: now))
        if state.offersSchedules {
            bytes.addSchedules(planned: state.planned?.plan.offer ?? 0)
        }
        frozen = bytes.all
        return bytes.all
    }
}

/// A report behind what it repeats of the command.
private struct SECCReportBytes {
    private let sample: VehicleSample
    private(set) var all: [UInt8]

    init(_ sample: VehicleSample) {
        self.sample = sample
        all = [sample.stage.rawValue, sample.protocolUsed.rawValue, sample.connector]
        all += SafetyCode.bytes(sample.session)
        var address = [UInt8]()
        for index in 0..<8 { address.append(sample.evccid[index]) }
        // A MAC address has six bytes; none at all is all zero.
        let length = address.lastIndex { $0 != 0 }.map { max(6, $0 + 1) } ?? 0
        all += [UInt8(length)] + address
    }

    mutating func add(silence: Int64?) {
        add16(silence.map { min(65534, $0) })
    }

    mutating func addVehicle() {
        all.append(
            (sample.hasError ? 1 : 0) | (sample.usesContract ? 2 : 0)
                | (sample.wantsRenegotiation ? 4 : 0))
        add16(tenths(sample.targetVoltage.raw))
        let target = Int16(clamping: sample.targetCurrent.raw / 100)
        all += SafetyCode.bytes(UInt16(bitPattern: target))
        add16(tenths(sample.maximumVoltage?.raw))
        add16(tenths(sample.maximumCurrent?.raw))
        add32(sample.maximumPower.map { $0.raw / 1000 })
        add16(tenths(sample.minimumVoltage?.raw))
        add16(tenths(sample.minimumCurrent?.raw))
        add16(sample.stateOfCharge.map { Int64($0.raw) })
        add16(sample.fullStateOfCharge.map { Int64($0.raw) })
        add16(sample.bulkStateOfCharge.map { Int64($0.raw) })
        add32(sample.energyCapacity.map { $0.raw / 1000 })
        add32(sample.energyRequest.map { $0.raw / 1000 })
        add32(sample.departureIn.map { $0.count / 1000 })
        add32(sample.remainingTime.map { $0.count / 1000 })
        add16(tenths(sample.inletVoltage?.raw))
    }

    mutating func addModule(faults: UInt32, cycle: UInt16, uptime: UInt32) {
        all += SafetyCode.bytes(faults)
        add16(sample.hasError ? 11 : nil)
        all += SafetyCode.bytes(cycle) + SafetyCode.bytes(uptime)
    }

    mutating func addSchedules(planned: UInt16) {
        all += SafetyCode.bytes(sample.maximumScheduleTuples) + SafetyCode.bytes(planned)
    }

    private func tenths(_ thousandths: Int32?) -> Int64? { thousandths.map { Int64($0) / 100 } }
    /// All ones where nothing is known.
    private mutating func add16(_ number: Int64?) {
        all += SafetyCode.bytes(number.map { UInt16(clamping: $0) } ?? .max)
    }
    private mutating func add32(_ number: Int64?) {
        all += SafetyCode.bytes(number.map { UInt32(clamping: $0) } ?? .max)
    }
}
