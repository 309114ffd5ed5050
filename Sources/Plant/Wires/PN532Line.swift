/// A PN532 on a serial line (HSU, 8N1), with the card field of one reader.
///
/// Sources: NXP UM0701-02 through libnfc's `chips/pn53x.c`; the start-up traffic is the one that
/// libnfc 1.8 sends. It sleeps until woken, acknowledges each command, answers it later, and drops
/// what it was doing at the host's ACK or next command.
package struct PN532Line: SerialDevice {
    package let characterTime: Int64
    private let reader: Int
    private let device: String
    private var parser = PN532Parser()
    private var chip = PN532Chip()
    private var isAwake = false
    private var wasBooting = false
    private var lineEnd: Int64 = 0
    private var muteUntil: Int64 = 0
    private var received = [PN532Frame]()
    private var pending: Pending?
    private var lastReply = [UInt8]()

    private struct Pending: Hashable, Sendable {
        var command: UInt8
        var parameters: [UInt8]
        /// When the chip looks (again) whether it has an answer.
        var at: Int64
        /// When a poll without card ends; `nil` never does.
        var givesUpAt: Int64?
    }

    /// Chosen: from the end of a command to its ACK, and to the answer of one that needs no card.
    static let acknowledgeDelay: Int64 = 300_000
    static let answerDelay: Int64 = 1_500_000
    /// One attempt to activate a card. Chosen: 5 ms, as a request, anticollision and select take.
    static let attempt: Int64 = 5_000_000

    package init(_ bus: PlantPlan.SerialBus, reader: Int, plan: PlantPlan) {
        characterTime = Int64(bus.characterBits) * 1_000_000_000 / Int64(bus.baud)
        self.reader = reader
        device = plan.readers[reader].device
    }

    package var deadline: Int64? { received.isEmpty ? pending?.at : lineEnd }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        world.readers[reader].lastAskedAt = now
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        if faults.has(.booting) != wasBooting {
            wasBooting.toggle()
            if wasBooting { isAwake = false }
        }
        lineEnd = max(lineEnd, now) + Int64(bytes.count) * characterTime
        if !isAwake, bytes.contains(0x55) { isAwake = true }
        guard isAwake, now >= muteUntil else { return }
        parser.append(bytes)
        while let frame = parser.next(), received.count < 16 { received.append(frame) }
    }

    package mutating func transmissions(at now: Int64, world: inout PlantWorld) -> [Transmission] {
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        var sent = [Transmission]()
        if !received.isEmpty, now >= lineEnd {
            for frame in received { sent += handle(frame, faults, world: &world) }
            received.removeAll()
        }
        if let pending, now >= pending.at {
            sent += answer(pending, at: now, faults, world: &world)
        }
        return sent
    }

    private mutating func handle(
        _ frame: PN532Frame, _ faults: DeviceFaults, world: inout PlantWorld
    ) -> [Transmission] {
        if faults.has(.silent) {
            if case .command = frame { world.countReply(of: device) }
            return []
        }
        switch frame {
        case .acknowledge:
            if pending != nil, let mute = faults.value(.abortMute) {
                muteUntil = lineEnd + Int64(mute * 1_000_000)
            }
            pending = nil
            return []
        case .refuse:
            return lastReply.isEmpty
                ? [] : [Transmission(lastReply, notBefore: lineEnd + Self.acknowledgeDelay)]
        case .command(let command, let parameters):
            begin(command, parameters, faults)
            guard !faults.has(.ackLost) else { return [] }
            return [Transmission(PN532Frame.ack, notBefore: lineEnd + Self.acknowledgeDelay)]
        }
    }

    private mutating func begin(_ command: UInt8, _ parameters: [UInt8], _ faults: DeviceFaults) {
        var delay = Self.acknowledgeDelay + Int64(PN532Frame.ack.count) * characterTime
        delay += Self.answerDelay
        if let late = faults.value(.slow) { delay += Int64(late * 1_000_000) }
        var pending = Pending(
            command: command, parameters: parameters, at: lineEnd + delay, givesUpAt: nil)
        if let attempts = chip.attempts(command, parameters) {
            pending.at += Self.attempt
            pending.givesUpAt = attempts.map { lineEnd + delay + $0 * Self.attempt }
        }
        self.pending = pending
    }

    private mutating func answer(
        _ waiting: Pending, at now: Int64, _ faults: DeviceFaults, world: inout PlantWorld
    ) -> [Transmission] {
        let card = world.readers[reader].card
        chip.firmware = faults.value(.wrongFirmware).map { UInt8($0) } ?? 0x32
        if chip.waitsForCard(waiting.command, waiting.parameters, card: card),
            waiting.givesUpAt.map({ now < $0 }) ?? true
        {
            pending?.at = now + Self.attempt
            return []
        }
        pending = nil
        defer { if !faults.isEmpty { world.countReply(of: device) } }
        guard let data = chip.execute(waiting.command, waiting.parameters, card: card) else {
            return [Transmission(PN532Frame.error, notBefore: now)]
        }
        if chip.foundCard, faults.isEmpty || !faults.has(.garbled) { world.cardWasRead(reader) }
        var bytes = PN532Frame.reply(
            to: waiting.command, data, extended: faults.has(.extendedFrames))
        lastReply = bytes
        if faults.has(.errorFrame) { bytes = PN532Frame.error }
        if faults.has(.garbled) { bytes[bytes.count - 2] ^= 0xFF }
        if let length = faults.value(.truncated) { bytes = Array(bytes.prefix(Int(length))) }
        guard let gap = faults.value(.split), bytes.count > 1 else {
            return [Transmission(bytes, notBefore: now)]
        }
        let half = bytes.count / 2
        let later = now + Int64(half) * characterTime + Int64(gap * 1_000_000)
        return [
            Transmission(Array(bytes.prefix(half)), notBefore: now),
            Transmission(Array(bytes.dropFirst(half)), notBefore: later),
        ]
    }
}
