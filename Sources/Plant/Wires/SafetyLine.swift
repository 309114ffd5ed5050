import EVSEModel

/// The line's task of a safety controller: frames of docs/safety-controller-protocol.md, the handshake,
/// and what of ``SafetyWorld`` is told. Written from the document alone.
package struct SafetyLine: SerialDevice {
    package let characterTime: Int64
    private let evse: Int
    private let plan: PlantPlan.SafetyController
    private var encoded = [UInt8]()
    private var isOverlong = false
    private var answers = [Transmission]()
    /// What it tells while its report is stuck, and the sequence that it answers with.
    private var frozen: [UInt8]?
    private var frozenSequence: UInt16?
    /// Frames that were none.
    package private(set) var rejected = 0
    /// From the end of a frame to the first bit of the answer. Chosen: 2 ms of the 10 allowed.
    private static let turnaround: Int64 = 2_000_000
    private static let challengeTime: Int64 = 1_000_000_000

    /// - Parameter controller: index in the plan.
    package init(_ bus: PlantPlan.SerialBus, controller: Int, plan: PlantPlan) {
        characterTime = Int64(bus.characterBits) * 1_000_000_000 / Int64(bus.baud)
        self.plan = plan.safetyControllers[controller]
        let number = self.plan.evse
        evse = plan.evses.firstIndex { $0.number == number } ?? 0
    }

    package var deadline: Int64? { nil }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        let end = now + Int64(bytes.count) * characterTime
        for byte in bytes {
            guard byte == 0 else {
                if encoded.count < 76 { encoded.append(byte) } else { isOverlong = true }
                continue
            }
            if !encoded.isEmpty {
                if !isOverlong, let packet = SafetyCode.packet(encoded) {
                    hear(packet, raw: encoded, at: end, &world)
                } else {
                    rejected += 1
                }
            }
            encoded = []
            isOverlong = false
        }
    }

    package mutating func transmissions(
        at now: Int64, world: inout PlantWorld
    ) -> [Transmission] {
        defer { answers = [] }
        return answers
    }

    // MARK: Frames

    private mutating func hear(
        _ packet: [UInt8], raw: [UInt8], at end: Int64, _ world: inout PlantWorld
    ) {
        guard world.evses.indices.contains(evse), var controller = world.evses[evse].safety,
            controller.answers(at: world.now), packet[0] & 0x80 == 0
        else { return }
        let faults = world.faultsByDevice[plan.device] ?? DeviceFaults()
        guard !faults.has(.silent) else { return world.countReply(of: plan.device) }
        let answer = answer(packet, &controller, at: world.now, faults)
        world.evses[evse].safety = controller
        send(answer, request: raw, from: end, faults, &world.noise)
        if !faults.isEmpty { world.countReply(of: plan.device) }
    }

    /// The answer without its check sum.
    private mutating func answer(
        _ packet: [UInt8], _ controller: inout SafetyWorld, at now: Int64, _ faults: DeviceFaults
    ) -> [UInt8] {
        let payload = Array(packet.dropFirst(7))
        var head = Array(packet[1..<7])
        if faults.has(.stuckSequence) {
            let kept = frozenSequence ?? SafetyCode.number16(head, 0)
            frozenSequence = kept
            head.replaceSubrange(0..<2, with: SafetyCode.bytes(kept))
        } else {
            frozenSequence = nil
        }
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

    // MARK: What the line makes of it

    private mutating func send(
        _ answer: [UInt8], request: [UInt8], from end: Int64, _ faults: DeviceFaults,
        _ noise: inout Noise
    ) {
        var bytes = SafetyCode.frame(answer, spoilt: faults.has(.garbled))
        func random(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
        }
        if faults.has(.noise) { bytes = random(bytes.count) }
        if let length = faults.value(.truncated) { bytes = Array(bytes.prefix(Int(length))) }
        if let length = faults.value(.extra) { bytes = random(Int(length)) + bytes }
        if faults.has(.echo) { bytes = [0] + request + [0] + bytes }
        if faults.has(.doubled) { bytes += bytes }
        var start = end + Self.turnaround
        if let late = faults.value(.slow) { start += Int64(late * 1_000_000) }
        guard let gap = faults.value(.split), bytes.count > 1 else {
            return answers.append(Transmission(bytes, notBefore: start))
        }
        let half = bytes.count / 2
        answers.append(Transmission(Array(bytes.prefix(half)), notBefore: start))
        let later = start + Int64(half) * characterTime + Int64(gap * 1_000_000)
        answers.append(Transmission(Array(bytes.dropFirst(half)), notBefore: later))
    }
}
