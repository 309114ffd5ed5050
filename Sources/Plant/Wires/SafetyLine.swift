import EVSEModel

/// The line's task of a safety controller: frames of docs/safety-controller-protocol.md, the handshake,
/// and what of ``SafetyWorld`` is told. Written from the document alone.
package struct SafetyLine: SerialDevice {
    private var line: FramedLine
    private let evse: Int
    private let plan: PlantPlan.SafetyController
    /// What it tells while its report is stuck.
    private var frozen: [UInt8]?
    private static let challengeTime: Int64 = 1_000_000_000

    /// - Parameter controller: index in the plan.
    package init(_ bus: PlantPlan.SerialBus, controller: Int, plan: PlantPlan) {
        line = FramedLine(bus, longestPacket: 75)
        self.plan = plan.safetyControllers[controller]
        let number = self.plan.evse
        evse = plan.evses.firstIndex { $0.number == number } ?? 0
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
        guard world.evses.indices.contains(evse), var controller = world.evses[evse].safety,
            controller.answers(at: world.now)
        else { return }
        let faults = world.faultsByDevice[plan.device] ?? DeviceFaults()
        guard !faults.has(.silent) else { return world.countReply(of: plan.device) }
        let answer = answer(heard.packet, &controller, at: world.now, faults)
        world.evses[evse].safety = controller
        line.send(answer, to: heard.raw, from: end, faults, &world.noise)
        if !faults.isEmpty { world.countReply(of: plan.device) }
    }

    /// The answer without its check sum.
    private mutating func answer(
        _ packet: [UInt8], _ controller: inout SafetyWorld, at now: Int64, _ faults: DeviceFaults
    ) -> [UInt8] {
        let payload = Array(packet.dropFirst(7))
        let head = line.head(of: packet, faults)
        func refuse(_ reason: UInt8) -> [UInt8] {
            [0xFF] + head + [reason, packet[0]] + SafetyCode.bytes(controller.boots)
        }
        switch packet[0] {
        case 1:
            guard payload.count >= 2 else { return refuse(7) }
            return [0x81] + head + identity(&controller, at: now, faults)
        case 2:
            guard payload.count >= 17 else { return refuse(7) }
            let reason = begin(packet, payload, &controller, at: now, faults)
            return reason.map(refuse) ?? [0x82] + head + acceptance(controller, payload)
        case 3:
            guard payload.count >= 3 else { return refuse(7) }
            if let reason = obey(packet, payload, &controller, at: now, faults) {
                return refuse(reason)
            }
            return [0x83] + head + state(controller, at: now, faults)
        default: return refuse(6)
        }
    }

    private func identity(
        _ controller: inout SafetyWorld, at now: Int64, _ faults: DeviceFaults
    ) -> [UInt8] {
        controller.challenge &+= 0x9E37_79B9
        controller.challengedAt = now
        var has: UInt16 = 0b11_0001
        if plan.hasResidualCurrent { has |= 0b110 }
        if plan.readsProximity { has |= 0b1000 }
        let major = UInt8(faults.value(.otherVersion) ?? 1)
        var bytes: [UInt8] = [major, 0]
        bytes += SafetyCode.bytes(controller.boots) + SafetyCode.bytes(controller.challenge)
        bytes += SafetyCode.bytes(has) + [UInt8(plan.phases)]
        bytes += SafetyCode.bytes(UInt16(plan.rating)) + [0, 1, 0]
        bytes += SafetyCode.text("simulated", 16) + SafetyCode.text("SIM-1", 12)
        return bytes + SafetyCode.bytes(controller.latch)
    }

    private func begin(
        _ packet: [UInt8], _ payload: [UInt8], _ controller: inout SafetyWorld, at now: Int64,
        _ faults: DeviceFaults
    ) -> UInt8? {
        guard payload[0] == UInt8(faults.value(.otherVersion) ?? 1) else { return 2 }
        let isNewest =
            controller.challengedAt.map { now - $0 <= Self.challengeTime } ?? false
            && SafetyCode.number32(payload, 6) == controller.challenge
        guard isNewest, SafetyCode.number32(payload, 2) == controller.boots else { return 3 }
        let silence = Int(SafetyCode.number16(payload, 10))
        let limit = Int(SafetyCode.number16(payload, 12))
        guard (200...5000).contains(silence), (60...800).contains(limit) else { return 4 }
        let session = SafetyWorld.Session(
            id: SafetyCode.number32(packet, 3), silence: Int64(silence) * 1_000_000,
            limit: min(limit, plan.rating), hasFixedCable: payload[14] & 1 != 0,
            ventilates: payload[14] & 2 != 0, sequence: SafetyCode.number16(packet, 1),
            heardAt: now)
        controller.begin(session, cleared: SafetyCode.number16(payload, 15), at: now)
        return nil
    }

    private func acceptance(_ controller: SafetyWorld, _ payload: [UInt8]) -> [UInt8] {
        let limit = controller.session?.limit ?? 0
        return SafetyCode.bytes(controller.boots) + payload[10..<12]
            + SafetyCode.bytes(UInt16(limit)) + [payload[14]] + SafetyCode.bytes(controller.latch)
    }

    private func obey(
        _ packet: [UInt8], _ payload: [UInt8], _ controller: inout SafetyWorld, at now: Int64,
        _ faults: DeviceFaults
    ) -> UInt8? {
        guard let session = controller.session, session.id == SafetyCode.number32(packet, 3)
        else { return 1 }
        let sequence = SafetyCode.number16(packet, 1)
        guard (1...32767).contains(sequence &- session.sequence) else { return 5 }
        let limit = Int(SafetyCode.number16(payload, 1))
        guard let permission = SafetyWorld.Permission(rawValue: payload[0]),
            permission == .permit ? (60...800).contains(limit) : limit == 0
        else { return 4 }
        controller.session?.sequence = sequence
        controller.session?.heardAt = now
        let delay = Int64((faults.value(.obeysLate) ?? 0) * 1_000_000)
        controller.tell(permission, limit, delay: delay, at: now)
        return nil
    }

    // MARK: State

    private mutating func state(
        _ controller: SafetyWorld, at now: Int64, _ faults: DeviceFaults
    ) -> [UInt8] {
        let told: [UInt8] =
            [
                faults.has(.tellsOther)
                    ? SafetyWorld.Permission.end.rawValue : controller.told.permission.rawValue
            ] + SafetyCode.bytes(UInt16(controller.told.limit))
        if faults.has(.stuck), let frozen { return told + frozen }
        let isSteady = controller.duty == 0 || controller.duty == 10_000
        let high = Int16(clamping: Int((controller.circuit.high * 1000).rounded()))
        let low = Int16(clamping: Int((controller.circuit.low * 1000).rounded()))
        var bytes: [UInt8] = [controller.mode.rawValue, controller.pilot.rawValue]
        bytes += SafetyCode.bytes(UInt16(bitPattern: high))
        bytes += SafetyCode.bytes(UInt16(bitPattern: isSteady ? high : low))
        bytes += SafetyCode.bytes(UInt16(controller.duty))
        bytes += SafetyCode.bytes(UInt16(controller.offeredTenths))
        bytes += [controller.isCoilOn ? 1 : 0, controller.isClosed ? 2 : 1, cable(controller)]
        bytes += [controller.residualCurrent.rawValue]
        let hasDetector = plan.hasResidualCurrent
        bytes += SafetyCode.bytes(hasDetector ? UInt16(controller.directTenths) : 0x8000)
        bytes += SafetyCode.bytes(hasDetector ? UInt16(12) : 0xFFFF)
        bytes += SafetyCode.bytes(UInt16(controller.temperatureTenths))
        bytes += SafetyCode.bytes(controller.faults) + SafetyCode.bytes(controller.latched)
        bytes += SafetyCode.bytes(controller.latch) + SafetyCode.bytes(controller.cycle)
        bytes += SafetyCode.bytes(controller.uptime(at: now))
        frozen = bytes
        return told + bytes
    }

    private func cable(_ controller: SafetyWorld) -> UInt8 {
        guard plan.readsProximity else { return 0 }
        return switch controller.cable {
        case nil: 1
        case 13: 2
        case 20: 3
        case 32: 4
        case 63: 5
        default: 6
        }
    }
}
